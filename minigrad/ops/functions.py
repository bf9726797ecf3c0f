"""Further functions of each element, written from tests/tables/elementwise.txt.

Those of one operand are as in `minigrad.ops.elementwise`, those of two as in `minigrad.ops.arithmetic`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from minigrad.arrays import array_module, quiet
from minigrad.engine.graph import raw, record, unrecorded
from minigrad.engine.order import ordered
from minigrad.kernels import special as kernels
from minigrad.kernels.special import complementary_error_function, inverse_error_function, log_gamma
from minigrad.ops.elementwise import cos, exp, sqrt, square, zeros_for
from minigrad.ops.mixing import bessel_i1, nonzero_square, polygamma
from minigrad.ops.pairs import floats, numbers
from minigrad.ops.promotion import array_of, floating
from minigrad.ops.selection import where

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = [
    "acos",
    "acosh",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "copysign",
    "cosh",
    "deg2rad",
    "digamma",
    "erfc",
    "erfinv",
    "exp2",
    "expm1",
    "fix",
    "fmax",
    "fmin",
    "frac",
    "gcd",
    "heaviside",
    "hypot",
    "i0",
    "isneginf",
    "isposinf",
    "isreal",
    "lcm",
    "lgamma",
    "log10",
    "log2",
    "logaddexp",
    "logaddexp2",
    "logical_xor",
    "nextafter",
    "rad2deg",
    "rsqrt",
    "sgn",
    "signbit",
    "sinc",
    "sinh",
    "tan",
    "trunc",
    "xlogy",
]


def tan(input: Tensor) -> Tensor:
    """The tangent of angles in radians, sin(input) / cos(input)."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = array_module(x).tan(x)
    return record(value, (a,), (tan_da,))


def tan_da(g: Tensor, out: Tensor, _a: Tensor) -> Tensor:
    return g * (1 + out * out)


def asin(input: Tensor) -> Tensor:
    """The angle whose sine is input, from -pi / 2 to pi / 2; nan outside of [-1, 1]."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = array_module(x).arcsin(x)
    return record(value, (a,), (asin_da,))


def asin_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g / sqrt(1 - a * a)


def arcsin(input: Tensor) -> Tensor:
    """As `asin`."""
    return asin(input)


def acos(input: Tensor) -> Tensor:
    """The angle whose cosine is input, from 0 to pi; nan outside of [-1, 1]."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = array_module(x).arccos(x)
    return record(value, (a,), (acos_da,))


def acos_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return -g / sqrt(1 - a * a)


def arccos(input: Tensor) -> Tensor:
    """As `acos`."""
    return acos(input)


def atan(input: Tensor) -> Tensor:
    """The angle whose tangent is input, from -pi / 2 to pi / 2."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = array_module(x).arctan(x)
    return record(value, (a,), (atan_da,))


def atan_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g / (a * a + 1)


def arctan(input: Tensor) -> Tensor:
    """As `atan`."""
    return atan(input)


def sinh(input: Tensor) -> Tensor:
    """The hyperbolic sine, (e ** input - e ** -input) / 2."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = array_module(x).sinh(x)
    return record(value, (a,), (sinh_da,))


def sinh_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g * cosh(a)


def cosh(input: Tensor) -> Tensor:
    """The hyperbolic cosine, (e ** input + e ** -input) / 2."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = array_module(x).cosh(x)
    return record(value, (a,), (cosh_da,))


def cosh_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g * sinh(a)


def asinh(input: Tensor) -> Tensor:
    """The number whose hyperbolic sine is input: log(input + sqrt(input ** 2 + 1))."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = array_module(x).arcsinh(x)
    return record(value, (a,), (asinh_da,))


def asinh_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g / sqrt(a * a + 1)


def arcsinh(input: Tensor) -> Tensor:
    """As `asinh`."""
    return asinh(input)


def acosh(input: Tensor) -> Tensor:
    """The number whose hyperbolic cosine is input: log(input + sqrt(input ** 2 - 1)); nan below 1."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = array_module(x).arccosh(x)
    return record(value, (a,), (acosh_da,))


def acosh_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g / sqrt(a * a - 1)


def arccosh(input: Tensor) -> Tensor:
    """As `acosh`."""
    return acosh(input)


def atanh(input: Tensor) -> Tensor:
    """The number whose hyperbolic tangent is input: log((1 + input) / (1 - input)) / 2; nan outside of [-1, 1]."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = array_module(x).arctanh(x)
    return record(value, (a,), (atanh_da,))


