"""Questions with yes or no for an answer: bool tensors, without derivatives; and the bits of integers.

Operands are as in `minigrad.ops.arithmetic`, and so are their shapes and errors; `all` and `any` take dim and keepdim
as in `minigrad.ops.reductions`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.arrays import array_module, quiet
from minigrad.engine.graph import TensorBase, raw, unrecorded
from minigrad.engine.order import by_rows, ordered
from minigrad.gpu.placement import check_devices
from minigrad.ops.dims import reduced_axes
from minigrad.ops.promotion import array_of, arrays_of, check_broadcast, operands

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = [
    "all",
    "allclose",
    "any",
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "eq",
    "equal",
    "ge",
    "gt",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "le",
    "logical_and",
    "logical_not",
    "logical_or",
    "lt",
    "ne",
]


def comparable(x: Any) -> bool:
    """Whether == can compare a tensor with x at all; with anything else it is simply False."""
    return isinstance(x, (TensorBase, bool, int, float, np.ndarray, np.generic))


def eq(input: Any, other: Any) -> Tensor:
    """input == other, elementwise: what `x == y` calls."""
    a, b = operands(input, other)
    with quiet():
        value = raw(a) == raw(b)
    return unrecorded(value, a, b)


def ne(input: Any, other: Any) -> Tensor:
    """input != other, elementwise: what `x != y` calls."""
    a, b = operands(input, other)
    with quiet():
        value = raw(a) != raw(b)
    return unrecorded(value, a, b)


def lt(input: Any, other: Any) -> Tensor:
    """input < other, elementwise: what `x < y` calls."""
    a, b = operands(input, other)
    with quiet():
        value = raw(a) < raw(b)
    return unrecorded(value, a, b)


def le(input: Any, other: Any) -> Tensor:
    """input <= other, elementwise: what `x <= y` calls."""
    a, b = operands(input, other)
    with quiet():
        value = raw(a) <= raw(b)
    return unrecorded(value, a, b)


def gt(input: Any, other: Any) -> Tensor:
    """input > other, elementwise: what `x > y` calls."""
    a, b = operands(input, other)
    with quiet():
        value = raw(a) > raw(b)
    return unrecorded(value, a, b)


def ge(input: Any, other: Any) -> Tensor:
    """input >= other, elementwise: what `x >= y` calls."""
    a, b = operands(input, other)
    with quiet():
        value = raw(a) >= raw(b)
    return unrecorded(value, a, b)


def logical_not(input: Any) -> Tensor:
    """True where input is 0 or False."""
    return unrecorded(array_of(input) == 0, input)


def logical_and(input: Any, other: Any) -> Tensor:
    """True where both input and other are non-zero."""
    a, b = operands(input, other)
    return unrecorded(ordered((raw(a) != 0) & (raw(b) != 0), *arrays_of(a, b)), a, b)


def logical_or(input: Any, other: Any) -> Tensor:
    """True where input or other is non-zero, or both."""
    a, b = operands(input, other)
    return unrecorded(ordered((raw(a) != 0) | (raw(b) != 0), *arrays_of(a, b)), a, b)


def bitwise_and(input: Any, other: Any) -> Tensor:
    """input & other of bools or integers: each bit 1 where both have 1.  NotImplementedError for floats."""
    a, b = operands(input, other)
    refuse_floats("bitwise_and", a, b)
    return unrecorded(raw(a) & raw(b), a, b)


def bitwise_or(input: Any, other: Any) -> Tensor:
    """input | other of bools or integers: each bit 1 where either has 1.  NotImplementedError for floats."""
    a, b = operands(input, other)
    refuse_floats("bitwise_or", a, b)
    return unrecorded(raw(a) | raw(b), a, b)


def bitwise_xor(input: Any, other: Any) -> Tensor:
    """input ^ other of bools or integers: each bit 1 where one alone has 1.  NotImplementedError for floats."""
    a, b = operands(input, other)
    refuse_floats("bitwise_xor", a, b)
    return unrecorded(raw(a) ^ raw(b), a, b)


def bitwise_left_shift(input: Any, other: Any) -> Tensor:
    """input << other of integers; 0 where other is negative or as large as the number of bits.

    NotImplementedError for floats, and for two bools.
    """
    a, b = operands(input, other)
    x, y, fits = shift_operands("bitwise_left_shift", a, b)
    return unrecorded((x << y) * fits, a, b)


def bitwise_right_shift(input: Any, other: Any) -> Tensor:
    """input >> other of integers; all bits are the sign's where other is negative or as large as their number.

    NotImplementedError for floats, and for two bools.
    """
    a, b = operands(input, other)
    x, y, fits = shift_operands("bitwise_right_shift", a, b)
    return unrecorded((x >> y) * fits if x.dtype.kind == "u" else x >> y, a, b)


def rlshift(input: Any, other: Any) -> Tensor:
    """other << input: what `2 << x` calls."""
    return bitwise_left_shift(other, input)


def rrshift(input: Any, other: Any) -> Tensor:
    """other >> input: what `8 >> x` calls."""
    return bitwise_right_shift(other, input)


def shift_operands(op: str, a: Any, b: Any) -> tuple[Any, Any, Any]:
    """The raw integers, the bits to shift them by (at most all but one), and whether it was that many.

    NotImplementedError for floats and bools.
    """
    x, y = raw(a), raw(b)
    dtype = x.dtype if hasattr(x, "dtype") else y.dtype
    if dtype.kind not in "iu":
        raise NotImplementedError(f"{op}(): not implemented for {dtype}, only for integers")
    xp = array_module(x if hasattr(x, "dtype") else y)
    x, y, most = xp.asarray(x, dtype), xp.asarray(y, dtype), dtype.itemsize * 8 - 1
    fits = (y >= 0) & (y <= most)
    return x, xp.where(fits, y, dtype.type(most)), fits


def bitwise_not(input: Any) -> Tensor:
    """~input of bools or integers: each bit the other one, so -input - 1.  NotImplementedError for floats."""
    x = array_of(input)
    refuse_floats("bitwise_not", input)
    return unrecorded(~x, input)


def refuse_floats(op: str, *operands: Any) -> None:
    """Bits are of bools and integers: NotImplementedError for floats."""
    for x in operands:
        if isinstance(x, TensorBase) and x.array.dtype.kind == "f":
            raise NotImplementedError(
                f"{op}(): not implemented for {x.array.dtype} tensors, only for bools and integers"
            )


def isnan(input: Any) -> Tensor:
    """True where input is not a number: nan; never for integers."""
    x = array_of(input)
    return unrecorded(x != x, input)


def isinf(input: Any) -> Tensor:
    """True where input is inf or -inf; never for integers."""
    x = array_of(input)
    return unrecorded(array_module(x).isinf(x), input)


def isfinite(input: Any) -> Tensor:
    """True where input is neither infinite nor nan."""
    x = array_of(input)
    return unrecorded(array_module(x).isfinite(x), input)


def all(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether all elements (along dim) are non-zero: a bool; True of none."""
    value = array_of(input).astype(bool).all(reduced_axes(input, dim), keepdims=keepdim)
    return unrecorded(by_rows(value), input)


