"""Who is timed.  Each module has `training(workload) -> step`; those whose library is missing are left out."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
from typing import Any, NamedTuple

from benchmarks.workloads import Perceptron, Step


class Contestant(NamedTuple):
    """The module here that builds its step, the library that it needs, and options."""

    module: str
    library: str
    options: dict[str, Any] = {}  # noqa: RUF012 - never changed


CONTESTANTS = {
    "minigrad": Contestant("by_torch", "minigrad", {"engine": "minigrad"}),
    "minigrad compiled": Contestant("by_torch", "minigrad.compiled", {"engine": "minigrad", "compiled_step": True}),
    "torch": Contestant("by_torch", "torch", {"engine": "torch"}),
    "torch fused": Contestant("by_torch", "torch", {"engine": "torch", "fused": True}),
    "torch.compile": Contestant("by_torch", "torch", {"engine": "torch", "compiled": True}),
    "NumPy": Contestant("by_numpy", "numpy"),
    "NumPy, buffers": Contestant("by_numpy_buffers", "numpy"),
    "jax.jit": Contestant("by_jax", "jax"),
    "MyGrad": Contestant("by_mygrad", "mygrad"),
    "HIPS autograd": Contestant("by_autograd", "autograd"),
    "tinygrad": Contestant("by_tinygrad", "tinygrad"),
}

PROGRAMS = {"tinygrad": "clang", "torch.compile": "g++"}
"""The compilers that some of them call."""


def missing(name: str) -> str | None:
    """What a contestant lacks here, or None."""
    library = CONTESTANTS[name].library
    if importlib.util.find_spec(library) is None:
        return f"{library} is not installed"
    program = PROGRAMS.get(name)
    return f"{program} is not installed" if program and not shutil.which(program) else None


def training(name: str, workload: Perceptron | Any) -> Step:
    """A contestant's training step of a workload."""
    contestant = CONTESTANTS[name]
    module = importlib.import_module(f"benchmarks.contestants.{contestant.module}")
    step: Step = module.training(workload, **contestant.options)
    return step
