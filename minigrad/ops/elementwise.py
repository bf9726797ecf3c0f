"""Functions of each element.

Float-valued functions take integers too, as the default float dtype.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minigrad.autograd.graph import raw, record
from minigrad.devices import array_module
from minigrad.ops.promotion import floating

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def neg(a: Tensor) -> Tensor:
    """-a.  RuntimeError for bools, which have no negative."""
    if raw(a).dtype.kind == "b":
        raise RuntimeError("neg(): Negation, the `-` operator, on a bool tensor is not supported. Use ~a.")
    return record(-raw(a), (a,), (neg_da,))


def neg_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return -g


def abs(a: Tensor) -> Tensor:
    """|a|; its gradient at 0 is 0."""
    return record(array_module(raw(a)).abs(raw(a)), (a,), (abs_da,))


def abs_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g * sign(a)


def sign(a: Tensor) -> Tensor:
    """-1, 0 or 1; nan stays nan. Its gradient is 0."""
    return record(array_module(raw(a)).sign(raw(a)), (a,), (sign_da,))


def sign_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return g * 0


def floor(a: Tensor) -> Tensor:
    """The largest integer not above a.  Its gradient is 0."""
    return record(array_module(raw(a)).floor(raw(a)).astype(raw(a).dtype), (a,), (floor_da,))


def floor_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return g * 0


def ceil(a: Tensor) -> Tensor:
    """The smallest integer not below a.  Its gradient is 0."""
    return record(array_module(raw(a)).ceil(raw(a)).astype(raw(a).dtype), (a,), (ceil_da,))


def ceil_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return g * 0


def round(a: Tensor, *, decimals: int = 0) -> Tensor:
    """a rounded, halves to even.  Its gradient is 0."""
    return record(raw(a).round(decimals), (a,), (round_da,))


def round_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return g * 0


def exp(a: Tensor) -> Tensor:
    """e ** a, elementwise."""
    a = floating(a)
    xp = array_module(raw(a))
    return record(xp.exp(raw(a)), (a,), (exp_da,))


def exp_da(g: Tensor, out: Tensor, _a: Tensor) -> Tensor:
    return g * out


def log(a: Tensor) -> Tensor:
    """The natural logarithm: -inf at 0, nan below."""
    a = floating(a)
    xp = array_module(raw(a))
    return record(xp.log(raw(a)), (a,), (log_da,))


def log_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g / a


def log1p(a: Tensor) -> Tensor:
    """log(1 + a), exact also for small a."""
    a = floating(a)
    xp = array_module(raw(a))
    return record(xp.log1p(raw(a)), (a,), (log1p_da,))


def log1p_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g / (a + 1)


def sqrt(a: Tensor) -> Tensor:
    """The square root; nan below 0."""
    a = floating(a)
    xp = array_module(raw(a))
    return record(xp.sqrt(raw(a)), (a,), (sqrt_da,))


def sqrt_da(g: Tensor, out: Tensor, _a: Tensor) -> Tensor:
    return g / (out * 2)


def sin(a: Tensor) -> Tensor:
    """The sine of a, in radians."""
    a = floating(a)
    xp = array_module(raw(a))
    return record(xp.sin(raw(a)), (a,), (sin_da,))


def sin_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g * cos(a)


def cos(a: Tensor) -> Tensor:
    """The cosine of a, in radians."""
    a = floating(a)
    xp = array_module(raw(a))
    return record(xp.cos(raw(a)), (a,), (cos_da,))


def cos_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return -g * sin(a)


def tanh(a: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    a = floating(a)
    xp = array_module(raw(a))
    return record(xp.tanh(raw(a)), (a,), (tanh_da,))


def tanh_da(g: Tensor, out: Tensor, _a: Tensor) -> Tensor:
    return g * (1 - out * out)


def reciprocal(a: Tensor) -> Tensor:
    """1 / a."""
    a = floating(a)
    return record(1 / raw(a), (a,), (reciprocal_da,))


def reciprocal_da(g: Tensor, out: Tensor, _a: Tensor) -> Tensor:
    return -g * (out * out)


def square(a: Tensor) -> Tensor:
    """a ** 2."""
    squared: Tensor = a**2
    return squared


def clone(a: Tensor) -> Tensor:
    """A copy with memory of its own, which gradients flow through."""
    return record(raw(a).copy(), (a,), (clone_da,))


def clone_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return g
