"""Who is timed.  Each module has `training(workload) -> step`; those whose library is missing are left out."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
from functools import partial
from typing import Any

from benchmarks.workloads import Perceptron, Step

CONTESTANTS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "minigrad": ("by_torch", "minigrad", {"engine": "minigrad"}),
    "torch": ("by_torch", "torch", {"engine": "torch"}),
    "torch fused": ("by_torch", "torch", {"engine": "torch", "fused": True}),
    "torch.compile": ("by_torch", "torch", {"engine": "torch", "compiled": True}),
    "NumPy": ("by_numpy", "numpy", {}),
    "NumPy, buffers": ("by_numpy_buffers", "numpy", {}),
    "jax.jit": ("by_jax", "jax", {}),
    "MyGrad": ("by_mygrad", "mygrad", {}),
    "HIPS autograd": ("by_autograd", "autograd", {}),
    "tinygrad": ("by_tinygrad", "tinygrad", {}),
}
"""By name: the module here that builds its step, the library that it needs, and options."""

PROGRAMS = {"tinygrad": "clang", "torch.compile": "g++"}
"""The compilers that some of them call."""


def missing(name: str) -> str | None:
    """What a contestant lacks here, or None."""
    library = CONTESTANTS[name][1]
    if importlib.util.find_spec(library) is None:
        return f"{library} is not installed"
    program = PROGRAMS.get(name)
    return f"{program} is not installed" if program and not shutil.which(program) else None


def training_of(name: str) -> Any:
    """A contestant's function from a workload to a training step."""
    module, _, options = CONTESTANTS[name]
    return partial(importlib.import_module(f"benchmarks.contestants.{module}").training, **options)


def training(name: str, workload: Perceptron) -> Step:
    """A contestant's training step of a workload."""
    step: Step = training_of(name)(workload)
    return step
