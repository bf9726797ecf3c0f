"""Functions that NumPy and CuPy do not have: erfc, erfinv, the logarithm of the gamma function, its derivatives, and
Bessel functions.

All are computed in float64 and rounded to the dtype of the operand.
"""

from __future__ import annotations

import math
from typing import Any

from minigrad.arrays import array_module
from minigrad.kernels.erf import FAR, error_function, horner

LARGE = (
    (
        1.63153871373020978e-2,
        3.05326634961232344e-1,
        3.60344899949804439e-1,
        1.25781726111229246e-1,
        1.60837851487422766e-2,
        6.58749161529837803e-4,
    ),
    (
        1.0,
        2.56852019228982242e00,
        1.87295284992346725e00,
        5.27905102951428412e-1,
        6.05183413124413191e-2,
        2.33520497626869185e-3,
    ),
)
"""1 / sqrt(pi) - x * erfc(x) * e ** x ** 2 = P(y) / Q(y) * y for y = 1 / x ** 2 and x above 4: of Cody too."""


def in_float64(function: Any) -> Any:
    """A function of a float64 array as one of any float array, whose dtype the result has."""

    def of_any(x: Any, *static: Any) -> Any:
        return array_module(x).asarray(function(array_module(x), x.astype("float64"), *static)).astype(x.dtype)

    return of_any


@in_float64
def complementary_error_function(xp: Any, x: Any) -> Any:
    """1 - erf(x), exact also where that is small."""
    size = xp.abs(x)
    high = xp.clip(size, 0.46875, 30)
    middle = horner(FAR[0], high) / horner(FAR[1], high)
    y = 1 / (high * high)
    large = (1 / math.sqrt(math.pi) - y * horner(LARGE[0], y) / horner(LARGE[1], y)) / high
    coarse = xp.floor(high * 16) / 16  # e ** -(high ** 2), in two parts that lose no digits
    power = xp.exp(-coarse * coarse) * xp.exp(-(high - coarse) * (high + coarse))
    tail = power * xp.where(high <= 4, middle, large)
    tail = xp.where(size > 30, 0, tail)
    return xp.where(size < 0.5, 1 - error_function(x), xp.where(x < 0, 2 - tail, xp.where(x != x, x, tail)))


CENTRE = (
    (-0.140543331, 0.914624893, -1.645349621, 0.886226899),
    (0.012229801, -0.329097515, 1.442710462, -2.118377725, 1.0),
)
TAIL = ((1.641345311, 3.429567803, -1.624906493, -1.970840454), (1.637067800, 3.543889200, 1.0))


@in_float64
def inverse_error_function(xp: Any, y: Any) -> Any:
    """The x whose erf is y: a rational approximation, and three of Newton's steps.  inf at 1, nan beyond."""
    inside = xp.clip(y, -1, 1)
    square = inside * inside
    near = inside * horner(CENTRE[0], square) / horner(CENTRE[1], square)
    z = xp.sqrt(-xp.log((1 - xp.minimum(xp.abs(inside), 1 - 2.0**-53)) / 2))
    far = xp.copysign(horner(TAIL[0], z) / horner(TAIL[1], z), inside)
    x = xp.where(xp.abs(inside) <= 0.7, near, far)
    for _ in range(3):
        size = xp.abs(x)  # the difference of two erf, each 1 less something: of these, where they are small
        wrong = xp.where(
            size < 0.5,
            error_function(size) - xp.abs(inside),
            (1 - xp.abs(inside)) - complementary_error_function(size),
        )
        x = x - xp.copysign(wrong, wrong * xp.copysign(1.0, x)) / (2 / math.sqrt(math.pi) * xp.exp(-x * x))
    return xp.where(xp.abs(y) > 1, math.nan, xp.where(xp.abs(y) == 1, xp.copysign(math.inf, y), x))


def sine_of_pi_times(xp: Any, x: Any) -> Any:
    """sin(pi * x), exact also for large x."""
    return xp.sin(math.pi * (x - xp.rint(x))) * xp.where(xp.rint(x) % 2 == 0, 1, -1)


STIRLING = (-691 / 360360, 1 / 1188, -1 / 1680, 1 / 1260, -1 / 360, 1 / 12)


