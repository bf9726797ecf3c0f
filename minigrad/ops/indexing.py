"""Indexing as PyTorch does it: ints, slices, None, Ellipsis, bool masks, integer tensors.

Picking elements and scattering gradients back to their places are each other's derivative.
"""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.arrays import array_module, copy_of, gpu_of, quiet, result_array
from minigrad.devices import CPU, device_of, moved
from minigrad.engine.graph import TensorBase, raw, record
from minigrad.engine.order import axes_by_steps, broadcast_strides, by_rows, copied, laid_out, steps_of
from minigrad.engine.places import warn
from minigrad.engine.views import as_view
from minigrad.ops.promotion import NUMBERS, array_of, fitting_number

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__: list[str] = []  # methods of Tensor alone


def getitem(a: Tensor, key: Any) -> Tensor:
    """a[key].  Ints, slices, None and ... give a view; masks and integer tensors give a copy.

    IndexError for a position that is not there, ValueError for a negative step.
    """
    x = raw(a)
    if type(key) is int and x.ndim and -len(x) <= key < len(x):
        return part(a, (key,), "SelectBackward0")
    if type(key) is list and set(map(type, key)) == {int} and x.ndim:
        return rows(a, key)
    basic, picking = split_key(key, x)
    if picking is None:
        return part(a, basic, view_name(key, basic))
    if any(part != slice(None) for part in basic):
        a = getitem(a, basic)
    return index(a, picking)


def part(a: Tensor, basic: tuple[Any, ...], name: str, output: int | None = None) -> Tensor:
    """The view that a key of ints, slices and None gives; name: what PyTorch prints for it.

    output: its number among several that one op gives.
    """
    x, key = raw(a), (*basic, ...)  # the Ellipsis makes NumPy give an array, also of a single element
    return as_view(record(x[key], (a,), (part_da,), x.shape, key, name=name), a, part, basic, name, output=output)


def part_da(g: Tensor, _out: Tensor, _a: Tensor, shape: tuple[int, ...], key: Any) -> Tensor:
    return scatter(g, key, shape)


def rows(a: Tensor, numbers: list[int]) -> Tensor:
    """The rows of these numbers, in a list of Python's ints: `a[numbers]`, without all else that a key can be."""
    x = array_of(a)
    size, lowest, highest = len(x), min(numbers), max(numbers)
    if not -size <= lowest <= highest < size:
        check_position(highest if highest >= size else lowest, 0, size)
    key = (on_device_of(x, np.array(numbers)),)
    if x.flags.c_contiguous:  # a loader comes by here for each batch
        return record(x[key], (a,), (picked_da,), x.shape, saved=(key,), name="IndexBackward0")
    return index(a, key)


def index(a: Tensor, key: tuple[Any, ...]) -> Tensor:
    """The elements at positions given by integer arrays and masks."""
    x = array_of(a)
    return record(picked(x, key), (a,), (picked_da,), x.shape, saved=(key,), name="IndexBackward0")


def picked(x: Any, key: tuple[Any, ...]) -> Any:
    """The elements of a raw array that a key picks: by rows, but where the array lies in another order, in that."""
    value = x[key]
    arrays = [part for part in key if is_array(part)]
    by_columns = [part for part in arrays if not part.flags.c_contiguous]
    if (x.flags.c_contiguous and not by_columns) or not arrays or not isinstance(x, np.ndarray):
        return by_rows(value)
    return laid_out(value, axes_of_picked(x, key, value.shape))


def axes_of_picked(x: Any, key: tuple[Any, ...], shape: tuple[int, ...]) -> list[int]:
    """The axes of what a key picks from an array, by the steps that are taken through the array and the positions."""
    places = [i for i, part in enumerate(key) if is_array(part)]
    arrays = np.broadcast_arrays(*(p for i in places for p in positions(key[i])))
    added = arrays[0].ndim
    taken = [dims_taken(part) for part in key]
    dims = [sum(taken[:i]) for i in range(len(key))]
    through = steps_of(x)
    kept = [through[dim] for part, dim in zip(key, dims) if not is_array(part)]
    kept += through[sum(taken) :]
    first = places[0] if places == list(range(places[0], places[-1] + 1)) else 0
    steps = (*kept[:first], *(0,) * added, *kept[first:])
    before, after = (1,) * first, (1,) * (len(shape) - first - added)
    placed = [p.reshape(*before, *p.shape, *after) for p in arrays]
    return axes_by_steps(shape, [steps, *(broadcast_strides(p, shape) for p in placed)])


