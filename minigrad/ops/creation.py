"""Making tensors: from data, filled, or counting up.

sizes: ints, or one sequence, which may be given as size.  dtype: the default float dtype (float32) unless said
otherwise; of a *_like function, that of the other tensor.  device: "cpu" or "cuda", by default that of
set_default_device.  requires_grad: whether backward passes are to compute a gradient for it.  memory_format: the order
of the elements in memory.

RuntimeError for a size below 0, a device that there is not, and requires_grad of integers or bools; TypeError for a
size that is no int, and a dtype that is none.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator, Sequence
from functools import reduce
from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import dtypes
from minigrad.arrays import on_its_gpu, quiet
from minigrad.devices import CPU, as_array, current, device_of, library_on, moved
from minigrad.engine.graph import TensorBase, raw, wrap
from minigrad.engine.places import op_called
from minigrad.formats import contiguous_format, empty_in_format
from minigrad.ops.advice import warn_of_number
from minigrad.ops.promotion import (
    NUMBERS,
    array_of,
    common_dtype,
    filling_number,
    fitting_number,
    number_dtype,
    numpy_dtype,
)
from minigrad.ops.shaping import as_sizes
from minigrad.random.multiply_add import fused_float64, fused_piece_float64

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = [
    "arange",
    "as_tensor",
    "asarray",
    "empty",
    "empty_like",
    "eye",
    "from_numpy",
    "full",
    "full_like",
    "linspace",
    "ones",
    "ones_like",
    "tensor",
    "zeros",
    "zeros_like",
]

dtype_ = dtypes.dtype

# From data --------------------------------------------------------------------------------------------------


def tensor(data: Any, *, dtype: dtype_ | None = None, device: Any = None, requires_grad: bool = False) -> Tensor:
    """A tensor with a copy of the data: numbers, nested sequences of numbers, NumPy arrays, tensors.

    Python floats become the default dtype (float32), ints int64; arrays and tensors keep their dtype.
    ValueError for sequences of unequal lengths, TypeError for what is no number.

    >>> import minigrad as torch
    >>> torch.tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    """
    if isinstance(data, TensorBase):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
            "sourceTensor.detach().clone().requires_grad_(True), rather than torch.tensor(sourceTensor).",
            stacklevel=2,
        )
    return finished(data_array(data, dtype, copy=True), device, requires_grad)


def as_tensor(data: Any, dtype: dtype_ | None = None, device: Any = None) -> Tensor:
    """As `tensor`, but a tensor or NumPy array of the right dtype is not copied: memory is shared."""
    if isinstance(data, TensorBase):
        given: Any = data
        return given.to(current.devices[-1] if device is None else device, dtype=dtype)  # type: ignore[no-any-return]
    return finished(data_array(data, dtype, copy=False), device, requires_grad=False)


asarray = as_tensor


def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """A tensor that shares the memory of ndarray, a NumPy array: each sees changes of the other.

    TypeError for what is no array, and for dtypes that PyTorch has not.
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    return wrap(checked_array(ndarray))


def data_array(data: Any, dtype: dtype_ | None, copy: bool) -> Any:
    """Data as a raw array."""
    if isinstance(data, (TensorBase, np.ndarray, np.generic)) or hasattr(data, "__cuda_array_interface__"):
        array = checked_array(as_array(raw(data)))
        on_its_gpu(array)
        to = array.dtype if dtype is None else numpy_dtype(dtype)
        with quiet():
            return array.astype(to, copy=copy)
    array = array_of_numbers(data)
    if dtype is None and (array.dtype != np.float64 or carries_dtype(data)):
        return checked_array(array)
    to = numpy_dtype(dtype)
    if to.kind in "iu" and array.size:
        for extreme in (array.min(), array.max()):
            fitting_number(extreme, to)
    with quiet():
        return array.astype(to, copy=False)


def array_of_numbers(data: Any) -> Any:
    """Nested sequences of numbers (or 0-d tensors, or arrays) as an array; empty ones are floats.

    ValueError for sequences of unequal lengths and for integers beyond 64 bits, TypeError for a mixture of
    sequences and numbers and for text, RuntimeError for anything else.
    """
    if isinstance(first_element(data), TensorBase):
        return array_of_tensors(data)
    try:
        array = np.array(data)
    except ValueError:
        raise ragged(data) from None
    except RuntimeError:  # NumPy has met, after a number, a tensor that requires grad
        return array_of_tensors(data)
    if array.dtype.kind in "OUSV" or (array.dtype.kind == "u" and not carries_dtype(data)):
        raise no_number(data) or TypeError("tensor(): data must be nested sequences of numbers")
    return array