@in_float64
def log_gamma(xp: Any, x: Any) -> Any:
    """log(|gamma(x)|) by Stirling's series from 8 on; inf at 0, -1, -2, ..."""
    positive = xp.where(x > 0, x, 1 - x)
    small = positive < 8
    product = xp.ones_like(positive)
    for k in range(8):
        product = product * xp.where(small, positive + k, 1)
    z = xp.where(small, positive + 8, positive)
    series = horner(STIRLING, 1 / (z * z)) / z
    value = (z - 0.5) * xp.log(z) - z + 0.5 * math.log(2 * math.pi) + series - xp.log(product)
    value = xp.where(xp.isinf(x), math.inf, value)
    mirrored = math.log(math.pi) - xp.log(xp.abs(sine_of_pi_times(xp, x))) - value
    return xp.where(x > 0, value, xp.where(xp.isinf(x), math.inf, mirrored))


DIGAMMA = (-691 / 32760, 1 / 132, -1 / 240, 1 / 252, -1 / 120, 1 / 12)


@in_float64
def digamma(xp: Any, x: Any) -> Any:
    """The derivative of `log_gamma` by its asymptotic series from 10 on; nan at -1, -2, ..."""
    positive = xp.where(x > 0, x, 1 - x)
    small = positive < 10
    total = xp.zeros_like(positive)
    for k in range(10):
        total = total + xp.where(small, 1 / (positive + k), 0)
    z = xp.where(small, positive + 10, positive)
    value = xp.log(z) - 0.5 / z - horner(DIGAMMA, 1 / (z * z)) / (z * z) - total
    mirrored = value - math.pi / xp.tan(math.pi * (x - xp.rint(x)))
    pole = xp.where(x == 0, -xp.copysign(math.inf, x), math.nan)
    return xp.where(x > 0, value, xp.where(x == xp.rint(x), pole, mirrored))


BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
STEPS = 32


@in_float64
def polygamma(xp: Any, x: Any, n: int) -> Any:
    """The n-th derivative of `digamma`, n from 1 on: (-1) ** (n + 1) * n! * the sum of 1 / (x + k) ** (n + 1).

    So many terms of the sum, then the Euler-Maclaurin formula for the rest; for n above 1 nan for x below -20.
    """
    s, given = n + 1, x
    if n == 1:
        x = xp.where(given > 0, given, 1 - given)
    total = xp.zeros_like(x)
    for k in range(STEPS):
        total = total + (x + k) ** -float(s)
    z = x + STEPS
    rest = z ** (1.0 - s) / (s - 1) + z ** -float(s) / 2
    factor = float(s)
    for i, number in enumerate(BERNOULLI, 1):
        rest = rest + number / math.factorial(2 * i) * factor * z ** -(s + 2.0 * i - 1)
        factor *= (s + 2 * i - 1) * (s + 2 * i)
    value = (-1.0) ** (n + 1) * math.factorial(n) * (total + rest)
    if n == 1:
        return xp.where(given > 0, value, (math.pi / sine_of_pi_times(xp, given)) ** 2 - value)
    return xp.where(x < -20, math.nan, value)


FROM_HERE_LARGE = 30
"""From here on a Bessel function is computed by the series in 1 / x, which is exact to float64 there."""


@in_float64
def bessel(xp: Any, x: Any, order: int) -> Any:
    """The modified Bessel function of the first kind, of order 0 or 1.

    Near 0 by its power series, whose terms are all of one sign; far out by the asymptotic one.  nan at infinity.
    https://dlmf.nist.gov/10.25.E2 and https://dlmf.nist.gov/10.40.E1
    """
    size = xp.abs(x)
    near, far = xp.minimum(size, FROM_HERE_LARGE), xp.maximum(size, FROM_HERE_LARGE)
    quarter = near * near / 4
    series = xp.ones_like(x)
    for k in range(70, 0, -1):
        series = 1 + quarter / (k * (k + order)) * series
    series = series * (near / 2 if order else 1)
    tail = xp.ones_like(x)
    for k in range(20, 0, -1):
        tail = 1 - (4 * order - (2 * k - 1) ** 2) / (8 * k) / far * tail
    large = xp.exp(far) / xp.sqrt(2 * math.pi * far) * tail
    value = xp.where(size < FROM_HERE_LARGE, series, large)
    value = xp.where(x != x, x, value)
    return xp.where(x < 0, -value, value) if order else value
