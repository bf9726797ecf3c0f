"""Averages of a model's weights over the training, as torch.optim.swa_utils: equal ones (SWA) and moving ones (EMA)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from itertools import chain
from math import cos, pi
from typing import Any

from minigrad import dtypes
from minigrad.autograd import grad_mode
from minigrad.nn.module import Module
from minigrad.nn.normalization import _BatchNorm
from minigrad.ops.creation import zeros
from minigrad.optim.lr_scheduler.base import LRScheduler, one_for_each_group
from minigrad.optim.lr_scheduler.further.cycles import check_anneal_strategy
from minigrad.optim.optimizer import Optimizer
from minigrad.tensor import Tensor

__all__ = [
    "AveragedModel",
    "update_bn",
    "SWALR",
    "get_ema_multi_avg_fn",
    "get_swa_multi_avg_fn",
    "get_ema_avg_fn",
    "get_swa_avg_fn",
]

Average = Callable[[Tensor, Tensor, Any], Tensor]
AverageOfMany = Callable[[list[Tensor], list[Tensor], Any], None]


class AveragedModel(Module):
    """A copy of a model whose parameters are an average of those that the model has had.

    Each `update_parameters(model)` takes the model's present parameters into the average; the first one takes them
    over.  avg_fn(averaged, current, number of models averaged so far) gives the new average of one parameter;
    multi_avg_fn changes the averages in a list, in place.  Without either all models count the same.
    Buffers are those of the model, or with use_buffers averages too.  device: where the copy is kept.
    AssertionError for both avg_fn and multi_avg_fn.  In the state dict are n_averaged and, as `module`, the copy.
    (Izmailov and others, 2018, https://arxiv.org/abs/1803.05407)
    https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema

    >>> import minigrad as torch
    >>> model = torch.nn.Linear(1, 1)
    >>> averaged = torch.optim.swa_utils.AveragedModel(model)
    >>> for weight in (1.0, 2.0, 6.0):
    ...     _ = torch.nn.init.constant_(model.weight, weight)
    ...     averaged.update_parameters(model)
    >>> averaged.module.weight.item()
    3.0
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: AverageOfMany | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", zeros((), dtype=dtypes.int64, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the averaged model makes of the inputs."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the model's present parameters into the average."""
        pairs = [
            (averaged.detach(), current.detach().to(averaged.device))
            for averaged, current in zip(self.to_average(self.module), self.to_average(model))
        ]
        if self.n_averaged == 0:
            for averaged, current in pairs:
                averaged.copy_(current)
        elif self.multi_avg_fn is not None:
            for group in alike(pairs):
                averages, currents = map(list, zip(*group))
                self.multi_avg_fn(averages, currents, self.n_averaged.to(averages[0].device))
        else:
            average = self.avg_fn or get_swa_avg_fn()
            for averaged, current in pairs:
                averaged.copy_(average(averaged, current, self.n_averaged.to(averaged.device)))
        if not self.use_buffers:
            for mine, buffer in zip(self.module.buffers(), model.buffers(), strict=True):
                mine.detach().copy_(buffer.detach().to(mine.device))
        self.n_averaged += 1

    def to_average(self, model: Module) -> Iterable[Tensor]:
        """The tensors of a model that are averaged."""
        return chain(model.parameters(), model.buffers()) if self.use_buffers else model.parameters()


def alike(pairs: list[tuple[Tensor, Tensor]]) -> list[list[tuple[Tensor, Tensor]]]:
    """Pairs of tensors in groups, each of one device and dtype."""
    groups: dict[Any, list[tuple[Tensor, Tensor]]] = {}
    for averaged, current in pairs:
        groups.setdefault((averaged.device, averaged.dtype), []).append((averaged, current))
    return list(groups.values())


# What an average can be -------------------------------------------------------------------------------------


def get_swa_avg_fn() -> Average:
    """For avg_fn: all models count the same, averaged + (current - averaged) / (number + 1)."""

    def swa_update(averaged: Tensor, current: Tensor, num_averaged: Any) -> Tensor:
        with grad_mode.no_grad():
            result: Tensor = averaged + (current - averaged) / (num_averaged + 1)
            return result

    return swa_update


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """For avg_fn: the last models count most, decay * averaged + (1 - decay) * current.

    ValueError for a decay outside of 0 to 1.
    """
    check_decay(decay)

    def ema_update(averaged: Tensor, current: Tensor, _num_averaged: Any) -> Tensor:
        with grad_mode.no_grad():
            return decay * averaged + (1 - decay) * current

    return ema_update


def get_swa_multi_avg_fn() -> AverageOfMany:
    """For multi_avg_fn of an `AveragedModel`: as `get_swa_avg_fn`, which has the formula."""

    def swa_update(averages: list[Tensor], currents: list[Tensor], num_averaged: Any) -> None:
        mix(averages, currents, 1 / (float(num_averaged) + 1))

    return swa_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> AverageOfMany:
    """For multi_avg_fn of an `AveragedModel`: as `get_ema_avg_fn`, which has the formula and decay."""
    check_decay(decay)

    def ema_update(averages: list[Tensor], currents: list[Tensor], _num_averaged: Any) -> None:
        mix(averages, currents, 1 - decay)

    return ema_update


def mix(averages: list[Tensor], currents: list[Tensor], share: float) -> None:
    """Each average, in place: the share of the current tensor, and the rest of what it was."""
    with grad_mode.no_grad():
        for average, current in zip(averages, currents, strict=True):
            if average.is_floating_point():
                average.lerp_(current, share)
            else:
                average.copy_(average * (1 - share) + current * share)


def check_decay(decay: float) -> None:
    """ValueError for a decay outside of 0 to 1."""
    if decay < 0.0 or decay > 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running means and variances of a model's batch normalization anew, from all that a loader gives.

    Batches are tensors, or lists and tuples with the input first.  device: where they are moved before.
    """
    layers = [layer for layer in model.modules() if isinstance(layer, _BatchNorm)]
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    was_training = model.training
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None
    model.train()
    try:
        with grad_mode.no_grad():
            for batch in loader:
                x = batch[0] if isinstance(batch, (list, tuple)) else batch
                model(x if device is None else x.to(device))
    finally:
        for layer, momentum in zip(layers, momenta):
            layer.momentum = momentum
        model.train(was_training)


class SWALR(LRScheduler):
    """From the rates as they are to swa_lr, in anneal_epochs epochs, along half a cosine (or a line).

    lr = swa_lr + (initial - swa_lr) * (1 + cos(pi * x)) / 2 with x = min(epoch / anneal_epochs, 1); with a line 1 - x
    in place of (1 + cos(pi * x)) / 2.  swa_lr: a rate, or a list with one for each group.  anneal_strategy: "cos" or
    "linear".  ValueError for a list of another length, another strategy, or anneal_epochs that are no number from 0 on.
    https://docs.pytorch.org/docs/stable/generated/torch.optim.swa_utils.SWALR.html
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        rates = one_for_each_group("swa_lr", optimizer, swa_lr)
        check_anneal_strategy(anneal_strategy)
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        for rate, group in zip(rates, optimizer.param_groups, strict=True):
            group["swa_lr"] = rate
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The rates for `last_epoch`, from those of the epoch before."""
        self.warn_outside_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self.share_after(step - 1), self.share_after(step)
        return [
            group["swa_lr"] * now + rate_at_first(group["lr"], group["swa_lr"], before) * (1 - now)
            for group in self.optimizer.param_groups
        ]

    def share_after(self, steps: int) -> float:
        """How much of swa_lr is in the rate after so many steps."""
        t = max(0, min(1, steps / max(1, self.anneal_epochs)))
        return t if self._anneal_strategy == "linear" else (1 - cos(pi * t)) / 2


def rate_at_first(rate: Any, swa_lr: Any, share: float) -> Any:
    """The rate before any of swa_lr was in it."""
    return swa_lr if share == 1 else (rate - share * swa_lr) / (1 - share)
