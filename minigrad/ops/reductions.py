"""Reductions: many elements become one, over all dimensions or some.

dim: None (all), an int, or several; below 0 it counts from the last.  keepdim keeps the reduced dimensions, at length
1.  dtype: the input is converted to it first.

IndexError for a dim that there is not, or (of extremes) one without elements; RuntimeError for one that is named twice,
and for an extreme of no elements at all.
"""

# Every rule first puts the reduced dimensions of its g back at length 1 (`kept` is that shape), then repeats g along
# them.

from __future__ import annotations

import builtins
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minigrad import dtypes
from minigrad.arrays import array_module, quiet, total
from minigrad.engine.broadcasting import broadcast_to, cast
from minigrad.engine.graph import TensorBase, raw, record, unrecorded
from minigrad.engine.order import by_rows
from minigrad.ops import selection
from minigrad.ops.dims import axis, kept_shape, reduced_axes
from minigrad.ops.elementwise import exp
from minigrad.ops.indexing import along, picked_da
from minigrad.ops.promotion import array_of, as_dtype, factor_for, floating, numpy_dtype
from minigrad.ops.results import printed

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["amax", "amin", "argmax", "argmin", "logsumexp", "max", "mean", "min", "std", "sum", "var"]


def sum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: dtypes.dtype | None = None) -> Tensor:
    """The sum; 0 of no elements.  Bools and integers are summed as int64, unless dtype says otherwise."""
    a = input if dtype is None else as_dtype(input, numpy_dtype(dtype))
    x = array_of(a)
    axes = reduced_axes(a, dim)
    to = dtypes.int64.numpy if x.dtype.kind in "biu" and dtype is None else x.dtype
    name = "SumBackward0" if dim is None else "SumBackward1"
    with quiet():
        value = by_rows(total(x, axes, keepdim) if x.dtype.kind == "f" else x.sum(axes, to, keepdims=keepdim))
    return record(value, (a,), (sum_da,), kept_shape(x.shape, axes), x.shape, name=name)


def sum_da(g: Tensor, _out: Tensor, _a: Tensor, kept: tuple[int, ...], shape: tuple[int, ...]) -> Tensor:
    return broadcast_to(g.reshape(kept), shape)


def mean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: dtypes.dtype | None = None) -> Tensor:
    """The mean, sum / n; nan of no elements.  RuntimeError for bools and integers, unless dtype says otherwise."""
    a = input if dtype is None else as_dtype(input, numpy_dtype(dtype))
    x = array_of(a)
    if x.dtype.kind != "f":
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or complex "
            f"dtype. Got: {dtypes.CLASS_NAMES[x.dtype.name]}. Convert it with .float() first."
        )
    axes = reduced_axes(a, dim)
    kept = kept_shape(x.shape, axes)
    name = "MeanBackward0" if dim is None else "MeanBackward1"
    with quiet():
        value = by_rows(average(x, axes, keepdim))
    return record(value, (a,), (mean_da,), kept, x.shape, name=name)


def mean_da(g: Tensor, _out: Tensor, _a: Tensor, kept: tuple[int, ...], shape: tuple[int, ...]) -> Tensor:
    return broadcast_to(divided(g.reshape(kept), elements_per_result(shape, kept)), shape)


def divided(g: Any, number: int) -> Any:
    """g / number; in float16, whose largest number is 65504, with a number of more digits."""
    return g / factor_for(g, number)


def average(x: Any, axes: tuple[int, ...], keepdim: bool) -> Any:
    """The mean of a raw array: nan where there is nothing to add up, of which NumPy's would warn in any case."""
    if x.size or 0 not in [x.shape[i] for i in axes]:
        return x.mean(axes, keepdims=keepdim)
    return x.sum(axes, keepdims=keepdim) / 0


def elements_per_result(shape: tuple[int, ...], kept: tuple[int, ...]) -> int:
    """How many elements each element of the result was made from (1 for none: nothing is divided then)."""
    return math.prod(shape) // math.prod(kept) if math.prod(shape) else 1


# Extremes ---------------------------------------------------------------------------------------------------


class Largest(NamedTuple):
    """What max along a dimension returns."""

    values: Tensor
    indices: Tensor

    def __repr__(self) -> str:
        return printed("max", self)


class Smallest(NamedTuple):
    """What min along a dimension returns."""

    values: Tensor
    indices: Tensor

    def __repr__(self) -> str:
        return printed("min", self)


