"""Saving and loading, in PyTorch's own file format: either side reads what the other wrote.

https://docs.pytorch.org/docs/stable/notes/serialization.html
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from minigrad import cuda, dtypes
from minigrad.devices import device
from minigrad.serialization.files import File, opened_for_reading, opened_for_writing

if TYPE_CHECKING:
    from minigrad.serialization.archive import Reader
    from minigrad.serialization.storage import Storage

__all__ = ["load", "save"]

MapLocation = str | device | dict[str, str] | Callable[[Any, str], Any] | None


def save(obj: Any, f: File) -> None:
    """Save an object to a file that minigrad.load and torch.load read.

    obj: tensors, a state_dict, or lists and dicts of these with numbers and strings in them; also any object
    that pickle takes, such as a whole model, which only weights_only=False loads, and only in minigrad.
    f: a path, or a file to write to.  Tensors that share memory share it after loading.
    A file under a path is replaced at once, when all is written: it is never there in part, and an error leaves
    the old one.  RuntimeError for a folder that is not there, pickle.PicklingError for what pickle does not take.
    https://docs.pytorch.org/docs/stable/generated/torch.save.html

    >>> import io, minigrad as torch
    >>> file = io.BytesIO()
    >>> torch.save({"weight": torch.ones(2), "epoch": 3}, file)
    >>> _ = file.seek(0)
    >>> torch.load(file)
    {'weight': tensor([1., 1.]), 'epoch': 3}
    """
    from minigrad.serialization.pickling import pickled

    if not isinstance(f, (str, os.PathLike)) and not hasattr(f, "write"):
        raise AttributeError(
            "expected 'f' to be string, path, or a file-like object with a 'write' attribute, but is "
            f"a {type(f).__name__}. What is saved comes first: torch.save(obj, 'file.pt')"
        )
    pickle, storages = pickled(obj)
    with opened_for_writing(f) as file:
        write_archive(file, folder_name(f), pickle, storages)


def write_archive(file: IO[bytes], folder: str, pickle: bytes, storages: list[Storage]) -> None:
    """Write the archive."""
    import sys

    import numpy as np

    from minigrad.serialization.archive import Writer

    archive = Writer(file, folder)
    archive.write("data.pkl", pickle)
    archive.write("byteorder", sys.byteorder.encode())
    for storage in storages:
        archive.write(f"data/{storage.key}", storage.cpu().array.view(np.uint8))
    archive.finish()


def folder_name(f: File) -> str:
    """The folder in the archive: the file's name without its ending, as PyTorch has it."""
    name = os.path.splitext(os.path.basename(os.fspath(f)))[0] if isinstance(f, (str, os.PathLike)) else ""
    return name or "archive"


def load(
    f: File, map_location: MapLocation = None, *, weights_only: bool | None = True, mmap: bool | None = None
) -> Any:
    """Load an object from a file that minigrad.save or torch.save wrote, also before PyTorch 1.6.

    f: a path, or a file to read from.
    map_location: where to put tensors that were saved on another device: a device, a dict from old to new ones,
    or a function of (storage, location) that gives the storage, or None.
    weights_only: build only tensors and plain values, and refuse a file that names anything else
    (pickle.UnpicklingError).  With False the file may run any code: only for files that you trust.  None is True.
    mmap: do not read the file, but map it into memory; what is changed in memory stays out of the file.

    Raises RuntimeError for a file that is truncated, damaged, in another format, or for a device that is not
    there.  FileNotFoundError for no file.  https://docs.pytorch.org/docs/stable/generated/torch.load.html
    """
    from minigrad.serialization import legacy
    from minigrad.serialization.archive import Reader

    if isinstance(f, (str, os.PathLike)) and os.fspath(f).endswith(".safetensors"):
        from minigrad.safetensors import load_file

        if callable(map_location):
            raise RuntimeError(
                "Loading safetensors file with callable map_location is not supported. Use a device string or "
                "torch.device instead."
            )
        return load_file(f, "cpu" if map_location is None else map_location)
    if not (map_location is None or isinstance(map_location, (str, device, dict)) or callable(map_location)):
        raise TypeError(f"map_location must be a device, a str, a dict or a function, not {map_location!r}")
    if mmap and not isinstance(f, (str, os.PathLike)):
        raise ValueError("f must be a file path in order to use the mmap argument")
    trusting = weights_only is False
    with opened_for_reading(f) as (file, name):
        if legacy.begins(file):
            return legacy.read(file, name, bool(mmap), partial(located, map_location=map_location), not trusting)
        return read_archive(Reader(file, name, bool(mmap)), map_location, not trusting)


