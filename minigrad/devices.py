"""Where arrays live: NumPy's on "cpu", CuPy's on "cuda"; and how they go from one device to another."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from types import NoneType
from typing import Any, final

import numpy as np

from minigrad import dtypes
from minigrad.absent import AbsentDtype, advice
from minigrad.arrays import copy_of, gpu_of, on_its_gpu, quiet
from minigrad.gpu import finding
from minigrad.gpu.finding import gpu

__all__ = ["device", "get_default_device", "set_default_device"]


@final
@dataclass(frozen=True, init=False, repr=False)
class device:
    """A place for tensors, as torch.device: `device("cpu")`, `device("cuda")`, `device("cuda", 1)`, `device("cuda:1")`.

    type: the kind, with or without a number behind it, a number alone, or a device; index: which of that kind, from 0
    on, or None.  RuntimeError for another kind of device or a negative number.  That the GPU is there is asked for when
    a tensor is to go to it.  https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch.device

    >>> import minigrad
    >>> minigrad.device("cuda:0")
    device(type='cuda', index=0)
    """

    type: str
    index: int | None

    def __init__(self, type: str | int | device, index: int | None = None) -> None:
        if isinstance(type, bool) or not isinstance(type, (str, int, device)):
            raise TypeError(f"device(): argument 'type' must be str, int or device, not {type.__class__.__name__}")
        if isinstance(index, bool) or not isinstance(index, (int, NoneType)):
            raise TypeError(f"device(): argument 'index' must be int, not {index.__class__.__name__}")
        if index is not None and not isinstance(type, str):
            kind = type.__class__.__name__
            raise TypeError(f"device(): argument 'type' must be str where an index is given, not {kind}")
        name, colon, number = (f"cuda:{type}" if isinstance(type, int) else str(type)).partition(":")
        if name not in ("cpu", "cuda"):
            raise RuntimeError(f"minigrad has no device {str(type)!r}: its tensors live on 'cpu' and 'cuda'")
        if colon and not (number.isdecimal() and str(int(number)) == number):
            raise RuntimeError(f"Invalid device string: {str(type)!r}")
        if number and index is not None:
            raise RuntimeError(f"type (string) must not include an index because index was passed explicitly: {type}")
        if index is not None and index < 0:
            raise RuntimeError(f"Device index must not be negative: {index}")
        object.__setattr__(self, "type", name)
        object.__setattr__(self, "index", int(number) if number else index)

    def __enter__(self) -> device:
        """Within `with device("cuda"):`, new tensors are made there."""
        current.devices.append(checked(self))
        return self

    def __exit__(self, *_error: object) -> None:
        current.devices.pop()

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type={self.type!r}{index})"

    def __reduce__(self) -> Any:
        return unpickled, (str(self),)  # not by the name of the class, which the launcher changes

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"


def unpickled(name: str) -> device:
    """The device that was pickled."""
    return device(name)


CPU = device("cpu")


# The GPU ----------------------------------------------------------------------------------------------------


class Current(threading.local):
    """What is meant in this thread by "cuda" and, the last of the devices, by no device at all (None: the CPU)."""

    def __init__(self) -> None:
        self.gpu = 0
        self.devices: list[device | None] = [None]


current = Current()


def set_default_device(device: Any) -> None:
    """Let new tensors be made on a device, where none is given: factories, `tensor`, layers; None: the CPU again.

    What is made from a tensor (`zeros_like`) or shares memory (`from_numpy`) stays where that is.
    RuntimeError for a device that is not there.  https://docs.pytorch.org/docs/stable/generated/torch.set_default_device.html
    """
    current.devices[-1] = None if device is None else checked(device)


def get_default_device() -> device:
    """Where new tensors are made: what `set_default_device` set last, else the CPU."""
    return current.devices[-1] or CPU


def forget_gpu() -> None:
    """Look for a GPU anew when one is next asked for."""
    finding.forget()
    current.__init__()  # type: ignore[misc]


def checked(place: Any) -> device:
    """A `device=` argument as the device that it means (None is the default), known to be there.

    RuntimeError for a GPU that is not.
    """
    if place is None:
        return get_default_device()
    place = place if isinstance(place, device) else device(place)
    if place.type == "cpu":
        return CPU
    index = current.gpu if place.index is None else place.index
    count = gpu().cuda.runtime.getDeviceCount()
    if index >= count:
        raise RuntimeError(f"CUDA error: invalid device ordinal: there is no {place}, only {count} GPU(s)")
    return device("cuda", index)


def checked_gpu(place: Any) -> device:
    """A `device=` argument that means a GPU (None is the current one), known to be there; RuntimeError for the CPU."""
    wanted = checked("cuda" if place is None else place)
    if wanted == CPU:
        raise RuntimeError("Invalid device, must be cuda device: not cpu")
    return wanted


def check_device(place: Any) -> None:
    """Refuse a device that is not there (RuntimeError)."""
    checked(place)


def as_array(x: Any) -> Any:
    """An array of NumPy or CuPy, or what has its memory on a GPU (`__cuda_array_interface__`), as a raw array."""
    return np.asarray(x) if isinstance(x, (np.ndarray, np.generic)) else gpu().asarray(x)


def device_of(array: Any) -> device:
    """The device on which a raw array lives."""
    number = gpu_of(array)
    return CPU if number is None else device("cuda", number)


def library_on(place: Any) -> Any:
    """The library, numpy or cupy, that makes arrays on a device; CuPy is told to work there."""
    place = checked(place)
    if place == CPU:
        return np
    cupy = gpu()
    cupy.cuda.runtime.setDevice(place.index)
    return cupy


def moved(array: Any, place: Any, non_blocking: bool = False) -> Any:
    """A raw array on a device: itself where it is there already, else a copy.

    From the CPU to a GPU the copy is asynchronous: the GPU's later work waits for it, this process does not.  It may
    read the array itself later only if that is pinned and non_blocking says so; else the copy starts from a buffer.
    To the CPU, and to another GPU, this process waits; to the CPU not if non_blocking: then
    `minigrad.cuda.synchronize()` says when the values are there.
    """
    place = checked(place)
    here = device_of(array)
    if here == place:
        return array
    if place == CPU:
        on_its_gpu(array)  # for CuPy reads by its current stream
        return array.get(out=empty_pinned(array.shape, array.dtype), blocking=False) if non_blocking else array.get()
    if here == CPU:
        return library_on(place).array(array, blocking=is_pinned(array) and not non_blocking)
    if not array.flags.c_contiguous:
        array = copy_of(array)  # CuPy copies only what is contiguous from GPU to GPU
    library_on(here).cuda.get_current_stream().synchronize()  # each GPU works off a queue of its own
    cupy = library_on(place)
    copy = cupy.array(array)
    cupy.cuda.get_current_stream().synchronize()
    return copy


def overwrite(array: Any, values: Any) -> None:
    """Change a raw array in place to the values of another, which may be on another device."""
    values = moved(values, device_of(array))
    with quiet():
        on_its_gpu(array)[...] = values


def empty_pinned(shape: tuple[int, ...], dtype: Any) -> Any:
    """A NumPy array in page-locked memory, to and from which a GPU copies without the processor's help."""
    gpu()
    import cupyx

    return cupyx.empty_pinned(shape, dtype)


