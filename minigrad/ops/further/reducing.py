"""Elements added up, multiplied or compared with others that are put at their places by an index.

The index may give one position for each element (`scatter_reduce`), or one for each slice along a dimension
(`index_reduce`).  An index is copied: a derivative needs it as it is now.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.arrays import array_module, copy_of, gpu_of, quiet
from minigrad.engine.graph import TensorBase, raw, record
from minigrad.engine.places import warn
from minigrad.ops.indexing import index as elements_at
from minigrad.ops.picking import (
    add_at,
    added_at,
    along_positions,
    check_slices,
    key_along,
    key_of_slices,
    part_like,
    put_at,
    slice_positions,
    vector,
)
from minigrad.ops.promotion import check_tensors
from minigrad.ops.selection import where
from minigrad.ops.shaping import reshape

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["index_reduce", "scatter_reduce"]

WAYS = "sum", "prod", "mean", "amax", "amin"


def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """A copy of input whose elements at `index` along dim are reduced with those of src that come there.

    reduce: "sum", "prod", "mean", "amax" or "amin".  include_self: whether the element of input counts too.  index: as
    for `scatter`.  Integers have a mean rounded down.  Equal extremes share the gradient evenly.  RuntimeError for sizes
    that do not fit, two dtypes, or an index that points outside.
    https://docs.pytorch.org/docs/stable/generated/torch.Tensor.scatter_reduce_.html
    """
    check_tensors("scatter_reduce", input=input, index=index, src=src)
    if reduce not in WAYS:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    dim, at = along_positions("scatter_reduce", input, dim, index, src)
    a = vector(input)
    out = reduced_at(a, key_along(at, dim), part_like(src, at), reduce, include_self, "ScatterReduceBackward0")
    return out if a is input else reshape(out, ())


def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """A copy of input whose slices at `index` along dim are reduced with those of source that come there.

    reduce: "prod", "mean", "amax" or "amin"; for sums there is `index_add`.  All else is as in `scatter_reduce`.
    """
    check_tensors("index_reduce", input=input, index=index, source=source)
    if reduce not in WAYS[1:]:
        raise RuntimeError(f"index_reduce(): reduce must be either prod, mean, amax or amin, got {reduce}")
    x, dim, at = slice_positions("index_reduce", input, dim, index, error=IndexError)
    check_slices("index_reduce", x, dim, at, source)
    key = key_of_slices(at, dim)
    out = reduced_at(vector(input), key, vector(source), reduce, include_self, "IndexReduceBackward0")
    return out if x.ndim else reshape(out, ())


def reduced_at(a: Tensor, key: tuple[Any, ...], src: Tensor, way: str, include_self: bool, name: str) -> Tensor:
    """A copy of `a` with a[key] reduced with src."""
    with quiet():
        value = reduction_at(raw(a), key, raw(src), way, include_self)
    rules = {"sum": (added_da, added_dsrc), "mean": (averaged_da, averaged_dsrc), "prod": (multiplied_da, multiplied_dsrc)}
    of_extremes = extreme_da, extreme_dsrc
    return record(value, (a, src), rules.get(way, of_extremes), way, include_self, saved=(key,), name=name)


def reduction_at(x: Any, key: tuple[Any, ...], y: Any, way: str, include_self: bool) -> Any:
    """The raw result."""
    result = copy_of(x)
    if not include_self:
        result[key] = neutral(way, x.dtype)
    if way in ("sum", "mean"):
        add_at(result, key, y)
    else:
        combine_at(result, key, y, {"prod": "multiply", "amax": "maximum", "amin": "minimum"}[way])
    if way == "mean":
        number = how_many(x, key, include_self)
        result = result // number.astype(x.dtype) if x.dtype.kind in "iu" else result / number.astype(x.dtype)
    return result


def neutral(way: str, dtype: np.dtype[Any]) -> Any:
    """What a reduction starts with."""
    if way in ("sum", "mean"):
        return 0
    if way == "prod":
        return 1
    if dtype.kind == "f":
        return -math.inf if way == "amax" else math.inf
    if dtype.kind == "b":
        return way == "amin"
    return np.iinfo(dtype).min if way == "amax" else np.iinfo(dtype).max


def combine_at(total: Any, key: tuple[Any, ...], x: Any, function: str) -> None:
    """total[key] = function(total[key], x) on raw arrays, as often as a place is named."""
    if gpu_of(total) is None:
        getattr(np, function).at(total, key, x)
        return
    (dim,) = (i for i, part in enumerate(key) if hasattr(part, "ndim") and part.size == max(p.size for p in key if hasattr(p, "ndim")))
    raise NotImplementedError


def how_many(x: Any, key: tuple[Any, ...], include_self: bool) -> Any:
    """How many elements are reduced to each; 1 where there is none."""
    xp = array_module(x)
    number = xp.ones(x.shape, np.int64) if include_self else xp.zeros(x.shape, np.int64)
    add_at(number, key, 1)
    return xp.maximum(number, 1)
