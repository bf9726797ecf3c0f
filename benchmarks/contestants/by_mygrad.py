"""The training step on MyGrad, which differentiates NumPy-like code; the optimizer is NumPy's."""

from __future__ import annotations

from itertools import cycle
from typing import Any

import mygrad
from mygrad.nnet.losses import softmax_crossentropy

from benchmarks.contestants.updates import updater
from benchmarks.workloads import Perceptron, Step


def training(workload: Perceptron) -> Step:
    layers = [tuple(mygrad.tensor(array) for array in layer) for layer in workload.parameters()]
    parameters = [p for layer in layers for p in layer]
    update = updater(workload.optimizer, [p.data for p in parameters], workload.lr)
    batches = cycle(workload.batches_of_data())

    def step() -> Any:
        x, y = next(batches)
        for number, (weight, bias) in enumerate(layers):
            x = mygrad.matmul(x, weight.T) + bias
            if workload.relu and number < len(layers) - 1:
                x = mygrad.nnet.activations.relu(x)
        loss = LOSSES[workload.loss](x, y)
        loss.backward()
        with mygrad.mem_guard_off:
            update([p.grad for p in parameters])
        return loss.item()

    return step


def bce(out: Any, y: Any) -> Any:
    return (mygrad.maximum(out, 0) - out * y + mygrad.log1p(mygrad.exp(-mygrad.abs(out)))).mean()


LOSSES = {"mse": lambda out, y: ((out - y) ** 2).mean(), "bce": bce, "cross entropy": softmax_crossentropy}
