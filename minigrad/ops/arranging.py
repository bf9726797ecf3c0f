"""Elements arranged anew: repeated, reversed, turned, cut off above or below a diagonal, stacked and split.

Where PyTorch gives a view of the same memory, so does each of these.  Dimensions are ints, below 0 counted from the
last; IndexError for one that there is not.  tensors: several, one by one or in a sequence; their dtypes meet as in
`add` where they become one tensor.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations as combinations_of
from itertools import combinations_with_replacement
from operator import index as as_int
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import dtypes
from minigrad.arrays import array_module, copy_of, gpu_of, total
from minigrad.engine.graph import TensorBase, raw, record
from minigrad.engine.order import by_rows, empty_as
from minigrad.engine.places import warn
from minigrad.engine.views import as_view
from minigrad.formats import contiguous_format
from minigrad.gpu.placement import check_devices
from minigrad.ops import creation
from minigrad.ops.dims import axis, reduced_axes
from minigrad.ops.elementwise import clone
from minigrad.ops.indexing import part, scatter
from minigrad.ops.picking import index_select
from minigrad.ops.promotion import array_of, numpy_dtype
from minigrad.ops.reductions import sum
from minigrad.ops.shaping import as_sizes, cat, expand, length_along, permute, reshape, stack, unsqueeze

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = [
    *("atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "broadcast_tensors", "cartesian_prod", "column_stack"),
    *("combinations", "diag", "diag_embed", "diagflat", "diagonal", "dsplit", "dstack", "flip", "fliplr", "flipud"),
    *("hsplit", "hstack", "meshgrid", "moveaxis", "movedim", "narrow", "ravel", "repeat_interleave", "roll", "rot90"),
    *("select", "tensor_split", "tile", "trace", "tril", "tril_indices", "triu", "triu_indices", "vsplit", "vstack"),
]

# Repeated -------------------------------------------------------------------------------------------------------


def repeat(input: Tensor, *repeats: Any) -> Tensor:
    """The tensor so many times along each dimension, and along new leading ones, in memory of its own.

    repeats: ints, or one sequence.  RuntimeError for fewer of them than dimensions, and for numbers below 0.
    """
    x, times = array_of(input), as_sizes(repeats)
    if len(times) < x.ndim:
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor: "
            f"{list(times)} for the shape {list(x.shape)}"
        )
    if any(n < 0 for n in times):
        raise RuntimeError(f"Trying to create tensor with negative dimension in repeat(): {list(times)}")
    shape = (1,) * (len(times) - x.ndim) + x.shape
    return record(by_rows(array_module(x).tile(x, times)), (input,), (repeat_da,), x.shape, times, shape)


def repeat_da(g: Tensor, _out: Tensor, _a: Tensor, shape: tuple[int, ...], times: Any, full: Any) -> Tensor:
    pairs = [n for pair in zip(times, full) for n in pair]
    return sum(g.reshape(pairs), tuple(range(0, len(pairs), 2))).reshape(shape) if pairs else g


def tile(input: Tensor, *dims: Any) -> Tensor:
    """The tensor so many times along each dimension: as `repeat`, but the dims that are missing in front are 1."""
    times = as_sizes(dims)
    return repeat(input, (1,) * (array_of(input).ndim - len(times)) + times)


def repeat_interleave(
    input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Each element (or slice along dim) so many times, one after the other; without dim, all elements in one row.

    repeats: an int, or an integer tensor with a number for each.  With one tensor alone, its elements are the repeats
    and the result says how often each position comes.  output_size: what the numbers add up to.  RuntimeError for
    numbers below 0, other sizes or dtypes of them, and another sum.
    """
    if repeats is None:
        counts = array_of(input)
        positions = repeated_positions(input, counts.size)
        return positions.to(input.dtype).to(input.device)
    check_devices(input, repeats)
    if dim is None:
        input, dim = reshape(input, -1), 0
    x = array_of(input)
    if not x.ndim:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    dim = axis(dim, x.ndim)
    size = raw(input).shape[dim]
    if isinstance(repeats, int) and repeats >= 0 and output_size in (None, repeats * size):
        each = unsqueeze(input, dim + 1)
        sizes = [repeats if i == dim + 1 else -1 for i in range(each.ndim)]
        each = clone(expand(each, sizes), memory_format=contiguous_format)
        return reshape(each, [n * repeats if i == dim else n for i, n in enumerate(input.shape)])
    positions = repeated_positions(repeats, size)
    if output_size is not None and raw(positions).size != output_size:
        raise RuntimeError(f"repeat_interleave: Invalid output_size: {output_size}, and not {raw(positions).size}")
    return index_select(input, dim, positions.to(input.device))