def atanh_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g / (1 - a * a)


def arctanh(input: Tensor) -> Tensor:
    """As `atanh`."""
    return atanh(input)


def exp2(input: Tensor) -> Tensor:
    """2 ** input, a float also for integers."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = array_module(x).exp2(x)
    return record(value, (a,), (exp2_da,))


def exp2_da(g: Tensor, out: Tensor, _a: Tensor) -> Tensor:
    return g * (out * math.log(2))


def expm1(input: Tensor) -> Tensor:
    """e ** input - 1, exact also for small input."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = array_module(x).expm1(x)
    return record(value, (a,), (expm1_da,))


def expm1_da(g: Tensor, out: Tensor, _a: Tensor) -> Tensor:
    return g * (out + 1)


def log2(input: Tensor) -> Tensor:
    """The logarithm to base 2: -inf at 0, nan below."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = array_module(x).log2(x)
    return record(value, (a,), (log2_da,))


def log2_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g / (a * math.log(2))


def log10(input: Tensor) -> Tensor:
    """The logarithm to base 10: -inf at 0, nan below."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = array_module(x).log10(x)
    return record(value, (a,), (log10_da,))


def log10_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g / (a * math.log(10))


def rsqrt(input: Tensor) -> Tensor:
    """1 / sqrt(input); inf at 0, nan below."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = 1 / array_module(x).sqrt(x)
    return record(ordered(value, x), (a,), (rsqrt_da,))


def rsqrt_da(g: Tensor, out: Tensor, _a: Tensor) -> Tensor:
    return g * (-0.5 * (out * out * out))


def erfc(input: Tensor) -> Tensor:
    """1 - erf(input), exact also where that is small."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = complementary_error_function(x)
    return record(ordered(value, x), (a,), (erfc_da,))


def erfc_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g * (exp(-(a * a)) * (-2 / math.sqrt(math.pi)))


def erfinv(input: Tensor) -> Tensor:
    """The number whose erf is input; nan outside of [-1, 1]."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = inverse_error_function(x)
    return record(ordered(value, x), (a,), (erfinv_da,))


def erfinv_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g * (exp(square(erfinv(a))) * (math.sqrt(math.pi) / 2))


def lgamma(input: Tensor) -> Tensor:
    """log(|gamma(input)|); inf at 0, -1, -2 and so on."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = log_gamma(x)
    return record(ordered(value, x), (a,), (lgamma_da,))


def lgamma_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g * digamma(a)


def digamma(input: Tensor) -> Tensor:
    """The derivative of lgamma; nan at -1, -2 and so on."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = kernels.digamma(x)
    return record(ordered(value, x), (a,), (digamma_da,))


def digamma_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g * polygamma(1, a)


def i0(input: Tensor) -> Tensor:
    """The modified Bessel function of order 0: the sum over k of (input / 2) ** (2 * k) / (k!) ** 2."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = kernels.bessel(x, 0)
    return record(ordered(value, x), (a,), (i0_da,))


def i0_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g * bessel_i1(a)


def sinc(input: Tensor) -> Tensor:
    """sin(pi * input) / (pi * input); 1 at 0."""
    a = floating(input)
    x = raw(a)
    xp = array_module(x)
    with quiet():
        value = xp.where(x == 0, x.dtype.type(1), xp.sin(math.pi * x) / (math.pi * x))
    return record(ordered(value, x), (a,), (sinc_da,))


def sinc_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return where(a == 0, 0.0, g * ((cos(a * math.pi) - sinc(a)) / where(a == 0, 1.0, a)))


