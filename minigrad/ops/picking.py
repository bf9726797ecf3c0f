"""Elements picked by index tensors and masks, and others put or added at their places.

dim: an int, below 0 counted from the last; IndexError for one that there is not.  gather and scatter_add are each
other's derivative, as are index_select and index_add; putting a number in their place is the derivative of putting a
tensor there.  An index is copied: a derivative needs it as it is now.

Of the functions whose index is a vector, which names slices along dim, it is int64 or int32; IndexError for one that
points outside, RuntimeError for another dtype.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minigrad import dtypes
from minigrad.arrays import array_module, copy_of, gpu_of, quiet
from minigrad.engine.graph import TensorBase, raw, record, unrecorded
from minigrad.engine.order import by_rows, copied, ordered
from minigrad.ops import indexing
from minigrad.ops.dims import axis
from minigrad.ops.indexing import getitem, index, picked_da
from minigrad.ops.promotion import (
    NUMBERS,
    array_of,
    as_dtype,
    check_broadcast,
    check_tensors,
    fitting_number,
    on_one_device,
)
from minigrad.ops.selection import where
from minigrad.ops.shaping import broadcast_to, reshape

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = [
    *("argwhere", "gather", "index_add", "index_copy", "index_fill", "index_put", "index_select", "masked_fill"),
    *("masked_scatter", "masked_select", "nonzero", "put", "scatter", "scatter_add", "take", "take_along_dim"),
]

# One position for each element of the result, along a dimension ------------------------------------------------


def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:  # noqa: ARG001 - dense
    """The elements at `index` along dim: out[i][j] = input[index[i][j]][j] for dim=0.

    index: int64 or int32, of input's number of dimensions, in no dimension but dim larger than input; the result has
    its shape.  RuntimeError for an index that does not fit or points outside.  sparse_grad is PyTorch's: the gradient
    is dense.
    """
    check_tensors("gather", input=input, index=index)
    dim, at = along_positions("gather", input, dim, index)
    if not at.size:
        return picked(reshape(input, -1), (at,), "GatherBackward0")
    if not raw(input).ndim or not raw(index).ndim:
        return reshape(picked(vector(input), (at.reshape(-1),), "GatherBackward0"), raw(index).shape)
    return picked(input, key_along(at, dim), "GatherBackward0")


def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None
) -> Tensor:
    """A copy of input with the elements of src, or value, one number, put at `index` along dim.

    index: as for `gather`, and in no dimension larger than src.  Which of two elements for one place wins is not
    defined.  reduce: "add" adds them up instead; NotImplementedError for another word.  RuntimeError for sizes that do
    not fit, two dtypes, or an index that points outside.
    """
    if reduce not in (None, "add"):
        raise NotImplementedError(f'scatter(): reduce must be None or "add", not {reduce!r}')
    src = value if src is None else src
    check_tensors("scatter", input=input, index=index, **({} if isinstance(src, NUMBERS) else {"src": src}))
    dim, at = along_positions("scatter", input, dim, index, src)
    a, key = vector(input), key_along(at, dim)
    if isinstance(src, TensorBase):
        name, src = "ScatterBackward0", part_like(src, at)
    else:
        name, src = "ScatterBackward1", fitting_number(src, raw(a).dtype) if at.size else 0
    out = put_at(a, key, src, name) if reduce is None else added_at(a, key, src, "ScatterAddBackward0")
    return out if a is input else reshape(out, ())


def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """A copy of input with the elements of src added at `index` along dim.

    index: as for `scatter`.  RuntimeError for sizes that do not fit, two dtypes, or an index that points outside.
    """
    check_tensors("scatter_add", input=input, index=index, src=src)
    dim, at = along_positions("scatter_add", input, dim, index, src)
    a = vector(input)
    out = added_at(a, key_along(at, dim), part_like(src, at), "ScatterAddBackward0")
    return out if a is input else reshape(out, ())


def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """As `gather`, but the sizes other than along dim broadcast, and -1 is the last; without dim, of all elements.

    indices: int64.  RuntimeError for another dtype, and for one that points outside.
    """
    check_tensors("take_along_dim", input=input, indices=indices)
    if raw(indices).dtype.name not in ("int64", "int32"):
        raise RuntimeError(
            f"torch.take_along_dim(): dtype of indices should be Long but got {dtypes.CLASS_NAMES[indices.dtype.name]}"
        )
    if dim is None:
        at = positions("take_along_dim", indices, raw(input).size, 0)
        return picked(reshape(input, -1), (at.reshape(-1),), "GatherBackward0")
    x, at = raw(input), raw(indices)
    if x.ndim != at.ndim:
        raise RuntimeError(
            "torch.take_along_dim(): input and indices should have the same number of dimensions, but got "
            f"{x.ndim} dimensions for input, and {at.ndim} dimensions for indices"
        )
    if not x.ndim:
        return gather(input, 0, indices)
    dim = axis(dim, x.ndim)
    at = from_front(positions("take_along_dim", indices, x.shape[dim], dim, True), x.shape[dim])
    sizes = [x.shape[i] if n == 1 else n for i, n in enumerate(at.shape)]
    check_broadcast(without(x.shape, dim), without(at.shape, dim))
    stretched = broadcast_to(input, [n if i != dim else x.shape[dim] for i, n in enumerate(sizes)])
    sizes[dim] = at.shape[dim]
    return picked(stretched, key_along(array_module(at).broadcast_to(at, tuple(sizes)), dim), "GatherBackward0")


def without(shape: tuple[int, ...], dim: int) -> tuple[int, ...]:
    """A shape in which one dimension says nothing."""
    return (*shape[:dim], 1, *shape[dim + 1 :])


def along_positions(op: str, input: Tensor, dim: int, index: Tensor, src: Any = None) -> tuple[int, Any]:
    """The dimension counted from the front, and the positions along it, of a dimension at least."""
    x, i = array_of(input), raw(index)
    dim = axis(dim, x.ndim)
    if i.size and i.dtype.name not in ("int64", "int32"):
        raise RuntimeError(f"{op}(): Expected dtype int32/int64 for index, not {i.dtype}. Convert it with .long().")
    if isinstance(src, TensorBase) and raw(src).dtype != x.dtype:
        raise RuntimeError(
            f"{op}(): Expected self.dtype to be equal to src.dtype, but got {x.dtype} and {raw(src).dtype}"
        )
    if not i.size:
        return dim, i.astype("int64")
    tensors = [("input", x)] + ([("src", raw(src))] if isinstance(src, TensorBase) else [])
    for name, y in tensors:
        if max(y.ndim, 1) != max(i.ndim, 1):
            raise RuntimeError(
                f"Index tensor must have the same number of dimensions as {name} tensor, but {op}() got {i.ndim} "
                f"and {y.ndim}"
            )
    sizes = (x.shape or (1,)), (i.shape or (1,))
    larger = [at for at, (m, n) in enumerate(zip(*sizes)) if at != dim and n > m]
    if isinstance(src, TensorBase):
        if larger or any(n > m for m, n in zip(raw(src).shape or (1,), sizes[1])):
            raise RuntimeError(
                f"Expected index {list(i.shape)} to be no larger than self {list(x.shape)} apart from dimension {dim} "
                f"and to be no larger size than src {list(raw(src).shape)} in {op}()"
            )
    elif larger:
        raise RuntimeError(
            f"Size does not match at dimension {larger[0]} expected index {list(i.shape)} to be no larger than self "
            f"{list(x.shape)} apart from dimension {dim} in {op}()"
        )
    at = positions(op, index, sizes[0][dim], dim)
    return dim, at if at.ndim else at.reshape(1)


def positions(op: str, index: Any, size: int, dim: int, from_end: bool = False, error: Any = RuntimeError) -> Any:
    """A copy of an index's positions in int64; an error for one outside (on a GPU they are not waited for)."""
    at = raw(index).astype("int64")
    if at.size and gpu_of(at) is None:
        lowest, highest = at.min(), at.max()
        if lowest < (-size if from_end else 0) or highest >= size:
            wrong = int(highest if highest >= size else lowest)
            raise error(f"index {wrong} is out of bounds for dimension {dim} with size {size} in {op}()")
    return at


