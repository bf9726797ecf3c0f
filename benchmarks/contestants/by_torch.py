"""The training loop of the lessons, on PyTorch and on minigrad: the same lines for both."""

from __future__ import annotations

import importlib
from itertools import cycle
from typing import Any

from benchmarks.workloads import Perceptron, Step

LOSSES = {"mse": "MSELoss", "bce": "BCEWithLogitsLoss", "cross entropy": "CrossEntropyLoss"}


def training(workload: Perceptron, engine: str, **options: bool) -> Step:
    """A step on an engine by its name."""
    return training_on(importlib.import_module(engine), workload, **options)


def training_on(
    torch: Any, workload: Perceptron, device: str = "cpu", fused: bool = False, compiled: bool = False
) -> Step:
    """A step; fused: with PyTorch's fused optimizer.  compiled: model and optimizer by torch.compile."""
    model = starting_model(torch, workload).to(device)
    loss_function = getattr(torch.nn, LOSSES[workload.loss])()
    options = {"fused": True} if fused else {}
    optimizer = getattr(torch.optim, workload.optimizer)(model.parameters(), lr=workload.lr, **options)
    batches = cycle(
        [tuple(torch.from_numpy(each).to(device) for each in batch) for batch in workload.batches_of_data()]
    )

    def step() -> Any:
        x, y = next(batches)
        loss = loss_function(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    if compiled:
        model.compile()
        optimizer.step = torch.compile(optimizer.step)
    return step


def starting_model(torch: Any, workload: Perceptron) -> Any:
    """The model with the workload's weights; the line of the first lesson has two numbers and no layer."""
    parameters = workload.parameters()
    if workload.sizes == (1, 1):
        model = line(torch)
        values = [array.reshape(1) for array in parameters[0]]
    else:
        layers: list[Any] = []
        for weight, _ in parameters:
            layers += [torch.nn.Linear(*reversed(weight.shape))] + [torch.nn.ReLU()] * workload.relu
        model = torch.nn.Sequential(*layers[:-1] if workload.relu else layers)
        values = [array for layer in parameters for array in layer]
    with torch.no_grad():
        for p, value in zip(model.parameters(), values, strict=True):
            p.copy_(torch.from_numpy(value))
    return model


def line(torch: Any) -> Any:
    """The model of the lesson on linear regression."""

    class Line(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.randn(1))
            self.bias = torch.nn.Parameter(torch.randn(1))

        def forward(self, x: Any) -> Any:
            return self.weight * x + self.bias

    return Line()
