"""The pickle in a `.pth` file, written: minigrad's objects under the names that PyTorch's own have."""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from typing import Any, ClassVar, NamedTuple

from minigrad.devices import device
from minigrad.dtypes import CLASS_NAMES, dtype
from minigrad.nn.parameter import Parameter
from minigrad.serialization.storage import Memory, Storage
from minigrad.size import Size
from minigrad.tensor import Tensor

PROTOCOL = 2
"""The protocol that torch.save uses, and the only one that torch.load(weights_only=True) reads."""


class Name(NamedTuple):
    """A name of PyTorch's, to be written as such though there may be no PyTorch to import it from."""

    module: str
    name: str

    def __call__(self, *_args: Any) -> Any:
        """Nothing: pickle asks that what rebuilds an object can be called, and the loader does it."""


TENSOR = Name("torch._utils", "_rebuild_tensor_v2")
PARAMETER = Name("torch._utils", "_rebuild_parameter")
SIZE, DEVICE = Name("torch", "Size"), Name("torch", "device")
DTYPES: dict[str, Name] = {name: Name("torch", name) for name in CLASS_NAMES}
STORAGES = {name: Name("torch", f"{kind}Storage") for name, kind in CLASS_NAMES.items()}


class Pickler(pickle._Pickler):
    """Python's pickler, which also knows minigrad's tensors, dtypes, sizes and devices.

    A subclass of a class of those is not among them: it is pickled as any object of a class, with its class.
    """

    memory: Memory
    save: Any
    write: Any
    memoize: Any
    save_reduce: Any
    dispatch: ClassVar[dict[type, Any]] = dict(pickle._Pickler.dispatch)

    def __init__(self, file: Any, memory: Memory) -> None:
        super().__init__(file, PROTOCOL)
        self.memory = memory

    def place(self, tensor: Tensor) -> Any:
        """The storage that a tensor looks at, and where in it."""
        return self.memory.place(tensor.array)

    def persistent_id(self, obj: Any) -> Any:
        """What stands for a storage in the pickle: its memory has a record of its own."""
        if type(obj) is not Storage:
            return None
        return "storage", STORAGES[obj.dtype.name], obj.key, str(obj.device), len(obj)

    def save_name(self, name: Name) -> None:
        """Write a name of PyTorch's."""
        self.write(pickle.GLOBAL + f"{name.module}\n{name.name}\n".encode())
        self.memoize(name)

    def save_tensor(self, tensor: Tensor) -> None:
        """Write a tensor: storage, offset, size, strides, whether it requires grad, and no hooks."""
        storage, offset, strides = self.place(tensor)
        size = tuple(tensor.array.shape)
        self.save_reduce(TENSOR, (storage, offset, size, strides, tensor.requires_grad, OrderedDict()), obj=tensor)

    def save_parameter(self, parameter: Parameter) -> None:
        """Write a Parameter around its tensor."""
        self.save_reduce(PARAMETER, (parameter.data, parameter.requires_grad, OrderedDict()), obj=parameter)

    def save_dtype(self, dtype: dtype) -> None:
        """Write a dtype, which is a name of PyTorch's."""
        self.save(DTYPES[dtype.name])

    def save_size(self, size: Size) -> None:
        """Write a Size."""
        self.save_reduce(SIZE, (tuple(size),), obj=size)

    def save_device(self, place: device) -> None:
        """Write a device."""
        self.save_reduce(DEVICE, (place.type,) if place.index is None else (place.type, place.index), obj=place)

    dispatch |= {
        Name: save_name,
        Tensor: save_tensor,
        Parameter: save_parameter,
        dtype: save_dtype,
        Size: save_size,
        device: save_device,
    }


class Finder(Pickler):
    """Writes nothing that is kept, but finds every array that will be saved."""

    def place(self, tensor: Tensor) -> Any:
        """Note the array."""
        self.memory.add(tensor.array)
        return None, 0, ()


def pickled(obj: Any) -> tuple[bytes, list[Storage]]:
    """An object's pickle, and the storages that it names, in the order of their keys."""
    memory = Memory()
    Finder(io.BytesIO(), memory).dump(obj)
    memory.divide()
    file = io.BytesIO()
    Pickler(file, memory).dump(obj)
    return file.getvalue(), list(memory.storages.values())
