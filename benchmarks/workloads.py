"""What is timed: each workload is built with an engine (torch or minigrad, called `torch` here) and gives a step.

A step is what one turn of a lesson's training loop does: forward, loss, zero_grad, backward, optimizer step.
It returns the loss.  Weights and data are made on the CPU and moved to `device`: the same numbers everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Step = Callable[[], Any]

CHAIN = 100
"""Ops in a chain: a step of the `op` workloads is this many ops forward and backward."""


def mul_chain(torch: Any, device: str = "cpu") -> Step:
    """y = y * w on 8 floats, both of which need a gradient."""
    return chain(torch, lambda y, w: y * w, device)


def tanh_chain(torch: Any, device: str = "cpu") -> Step:
    """y = tanh(y) on 8 floats."""
    return chain(torch, lambda y, _w: y.tanh(), device)


def chain(torch: Any, op: Callable[[Any, Any], Any], device: str) -> Step:
    x = torch.full((8,), 0.9, device=device, requires_grad=True)
    w = torch.full((8,), 1.0001, device=device, requires_grad=True)
    gradient = torch.ones(8, device=device)

    def step() -> Any:
        x.grad = w.grad = None
        y = x
        for _ in range(CHAIN):
            y = op(y, w)
        y.backward(gradient)
        return y[0]

    return step


def linear_regression(torch: Any, device: str = "cpu") -> Step:
    """35 points, a weight and a bias, MSE, SGD."""
    x = torch.arange(0, 0.7, 0.02).unsqueeze(1)
    y = 0.7 * x + 0.3

    class Line(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.weight = torch.nn.Parameter(torch.randn(1))
            self.bias = torch.nn.Parameter(torch.randn(1))

        def forward(self, x: Any) -> Any:
            return self.weight * x + self.bias

    model = Line().to(device)
    return training_step(
        model, torch.nn.MSELoss(), torch.optim.SGD(model.parameters(), lr=0.01), x.to(device), y.to(device)
    )


def circles(torch: Any, device: str = "cpu") -> Step:
    """800 points, 2-8-1, binary cross-entropy with logits, Adam."""
    model = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Linear(8, 1))
    return binary_step(torch, model.to(device), device)


def circles_relu(torch: Any, device: str = "cpu") -> Step:
    """800 points, 2-8-1 with ReLU, binary cross-entropy with logits, Adam."""
    model = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    return binary_step(torch, model.to(device), device)


def binary_step(torch: Any, model: Any, device: str) -> Step:
    x = torch.randn(800, 2).to(device)
    y = ((x * x).sum(1) < 1).float()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    loss_function = torch.nn.BCEWithLogitsLoss()

    def step() -> Any:
        loss = loss_function(model(x).squeeze(), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def blobs(torch: Any, device: str = "cpu") -> Step:
    """800 points, 2-16-4 with ReLU, cross-entropy, Adam."""
    x = torch.randn(800, 2)
    y = (x[:, 0] > 0).long() + 2 * (x[:, 1] > 0).long()
    model = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.ReLU(), torch.nn.Linear(16, 4)).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    return training_step(model, torch.nn.CrossEntropyLoss(), optimizer, x.to(device), y.to(device))


def training_step(model: Any, loss_function: Any, optimizer: Any, x: Any, y: Any) -> Step:
    def step() -> Any:
        loss = loss_function(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


WORKLOADS: dict[str, tuple[Callable[..., Step], int, str]] = {
    "mul": (mul_chain, CHAIN, "one op, forward and backward"),
    "tanh": (tanh_chain, CHAIN, "one op, forward and backward"),
    "linear-regression": (linear_regression, 1, "a training step"),
    "circles": (circles, 1, "a training step"),
    "circles-relu": (circles_relu, 1, "a training step"),
    "blobs": (blobs, 1, "a training step"),
}
"""By name: how to build it, by what a step's time is divided, and what the time is then of."""
