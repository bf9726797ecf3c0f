"""Whose memory an array is, and how it looks at it."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class View(NamedTuple):
    """What tells views apart: a program has one name for those that are alike."""

    memory: int
    address: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    dtype: str


class Memory:
    """A piece of memory: owner is the array that has it.  kind: whether it is from outside, a constant or a result."""

    writes = 0
    """How many lines write into it, but for the one that made it."""

    def __init__(self, owner: Any, kind: str) -> None:
        self.owner, self.kind = owner, kind


def root(x: Any) -> Any:
    """The array that has an array's memory; as_strided puts an object of its own in between."""
    owner = x
    while x.base is not None:
        x = x.base
        owner = x if isinstance(x, np.ndarray) else owner
        if not hasattr(x, "base"):
            break
    return owner


def same_view(x: Any, y: Any) -> bool:
    """Whether two arrays look at the same memory in the same way."""
    return view_key(x) == view_key(y)


def view_key(x: Any) -> View:
    """What tells a view from others."""
    return View(id(root(x)), x.__array_interface__["data"][0], x.shape, x.strides, x.dtype.str)


def by_memory(x: Any) -> tuple[Any, ...]:
    """The text that gives a view by its place in memory; nothing for an array that owns its own."""
    owner = root(x)
    if same_view(x, owner):
        return ()
    offset = x.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
    by_rows = "" if owner.flags.c_contiguous else f".transpose({axes_by_rows(owner)})"
    return "np.ndarray(", f"{x.shape}, np.{x.dtype.name}, ", owner, f"{by_rows}, {offset}, {x.strides})"


def axes_by_rows(x: Any) -> list[int]:
    """The axes of an array without gaps in the order of its memory, that of the largest steps first."""
    return sorted(range(x.ndim), key=lambda axis: (-x.strides[axis], axis))


def roots_of(call: Any) -> set[int]:
    """The owners of the memory of arrays among the parts of a text."""
    return {id(root(x)) for x in call if isinstance(x, np.ndarray)}


def owned(x: Any, call: Any = ()) -> Any:
    """A new array with memory of its own, where it was made as a view of one; a view of an array in a text stays."""
    if x.base is None or id(root(x)) in roots_of(call):
        return x
    made = np.empty_like(x)
    made[...] = x
    return made