def deg2rad(input: Tensor) -> Tensor:
    """Degrees in radians: input * pi / 180."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = x * x.dtype.type(math.pi / 180)
    return record(ordered(value, x), (a,), (deg2rad_da,), name="Deg2RadBackward0")


def deg2rad_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return g * (math.pi / 180)


def rad2deg(input: Tensor) -> Tensor:
    """Radians in degrees: input * 180 / pi."""
    a = floating(input)
    x = raw(a)
    with quiet():
        value = x * x.dtype.type(180 / math.pi)
    return record(ordered(value, x), (a,), (rad2deg_da,), name="Rad2DegBackward0")


def rad2deg_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return g * (180 / math.pi)


def trunc(input: Tensor) -> Tensor:
    """The integer part: rounded towards 0.  Its gradient is 0."""
    x = array_of(input)
    with quiet():
        value = x.copy() if x.dtype.kind != "f" else array_module(x).trunc(x)
    return record(ordered(value, x), (input,), (trunc_da,))


def trunc_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return zeros_for(g)


def fix(input: Tensor) -> Tensor:
    """As `trunc`."""
    return trunc(input)


def frac(input: Tensor) -> Tensor:
    """What the integer part leaves: input - trunc(input)."""
    x = array_of(input)
    with quiet():
        value = x - array_module(x).trunc(x)
    return record(ordered(value, x), (input,), (frac_da,))


def frac_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return g


def sgn(input: Tensor) -> Tensor:
    """-1, 0 or 1, as `sign`; 0 also for nan.  Its gradient is 0."""
    x = array_of(input)
    xp = array_module(x)
    with quiet():
        value = x.copy() if x.dtype.kind == "b" else xp.where(x != x, x.dtype.type(0), xp.sign(x))
    return record(ordered(value, x), (input,), (sgn_da,))


def sgn_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return zeros_for(g)


def signbit(input: Tensor) -> Tensor:
    """Whether the sign is minus, also that of -0.0."""
    x = array_of(input)
    with quiet():
        value = array_module(x).signbit(x) if x.dtype.kind == "f" else x < 0
    return unrecorded(ordered(value, x), input)


def isposinf(input: Tensor) -> Tensor:
    """Whether each element is inf; never so for integers."""
    x = array_of(input)
    with quiet():
        value = x == math.inf
    return unrecorded(ordered(value, x), input)


def isneginf(input: Tensor) -> Tensor:
    """Whether each element is -inf; never so for integers."""
    x = array_of(input)
    with quiet():
        value = x == -math.inf
    return unrecorded(ordered(value, x), input)


def isreal(input: Tensor) -> Tensor:
    """True everywhere: there are no complex numbers."""
    x = array_of(input)
    with quiet():
        value = array_module(x).ones(x.shape, bool)
    return unrecorded(ordered(value, x), input)


def atan2(input: Any, other: Any) -> Tensor:
    """The angle of the point (other, input), from -pi to pi."""
    a, b = floats("atan2", input, other)
    x, y = raw(a), raw(b)
    with quiet():
        value = array_module(x).arctan2(x, y)
    return record(value, (a, b), (atan2_da, atan2_db))


def atan2_da(g: Tensor, _out: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return g * (b / nonzero_square(a, b))


def atan2_db(g: Tensor, _out: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return g * (-a / nonzero_square(a, b))


def arctan2(input: Any, other: Any) -> Tensor:
    """As `atan2`."""
    return atan2(input, other)


def hypot(input: Any, other: Any) -> Tensor:
    """sqrt(input ** 2 + other ** 2), without overflow.  NotImplementedError for integers."""
    a, b = numbers("hypot", input, other)
    x, y = raw(a), raw(b)
    with quiet():
        value = array_module(x).hypot(x, y)
    return record(value, (a, b), (hypot_da, hypot_db))


def hypot_da(g: Tensor, out: Tensor, a: Tensor, _b: Tensor) -> Tensor:
    return g * (a / out)


def hypot_db(g: Tensor, out: Tensor, _a: Tensor, b: Tensor) -> Tensor:
    return g * (b / out)


def copysign(input: Any, other: Any) -> Tensor:
    """|input| with the sign of other; the gradient of other is 0."""
    a, b = floats("copysign", input, other)
    x, y = raw(a), raw(b)
    with quiet():
        value = array_module(x).copysign(x, y)
    return record(value, (a, b), (copysign_da, copysign_db))


def copysign_da(g: Tensor, out: Tensor, a: Tensor, _b: Tensor) -> Tensor:
    return g * where(a == 0, 0.0, out / where(a == 0, 1.0, a))


def copysign_db(g: Tensor, _out: Tensor, _a: Tensor, _b: Tensor) -> Tensor:
    return zeros_for(g)


def xlogy(input: Any, other: Any) -> Tensor:
    """input * log(other); 0 where input is 0, unless other is nan."""
    a, b = floats("xlogy", input, other)
    x, y = raw(a), raw(b)
    xp = array_module(x)
    with quiet():
        value = xp.where(y != y, y, xp.where(x == 0, y.dtype.type(0), x * xp.log(y)))
    return record(ordered(value, x, y), (a, b), (xlogy_da, xlogy_db))


def xlogy_da(g: Tensor, _out: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return where((a == 0) & (b <= 0), 0.0, xlogy(g, b))


def xlogy_db(g: Tensor, _out: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return g * a / b


def fmax(input: Any, other: Any) -> Tensor:
    """The larger of two elements; of a number and nan the number.  The gradient goes to the one that is taken."""
    a, b = numbers("fmax", input, other)
    x, y = raw(a), raw(b)
    with quiet():
        value = array_module(x).fmax(x, y)
    return record(value, (a, b), (fmax_da, fmax_db))


def fmax_da(g: Tensor, _out: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return where((a >= b) | (b != b), g, 0.0)


def fmax_db(g: Tensor, _out: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return where((a >= b) | (b != b), 0.0, g)


def fmin(input: Any, other: Any) -> Tensor:
    """The smaller of two elements; of a number and nan the number.  The gradient goes to the one that is taken."""
    a, b = numbers("fmin", input, other)
    x, y = raw(a), raw(b)
    with quiet():
        value = array_module(x).fmin(x, y)
    return record(value, (a, b), (fmin_da, fmin_db))


def fmin_da(g: Tensor, _out: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return where((a <= b) | (b != b), g, 0.0)


def fmin_db(g: Tensor, _out: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return where((a <= b) | (b != b), 0.0, g)


def logaddexp(input: Any, other: Any) -> Tensor:
    """log(e ** input + e ** other), without overflow.  NotImplementedError for integers."""
    a, b = numbers("logaddexp", input, other)
    x, y = raw(a), raw(b)
    with quiet():
        value = array_module(x).logaddexp(x, y)
    return record(value, (a, b), (logaddexp_da, logaddexp_db))


def logaddexp_da(g: Tensor, _out: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return g / (1 + exp(b - a))


def logaddexp_db(g: Tensor, _out: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return g / (1 + exp(a - b))


def logaddexp2(input: Any, other: Any) -> Tensor:
    """log2(2 ** input + 2 ** other), without overflow.  NotImplementedError for integers."""
    a, b = numbers("logaddexp2", input, other)
    x, y = raw(a), raw(b)
    with quiet():
        value = array_module(x).logaddexp2(x, y)
    return record(value, (a, b), (logaddexp2_da, logaddexp2_db), name="Logaddexp2Backward0")


def logaddexp2_da(g: Tensor, _out: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return g / (1 + exp2(b - a))


def logaddexp2_db(g: Tensor, _out: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return g / (1 + exp2(a - b))


def heaviside(input: Any, values: Any) -> Tensor:
    """The unit step: 0 below 0, 1 above it, and values at 0."""
    a, b = numbers("heaviside", input, values)
    x, y = raw(a), raw(b)
    with quiet():
        value = array_module(x).where(x == 0, y, (x > 0).astype(x.dtype))
    return unrecorded(ordered(value, x, y), a, b)


def gcd(input: Any, other: Any) -> Tensor:
    """The greatest common divisor of integers.  NotImplementedError for floats and bools."""
    a, b = numbers("gcd", input, other)
    x, y = raw(a), raw(b)
    with quiet():
        value = array_module(x).gcd(x, y)
    return unrecorded(value, a, b)


def lcm(input: Any, other: Any) -> Tensor:
    """The least common multiple of integers.  NotImplementedError for floats and bools."""
    a, b = numbers("lcm", input, other)
    x, y = raw(a), raw(b)
    with quiet():
        value = array_module(x).lcm(x, y)
    return unrecorded(value, a, b)


def nextafter(input: Any, other: Any) -> Tensor:
    """The next float after input towards other.  NotImplementedError for integers."""
    a, b = numbers("nextafter", input, other)
    x, y = raw(a), raw(b)
    with quiet():
        value = array_module(x).nextafter(x, y)
    return record(value, (a, b), (nextafter_da, nextafter_db))


def nextafter_da(g: Tensor, _out: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return where(a == b, 0.0, g)


def nextafter_db(g: Tensor, _out: Tensor, _a: Tensor, _b: Tensor) -> Tensor:
    return zeros_for(g)


def logical_xor(input: Any, other: Any) -> Tensor:
    """True where exactly one of two is not 0."""
    a, b = numbers("logical_xor", input, other)
    x, y = raw(a), raw(b)
    with quiet():
        value = (x != 0) ^ (y != 0)
    return unrecorded(ordered(value, x, y), a, b)
