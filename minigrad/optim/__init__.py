"""Optimizers, as torch.optim: each says the formula by which a step changes a parameter p with the gradient g.

What `Optimizer` says holds for all.  lr, and where there is one weight_decay, eps and momentum, are numbers from 0 on;
`betas` are (beta1, beta2), each from 0 on and below 1.  Every option may also be given for a group of parameters.
https://docs.pytorch.org/docs/stable/optim.html
"""

from typing import Any as _Any

from minigrad import on_use as _on_use
from minigrad.optim import lr_scheduler
from minigrad.optim.adadelta import Adadelta
from minigrad.optim.adagrad import Adagrad
from minigrad.optim.adam import Adam, AdamW
from minigrad.optim.further import OPTIMIZERS as _OPTIMIZERS
from minigrad.optim.optimizer import Optimizer
from minigrad.optim.rmsprop import RMSprop
from minigrad.optim.sgd import SGD

__all__ = ["Optimizer", "SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "lr_scheduler"]

__all__ += _on_use.names_in(_OPTIMIZERS)


def __getattr__(name: str) -> _Any:
    """What is imported when it is first used."""
    return _on_use.found(__name__, _OPTIMIZERS, name)