def from_front(at: Any, size: int) -> Any:
    """Positions counted from the front."""
    return array_module(at).where(at < 0, at + size, at)


def key_along(at: Any, dim: int) -> tuple[Any, ...]:
    """The key of the elements at positions along dim, each in its own row of the other dimensions."""
    xp, ndim = array_module(at), at.ndim
    return tuple(
        at if i == dim else xp.arange(n).reshape([-1 if j == i else 1 for j in range(ndim)])
        for i, n in enumerate(at.shape)
    )


def vector(a: Tensor) -> Tensor:
    """The tensor itself, or with the one dimension that a 0-d tensor is said to have here."""
    return a if raw(a).ndim else reshape(a, 1)


def part_like(src: Any, at: Any) -> Tensor:
    """The part of src for which there are positions."""
    src = vector(src)
    return src if raw(src).shape == at.shape else getitem(src, tuple(slice(n) for n in at.shape))


# The same positions for all elements along a dimension ---------------------------------------------------------


def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The slices of input at `index` (of one dimension) along dim, in a tensor of its own.

    IndexError for an index of more dimensions.
    """
    check_tensors("index_select", input=input, index=index)
    x, dim, at = slice_positions("index_select", input, dim, index, error=IndexError)
    if not x.ndim and at.size != 1:
        raise RuntimeError(f"index_select(): Index to scalar can have only 1 value, got {at.size} value(s)")
    out = picked(vector(input), key_of_slices(at, dim), "IndexSelectBackward0")
    return out if x.ndim else reshape(out, ())


def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
    """A copy of input with alpha times the slices of source added to those at `index` along dim.

    A slice that is named twice gets both.  source: input's sizes, but along dim as many as the index has.  RuntimeError
    for other sizes, and two dtypes.
    """
    check_tensors("index_add", input=input, index=index, source=source)
    x, dim, at = slice_positions("index_add", input, dim, index, error=IndexError)
    check_slices("index_add_", x, dim, at, source)
    scaled = source if alpha == 1 else source * fitting_number(alpha, raw(source).dtype)
    out = added_at(vector(input), key_of_slices(at, dim), vector(scaled), "IndexAddBackward0")
    return out if x.ndim else reshape(out, ())


def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """A copy of input with the slices of source in place of those at `index` along dim.

    source: input's sizes, but along dim as many as the index has.  IndexError for other sizes, RuntimeError for two
    dtypes and for an index that is not int64.
    """
    check_tensors("index_copy", input=input, index=index, source=source)
    x, dim, at = slice_positions("index_copy", input, dim, index, error=IndexError)
    check_slices("index_copy_", x, dim, at, source)
    out = put_at(vector(input), key_of_slices(at, dim), vector(source), "IndexCopyBackward0")
    return out if x.ndim else reshape(out, ())


def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """A copy of input with value, a number or a 0-d tensor, in all slices at `index` along dim.

    IndexError for an index that is not int64, RuntimeError for a value of dimensions.
    """
    check_tensors("index_fill", input=input, index=index)
    value = filling("index_fill_", input, value)
    x, dim, at = slice_positions("index_fill", input, dim, index, from_end=True, error=IndexError)
    at = from_front(at, x.shape[dim] if x.ndim else 1)
    mask = array_module(x).zeros(x.shape[dim] if x.ndim else 1, bool)
    mask[at] = True
    mask = mask.reshape([-1 if i == dim else 1 for i in range(x.ndim)])
    return filled_where(input, mask, value, lambda filled: ordered(filled, x), "IndexFillBackward")


def slice_positions(op: str, input: Tensor, dim: int, index: Tensor, **checks: Any) -> tuple[Any, int, Any]:
    """The array, the dimension counted from the front, and the positions along it."""
    x, i = array_of(input), raw(index)
    dim = axis(dim, x.ndim)
    if i.ndim > 1:
        raise IndexError(f"{op}(): Index is supposed to be a vector, but its shape is {list(i.shape)}")
    allowed = ("int64",) if op in ("index_fill", "index_copy") else ("int64", "int32")
    if i.dtype.name not in allowed:
        error = IndexError if op == "index_fill" else RuntimeError
        raise error(f"{op}(): Expected dtype {' or '.join(allowed[::-1])} for index, not {i.dtype}")
    at = positions(op, index, x.shape[dim] if x.ndim else 1, dim, **checks)
    return x, dim, at if at.ndim else at.reshape(1)


def key_of_slices(at: Any, dim: int) -> tuple[Any, ...]:
    """The key of the slices at positions along dim."""
    return (*[slice(None)] * dim, at)


def check_slices(op: str, x: Any, dim: int, at: Any, source: Tensor) -> None:
    """Errors for a source that has another dtype than the array, or other slices."""
    y = raw(source)
    if x.dtype != y.dtype:
        raise RuntimeError(
            f"{op}(): self ({dtypes.CLASS_NAMES[x.dtype.name]}) and source ({dtypes.CLASS_NAMES[y.dtype.name]}) must "
            "have the same scalar type"
        )
    sizes, given = x.shape or (1,), y.shape or (1,)
    if len(sizes) != len(given) or without(sizes, dim) != without(given, dim) or given[dim] != at.size:
        error = IndexError if op == "index_copy_" else RuntimeError
        raise error(
            f"{op}(): Number of indices ({at.size}) should be equal to source.size(dim), and all other sizes to "
            f"self's, but self has {list(x.shape)} and source {list(y.shape)}, for dim: {dim}"
        )


# Places said by a mask -------------------------------------------------------------------------------------------


def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """input, but value, a number or a 0-d tensor, where the mask is True; input and mask broadcast.

    mask: bool.  RuntimeError for another dtype, shapes that do not broadcast, and a value of more than one element;
    TypeError for a complex number.
    """
    check_tensors("masked_fill", input=input, mask=mask)
    check_mask("masked_fill_ only supports boolean masks, but got mask with", mask)
    check_broadcast(raw(mask).shape, raw(input).shape)
    value = filling("masked_fill_", input, value)
    return filled_where(input, copy_of(raw(mask)), value, by_rows, "MaskedFillBackward")


def filled_where(a: Tensor, mask: Any, value: Any, in_order: Any, name: str) -> Tensor:
    """The tensor, but a number (or 0-d tensor) where a raw mask is True.  in_order: gives it its order in memory."""
    x = raw(a)
    with quiet():
        filled = in_order(array_module(x).where(mask, raw(value), x).astype(x.dtype, copy=False))
    rules, number = (filled_where_da, filled_where_dvalue), not isinstance(value, TensorBase)
    return record(filled, (a, value), rules, saved=(mask,), name=f"{name}{0 if number else 1}")


def filled_where_da(g: Tensor, _out: Tensor, _a: Tensor, _value: Tensor, mask: Any) -> Tensor:
    return where(mask, 0.0, g)


def filled_where_dvalue(g: Tensor, _out: Tensor, _a: Tensor, _value: Tensor, mask: Any) -> Tensor:
    return where(mask, g, 0.0)


def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where the mask is True, in one dimension; input and mask broadcast.

    mask: bool.  RuntimeError for another dtype, and for shapes that do not broadcast.
    """
    check_tensors("masked_select", input=input, mask=mask)
    check_mask("masked_select: expected BoolTensor for mask, not", mask)
    input, chosen = broadcast_both(input, mask)
    return picked(input, (chosen,), "MaskedSelectBackward0")