def repeated_positions(repeats: Any, size: int) -> Tensor:
    """The positions from 0 to size, each as often as it is to be repeated."""
    counts = raw(repeats)
    if hasattr(counts, "dtype"):
        if counts.dtype.name not in ("int64", "int32"):
            raise RuntimeError(f"repeats has to be Long or Int tensor, not {counts.dtype}")
        if counts.ndim > 1 or (counts.ndim == 1 and counts.size not in (1, size)):
            raise RuntimeError(
                "repeats must have the same size as input along dim, but got repeats.size(0) = "
                f"{counts.shape[0]} and input.size(dim) = {size}"
            )
        counts = counts.tolist()
        counts = counts[0] if isinstance(counts, list) and len(counts) == 1 else counts
    numbers = np.asarray(counts)
    if (numbers < 0).any():
        raise RuntimeError("repeats can not be negative")
    return creation.from_numpy(np.repeat(np.arange(size), numbers))


# Reversed and turned ----------------------------------------------------------------------------------------------


def flip(input: Tensor, *dims: Any) -> Tensor:
    """The elements in reverse order along some dimensions, in memory of its own.

    dims: ints, or one sequence.  RuntimeError for one dimension twice.
    """
    x = array_of(input)
    axes = reduced_axes(input, tuple(as_sizes(dims)) or [])
    axes = axes if as_sizes(dims) else ()
    value = empty_as(x)
    value[...] = x[tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(x.ndim))]
    return record(value, (input,), (flip_da,), axes)


def flip_da(g: Tensor, _out: Tensor, _a: Tensor, axes: tuple[int, ...]) -> Tensor:
    return flip(g, axes)


def fliplr(input: Tensor) -> Tensor:
    """The columns in reverse order.  RuntimeError for fewer than two dimensions."""
    if array_of(input).ndim < 2:
        raise RuntimeError("Input must be >= 2-d.")
    return flip(input, 1)


def flipud(input: Tensor) -> Tensor:
    """The rows in reverse order.  RuntimeError for a 0-d tensor."""
    if array_of(input).ndim < 1:
        raise RuntimeError("Input must be >= 1-d.")
    return flip(input, 0)


def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """The elements moved along dimensions by so many places; those beyond the end come in again at the front.

    shifts, dims: ints, or as many of each.  Without dims, along all elements in the order of their indices.
    RuntimeError for unequal numbers of them.
    """
    x = array_of(input)
    shifts = as_sizes((shifts,) if not isinstance(shifts, (tuple, list)) else tuple(shifts))
    if dims is None or dims == ():
        if len(shifts) != 1:
            raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:0")
        return record(by_rows(array_module(x).roll(x, shifts[0])), (input,), (roll_da,), shifts, None)
    if not x.ndim:
        raise IndexError("Dimension specified as 0 but tensor has no dimensions")
    axes = tuple(axis(d, x.ndim) for d in (dims if isinstance(dims, (tuple, list)) else (dims,)))
    if len(shifts) != len(axes):
        raise RuntimeError(f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(axes)}")
    value = by_rows(array_module(x).roll(x, shifts, axes)) if x.size else x.copy()
    return record(value, (input,), (roll_da,), shifts, axes)


def roll_da(g: Tensor, _out: Tensor, _a: Tensor, shifts: tuple[int, ...], axes: Any) -> Tensor:
    return roll(g, tuple(-n for n in shifts), axes)


