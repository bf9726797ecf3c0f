"""What a debugger steps through: `python tests/stepping.py "a @ b"` counts it in a process of its own, and prints JSON.

For the first time and the next: the stops of pdb's `step` (calls, lines and returns), the lines among them, the frames,
and the files outside minigrad and NumPy that were entered.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import numpy

import minigrad as torch
from minigrad import nn

OWN = (str(torch.__path__[0]), str(numpy.__path__[0]))
Stop = tuple[str, str, str, int]
"""An event, and the file, the function and the line where it happens."""


def stops_of(action: Callable[[], Any]) -> list[Stop]:
    """Where pdb's `step` stops within an action: not at the action's own line."""
    stops: list[Stop] = []

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        if frame.f_code is not action.__code__:
            stops.append((event, frame.f_code.co_filename, frame.f_code.co_name, frame.f_lineno))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    finally:
        sys.settrace(before)
    return stops


def counted(action: Callable[[], Any]) -> dict[str, Any]:
    """How many stops, lines and frames there are, and what foreign files are entered."""
    stops = stops_of(action)
    events = [event for event, *_ in stops]
    foreign = sorted({file for _, file, *_ in stops if not file.startswith(OWN)})
    return {"stops": len(stops), "lines": events.count("line"), "frames": events.count("call"), "foreign": foreign}


def way_to(action: Callable[[], Any], function: str, text: str) -> tuple[int, int]:
    """How many stops it is to the line of a function that contains a text, and how many frames below the action."""
    stops = stops_of(action)
    for number, (event, file, name, line) in enumerate(stops, 1):
        if (event, name) == ("line", function):
            with open(file) as source:
                if text in source.read().splitlines()[line - 1]:
                    before = [event for event, *_ in stops[:number]]
                    return number, before.count("call") - before.count("return")
    raise AssertionError(f"{function} is not reached")


def actions() -> dict[str, Callable[[], Any]]:
    """What is stepped through."""
    a, b = torch.ones(1, 2, requires_grad=True), torch.ones(2, 1, requires_grad=True)
    x, y = torch.ones(20, 1, requires_grad=True), torch.ones(20, 1)
    logits, classes = torch.ones(20, 3, requires_grad=True), torch.tensor([0, 1] * 10)
    model, inputs = perceptron(), torch.ones(800, 2)
    product = torch.tensor(2.0, requires_grad=True) * 3.0
    return {
        "a @ b": lambda: a @ b,
        "x * x": lambda: x * x,
        "x + 1": lambda: x + 1,
        "model(X)": lambda: model(inputs),
        "mse_loss": lambda: nn.functional.mse_loss(x, y),
        "binary_cross_entropy_with_logits": lambda: nn.functional.binary_cross_entropy_with_logits(x, y),
        "cross_entropy": lambda: nn.functional.cross_entropy(logits, classes),
        "backward": lambda: product.backward(retain_graph=True),
        "SGD.step": stepping(torch.optim.SGD),
        "Adam.step": stepping(torch.optim.Adam),
        "a step of circles": circles(),
    }


def perceptron() -> nn.Module:
    """The lesson's model with ReLU."""
    return nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))


def stepping(kind: Any) -> Callable[[], Any]:
    """The step of an optimizer of four parameters."""
    params = [torch.ones(3, requires_grad=True) for _ in range(4)]
    for p in params:
        p.grad = torch.ones(3)
    optimizer = kind(params, lr=0.1)
    return lambda: optimizer.step()


def circles() -> Callable[[], Any]:
    """A training step of the lesson circles."""
    X, y = torch.ones(800, 2), torch.ones(800)
    model, loss_function = perceptron(), nn.BCEWithLogitsLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

    def step() -> None:
        loss = loss_function(model(X).squeeze(), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def ways() -> dict[str, tuple[int, int]]:
    """Stops and frames to the lines that multiply, and to those that compute a derivative."""
    a, b = torch.ones(1, 2, requires_grad=True), torch.ones(2, 1, requires_grad=True)
    product = way_to(lambda: a @ b, "matmul", " @ ")
    c = a @ b
    return {
        "a @ b": product,
        "linear": way_to(lambda: nn.functional.linear(a, a), "linear", " @ "),
        "matmul_da": way_to(lambda: c.backward(retain_graph=True), "matmul_da", "return g @ b"),
        "matmul_db": way_to(lambda: c.backward(), "matmul_db", "return a.swapaxes(-2, -1) @ g"),
    }


if __name__ == "__main__":
    if sys.argv[1:] == ["ways"]:
        print(json.dumps(ways()))
    else:
        action = actions()[sys.argv[1]]
        print(json.dumps([counted(action) for _ in range(2)]))
