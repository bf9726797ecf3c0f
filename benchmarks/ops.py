"""`python -m benchmarks --ops`: microseconds of single ops, forward and backward, over sizes from 1 to 10^7."""

from __future__ import annotations

import importlib
import json
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console

from benchmarks import report
from benchmarks.figures import COLORS
from benchmarks.machine import description
from benchmarks.measure import measure_together
from benchmarks.tasks import OP_CONTESTANTS, Task
from benchmarks.workloads import Array, Step

SIZES = [10**n for n in range(8)]
ROWS_OF = 10
"""Softmax and its like work on rows of so many numbers."""

Value = Callable[..., Any]
Gradients = Callable[..., Any]


def softmax(x: Array) -> Array:
    exponentials = np.exp(x - x.max(-1, keepdims=True))
    total: Array = exponentials / exponentials.sum(-1, keepdims=True)
    return total


OPS: dict[str, tuple[int, Value, Value, Gradients]] = {
    "add": (2, lambda a, b: a + b, lambda a, b: a + b, lambda g, _out, _a, _b: (g, g)),
    "mul": (2, lambda a, b: a * b, lambda a, b: a * b, lambda g, _out, a, b: (g * b, g * a)),
    "exp": (1, lambda a: a.exp(), np.exp, lambda g, out, _a: (g * out,)),
    "tanh": (1, lambda a: a.tanh(), np.tanh, lambda g, out, _a: (g * (1 - out * out),)),
    "relu": (1, lambda a: a.relu(), lambda a: np.maximum(a, 0), lambda g, out, _a: (g * (out > 0),)),
    "sum": (1, lambda a: a.sum(), lambda a: a.sum(), lambda g, _out, a: (np.broadcast_to(g, a.shape).copy(),)),
    "softmax": (
        1,
        lambda a: a.softmax(-1),
        softmax,
        lambda g, out, _a: ((g - (g * out).sum(-1, keepdims=True)) * out,),
    ),
    "matmul": (2, lambda a, b: a @ b, lambda a, b: a @ b, lambda g, _out, a, b: (g @ b.T, a.T @ g)),
}
"""By name: the number of operands, the op on tensors, on arrays, and its gradients derived by hand."""


def shape_of(op: str, size: int) -> tuple[int, ...]:
    """The shape of an operand with about `size` numbers."""
    if op == "matmul":
        return (math.isqrt(size),) * 2
    return (-(-size // ROWS_OF), ROWS_OF) if op == "softmax" else (size,)


def build(contestant: str, op: str, size: int) -> Step:
    """A step: the op and its gradients."""
    count, on_tensors, on_arrays, gradients_of = OPS[op]
    random = np.random.default_rng(0)
    arrays = [random.random(shape_of(op, size), np.float32) for _ in range(count)]
    g = np.ones(() if op == "sum" else shape_of(op, size), np.float32)
    if contestant == "NumPy":

        def by_hand() -> Any:
            out = on_arrays(*arrays)
            return gradients_of(g, out, *arrays)[0].flat[0]

        return by_hand
    torch: Any = importlib.import_module(contestant)
    operands = [torch.from_numpy(array).requires_grad_() for array in arrays]
    gradient = torch.from_numpy(g)

    def step() -> Any:
        for x in operands:
            x.grad = None
        on_tensors(*operands).backward(gradient)
        return operands[0].grad.flatten()[0]

    return step


def op_task(op: str, size: int) -> Task:
    """So many steps in a round as take a moment."""
    work = size**1.5 if op == "matmul" else 20 * size
    return Task(op, partial(build, op=op, size=size), OP_CONTESTANTS, int(max(2, min(200, 1e8 / work))))


TASKS = {f"{op} {size}": op_task(op, size) for op in OPS for size in SIZES}


def measure_ops(rounds: int, threads: int, out: Path, console: Console) -> int:
    """Time all, print a table for each op, write ops.json and ops.png."""
    results = measure_together(TASKS, OP_CONTESTANTS, rounds, threads)
    for op in OPS:
        of_op = {f"{size:g}": results[f"{op} {size}"] for size in SIZES}
        console.print(report.times(list(of_op), of_op, f"{op}, forward and backward"))
    found = {"machine": description(), "threads": threads, "results": results}
    (out / "ops.json").write_text(json.dumps(found, indent=1) + "\n")
    draw(results, out / "ops.png")
    console.print(f"Times and the figure are in {out}/", highlight=False)
    return 0 if all(all(result["losses agree"].values()) for result in results.values()) else 1


def draw(results: dict[str, Any], path: Path) -> None:
    """A panel for each op."""
    figure = Figure(figsize=(12, 5.6), layout="constrained")
    panels = figure.subplots(2, 4, sharex=True, sharey=True)
    for axes, op in zip(panels.flat, OPS):
        for contestant in OP_CONTESTANTS:
            micros = [1e6 * results[f"{op} {size}"]["fastest"][contestant] for size in SIZES]
            axes.loglog(SIZES, micros, "o-", markersize=3, color=COLORS[contestant], label=contestant)
        axes.set_title(op, fontsize=10)
        axes.grid(alpha=0.25)
    for axes in panels[1]:
        axes.set_xlabel("numbers in an operand")
    for axes in panels[:, 0]:
        axes.set_ylabel("forward and backward (us)")
    panels[0, 0].legend(frameon=False)
    figure.savefig(path, dpi=130)
