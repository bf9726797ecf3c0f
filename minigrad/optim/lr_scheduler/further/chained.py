"""Schedulers that act at the same time."""

from __future__ import annotations

from collections.abc import Sequence

from minigrad.optim.lr_scheduler.base import LRScheduler
from minigrad.optim.lr_scheduler.sequential import SeveralSchedulers, check_schedulers
from minigrad.optim.optimizer import Optimizer


class ChainedScheduler(SeveralSchedulers):
    """Several schedulers together: each step makes a step of every one of them, in their order.

    optimizer: that of the first one, if not given.  ValueError without schedulers, unless all act on this optimizer,
    or for a ReduceLROnPlateau, which cannot step without a metric.
    https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ChainedScheduler.html
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        if not schedulers:
            raise ValueError("ChainedScheduler expects at least one scheduler to be chained, but got no scheduler.")
        optimizer = optimizer or schedulers[0].optimizer
        check_schedulers("ChainedScheduler", optimizer, schedulers)
        self._schedulers = schedulers
        self.optimizer = optimizer
        self._last_lr = self.current()

    def step(self) -> None:  # type: ignore[override]
        """Go to the next epoch."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = self.current()
