"""Functions of each element of a tensor.

The result has input's shape, and its dtype; but functions whose values are no integers give floats, of integers and
bools in the default float dtype.  Where a function is not defined the result is nan, and beyond the largest number inf,
without a warning.  TypeError for numbers and lists.
"""

from __future__ import annotations

import builtins
import math
from typing import TYPE_CHECKING, Any

from minigrad.arrays import array_module, quiet
from minigrad.engine.graph import raw, record, unrecorded
from minigrad.engine.order import copied, ordered
from minigrad.formats import copied_in_format
from minigrad.kernels.erf import error_function
from minigrad.ops.promotion import array_of, factor_for, floating, widened

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = [
    "abs",
    "ceil",
    "clone",
    "cos",
    "erf",
    "exp",
    "floor",
    "log",
    "log1p",
    "neg",
    "positive",
    "reciprocal",
    "round",
    "sign",
    "sin",
    "sqrt",
    "square",
    "tanh",
]


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
    """|input|, the absolute value; its gradient at 0 is 0."""
    x = array_of(input)
    return record(array_module(x).abs(x), (input,), (abs_da,))


def abs_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g * sign(a)


def sign(input: Tensor) -> Tensor:
    """-1, 0 or 1, the sign of each element; nan stays nan.  Its gradient is 0."""
    x = array_of(input)
    return record(copied(x) if x.dtype.kind == "b" else array_module(x).sign(x), (input,), (sign_da,))


def sign_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return zeros_for(g)


def zeros_for(g: Tensor) -> Tensor:
    """The gradient of what does not depend on its input: zeros, also where g is infinite or nan."""
    return unrecorded(array_module(raw(g)).zeros_like(raw(g)), g)


def floor(input: Tensor) -> Tensor:
    """The largest integer not above each element.  Its gradient is 0."""
    x = array_of(input)
    return record(array_module(x).floor(x).astype(x.dtype, copy=False), (input,), (floor_da,))


def floor_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return zeros_for(g)


def ceil(input: Tensor) -> Tensor:
    """The smallest integer not below each element.  Its gradient is 0."""
    x = array_of(input)
    return record(array_module(x).ceil(x).astype(x.dtype, copy=False), (input,), (ceil_da,))


def ceil_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return zeros_for(g)


def round(input: Tensor, *, decimals: int = 0) -> Tensor:
    """Rounded to so many decimals, halves to even.  Its gradient is 0.  NotImplementedError for bools."""
    x = array_of(input)
    if x.dtype.kind == "b":
        raise NotImplementedError("round(): not implemented for bools")
    xp, scale = array_module(x), 10.0 ** builtins.abs(decimals)  # CuPy's round(decimals) scales in float64
    with quiet():
        if decimals == 0 or x.dtype.kind != "f":
            value = ordered(x.round(decimals), x)
        else:
            wide = widened(x)
            value = xp.rint(wide * scale) / scale if decimals > 0 else xp.rint(wide / scale) * scale
            value = value.astype(x.dtype, copy=False)
    return record(value, (input,), (round_da,))


def round_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return zeros_for(g)


def exp(input: Tensor) -> Tensor:
    """e ** input, which is its own derivative; inf above 88.7 in float32."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = array_module(x).exp(x)
    return record(value, (a,), (exp_da,))


def exp_da(g: Tensor, out: Tensor, _a: Tensor) -> Tensor:
    return g * out


def log(input: Tensor) -> Tensor:
    """The natural logarithm: -inf at 0, nan below.  Its derivative is 1 / input."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = array_module(x).log(x)
    return record(value, (a,), (log_da,))


def log_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g / a


def log1p(input: Tensor) -> Tensor:
    """log(1 + input), exact also for small input."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = array_module(x).log1p(x)
    return record(value, (a,), (log1p_da,), name="Log1PBackward0")


def log1p_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g / (a + 1)


def sqrt(input: Tensor) -> Tensor:
    """The square root; nan below 0.  Its derivative at 0 is inf."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = array_module(x).sqrt(x)
    return record(value, (a,), (sqrt_da,))


def sqrt_da(g: Tensor, out: Tensor, _a: Tensor) -> Tensor:
    return g / (out * 2)


def sin(input: Tensor) -> Tensor:
    """The sine of angles in radians; its derivative is `cos`."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = array_module(x).sin(x)
    return record(value, (a,), (sin_da,))


def sin_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g * cos(a)


def cos(input: Tensor) -> Tensor:
    """The cosine of angles in radians; its derivative is -`sin`."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = array_module(x).cos(x)
    return record(value, (a,), (cos_da,))


def cos_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return -g * sin(a)


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent, (e ** input - e ** -input) / (e ** input + e ** -input): between -1 and 1."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = array_module(x).tanh(x)
    return record(value, (a,), (tanh_da,))


def tanh_da(g: Tensor, out: Tensor, _a: Tensor) -> Tensor:
    return g * (1 - out * out)


def erf(input: Tensor) -> Tensor:
    """The error function, 2 / sqrt(pi) times the integral of e ** -t ** 2 from 0 to input.

    Within 2 units in the last place: see minigrad.kernels.erf.
    """
    a = floating(input)
    with quiet():
        value = error_function(raw(a))
    return record(value, (a,), (erf_da,))


def erf_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g * (exp(-(a * a)) * factor_for(a, 2 / math.sqrt(math.pi)))


def reciprocal(input: Tensor) -> Tensor:
    """1 / input, a float also for integers; inf at 0.  Its derivative is -1 / input ** 2."""
    a = floating(input)
    with quiet():
        value = 1 / raw(a)
    return record(value, (a,), (reciprocal_da,))


def reciprocal_da(g: Tensor, out: Tensor, _a: Tensor) -> Tensor:
    return -g * (out * out)


def square(input: Tensor) -> Tensor:
    """input ** 2, of bools as int64; its derivative is 2 * input."""
    squared: Tensor = input**2
    return squared


def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy with memory of its own; gradients flow through.

    memory_format: that of the copy; by default the elements lie in input's order.
    """
    return record(copied_in_format("clone", array_of(input), memory_format), (input,), (clone_da,))


def clone_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return g