def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """Turned k times by 90 degrees, from the first of two dimensions, dims, towards the second.

    RuntimeError for another number of dims, one dimension twice, and fewer than two dimensions.
    """
    x = array_of(input)
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if x.ndim < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {x.ndim}")
    if dims[0] == dims[1] or abs(dims[0] - dims[1]) == x.ndim:
        raise RuntimeError(f"expected rotation dims to be different, but got dim0 = {dims[0]} and dim1 = {dims[1]}")
    axes = tuple(axis(d, x.ndim) for d in dims)
    return record(turned(x, k % 4, *axes), (input,), (rot90_da,), k, axes, name="Rot90Backward0")


def rot90_da(g: Tensor, _out: Tensor, _a: Tensor, k: int, axes: tuple[int, int]) -> Tensor:
    return rot90(g, -k, axes)


def turned(x: Any, k: int, dim0: int, dim1: int) -> Any:
    """A copy of a raw array turned k times, in PyTorch's order: turned once or thrice it is a transpose."""
    if not k:
        return copy_of(x)
    reverse = slice(None, None, -1)
    reversed_dims = {1: (dim1,), 2: (dim0, dim1), 3: (dim0,)}[k]
    value = empty_as(x)
    value[...] = x[tuple(reverse if i in reversed_dims else slice(None) for i in range(x.ndim))]
    return value if k == 2 else value.swapaxes(dim0, dim1)


def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """With dimensions moved to other places, source to destination; the others keep their order: a view.

    source, destination: ints, or as many of each.  RuntimeError for unequal numbers, and for one dimension twice.
    """
    ndim = array_of(input).ndim
    sources, places = ((d,) if isinstance(d, int) else tuple(d) for d in (source, destination))
    if len(sources) != len(places):
        raise RuntimeError(
            "movedim: Invalid source or destination dims: source "
            f"({list(sources)} dims) should contain the same number of dims as destination ({list(places)} dims)"
        )
    taken, given = [axis(d, ndim) for d in sources], [axis(d, ndim) for d in places]
    for name, dims in (("source", taken), ("destination", given)):
        if len(set(dims)) != len(dims):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({list(dims)})")
    if not ndim:
        return permute(input, ())
    rest = iter([d for d in range(ndim) if d not in taken])
    return permute(input, [taken[given.index(d)] if d in given else next(rest) for d in range(ndim)])


def moveaxis(input: Tensor, source: Any, destination: Any) -> Tensor:
    """As `movedim`, by the name that NumPy has for it."""
    return movedim(input, source, destination)


def ravel(input: Tensor) -> Tensor:
    """All elements in one row: a view where memory allows it, else a copy."""
    return reshape(input if array_of(input).flags.c_contiguous else clone(input), -1)


# Triangles and diagonals ----------------------------------------------------------------------------------------------


def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """The part of matrices on and below a diagonal; zeros above.

    diagonal: above the main one for numbers above 0.  RuntimeError for fewer than two dimensions.
    """
    x = matrices("tril", input)
    return record(by_rows(array_module(x).tril(x, diagonal)), (input,), (tril_da,), diagonal)


def tril_da(g: Tensor, _out: Tensor, _a: Tensor, diagonal: int) -> Tensor:
    return tril(g, diagonal)


def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """The part of matrices on and above a diagonal; zeros below.

    diagonal: above the main one for numbers above 0.  RuntimeError for fewer than two dimensions.
    """
    x = matrices("triu", input)
    return record(by_rows(array_module(x).triu(x, diagonal)), (input,), (triu_da,), diagonal)


def triu_da(g: Tensor, _out: Tensor, _a: Tensor, diagonal: int) -> Tensor:
    return triu(g, diagonal)


