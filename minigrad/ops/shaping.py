"""Shapes: the same elements in other dimensions, side by side, or repeated.

Where NumPy can give a view of the same memory, the result is a view, as in PyTorch.  dim: an int, below 0 counted from
the last; IndexError for one that there is not.  The gradient has input's shape again.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from functools import partial
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.absent import advice
from minigrad.arrays import array_module
from minigrad.engine.graph import TensorBase, raw, record
from minigrad.engine.order import by_rows
from minigrad.engine.places import op_called
from minigrad.engine.views import as_view
from minigrad.formats import common_format, in_format
from minigrad.gpu.placement import check_devices
from minigrad.ops.advice import tensor_from
from minigrad.ops.dims import axis, reduced_axes
from minigrad.ops.indexing import getitem, part
from minigrad.ops.promotion import array_of, as_dtype, result_type

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = [
    "broadcast_to",
    "cat",
    "chunk",
    "flatten",
    "permute",
    "reshape",
    "split",
    "squeeze",
    "stack",
    "swapaxes",
    "t",
    "transpose",
    "unbind",
    "unflatten",
    "unsqueeze",
]


def as_sizes(args: tuple[Any, ...]) -> tuple[int, ...]:
    """Sizes given one by one or as one sequence."""
    if len(args) == 1 and isinstance(args[0], Sequence) and not isinstance(args[0], str):
        args = tuple(args[0])
    try:
        return tuple(operator.index(n) for n in args)
    except TypeError:
        wrong = next((n for n in args if not hasattr(n, "__index__")), args)
        if wrong is args:  # a tensor that is no int
            raise
        raise TypeError(
            f"{op_called()}(): sizes and dimensions must be ints, but {wrong!r} is a {type(wrong).__name__}"
            + (". Divide with //" if isinstance(wrong, float) else advice(wrong))
        ) from None


def by_name(op: str, given: tuple[Any, ...], named: Any) -> tuple[Any, ...]:
    """An argument that is given by its name.  TypeError where it is given without it too."""
    if given:
        raise TypeError(f"{op}() received an invalid combination of arguments: {given} and {named!r}")
    return (named,)


def reshape(input: Tensor, *sizes: Any, shape: Any = None) -> Tensor:
    """The elements in another shape, one of whose sizes may be -1 (found from the others).

    sizes: ints, or one sequence, which may be given as shape.  RuntimeError when the number of elements differs.  A
    view where memory allows it, else a copy.
    """
    x = array_of(input)
    value = reshaped(x, as_sizes(sizes) if shape is None else as_sizes(by_name("reshape", sizes, shape)))
    out = record(value, (input,), (reshape_da,), x.shape, name="ViewBackward0")
    if isinstance(input, TensorBase) and shares_memory(value, x):
        as_view(out, input, reshape, value.shape)
    return out


def reshape_da(g: Tensor, _out: Tensor, _a: Tensor, shape: tuple[int, ...]) -> Tensor:
    return g.reshape(shape)


def view(input: Tensor, *shape: Any, size: Any = None) -> Tensor:
    """The elements in another shape, given as for `reshape`, but never a copy.

    shape: ints, or one sequence, which may be given as size.  RuntimeError where memory does not allow a view.
    """
    x = array_of(input)
    value = reshaped(x, as_sizes(shape) if size is None else as_sizes(by_name("view", shape, size)))
    if not shares_memory(value, x):
        raise RuntimeError(
            "view size is not compatible with input tensor's size and stride (at least one dimension spans "
            "across two contiguous subspaces). Use .reshape(...) instead."
        )
    return as_view(record(value, (input,), (reshape_da,), x.shape, name="ViewBackward0"), input, reshape, value.shape)


def view_as(input: Tensor, other: Tensor) -> Tensor:
    """A view in the shape of another tensor, other: as `view`."""
    return view(input, other.shape)


def reshape_as(input: Tensor, other: Tensor) -> Tensor:
    """The elements in the shape of another tensor, other: as `reshape`."""
    return reshape(input, other.shape)


def reshaped(x: Any, shape: tuple[int, ...]) -> Any:
    """A raw array in another shape; RuntimeError as PyTorch's."""
    try:
        return x.reshape(shape)
    except ValueError:
        raise RuntimeError(
            f"shape '{list(shape)}' is invalid for input of size {x.size}: {op_called()}() of {list(x.shape)}. One of "
            "the sizes may be -1: it is found from the others"
        ) from None


def shares_memory(value: Any, x: Any) -> bool:
    """Whether a reshaped array is a view (an empty one always is)."""
    return x.flags.c_contiguous or x.size == 0 or bool(array_module(x).may_share_memory(value, x))


