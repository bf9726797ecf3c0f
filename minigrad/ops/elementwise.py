"""Functions of each element.

Float-valued functions take integers too, as the default float dtype.
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from minigrad.autograd.graph import raw, record
from minigrad.devices import array_module
from minigrad.ops.promotion import array_of, floating

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def neg(input: Tensor) -> Tensor:
    """-input.  RuntimeError for bools, which have no negative."""
    x = array_of(input)
    if x.dtype.kind == "b":
        raise RuntimeError("neg(): Negation, the `-` operator, on a bool tensor is not supported. Use ~a.")
    return record(-x, (input,), (neg_da,))


def neg_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return -g


def positive(input: Tensor) -> Tensor:
    """The tensor itself: what `+x` calls.  RuntimeError for bools."""
    if array_of(input).dtype.kind == "b":
        raise RuntimeError("positive(): The `+` operator, on a bool tensor is not supported.")
    return input


def abs(input: Tensor) -> Tensor:
    """|input|; its gradient at 0 is 0."""
    x = array_of(input)
    return record(array_module(x).abs(x), (input,), (abs_da,))


def abs_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g * sign(a)


def sign(input: Tensor) -> Tensor:
    """-1, 0 or 1; nan stays nan. Its gradient is 0."""
    x = array_of(input)
    return record(x.copy() if x.dtype.kind == "b" else array_module(x).sign(x), (input,), (sign_da,))


def sign_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return g * 0


def floor(input: Tensor) -> Tensor:
    """The largest integer not above each element.  Its gradient is 0."""
    x = array_of(input)
    return record(array_module(x).floor(x).astype(x.dtype, copy=False), (input,), (floor_da,))


def floor_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return g * 0


def ceil(input: Tensor) -> Tensor:
    """The smallest integer not below each element.  Its gradient is 0."""
    x = array_of(input)
    return record(array_module(x).ceil(x).astype(x.dtype, copy=False), (input,), (ceil_da,))


def ceil_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return g * 0


def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """Rounded to so many decimals, halves to even.  Its gradient is 0.  NotImplementedError for bools."""
    x = array_of(input)
    if x.dtype.kind == "b":
        raise NotImplementedError("round(): not implemented for bools")
    if decimals == 0 or x.dtype.kind != "f":
        return record(x.round(decimals), (input,), (round_da,))
    xp, scale = array_module(x), 10.0 ** builtins.abs(decimals)  # CuPy's round(decimals) scales in float64
    value = xp.rint(x * scale) / scale if decimals > 0 else xp.rint(x / scale) * scale
    return record(value, (input,), (round_da,))


def round_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return g * 0


def exp(input: Tensor) -> Tensor:
    """e ** input, elementwise."""
    a = floating(input)
    xp = array_module(raw(a))
    return record(xp.exp(raw(a)), (a,), (exp_da,))


def exp_da(g: Tensor, out: Tensor, _a: Tensor) -> Tensor:
    return g * out


def log(input: Tensor) -> Tensor:
    """The natural logarithm: -inf at 0, nan below."""
    a = floating(input)
    xp = array_module(raw(a))
    return record(xp.log(raw(a)), (a,), (log_da,))


def log_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g / a


def log1p(input: Tensor) -> Tensor:
    """log(1 + input), exact also for small input."""
    a = floating(input)
    xp = array_module(raw(a))
    return record(xp.log1p(raw(a)), (a,), (log1p_da,))


def log1p_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g / (a + 1)


def sqrt(input: Tensor) -> Tensor:
    """The square root; nan below 0."""
    a = floating(input)
    xp = array_module(raw(a))
    return record(xp.sqrt(raw(a)), (a,), (sqrt_da,))


def sqrt_da(g: Tensor, out: Tensor, _a: Tensor) -> Tensor:
    return g / (out * 2)


def sin(input: Tensor) -> Tensor:
    """The sine of angles in radians."""
    a = floating(input)
    xp = array_module(raw(a))
    return record(xp.sin(raw(a)), (a,), (sin_da,))


def sin_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g * cos(a)


def cos(input: Tensor) -> Tensor:
    """The cosine of angles in radians."""
    a = floating(input)
    xp = array_module(raw(a))
    return record(xp.cos(raw(a)), (a,), (cos_da,))


def cos_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return -g * sin(a)


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    a = floating(input)
    xp = array_module(raw(a))
    return record(xp.tanh(raw(a)), (a,), (tanh_da,))


def tanh_da(g: Tensor, out: Tensor, _a: Tensor) -> Tensor:
    return g * (1 - out * out)


def reciprocal(input: Tensor) -> Tensor:
    """1 / input."""
    a = floating(input)
    return record(1 / raw(a), (a,), (reciprocal_da,))


def reciprocal_da(g: Tensor, out: Tensor, _a: Tensor) -> Tensor:
    return -g * (out * out)


def square(input: Tensor) -> Tensor:
    """input ** 2."""
    squared: Tensor = input**2
    return squared


def clone(input: Tensor) -> Tensor:
    """A copy with memory of its own, which gradients flow through."""
    return record(array_of(input).copy(), (input,), (clone_da,))


def clone_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return g
