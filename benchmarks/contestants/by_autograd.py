"""The training step on HIPS/autograd, which differentiates NumPy code; the optimizer is NumPy's."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import autograd.numpy as np
from autograd import value_and_grad
from autograd.scipy.special import logsumexp

from benchmarks.contestants.updates import updater
from benchmarks.workloads import Perceptron, Step


def training(workload: Perceptron) -> Step:
    parameters = [array for layer in workload.parameters() for array in layer]
    update = updater(workload.optimizer, parameters, workload.lr)
    batches = cycle(workload.batches_of_data())
    last = len(parameters) - 2

    def loss_of(parameters: Any, x: Any, y: Any) -> Any:
        for number in range(0, len(parameters), 2):
            x = np.dot(x, parameters[number].T) + parameters[number + 1]
            if workload.relu and number < last:
                x = np.maximum(x, 0)
        return LOSSES[workload.loss](x, y)

    loss_and_gradients = value_and_grad(loss_of)

    def step() -> Any:
        loss, gradients = loss_and_gradients(parameters, *next(batches))
        update(gradients)
        return loss

    return step


def bce(out: Any, y: Any) -> Any:
    return np.mean(np.maximum(out, 0) - out * y + np.log1p(np.exp(-np.abs(out))))


def cross_entropy(out: Any, y: Any) -> Any:
    return np.mean(logsumexp(out, axis=1) - out[np.arange(len(y)), y])


LOSSES = {"mse": lambda out, y: np.mean((out - y) ** 2), "bce": bce, "cross entropy": cross_entropy}