def matrices(op: str, input: Tensor) -> Any:
    """The array of one or more matrices."""
    x = array_of(input)
    if x.ndim < 2:
        raise RuntimeError(f"{op}: input tensor must have at least 2 dimensions, but its shape is {list(x.shape)}")
    return x


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: dtypes.dtype | None = None, device: Any = None
) -> Tensor:
    """The row numbers and the column numbers on and below a diagonal, in a tensor of two rows: int64 by default.

    row, col: how many rows and columns the matrix has.  offset: which diagonal, above the main one for numbers above 0.
    dtype, device: those of the result.  RuntimeError for numbers below 0.
    """
    return triangle_indices(triangle(row, col, offset), dtype, device)


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: dtypes.dtype | None = None, device: Any = None
) -> Tensor:
    """The row numbers and the column numbers on and above a diagonal, in a tensor of two rows: as `tril_indices`."""
    return triangle_indices(~triangle(row, col, offset - 1), dtype, device)


def triangle(row: int, col: int, offset: int) -> Any:
    """A mask of NumPy's, True on and below a diagonal.  RuntimeError for numbers below 0."""
    for name, number in (("row", row), ("col", col)):
        if number < 0:
            raise RuntimeError(f"{name} must be non-negative, got{number}")
    return np.tri(row, col, offset, dtype=bool)


def triangle_indices(mask: Any, dtype: dtypes.dtype | None, device: Any) -> Tensor:
    """Where a mask of NumPy's is True."""
    found = np.stack(mask.nonzero())
    return creation.finished(found.astype(numpy_dtype(dtype or dtypes.int64)), device, requires_grad=False)


def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonal of the matrices that two dimensions, dim1 and dim2, make, as the last dimension of a view.

    offset: which diagonal, above the main one for numbers above 0.  RuntimeError for one dimension twice.
    """
    x = array_of(input)
    value = diagonal_of(x, offset, *diagonal_dims("diagonal", x.ndim, dim1, dim2))
    out = record(value, (input,), (diagonal_da,), x.shape, offset, dim1, dim2)
    return as_view(out, input, diagonal, offset, dim1, dim2)


def diagonal_da(g: Tensor, _out: Tensor, _a: Tensor, shape: Any, offset: int, dim1: int, dim2: int) -> Tensor:
    return on_diagonal(g, shape, offset, dim1, dim2)


def on_diagonal(a: Tensor, shape: tuple[int, ...], offset: int, dim1: int, dim2: int) -> Tensor:
    """Zeros of a shape with the elements on a diagonal."""
    x = raw(a)
    value = array_module(x).zeros(shape, x.dtype)
    diagonal_of(value, offset, *diagonal_dims("diag_embed", len(shape), dim1, dim2))[...] = x
    return record(value, (a,), (on_diagonal_da,), offset, dim1, dim2, name="DiagEmbedBackward0")


def on_diagonal_da(g: Tensor, _out: Tensor, _a: Tensor, offset: int, dim1: int, dim2: int) -> Tensor:
    return diagonal(g, offset, dim1, dim2)


def diagonal_dims(op: str, ndim: int, dim1: int, dim2: int) -> tuple[int, int]:
    """Two dimensions counted from the front; errors if they are one, or not there."""
    first, second = (axis(d, ndim) for d in (dim1, dim2))
    if first == second:
        raise RuntimeError(f"{op}(): diagonal dimensions cannot be identical {dim1}, {dim2}")
    return first, second


def diagonal_of(x: Any, offset: int, dim1: int, dim2: int) -> Any:
    """A diagonal of a raw array as a view that can be written to, unlike NumPy's own."""
    length = max(min(x.shape[dim1] + min(offset, 0), x.shape[dim2] - max(offset, 0)), 0)
    start = tuple(
        slice(max(-offset if i == dim1 else offset, 0) if i in (dim1, dim2) else 0, None) for i in range(x.ndim)
    )
    others = [i for i in range(x.ndim) if i not in (dim1, dim2)]
    shape = (*(x.shape[i] for i in others), length)
    strides = (*(x.strides[i] for i in others), x.strides[dim1] + x.strides[dim2])
    return array_module(x).lib.stride_tricks.as_strided(x[start], shape, strides)