def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Dimensions start_dim to end_dim made one.  RuntimeError when they are the wrong way round."""
    shape = array_of(input).shape
    start, end = axis(start_dim, len(shape)), axis(end_dim, len(shape))
    if start > end:
        raise RuntimeError("flatten() has invalid args: start_dim cannot come after end_dim")
    if start == end and shape:
        return input
    return reshape(input, (*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :]))


def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """One dimension made several, of given sizes; one of them may be -1 (found from the others).

    RuntimeError unless the sizes multiply up to the dimension's.
    """
    shape, sizes = array_of(input).shape, tuple(sizes)
    at = axis(dim, len(shape))
    known = math.prod(n for n in sizes if n != -1)
    found = tuple(shape[at] // known if n == -1 and known else n for n in sizes)
    if not sizes or not shape or sizes.count(-1) > 1 or math.prod(found) != shape[at]:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {dim} "
            f"({shape[at] if shape else 1}) in the input tensor"
        )
    return reshape(input, (*shape[:at], *found, *shape[at + 1 :]))


def squeeze(input: Tensor, dim: Any = None, *, axis: Any = None) -> Tensor:
    """Without its dimensions of length 1 (those in dim, if given; others stay).  axis: NumPy's name for dim."""
    x, dim = array_of(input), dim if axis is None else by_name("squeeze", () if dim is None else (dim,), axis)[0]
    value = x.squeeze() if dim is None else x.squeeze(axes_of_length_1(input, dim))
    name = "SqueezeBackward0" if dim is None else f"SqueezeBackward{2 if isinstance(dim, (tuple, list)) else 1}"
    return as_view(record(value, (input,), (reshape_da,), x.shape, name=name), input, squeeze, dim)


def axes_of_length_1(input: Tensor, dim: Any) -> tuple[int, ...]:
    """Which of the dimensions in dim have length 1; an empty tuple names none of them."""
    named = () if isinstance(dim, (tuple, list)) and not dim else reduced_axes(input, dim)
    return tuple(i for i in named if array_of(input).shape[i] == 1)


def unsqueeze(input: Tensor, dim: int) -> Tensor:
    """With a new dimension of length 1 at dim, from 0 to the number of dimensions: a view."""
    x = array_of(input)
    value = x[(slice(None),) * axis(dim, x.ndim + 1) + (None, ...)]
    return as_view(record(value, (input,), (reshape_da,), x.shape, name="UnsqueezeBackward0"), input, unsqueeze, dim)


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """With two dimensions swapped, dim0 and dim1: a view."""
    x = array_of(input)
    dim0, dim1 = axis(dim0, x.ndim), axis(dim1, x.ndim)
    value = x.swapaxes(dim0, dim1) if x.ndim else x[...]
    return as_view(record(value, (input,), (transpose_da,), dim0, dim1), input, transpose, dim0, dim1)


def transpose_da(g: Tensor, _out: Tensor, _a: Tensor, dim0: int, dim1: int) -> Tensor:
    return transpose(g, dim0, dim1)


def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """As `transpose` of axis0 and axis1, by the name that NumPy has for it."""
    return transpose(input, axis0, axis1)


def t(input: Tensor) -> Tensor:
    """The transpose of a matrix (a vector stays as it is).  RuntimeError for more dimensions."""
    x = array_of(input)
    if x.ndim > 2:
        raise RuntimeError(
            f"t() expects a tensor with <= 2 dimensions, but self is {x.ndim}D: use mT or transpose(dim0, dim1)"
        )
    return as_view(record(x.T, (input,), (t_da,)), input, t)


def t_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return t(g)


def mT(input: Tensor) -> Tensor:
    """The transpose of the last two dimensions.  RuntimeError for fewer."""
    if array_of(input).ndim < 2:
        raise RuntimeError(
            f"tensor.mT is only supported on matrices or batches of matrices. Got {raw(input).ndim}-D tensor."
        )
    return transpose(input, -2, -1)


def permute(input: Tensor, *dims: Any) -> Tensor:
    """With the dimensions in another order, that of dims: ints, or one sequence; a view.

    RuntimeError unless each is named once.
    """
    x = array_of(input)
    order = as_sizes(dims)
    if len(order) != x.ndim:
        raise RuntimeError(
            "permute(sparse_coo): number of dimensions in the tensor input does not match the length of the "
            f"desired ordering of dimensions i.e. input.dim() = {x.ndim} is not equal to len(dims) = {len(order)}"
        )
    axes = tuple(axis(d, x.ndim) for d in order)
    if len(set(axes)) != len(axes):
        raise RuntimeError(f"permute(): duplicate dims are not allowed. Got {list(order)}")
    return as_view(record(x.transpose(axes), (input,), (permute_da,), axes), input, permute, axes)


