"""Dimension arguments, checked and counted from the front."""

from __future__ import annotations

from typing import Any

from minigrad.engine.places import called_with, op_called
from minigrad.ops.promotion import array_of


def axis(dim: Any, ndim: int) -> int:
    """A dim from -ndim to ndim - 1 as one from 0 on; IndexError outside.  A 0-d tensor has one dim here."""
    ndim = ndim or 1
    if isinstance(dim, bool) or not hasattr(dim, "__index__"):
        raise TypeError(f"{op_called()}(): argument 'dim' must be int, not {type(dim).__name__}")
    dim = dim.__index__()
    if not -ndim <= dim < ndim:
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-ndim}, {ndim - 1}], but got {dim}){called_with()}"
        )
    return int(dim % ndim)


def reduced_axes(a: Any, dim: Any) -> tuple[int, ...]:
    """The axes that a reduction over `dim` (None or (): all; an int; several) sums away."""
    ndim = array_of(a).ndim
    if dim is None or (isinstance(dim, (tuple, list)) and not dim):
        return tuple(range(ndim))
    axes = tuple(axis(d, ndim) for d in (dim if isinstance(dim, (tuple, list)) else [dim]))
    for each in axes:
        if axes.count(each) > 1:
            raise RuntimeError(f"dim {each} appears multiple times in the list of dims")
    return axes if ndim else ()


def kept_shape(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape with the reduced axes kept at length 1."""
    return tuple(1 if i in axes else n for i, n in enumerate(shape))