def read_archive(archive: Reader, map_location: MapLocation, weights_only: bool) -> Any:
    """The object in an archive."""
    from minigrad.serialization.unpickling import unpickled

    data, storages = archive.read("data.pkl").tobytes(), Storages(archive, map_location)
    return unpickled(io.BytesIO(data), len(data), archive.name, storages.load, 5, weights_only)


class Storages:
    """The storages of an archive, each read once, when a tensor first needs it."""

    def __init__(self, archive: Reader, map_location: MapLocation) -> None:
        self.archive = archive
        self.map_location = map_location
        self.loaded: dict[str, Storage] = {}

    def load(self, key: str, dtype: dtypes.dtype, location: str, numel: int) -> Storage:
        """The storage of a key.  RuntimeError if its record is missing, or smaller than numel elements."""
        from minigrad.serialization.storage import Storage

        if key not in self.loaded:
            self.loaded[key] = located(Storage(self.memory(key, dtype, numel), key), location, self.map_location)
        storage = self.loaded[key]
        if storage.dtype is not dtype or numel > len(storage):
            raise self.archive.damaged(f"tensors disagree on their storage {key[:80]!r}")
        return storage

    def memory(self, key: str, dtype: dtypes.dtype, numel: int) -> Any:
        """A storage's elements, as a flat array."""
        from minigrad.serialization.storage import of_dtype

        size = self.archive.size(f"data/{key}")
        if size is None or not 0 <= numel * dtype.itemsize <= size:
            raise self.archive.damaged(f"its record for storage {key[:80]!r} is missing or too small")
        memory = self.archive.read(f"data/{key}")[: numel * dtype.itemsize]
        return of_dtype(memory, dtype, self.archive.is_swapped)


def located(storage: Storage, location: str, map_location: MapLocation) -> Storage:
    """The storage where it belongs: at its location when it was saved, unless map_location says otherwise."""
    if isinstance(map_location, (str, device)):
        location = str(map_location)
    elif isinstance(map_location, dict):
        location = str(map_location.get(location, location))
    elif callable(map_location):
        moved = moved_by(map_location, storage, location)
        if moved is not None:
            return moved
    place = device(location)
    if place.type == "cuda":
        refuse_missing_gpu(place)
    return storage.to(place)


def refuse_missing_gpu(place: device) -> None:
    """RuntimeError, in PyTorch's words, for a GPU that is not there."""
    if not cuda.is_available():
        raise RuntimeError(
            "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. If you are "
            "running on a CPU-only machine, please use torch.load with map_location=torch.device('cpu') to map your "
            "storages to the CPU."
        )
    if place.index is not None and place.index >= cuda.device_count():
        raise RuntimeError(
            f"Attempting to deserialize object on CUDA device {place.index} but torch.cuda.device_count() is "
            f"{cuda.device_count()}. Please use torch.load with map_location to map your storages to an existing "
            "device."
        )


def moved_by(function: Callable[[Any, str], Any], storage: Storage, location: str) -> Storage | None:
    """What the user's function makes of a storage.  RuntimeError if it fails, or gives something else."""
    try:
        moved = function(storage, location)
    except Exception as error:
        raise RuntimeError(f"map_location failed: {type(error).__name__}: {error}") from error
    if moved is not None and type(moved) is not type(storage):
        raise RuntimeError(f"map_location gave a {type(moved).__name__}, not a storage or None")
    return moved
