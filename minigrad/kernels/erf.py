"""The error function by two rational approximations.

Below 0.84375 that of FreeBSD's s_erf.c (Sun Microsystems, 1993), beyond that of W. J. Cody, "Rational Chebyshev
approximations for the error function", Mathematics of Computation 23 (1969): within 2 units in the last place.
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
    if type(x) is not np.ndarray:
        return error_function_at_once(x)
    return laid_out_like(x, piecewise(error_function_of_piece, in_memory_order(x).reshape(-1)))


def error_function_of_piece(x: Any) -> Any:
    """erf of a NumPy array of one dimension: the longer formula is computed only where it is needed."""
    size = np.minimum(np.abs(x), ONE)
    value = near_zero(x, size)
    far = np.flatnonzero(size >= 0.84375)
    value[far] = far_from_zero(np, x[far], size[far])
    return value


@fused
def error_function_at_once(xp: Any, x: Any) -> Any:
    """erf of a float32 or float64 array, in one kernel of a GPU."""
    size = xp.minimum(xp.abs(x), ONE)
    return xp.where(size < 0.84375, near_zero(x, size), far_from_zero(xp, x, size))


ONE = 6
"""erf of this is 1 in float64."""


def near_zero(x: Any, size: Any) -> Any:
    """erf(x) for |x| = size below 0.84375."""
    square = size * size
    return x + x * (horner(NEAR[0], square) / horner(NEAR[1], square))


def far_from_zero(xp: Any, x: Any, size: Any) -> Any:
    """erf(x) for |x| = size from 0.84375 on."""
    return xp.copysign(1 - xp.exp(-size * size) * (horner(FAR[0], size) / horner(FAR[1], size)), x)


def horner(coefficients: tuple[float, ...], x: Any) -> Any:
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