def permute_da(g: Tensor, _out: Tensor, _a: Tensor, axes: tuple[int, ...]) -> Tensor:
    return permute(g, tuple(axes.index(i) for i in range(len(axes))))


def T(input: Tensor) -> Tensor:
    """With all dimensions in reverse order."""
    return permute(input, tuple(reversed(range(array_of(input).ndim))))


def expand(input: Tensor, *shape: Any) -> Tensor:
    """Repeated along its dimensions of length 1, and new leading ones, without copying; -1 keeps a size.

    shape: ints, or one sequence.  RuntimeError for a size that neither equals the tensor's nor stretches a 1.
    """
    x = array_of(input)
    wanted = as_sizes(shape)
    added = len(wanted) - x.ndim
    full = tuple(x.shape[i - added] if n == -1 and i >= added else n for i, n in enumerate(wanted))
    if added < 0 or any(n < 0 or (i >= added and x.shape[i - added] not in (1, n)) for i, n in enumerate(full)):
        raise RuntimeError(
            f"expand(): the sizes {list(wanted)} must match the tensor's {list(x.shape)} from the right, "
            "or stretch a size of 1"
        )
    return as_view(record(expanded(x, full), (input,), (expand_da,)), input, expand, full)


def expanded(x: Any, shape: tuple[int, ...]) -> Any:
    """A raw array repeated without copying.  One may write to a part of it that repeats no element, as in PyTorch."""
    added = len(shape) - x.ndim
    if shape == (1,) * added + x.shape:
        return x[(None,) * added + (...,)]
    if 0 in shape:
        return array_module(x).empty(shape, x.dtype)
    value = array_module(x).broadcast_to(x, shape)
    if isinstance(x, np.ndarray):
        value.flags.writeable = x.flags.writeable
    return value


def expand_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return g


def broadcast_to(input: Tensor, size: Sequence[int]) -> Tensor:
    """Repeated to a size, without copying: as `expand`."""
    return expand(input, size)


def expand_as(input: Tensor, other: Tensor) -> Tensor:
    """Repeated to the shape of another tensor, other: as `expand`."""
    return expand(input, other.shape)


# Several tensors --------------------------------------------------------------------------------------------


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors one after the other along dim; all other sizes must be equal.

    tensors: a sequence; two dtypes meet as in `add`, and vectors without elements are left out.  ValueError for none,
    RuntimeError for other sizes, TypeError for what is no tensor.
    """
    tensors = joinable("cat", tensors)
    for i, x in enumerate(tensors):
        if x.array.ndim == 0:
            raise RuntimeError(
                f"zero-dimensional tensor (at position {i}) cannot be concatenated: in cat(). Use stack() for numbers"
            )
    filled = [x for x in tensors if x.array.shape != (0,)] or tensors  # PyTorch lets any beside them have shape (0,)
    dim = axis(dim, filled[0].array.ndim)
    for i, x in enumerate(filled):
        if x.array.ndim != filled[0].array.ndim:
            raise RuntimeError(
                "Tensors must have same number of dimensions: "
                f"got {filled[0].array.ndim} and {x.array.ndim}, for number {i} in cat()"
            )
        if other_sizes(x, dim) != other_sizes(filled[0], dim):
            raise RuntimeError(
                "cat(): Sizes of tensors must match except in dimension "
                f"{dim}: number 0 has shape {list(filled[0].array.shape)}, number {i} {list(x.array.shape)}"
            )
    rules: list[Any] = []
    start = 0
    for x in tensors:
        stop = start + (0 if x.array.shape == (0,) else x.array.shape[dim])
        key = (slice(None),) * dim + (slice(start, stop),)
        rules.append(cat_dnothing if x.array.shape == (0,) else partial(cat_dx, key=key))
        start = stop
    value = array_module(filled[0].array).concatenate([x.array for x in filled], dim)
    return record(in_format(value, common_format(*(x.array for x in filled))), tuple(tensors), tuple(rules))


def cat_dnothing(g: Tensor, *_unread: Tensor) -> Tensor:
    return getitem(g.reshape(-1), slice(0, 0))


def cat_dx(g: Tensor, *_unread: Tensor, key: tuple[Any, ...]) -> Tensor:
    return getitem(g, key)


def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Tensors of one shape along a new dimension at dim.

    tensors: a sequence.  RuntimeError for unequal shapes, and for none.
    """
    tensors = joinable("stack", tensors)
    for i, x in enumerate(tensors):
        if x.array.shape != tensors[0].array.shape:
            raise RuntimeError(
                f"stack expects each tensor to be equal size, but got {list(tensors[0].array.shape)} at entry 0 "
                f"and {list(x.array.shape)} at entry {i}"
            )
    dim = axis(dim, tensors[0].array.ndim + 1)
    rules = [partial(stack_dx, key=(slice(None),) * dim + (i,)) for i in range(len(tensors))]
    value = array_module(tensors[0].array).stack([x.array for x in tensors], dim)
    return record(by_rows(value), tuple(tensors), tuple(rules))