def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """A matrix with the elements of a vector on a diagonal, or the diagonal of a matrix: in memory of its own.

    diagonal: above the main one for numbers above 0.  RuntimeError for another number of dimensions.
    """
    x = array_of(input)
    if x.ndim == 1:
        return diag_embed(input, diagonal)
    if x.ndim != 2:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {x.ndim}D")
    value = diagonal_of(x, diagonal, 0, 1).copy()
    return record(value, (input,), (diagonal_da,), x.shape, diagonal, 0, 1, name="DiagonalBackward0_copy")


def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Matrices, along two new dimensions, with the last dimension's elements on a diagonal; else zeros.

    offset: which diagonal, as for `diagonal`.  dim1, dim2: where the rows and the columns stand in the result.
    RuntimeError for one dimension twice.
    """
    x = array_of(input)
    first, second = diagonal_dims("diag_embed", x.ndim + 1, dim1, dim2)
    shape = list(x.shape[:-1])
    for dim in sorted((first, second)):
        shape.insert(dim, x.shape[-1] + abs(offset))
    return on_diagonal(input, tuple(shape), offset, first, second)


def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """A matrix with all elements on a diagonal, offset above the main one; else zeros."""
    return diag(reshape(input, -1), offset)


def trace(input: Tensor) -> Tensor:
    """The sum of a matrix's diagonal.  RuntimeError for another number of dimensions, NotImplementedError for bools."""
    x = array_of(input)
    if x.ndim != 2:
        raise RuntimeError(f"trace: expected a matrix, but got tensor with dim {x.ndim}")
    if x.dtype.kind == "b":
        raise NotImplementedError("trace(): not implemented for bools: convert one with .int()")
    to = dtypes.int64.numpy if x.dtype.kind in "biu" else x.dtype
    entries = diagonal_of(x, 0, 0, 1)
    value = total(entries) if x.dtype.kind == "f" else entries.sum(dtype=to)
    return record(value, (input,), (trace_da,), x.shape)


def trace_da(g: Tensor, _out: Tensor, _a: Tensor, shape: tuple[int, int]) -> Tensor:
    return on_diagonal(expand(g, min(shape)), shape, 0, 0, 1)


# Parts ----------------------------------------------------------------------------------------------------------------


def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """The `length` slices from `start` on along dim, as a view.

    start: an int or a 0-d integer tensor, below 0 counted from the end.  IndexError for one that points outside,
    RuntimeError for a length that goes beyond the end or is below 0, another start, and a 0-d tensor.
    """
    size = length_along("narrow()", input, dim)
    if isinstance(start, TensorBase) and (raw(start).ndim or raw(start).dtype.kind not in "iu"):
        raise RuntimeError(f"start must be an 0-dim integral Tensor: narrow() got one of {list(raw(start).shape)}")
    dim, start = axis(dim, raw(input).ndim), as_int(start)
    if length < 0:
        raise RuntimeError(f"narrow(): length must be non-negative, not {length}")
    if not -size <= start <= size:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-size}, {size}], but got {start})")
    start = start + size if start < 0 else start
    if start + length > size:
        raise RuntimeError(f"start ({start}) + length ({length}) exceeds dimension size ({size}).")
    return part(input, (*[slice(None)] * dim, slice(start, start + length)), "SliceBackward0")


def select(input: Tensor, dim: int, index: Any) -> Tensor:
    """The slice at index along dim, which goes away, as a view.  IndexError for an index that points outside."""
    x = array_of(input)
    if not x.ndim:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    dim, at = axis(dim, x.ndim), as_int(index)
    if not -x.shape[dim] <= at < x.shape[dim]:
        raise IndexError(f"select(): index {at} out of range for tensor of size {list(x.shape)} at dimension {dim}")
    return part(input, (*[slice(None)] * dim, at), "SelectBackward0")


