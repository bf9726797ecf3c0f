"""Normal numbers from uniform ones: the Box-Muller transform, to the last bit as PyTorch computes it.

Of two independent uniform numbers u1 and u2, one makes a radius and one an angle:

    radius = sqrt(-2 log(1 - u1)),   angle = 2 pi u2

Then radius * cos(angle) and radius * sin(angle) are two independent standard normal numbers.
Source: G. E. P. Box and M. E. Muller, "A note on the generation of random normal deviates", Annals of
Mathematical Statistics 29 (1958).

PyTorch has three forms of it, which draw differently and so give different numbers:

* float32 and float16, 16 or more in one contiguous tensor: in blocks of 16, the first eight uniform numbers
  make radii and the other eight angles; log, sine and cosine are polynomials (`transform_float32`).
* float64, 16 or more in one contiguous tensor: the same blocks, with the C library's log, sine and cosine
  (`transform_float64`).
* Fewer than 16, or not contiguous, of any dtype: a pair at a time in float64 (`normal_pairs`).

The float32 polynomials and their constants are those of **Cephes** by Stephen L. Moshier, in the form of
**avx_mathfun** by Giovanni Garberoglio, which is based on **sse_mathfun** by Julien Pommier:

    Copyright (C) 2007 Julien Pommier
    Copyright (C) 2012 Giovanni Garberoglio, Interdisciplinary Laboratory for Computational Science (LISC),
    Fondazione Bruno Kessler and University of Trento
    Licence: zlib.  What stands here is altered: rewritten for NumPy, with PyTorch's fused multiply-adds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.random.multiply_add import fused_float32, fused_float64
from minigrad.random.pieces import piecewise

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Bits = NDArray[np.int32]

BLOCK = 16
"""PyTorch transforms this many numbers at once: eight radii and eight angles."""
ONE, HALF = np.float32(1), np.float32(0.5)
TWO_PI = np.float32(2 * math.pi)

SQRT_HALF = np.float32(0.707106781186547524)
LOG_POLYNOMIAL = np.array(
    [
        7.0376836292e-2,
        -1.1514610310e-1,
        1.1676998740e-1,
        -1.2420140846e-1,
        1.4249322787e-1,
        -1.6668057665e-1,
        2.0000714765e-1,
        -2.4999993993e-1,
        3.3333331174e-1,
    ],
    np.float32,
)
LOG_2_LOWER, LOG_2_UPPER = np.float32(-2.12194440e-4), np.float32(0.693359375)
"""log(2) in two parts; the upper has few bits, so its product with an exponent is exact."""

FOUR_OVER_PI = np.float32(1.27323954473516)
QUARTER_PI_PARTS = np.array([0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8], np.float32)
"""pi/4 in three parts, so that multiples of it can be subtracted without losing bits (Cody and Waite)."""
SINE_POLYNOMIAL = np.array([-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1], np.float32)
COSINE_POLYNOMIAL = np.array([2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2], np.float32)


def transform_float32(uniform: Floats, mean: float, std: float) -> Floats:
    """Normal numbers from as many uniform ones, a multiple of 16, in float32 arithmetic."""
    standard = piecewise(transform_blocks, uniform.reshape(-1, BLOCK)).reshape(-1)
    return fused_float32(standard, np.float32(std), np.float32(mean))


def transform_blocks(blocks: Floats) -> Floats:
    """Each row: eight uniform numbers for radii and eight for angles, then eight cosines and eight sines."""
    r = radius(ONE - blocks[:, :8])
    sine, cosine = sine_and_cosine(TWO_PI * blocks[:, 8:])
    return np.concatenate([r * cosine, r * sine], axis=1)


def radius(u: Floats) -> Floats:
    """sqrt(-2 log u) for u in (0, 1].

    u is taken apart into mantissa * 2^exponent, the mantissa between sqrt(1/2) and sqrt(2).  Then
    log u = log(mantissa) + exponent * log 2, and x = mantissa - 1 is small enough for a polynomial:
    log(1 + x) = x - x^2 / 2 + x^3 P(x).
    """
    mantissa, exponents = np.frexp(u)  # mantissa in [1/2, 1)
    exponent = exponents.astype(np.float32)
    is_low = mantissa < SQRT_HALF
    exponent -= is_low
    x = (mantissa - ONE) + mantissa * is_low
    square = x * x
    y = polynomial(LOG_POLYNOMIAL, x) * x
    y = multiply_add(y, square, exponent * LOG_2_LOWER)
    y = multiply_add(-square, HALF, y)
    log = multiply_add(exponent, LOG_2_UPPER, x + y)
    result: Floats = np.sqrt(np.float32(-2) * log)
    return result


def sine_and_cosine(angle: Floats) -> tuple[Floats, Floats]:
    """The sine and the cosine of angles in [0, 2 pi].

    The nearest even multiple of pi/4 is subtracted.  For the rest x, between -pi/4 and pi/4, two polynomials
    give sin x = x + x^3 S(x^2) and cos x = 1 - x^2 / 2 + x^4 C(x^2).  Which of the two is which, and their
    signs, follow from the multiple.
    """
    octant = ((angle * FOUR_OVER_PI).astype(np.int32) + 1) & ~1
    multiple = -octant.astype(np.float32)
    x = angle
    for part in QUARTER_PI_PARTS:
        x = multiply_add(multiple, part, x)
    square = x * x
    near_cosine = polynomial(COSINE_POLYNOMIAL, square)
    near_cosine = multiply_add(square, square * near_cosine, -(square * HALF)) + ONE
    near_sine = multiply_add(x, square * polynomial(SINE_POLYNOMIAL, square), x)
    is_quarter_turned = -(octant >> 1 & 1)  # as a mask: -1 has all bits set
    sine = select(is_quarter_turned, near_cosine, near_sine)
    cosine = select(is_quarter_turned, near_sine, near_cosine)
    sine ^= (octant & 4) << 29  # bit 31 of a float is its sign
    cosine ^= ((octant + 2) & 4) << 29
    return sine.view(np.float32), cosine.view(np.float32)


def select(mask: Bits, a: Floats, b: Floats) -> Bits:
    """The bits of a where the mask has its bits set, else those of b: `np.where`, five times as fast."""
    return (a.view(np.int32) & mask) | (b.view(np.int32) & ~mask)


def polynomial(coefficients: Floats, x: Floats) -> Floats:
    """The polynomial with these coefficients, highest power first, at x: Horner's rule."""
    wide_x = x.astype(np.float64)
    value = multiply_add(coefficients[0], wide_x, coefficients[1])
    for coefficient in coefficients[2:]:
        value = multiply_add(value, wide_x, coefficient)
    return value


