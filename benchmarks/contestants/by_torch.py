"""The training loop of the lessons, on PyTorch and on minigrad: the same lines for both."""

from __future__ import annotations

import importlib
from itertools import cycle
from typing import Any

from benchmarks.nets import Net
from benchmarks.workloads import Perceptron, Step

LOSSES = {"mse": "MSELoss", "bce": "BCEWithLogitsLoss", "cross entropy": "CrossEntropyLoss"}


def training(workload: Perceptron | Net, engine: str, **options: bool) -> Step:
    """A step on an engine by its name."""
    return training_on(importlib.import_module(engine), workload, **options)


def training_on(
    torch: Any,
    workload: Perceptron | Net,
    device: str = "cpu",
    fused: bool = False,
    compiled: bool = False,
    compiled_step: bool = False,
) -> Step:
    """A step.

    fused: with PyTorch's fused optimizer.  compiled: model and optimizer by torch.compile.  compiled_step: all of it by
    torch.compile, as minigrad can.
    """
    is_net = isinstance(workload, Net)
    model = (workload.starting_model(torch) if is_net else starting_model(torch, workload)).to(device)
    loss_function = getattr(torch.nn, LOSSES[workload.loss])()
    options = (workload.options if is_net else {"lr": workload.lr}) | ({"fused": True} if fused else {})
    optimizer = getattr(torch.optim, workload.optimizer)(model.parameters(), **options)
    batches = cycle(
        [tuple(torch.from_numpy(each).to(device) for each in batch) for batch in workload.batches_of_data()]
    )

    def train(x: Any, y: Any) -> Any:
        loss = loss_function(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    if compiled:
        model.compile()
        optimizer.step = torch.compile(optimizer.step)
    if compiled_step:
        train = torch.compile(train)
    return lambda: train(*next(batches))


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