def picked_da(g: Tensor, _out: Tensor, _a: Tensor, shape: tuple[int, ...], key: Any) -> Tensor:
    return scatter(g, key, shape)


def scatter(g: Tensor, key: Any, shape: tuple[int, ...]) -> Tensor:
    """Zeros of a shape, with each element of g added at the position that the key picked it from."""
    x = raw(g)
    xp = array_module(x)
    value = xp.full(shape, 0, x.dtype)  # zeros() makes memory that is cleared on first touch: slow to add to
    if not any(is_positions(part) for part in key):
        value[key] = x
    elif all(map(is_positions, key)) and len(key) < len(shape):
        add_at(value.reshape(-1), elements(key, shape).reshape(-1), x.reshape(-1))
    else:
        add_at(value, key, x)
    return record(value, (g,), (scatter_dg,), saved=(key,))


def scatter_dg(g: Tensor, _out: Tensor, _g: Tensor, key: Any) -> Tensor:
    return index(g, key)


def elements(key: Any, shape: tuple[int, ...]) -> Any:
    """The numbers of all elements that integer arrays pick, row by row: NumPy adds these faster than rows."""
    rows: Any = 0
    for part, n in zip(key, shape):
        rows = rows * n + part.astype(np.int64, copy=False) % n
    width = math.prod(shape[len(key) :])
    return rows[..., None] * width + array_module(rows).arange(width)


def add_at(total: Any, key: Any, x: Any) -> None:
    """total[key] += x, adding up where a position occurs more than once."""
    if isinstance(total, np.ndarray):
        np.add.at(total, key, x)
    else:
        import cupyx

        cupyx.scatter_add(total, key, x)


def along(indices: Any, dim: int, ndim: int, keepdim: bool) -> tuple[Any, ...]:
    """The index of the elements at `indices` along dim, everything else running through."""
    if ndim == 0:
        return ()
    xp = array_module(indices)
    kept = xp.expand_dims(indices, dim)
    position = [
        kept if i == dim else xp.arange(n).reshape([-1 if j == i else 1 for j in range(ndim)])
        for i, n in enumerate(kept.shape)
    ]
    return tuple(position if keepdim else [part.squeeze(dim) for part in position])


def view_name(key: Any, basic: tuple[Any, ...]) -> str:
    """PyTorch's name for the last step of a basic index; a `:` among others is no step."""
    if isinstance(key, slice):
        return "SliceBackward0"
    for last in reversed(basic):
        if last != slice(None):
            step = "Unsqueeze" if last is None else "Slice" if isinstance(last, slice) else "Select"
            return f"{step}Backward0"
    return "AliasBackward0"


def positions(part: Any) -> Any:
    """Where a mask is True, for each of its dimensions; an integer array is itself."""
    return np.atleast_1d(part).nonzero()[: max(part.ndim, 1)] if part.dtype.kind == "b" else [part]


# Reading a key ----------------------------------------------------------------------------------------------


def split_key(key: Any, x: Any) -> tuple[tuple[Any, ...], tuple[Any, ...] | None]:
    """A key to a raw array as PyTorch reads it, in two steps: the basic part (a view), then masks and integer arrays.

    NumPy treats an int beside an array as an array too, and moves dimensions; PyTorch takes ints first.
    """
    shape = x.shape
    if type(key) is int and shape and -shape[0] <= key < shape[0]:
        return (key,), None
    parts = [key_part(part) for part in (key if isinstance(key, tuple) or holds_parts(key) else (key,))]
    takes = [dims_taken(part) for part in parts]
    missing = len(shape) - sum(takes)
    if missing < 0:
        if not shape:
            raise IndexError("invalid index of a 0-dim tensor. Use `tensor.item()` to convert it to a Python number")
        raise IndexError(f"too many indices for tensor of dimension {len(shape)}: {sum(takes)} in {key!r}")
    ellipses = [i for i, part in enumerate(parts) if part is Ellipsis]
    if len(ellipses) > 1:
        raise IndexError("an index can only have a single ellipsis ('...')")
    for i in ellipses:
        parts[i : i + 1] = [slice(None)] * missing
    basic: list[Any] = []
    picking: list[Any] = []
    dim = 0
    for part in parts:
        if is_array(part):
            check_array(part, dim, shape)
            basic += [slice(None)] * dims_taken(part)
            picking.append(on_device_of(x, part))
        else:
            if isinstance(part, int):
                check_position(part, dim, shape[dim])
            elif isinstance(part, slice) and part.step is not None and part.step < 1:
                raise ValueError("step must be greater than zero")
            basic.append(part)
            if not isinstance(part, int):
                picking.append(slice(None))
        dim += dims_taken(part)
    return tuple(basic), tuple(picking) if any(is_array(part) for part in picking) else None


