"""Learning rates that change while a model is trained, as torch.optim.lr_scheduler.

Each says lr, the rate of a group, at an epoch: 0 when the scheduler is made, one more after each `step`.  `initial` is
the group's "initial_lr": its lr when the first scheduler was made.  What `LRScheduler` says holds for all but
`ReduceLROnPlateau`.  "Epoch" is PyTorch's word: a step may as well be made after each batch.
https://docs.pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate
"""

from typing import Any as _Any

from minigrad import on_use as _on_use
from minigrad.optim.lr_scheduler.base import LRScheduler
from minigrad.optim.lr_scheduler.further import SCHEDULERS as _SCHEDULERS
from minigrad.optim.lr_scheduler.plateau import ReduceLROnPlateau
from minigrad.optim.lr_scheduler.schedules import (
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiStepLR,
    StepLR,
)
from minigrad.optim.lr_scheduler.sequential import SequentialLR


class _LRScheduler(LRScheduler):
    """The name before PyTorch 2.0, which scripts inherit from."""


__all__ = [
    "LRScheduler",
    "LambdaLR",
    "StepLR",
    "MultiStepLR",
    "ConstantLR",
    "LinearLR",
    "ExponentialLR",
    "CosineAnnealingLR",
    "SequentialLR",
    "ReduceLROnPlateau",
]

__all__ += _on_use.names_in(_SCHEDULERS)


def __getattr__(name: str) -> _Any:
    """What is imported when it is first used."""
    return _on_use.found(__name__, _SCHEDULERS, name)