def unfold(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """All windows of a size along a dimension, a step apart, as the last dimension of a view.

    RuntimeError for a size above the dimension's, and a step below 1.
    """
    x = array_of(input)
    dim = axis(dimension, x.ndim)
    length = x.shape[dim] if x.ndim else 1
    if not 0 <= size <= length:
        raise RuntimeError(f"maximum size for tensor at dimension {dim} is {length} but size is {size}")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")
    shape, strides = (*x.shape, size), (*x.strides, x.strides[dim] if x.ndim else x.itemsize)
    if x.ndim:
        shape = (*shape[:dim], (length - size) // step + 1, *shape[dim + 1 :])
        strides = (*strides[:dim], strides[dim] * step, *strides[dim + 1 :])
    value = array_module(x).lib.stride_tricks.as_strided(x, shape, strides)
    out = record(value, (input,), (unfold_da,), x.shape, dim, step)
    return as_view(out, input, unfold, dimension, size, step)


def unfold_da(g: Tensor, _out: Tensor, _a: Tensor, shape: tuple[int, ...], dim: int, step: int) -> Tensor:
    if not shape:
        return sum(g)
    xp, size = array_module(raw(g)), g.shape[-1]
    windows = step * xp.arange(g.shape[dim])[:, None] + xp.arange(size)
    order = [*range(dim + 1), len(shape), *range(dim + 1, len(shape))]
    return scatter(permute(g, order), (*[slice(None)] * dim, windows), shape)


def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """So many pieces along dim, of which the first may be larger by one, or pieces that end at given places, as views.

    indices_or_sections: the number, or the positions: ints, or an integer tensor on the CPU.  RuntimeError for a number
    below 1, and for a 0-d tensor.
    """
    x = array_of(input)
    if not x.ndim:
        raise RuntimeError("tensor_split expected at least a 1-dimensional tensor, but got a tensor with 0 dims")
    dim = axis(dim, x.ndim)
    given = indices_or_sections
    if isinstance(given, TensorBase):
        if given.array.dtype != np.int64:
            raise RuntimeError(
                "tensor_split expected tensor_indices_or_sections to have dtype of long, but got "
                f"{dtypes.CLASS_NAMES[given.array.dtype.name]}"
            )
        given = given.tolist()  # type: ignore[attr-defined]
    size = x.shape[dim]
    if isinstance(given, int):
        if given <= 0:
            raise RuntimeError(f"number of sections must be larger than 0, got {given}")
        ends = np.cumsum([size // given + (i < size % given) for i in range(given)]).tolist()[:-1]
    else:
        ends = list(given)
    before = (slice(None),) * dim
    pieces = zip([0, *ends], [*ends, size])
    return tuple(part(input, (*before, slice(*slice(*piece).indices(size)[:2])), "SliceBackward0") for piece in pieces)


def split_evenly(op: str, input: Tensor, given: Any, dim: int, least: int) -> tuple[Tensor, ...]:
    """As `tensor_split`, but a number of sections must divide the size."""
    x = array_of(input)
    if x.ndim < least:
        raise RuntimeError(
            f"torch.{op} requires a tensor with at least {least} dimension{'s' * (least > 1)}, but got a tensor with "
            f"{x.ndim} dimensions!"
        )
    if isinstance(given, int):
        if given == 0 or x.shape[dim] % given:
            raise RuntimeError(
                f"torch.{op} attempted to split along dimension {dim}, but the size of the dimension {x.shape[dim]} is "
                f"not divisible by the split_size {given}!"
            )
        return tensor_split(input, given, dim)
    return tensor_split(input, given, dim)


def hsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Pieces side by side: along the second dimension, or the only one, as views.

    indices_or_sections: how many equal pieces, or where they end.  RuntimeError for fewer dimensions, and a size that
    the number does not divide; TypeError for what is no int.
    """
    return split_evenly("hsplit", input, indices_or_sections, 0 if array_of(input).ndim == 1 else 1, 1)


def vsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Pieces one below the other: along the first of at least two dimensions, as views.

    indices_or_sections: how many equal pieces, or where they end.  RuntimeError for fewer dimensions, and a size that
    the number does not divide; TypeError for what is no int.
    """
    return split_evenly("vsplit", input, indices_or_sections, 0, 2)


def dsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """Pieces one behind the other: along the third dimension, as views.

    indices_or_sections: how many equal pieces, or where they end.  RuntimeError for fewer dimensions, and a size that
    the number does not divide.
    """
    return split_evenly("dsplit", input, indices_or_sections, 2, 3)


# Several tensors ----------------------------------------------------------------------------------------------


def atleast_1d(*tensors: Any) -> Any:
    """Tensors with one dimension at least: a view of each, in a tuple unless there is one alone."""
    return for_each(tensors, lambda x: x if x.ndim else reshape(x, 1))


def atleast_2d(*tensors: Any) -> Any:
    """Tensors with two dimensions at least: new ones come first."""
    return for_each(tensors, lambda x: x if x.ndim > 1 else unsqueeze(x, 0) if x.ndim else reshape(x, 1, 1))


def atleast_3d(*tensors: Any) -> Any:
    """Tensors with three dimensions at least: a matrix gets one behind, a vector one on either side."""

    def with_three(x: Tensor) -> Tensor:
        if x.ndim == 2:
            return unsqueeze(x, -1)
        return x if x.ndim > 2 else unsqueeze(unsqueeze(x, 0), -1) if x.ndim else reshape(x, 1, 1, 1)

    return for_each(tensors, with_three)


def for_each(tensors: tuple[Any, ...], function: Any) -> Any:
    """The results of a function for one tensor, or for several, given one by one or as a sequence."""
    if len(tensors) == 1 and isinstance(tensors[0], TensorBase):
        return function(tensors[0])
    return tuple(function(x) for x in (tensors[0] if len(tensors) == 1 else tensors))


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors side by side: along the second dimension, or the only one.  RuntimeError for other sizes, and none."""
    tensors = stackable("hstack", tensors, atleast_1d)
    return cat(tensors, 0 if tensors[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors one below the other: along the first; vectors are rows.  RuntimeError for other sizes, and for none."""
    return cat(stackable("vstack", tensors, atleast_2d), 0)


def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors one behind the other: along the third dimension.  RuntimeError for other sizes, and for none."""
    return cat(stackable("dstack", tensors, atleast_3d), 2)


def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Tensors side by side, in which vectors are columns.  RuntimeError for different numbers of rows, and for none."""
    as_columns = [x if x.ndim > 1 else reshape(x, -1, 1) for x in stackable("column_stack", tensors, atleast_1d)]
    return cat(as_columns, 1)


def stackable(op: str, tensors: Sequence[Tensor], function: Any) -> list[Tensor]:
    """Tensors with dimensions enough; errors for what is no sequence, and for none."""
    if isinstance(tensors, TensorBase) or not isinstance(tensors, Sequence):
        raise TypeError(
            f"{op}(): argument 'tensors' (position 1) must be tuple of Tensors, not {type(tensors).__name__}"
        )
    if not tensors:
        raise RuntimeError(f"{op} expects a non-empty TensorList")
    return [function(x) for x in tensors]


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Tensor, ...]:
    """The coordinates of a grid: for each tensor, of one dimension, its elements repeated along the others' dimensions.

    indexing: "ij", the default, in which the first tensor goes down the rows, or "xy", across the columns.
    RuntimeError for another word, more dimensions, and two dtypes.
    """
    given = list(tensors[0] if len(tensors) == 1 and not isinstance(tensors[0], TensorBase) else tensors)
    if indexing is None:
        warn("torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument.")
    if not given:
        raise RuntimeError("meshgrid expects a non-empty TensorList")
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(f'torch.meshgrid: indexing must be one of "xy" or "ij", but received: {indexing}')
    for x in given:
        if array_of(x).ndim > 1:
            raise RuntimeError(f"torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: {x.shape}")
        if x.dtype is not given[0].dtype:
            raise RuntimeError("torch.meshgrid expects all tensors to have the same dtype")
        if gpu_of(raw(x)) != gpu_of(raw(given[0])):
            raise RuntimeError("torch.meshgrid expects all tensors to be on the same device")
    places = list(range(len(given)))
    if indexing == "xy":
        places[:2] = places[1::-1]
    sizes = [given[i].numel() for i in places]
    rows = [reshape(x, [-1 if j == places[i] else 1 for j in range(len(given))]) for i, x in enumerate(given)]
    return tuple(expand(row, sizes) for row in rows)


def broadcast_tensors(*tensors: Any) -> tuple[Tensor, ...]:
    """Tensors stretched to the shape to which all of them broadcast, as views.  RuntimeError if they do not."""
    given = tensors[0] if len(tensors) == 1 and not isinstance(tensors[0], TensorBase) else tensors
    try:
        shape = np.broadcast_shapes(*(array_of(x).shape for x in given))
    except ValueError:
        shapes = [list(raw(x).shape) for x in given]
        raise RuntimeError(
            f"The size of tensor a must match the size of tensor b: broadcast_tensors() got {shapes}"
        ) from None
    return tuple(x if x.shape == shape else expand(x, shape) for x in given)


def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All combinations of one element of each tensor, a row for each; of one tensor alone, itself.

    RuntimeError for a tensor of more dimensions than one, and for two dtypes.
    """
    for x in tensors:
        if array_of(x).ndim != 1:
            raise RuntimeError(f"Expect a 1D vector, but got shape {list(x.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    return stack([ravel(grid) for grid in meshgrid(*tensors, indexing="ij")], 1)


def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All choices of r elements of a vector, in their order, a row for each.

    with_replacement: whether one element may be taken several times.  RuntimeError for other dimensions and r below 0.
    """
    x = array_of(input)
    if x.ndim != 1:
        raise RuntimeError(f"Expect a 1D vector, but got shape {list(x.shape)}")
    if r < 0:
        raise RuntimeError(f"Expect a non-negative number, but got {r}")
    choose = combinations_with_replacement if with_replacement else combinations_of
    rows = np.array(list(choose(range(x.size), r)), "int64").reshape(-1, r)
    if not r:
        return new_empty(input, 0)
    return stack([index_select(input, 0, creation.tensor(column, device=input.device)) for column in rows.T], 1)


def block_diag(*tensors: Tensor) -> Tensor:
    """A matrix with matrices one after the other along its diagonal; else zeros.

    RuntimeError for more than two dimensions.
    """
    given = [atleast_2d(x) for x in tensors]
    width = builtin_sum(x.shape[1] for x in given)
    rows, before = [], 0
    for x in given:
        if x.ndim > 2:
            raise RuntimeError(f"torch.block_diag: Input tensors must have 2 or fewer dimensions. Got {list(x.shape)}")
        after = width - before - x.shape[1]
        left, right = (new_zeros(x, x.shape[0], n) for n in (before, after))
        rows.append(cat([left, x, right], 1))
        before += x.shape[1]
    return cat(rows, 0)


def builtin_sum(numbers: Any) -> int:
    """The sum of Python's ints."""
    total = 0
    for n in numbers:
        total += n
    return total


# New tensors like one that is there ---------------------------------------------------------------------------


def new_zeros(input: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros in a tensor of a size: as `Tensor.new_ones`."""
    return creation.zeros(*size, **like(input, dtype, device), requires_grad=requires_grad)


def new_ones(input: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones in a tensor of a size, in this tensor's dtype and on its device unless others are given.

    size, dtype, device and requires_grad are those of `minigrad.ops.creation`.
    """
    return creation.ones(*size, **like(input, dtype, device), requires_grad=requires_grad)


def new_empty(input: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """Undefined values in a tensor of a size: as `Tensor.new_ones`."""
    return creation.empty(*size, **like(input, dtype, device), requires_grad=requires_grad)


def new_full(
    input: Tensor, size: Any, fill_value: float, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """One number, fill_value, in a tensor of a size: as `Tensor.new_ones`."""
    return creation.full(size, fill_value, **like(input, dtype, device), requires_grad=requires_grad)


def new_tensor(
    input: Tensor, data: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A copy of data as a tensor: as `tensor`, with this tensor's dtype and device by default."""
    return creation.tensor(data, **like(input, dtype, device), requires_grad=requires_grad)


def like(input: Any, dtype: Any, device: Any) -> dict[str, Any]:
    """A dtype and a device, each the tensor's own unless given."""
    return {"dtype": input.dtype if dtype is None else dtype, "device": input.device if device is None else device}