def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """input, but the first elements of source where the mask is True; input and mask broadcast.

    mask: bool.  RuntimeError for another dtype of it, shapes that do not broadcast, two dtypes, and too few elements in
    source.
    """
    check_tensors("masked_scatter", input=input, mask=mask, source=source)
    if raw(source).dtype != array_of(input).dtype:
        raise RuntimeError(
            "masked_scatter: expected self and source to have same dtypes but got "
            f"{dtypes.CLASS_NAMES[input.dtype.name]} and {dtypes.CLASS_NAMES[source.dtype.name]}"
        )
    check_mask("masked_scatter_ only supports boolean masks, but got mask with", mask)
    input, chosen = broadcast_both(input, mask)
    number = int(chosen.sum())
    if number > raw(source).size:
        raise RuntimeError(
            f"Number of elements of source < number of ones in mask: {raw(source).size} < {number} in masked_scatter()"
        )
    return put_at(input, (chosen,), getitem(reshape(source, -1), slice(number)), "MaskedScatterBackward0")


def check_mask(error: str, mask: Tensor) -> None:
    """RuntimeError for a mask that is not bool."""
    if raw(mask).dtype.kind != "b":
        raise RuntimeError(f"{error} dtype {raw(mask).dtype}. Compare first, as in masked_fill(x > 0, value).")