def first_element(data: Any) -> Any:
    """The first number of nested sequences; None if there is none."""
    while isinstance(data, Sequence) and not isinstance(data, str):
        if not data:
            return None
        data = data[0]
    return data


def carries_dtype(data: Any) -> bool:
    """Whether the elements are NumPy's or minigrad's, which keep their dtype."""
    return isinstance(first_element(data), (np.generic, np.ndarray, TensorBase))


def array_of_tensors(data: Any) -> Any:
    """Nested sequences of tensors without dimensions (from any device) and numbers as an array of their common dtype.

    ValueError for other tensors of unequal shapes.
    """
    try:
        array = np.array(unwrapped(data))
    except ValueError:
        raise ValueError(
            "tensor(): only one element tensors can be converted to Python scalars: use stack() or cat()"
        ) from None
    with quiet():
        return array.astype(reduce(common_dtype, dtypes_within(data)))


def dtypes_within(data: Any) -> Iterator[np.dtype[Any]]:
    """The dtype of each tensor and each number within nested sequences."""
    if isinstance(data, Sequence):
        for x in data:
            yield from dtypes_within(x)
    else:
        x = raw(data)
        yield x.dtype if hasattr(x, "dtype") else number_dtype(x)


def unwrapped(data: Any) -> Any:
    """Nested sequences of tensors with raw arrays in their place; errors for what is neither tensor nor number."""
    if isinstance(data, TensorBase):
        warn_of_number(data)
        return moved(data.array, CPU)
    if isinstance(data, Sequence) and not isinstance(data, str):
        return [unwrapped(x) for x in data]
    error = no_number(data)
    if error is not None:
        raise error
    return data


def ragged(data: Any, dim: int = 1) -> Exception:
    """Why nested sequences do not make an array: which of them has another length than the first."""
    lengths = [len(x) if isinstance(x, (Sequence, np.ndarray)) else None for x in data]
    for n in lengths:
        if n != lengths[0] and None in (n, lengths[0]):
            return TypeError(f"tensor(): not a sequence: at dim {dim} there are numbers beside sequences")
        if n != lengths[0]:
            return ValueError(f"tensor(): expected sequence of length {lengths[0]} at dim {dim} (got {n})")
    return ragged([x for each in data for x in each], dim + 1)


def no_number(data: Any) -> Exception | None:
    """What is wrong with the first element of nested sequences that is no number of 64 bits."""
    if isinstance(data, (list, tuple)):
        return next(filter(None, (no_number(x) for x in data)), None)
    if isinstance(data, str):
        return TypeError(f"tensor(): invalid data type 'str': {data!r} is no number")
    if isinstance(data, int):
        return None if -(2**63) <= data < 2**63 else ValueError("Overflow when unpacking long long")
    if isinstance(data, (float, np.number, np.ndarray)):
        return None
    return RuntimeError(f"Could not infer dtype of {type(data).__name__}: a tensor is made of numbers")


def checked_array(array: Any) -> Any:
    """An array of a dtype that minigrad has; TypeError otherwise, ValueError for one in a foreign byte order."""
    if array.dtype in dtypes.from_numpy:
        return dtypes.canonical(array)
    if not array.dtype.isnative:
        raise ValueError(
            "given numpy array has byte order different from the native byte order: convert it with "
            f"array.astype({array.dtype.newbyteorder('=').name!r})"
        )
    names = ", ".join(each.name for each in dtypes.ALL)
    raise TypeError(f"can't convert np.ndarray of type {array.dtype}. The only supported types are: {names}.")


def finished(array: Any, device: Any, requires_grad: bool) -> Tensor:
    """A new tensor around a raw array, which goes to the device asked for, marked as requiring grad if asked.

    Without a device it goes to the default one, and stays where it is if there is none.
    """
    place = current.devices[-1] if device is None else device
    tensor = wrap(array if place is None else moved(array, place))
    if requires_grad:
        tensor.requires_grad_()
    return tensor


# Filled -----------------------------------------------------------------------------------------------------


