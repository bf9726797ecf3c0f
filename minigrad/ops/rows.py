"""Several arrays as one row: all elements of each, one array after the other.

A node of the engine's has one output.  What gives several has such a row as its output; each of them is a part of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.arrays import array_module, quiet
from minigrad.engine.graph import raw, record

__all__: list[str] = []


def part(row: Any, start: int, shape: tuple[int, ...], dtype: Any, name: str | None = None) -> Any:
    """The elements of a row from one on, in a shape and a dtype.  name: what PyTorch calls the op that gave them."""
    x = raw(row)
    size = int(np.prod(shape, dtype=int))
    with quiet():
        value = x[start : start + size].reshape(shape).astype(dtype)
    return record(value, (row,), (part_drow,), start, None, x.size, x.dtype, name=name)


def part_drow(g: Any, _out: Any, _row: Any, start: int, flag: int | None, total: int, dtype: Any) -> Any:
    """A row with the gradient at its place."""
    return placed(g, start, flag, total, dtype)


def placed(a: Any, start: int, flag: int | None, total: int, dtype: Any) -> Any:
    """A row of zeros that has the elements of an array from one place on; and a 1 at another place, if it is given."""
    x = raw(a)
    value = array_module(x).zeros(total, dtype)
    with quiet():
        value[start : start + x.size] = x.reshape(-1)
    if flag is not None:
        value[flag] = 1
    return record(value, (a,), (placed_da,), start, x.shape, x.dtype)


def placed_da(g: Any, _out: Any, _a: Any, start: int, shape: tuple[int, ...], dtype: Any) -> Any:
    """The gradient of what was placed."""
    return part(g, start, shape, dtype)
