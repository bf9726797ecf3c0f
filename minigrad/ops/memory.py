"""The memory behind tensors: other ways to look at it, and its bytes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from minigrad.arrays import array_module
from minigrad.devices import device, device_of
from minigrad.engine.changes import mark_changed
from minigrad.engine.graph import raw, record
from minigrad.engine.order import address, elements, guarded, memory_of, steps_of
from minigrad.engine.views import as_view
from minigrad.formats import contiguous_format, copied_in_format, is_in_format, preserve_format
from minigrad.ops.creation import checked_sizes
from minigrad.ops.dims import axis
from minigrad.ops.elementwise import clone
from minigrad.ops.indexing import index, scatter
from minigrad.ops.promotion import array_of
from minigrad.ops.shaping import as_sizes

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["as_strided"]


class UntypedStorage:
    """The bytes of memory that a tensor looks at, together with all others that share them.

    >>> import minigrad as torch
    >>> a = torch.zeros(2, 3)
    >>> a[1].untyped_storage().nbytes(), a[1].untyped_storage().data_ptr() == a.data_ptr()
    (24, True)
    """

    def __init__(self, memory: Any) -> None:
        self.memory = memory

    @property
    def device(self) -> device:
        """Where the memory is."""
        return device_of(self.memory)

    def data_ptr(self) -> int:
        """The address of the first byte."""
        return address(self.memory)

    def nbytes(self) -> int:
        """How many bytes there are."""
        number: int = self.memory.nbytes
        return number

    size = __len__ = nbytes

    def __sizeof__(self) -> int:
        return object.__sizeof__(self) + self.nbytes()

    def tolist(self) -> list[int]:
        """The bytes."""
        return list(self.memory.tobytes())


def untyped_storage(input: Tensor) -> UntypedStorage:
    """The memory that the tensor looks at a part of, or the whole."""
    return UntypedStorage(memory_of(array_of(input)))


def data_ptr(input: Tensor) -> int:
    """The address of the first element; 0 for a tensor without elements."""
    x = array_of(input)
    return address(x) if x.size else 0


def storage_offset(input: Tensor) -> int:
    """How many elements of its memory lie before the tensor's first."""
    x = array_of(input)
    return place_of(x, memory_of(x)).start


def stride(input: Tensor, dim: int | None = None) -> Any:
    """How many elements further in memory the next one along each dimension is, or along dim alone."""
    steps = steps_of(array_of(input))
    return steps if dim is None else steps[axis(dim, len(steps))]


def is_contiguous(input: Tensor, memory_format: Any = contiguous_format) -> bool:
    """Whether the elements lie in memory in the order of their indices, or in that of memory_format."""
    return is_in_format(array_of(input), memory_format)


def contiguous(input: Tensor, memory_format: Any = contiguous_format) -> Tensor:
    """With its elements in memory in the order of their indices: itself if they are, or a copy.

    memory_format: in that order in place of rows.
    """
    if is_in_format(array_of(input), memory_format):
        return input
    if memory_format is preserve_format:
        raise RuntimeError("preserve memory format is unsupported by the contiguous operator")
    return clone(input, memory_format=memory_format)


def as_strided(input: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None) -> Tensor:
    """A view of the tensor's memory: of a size, with steps and a start, counted in elements, of one's own choice.

    stride: the steps, one for each size.  storage_offset: where in the memory to start (default: where the tensor
    does).  RuntimeError where that reaches outside, for steps below 0, and another number of them.  Elements may be
    looked at several times: their gradients are added up.
    https://docs.pytorch.org/docs/stable/generated/torch.as_strided.html

    >>> import minigrad as torch
    >>> torch.arange(5).as_strided((3, 3), (1, 1))
    tensor([[0, 1, 2],
            [1, 2, 3],
            [2, 3, 4]])
    """
    x = array_of(input)
    memory = memory_of(x)
    here = place_of(x, memory)
    there = Place(as_sizes((size,)), as_sizes((stride,)), here.start if storage_offset is None else storage_offset)
    check_place(there, memory)
    value = elements(memory, there.start * x.itemsize, there.shape, tuple(step * x.itemsize for step in there.steps))
    out = record(guarded(value), (input,), (as_strided_da,), here, there)
    return as_view(out, input, as_strided_from, there.shape, there.steps, there.start - here.start)


