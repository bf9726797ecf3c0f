"""Elements in order along a dimension, those at some place in it, and which values there are.

dim: an int, below 0 counted from the last; keepdim keeps it, at length 1.  nan counts as largest.  Equal elements keep
their order.  The values are those at the indices, and so is their gradient; indices and counts are int64, and have
none.  IndexError for a dim that there is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minigrad import dtypes
from minigrad.arrays import array_module, gpu_of, quiet
from minigrad.devices import device_of
from minigrad.engine.broadcasting import cast
from minigrad.engine.graph import TensorBase, raw, record, unrecorded
from minigrad.engine.order import axes_of_result, by_rows, laid_out
from minigrad.gpu.placement import check_devices
from minigrad.ops.arithmetic import mul
from minigrad.ops.arranging import movedim
from minigrad.ops.creation import linspace
from minigrad.ops.dims import axis
from minigrad.ops.indexing import along, getitem, picked_da
from minigrad.ops.mixing import lerp
from minigrad.ops.picking import key_along, picked, vector
from minigrad.ops.promotion import array_of, check_tensors
from minigrad.ops.reductions import max_da
from minigrad.ops.reductions import sum as total
from minigrad.ops.results import printed
from minigrad.ops.selection import only_where
from minigrad.ops.shaping import reshape, squeeze, stack

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = [
    *("argsort", "bincount", "bucketize", "histc", "histogram", "kthvalue", "median", "mode", "msort", "nanmedian"),
    *("nanquantile", "quantile", "searchsorted", "sort", "topk", "unique", "unique_consecutive"),
]


def pair(name: str) -> Any:
    """The kind of pair that an op returns: values and indices, printed under its name."""

    class Pair(NamedTuple):
        """Values, and where along the dimension they are."""

        values: Any
        indices: Any

        def __repr__(self) -> str:
            return printed(name, self)

    Pair.__name__ = Pair.__qualname__ = name
    return Pair


Sorted, Top, Kth = pair("sort"), pair("topk"), pair("kthvalue")
Middle, MiddleNumber, MostCommon = pair("median"), pair("nanmedian"), pair("mode")

# In order -----------------------------------------------------------------------------------------------------


def sort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool | None = None) -> Any:
    """The elements in order along dim, and where each was: (values, indices).

    descending: the largest first.  stable is PyTorch's, for its speed: equal elements keep their order in any case.
    """
    x = array_of(input)
    name = "SortBackward0" if stable is None else "SortBackward1"
    if not x.ndim:
        return Sorted(*taken(input, order_along(x, dim), dim, name))
    key = key_along(order_along(x, dim, descending), axis(dim, x.ndim))
    axes = axes_of_result(x.shape, x)
    values = record(laid_out(x[key], axes), (input,), (picked_da,), x.shape, saved=(key,), name=name)
    return Sorted(values, unrecorded(laid_out(key[axis(dim, x.ndim)], axes), input))


def argsort(input: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = False) -> Tensor:  # noqa: ARG001
    """Where along dim the elements are in order: the indices of `sort`, with its descending and stable."""
    x = array_of(input)
    order = order_along(x, dim, descending).reshape(x.shape)
    return unrecorded(laid_out(order, axes_of_result(x.shape, x)), input)


def msort(input: Tensor) -> Tensor:
    """The elements in order along the first dimension: the values of sort(input, 0)."""
    values: Tensor = sort(input, 0)[0]
    return values


def order_along(x: Any, dim: int, descending: bool = False) -> Any:
    """Positions along dim that put a raw array (of one dimension at least) in order: the first of equal ones first."""
    dim, x = axis(dim, x.ndim), x if x.ndim else x.reshape(1)
    if not descending:
        return x.argsort(dim, kind="stable")
    reverse = tuple(slice(None, None, -1) if i == dim else slice(None) for i in range(x.ndim))
    return x.shape[dim] - 1 - x[reverse].argsort(dim, kind="stable")[reverse]


def taken(input: Tensor, at: Any, dim: int, name: str) -> tuple[Tensor, Tensor]:
    """The elements at positions along dim, and the positions."""
    x = raw(input)
    if not x.ndim:
        return record(x.copy(), (input,), (same_da,), name=name), unrecorded(at.reshape(()), input)
    return picked(input, key_along(at, axis(dim, x.ndim)), name), unrecorded(by_rows(at), input)


def same_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return g


def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:  # noqa: ARG001
    """The k largest (or smallest) elements along dim, in order, and where they are: (values, indices).

    largest: whether the largest.  sorted is PyTorch's, for its speed: they are always in order.  RuntimeError for more
    than there are.
    """
    x = array_of(input)
    at, size = axis(dim, x.ndim), x.shape[axis(dim, x.ndim)] if x.ndim else 1
    if not 0 <= k <= size:
        raise RuntimeError(f"selected index k out of range: topk() of {k} among {size}")
    first = order_along(x, dim, largest)[(*[slice(None)] * at, slice(k))]
    if not x.ndim and not k:
        return Top(reshape(input, 1)[:0], unrecorded(first, input))
    return Top(*taken(input, first, dim, "TopkBackward0"))


# One place in the order ---------------------------------------------------------------------------------------


def kthvalue(input: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Any:
    """The k-th smallest element along dim, from 1 on, and where it is: (values, indices).

    RuntimeError for a k that is not from 1 to the size, IndexError for a dim without elements.
    """
    x = array_of(input)
    at, size = axis(dim, x.ndim), x.shape[axis(dim, x.ndim)] if x.ndim else 1
    if x.ndim and not size:
        raise IndexError(f"kthvalue(): Expected reduction dim {at} to have non-zero size.")
    if not 1 <= k <= size:
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {at}: {k} of {size}")
    return Kth(*one_along(input, order_along(x, dim)[(*[slice(None)] * at, k - 1)], at, keepdim, "KthvalueBackward0"))


def one_along(input: Tensor, indices: Any, dim: int, keepdim: bool, name: str) -> tuple[Tensor, Tensor]:
    """The elements at one position each along dim, which goes away, and the positions."""
    x = raw(input)
    if not x.ndim:
        return record(x.copy(), (input,), (same_da,), name=name), unrecorded(indices.reshape(()), input)
    position = along(array_module(x).asarray(indices), dim, x.ndim, keepdim)
    values = record(by_rows(x[position]), (input,), (picked_da,), x.shape, saved=(position,), name=name)
    return values, unrecorded(by_rows(indices.reshape(raw(values).shape)), input)


def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The element in the middle of the order (the lower of two); with dim, along it: (values, indices).

    nan if one is, and of no elements.  Without dim, equal elements share the gradient.  IndexError for a dim without
    elements.
    """
    return middle("median", input, dim, keepdim)


