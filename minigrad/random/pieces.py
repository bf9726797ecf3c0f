"""Long computations piece by piece: the intermediate arrays of a piece stay in the processor's cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Array = TypeVar("Array", bound=NDArray[Any])

ELEMENTS = 1 << 15
"""In a piece.  Several times as fast, for large arrays, as all elements at once."""


def piecewise(compute: Callable[..., Array], x: Array, *args: Any) -> Array:
    """compute(x, *args), an array like x, for a computation that treats the rows of x each for itself."""
    rows = max(1, ELEMENTS // max(1, x[:1].size))
    if len(x) <= rows:
        return compute(x, *args)
    result: Array = np.empty_like(x)
    for start in range(0, len(x), rows):
        result[start : start + rows] = compute(x[start : start + rows], *args)
    return result
