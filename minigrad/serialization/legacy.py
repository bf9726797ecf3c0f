"""Files that PyTorch wrote before version 1.6: five pickles, one after the other, and the memory of the storages.

    a magic number
    1001                           the version of the format
    {"little_endian": True, ...}   about the machine that wrote it
    the object                     a tensor in it names the storage that it looks at
    ["94321", ...]                 the keys of the storages, in their order in the file
    for each of them 8 bytes, its number of elements, and these: little-endian, whatever machine wrote them

So the tensors are there before what is in them.  https://docs.pytorch.org/docs/stable/generated/torch.save.html
"""

from __future__ import annotations

import pickle
import struct
import sys
from collections.abc import Callable
from typing import IO, Any, NoReturn

import numpy as np

from minigrad import devices, dtypes
from minigrad.serialization.archive import damaged
from minigrad.serialization.storage import Storage, of_dtype
from minigrad.serialization.unpickling import unpickled

MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""The pickle of the magic number."""
VERSION = 1001
PARTS = 6
"""Of a persistent id: "storage", type, key, location, number of elements, and a part of the storage or None."""


def begins(file: IO[bytes]) -> bool:
    """Whether a file is of this format, from where it is."""
    position = file.tell()
    start = file.read(len(MAGIC))
    file.seek(position)
    return start == MAGIC


def read(
    file: IO[bytes], name: str, mapped: bool, located: Callable[[Storage, str], Storage], weights_only: bool
) -> Any:
    """The object of a file; located: puts a storage where it belongs."""
    if mapped:
        raise RuntimeError(
            "mmap can only be used with files saved with `torch.save(_use_new_zipfile_serialization=True)`, and "
            f"{name} is in the format of PyTorch before version 1.6. Save it again, or load it without mmap=True."
        )
    rest = Rest(file, name)
    file.seek(len(MAGIC), 1)
    if rest.unpickled(no_storage) != VERSION:
        raise damaged(name, "it is in an unknown version of its format")
    rest.unpickled(no_storage)
    storages = Storages(rest, located)
    result = rest.unpickled(storages.load, weights_only)
    storages.fill(rest.unpickled(no_storage))
    return result


class Rest:
    """What is left to read of a file."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self.file, self.name = file, name
        self.readline = file.readline
        position = file.tell()
        self.end = file.seek(0, 2)
        self.size = self.end - position
        file.seek(position)

    def read(self, size: int) -> bytes:
        """So many bytes, or all that are left: no memory is made for more."""
        return self.file.read(min(size, self.end - self.file.tell()))

    def exactly(self, size: int) -> bytes:
        """So many bytes.  RuntimeError if there are not as many."""
        data = self.read(size)
        if len(data) != size:
            raise damaged(self.name, "it ends too early")
        return data

    def unpickled(self, load_storage: Callable[..., Storage], weights_only: bool = True) -> Any:
        """The object of the pickle that comes next."""
        return unpickled(self, self.size, self.name, load_storage, PARTS, weights_only)


def no_storage(*_description: Any) -> NoReturn:
    """For the pickles that hold no tensors."""
    raise pickle.UnpicklingError("there is a storage outside of the object")


class Storages:
    """The storages of a file: made when a tensor first needs them, filled when all tensors are there."""

    def __init__(self, rest: Rest, located: Callable[[Storage, str], Storage]) -> None:
        self.rest = rest
        self.located = located
        self.room = rest.size
        self.loaded: dict[str, Storage] = {}
        self.parts: dict[str, Storage] = {}

    def load(self, key: str, dtype: dtypes.dtype, location: str, numel: int, part: Any) -> Storage:
        """The storage of a key, or a part of it.  RuntimeError for one that is larger than the file."""
        if key not in self.loaded:
            self.room -= numel * dtype.itemsize
            if numel < 0 or self.room < 0:
                raise damaged(self.rest.name, f"its storage {key[:80]!r} is missing or too small")
            self.loaded[key] = self.located(Storage(np.zeros(numel, dtype.numpy), key), location)
        storage = self.loaded[key]
        if storage.dtype is not dtype or numel > len(storage):
            raise damaged(self.rest.name, f"tensors disagree on their storage {key[:80]!r}")
        return storage if part is None else self.part(storage, part)

    def part(self, storage: Storage, part: Any) -> Storage:
        """A part of a storage, by its own key: from which element on, and how many."""
        if type(part) is not tuple or list(map(type, part)) != [str, int, int]:
            raise pickle.UnpicklingError("a part of a storage is not given by key, first element and number")
        key, start, number = part
        if not 0 <= start <= start + number <= len(storage):
            raise damaged(self.rest.name, f"the part {key[:80]!r} reaches outside of its storage")
        if key not in self.parts:
            self.parts[key] = Storage(storage.array[start : start + number], key)
        return self.parts[key]

    def fill(self, keys: Any) -> None:
        """Read the elements of all storages, which come in the order of the keys."""
        known = type(keys) is list and all(type(key) is str and key in self.loaded for key in keys)
        if not known or not len(keys) == len(set(keys)) == len(self.loaded):
            raise damaged(self.rest.name, "its list of storages does not fit the tensors")
        for key in keys:
            storage = self.loaded[key]
            (number,) = struct.unpack("<q", self.rest.exactly(8))
            if number != len(storage):
                raise damaged(self.rest.name, f"its storage {key[:80]!r} is of another size than the tensors")
            memory = np.frombuffer(self.rest.exactly(number * storage.dtype.itemsize), np.uint8)
            elements = of_dtype(memory, storage.dtype, sys.byteorder == "big")
            storage.array[...] = devices.moved(elements, storage.device)