def pinned(array: Any) -> Any:
    """A copy of a NumPy array in page-locked memory.  RuntimeError for an array on a GPU."""
    if device_of(array) != CPU:
        raise RuntimeError(f"cannot pin a tensor on {device_of(array)}: only dense CPU tensors can be pinned")
    copy = empty_pinned(array.shape, array.dtype)
    copy[...] = array
    return copy


def is_pinned(array: Any) -> bool:
    """Whether a raw array lies in page-locked memory."""
    while isinstance(array, np.ndarray):
        array = array.base
    return type(getattr(array, "obj", array)).__name__ == "PinnedMemoryPointer"


@dataclass
class Wanted:
    """What the arguments of `to` ask for."""

    dtype: dtypes.dtype | None = None
    device: device | None = None
    non_blocking: bool = False
    copy: bool = False
    memory_format: Any = None


def to_arguments(
    *args: Any,
    device: Any = None,
    dtype: Any = None,
    non_blocking: bool = False,
    copy: bool = False,
    memory_format: Any = None,
) -> Wanted:
    """The arguments of `to`: to(device, dtype, non_blocking, copy), to(dtype, ...), or to(other_tensor, ...)."""
    flags = [arg for arg in args if isinstance(arg, bool)]
    for arg in args:
        if isinstance(arg, (dtypes.dtype, type, AbsentDtype)):
            dtype = arg
        elif hasattr(arg, "array"):
            dtype, device = arg.dtype, arg.device
        elif isinstance(arg, (str, int, type(CPU))) and not isinstance(arg, bool):
            device = arg
        elif arg is not None and not isinstance(arg, bool):
            raise TypeError(f"to(): an argument must be a dtype, a device or a Tensor, not {type(arg).__name__}")
    dtype = dtypes.of_python.get(dtype, dtype) if isinstance(dtype, type) else dtype
    if not isinstance(dtype, (dtypes.dtype, NoneType)):
        raise TypeError(f"to(): argument 'dtype' must be a dtype, not {dtype!r}{advice(dtype)}")
    non_blocking, copy = (*flags, *(non_blocking, copy)[len(flags) :])
    return Wanted(dtype, None if device is None else checked(device), non_blocking, copy, memory_format)
