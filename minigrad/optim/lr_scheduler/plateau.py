"""A rate that is lowered when training no longer gets better."""

from __future__ import annotations

import warnings
from math import inf
from typing import SupportsFloat

from minigrad.optim.lr_scheduler.base import EPOCH_IS_DEPRECATED, LRScheduler, checked_optimizer, put
from minigrad.optim.optimizer import Optimizer


class ReduceLROnPlateau(LRScheduler):
    """The rate times factor when a metric has been no better than its best for more than patience epochs.

    mode: "min" for a metric that gets better when it falls, "max" for one that rises.  threshold: by how much a
    value must be better, as a share of the best one (threshold_mode "rel") or a difference ("abs").
    cooldown: for how many epochs after a change bad ones are not counted.  min_lr: a bound, or one for each group.
    eps: smaller changes of a rate are not made.  ValueError for an unknown mode or a factor of 1 or more.
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ReduceLROnPlateau.html

    >>> import minigrad as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    >>> scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.0, 1.0):
    ...     scheduler.step(loss)
    ...     print(loss, scheduler.get_last_lr())
    3.0 [0.5]
    2.0 [0.5]
    2.0 [0.5]
    2.0 [0.25]
    1.0 [0.25]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: list[float] | float = 0,
        eps: float = 1e-8,
    ) -> None:
        if factor >= 1.0:
            raise ValueError("Factor should be < 1.0.")
        self.optimizer = checked_optimizer(optimizer)
        groups = len(optimizer.param_groups)
        if isinstance(min_lr, (list, tuple)) and len(min_lr) != groups:
            raise ValueError(f"expected {groups} min_lrs, got {len(min_lr)}")
        if mode not in ("min", "max"):
            raise ValueError(f"mode {mode} is unknown!")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"threshold mode {threshold_mode} is unknown!")
        self.factor = factor
        self.default_min_lr = None if isinstance(min_lr, (list, tuple)) else min_lr
        self.min_lrs = list(min_lr) if isinstance(min_lr, (list, tuple)) else [min_lr] * groups
        self.patience = patience
        self.cooldown = cooldown
        self.eps = eps
        self.last_epoch = 0
        self._last_lr = self.current()
        self.mode = mode
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.mode_worse = inf if mode == "min" else -inf
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    def step(self, metrics: SupportsFloat, epoch: int | None = None) -> None:  # type: ignore[override]
        """Take note of metrics, one number or a tensor with one element, of an epoch; lower the rates if it is time.

        epoch: the number of this epoch (deprecated).
        """
        value = float(metrics)
        if epoch is not None:
            warnings.warn(EPOCH_IS_DEPRECATED, UserWarning, stacklevel=2)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self.is_better(value):
            self.best = value
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self.lower_rates()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = self.current()

    @property
    def in_cooldown(self) -> bool:
        """Whether bad epochs are not counted at present."""
        return self.cooldown_counter > 0

    def is_better(self, value: float) -> bool:
        """Whether a value is better than the best one, by the threshold."""
        sign = 1 if self.mode == "max" else -1
        if self.threshold_mode == "rel":
            target = self.best * (1.0 + sign * self.threshold)
        else:
            target = self.best + sign * self.threshold
        return value > target if self.mode == "max" else value < target

    def lower_rates(self) -> None:
        """Each group's rate times the factor, but not below its bound."""
        for group, rate, bound in zip(self.optimizer.param_groups, self.current(), self.bounds()):
            lower = max(float(rate) * self.factor, bound)
            if float(rate) - lower > self.eps:
                put(group, "lr", lower)

    def bounds(self) -> list[float]:
        """The lowest rate of each group; RuntimeError for a group that was added later and has none."""
        groups = len(self.optimizer.param_groups)
        if groups != len(self.min_lrs):
            if self.default_min_lr is None:
                raise RuntimeError(
                    f"The number of param groups in the `optimizer` ({groups}) differs from when `ReduceLROnPlateau` "
                    f"was initialized ({len(self.min_lrs)}), usually due to a new param group being added to the "
                    "optimizer. Please modify the `min_lrs` field to match the length of the `optimizer` param groups."
                )
            self.min_lrs = [self.default_min_lr] * groups
        return self.min_lrs
