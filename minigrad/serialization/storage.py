"""Storages: the memory that tensors look at.  Tensors that share memory share it after loading, too."""

from __future__ import annotations

from typing import Any, NamedTuple

from minigrad import devices, dtypes
from minigrad.dtypes import CLASS_NAMES
from minigrad.engine.order import address, elements, steps_of

BY_NAME = {f"{CLASS_NAMES[each.name]}Storage": each for each in dtypes.ALL}
"""The dtype of each of PyTorch's storage classes, such as FloatStorage."""


class Storage:
    """A piece of memory, as one flat array of a dtype; what the function of `map_location=` is given."""

    def __init__(self, array: Any, key: str) -> None:
        self.array = array
        self.key = key

    @property
    def dtype(self) -> dtypes.dtype:
        """The dtype of the elements."""
        return dtypes.from_numpy[self.array.dtype]

    @property
    def device(self) -> devices.device:
        """Where the memory is."""
        return devices.device_of(self.array)

    def __len__(self) -> int:
        return int(self.array.size)

    def nbytes(self) -> int:
        """The size in bytes."""
        return int(self.array.nbytes)

    def to(self, device: devices.device | str) -> Storage:
        """The storage on a device: itself, or a copy."""
        array = devices.moved(self.array, device)
        return self if array is self.array else Storage(array, self.key)

    def cpu(self) -> Storage:
        """The storage on the CPU."""
        return self.to("cpu")

    def cuda(self, device: int | None = None) -> Storage:
        """The storage on a GPU."""
        return self.to("cuda" if device is None else f"cuda:{device}")


def of_dtype(memory: Any, dtype: dtypes.dtype, is_swapped: bool) -> Any:
    """Bytes as elements of a dtype, which may have been written in the other order."""
    if dtype is dtypes.bool_:
        return memory != 0  # a bool is 0 or 1: with other bytes NumPy gives wrong results
    array = memory.view(dtype.numpy)
    return array.byteswap() if is_swapped else array


class Place(NamedTuple):
    """Where a tensor's elements are: in which storage, from which element on, and how far apart."""

    storage: Storage
    offset: int
    strides: tuple[int, ...]


class Memory:
    """The memory of all tensors that are saved, divided into storages.

    Tensors whose spans of memory overlap go into one storage; any other has a storage of its own, which holds
    that span and nothing else of the memory that it was taken from.
    """

    def __init__(self) -> None:
        self.arrays: dict[int, tuple[Any, Any]] = {}  # by id: an array (which keeps the id its own), and what is saved
        self.groups: dict[int, list[Any]] = {}
        self.storages: dict[int, Storage] = {}  # by id of a group

    def add(self, array: Any) -> None:
        """Note an array that will be saved."""
        if id(array) not in self.arrays:
            self.arrays[id(array)] = array, savable(array)

    def divide(self) -> None:
        """Find the arrays that overlap."""
        end = -1
        group: list[Any] = []
        for start, stop, key in sorted((*span(saved), key) for key, (_, saved) in self.arrays.items()):
            if start >= end:
                group = []
            group.append(self.arrays[key][1])
            self.groups[key] = group
            end = max(end, stop)

    def place(self, array: Any) -> Place:
        """Where an array's elements are saved."""
        if id(array) not in self.groups:  # it was made while the object was pickled
            self.add(array)
            self.groups[id(array)] = [self.arrays[id(array)][1]]
        group = self.groups[id(array)]
        if id(group) not in self.storages:
            self.storages[id(group)] = Storage(whole_memory(group), str(len(self.storages)))
        saved = self.arrays[id(array)][1]
        start = min(span(each)[0] for each in group)
        return Place(self.storages[id(group)], (span(saved)[0] - start) // saved.itemsize, steps_of(saved))


def savable(array: Any) -> Any:
    """The array, or a copy of it in order if PyTorch has no such strides."""
    regular = all(stride >= 0 and stride % array.itemsize == 0 for stride in array.strides)
    return array if regular else array.copy(order="C")


def span(array: Any) -> tuple[int, int]:
    """The addresses of an array's first byte and of the byte after its last (a GPU's differ from the CPU's)."""
    start = address(array)
    if array.size == 0:
        return start, start
    return start, start + array.itemsize + sum((n - 1) * stride for n, stride in zip(array.shape, array.strides))


def whole_memory(group: list[Any]) -> Any:
    """The memory that arrays lie in, as one flat array: theirs, if one of them fills it, or else a copy.

    What lies between the elements of the arrays, and is none of them, is zero in the copy.
    """
    start, stop = min(span(each)[0] for each in group), max(span(each)[1] for each in group)
    dtype = group[0].dtype
    if any(array.dtype != dtype or (span(array)[0] - start) % dtype.itemsize for array in group):
        raise RuntimeError("Cannot save multiple tensors or storages that view the same data as different types")
    for array in group:
        ordered = in_order_of_memory(array)
        if array.nbytes == stop - start and ordered.flags.c_contiguous:
            return ordered.reshape(-1)
    xp = devices.library_on(devices.device_of(group[0]))
    memory = xp.zeros((stop - start) // dtype.itemsize, dtype)
    for array in group:
        elements(memory, span(array)[0] - start, array.shape, array.strides)[...] = array
    return memory


def in_order_of_memory(array: Any) -> Any:
    """The array with its dimensions sorted, that of the largest stride first."""
    return array.transpose(tuple(sorted(range(array.ndim), key=lambda dim: -array.strides[dim])))
