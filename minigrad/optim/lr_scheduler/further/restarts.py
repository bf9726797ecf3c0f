"""A cosine that begins anew."""

from __future__ import annotations

from math import cos, floor, log, pi
from typing import Any

from minigrad.optim.lr_scheduler.base import LRScheduler
from minigrad.optim.optimizer import Optimizer


class CosineAnnealingWarmRestarts(LRScheduler):
    """Down from the initial rate to eta_min along a cosine, and at once back to the initial rate, again and again.

    At each epoch, and at fractions of one that `step` is called with::

        lr = eta_min + (initial - eta_min) * (1 + cos(pi * T_cur / T_i)) / 2

    T_cur: the epochs since the last restart.  T_i: the epochs from it to the next one; T_0 to begin, and after each
    restart T_mult times as many (Loshchilov and Hutter, 2016, https://arxiv.org/abs/1608.03983).
    ValueError for a T_0 or T_mult that is no positive integer.
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.html
    """

    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        if T_0 <= 0 or not isinstance(T_0, int):
            raise ValueError(f"Expected positive integer T_0, but got {T_0}")
        if T_mult < 1 or not isinstance(T_mult, int):
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        if not isinstance(eta_min, (float, int)):
            raise ValueError(f"Expected float or int eta_min, but got {eta_min} of type {type(eta_min)}")
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """The rates for `T_cur` epochs since the last restart."""
        self.warn_outside_step()
        cosine = 1 + cos(pi * self.T_cur / self.T_i)
        return [self.eta_min + (base - self.eta_min) * cosine / 2 for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go to the next epoch, or to a given one, which may be part of an epoch: epoch + batch / batches."""
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        elif epoch < 0:
            raise ValueError(f"Expected non-negative epoch, but got {epoch}")
        else:
            self.T_cur, self.T_i = self.place_of(epoch)
        self.last_epoch = floor(epoch)
        self.set_rates(self.get_lr)

    def place_of(self, epoch: float) -> tuple[float, int]:
        """The epochs between the last restart and an epoch, and those between that restart and the next one."""
        if epoch < self.T_0:
            return epoch, self.T_0
        if self.T_mult == 1:
            return epoch % self.T_0, self.T_i
        restarts = int(log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
        growth = self.T_mult**restarts
        return epoch - self.T_0 * (growth - 1) / (self.T_mult - 1), self.T_0 * growth