def stack_dx(g: Tensor, *_unread: Tensor, key: tuple[Any, ...]) -> Tensor:
    return getitem(g, key)


def stacked(parts: list[Any]) -> Any:
    """Tensors or raw arrays of one shape along a new dimension."""
    return stack(parts) if isinstance(parts[0], TensorBase) else array_module(parts[0]).stack(parts)


def joinable(op: str, tensors: Any) -> list[Tensor]:
    """A sequence of at least one tensor, in their common dtype."""
    if isinstance(tensors, TensorBase) or not isinstance(tensors, Sequence):
        raise TypeError(
            f"{op}(): argument 'tensors' (position 1) must be tuple of Tensors, not {type(tensors).__name__}"
        )
    if not tensors:
        kind = ValueError if op == "cat" else RuntimeError  # as in PyTorch
        raise kind(f"{op}(): expected a non-empty list of Tensors")
    for i, x in enumerate(tensors):
        if not isinstance(x, TensorBase):
            raise TypeError(
                f"expected Tensor as element {i} in argument 0, but got {type(x).__name__}: {op}(){tensor_from(x)}"
            )
    check_devices(*tensors)
    dtype = result_type(*tensors)
    return [as_dtype(x, dtype) for x in tensors]


def other_sizes(x: Tensor, dim: int) -> tuple[int, ...]:
    """A tensor's sizes but for one dimension."""
    shape: tuple[int, ...] = x.array.shape
    return shape[:dim] + shape[dim + 1 :]


def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The slices along a dimension, which goes away, in a tuple: views.  IndexError for a 0-d tensor."""
    x = array_of(input)
    if x.ndim == 0:
        raise IndexError("unbind(): Dimension specified as 0 but tensor has no dimensions")
    dim = axis(dim, x.ndim)
    before = (slice(None),) * dim
    return tuple(part(input, (*before, i), "UnbindBackward0", i) for i in range(x.shape[dim]))


def split(tensor: Tensor, split_size_or_sections: int | Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces of one size along dim (the last may be smaller), or of the sizes given, as views.

    tensor: what is split; split_size_or_sections: the size, or sizes that add up to that along dim.  RuntimeError for
    other sizes.
    """
    length = length_along("split", tensor, dim)
    dim = axis(dim, raw(tensor).ndim)
    name = "SplitWithSizesBackward0"
    if isinstance(split_size_or_sections, int):
        name, step = "SplitBackward0", split_size_or_sections
        if step < 0 or (step == 0 and length):
            raise RuntimeError(f"split expects split_size to be positive, but got split_size={step}")
        pieces = [min(step, length - start) for start in range(0, length, step or 1)] or [0]
    else:
        pieces = list(split_size_or_sections)
    if sum(pieces) != length or any(n < 0 for n in pieces):
        raise RuntimeError(
            f"split(): the sections {pieces} must not be negative, and add up to {length}, the size of dimension {dim}"
        )
    before = (slice(None),) * dim
    keys = [(*before, slice(end - n, end)) for n, end in zip(pieces, accumulate(pieces))]
    return tuple(part(tensor, key, name, i) for i, key in enumerate(keys))


def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` pieces of equal size along dim (the last may be smaller), as views.

    RuntimeError for chunks below 1.
    """
    length = length_along("chunk", input, dim)
    if chunks < 1:
        raise RuntimeError(f"chunk expects `chunks` to be greater than 0, got: {chunks}")
    return split(input, -(-length // chunks) if length else [0] * chunks, dim)


def length_along(op: str, input: Tensor, dim: int) -> int:
    """The size of a dimension that is to be cut; RuntimeError for a 0-d tensor."""
    x = array_of(input)
    if x.ndim == 0:
        raise RuntimeError(f"{op} expects at least a 1-dimensional tensor")
    length: int = x.shape[axis(dim, x.ndim)]
    return length
