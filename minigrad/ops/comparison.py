"""Questions with yes or no for an answer: bool tensors, without derivatives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.autograd.graph import Variable, raw, unrecorded
from minigrad.devices import array_module
from minigrad.ops.dims import reduced_axes
from minigrad.ops.promotion import operands

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def comparable(x: Any) -> bool:
    """Whether == can compare a tensor with x at all; with anything else it is simply False."""
    return isinstance(x, (Variable, bool, int, float, np.ndarray, np.generic))


def eq(a: Any, b: Any) -> Tensor:
    """a == b, elementwise with broadcasting."""
    a, b = operands(a, b)
    return unrecorded(raw(a) == raw(b), a, b)


def ne(a: Any, b: Any) -> Tensor:
    """a != b, elementwise with broadcasting."""
    a, b = operands(a, b)
    return unrecorded(raw(a) != raw(b), a, b)


def lt(a: Any, b: Any) -> Tensor:
    """a < b, elementwise with broadcasting."""
    a, b = operands(a, b)
    return unrecorded(raw(a) < raw(b), a, b)


def le(a: Any, b: Any) -> Tensor:
    """a <= b, elementwise with broadcasting."""
    a, b = operands(a, b)
    return unrecorded(raw(a) <= raw(b), a, b)


def gt(a: Any, b: Any) -> Tensor:
    """a > b, elementwise with broadcasting."""
    a, b = operands(a, b)
    return unrecorded(raw(a) > raw(b), a, b)


def ge(a: Any, b: Any) -> Tensor:
    """a >= b, elementwise with broadcasting."""
    a, b = operands(a, b)
    return unrecorded(raw(a) >= raw(b), a, b)


def logical_not(a: Any) -> Tensor:
    """True where a is 0 or False."""
    return unrecorded(raw(a) == 0, a)


def logical_and(a: Any, b: Any) -> Tensor:
    """True where both are non-zero."""
    a, b = operands(a, b)
    return unrecorded((raw(a) != 0) & (raw(b) != 0), a, b)


def logical_or(a: Any, b: Any) -> Tensor:
    """True where one or both are non-zero."""
    a, b = operands(a, b)
    return unrecorded((raw(a) != 0) | (raw(b) != 0), a, b)


def bitwise_and(a: Any, b: Any) -> Tensor:
    """a & b of bools or integers."""
    a, b = operands(a, b)
    refuse_floats("bitwise_and", a, b)
    return unrecorded(raw(a) & raw(b), a, b)


def bitwise_or(a: Any, b: Any) -> Tensor:
    """a | b of bools or integers."""
    a, b = operands(a, b)
    refuse_floats("bitwise_or", a, b)
    return unrecorded(raw(a) | raw(b), a, b)


def bitwise_xor(a: Any, b: Any) -> Tensor:
    """a ^ b of bools or integers."""
    a, b = operands(a, b)
    refuse_floats("bitwise_xor", a, b)
    return unrecorded(raw(a) ^ raw(b), a, b)


def bitwise_not(a: Any) -> Tensor:
    """~a of bools or integers."""
    refuse_floats("bitwise_not", a)
    return unrecorded(~raw(a), a)


def refuse_floats(op: str, *operands: Any) -> None:
    """Bits are of bools and integers: RuntimeError for floats."""
    for x in operands:
        if isinstance(x, Variable) and x.array.dtype.kind == "f":
            raise RuntimeError(f"{op}(): not implemented for {x.array.dtype} tensors, only for bools and integers")


def isnan(a: Any) -> Tensor:
    """True where a is not a number."""
    return unrecorded(raw(a) != raw(a), a)


def isinf(a: Any) -> Tensor:
    """True where a is inf or -inf."""
    return unrecorded(array_module(raw(a)).isinf(raw(a)), a)


def isfinite(a: Any) -> Tensor:
    """True where a is neither infinite nor nan."""
    return unrecorded(array_module(raw(a)).isfinite(raw(a)), a)


def all(a: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether all elements (along dim) are non-zero."""
    return unrecorded(raw(a).astype(bool).all(reduced_axes(a, dim), keepdims=keepdim), a)


def any(a: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether an element (along dim) is non-zero."""
    return unrecorded(raw(a).astype(bool).any(reduced_axes(a, dim), keepdims=keepdim), a)


def isclose(
    a: Tensor, b: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Tensor:
    """True where |a - b| <= atol + rtol * |b|.  RuntimeError for two dtypes."""
    if raw(a).dtype != raw(b).dtype:
        raise RuntimeError(
            f"isclose(): {raw(a).dtype} did not match {raw(b).dtype}. Convert one of them with .to(dtype)."
        )
    xp = array_module(raw(a))
    return unrecorded(xp.isclose(raw(a), raw(b), rtol, atol, equal_nan), a, b)


def allclose(
    a: Tensor, b: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Whether |a - b| <= atol + rtol * |b| everywhere.  RuntimeError for two dtypes."""
    return bool(raw(isclose(a, b, rtol, atol, equal_nan)).all())


def equal(a: Tensor, b: Tensor) -> bool:
    """Whether two tensors have the same shape and the same elements."""
    return raw(a).shape == raw(b).shape and bool((raw(a) == raw(b)).all())
