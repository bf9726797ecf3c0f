"""The same call on PyTorch and on minigrad, and what must be equal afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from engines import TENSORS
from samples import Sample

import minigrad

ROUNDING = {"float16": (3e-2, 5e-3), "float32": (2e-5, 2e-6), "float64": (1e-11, 1e-12)}
"""Relative and absolute errors of one rounding or a few, the coarsest dtype first."""


@dataclass
class Run:
    """What came of a call: its result or the error, and the tensors that required grad."""

    result: Any
    error: Exception | None
    leaves: list[Any]


def run(call: Callable[..., Any], engine: Any, sample: Sample, requires_grad: bool = False) -> Run:
    """Call an op of one engine with a sample, its float operands requiring grad or not."""
    function, leaves = bind(call, engine, sample)
    if requires_grad:
        leaves = [leaf.requires_grad_() for leaf in leaves]
    try:
        return Run(function(*leaves), None, leaves)
    except Exception as error:
        return Run(None, error, leaves)


def bind(call: Callable[..., Any], engine: Any, sample: Sample) -> tuple[Callable[..., Any], list[Any]]:
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


Tolerance = tuple[float, float]
"""Relative and absolute."""


def check_equal(mine: Any, theirs: Any, tolerance: Tolerance | None = (0, 0)) -> None:
    """Two results must have the same types, dtypes, shapes, need of grad, and (unless None) values."""
    if isinstance(theirs, TENSORS):
        assert isinstance(mine, minigrad.Tensor), f"{mine} instead of {theirs}"
        assert name_of(mine.dtype) == name_of(theirs.dtype)
        assert tuple(mine.shape) == tuple(theirs.shape)
        assert mine.requires_grad == theirs.requires_grad
        if tolerance is not None:
            np.testing.assert_allclose(mine.detach().numpy(), theirs.detach().numpy(), *tolerance, equal_nan=True)
    elif isinstance(theirs, (tuple, list)):
        assert len(mine) == len(theirs)
        for each_of_mine, each_of_theirs in zip(mine, theirs, strict=True):
            check_equal(each_of_mine, each_of_theirs, tolerance)
    else:
        assert type(mine) is type(theirs)
        assert mine == theirs


def tolerance(sample: Sample, sums: bool = False) -> Tolerance:
    """What rounding may change: by the coarsest dtype, and for sums (of squares) by the size of the values.

    The gradient of an operand that was broadcast is a sum as well.
    """
    floats = list(float_arrays([*sample.operands, *sample.options.values()]))
    named = [name for name in ROUNDING if name in (sample.options.get("dtype"), *(x.dtype.name for x in floats))]
    relative, absolute = ROUNDING[named[0] if named else "float32"]
    arrays = [x for x in sample.operands if isinstance(x, np.ndarray)]
    sums = sums or len({x.shape for x in arrays}) > 1
    sizes = [abs(x[np.isfinite(x)].astype("float64")).max(initial=1) for x in arrays]
    return relative, absolute * max([1, *sizes]) ** 2 if sums else absolute


def both_succeeded(mine: Run, theirs: Run) -> bool:
    """Whether both calls gave results; AssertionError where one failed and the other should have.

    minigrad's error must be of PyTorch's type.  It may compute where PyTorch has not implemented a dtype, and
    refuse operands of the wrong kind also where they are empty and PyTorch therefore does not look.
    """
    if mine.error is None and theirs.error is None:
        return True
    refused = isinstance(mine.error, mine_of(type(theirs.error))) if theirs.error else all_empty(theirs.result)
    if not refused and not isinstance(theirs.error, NotImplementedError):
        raise AssertionError(f"minigrad: {mine.error!r}\nPyTorch: {theirs.error!r}") from mine.error
    return False


def mine_of(kind: type[Exception]) -> type[Exception]:
    """minigrad's type of an error of PyTorch's."""
    return minigrad.linalg.LinAlgError if kind.__name__ == "_LinAlgError" else kind


def all_empty(result: Any) -> bool:
    """Whether a result has tensors, but no elements."""
    return all(y.numel() == 0 for y in results(result)) and any(True for _ in results(result))


def name_of(dtype: Any) -> str:
    """torch.float32 -> float32."""
    return str(dtype).partition(".")[2]


def results(result: Any) -> Iterator[Any]:
    """The tensors among a call's results."""
    if isinstance(result, (tuple, list)):
        for each in result:
            yield from results(each)
    elif isinstance(result, TENSORS):
        yield result


def upstream(engine: Any, result: Any, not_finite: bool = False) -> list[Any]:
    """A gradient for each result that requires grad: the same for both engines.

    not_finite: with infinities and nans among its numbers.
    """
    rng = np.random.default_rng(7)
    drawn = []
    for y in results(result):
        g = np.asarray(np.round(rng.normal(0, 2, tuple(y.shape)), 2))
        if not_finite:
            g = np.where(rng.random(g.shape) < 0.7, rng.choice([np.inf, -np.inf, np.nan], g.shape), g)
        if y.requires_grad:
            drawn.append(engine.from_numpy(g.astype(name_of(y.dtype))))
    return drawn


def backward(engine: Any, ran: Run, create_graph: bool = False, not_finite: bool = False) -> list[Any]:
    """The gradients of the leaves of a call (None where none arrives)."""
    outputs = [y for y in results(ran.result) if y.requires_grad]
    starts = upstream(engine, ran.result, not_finite)
    engine.autograd.backward(outputs, starts, create_graph=create_graph)
    return [leaf.grad for leaf in ran.leaves]
