"""Fused multiply-adds: `x * scale + shift` with a single rounding at the very end.

Processors have an instruction for it and PyTorch's random kernels use it, so the last bit of many a random
number depends on it.  NumPy has none.  It is made here from plain float64 operations, which round twice: once
in the working precision and once to the result's.  The second rounding goes wrong only where the first landed
exactly halfway between two neighbours.  Rounding the first *to odd* cures that: an inexact sum gets a last
bit of 1, which says "a little off", and so it never looks like a halfway case.

Sources: S. Boldo and G. Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using
rounding to odd", IEEE Transactions on Computers 57 (2008); T. J. Dekker, "A floating-point technique for
extending the available precision", Numerische Mathematik 18 (1971).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.random.pieces import piecewise

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

DROPPED_BITS = (1 << 29) - 1
"""A float64 has 53 significant bits and a float32 has 24: these 29 go when one becomes the other."""
HALFWAY = 1 << 28
"""What the dropped bits are when a float64 lies halfway between two float32."""
SMALLEST_NORMAL = 2.0**-126
"""Below it a float32 has fewer bits than 24, so more are dropped."""
SPLITTER = 2.0**27 + 1
"""Multiplying by it splits a float64 into an upper and a lower half of 26 bits each (Veltkamp)."""


def fused_float32(x: Floats, scale: np.float32, shift: np.float32) -> Floats:
    """`x * scale + shift` rounded once, to float32."""
    if shift == 0 and abs(scale) >= SMALLEST_NORMAL:  # with a smaller one products may become 0 before the sum
        return x * scale + shift  # adding 0 only makes -0 the +0 that a sum has
    return piecewise(fused_piece_float32, x, scale, shift)


def fused_piece_float32(x: Floats, scale: np.float32, shift: np.float32) -> Floats:
    """In float64 and then rounded; where that may be wrong, by way of rounding to odd."""
    product = x.astype(np.float64)
    product *= scale  # 24 bits times 24 bits fit into 53: exact
    total = product + shift
    doubtful = (total.view(np.int64) & DROPPED_BITS) == HALFWAY
    doubtful |= abs(total) < SMALLEST_NORMAL
    if doubtful.any():
        total[doubtful] = round_to_odd(*two_sum(product[doubtful], shift))
    return total.astype(np.float32)


def fused_float64(x: Doubles, scale: float, shift: float) -> Doubles:
    """`x * scale + shift` rounded once, for values of x neither huge nor tiny, such as random numbers."""
    if shift == 0 or not (math.isfinite(scale) and math.isfinite(shift)):
        return x * scale + shift
    # A power of two makes both moderate, so that nothing overflows on the way, and is exactly undone.
    exponent = math.frexp(max(abs(scale), abs(shift)))[1]
    scale, shift = math.ldexp(scale, -exponent), math.ldexp(shift, -exponent)
    return np.ldexp(piecewise(fused_piece_float64, x, scale, shift), exponent)


def fused_piece_float64(x: Doubles, scale: float, shift: float | Doubles) -> Doubles:
    """The product and the sum as pairs of numbers, rounded and error, added up with one last rounding."""
    product, product_error = two_product(x, scale)
    upper, upper_error = two_sum(product_error, shift)
    total, total_error = two_sum(product, upper)
    return total + round_to_odd(*two_sum(upper_error, total_error))


def two_sum(a: Doubles, b: Any) -> tuple[Doubles, Doubles]:
    """The rounded sum of a and b, and the error of that rounding, exactly (Knuth)."""
    total = a + b
    b_part = total - a
    return total, (a - (total - b_part)) + (b - b_part)


def two_product(a: Doubles, b: float) -> tuple[Doubles, Doubles]:
    """The rounded product of a and b, and the error of that rounding, exactly (Dekker)."""
    product = a * b
    a_upper, a_lower = split_in_two(a)
    b_upper, b_lower = split_in_two(b)
    error = ((a_upper * b_upper - product) + a_upper * b_lower + a_lower * b_upper) + a_lower * b_lower
    return product, error


def split_in_two(a: Any) -> tuple[Any, Any]:
    """Two numbers of at most 26 bits whose sum is `a`, so that products of such halves are exact."""
    scaled = SPLITTER * a
    upper = scaled - (scaled - a)
    return upper, a - upper


def round_to_odd(total: Doubles, error: Doubles) -> Doubles:
    """`total`, or where `error` says that it is inexact, that neighbour of the exact sum with last bit 1."""
    bits = total.view(np.int64)
    is_even_and_inexact = (error != 0) & ((bits & 1) == 0)
    # The bits of a float count up away from zero: one more lies further out, one less nearer to zero.
    outwards = np.where((error > 0) == (total > 0), 1, -1)
    rounded: Doubles = np.where(is_even_and_inexact, bits + outwards, bits).view(np.float64)
    return rounded