def zeros(
    *sizes: Any,
    size: Sequence[int] | None = None,
    dtype: dtype_ | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Zeros of a size, given as ints or one sequence."""
    xp = library_on(device)
    array = xp.zeros(checked_sizes(sizes if size is None else (size,)), numpy_dtype(dtype))
    return finished(array, device, requires_grad)


def ones(
    *sizes: Any,
    size: Sequence[int] | None = None,
    dtype: dtype_ | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Ones of a size, given as ints or one sequence."""
    xp = library_on(device)
    array = xp.ones(checked_sizes(sizes if size is None else (size,)), numpy_dtype(dtype))
    return finished(array, device, requires_grad)


def empty(
    *sizes: Any,
    size: Sequence[int] | None = None,
    dtype: dtype_ | None = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = contiguous_format,
) -> Tensor:
    """A tensor of a size whose values are whatever the memory held."""
    xp = library_on(device)
    array = xp.empty(checked_sizes(sizes if size is None else (size,)), numpy_dtype(dtype))
    return finished(empty_in_format("empty", array, array.dtype, memory_format), device, requires_grad)


def full(
    size: Sequence[int],
    fill_value: float,
    *,
    dtype: dtype_ | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor filled with one number, fill_value, whose kind gives the dtype unless it is given.

    RuntimeError for a number beyond the range of the dtype.
    """
    number, shape = checked_number(fill_value), checked_sizes((tuple(size),))
    to = data_array(number, None, copy=False).dtype if dtype is None else numpy_dtype(dtype)
    xp = library_on(device)
    number = filling_number(number, to, math.prod(shape))
    with quiet():
        array = xp.full(shape, number, to)
    return finished(array, device, requires_grad)


def eye(
    n: int,
    m: int | None = None,
    *,
    dtype: dtype_ | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Ones on the diagonal of n rows and m (default n) columns, else zeros.  RuntimeError for numbers below 0."""
    rows, columns = checked_sizes((n, n if m is None else m))
    return finished(np.eye(rows, columns, dtype=numpy_dtype(dtype)), device, requires_grad)


def zeros_like(
    input: Tensor,
    *,
    dtype: dtype_ | None = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Zeros in the shape, the dtype and the order in memory of another tensor."""
    return filled_like(input, 0, dtype, device, requires_grad, memory_format)


def ones_like(
    input: Tensor,
    *,
    dtype: dtype_ | None = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Ones in the shape, the dtype and the order in memory of another tensor."""
    return filled_like(input, 1, dtype, device, requires_grad, memory_format)


def empty_like(
    input: Tensor,
    *,
    dtype: dtype_ | None = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """A tensor in the shape, the dtype and the order in memory of another, with whatever values the memory held."""
    return filled_like(input, 0, dtype, device, requires_grad, memory_format)


def full_like(
    input: Tensor,
    fill_value: float,
    *,
    dtype: dtype_ | None = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """One number, fill_value, in the shape, the dtype and the order in memory of another tensor."""
    return filled_like(input, fill_value, dtype, device, requires_grad, memory_format)


def filled_like(
    input: Tensor, value: Any, dtype: dtype_ | None, device: Any, requires_grad: bool, memory_format: Any
) -> Tensor:
    """A number in the shape of another tensor, and (unless others are given) in its dtype and order in memory."""
    to = array_of(input).dtype if dtype is None else numpy_dtype(dtype)
    value = filling_number(checked_number(value), to, input.array.size)
    place = device_of(input.array) if device is None else device
    with quiet():
        array = empty_in_format(op_called(), input.array, to, memory_format)
        array[...] = value
    return finished(array, place, requires_grad)


def checked_number(x: Any) -> Any:
    """A number, also from a tensor of one; RuntimeError for one of several, TypeError for anything else."""
    x = raw(x)
    if getattr(x, "size", 1) != 1:
        raise RuntimeError(f"{op_called()}() only supports 0-dimensional tensors here, but got one of {list(x.shape)}")
    x = x.item() if hasattr(x, "item") else x
    if not isinstance(x, NUMBERS):
        raise TypeError(f"{op_called()}(): expected a number, not {type(x).__name__}")
    return x


def checked_sizes(size: tuple[Any, ...]) -> tuple[int, ...]:
    """Sizes given one by one or as a sequence; RuntimeError for a negative one."""
    shape = as_sizes(size)
    if any(n < 0 for n in shape):
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(shape)}: {list(shape)}")
    return shape


# Counting ---------------------------------------------------------------------------------------------------


def arange(
    start: float | None = None,
    end: float | None = None,
    step: float = 1,
    *,
    dtype: dtype_ | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """start, start + step, ... below end (with one argument, 0, 1, ... below it): (end - start) / step values.

    int64 for ints, else the default dtype.  RuntimeError for a step of 0 or in the wrong direction.
    """
    if end is None:
        start, end = None, start
    if end is None:
        raise TypeError("arange(): missing 1 required positional argument: 'end'")
    start = 0 if start is None else start
    start, end, step = (checked_number(x) for x in (start, end, step))
    if not math.isfinite(end - start):
        raise RuntimeError(f"unsupported range: {start} -> {end}")
    if dtype == dtypes.int64:
        start, end, step = int(start), int(end), int(step)
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if dtype is None and all(isinstance(x, int) for x in (start, end, step)):
        dtype = dtypes.int64
    to = numpy_dtype(dtype)
    length = math.ceil((end - start) / step)
    with quiet():
        if to.kind == "f":
            if to.char == "e":  # PyTorch counts in float32
                start, step = (fitting_number(x, np.dtype(np.float32)) for x in (start, step))
            counted = counted_floats(start, step, length, to)
        else:  # as in PyTorch a fraction is cut off before counting, not after
            counted = int(start) + np.arange(length) * int(step)
        counted = counted.astype(to)
    return finished(counted, device, requires_grad)


def counted_floats(start: float, step: float, length: int, to: np.dtype[Any]) -> Any:
    """start + step * i with the roundings of PyTorch's vectorised loop.

    It takes 32 bytes at a time: the first value of each block is rounded to the dtype, the others are counted
    on from it.  What does not fill two blocks is computed one by one.  A product and its sum are rounded once.
    """
    block = 32 // to.itemsize
    i = np.arange(length, dtype=np.float64)
    first = np.where(i < length - length % (2 * block), i - i % block, i)
    begun = np.where(first == 0, float(start), fused_float64(first, float(step), float(start)))
    blocks = begun.astype(to).astype(np.float64)
    exponent = math.frexp(step)[1]  # with steps near 1 nothing overflows on the way
    moderate = fused_piece_float64(i - first, math.ldexp(step, -exponent), np.ldexp(blocks, -exponent))
    return np.where((i == first) | np.isinf(blocks), blocks, np.ldexp(moderate, exponent))


def linspace(
    start: float,
    end: float,
    steps: int,
    *,
    dtype: dtype_ | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """`steps` values from start to end, both included, at equal distances.

    start, end: numbers or 0-d tensors.  RuntimeError for steps below 0, and tensors of dimensions; TypeError for steps
    that are no int.  As in PyTorch the first half is counted up from start, the second down from end.
    """
    start, end, steps = checked_number(start), checked_number(end), index(steps)
    if steps < 0:
        raise RuntimeError("number of steps must be non-negative")
    to = numpy_dtype(dtype)
    with quiet():
        ends = (start, end if steps > 1 else start) if steps else (0, 0)
        first, last = ((to if to.kind == "f" else np.dtype(np.float64)).type(fitting_number(x, to)) for x in ends)
        step = (last - first) / first.dtype.type(max(steps - 1, 1))
        i = np.arange(steps, dtype=np.float64)
        if to.char == "e":
            up, down = first + step * i.astype(to), last - step * (steps - 1 - i).astype(to)
        else:  # a product and its sum are rounded once
            up, down = (
                fused_float64(steps_from, float(slope), float(end))
                for steps_from, slope, end in ((i, step, first), (steps - 1 - i, -step, last))
            )
        values = (np.where(i < steps // 2, up, down) if steps != 1 else np.full(1, first)).astype(to)
    return finished(values, device, requires_grad)


# PyTorch's older constructors -------------------------------------------------------------------------------


def check_legacy_device(device: Any, kind: str) -> None:
    """RuntimeError for another kind of device than the one that a constructor makes tensors on."""
    given = kind if device is None else str(device).partition(":")[0]
    if given != kind:
        raise RuntimeError(
            f"legacy constructor expects device type: {kind} but device type: {given} was passed. "
            "Use torch.tensor(data, device=...) or torch.empty(size, device=...)"
        )


def typed(name: str, dtype: dtype_ | None) -> Any:
    """A constructor such as FloatTensor: from a sequence or an array, or of a size with undefined values."""

    def constructor(*args: Any, device: Any = None) -> Tensor:
        check_legacy_device(device, "cpu")
        if len(args) == 1 and not isinstance(args[0], int):
            if not isinstance(args[0], (Sequence, np.ndarray, TensorBase)):
                raise TypeError(f"new(): data must be a sequence (got {type(args[0]).__name__})")
            return wrap(data_array(args[0], dtype or dtypes.get_default_dtype(), copy=True))
        return empty(*(args or (0,)), dtype=dtype, device="cpu")

    constructor.__name__ = constructor.__qualname__ = name
    constructor.__doc__ = f"A tensor of {dtype or 'the default dtype'} from a sequence, or of a given size."
    return constructor