def holds_parts(key: Any) -> bool:
    """Whether a list is read as a tuple: as in PyTorch a short one is that holds a sequence, a tensor, a slice, ..."""
    if type(key) is not list or len(key) >= 32 or not any(x is None or x is ... or isinstance(x, PARTS) for x in key):
        return False
    warnings.warn(
        "Using a non-tuple sequence for multidimensional indexing is deprecated: use x[tuple(seq)] instead of x[seq], "
        "or x[minigrad.tensor(seq)] for rows.",
        stacklevel=4,
    )
    return True


PARTS = (Sequence, slice, TensorBase, np.ndarray)


def key_part(part: Any) -> Any:
    """One part of a key: an int, a slice of ints, None, Ellipsis, or a raw array of bools or integers.

    The array is a copy: the derivative needs it as it is now.
    """
    if part is None or part is Ellipsis:
        return part
    if isinstance(part, slice):
        return slice(*(None if x is None else operator.index(x) for x in (part.start, part.stop, part.step)))
    if isinstance(part, bool):
        return np.asarray(part)
    array = raw(part)
    if type(part) is list and set(map(type, part)) == {int}:
        array = np.asarray(part)
    elif isinstance(part, (list, tuple, range)):
        array = np.asarray([moved(raw(x), CPU) for x in part] or np.zeros(0, np.int64))
    if hasattr(array, "dtype"):
        if array.dtype.kind not in "biu" or (array.ndim and array.dtype.name in ("int8", "int16")):
            raise IndexError(f"tensors used as indices must be long, int, byte or bool tensors, not {array.dtype}")
        if array.dtype == np.uint8 and not isinstance(array, np.generic):
            array = mask_of_bytes(array)
        return int(array) if array.ndim == 0 and array.dtype.kind != "b" else copied(array)
    if hasattr(part, "__index__"):
        return operator.index(part)
    raise IndexError(
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid indices "
        f"(got {type(part).__name__})"
    )


def mask_of_bytes(array: Any) -> Any:
    """An index of uint8 is a mask, as in PyTorch, which had no bools once."""
    warn("indexing with dtype uint8 is now deprecated, please use a dtype bool instead: it is a mask, not positions")
    return array != 0


def is_array(part: Any) -> bool:
    """Whether a part of a key picks elements, rather than slicing."""
    return hasattr(part, "dtype")


def is_positions(part: Any) -> bool:
    """Whether a part of a key is an array of positions, where one may occur twice."""
    return is_array(part) and part.dtype.kind != "b"


def dims_taken(part: Any) -> int:
    """How many dimensions of the tensor a part of a key uses up."""
    if part is None or part is Ellipsis:
        return 0
    return int(part.ndim) if is_array(part) and part.dtype.kind == "b" else 1


def on_device_of(x: Any, part: Any) -> Any:
    """An index array where the array is that it picks from: it comes along from the CPU, from no other device.

    RuntimeError for one on another device.
    """
    if type(part) is type(x) is np.ndarray or gpu_of(part) == gpu_of(x):
        return part
    if gpu_of(part) is not None:
        raise RuntimeError(
            f"indices should be either on cpu or on the same device as the indexed tensor ({device_of(x)}), but one is "
            f"on {device_of(part)}: move it with .to({str(device_of(x))!r})"
        )
    return moved(part, device_of(x))


def check_position(position: int, dim: int, size: int) -> None:
    """IndexError for an int that points outside."""
    if not -size <= position < size:
        raise IndexError(f"index {position} is out of bounds for dimension {dim} with size {size}")


