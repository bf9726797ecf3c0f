"""Schedules that give, at every epoch, the factor between two rates."""

from __future__ import annotations

from typing import Any

from minigrad.optim.lr_scheduler.base import LRScheduler
from minigrad.optim.lr_scheduler.schedules import LambdaLR
from minigrad.optim.optimizer import Optimizer


class MultiplicativeLR(LambdaLR):
    """The rate times a function of the epoch, at every epoch but the first: lr = lr * lr_lambda(epoch).

    lr_lambda: the function, or a list with one for each group (ValueError for another number).
    Functions are not saved in the state; objects that can be called are, by their attributes.
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.MultiplicativeLR.html

    >>> import minigrad as torch
    >>> optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    >>> scheduler = torch.optim.lr_scheduler.MultiplicativeLR(optimizer, lambda epoch: 0.5)
    >>> for epoch in range(3):
    ...     optimizer.step()
    ...     print(epoch, scheduler.get_last_lr())
    ...     scheduler.step()
    0 [0.5]
    1 [0.25]
    2 [0.125]
    """

    def get_lr(self) -> list[Any]:
        """The rates for `last_epoch`, from those of the epoch before."""
        self.warn_outside_step()
        if self._is_initial:
            return self.current()
        return [
            rate * function(self.last_epoch) for function, rate in zip(self.lr_lambdas, self.current(), strict=True)
        ]


class PolynomialLR(LRScheduler):
    """Down from the initial rate to 0: lr = initial * (1 - min(epoch, total_iters) / total_iters) ** power.

    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.PolynomialLR.html
    """

    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The rates for `last_epoch`, from those of the epoch before."""
        self.warn_outside_step()
        if self._is_initial or self.last_epoch > self.total_iters:
            return self.current()
        left, left_before = (1.0 - epoch / self.total_iters for epoch in (self.last_epoch, self.last_epoch - 1))
        return self.scaled((left / left_before) ** self.power)

    def closed_form(self) -> list[Any]:
        """The rates for `last_epoch`, from the initial ones."""
        left = 1.0 - min(self.total_iters, self.last_epoch) / self.total_iters
        return [base * left**self.power for base in self.base_lrs]