def nanmedian(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """As `median`, of the elements that are not nan."""
    return middle("nanmedian", input, dim, keepdim)


def middle(op: str, input: Tensor, dim: int | None, keepdim: bool) -> Any:
    """median or nanmedian."""
    x = array_of(input)
    name = f"{op.capitalize()}Backward"
    if dim is None:
        value = middle_of_all(op, x)
        rule = max_da if op == "median" else nanmedian_da
        return record(value, (input,), (rule,), (1,) * x.ndim, tuple(range(x.ndim)), name=f"{name}0")
    at = axis(dim, x.ndim)
    if x.ndim and not x.shape[at]:
        raise IndexError(f"{op}(): Expected reduction dim {at} to have non-zero size.")
    indices = middle_along(op, x if x.ndim else x.reshape(1), at)
    kind = Middle if op == "median" else MiddleNumber
    return kind(*one_along(input, indices, at, keepdim, f"{name}1"))


def nanmedian_da(g: Tensor, out: Tensor, a: Tensor, kept: tuple[int, ...], _axes: tuple[int, ...]) -> Tensor:
    value = out.reshape(kept)
    chosen = (a == value) | ((a != a) & (value != value))
    return only_where(chosen, g.reshape(kept) / cast(total(chosen), raw(g).dtype))


def middle_of_all(op: str, x: Any) -> Any:
    """The middle one of all elements of a raw array; of none nan, or the smallest integer."""
    xp = array_module(x)
    if not x.size:
        return xp.full((), np.nan if x.dtype.kind == "f" else x.dtype.kind != "b" and np.iinfo(x.dtype).min, x.dtype)
    flat = x.reshape(-1)
    return flat[middle_along(op, flat, 0), ...]


def middle_along(op: str, x: Any, dim: int) -> Any:
    """Where along dim the middle elements of a raw array are."""
    xp = array_module(x)
    order, nans = order_along(x, dim), x != x
    numbers = x.shape[dim] - nans.sum(dim, keepdims=True)
    last = xp.minimum(numbers, x.shape[dim] - 1)  # the first nan, if there is one
    place = (xp.maximum(numbers, 1) - 1) // 2
    if op == "median":
        place = xp.where(numbers < x.shape[dim], last, (x.shape[dim] - 1) // 2)
    return xp.take_along_axis(order, place, dim).squeeze(dim)


def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> Any:
    """The most common element along dim (the smallest of several), and where it is last: (values, indices).

    IndexError for a dim without elements.
    """
    x = array_of(input)
    at = axis(dim, x.ndim)
    if x.ndim and not x.shape[at]:
        raise IndexError(f"mode(): Expected reduction dim {at} to have non-zero size.")
    xp, y = array_module(x), x if x.ndim else x.reshape(1)
    order = order_along(y, at)
    places = xp.arange(y.shape[at]).reshape([-1 if i == at else 1 for i in range(y.ndim)])
    order = xp.take_along_axis(order, (places - (y != y).sum(at, keepdims=True)) % y.shape[at], at)  # nan first
    rows = xp.moveaxis(xp.take_along_axis(y, order, at), at, 0)
    run = xp.ones(rows.shape, "int64")  # how many equal ones there are up to here
    for i in range(1, len(rows)):
        run[i] = xp.where(rows[i] == rows[i - 1], run[i - 1] + 1, 1)
    indices = xp.take_along_axis(order, xp.expand_dims(run.argmax(0), at), at).squeeze(at)
    return MostCommon(*one_along(input, indices, at, keepdim, "ModeBackward0"))


def quantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Tensor:
    """The values below which a part q (0 to 1) of the elements lies, over all or along dim; nan if one is nan.

    q: a number, or a vector, whose dimension comes first.  interpolation: how to choose between two elements: "linear",
    "lower", "higher", "midpoint", "nearest".  RuntimeError for a q outside [0, 1] or of more dimensions, another
    interpolation, integers, and no elements.
    """
    return quantile_of("quantile", input, q, dim, keepdim, interpolation)


def nanquantile(
    input: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
) -> Tensor:
    """As `quantile`, of the elements that are not nan."""
    return quantile_of("nanquantile", input, q, dim, keepdim, interpolation)


def quantile_of(op: str, input: Tensor, q: Any, dim: int | None, keepdim: bool, interpolation: str) -> Tensor:
    """quantile or nanquantile: two neighbours in the order, and a mixture of them."""
    x = array_of(input)
    if x.dtype.name not in ("float32", "float64"):
        raise RuntimeError(f"{op}() input tensor must be either float or double dtype, not {x.dtype}")
    if interpolation not in ("linear", "lower", "higher", "midpoint", "nearest"):
        raise RuntimeError(
            f"{op}() interpolation must be one of linear, lower, higher, midpoint or nearest, but got {interpolation}"
        )
    check_devices(input, q)
    xp, shares = array_module(x), raw(q)
    if hasattr(shares, "dtype") and shares.dtype != x.dtype:
        raise RuntimeError(f"{op}() q tensor must be same dtype as the input tensor")
    if not x.size:
        raise RuntimeError(f"{op}() input tensor must be non-empty")
    shares = xp.asarray(shares, x.dtype)
    if shares.ndim > 1:
        raise RuntimeError(f"{op}() q must be a scalar or 1D tensor, not of shape {list(shares.shape)}")
    if gpu_of(shares) is None and not ((shares >= 0) & (shares <= 1)).all():
        raise RuntimeError(f"{op}() q values must be in the range [0, 1], not {shares.tolist()}")
    at = 0 if dim is None else axis(dim, x.ndim)
    rows = reshape(input, -1) if dim is None else vector(input)
    order = order_along(raw(rows), at)
    ordered = picked(rows, key_along(order, at), "SortBackward0")
    last = raw(rows).shape[at] - 1
    nans = xp.isnan(raw(rows)).sum(at, keepdims=True)
    most = last - nans if op == "nanquantile" else xp.where(nans > 0, 0, last)
    result = []
    for i in range(shares.size):
        place = xp.maximum(shares.reshape(-1)[i] * most.astype(x.dtype), 0)
        if op == "quantile":
            place = xp.where(nans > 0, x.dtype.type(last), place)
        share = getitem(q, i) if shares.ndim and isinstance(q, TensorBase) else q  # type: ignore[arg-type]
        result.append(between(ordered, place, at, interpolation, share, most))
    shape = [1 if dim is None or i == at else n for i, n in enumerate(x.shape)]
    if not keepdim:
        shape = [] if dim is None else [n for i, n in enumerate(shape) if i != at]
    parts = stack([reshape(each, shape) for each in result], -1)
    return movedim(parts, -1, 0) if shares.ndim else squeeze(parts, -1)


def between(ordered: Tensor, place: Any, dim: int, interpolation: str, share: Any, most: Any) -> Tensor:
    """The values at fractional places along dim: at this share of the way to the last one."""
    xp = array_module(place)
    if interpolation == "nearest":
        place = xp.rint(place)
    below, above = xp.floor(place), xp.ceil(place)
    low, high = (picked(ordered, key_along(i.astype("int64"), dim), "GatherBackward0") for i in (below, above))
    if interpolation in ("lower", "nearest"):
        return low
    if interpolation == "higher":
        return high
    weight = unrecorded(place - below if interpolation == "linear" else xp.full_like(place, 0.5), ordered)
    if interpolation == "linear" and isinstance(share, TensorBase) and share.requires_grad:  # type: ignore[attr-defined]
        weight = mul(share, unrecorded(most.astype(below.dtype), ordered)) - unrecorded(below, ordered)
    return lerp(low, high, weight)


# Which values there are ---------------------------------------------------------------------------------------


def unique(
    input: Tensor,
    sorted: bool = True,  # noqa: ARG001 - they always are
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The different values, in order; with dim, the different slices along it.

    sorted is PyTorch's, for its speed: they are always in order.  return_inverse: also where each element is among
    them.  return_counts: also how often each comes.
    """
    x = array_of(input)
    xp = array_module(x)
    if dim is None:
        values, inverse, counts = xp.unique(x.reshape(-1), return_inverse=True, return_counts=True, equal_nan=False)
        found = values, inverse.reshape(x.shape), counts
    else:
        found = unique_slices(x, axis(dim, x.ndim))
    return chosen(input, found, return_inverse, return_counts)


def unique_slices(x: Any, dim: int) -> tuple[Any, Any, Any]:
    """The different slices of a raw array along dim, where each is among them, and how often."""
    xp = array_module(x)
    rows = xp.moveaxis(x, dim, 0).reshape(x.shape[dim], x.size // max(x.shape[dim], 1))
    order = xp.lexsort(rows.T[::-1]) if rows.shape[1] else xp.arange(len(rows))
    first = starts_of_runs(rows[order])
    group = xp.cumsum(first) - 1
    inverse = xp.empty(len(rows), "int64")
    inverse[order] = group
    slices = xp.moveaxis(x, dim, 0)[order[first]]
    return xp.moveaxis(by_rows(slices), 0, dim), inverse, xp.bincount(group) if len(rows) else group


def starts_of_runs(rows: Any) -> Any:
    """Which rows of a raw array differ from the one before."""
    xp = array_module(rows)
    first = xp.ones(len(rows), bool)
    if len(rows) > 1:
        first[1:] = (rows[1:] != rows[:-1]).reshape(len(rows) - 1, -1).any(1)
    return first


def unique_consecutive(
    input: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
) -> Any:
    """The values (or the slices along dim) without those that are equal to the one before.

    return_inverse, return_counts: as for `unique`.
    """
    x = array_of(input)
    xp = array_module(x)
    rows = x.reshape(-1, 1) if dim is None else xp.moveaxis(x, axis(dim, x.ndim), 0)
    first = starts_of_runs(rows)
    group = xp.cumsum(first) - 1
    counts = xp.bincount(group) if len(rows) else group
    values = rows[first].reshape(-1) if dim is None else xp.moveaxis(by_rows(rows[first]), 0, axis(dim, x.ndim))
    group = group.reshape(x.shape) if dim is None else group
    return chosen(input, (values, group, counts), return_inverse, return_counts)


def chosen(input: Tensor, found: tuple[Any, Any, Any], return_inverse: bool, return_counts: bool) -> Any:
    """The values, and what else is asked for.  The values have no derivative: a NotImplementedError in the pass."""
    values = record(found[0], (input,), (unique_da,))
    asked = [found[1]] * return_inverse + [found[2]] * return_counts
    return (values, *(unrecorded(each, input) for each in asked)) if asked else values


def unique_da(_g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    raise NotImplementedError(
        "the derivative for 'unique' is not implemented: take the values of input.detach(), or index input by positions"
    )


def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each of the numbers 0, 1, ... comes, or the sum of the weights of those; `minlength` of them at least.

    input: a vector of integers not below 0; weights: of its shape.  The counts are int64, or of the dtype of the
    weights.  RuntimeError for other shapes and for numbers below 0, NotImplementedError for floats.
    """
    check_tensors("bincount", ("weights",), input=input, weights=weights)
    x = array_of(input)
    if x.dtype.kind not in "iu":
        raise NotImplementedError(f"bincount(): not implemented for {x.dtype}: the numbers must be integers")
    if minlength < 0:
        raise RuntimeError("minlength should be >= 0")
    if x.ndim != 1 or (x.size and int(x.min()) < 0):
        raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
    if weights is None or not x.size:
        return unrecorded(array_module(x).bincount(x.astype("int64"), minlength=minlength).astype("int64"), input)
    w = raw(weights)
    if w.shape != x.shape:
        raise RuntimeError("weights should be 1-d and have the same length as input")
    to = "float32" if w.dtype.name == "float32" else "float64"
    return unrecorded(array_module(x).bincount(x.astype("int64"), w.astype("float64"), minlength).astype(to), input)


def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """How many elements lie in each of `bins` equal parts of [min, max]; if both are 0, of all that there are.

    The counts are floats, of input's dtype; what lies outside is not counted.  NotImplementedError for integers,
    RuntimeError for no bins, a min above max, and, without these, elements that are not finite.
    """
    x = array_of(input)
    if x.dtype.kind != "f":
        raise NotImplementedError(f"histc(): not implemented for {x.dtype}: convert with .float()")
    if bins <= 0:
        raise RuntimeError(f"bins must be > 0, but got {bins}")
    xp = array_module(x)
    low, high = float(min), float(max)
    if low == high and x.size:
        low, high = float(x.min()), float(x.max())
    if low == high:
        low, high = low - 1, high + 1
    if not (low - low == 0 == high - high):
        raise RuntimeError(f"histc(): range of [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError("max must be larger than min")
    with quiet():
        inside = x[(x >= low) & (x <= high)]
        steps = (inside - x.dtype.type(low)) * x.dtype.type(bins)
        part = (steps / (x.dtype.type(high) - x.dtype.type(low))).astype("int64")
        counts = xp.bincount(xp.minimum(part, bins - 1), minlength=bins)
    return unrecorded(counts.astype(x.dtype), input)


class Histogram(NamedTuple):
    """What histogram returns."""

    hist: Any
    bin_edges: Any

    def __repr__(self) -> str:
        return printed("histogram", self)


def histogram(
    input: Tensor,
    bins: Any,
    *,
    range: tuple[float, float] | None = None,
    weight: Tensor | None = None,
    density: bool = False,
) -> Histogram:
    """How many elements lie between each two of the edges, and the edges: (hist, bin_edges).

    bins: the number of equal parts of range (default: from the smallest element to the largest), or a tensor of the
    edges.  A part has its lower edge, and the last one the upper edge too.  weight: what each element counts.  density:
    divided by the sum of all and by the width of each part.  RuntimeError for other shapes, dtypes and ranges.
    """
    x = array_of(input)
    if x.dtype.kind != "f":
        raise NotImplementedError(f"histogram(): not implemented for {x.dtype}: convert with .float()")
    check_devices(input, bins, weight)
    counts = None if weight is None else raw(weight)
    if counts is not None and (counts.size != x.size or counts.dtype != x.dtype):
        raise RuntimeError(
            "torch.histogramdd: if weight tensor is provided it should have the same shape as the input tensor "
            f"and its dtype, but got {list(counts.shape)} of {counts.dtype} for {list(x.shape)} of {x.dtype}"
        )
    edges = bins_between(x, bins, range)
    xp, flat = array_module(x), x.reshape(-1)
    part = xp.searchsorted(edges, flat, "right") - 1
    part = xp.where(flat == edges[-1], len(edges) - 2, part)
    inside = (part >= 0) & (part < len(edges) - 1)
    counted = inside.astype(x.dtype) if counts is None else xp.where(inside, counts.reshape(-1), 0)
    hist = xp.bincount(xp.where(inside, part, 0), counted, len(edges) - 1).astype(x.dtype)
    if density:
        with quiet():
            hist = hist / hist.sum() / (edges[1:] - edges[:-1])
    return Histogram(unrecorded(hist, input), unrecorded(edges, input))


def bins_between(x: Any, bins: Any, range: tuple[float, float] | None) -> Any:
    """The raw edges of a histogram's parts."""
    if isinstance(bins, TensorBase):
        edges = raw(bins)
        if edges.dtype != x.dtype or edges.ndim != 1:
            raise RuntimeError(
                "torch.histogramdd: input tensor and bins tensors should have the same dtype, and bins one dimension, "
                f"but got input with dtype {x.dtype} and bins with dtype {edges.dtype} and shape {list(edges.shape)}"
            )
        return edges.copy()
    if bins <= 0:
        raise RuntimeError(f"torch.histogram(): bins must be > 0, but got {bins} for dimension 0")
    low, high = range if range is not None else (float(x.min()), float(x.max())) if x.size else (0.0, 1.0)
    if not (low - low == 0 == high - high):
        raise RuntimeError(f"torch.histogramdd: dimension 0's range [{low}, {high}] is not finite")
    if low > high:
        raise RuntimeError(
            f"torch.histogramdd: min should not exceed max, but got min {low} max {high} for dimension 0"
        )
    if low == high:
        low, high = low - 0.5, high + 0.5
    kind = dtypes.from_numpy[x.dtype]
    return raw(linspace(low, high, bins + 1, dtype=kind, device=device_of(x)))


def searchsorted(
    sorted_sequence: Tensor,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor:
    """Where in an ordered sequence each element would have to be put in: before equal ones, or (right) after them.

    sorted_sequence: a vector, or as many rows as input has.  side: "left" or "right", the same in words.  sorter: the
    positions that put it in order, if it is not.  out_int32: int32 positions in place of int64.  RuntimeError for two
    dtypes, other shapes, another side, or one that right contradicts.
    """
    sequence = array_of(sorted_sequence)
    xp = array_module(sequence)
    if sorter is not None:
        check_tensors("searchsorted", sorted_sequence=sorted_sequence, sorter=sorter)
        if raw(sorter).shape != sequence.shape or raw(sorter).dtype.name != "int64":
            raise RuntimeError(
                "torch.searchsorted(): boundary and sorter must have the same size, and sorter must be a tensor of "
                f"long dtype, but got {list(sequence.shape)} and {list(raw(sorter).shape)} of {raw(sorter).dtype}"
            )
        sequence = xp.take_along_axis(sequence, raw(sorter), -1) if sequence.ndim else sequence
    if isinstance(input, TensorBase):
        check_tensors("searchsorted", sorted_sequence=sorted_sequence, input=input)
    if side not in (None, "left", "right"):
        raise RuntimeError(f"torch.searchsorted(): side can only be 'left' or 'right' but got {side}")
    if side == "left" and right:
        raise RuntimeError(
            "torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True"
        )
    after = right or side == "right"
    x = xp.asarray(raw(input), sequence.dtype) if not isinstance(input, TensorBase) else raw(input)
    if isinstance(input, TensorBase) and x.dtype != sequence.dtype:
        raise RuntimeError(
            "torch.searchsorted(): input value tensor and boundary tensor should have same dtype, but got "
            f"{x.dtype} and {sequence.dtype}"
        )
    if sequence.ndim != 1 and sequence.shape[:-1] != x.shape[:-1]:
        raise RuntimeError(
            "torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries "
            f"tensor and input value tensor must match, but we got {list(sequence.shape)} and {list(x.shape)}"
        )
    if sequence.ndim == 1:
        found = xp.searchsorted(sequence, x, "right" if after else "left")
    else:
        rows = sequence[..., None, :]
        before = (rows <= x[..., None]) if after else ~(rows >= x[..., None])
        found = before.sum(-1)
    return unrecorded(by_rows(xp.asarray(found).astype("int32" if out_int32 else "int64")), sorted_sequence)


def bucketize(input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
    """Between which boundaries, an ordered vector, each element lies: see `searchsorted` for right and out_int32.

    RuntimeError for boundaries of more dimensions.
    """
    if array_of(boundaries).ndim != 1:
        raise RuntimeError(f"boundaries tensor must be 1 dimension, but got dim({raw(boundaries).ndim})")
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)
