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
from minigrad.ops.elementwise import clone
from minigrad.ops.indexing import index as elements_at
from minigrad.ops.picking import (
    add_at,
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
    for `scatter`.  Integers have a mean rounded down.  Equal extremes share the gradient evenly.  RuntimeError for
    sizes that do not fit, two dtypes, or an index that points outside.
    https://docs.pytorch.org/docs/stable/generated/torch.Tensor.scatter_reduce_.html
    """
    check_tensors("scatter_reduce", input=input, index=index, src=src)
    if reduce not in WAYS:
        raise RuntimeError(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    dim, at = along_positions("scatter_reduce", input, dim, index, src)
    at = at if at.ndim else at.reshape(1)
    a = input if raw(input).ndim else vector(clone(input))  # a copy: in place the number itself is written to
    out = reduced_at(a, dim, key_along(at, dim), part_like(src, at), reduce, include_self, "ScatterReduceBackward0")
    return out if a is input else reshape(out, ())


def index_reduce(
    input: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """A copy of input whose slices at `index` along dim are reduced with those of source that come there.

    reduce: "prod", "mean", "amax" or "amin"; RuntimeError for another word, and for sums there is `index_add`.  index,
    source: as for that.  All else is as in `scatter_reduce`.
    """
    check_tensors("index_reduce", input=input, index=index, source=source)
    if reduce not in WAYS[1:]:
        raise RuntimeError(f"index_reduce(): reduce must be either prod, mean, amax or amin, got {reduce}")
    x, dim, at = slice_positions("index_reduce", input, dim, index, error=IndexError)
    check_slices("index_reduce", x, dim, at, source)
    a = input if x.ndim else vector(clone(input))  # a copy, as in scatter_reduce
    out = reduced_at(a, dim, key_of_slices(at, dim), vector(source), reduce, include_self, "IndexReduceBackward0")
    return out if a is input else reshape(out, ())


def reduced_at(
    a: Tensor, dim: int, key: tuple[Any, ...], src: Tensor, way: str, include_self: bool, name: str | None = None
) -> Tensor:
    """A copy of `a` with a[key] reduced with src."""
    with quiet():
        value = reduction_at(raw(a), dim, key, raw(src), way, include_self)
    return record(value, (a, src), RULES[way], dim, include_self, saved=(key,), name=name)


def reduction_at(x: Any, dim: int, key: tuple[Any, ...], y: Any, way: str, include_self: bool) -> Any:
    """The raw result."""
    result = copy_of(x)
    if not include_self:
        result[key] = neutral(way, x.dtype)
    if way in ("sum", "mean"):
        add_at(result, key, y)
    else:
        combine_at(result, dim, key, y, {"prod": "multiply", "amax": "maximum", "amin": "minimum"}[way])
    if way == "mean":
        number = how_many(x, key, include_self)
        return result // number if x.dtype.kind in "iu" else result / number
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


def combine_at(total: Any, dim: int, key: tuple[Any, ...], x: Any, function: str) -> None:
    """total[key] = function(total[key], x) on raw arrays, as often as a place is named.

    CuPy cannot so: there the positions along dim, of which each names a place once, come one after the other.
    """
    if gpu_of(total) is None:
        getattr(np, function).at(total, key, x)
        return
    before = (slice(None),) * dim
    for i in range(x.shape[dim]):
        one = slice(i, i + 1)
        positions = key[dim][(*before, one) if key[dim].ndim > 1 else one]
        here = (*key[:dim], positions, *key[dim + 1 :])
        total[here] = getattr(array_module(total), function)(total[here], x[(*before, one)])


def how_many(x: Any, key: tuple[Any, ...], include_self: bool) -> Any:
    """How many elements are reduced to each, 1 where there is none, in their dtype."""
    xp = array_module(x)
    number = xp.ones(x.shape, np.int64) if include_self else xp.zeros(x.shape, np.int64)
    add_at(number, key, 1)
    return xp.maximum(number, 1).astype(x.dtype)


def of_self(g: Tensor, key: Any, include_self: bool) -> Tensor:
    """The gradient of elements that count, or of those alone that nothing came to."""
    return g if include_self else put_at(g, key, 0.0)


def added_da(g: Tensor, _out: Tensor, _a: Tensor, _src: Tensor, _dim: int, include_self: bool, key: Any) -> Tensor:
    return of_self(g, key, include_self)


def added_dsrc(g: Tensor, _out: Tensor, _a: Tensor, _src: Tensor, _dim: int, _include_self: bool, key: Any) -> Tensor:
    return elements_at(g, key)


def averaged_da(g: Tensor, _out: Tensor, _a: Tensor, _src: Tensor, _dim: int, include_self: bool, key: Any) -> Tensor:
    return of_self(g / how_many(raw(g), key, include_self), key, include_self)


def averaged_dsrc(g: Tensor, _out: Tensor, _a: Tensor, _src: Tensor, _dim: int, include_self: bool, key: Any) -> Tensor:
    return elements_at(g / how_many(raw(g), key, include_self), key)


# Products: what an element is multiplied with is the product divided by it, unless it is 0 ---------------------


def multiplied_da(g: Tensor, _out: Tensor, a: Tensor, src: Tensor, dim: int, include_self: bool, key: Any) -> Tensor:
    if not include_self:
        return put_at(g, key, 0.0)
    ones: Any = array_module(raw(a)).ones_like(raw(a))
    return g * reduced_at(ones, dim, key, src, "prod", True)


def multiplied_dsrc(g: Tensor, out: Tensor, a: Tensor, src: Tensor, dim: int, include_self: bool, key: Any) -> Tensor:
    zero = raw(src) == 0
    zeros = array_module(zero).zeros(raw(a).shape, np.int64)
    add_at(zeros, key, zero.astype(np.int64))
    alone = zero & (zeros[key] == 1)
    others = reduced_at(a, dim, key, where(alone, 1.0, src), "prod", include_self)
    slope = where(alone, elements_at(g * others, key), elements_at(g * out, key) / where(zero, 1.0, src))
    return once(slope) if isinstance(slope, TensorBase) and (zeros > 1).any() else slope


def once(slope: Tensor) -> Tensor:
    """A gradient that must not be differentiated again: products with several zeros are constants in it."""
    return record(raw(slope), (slope,), (once_dslope,))


def once_dslope(_g: Tensor, _out: Tensor, _slope: Tensor) -> Tensor:
    raise RuntimeError(
        "scatter_reduce(): Double backward is unsupported for src when >1 zeros in src are scattered to the same "
        "position in self"
    )


# Extremes -----------------------------------------------------------------------------------------------------


def extreme_da(g: Tensor, out: Tensor, a: Tensor, src: Tensor, _dim: int, include_self: bool, key: Any) -> Tensor:
    of_a, _, number = extremes(raw(out), raw(a), raw(src), include_self, key)
    return of_self(g / number * of_a, key, include_self)


def extreme_dsrc(g: Tensor, out: Tensor, a: Tensor, src: Tensor, _dim: int, include_self: bool, key: Any) -> Tensor:
    _, of_src, number = extremes(raw(out), raw(a), raw(src), include_self, key)
    slope: Tensor = elements_at(g / number, key) * of_src
    return slope


def extremes(out: Any, x: Any, y: Any, include_self: bool, key: Any) -> tuple[Any, Any, Any]:
    """1 where an element is the extreme that is found at its place, else 0, for both operands; and their number."""
    of_x, of_y = (x == out).astype(x.dtype), (y == out[key]).astype(x.dtype)
    number = of_x.copy()
    if not include_self:
        number[key] = 0
    add_at(number, key, of_y)
    return of_x, of_y, number


RULES = {
    "sum": (added_da, added_dsrc),
    "mean": (averaged_da, averaged_dsrc),
    "prod": (multiplied_da, multiplied_dsrc),
    "amax": (extreme_da, extreme_dsrc),
    "amin": (extreme_da, extreme_dsrc),
}
"""The rules of each reduction."""
