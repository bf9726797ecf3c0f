"""A call on a sample, with an engine: minigrad, PyTorch, or a stand-in for either that has the few names used here.

`run` calls an op; `backward` goes back from its results.  The same sample always gives the same tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.testing.samples import Sample

ROUNDING = {"float16": (3e-2, 5e-3), "float32": (2e-5, 2e-6), "float64": (1e-11, 1e-12)}
"""Relative and absolute errors of one rounding or a few, the coarsest dtype first."""

Tolerance = tuple[float, float]
"""Relative and absolute."""

Call = Callable[..., Any]
"""An op as it is called here: (engine, *operands, **options)."""


@dataclass
class Run:
    """What came of a call: its result or the error, and the tensors that required grad."""

    result: Any
    error: Exception | None
    leaves: list[Any]

    @property
    def differentiable(self) -> list[Any]:
        """The tensors among the results that require grad."""
        return [y for y in results(self.result) if y.requires_grad]


def run(call: Call, engine: Any, sample: Sample, requires_grad: bool = False) -> Run:
    """Call an op of one engine with a sample, its float operands requiring grad or not."""
    function, leaves = bind(call, engine, sample)
    if requires_grad:
        leaves = [leaf.requires_grad_() for leaf in leaves]
    try:
        return Run(function(*leaves), None, leaves)
    except Exception as error:
        return Run(None, error, leaves)


def bind(call: Call, engine: Any, sample: Sample) -> tuple[Callable[..., Any], list[Any]]:
    """A call as a function of its float operands alone, and these operands."""

    def function(*leaves: Any) -> Any:
        rest = iter(leaves)
        operands = [
            tensors_of(engine, operand, None if i in sample.constants else rest)
            for i, operand in enumerate(sample.operands)
        ]
        options = {
            name: getattr(engine, value) if name in ("dtype", "memory_format") else tensors_of(engine, value)
            for name, value in sample.options.items()
        }
        return call(engine, *operands, **options)

    arrays = float_arrays([x for i, x in enumerate(sample.operands) if i not in sample.constants])
    return function, [engine.from_numpy(copy_of(x)) for x in arrays]


def float_arrays(x: Any) -> Iterator[Any]:
    """The arrays that can require grad, also in lists and tuples."""
    if isinstance(x, (list, tuple)):
        for each in x:
            yield from float_arrays(each)
    elif isinstance(x, np.ndarray) and x.dtype.kind == "f":
        yield x


def tensors_of(engine: Any, x: Any, leaves: Iterator[Any] | None = None) -> Any:
    """NumPy arrays, also in lists and tuples, as tensors: the next of the leaves, or new ones."""
    if isinstance(x, np.ndarray):
        return next(leaves) if leaves is not None and x.dtype.kind == "f" else engine.from_numpy(copy_of(x))
    if isinstance(x, (list, tuple)):
        return type(x)(tensors_of(engine, each, leaves) for each in x)
    return x


def copy_of(x: Any) -> Any:
    """A copy of an array with the same strides."""
    if x.base is None:
        return x.copy(order="K")
    base = x.base.copy(order="K")
    offset = x.__array_interface__["data"][0] - x.base.__array_interface__["data"][0]
    return np.ndarray(x.shape, x.dtype, base, offset, x.strides)


def is_tensor(x: Any) -> bool:
    """Whether something is a tensor of either engine."""
    return hasattr(type(x), "requires_grad_") and hasattr(x, "dtype")


def results(result: Any) -> Iterator[Any]:
    """The tensors among a call's results."""
    if isinstance(result, (tuple, list)):
        for each in result:
            yield from results(each)
    elif is_tensor(result):
        yield result


def array_of(tensor: Any) -> Any:
    """A tensor's elements as a NumPy array."""
    return tensor.detach().cpu().numpy()


def name_of(dtype: Any) -> str:
    """torch.float32 -> float32."""
    return str(dtype).rpartition(".")[2]


def tolerance(sample: Sample, sums: bool = False) -> Tolerance:
    """What rounding may change: by the coarsest dtype, and for sums (of squares) by the size of the values.

    The gradient of an operand that was broadcast is a sum as well.
    """
    floats = list(float_arrays([*sample.operands, *sample.options.values()]))
    named = [name for name in ROUNDING if name in (sample.options.get("dtype"), *(x.dtype.name for x in floats))]
    relative, absolute = ROUNDING[named[0] if named else "float32"]
    arrays = [x for x in sample.operands if isinstance(x, np.ndarray)]
    sums = sums or len({x.shape for x in arrays}) > 1
    nested = float_arrays([x for x in sample.operands if isinstance(x, (list, tuple))])
    sizes = [abs(x[np.isfinite(x)].astype("float64")).max(initial=1) for x in (*arrays, *nested)]
    return relative, absolute * max([1, *sizes]) ** 2 if sums else absolute


def upstream(engine: Any, result: Any, kind: str = "drawn") -> list[Any]:
    """A gradient for each result that requires grad: the same for both engines."""
    arrays = start_arrays(result, kind)
    return [engine.from_numpy(g) for g, y in zip(arrays, results(result)) if y.requires_grad]


def start_arrays(result: Any, kind: str = "drawn") -> list[Any]:
    """For each result an array of numbers from which a pass may start.

    kind: "drawn", "ones", or "not finite", with infinities and nans among the numbers.
    """
    rng = np.random.default_rng(24)
    arrays = []
    for y in results(result):
        g = np.asarray(np.round(rng.normal(0, 2, tuple(y.shape)), 2))
        if kind == "not finite":
            g = np.where(rng.random(g.shape) < 0.7, rng.choice([np.inf, -np.inf, np.nan], g.shape), g)
        arrays.append((np.ones_like(g) if kind == "ones" else g).astype(name_of(y.dtype)))
    return arrays


def backward(engine: Any, ran: Run, create_graph: bool = False, kind: str = "drawn") -> list[Any]:
    """The gradients of the leaves of a call (None where none arrives)."""
    starts = upstream(engine, ran.result, kind)
    engine.autograd.backward(ran.differentiable, starts, create_graph=create_graph)
    return [leaf.grad for leaf in ran.leaves]