def amax(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """The largest element; equal ones share the gradient evenly.  nan counts as largest."""
    x, axes, kept = extreme_operands("amax", input, dim)
    return record(by_rows(x.max(axes, keepdims=keepdim)), (input,), (amax_da,), kept, axes)


def amax_da(g: Tensor, out: Tensor, a: Tensor, kept: tuple[int, ...], axes: tuple[int, ...]) -> Tensor:
    return shared(g.reshape(kept), a == out.reshape(kept), axes)


def amin(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """The smallest element; equal ones share the gradient evenly.  nan counts as smallest."""
    x, axes, kept = extreme_operands("amin", input, dim)
    return record(by_rows(x.min(axes, keepdims=keepdim)), (input,), (amax_da,), kept, axes, name="AminBackward0")


def shared(g: Tensor, ties: Tensor, axes: tuple[int, ...]) -> Tensor:
    """A gradient shared evenly among the elements, along the axes, that are True in `ties`."""
    return g * ties / cast(sum(ties, axes, keepdim=True), raw(g).dtype)


def extreme_operands(op: str, input: Tensor, dim: Any) -> tuple[Any, tuple[int, ...], tuple[int, ...]]:
    """The array, the axes, and the shape with these kept; errors where there is nothing to choose from."""
    x = array_of(input)
    axes = reduced_axes(input, dim)
    if x.size == 0 and (dim is None or dim == ()) and op not in ("argmax", "argmin"):
        raise RuntimeError(f"{op}(): Expected reduction dim to be specified for input.numel() == 0: {list(x.shape)}")
    for i in axes:
        if x.shape[i] == 0:
            raise IndexError(
                f"{op}(): Expected reduction dim {i} to have non-zero size, but the shape is {list(x.shape)}"
            )
    return x, axes, kept_shape(x.shape, axes)


def max(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The largest element (equal ones, or all nans, share the gradient), or the largest along dim, and where it is.

    With dim: (values, indices) of the first largest, which alone gets the gradient.  With a second tensor:
    `maximum`.  nan counts as largest.  IndexError for a dim without elements.
    """
    if isinstance(dim, TensorBase) or other is not None:
        return selection.maximum(input, dim if other is None else other)
    if dim is not None:
        return extreme_along("max", input, dim, keepdim)
    x, axes, kept = extreme_operands("max", input, None)
    return record(x.max(), (input,), (max_da,), kept, axes, name="MaxBackward1")


def max_da(g: Tensor, out: Tensor, a: Tensor, kept: tuple[int, ...], _axes: tuple[int, ...]) -> Tensor:
    chosen = (a == out.reshape(kept)) | (a != a)
    return selection.only_where(chosen, g.reshape(kept) / cast(sum(chosen), raw(g).dtype))


def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The smallest element (equal ones, or all nans, share the gradient), or the smallest along dim, and where it is.

    With dim: (values, indices) of the first smallest, which alone gets the gradient.  With a second tensor:
    `minimum`.  nan counts as smallest.  IndexError for a dim without elements.
    """
    if isinstance(dim, TensorBase) or other is not None:
        return selection.minimum(input, dim if other is None else other)
    if dim is not None:
        return extreme_along("min", input, dim, keepdim)
    x, axes, kept = extreme_operands("min", input, None)
    return record(x.min(), (input,), (max_da,), kept, axes, name="MinBackward1")


def extreme_along(op: str, input: Tensor, dim: Any, keepdim: bool) -> Largest | Smallest:
    """The values that argmax or argmin finds along dim, and the indices."""
    x = array_of(input)
    dim = extreme_operands(op, input, axis(dim, x.ndim))[1][0] if x.ndim else 0
    find = x.argmax if op == "max" else x.argmin
    indices = find(dim) if x.ndim else find()
    position = along(array_module(x).asarray(indices), dim, x.ndim, keepdim)
    pair, name = (Largest, "MaxBackward0") if op == "max" else (Smallest, "MinBackward0")
    values = record(x[position], (input,), (picked_da,), x.shape, saved=(position,), name=name)
    return pair(values, unrecorded(indices.reshape(raw(values).shape), input))


def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the first largest element is: int64 positions along dim, or in the flattened tensor.

    dim is an int or None.  IndexError for no elements.
    """
    return argextreme("argmax", input, dim, keepdim)


def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the first smallest element is: int64 positions along dim, or in the flattened tensor.

    dim is an int or None.  IndexError for no elements.
    """
    return argextreme("argmin", input, dim, keepdim)


def argextreme(op: str, input: Tensor, dim: int | None, keepdim: bool) -> Tensor:
    """argmax or argmin, with PyTorch's checks."""
    if array_of(input).dtype.kind == "b":
        raise RuntimeError(f"{op}(): does not support bool input. Convert it with .int() first.")
    if dim is not None:
        dim = axis(dim, raw(input).ndim)
    x, axes, kept = extreme_operands(op, input, dim)
    find = x.argmax if op == "argmax" else x.argmin
    indices = find() if dim is None or x.ndim == 0 else find(axes[0])
    return unrecorded(indices.reshape(kept) if keepdim else indices, input)


# Spread and log-sum-exp -------------------------------------------------------------------------------------


def var(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: float | None = 1
) -> Tensor:
    """The variance, sum((a - mean)**2) / (n - correction); nan where n is not above that.

    unbiased: PyTorch's older word: True for correction=1, False for correction=0; correction=None is 1.  RuntimeError
    for integers and bools, TypeError for both words at once.
    """
    x, axes, kept, divisor = spread_operands("var", input, dim, unbiased, correction)
    with quiet():
        value = by_rows(variance(x, axes, keepdim, divisor).astype(x.dtype, copy=False))
    return record(value, (input,), (var_da,), kept, axes, divisor)


def var_da(g: Tensor, _out: Tensor, a: Tensor, kept: tuple[int, ...], axes: Any, divisor: float) -> Tensor:
    return g.reshape(kept) * twice_over(divisor) * (a - mean(a, axes, keepdim=True))


def std(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: float | None = 1
) -> Tensor:
    """The standard deviation, the square root of the variance: see `var` for unbiased and correction.

    Where it is 0, so is its gradient.
    """
    x, axes, kept, divisor = spread_operands("std", input, dim, unbiased, correction)
    with quiet():
        value = by_rows((variance(x, axes, keepdim, divisor) ** 0.5).astype(x.dtype, copy=False))
    return record(value, (input,), (std_da,), kept, axes, divisor)


def std_da(g: Tensor, out: Tensor, a: Tensor, kept: tuple[int, ...], axes: Any, divisor: float) -> Tensor:
    slope = selection.only_where(out != 0, g / (out * 2))
    return slope.reshape(kept) * twice_over(divisor) * (a - mean(a, axes, keepdim=True))


def twice_over(divisor: float) -> float:
    """2 / divisor, of which 0 gives inf."""
    return 2 / divisor if divisor else math.inf


def variance(x: Any, axes: tuple[int, ...], keepdim: bool, divisor: float) -> Any:
    """The sum of squared deviations of a raw array, divided; of float16 in float32, which has room for the squares.

    Counted from the first element: the mean of equal ones may be another number than they are.
    """
    if x.dtype.char == "e":
        x = x.astype(np.float32)
    x = x - x[tuple(slice(1) if i in axes else slice(None) for i in range(x.ndim))]
    squares = (x - average(x, axes, True)) ** 2
    return squares.sum(axes, keepdims=keepdim) / divisor


def spread_operands(op: str, input: Tensor, dim: Any, unbiased: bool | None, correction: float | None) -> Any:
    """The array, the axes, the shape with these kept, and what the sum of squares is divided by."""
    if isinstance(dim, bool):
        dim, unbiased = None, dim
    x = array_of(input)
    if unbiased is not None and correction != 1:
        raise TypeError(f"{op}(): unbiased={unbiased} and correction={correction}: give one of them")
    if x.dtype.kind != "f":
        raise RuntimeError(f"{op}(): only floating point dtypes, not {x.dtype}. Convert it with .float() first.")
    axes = reduced_axes(input, dim)
    kept = kept_shape(x.shape, axes)
    n = math.prod(x.shape[i] for i in axes)
    correction = 1 if correction is None else correction
    divisor = n - (correction if unbiased is None else int(unbiased))
    return x, axes, kept, builtins.max(divisor, 0)


def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """log(sum(e ** input)) along dim, computed without overflow: the largest element is taken out first.

    Its gradient is the softmax of input; integers become floats.
    """
    a = floating(input)
    x = raw(a)
    xp = array_module(x)
    axes = reduced_axes(a, dim)
    most = largest(x, axes)
    most = xp.where(xp.isfinite(most), most, 0)
    with quiet():
        value = xp.log(total(xp.exp(x - most), axes, keepdims=True)) + most
    value = value if keepdim else value.reshape([n for i, n in enumerate(x.shape) if i not in axes])
    return record(by_rows(value), (a,), (logsumexp_da,), kept_shape(x.shape, axes))


def largest(x: Any, axes: tuple[int, ...]) -> Any:
    """The largest element of a raw array along axes, which stay at length 1; -inf where there is none."""
    if x.size:
        return x.max(axes, keepdims=True)
    return array_module(x).full(kept_shape(x.shape, axes), -math.inf, x.dtype)


def logsumexp_da(g: Tensor, out: Tensor, a: Tensor, kept: tuple[int, ...]) -> Tensor:
    return g.reshape(kept) * exp(a - out.reshape(kept))
