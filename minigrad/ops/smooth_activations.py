"""Activations like relu, but (mostly) without its corner: leaky_relu, elu, softplus, silu, gelu; and erf."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import dtypes
from minigrad.autograd.graph import raw, record
from minigrad.devices import array_module
from minigrad.fused import fused
from minigrad.ops.activations import sigmoid
from minigrad.ops.elementwise import exp, tanh
from minigrad.ops.promotion import array_of, floating, op_called
from minigrad.ops.selection import clamp, where
from minigrad.random.pieces import piecewise

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def float_array(input: Any) -> Any:
    """The operand's array; NotImplementedError for integers and bools."""
    x = array_of(input)
    if x.dtype.kind != "f":
        raise NotImplementedError(f"{op_called()}(): not implemented for {x.dtype}: use input.float()")
    return x


def leaky_relu(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """input where it is above 0, else input * negative_slope."""
    x = float_array(input)
    xp = array_module(x)
    value = xp.maximum(x, 0) + xp.minimum(x, 0) * negative_slope  # a third of the time that where() takes
    return record(value, (input,), (leaky_relu_da,), negative_slope)


def leaky_relu_da(g: Tensor, _out: Tensor, a: Tensor, negative_slope: float) -> Tensor:
    above = a > 0
    return g * above + g * negative_slope * ~above


def elu(input: Tensor, alpha: float = 1.0) -> Tensor:
    """input where it is above 0, else alpha * (e ** input - 1).

    D.-A. Clevert et al. (2015), https://arxiv.org/abs/1511.07289
    """
    x = float_array(input)
    xp = array_module(x)
    return record(xp.where(x > 0, x, xp.expm1(x) * alpha), (input,), (elu_da,), alpha)


def elu_da(g: Tensor, _out: Tensor, a: Tensor, alpha: float) -> Tensor:
    return where(a > 0, g, g * (exp(clamp(a, max=0.0)) * alpha))


def softplus(input: Tensor, beta: float = 1, threshold: float = 20) -> Tensor:
    """log(1 + e ** (beta * input)) / beta; where beta * input is above the threshold, the input itself."""
    x = float_array(input)
    xp = array_module(x)
    scaled = x * beta
    smooth = (xp.maximum(scaled, 0) + xp.log1p(xp.exp(-xp.abs(scaled)))) / x.dtype.type(beta)
    return record(xp.where(scaled > threshold, x, smooth), (input,), (softplus_da,), beta, threshold)


def softplus_da(g: Tensor, _out: Tensor, a: Tensor, beta: float, threshold: float) -> Tensor:
    return where(a * beta > threshold, g, g * sigmoid(a * beta))


def silu(input: Tensor) -> Tensor:
    """input * sigmoid(input).  S. Elfwing et al. (2017), https://arxiv.org/abs/1702.03118"""
    x = float_array(input)
    return record(x * sigmoid(x), (input,), (silu_da,))


def silu_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    share = sigmoid(a)
    return g * (share * (a * (1 - share) + 1))


# GELU and the error function --------------------------------------------------------------------------------

TANH_CUBIC = 0.044715
"""How far the argument of tanh bends away from a line, in the approximation of gelu by tanh."""
TANH_SLOPE = math.sqrt(2 / math.pi)


def gelu(input: Tensor, *, approximate: str = "none") -> Tensor:
    """input times the probability that a standard normal number is below it: input * (1 + erf(input / sqrt(2))) / 2.

    approximate="tanh" puts tanh(sqrt(2 / pi) * (input + 0.044715 * input ** 3)) in the place of erf.
    RuntimeError for another.  D. Hendrycks and K. Gimpel (2016), https://arxiv.org/abs/1606.08415
    """
    x = float_array(input)
    if approximate == "none":
        return record(x * normal_share(x), (input,), (gelu_da,))
    if approximate == "tanh":
        return record(x * ((tanh(tanh_argument(x)) + 1) * 0.5), (input,), (gelu_tanh_da,))
    raise RuntimeError(f"gelu(): approximate argument must be either none or tanh, not {approximate}")


def normal_share(a: Tensor) -> Tensor:
    """The share of standard normal numbers below a."""
    return (erf(a * math.sqrt(0.5)) + 1) * 0.5


def gelu_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    density = exp(a * a * -0.5) * (1 / math.sqrt(2 * math.pi))
    return g * (normal_share(a) + a * density)


def tanh_argument(a: Tensor) -> Tensor:
    """sqrt(2 / pi) * (a + 0.044715 * a ** 3)."""
    return a * (a * a * (TANH_SLOPE * TANH_CUBIC) + TANH_SLOPE)


def gelu_tanh_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    t = tanh(tanh_argument(a))
    slope = a * a * (3 * TANH_SLOPE * TANH_CUBIC) + TANH_SLOPE
    return g * ((t + 1) * 0.5 + a * 0.5 * (1 - t * t) * slope)


def erf(input: Tensor) -> Tensor:
    """The error function, 2 / sqrt(pi) times the integral of e ** -t ** 2 from 0 to input.

    Within 2 units in the last place.  Two rational approximations: below 0.84375 that of FreeBSD's s_erf.c (Sun
    Microsystems, 1993), beyond that of W. J. Cody, "Rational Chebyshev approximations for the error function",
    Mathematics of Computation 23 (1969).
    """
    a = floating(input)
    return record(error_function(raw(a)), (a,), (erf_da,))


def erf_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g * (exp(-(a * a)) * (2 / math.sqrt(math.pi)))


def error_function(x: Any) -> Any:
    """erf of a raw array; float16 is computed in float32."""
    if x.dtype.itemsize == 2:
        return error_function(x.astype(dtypes.float32.numpy)).astype(x.dtype)
    if type(x) is not np.ndarray:
        return error_function_at_once(x)
    return piecewise(error_function_at_once, x.reshape(-1)).reshape(x.shape)


@fused
def error_function_at_once(xp: Any, x: Any) -> Any:
    """erf of a float32 or float64 array."""
    size = xp.minimum(xp.abs(x), 6)  # erf(6) is 1 in float64
    square = size * size
    near = x + x * (polynomial(NEAR[0], square) / polynomial(NEAR[1], square))
    far = 1 - xp.exp(-square) * (polynomial(FAR[0], size) / polynomial(FAR[1], size))
    return xp.where(size < 0.84375, near, xp.copysign(far, x))


def polynomial(coefficients: tuple[float, ...], x: Any) -> Any:
    """A polynomial of a raw array by Horner's scheme, the highest power's coefficient first."""
    value = x * coefficients[0]
    for coefficient in coefficients[1:-1]:
        value += coefficient
        value *= x
    return value + coefficients[-1]


NEAR = (
    (
        -2.37630166566501626084e-05,
        -5.77027029648944159157e-03,
        -2.84817495755985104766e-02,
        -3.25042107247001499370e-01,
        1.28379167095512558561e-01,
    ),
    (
        -3.96022827877536812320e-06,
        1.32494738004321644526e-04,
        5.08130628187576562776e-03,
        6.50222499887672944485e-02,
        3.97917223959155352819e-01,
        1.0,
    ),
)
"""erf(x) / x - 1 = P(x ** 2) / Q(x ** 2) for |x| below 0.84375."""
FAR = (
    (
        2.15311535474403846e-8,
        5.64188496988670089e-1,
        8.88314979438837594e00,
        6.61191906371416295e01,
        2.98635138197400131e02,
        8.81952221241769090e02,
        1.71204761263407058e03,
        2.05107837782607147e03,
        1.23033935479799725e03,
    ),
    (
        1.0,
        1.57449261107098347e01,
        1.17693950891312499e02,
        5.37181101862009858e02,
        1.62138957456669019e03,
        3.29079923573345963e03,
        4.36261909014324716e03,
        3.43936767414372164e03,
        1.23033935480374942e03,
    ),
)
"""erfc(x) * e ** x ** 2 = P(x) / Q(x) for 0.46875 <= x <= 4, and near enough up to 6, where erfc is below 2e-8."""
