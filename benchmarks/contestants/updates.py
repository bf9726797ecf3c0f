"""SGD and Adam in NumPy expressions, one parameter after the other: for contestants without optimizers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Update = Callable[[list[Any]], None]


def updater(optimizer: str, parameters: list[Any], lr: float) -> Update:
    """A function that takes the gradients and changes the parameters (NumPy arrays) in place."""
    return {"SGD": sgd, "Adam": adam}[optimizer](parameters, lr)


def sgd(parameters: list[Any], lr: float) -> Update:
    def update(gradients: list[Any]) -> None:
        for p, g in zip(parameters, gradients):
            p -= lr * g

    return update


def adam(parameters: list[Any], lr: float, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> Update:
    """Kingma and Ba, 2014, https://arxiv.org/abs/1412.6980, algorithm 1."""
    averages = [(np.zeros_like(p), np.zeros_like(p)) for p in parameters]
    t = 0

    def update(gradients: list[Any]) -> None:
        nonlocal t
        t += 1
        for p, g, (m, v) in zip(parameters, gradients, averages):
            m += (1 - beta1) * (g - m)
            v += (1 - beta2) * (g * g - v)
            p -= lr / (1 - beta1**t) * m / (np.sqrt(v / (1 - beta2**t)) + eps)

    return update