def multiply_add(a: Floats, b: Any, c: Floats) -> Floats:
    """a * b + c in float64, then rounded to float32.

    That is two roundings, yet it equals the fused multiply-add here: `radius` and `sine_and_cosine` have 2^24
    possible inputs each, and a test compares all of them with PyTorch.
    """
    total: Doubles = np.multiply(a, b, dtype=np.float64)
    total += c
    return total.astype(np.float32)


def transform_float64(uniform: Doubles, mean: float, std: float) -> Doubles:
    """Normal numbers from as many uniform ones, a multiple of 16, in float64 arithmetic."""
    blocks = uniform.reshape(-1, BLOCK)
    r = np.sqrt(-2.0 * by_element(math.log, 1.0 - blocks[:, :8]))
    angle = (2.0 * math.pi) * blocks[:, 8:]
    normal = np.empty_like(blocks)
    normal[:, :8] = r * by_element(math.cos, angle)
    normal[:, 8:] = r * by_element(math.sin, angle)
    return fused_float64(normal.reshape(-1), std, mean)


def normal_pairs(uniform: Doubles) -> list[float]:
    """Standard normal numbers from as many uniform ones: the first of each pair makes the angle here."""
    numbers = []
    values = iter(uniform.tolist())
    for u1, u2 in zip(values, values, strict=True):
        r = math.sqrt(-2.0 * math.log1p(-u2))
        angle = 2.0 * math.pi * u1
        numbers += [r * math.cos(angle), r * math.sin(angle)]
    return numbers


def by_element(function: Callable[[float], float], x: Doubles) -> Doubles:
    """A function of the C library applied to each element: NumPy's own may differ from it in the last bit."""
    elements: Iterable[float] = map(function, x.ravel().tolist())
    return np.fromiter(elements, np.float64, x.size).reshape(x.shape)