def any(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether an element (along dim) is non-zero: a bool; False of none."""
    value = array_of(input).astype(bool).any(reduced_axes(input, dim), keepdims=keepdim)
    return unrecorded(by_rows(value), input)


def isclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Tensor:
    """True where |input - other| <= atol + rtol * |other|, and for equal infinities.

    equal_nan: whether two nans are close.  RuntimeError for two dtypes, and for tolerances below 0.
    """
    check_devices(input, other)
    for name, tolerance in (("rtol", rtol), ("atol", atol)):
        if not tolerance >= 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {tolerance}")
    x, y = array_of(input), array_of(other)
    if x.dtype != y.dtype:
        raise RuntimeError(f"isclose(): {x.dtype} did not match {y.dtype}. Convert one of them with .to(dtype).")
    check_broadcast(x.shape, y.shape)
    with quiet():
        value = ordered(array_module(x).isclose(x, y, rtol, atol, equal_nan), x, y)
    return unrecorded(value, input, other)


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> bool:
    """Whether |input - other| <= atol + rtol * |other| everywhere: a Python bool.

    equal_nan: whether two nans are close.  RuntimeError for two dtypes.
    """
    return bool(raw(isclose(input, other, rtol, atol, equal_nan)).all())


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and the same elements: a Python bool; nan equals nothing."""
    check_devices(input, other)
    x, y = array_of(input), array_of(other)
    return x.shape == y.shape and bool((x == y).all())
