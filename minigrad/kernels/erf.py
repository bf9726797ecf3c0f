"""The error function, within 2 units in the last place.

In float32 by two polynomials, fitted for this file: of x ** 2, of which erf(x) / x is made, and beyond 0.9375 of |x|,
whose exponential is 1 - erf.  In float64 by two rational approximations: below 0.84375 that of FreeBSD's s_erf.c (Sun
Microsystems, 1993), beyond that of W. J. Cody, "Rational Chebyshev approximations for the error function", Mathematics
of Computation 23 (1969).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.engine.order import copied
from minigrad.kernels.fused import fused
from minigrad.random.memory_order import in_memory_order, laid_out_like
from minigrad.random.pieces import piecewise


def error_function(x: Any) -> Any:
    """erf of a raw array; float16 is computed in float32."""
    if x.dtype.itemsize == 2:
        return error_function(copied(x, dtypes.float32.numpy)).astype(x.dtype)
    at_once = error_function_of_single if x.dtype.itemsize == 4 else error_function_of_double
    if not isinstance(x, np.ndarray):
        return at_once(x)
    return laid_out_like(x, piecewise(at_once, in_memory_order(x).reshape(-1)))


@fused
def error_function_of_single(xp: Any, x: Any) -> Any:
    """erf of a float32 array."""
    size = xp.minimum(xp.abs(x), 4)  # erf(4) is 1 in float32
    near = x + x * horner(SINGLE_NEAR, size * size)
    far = 1 - xp.exp(horner(SINGLE_FAR, size))
    return xp.where(size < 0.9375, near, xp.copysign(far, x))


@fused
def error_function_of_double(xp: Any, x: Any) -> Any:
    """erf of a float64 array."""
    size = xp.minimum(xp.abs(x), 6)  # erf(6) is 1 in float64
    square = size * size
    near = x + x * (horner(NEAR[0], square) / horner(NEAR[1], square))
    far = 1 - xp.exp(-square) * (horner(FAR[0], size) / horner(FAR[1], size))
    return xp.where(size < 0.84375, near, xp.copysign(far, x))


def horner(coefficients: tuple[float, ...], x: Any) -> Any:
    """A polynomial of a raw array by Horner's scheme, the highest power's coefficient first."""
    value = x * coefficients[0]
    for coefficient in coefficients[1:-1]:
        value += coefficient
        value *= x
    return value + coefficients[-1]


SINGLE_NEAR = (
    -5.91941845e-04,
    4.97913050e-03,
    -2.67570351e-02,
    1.12815525e-01,
    -3.76124686e-01,
    1.28379146e-01,
)
"""erf(x) / x - 1 = P(x ** 2) for |x| below 0.9375, within 2e-8 of erf."""
SINGLE_FAR = (
    1.92950133e-04,
    -3.01394366e-03,
    2.21103569e-02,
    -1.03690079e-01,
    -6.37457082e-01,
    -1.12751263e00,
    -2.35076219e-04,
)
"""log(1 - erf(x)) = P(x) for 0.9375 <= x <= 4, within 2e-9 of erf."""

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
