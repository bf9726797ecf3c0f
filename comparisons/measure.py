"""How far two arrays are apart.

The difference of two arrays is their largest elementwise difference, max|a - b|.  It is given relative to
the largest magnitude that this array (this loss, this gradient, this parameter) has had so far in the run, on
either engine.  Relative to its present values alone, the rounding of a gradient that training has driven to
nearly zero would count as a large difference: the terms that cancel in it are as large as ever.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray | None


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
        self.largest[name] = max(self.largest[name], magnitude(first), magnitude(second))
        absolute = largest_difference(first, second)
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


def magnitude(array: np.ndarray) -> float:
    """The largest finite magnitude in an array; 0 for an empty one."""
    values = np.abs(array.astype(np.float64))
    return float(np.max(values, where=np.isfinite(values), initial=0.0))


def largest_difference(first: np.ndarray, second: np.ndarray) -> float:
    """max|a - b|, where NaN equals NaN, infinity equals itself, and both are infinitely far from a number."""
    if np.array_equal(first, second, equal_nan=True):
        return 0.0
    a, b = first.astype(np.float64), second.astype(np.float64)
    differs = (a != b) & ~(np.isnan(a) & np.isnan(b))
    gaps = np.abs(a[differs] - b[differs])
    return float(np.max(np.where(np.isnan(gaps), math.inf, gaps)))