def broadcast_both(input: Tensor, mask: Tensor) -> tuple[Tensor, Any]:
    """A tensor and a copy of the mask's array in the shape to which both broadcast."""
    x, m = array_of(input), raw(mask)
    check_broadcast(x.shape, m.shape)
    xp, shape = array_module(x), broadcast_shape(x.shape, m.shape)
    return input if x.shape == shape else broadcast_to(input, shape), copy_of(xp.broadcast_to(m, shape))


def broadcast_shape(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """The shape to which two broadcast."""
    ndim = max(len(a), len(b))
    pairs = zip((1,) * (ndim - len(a)) + a, (1,) * (ndim - len(b)) + b)
    return tuple(m if n == 1 else n for n, m in pairs)


def filling(op: str, input: Tensor, value: Any) -> Any:
    """A number or a 0-d tensor to fill places of a tensor with, in its dtype."""
    x = array_of(input)
    if isinstance(value, NUMBERS):
        return fitting_number(value, x.dtype)
    if not isinstance(value, TensorBase):
        raise TypeError(f"{op[:-1]}() received an invalid combination of arguments: a value {type(value).__name__}")
    if raw(value).ndim:
        raise RuntimeError(
            f"{op} only supports a 0-dimensional value tensor, but got tensor with {raw(value).ndim} dimension(s)."
        )
    if raw(value).dtype != x.dtype and gpu_of(raw(value)) is None:
        fitting_number(value, x.dtype)
    (_, value) = on_one_device(input, value)
    return as_dtype(value, x.dtype)


# Positions for each dimension ---------------------------------------------------------------------------------------


def index_put(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """A copy of input with input[indices] = values, or (accumulate) with values added, as often as a place is named.

    indices: a sequence of tensors of positions, or masks, one for each of the first dimensions.  TypeError for anything
    else in it, IndexError for positions outside, RuntimeError for values of another dtype or that do not broadcast.
    """
    check_tensors("index_put", input=input, values=values)
    if isinstance(indices, TensorBase) or not isinstance(indices, Sequence):
        raise TypeError(f"index_put(): argument 'indices' must be tuple of Tensors, not {type(indices).__name__}")
    for i, each in enumerate(indices):
        if not isinstance(each, TensorBase):
            raise TypeError(f"index_put(): expected Tensor as element {i} of indices, but got {type(each).__name__}")
    x, v = array_of(input), raw(values)
    if x.dtype != v.dtype:
        raise RuntimeError(
            f"Index put requires the source and destination dtypes match, got {dtypes.CLASS_NAMES[x.dtype.name]} for "
            f"the destination and {dtypes.CLASS_NAMES[v.dtype.name]} for the source."
        )
    _, positions = indexing.split_key(tuple(vector(each) for each in indices), x)
    key = (...,) if positions is None else positions
    values = indexing.without_leading_ones(values)
    try:
        return (added_at if accumulate else put_at)(input, key, values, "IndexPutBackward0", copied)
    except ValueError:
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {list(v.shape)} cannot be broadcast to indexing result of shape "
            f"{list(x[key].shape)}"
        ) from None


# Positions among all elements --------------------------------------------------------------------------------------


def take(input: Tensor, index: Tensor) -> Tensor:
    """The elements at `index` among all of input's, in the order of their indices; -1 is the last.

    index: int64, of any shape, which the result has.  IndexError for one that points outside, RuntimeError for another
    dtype.
    """
    check_tensors("take", input=input, index=index)
    at = among_all("take", "tried to take from", index, array_of(input).size)
    return picked(reshape(input, -1), (at,), "TakeBackward0")


def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """A copy of input with the elements of source put at `index` among all of its own, as `take` counts them.

    index: int64, with as many elements as source.  accumulate: they are added instead, as often as a place is named;
    else it is not defined which of two elements for one place wins.  IndexError for an index that points outside, and
    for another number of elements, RuntimeError for two dtypes and for another index.
    """
    check_tensors("put", input=input, index=index, source=source)
    x, v = array_of(input), raw(source)
    if x.dtype != v.dtype:
        raise RuntimeError(
            "put_(): self and source expected to have the same dtype, but got self.dtype = "
            f"{dtypes.CLASS_NAMES[x.dtype.name]} and source.dtype = {dtypes.CLASS_NAMES[v.dtype.name]}"
        )
    at = among_all("put_", "Tried to put elements into", index, x.size)
    if at.size != v.size:
        raise IndexError(
            "put_(): Expected source and index to have the same number of elements, but got source.numel() = "
            f"{v.size}, index.numel() = {at.size}"
        )
    a = vector(input)
    key = key_among_all(at, raw(a).shape)
    out = (added_at if accumulate else put_at)(a, key, reshape(source, at.shape), "PutBackward0", copied)
    return out if a is input else reshape(out, ())


def among_all(op: str, tried: str, index: Tensor, size: int) -> Any:
    """The raw positions among so many elements, counted from the front; tried: what the op does, for a message."""
    at = raw(index)
    if at.dtype.name != "int64":
        raise RuntimeError(
            f"{op}(): Expected a long tensor for index, but got {dtypes.CLASS_NAMES[at.dtype.name]}. Convert it "
            "with .long()."
        )
    if at.size and not size:
        raise IndexError(f"{op}(): {tried} an empty tensor")
    if at.size and gpu_of(at) is None and not -size <= at.min() <= at.max() < size:
        wrong = int(at.max() if at.max() >= size else at.min())
        raise IndexError(f"out of range: tried to access index {wrong} on a tensor of {size} elements in {op}()")
    return from_front(at, size)


def key_among_all(at: Any, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """The key of the elements at positions among all of a shape's."""
    key = []
    for n in reversed(shape):
        key.append(at % max(n, 1))
        at = at // max(n, 1)
    return tuple(reversed(key))


def nonzero(input: Tensor, *, as_tuple: bool = False) -> Any:
    """Where the elements are not zero: int64 of shape (number of them, number of dimensions), in the order of indices.

    as_tuple: one tensor of positions for each dimension instead, as an index takes them.
    """
    x = array_of(input)
    if as_tuple:
        return tuple(unrecorded(by_rows(each), input) for each in (x if x.ndim else x.reshape(1)).nonzero())
    return unrecorded(array_module(x).argwhere(x), input)


def argwhere(input: Tensor) -> Tensor:
    """As `nonzero`."""
    found: Tensor = nonzero(input)
    return found


# What all of these come down to --------------------------------------------------------------------------------------


def picked(a: Tensor, key: tuple[Any, ...], name: str) -> Tensor:
    """a[key], by rows, for a key of raw arrays and slices."""
    x = raw(a)
    return record(by_rows(x[key]), (a,), (picked_da,), x.shape, saved=(key,), name=name)


def put_at(a: Tensor, key: tuple[Any, ...], value: Any, name: str | None = None, copy: Any = copy_of) -> Tensor:
    """A copy of `a` with a[key] = value, a tensor or a number."""
    result = copy(raw(a))
    with quiet():
        result[key] = raw(value)
    return record(result, (a, value), (put_at_da, put_at_dvalue), saved=(key,), name=name)


def put_at_da(g: Tensor, _out: Tensor, _a: Tensor, _value: Tensor, key: Any) -> Tensor:
    return put_at(g, key, 0.0)


def put_at_dvalue(g: Tensor, _out: Tensor, _a: Tensor, _value: Tensor, key: Any) -> Tensor:
    return index(g, key)


def added_at(a: Tensor, key: tuple[Any, ...], value: Tensor, name: str, copy: Any = copy_of) -> Tensor:
    """A copy of `a` with value added to a[key], as often as a place is named."""
    result, v = copy(raw(a)), raw(value)
    with quiet():
        # NumPy 2.4's add.at reads beyond a vector that it broadcasts to an index of two dimensions.
        add_at(result, key, array_module(v).broadcast_to(v, result[key].shape))
    return record(result, (a, value), (added_at_da, added_at_dvalue), saved=(key,), name=name)


def added_at_da(g: Tensor, _out: Tensor, _a: Tensor, _value: Tensor, _key: Any) -> Tensor:
    return g


def added_at_dvalue(g: Tensor, _out: Tensor, _a: Tensor, _value: Tensor, key: Any) -> Tensor:
    return index(g, key)


def add_at(total: Any, key: Any, x: Any) -> None:
    """total[key] += x on raw arrays, as often as a place is named; CuPy can so in some dtypes only."""
    if gpu_of(total) is None or total.dtype.kind == "f":
        indexing.add_at(total, key, x)
        return
    to = "uint64" if total.dtype.itemsize == 8 else "int32"  # the sums wrap around alike
    wide = total.astype(to)
    indexing.add_at(wide, key, array_module(total).asarray(x).astype(to))
    total[...] = wide if total.dtype.kind != "b" else wide != 0