def check_array(part: Any, dim: int, shape: tuple[int, ...]) -> None:
    """IndexError for a mask of the wrong shape or an integer array that points outside."""
    if part.dtype.kind == "b":
        if part.shape != shape[dim : dim + part.ndim]:
            raise IndexError(
                f"The shape of the mask {list(part.shape)} at index 0 does not match the shape of the "
                f"indexed tensor {list(shape)} at index {dim}"
            )
    elif part.size and isinstance(part, np.ndarray):
        check_position(part.max(), dim, shape[dim])
        check_position(part.min(), dim, shape[dim])


# Writing ----------------------------------------------------------------------------------------------------


def put(a: Tensor, key: tuple[Any, ...], value: Any) -> Tensor:
    """What `a` is once a value was written in place to the positions that a key of arrays picks."""
    return record(raw(a), (a, value), (put_da, put_dvalue), saved=(key,), name="IndexPutBackward0")


def put_da(g: Tensor, _out: Tensor, _a: Tensor, _value: Tensor, key: Any) -> Tensor:
    return cleared(g, key)


def put_dvalue(g: Tensor, _out: Tensor, _a: Tensor, _value: Tensor, key: Any) -> Tensor:
    return index(g, key)


def cleared(a: Tensor, key: tuple[Any, ...]) -> Tensor:
    """A copy of `a` with zeros at the positions that a key picks."""
    value = copy_of(result_array(raw(a)))
    value[key] = 0
    return record(value, (a,), (cleared_da,), saved=(key,))


def cleared_da(g: Tensor, _out: Tensor, _a: Tensor, key: Any) -> Tensor:
    return cleared(g, key)


def assign(array: Any, basic: tuple[Any, ...], picking: tuple[Any, ...] | None, value: Any) -> None:
    """array[key] = value, in place, on raw arrays; RuntimeError for a value that does not fit.

    A single value, and any for a slice, is converted to the array's dtype; others for masks and positions are not.
    A number that is too large is an error, but in float16 it becomes inf, as in PyTorch.
    """
    if isinstance(value, (*NUMBERS, np.generic)):
        value = fitting_number(value, array.dtype if array.dtype != np.float16 else np.dtype(np.float64))
    elif not hasattr(value, "dtype"):
        raise TypeError(f"can't assign a {type(value).__name__} to a Tensor: make it one with tensor()")
    elif picking is not None and value.dtype != array.dtype and fills(value, picking):
        value = fitting_number(value, array.dtype)
    elif picking is not None and (value.ndim or has_mask_of_all(picking)) and value.dtype != array.dtype:
        raise RuntimeError(
            f"Index put requires the source and destination dtypes match, got {array.dtype} for the destination "
            f"and {value.dtype} for the source. Convert the value with .to(dtype)."
        )
    target = array[(*basic, ...)]
    if hasattr(value, "shape") and array_module(array).may_share_memory(array, value):
        value = copy_of(value)  # CuPy copies between overlapping places in any order
    try:
        with quiet():
            target[... if picking is None else picking] = without_leading_ones(value)
    except (ValueError, TypeError):
        shape = target.shape if picking is None else target[picking].shape
        given = list(getattr(value, "shape", ()))
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {given} cannot be broadcast to indexing "
            f"result of shape {list(shape)}"
        ) from None


def fills(value: Any, picking: tuple[Any, ...]) -> bool:
    """Whether one value is put wherever one mask says so: as a number, it is then converted."""
    arrays = [part for part in picking if is_array(part)]
    return value.size == 1 and len(arrays) == 1 and arrays[0].ndim > 0 and arrays[0].dtype.kind == "b"


def has_mask_of_all(picking: tuple[Any, ...]) -> bool:
    """Whether there is a mask without dimensions, `x[tensor(True)]`, which is for all elements or none."""
    return any(is_array(part) and part.ndim == 0 for part in picking)


def without_leading_ones(value: Any) -> Any:
    """Without the dimensions of 1 in front, which say nothing: neither CuPy nor a gradient broadcasts to fewer."""
    shape = getattr(value, "shape", ())
    extra = next((i for i, n in enumerate(shape) if n != 1), len(shape))
    return value.reshape(shape[extra:]) if extra else value
