"""The training step derived by hand, in plain NumPy expressions: what a person writes who wants no library."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import numpy as np

from benchmarks.contestants.updates import updater
from benchmarks.workloads import Array, Perceptron, Step


def training(workload: Perceptron) -> Step:
    parameters = [array for layer in workload.parameters() for array in layer]
    layers = list(zip(parameters[::2], parameters[1::2]))
    update = updater(workload.optimizer, parameters, workload.lr)
    batches = cycle(workload.batches_of_data())
    loss_and_gradient = LOSSES[workload.loss]

    def step() -> Any:
        x, y = next(batches)
        inputs = [x]  # of each layer
        for weight, bias in layers:
            out = inputs[-1] @ weight.T + bias
            inputs.append(np.maximum(out, 0) if workload.relu else out)
        loss, g = loss_and_gradient(out, y)
        gradients = []
        for (weight, _), given in zip(reversed(layers), reversed(inputs[:-1])):
            gradients += [g.sum(0), g.T @ given]
            if given is not x:
                g = g @ weight
                if workload.relu:
                    g = g * (given > 0)
        update(gradients[::-1])
        return loss

    return step


def mse(out: Array, y: Array) -> tuple[Any, Array]:
    difference = out - y
    return (difference * difference).mean(), difference * (2 / out.size)


def bce(out: Array, y: Array) -> tuple[Any, Array]:
    losses = np.maximum(out, 0) - out * y + np.log1p(np.exp(-abs(out)))
    return losses.mean(), (1 / (1 + np.exp(-out)) - y) * (1 / out.size)


def cross_entropy(out: Array, y: Array) -> tuple[Any, Array]:
    rows = np.arange(len(y))
    shifted = out - out.max(1, keepdims=True)
    exponentials = np.exp(shifted)
    total = exponentials.sum(1, keepdims=True)
    loss = (np.log(total)[:, 0] - shifted[rows, y]).mean()
    g = exponentials / total
    g[rows, y] -= 1
    return loss, g * (1 / len(y))


LOSSES = {"mse": mse, "bce": bce, "cross entropy": cross_entropy}
