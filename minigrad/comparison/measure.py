"""How far two arrays are apart.

The difference of two arrays is the Euclidean norm |a - b|.  It is given relative to the largest norm that this
array (this loss, this gradient, this parameter) has had so far in the run, on either engine.  Relative to its
present values alone, the rounding of a gradient that training has driven to nearly zero would count as a large
difference: the terms that cancel in it are as large as ever.

A norm, and not the largest difference of an element, because of Adam.  It divides a gradient by its own size, so an
element whose gradient is smaller than the rounding of the terms in it moves by up to lr, each library its own way, and
in 100,000 elements there are a few.  How far these are apart is luck, and another processor's luck is another.  What
is wrong, a rate or a rule, moves all elements of an array, and its norm.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any
"""A NumPy array; None for one that is not there."""


@dataclass(frozen=True)
class Difference:
    """How far an array on one engine is from the same array on the other."""

    relative: float
    absolute: float
    bit_equal: bool
    mismatch: str = ""
    """Why the two cannot be compared at all, and so are infinitely far apart."""


class Ruler:
    """Measures differences, and remembers how large each array has been."""

    def __init__(self) -> None:
        self.largest: defaultdict[Hashable, float] = defaultdict(float)

    def measure(self, name: Hashable, first: Array, second: Array) -> Difference:
        """The difference of the array of this name on the two engines; None is "no such array"."""
        if first is None or second is None or first.shape != second.shape or first.dtype != second.dtype:
            return mismatch(first, second)
        self.largest[name] = max(self.largest[name], norm(first), norm(second))
        absolute = distance(first, second)
        return Difference(
            relative=absolute if absolute in (0.0, math.inf) else absolute / self.largest[name],
            absolute=absolute,
            bit_equal=first.tobytes() == second.tobytes(),
        )


def mismatch(first: Array, second: Array) -> Difference:
    """The difference of two arrays of which one is missing, or has another shape or dtype."""
    if first is None and second is None:
        return Difference(0.0, 0.0, bit_equal=True)
    described = ["none" if array is None else f"{array.dtype} of shape {array.shape}" for array in (first, second)]
    return Difference(math.inf, math.inf, bit_equal=False, mismatch=f"{described[0]} against {described[1]}")


def norm(array: Any) -> float:
    """The Euclidean norm of what is finite in an array."""
    values = array.astype(np.float64)
    return float(np.linalg.norm(values[np.isfinite(values)]))


def distance(first: Any, second: Any) -> float:
    """|a - b|, where NaN equals NaN, infinity equals itself, and both are infinitely far from a number."""
    if np.array_equal(first, second, equal_nan=True):
        return 0.0
    a, b = first.astype(np.float64), second.astype(np.float64)
    differs = (a != b) & ~(np.isnan(a) & np.isnan(b))
    gaps = np.abs(a[differs] - b[differs])
    return float(np.linalg.norm(np.where(np.isnan(gaps), math.inf, gaps)))
