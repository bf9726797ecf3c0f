"""Schedules that depend on the epoch alone.

`get_lr` derives a rate from the one before, `closed_form` from the initial one.  Both mean the same schedule; the
first lets several schedulers act together, and it is the one that PyTorch's rates come from, to the last bit.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable
from math import cos, pi
from typing import Any

from minigrad.optim.lr_scheduler.base import LRScheduler, attributes_of, put_attributes
from minigrad.optim.optimizer import Optimizer


class LambdaLR(LRScheduler):
    """The initial rate times a function of the epoch: lr = initial * lr_lambda(epoch).

    lr_lambda: the function, or a list with one for each group (ValueError for another number).
    Functions are not saved in the state; objects that can be called are, by their attributes.
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LambdaLR.html
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | list[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        groups = len(optimizer.param_groups)
        if not isinstance(lr_lambda, (list, tuple)):
            lr_lambda = [lr_lambda] * groups
        if len(lr_lambda) != groups:
            raise ValueError(f"Expected {groups} lr_lambdas, but got {len(lr_lambda)}")
        for function in lr_lambda:
            if not callable(function):
                raise TypeError(
                    f"'{type(function).__name__}' object is not callable: lr_lambda is a function of the epoch, as in "
                    f"lambda epoch: {function} ** epoch"
                )
        self.lr_lambdas = list(lr_lambda)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The rates for `last_epoch`."""
        self.warn_outside_step()
        return [base * function(self.last_epoch) for function, base in zip(self.lr_lambdas, self.base_lrs, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """All that the scheduler remembers, but for the optimizer and the functions."""
        attributes = [attributes_of(function) for function in self.lr_lambdas]
        return {**super().state_dict(), "lr_lambdas": attributes}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        super().load_state_dict({name: value for name, value in state_dict.items() if name != "lr_lambdas"})
        for function, attributes in zip(self.lr_lambdas, state_dict["lr_lambdas"]):
            put_attributes(function, attributes)


class StepLR(LRScheduler):
    """The rate times gamma every step_size epochs: lr = initial * gamma ** (epoch // step_size).

    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.StepLR.html

    >>> import minigrad as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    >>> scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
    >>> for epoch in range(5):
    ...     optimizer.step()
    ...     print(epoch, scheduler.get_last_lr())
    ...     scheduler.step()
    0 [0.5]
    1 [0.5]
    2 [0.25]
    3 [0.25]
    4 [0.125]
    """

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The rates for `last_epoch`, from those of the epoch before."""
        self.warn_outside_step()
        if self.last_epoch == 0 or self.last_epoch % self.step_size != 0:
            return self.current()
        return self.scaled(self.gamma)

    def closed_form(self) -> list[Any]:
        """The rates for `last_epoch`, from the initial ones."""
        return [base * self.gamma ** (self.last_epoch // self.step_size) for base in self.base_lrs]


class MultiStepLR(LRScheduler):
    """The rate times gamma at each of the milestones: lr = initial * gamma ** (milestones reached).

    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiStepLR.html
    """

    def __init__(
        self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        if not isinstance(milestones, Iterable):
            raise TypeError(
                f"'{type(milestones).__name__}' object is not iterable: milestones are a list of epochs, [{milestones}]"
            )
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The rates for `last_epoch`, from those of the epoch before."""
        self.warn_outside_step()
        if self.last_epoch not in self.milestones:
            return self.current()
        return self.scaled(self.gamma ** self.milestones[self.last_epoch])

    def closed_form(self) -> list[Any]:
        """The rates for `last_epoch`, from the initial ones."""
        reached = bisect_right(sorted(self.milestones.elements()), self.last_epoch)
        return [base * self.gamma**reached for base in self.base_lrs]


class ConstantLR(LRScheduler):
    """lr = initial * factor for total_iters epochs, and then the initial rate.

    ValueError for a factor outside of 0 to 1.
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ConstantLR.html
    """

    def __init__(
        self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        if factor > 1.0 or factor < 0:
            raise ValueError("Constant multiplicative factor expected to be between 0 and 1.")
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The rates for `last_epoch`, from those of the epoch before."""
        self.warn_outside_step()
        if self.last_epoch == 0:
            return self.scaled(self.factor)
        if self.last_epoch != self.total_iters:
            return self.current()
        return self.scaled(1.0 / self.factor)

    def closed_form(self) -> list[Any]:
        """The rates for `last_epoch`, from the initial ones."""
        is_over = self.last_epoch >= self.total_iters
        return [base * (self.factor + is_over * (1 - self.factor)) for base in self.base_lrs]


class LinearLR(LRScheduler):
    """The initial rate times a factor that goes from start_factor to end_factor in total_iters equal steps.

    lr = initial * (start_factor + (end_factor - start_factor) * min(epoch, total_iters) / total_iters)
    ValueError for factors outside of 0 to 1, or a start_factor of 0.
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LinearLR.html
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if start_factor > 1.0 or start_factor <= 0:
            raise ValueError("Starting multiplicative factor expected to be greater than 0 and less or equal to 1.")
        if end_factor > 1.0 or end_factor < 0:
            raise ValueError("Ending multiplicative factor expected to be between 0 and 1.")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The rates for `last_epoch`, from those of the epoch before."""
        self.warn_outside_step()
        if self.last_epoch == 0:
            return self.scaled(self.start_factor)
        if self._is_initial or self.last_epoch > self.total_iters:
            return self.current()
        rise = self.end_factor - self.start_factor
        return self.scaled(1.0 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise))

    def closed_form(self) -> list[Any]:
        """The rates for `last_epoch`, from the initial ones."""
        rise, steps = self.end_factor - self.start_factor, min(self.total_iters, self.last_epoch)
        return [base * (self.start_factor + rise * steps / self.total_iters) for base in self.base_lrs]


class ExponentialLR(LRScheduler):
    """The rate times gamma at every epoch: lr = initial * gamma ** epoch.

    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ExponentialLR.html
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The rates for `last_epoch`, from those of the epoch before."""
        self.warn_outside_step()
        return self.current() if self._is_initial else self.scaled(self.gamma)

    def closed_form(self) -> list[Any]:
        """The rates for `last_epoch`, from the initial ones."""
        return [base * self.gamma**self.last_epoch for base in self.base_lrs]


class CosineAnnealingLR(LRScheduler):
    """Down from the initial rate to eta_min in T_max epochs, along a cosine, and up again in as many.

    lr = eta_min + (initial - eta_min) * (1 + cos(pi * epoch / T_max)) / 2
    (Loshchilov and Hutter, 2016, https://arxiv.org/abs/1608.03983, without the restarts).
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingLR.html
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The rates for `last_epoch`, from those of the epoch before."""
        self.warn_outside_step()
        if self._is_initial:
            return self.current()
        if self._step_count == 1 and self.last_epoch > 0:
            return self.closed_form()
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # from the minimum, where the quotient is 0 / 0
            rise = (1 - cos(pi / self.T_max)) / 2
            return [lr + (base - self.eta_min) * rise for base, lr in zip(self.base_lrs, self.current(), strict=True)]
        factor = (1 + cos(pi * self.last_epoch / self.T_max)) / (1 + cos(pi * (self.last_epoch - 1) / self.T_max))
        return [factor * (lr - self.eta_min) + self.eta_min for lr in self.current()]

    def closed_form(self) -> list[Any]:
        """The rates for `last_epoch`, from the initial ones."""
        cosine = 1 + cos(pi * self.last_epoch / self.T_max)
        return [self.eta_min + (base - self.eta_min) * cosine / 2 for base in self.base_lrs]
