"""The safetensors format, spelled as safetensors.torch: files of named tensors and nothing else.

Needs the safetensors library (`pip install ".[safetensors]"`), which is imported when one of these is called.
https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import importlib
import os
from typing import Any

import numpy as np

from minigrad import devices, dtypes
from minigrad.engine.graph import wrap
from minigrad.serialization.files import opened_for_writing
from minigrad.tensor import Tensor

__all__ = ["load", "load_file", "save", "save_file"]

Tensors = dict[str, Tensor]
Path = str | os.PathLike[str]
DTYPES = {
    "BOOL": dtypes.bool_,
    "U8": dtypes.uint8,
    "I8": dtypes.int8,
    "I16": dtypes.int16,
    "I32": dtypes.int32,
    "I64": dtypes.int64,
    "F16": dtypes.float16,
    "F32": dtypes.float32,
    "F64": dtypes.float64,
}
"""The dtypes by the names that the format gives them."""


def save_file(tensors: Tensors, filename: Path, metadata: dict[str, str] | None = None) -> None:
    """Save tensors under names to a file, filename; metadata: texts about them.

    The file is replaced at once, when all is written.
    Raises ValueError for what is not a dict of contiguous tensors, RuntimeError for tensors that share memory.
    """
    data = save(tensors, metadata)
    with opened_for_writing(filename) as file:
        file.write(data)


def load_file(filename: Path, device: Any = "cpu") -> Tensors:
    """The tensors of a file, filename, by their names, on a device.

    Raises safetensors.SafetensorError for a damaged file.
    """
    place = devices.checked(device)
    with open(filename, "rb") as file:
        tensors = load(file.read())
    return {name: tensor.to(place) for name, tensor in tensors.items()}


def save(tensors: Tensors, metadata: dict[str, str] | None = None) -> bytes:
    """What a file of these tensors contains; metadata and errors are those of `save_file`.

    >>> import minigrad
    >>> load(save({"weight": minigrad.ones(2)}))
    {'weight': tensor([1., 1.])}
    """
    numpy = imported("safetensors.numpy")
    refuse_unsavable(tensors)
    data: bytes = numpy.save({name: devices.moved(tensor.array, "cpu") for name, tensor in tensors.items()}, metadata)
    return data


def load(data: bytes) -> Tensors:
    """The tensors in a file's content, the bytes data, by their names.

    Raises safetensors.SafetensorError for damaged content, RuntimeError for a dtype that minigrad does not have.
    """
    parts: list[tuple[str, Any]] = imported("safetensors").deserialize(data)
    for name, part in parts:
        if part["dtype"] not in DTYPES:
            raise RuntimeError(f"`{name}` has dtype {part['dtype']}, which minigrad does not have")
    return {name: tensor_of(part) for name, part in parts}


def tensor_of(part: Any) -> Tensor:
    """One tensor of a file, in memory of its own."""
    return wrap(np.frombuffer(part["data"], DTYPES[part["dtype"]].numpy).reshape(part["shape"]).copy())


def imported(name: str) -> Any:
    """A module of the safetensors library.  ImportError, with what to install, if it is not there."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(f'{name} is not installed: pip install ".[safetensors]"') from error


def refuse_unsavable(tensors: Any) -> None:
    """Refuse what the format cannot hold: it has no strides, and each tensor has memory of its own."""
    from minigrad.serialization.storage import Memory

    if not isinstance(tensors, dict):
        raise ValueError(f"Expected a dict of [str, torch.Tensor] but received {type(tensors)}")
    memory = Memory()
    for name, tensor in tensors.items():
        if not isinstance(tensor, Tensor):
            raise ValueError(f"Key `{name}` is invalid, expected torch.Tensor but received {type(tensor)}")
        if not tensor.is_contiguous():
            raise ValueError(
                f"You are trying to save a non contiguous tensor: `{name}` which is not allowed. Call .contiguous() "
                "on it before saving."
            )
        memory.add(tensor.array)
    memory.divide()
    owners: dict[int, str] = {}
    for name, tensor in tensors.items():
        owner = owners.setdefault(id(memory.groups[id(tensor.array)]), name)
        if owner != name and tensor.numel():
            raise RuntimeError(
                f"Some tensors share memory, this will lead to duplicate memory on disk and potential differences when "
                f"loading them again: {owner!r} and {name!r}. Call .clone() on one of them before saving."
            )
