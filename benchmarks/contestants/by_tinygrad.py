"""The training step on tinygrad, compiled whole by its TinyJit."""

from __future__ import annotations

from itertools import cycle
from typing import Any

from tinygrad import Context, Tensor, TinyJit, nn

from benchmarks.workloads import Perceptron, Step


def training(workload: Perceptron) -> Step:
    layers = [tuple(Tensor(array) for array in layer) for layer in workload.parameters()]
    parameters = [p for layer in layers for p in layer]
    optimizer = getattr(nn.optim, workload.optimizer)(parameters, lr=workload.lr)
    batches = cycle([tuple(Tensor(array).realize() for array in batch) for batch in workload.batches_of_data()])

    @TinyJit
    def compiled(x: Any, y: Any) -> Any:
        out = x
        for number, (weight, bias) in enumerate(layers):
            out = out.linear(weight.T, bias)
            if workload.relu and number < len(layers) - 1:
                out = out.relu()
        loss = LOSSES[workload.loss](out, y)
        optimizer.zero_grad()
        loss.backward()
        return loss.realize(*optimizer.schedule_step())

    def step() -> Any:
        with Context(TRAINING=1):
            return compiled(*next(batches)).item()

    return step


LOSSES = {
    "mse": lambda out, y: (out - y).square().mean(),
    "bce": lambda out, y: out.binary_crossentropy_logits(y),
    "cross entropy": lambda out, y: out.sparse_categorical_crossentropy(y),
}
