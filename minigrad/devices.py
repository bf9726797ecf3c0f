"""Where arrays live: NumPy's on "cpu", CuPy's on "cuda".

The one place that knows which library an array belongs to, and the one where arrays go from one device to
another.  CuPy is imported when a GPU is first asked for.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, final

import numpy as np

from minigrad import dtypes


@final
class device:
    """A place for tensors, as torch.device: `device("cpu")`, `device("cuda")`, `device("cuda", 1)`, `device("cuda:1")`.

    RuntimeError for another kind of device.  That the GPU is there is asked for when a tensor is to go to it.

    >>> import minigrad
    >>> minigrad.device("cuda:0")
    device(type='cuda', index=0)
    """

    __slots__ = ("type", "index")

    def __init__(self, type: str | int | device, index: int | None = None) -> None:
        name, colon, number = (f"cuda:{type}" if isinstance(type, int) else str(type)).partition(":")
        if name not in ("cpu", "cuda"):
            raise RuntimeError(f"minigrad has no device {str(type)!r}: its tensors live on 'cpu' and 'cuda'")
        if colon and not number.isdecimal():
            raise RuntimeError(f"Invalid device string: {str(type)!r}")
        if number and index is not None:
            raise RuntimeError(f"type (string) must not include an index because index was passed explicitly: {type}")
        self.type = name
        self.index = int(number) if number else index

    def __repr__(self) -> str:
        index = "" if self.index is None else f", index={self.index}"
        return f"device(type={self.type!r}{index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))


CPU = device("cpu")


# The GPU ----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def find_gpu() -> tuple[Any, str]:
    """CuPy, if it can compute here, and an empty string; else None, and why not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import cupy
    except ImportError as error:
        return None, f"CuPy cannot be imported ({error}). Install it with `pip install minigrad[cuda12]`, or [cuda13]"
    except Exception as error:  # a broken CuPy raises anything
        return None, f"CuPy does not work here: importing it raised {type(error).__name__}: {error}"
    try:
        if cupy.cuda.runtime.getDeviceCount() == 0:
            return None, "there is no NVIDIA GPU"
        int(cupy.ones(2, "float32").sum())
    except Exception as error:
        return None, f"CuPy {getattr(cupy, '__version__', '')} does not work here: {type(error).__name__}: {error}"
    return cupy, ""


def forget_gpu() -> None:
    """Look for a GPU anew when one is next asked for."""
    find_gpu.cache_clear()


def gpu() -> Any:
    """CuPy; RuntimeError, with the reason, where it cannot compute."""
    cupy, reason = find_gpu()
    if cupy is None:
        raise RuntimeError(f"minigrad has no GPU to use: {reason}")
    return cupy


def checked(place: Any) -> device:
    """A `device=` argument as the device that it means (None is the CPU), known to be there.

    RuntimeError for a GPU that is not.
    """
    if place is None:
        return CPU
    place = place if isinstance(place, device) else device(place)
    if place.type == "cpu":
        return CPU
    cupy = gpu()
    index = cupy.cuda.Device().id if place.index is None else place.index
    count = cupy.cuda.runtime.getDeviceCount()
    if index >= count:
        raise RuntimeError(f"CUDA error: invalid device ordinal: there is no {place}, only {count} GPU(s)")
    return device("cuda", index)


def check_device(place: Any) -> None:
    """Refuse a device that is not there (RuntimeError)."""
    checked(place)


# Arrays -----------------------------------------------------------------------------------------------------


def array_module(array: Any) -> Any:
    """The library, numpy or cupy, whose functions take this array."""
    if type(array) is np.ndarray or not hasattr(array, "__cuda_array_interface__"):
        return np
    return gpu()


def device_of(array: Any) -> device:
    """The device on which a raw array lives."""
    if array_module(array) is np:
        return CPU
    return device("cuda", array.device.id)


@contextmanager
def making_arrays_on(place: Any) -> Iterator[Any]:
    """The library that makes arrays on a device, while it makes them there."""
    place = checked(place)
    if place == CPU:
        yield np
    else:
        cupy = gpu()
        with cupy.cuda.Device(place.index):
            yield cupy


def moved(array: Any, place: Any) -> Any:
    """A raw array on a device: itself where it is there already, else a copy.

    From the CPU the copy is asynchronous: the GPU's later work waits for it, this process does not.  To the
    CPU it is not.
    """
    place = checked(place)
    here = device_of(array)
    if here == place:
        return array
    if place == CPU:
        return array.get()
    with making_arrays_on(place) as cupy:
        return cupy.array(array)


def is_writeable(array: Any) -> bool:
    """Whether each element has memory of its own that may be changed: not so in an expanded tensor."""
    if isinstance(array, np.ndarray):
        return bool(array.flags.writeable)
    return not array.size or all(size < 2 or stride for size, stride in zip(array.shape, array.strides))


def pinned(array: Any) -> Any:
    """A copy of a NumPy array in page-locked memory, from which the GPU copies without the processor's help."""
    gpu()
    import cupyx

    copy = cupyx.empty_pinned(array.shape, array.dtype)
    copy[...] = array
    return copy


def is_pinned(array: Any) -> bool:
    """Whether a raw array lies in page-locked memory."""
    while isinstance(array, np.ndarray):
        array = array.base
    return type(getattr(array, "obj", array)).__name__ == "PinnedMemoryPointer"


def to_arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[dtypes.dtype | None, device | None, bool]:
    """What the arguments of `to` ask for: a dtype and a device (None: as before), and whether a copy in any case."""
    dtype, place = kwargs.get("dtype"), kwargs.get("device")
    for arg in args:
        if isinstance(arg, dtypes.dtype):
            dtype = arg
        elif isinstance(arg, (str, device)) or (isinstance(arg, int) and not isinstance(arg, bool)):
            place = arg
        elif hasattr(arg, "array"):
            dtype, place = arg.dtype, arg.device
        elif not isinstance(arg, bool) and arg is not None:
            raise TypeError(f"to(): an argument must be a dtype, a device or a Tensor, not {type(arg).__name__}")
    return dtype, None if place is None else checked(place), bool(kwargs.get("copy", False))