def as_strided_from(input: Tensor, size: tuple[int, ...], stride: tuple[int, ...], ahead: int) -> Tensor:
    """`as_strided`, with the start counted from the tensor's own first element."""
    x = array_of(input)
    return as_strided(input, size, stride, place_of(x, memory_of(x)).start + ahead)


def as_strided_da(g: Tensor, _out: Tensor, _a: Tensor, here: Place, there: Place) -> Tensor:
    xp = array_module(raw(g))
    of_input, of_output = here.positions(xp), there.positions(xp)
    size = (max(here.end, there.end),)
    looks: Any = xp.ones(here.shape, raw(g).dtype)
    total, number = (index(scatter(x, (at,), size), (of_input,)) for x, at in ((g, of_output), (looks, of_input)))
    shared: Tensor = total / number
    return shared


class Place(NamedTuple):
    """Where in a piece of memory the elements of a tensor are; counted in elements."""

    shape: tuple[int, ...]
    steps: tuple[int, ...]
    start: int

    @property
    def end(self) -> int:
        """The place after the last element."""
        last = sum((n - 1) * step for n, step in zip(self.shape, self.steps))
        return self.start + (0 if 0 in self.shape else last + 1)

    def positions(self, xp: Any) -> Any:
        """Where each element is."""
        found = xp.full(self.shape, self.start)
        for dim, (n, step) in enumerate(zip(self.shape, self.steps)):
            found += (xp.arange(n) * step).reshape([n if i == dim else 1 for i in range(len(self.shape))])
        return found


def place_of(x: Any, memory: Any) -> Place:
    """Where in its memory a raw array is."""
    return Place(x.shape, steps_of(x), (address(x) - address(memory)) // x.itemsize)


def check_place(place: Place, memory: Any) -> None:
    """RuntimeError, as PyTorch's, for strides that do not belong to a size or that leave the memory."""
    shape, steps, start = place
    if len(shape) != len(steps):
        raise RuntimeError("as_strided(): mismatch in length of strides and shape")
    if any(step < 0 for step in steps):
        raise RuntimeError(
            f"as_strided: Negative strides are not supported at the moment, got strides: {list(steps)}. Use flip()."
        )
    if start < 0:
        raise RuntimeError(f"as_strided(): Tensor: invalid storage offset {start}")
    if any(n < 0 for n in shape):
        raise RuntimeError(f"as_strided(): Storage size calculation overflowed with sizes={list(shape)}")
    if 0 not in shape and place.end > memory.size:
        raise RuntimeError(
            f"setStorage: sizes {list(shape)}, strides {list(steps)}, storage offset {start}, and itemsize "
            f"{memory.itemsize} requiring a storage size of {place.end * memory.itemsize} are out of bounds for "
            f"storage of size {memory.nbytes}"
        )


def resize_(self: Tensor, *sizes: Any, memory_format: Any = contiguous_format) -> Tensor:
    """Another size, in place: of the elements that lie in memory from the first on, in the order of rows.

    sizes: ints, or one sequence; memory_format: another order than that of rows.  Where these are not enough, the
    tensor gets memory of its own, with undefined values after them (in PyTorch those that shared its memory share the
    new one too).  RuntimeError for a tensor that requires grad, and for sizes below 0.
    """
    if self.node is not None:
        raise RuntimeError("cannot resize variables that require grad: use reshape(), or .detach()")
    x, shape = self.array, checked_sizes(sizes)
    if shape == x.shape:
        return self
    memory = memory_of(x)
    start, number = place_of(x, memory).start, math.prod(shape)
    there = memory[start : start + number]
    if there.size < number:
        there = array_module(x).empty(number, x.dtype)
        there[: memory.size - start] = memory[start:]
    there = there.reshape(shape)
    self.array = there if memory_format is contiguous_format else copied_in_format("resize_", there, memory_format)
    mark_changed(self)
    return self
