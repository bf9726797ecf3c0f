"""How the cost of minigrad grows: with depth, width, parameters, consumers of a value, and batch size."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

import minigrad as torch
from benchmarks.workloads import Step

REPEATS = 5
LARGE = 3
"""The exponent is fitted to so many of the largest sizes: the small ones show what a call costs."""


def measure_growth(console: Console) -> int:
    """Print times and fitted exponents."""
    table = Table(title="Growth of minigrad's cost, forward and backward: seconds ~ size ** exponent")
    for header in ("with", "sizes", "seconds", "exponent", "expected"):
        table.add_column(header, justify="left" if header == "with" else "right")
    for name, (build, sizes, expected) in KINDS.items():
        seconds = [seconds_of(build(size)) for size in sizes]
        exponent = fitted(sizes[-LARGE:], seconds[-LARGE:])
        table.add_row(
            name,
            " ".join(f"{size:,}" for size in sizes),
            " ".join(f"{value:.2g}" for value in seconds),
            f"{exponent:.2f}",
            f"{expected}",
        )
    console.print(table)
    return 0


def seconds_of(step: Step) -> float:
    """The median time of some steps, after one that is not timed."""
    times = []
    for _ in range(REPEATS + 1):
        gc.collect()
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def fitted(sizes: list[int], seconds: list[float]) -> float:
    """The slope of a line through the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def depth(ops: int) -> Step:
    """A chain of ops."""
    x = torch.ones(8, requires_grad=True)

    def step() -> Any:
        y = x
        for _ in range(ops):
            y = y * 1.0
        y.sum().backward()

    return step


def consumers(number: int) -> Step:
    """A value that many ops read."""
    x = torch.ones(8, requires_grad=True)

    def step() -> Any:
        torch.stack([x * 2.0 for _ in range(number)]).sum().backward()

    return step


def parameters(number: int) -> Step:
    """Many small parameters, and Adam's update of them all."""
    values = [torch.ones(8, requires_grad=True) for _ in range(number)]
    optimizer = torch.optim.Adam(values)

    def step() -> Any:
        optimizer.zero_grad()
        torch.stack(values).sum().backward()
        optimizer.step()

    return step


def layers(width: int, batch: int) -> Step:
    """Two square linear layers, ReLU, cross-entropy."""
    model = torch.nn.Sequential(torch.nn.Linear(width, width), torch.nn.ReLU(), torch.nn.Linear(width, width))
    x, y = torch.randn(batch, width), torch.randint(0, width, (batch,))

    def step() -> Any:
        model.zero_grad()
        torch.nn.functional.cross_entropy(model(x), y).backward()

    return step


Build = Callable[[int], Step]

KINDS: dict[str, tuple[Build, list[int], int]] = {
    "depth (ops in a chain)": (depth, [10, 100, 1000, 10_000, 100_000], 1),
    "consumers of a value": (consumers, [10, 100, 1000, 10_000], 1),
    "parameters (tensors of 8)": (parameters, [10, 100, 1000, 10_000], 1),
    "width (batch 64)": (lambda width: layers(width, 64), [16, 64, 256, 1024, 2048], 2),
    "batch size (width 64)": (lambda batch: layers(64, batch), [16, 256, 4096, 16_384, 65_536], 1),
}
"""How to build a step of a size, the sizes, and the exponent of the work that there is to do."""
