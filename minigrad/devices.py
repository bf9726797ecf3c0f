"""Where arrays live: NumPy's on "cpu", CuPy's on "cuda".

The one place that knows which library an array belongs to, and the one where arrays go from one device to
another.  CuPy is imported when a GPU is first asked for.
"""

from __future__ import annotations

import threading
import warnings
from dataclasses import dataclass
from functools import lru_cache
from types import NoneType
from typing import Any, final

import numpy as np

from minigrad import dtypes


@final
@dataclass(frozen=True, init=False, repr=False)
class device:
    """A place for tensors, as torch.device: `device("cpu")`, `device("cuda")`, `device("cuda", 1)`, `device("cuda:1")`.

    RuntimeError for another kind of device or a negative number.  That the GPU is there is asked for when a tensor is
    to go to it.

    >>> import minigrad
    >>> minigrad.device("cuda:0")
    device(type='cuda', index=0)
    """

    type: str
    index: int | None

    def __init__(self, type: str | int | device, index: int | None = None) -> None:
        if isinstance(type, bool) or not isinstance(type, (str, int, device)):
            raise TypeError(f"device(): argument 'type' must be str, int or device, not {kind_of(type)}")
        if isinstance(index, bool) or not isinstance(index, (int, NoneType)):
            raise TypeError(f"device(): argument 'index' must be int, not {kind_of(index)}")
        if index is not None and not isinstance(type, str):
            raise TypeError(f"device(): argument 'type' must be str where an index is given, not {kind_of(type)}")
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

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"


def kind_of(x: object) -> str:
    """The name of an argument's type, for messages."""
    return type(x).__name__


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
    """Where new tensors are made."""
    return current.devices[-1] or CPU


@lru_cache(maxsize=1)
def find_gpu() -> tuple[Any, str]:
    """CuPy, if it can compute here, and an empty string; else None, and why not, and what to install."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import cupy
    except ImportError as error:
        return None, f"CuPy cannot be imported ({error}). {INSTALL_CUPY}"
    except Exception as error:  # a broken CuPy raises anything
        return None, f"CuPy does not work here: importing it raised {kind_of(error)}: {error}. {INSTALL_CUPY}"
    version = getattr(cupy, "__version__", "")
    if version.partition(".")[0] in OLD_CUPY:
        return None, f"CuPy {version} is too old: minigrad needs 14. {INSTALL_CUPY}"
    try:
        if cupy.cuda.runtime.getDeviceCount() == 0:
            return None, NO_GPU["cudaErrorNoDevice"]
        matrix = cupy.ones((2, 2), "float32")
        int((matrix @ matrix).sum())
    except Exception as error:
        known = NO_GPU.get(str(error).partition(":")[0])
        return None, known or f"CuPy {version} does not work here: {kind_of(error)}: {error}. {INSTALL_CUPY}"
    libraries[cupy.ndarray] = cupy
    return cupy, ""


libraries: dict[type, Any] = {np.ndarray: np}
"""Which library each kind of array belongs to: NumPy, and CuPy once there is a GPU."""

INSTALL_CUPY = 'Install it, in the folder of minigrad: pip install ".[cuda13]" (for a driver of CUDA 12: ".[cuda12]")'
OLD_CUPY = [str(major) for major in range(14)]  # their fused kernels compute in float64 where a number meets float32
NO_GPU = {
    "cudaErrorNoDevice": "there is no NVIDIA GPU in this machine, or CUDA_VISIBLE_DEVICES hides it",
    "cudaErrorInsufficientDriver": (
        "NVIDIA's driver is missing, or older than CuPy's CUDA. Install or update it: https://www.nvidia.com/drivers"
    ),
}
"""What the errors mean with which CUDA says that there is nothing to compute on."""


def forget_gpu() -> None:
    """Look for a GPU anew when one is next asked for."""
    find_gpu.cache_clear()
    several_gpus.cache_clear()
    current.__init__()  # type: ignore[misc]


def gpu() -> Any:
    """CuPy; RuntimeError, with the reason, where it cannot compute."""
    cupy, reason = find_gpu()
    if cupy is None:
        raise RuntimeError(f"minigrad has no GPU to use: {reason}")
    return cupy


@lru_cache(maxsize=1)
def several_gpus() -> bool:
    """Whether there is more than one GPU."""
    return bool(gpu().cuda.runtime.getDeviceCount() > 1)


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


# Arrays -----------------------------------------------------------------------------------------------------


def array_module(array: Any) -> Any:
    """The library, numpy or cupy, whose functions take this array; CuPy is told to work on the array's GPU."""
    if type(array) is np.ndarray:
        return np
    use_gpu_of(array)
    return libraries.get(type(array), np)


def use_gpu_of(array: Any) -> None:
    """Let CuPy work on the GPU that holds an array: it works on one at a time.  On the CPU there is nothing to do."""
    cupy = libraries.get(type(array), np)
    if cupy is not np and several_gpus():
        cupy.cuda.runtime.setDevice(array.device.id)


def on_one_gpu(a: Any, b: Any) -> bool:
    """Whether two raw arrays are on the same GPU, on which CuPy then works."""
    number = gpu_of(a)
    if number is None or gpu_of(b) != number:
        return False
    use_gpu_of(a)
    return True


def gpu_of(array: Any) -> int | None:
    """The number of the GPU on which a raw array lives; None on the CPU."""
    if type(array) is np.ndarray or type(array) not in libraries:
        return None
    number: int = array.device.id
    return number


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
        use_gpu_of(array)  # for CuPy reads by its current stream
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


def copy_of(array: Any, order: str = "C") -> Any:
    """A copy of a raw array, where it is; order: in memory, as NumPy's."""
    use_gpu_of(array)
    return array.copy(order=order)


def overwrite(array: Any, values: Any) -> None:
    """Change a raw array in place to the values of another, which may be on another device."""
    values = moved(values, device_of(array))
    use_gpu_of(array)
    array[...] = values


def for_every_stream(array: Any) -> Any:
    """A raw array that is kept for later.  Made in a stream of the user's it is waited for: others may use it too."""
    if gpu_of(array) is not None and gpu().cuda.get_current_stream().ptr:
        gpu().cuda.get_current_stream().synchronize()
    return array


def is_writeable(array: Any) -> bool:
    """Whether each element has memory of its own that may be changed: not so in an expanded tensor."""
    if isinstance(array, np.ndarray):
        return bool(array.flags.writeable)
    return not array.size or all(size < 2 or stride for size, stride in zip(array.shape, array.strides))


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


def to_arguments(
    *args: Any,
    device: Any = None,
    dtype: Any = None,
    non_blocking: bool = False,
    copy: bool = False,
) -> Wanted:
    """The arguments of `to`: to(device, dtype, non_blocking, copy), to(dtype, ...), or to(other_tensor, ...)."""
    flags = [arg for arg in args if isinstance(arg, bool)]
    for arg in args:
        if isinstance(arg, dtypes.dtype):
            dtype = arg
        elif hasattr(arg, "array"):
            dtype, device = arg.dtype, arg.device
        elif isinstance(arg, (str, int, type(CPU))) and not isinstance(arg, bool):
            device = arg
        elif arg is not None and not isinstance(arg, bool):
            raise TypeError(f"to(): an argument must be a dtype, a device or a Tensor, not {kind_of(arg)}")
    non_blocking, copy = (*flags, *(non_blocking, copy)[len(flags) :])
    return Wanted(dtype, None if device is None else checked(device), non_blocking, copy)
