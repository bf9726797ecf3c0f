"""GPUs, as torch.cuda: what there is, and what it is doing.

`device`: a number, a device or its name; None, where it can be left out, is the current one.  RuntimeError, with the
reason, where there is no GPU, and ValueError for the CPU, unless it is said what is given then.
https://docs.pytorch.org/docs/stable/cuda.html
"""

from __future__ import annotations

from typing import Any, NamedTuple

from minigrad import devices
from minigrad.gpu.finding import find_gpu, gpu
from minigrad.gpu.streams import Event, Stream, current_stream, default_stream, set_stream, stream

Place = devices.device | str | int | None


def is_available() -> bool:
    """Whether tensors can live on a GPU: there is one, and CuPy can compute on it."""
    return find_gpu()[0] is not None


def is_bf16_supported(including_emulation: bool = True) -> bool:  # noqa: ARG001 - PyTorch's
    """Whether tensors can be of bfloat16: never, minigrad has no such dtype."""
    return False


def is_initialized() -> bool:
    """Whether a GPU has been looked for and found."""
    return find_gpu.cache_info().currsize > 0 and is_available()


def device_count() -> int:
    """How many GPUs there are; 0 where CuPy cannot use them."""
    return int(gpu().cuda.runtime.getDeviceCount()) if is_available() else 0


def current_device() -> int:
    """The number of the GPU that "cuda" means now.  RuntimeError, with the reason, where there is none."""
    return number_of(None)


def set_device(device: Place) -> None:
    """Let "cuda" mean another GPU, in this thread."""
    devices.current.gpu = number_of(device)


def number_of(place: Place) -> int:
    """The number of a GPU; None is the current one.  ValueError for the CPU."""
    index = devices.checked("cuda" if place is None else place).index
    if index is None:
        raise ValueError(f"Expected a cuda device, but got: {place}")
    return index


class device:
    """Within `with device(1):`, "cuda" means that GPU.

    An op needs no such block: it runs where its operands are.
    """

    def __init__(self, device: Place) -> None:
        self.idx = number_of(device)
        self.before: list[int] = []

    def __enter__(self) -> None:
        self.before.append(devices.current.gpu)
        devices.current.gpu = self.idx

    def __exit__(self, *_error: object) -> None:
        devices.current.gpu = self.before.pop()


def synchronize(device: Place = None) -> None:
    """Wait until the GPU has done all that it was given."""
    gpu().cuda.Device(number_of(device)).synchronize()


# What it is -------------------------------------------------------------------------------------------------


class Properties(NamedTuple):
    """What a GPU is: its name, its compute capability, its memory in bytes, its number of multiprocessors."""

    name: str
    major: int
    minor: int
    total_memory: int
    multi_processor_count: int


def get_device_properties(device: Place = None) -> Properties:
    """What a GPU is: a named tuple of its name, major and minor (the compute capability), total_memory in bytes and
    multi_processor_count.
    """
    found: dict[str, Any] = gpu().cuda.runtime.getDeviceProperties(number_of(device))
    counts = (found[key] for key in ("major", "minor", "totalGlobalMem", "multiProcessorCount"))
    return Properties(found["name"].decode(), *map(int, counts))


def get_device_name(device: Place = None) -> str:
    """What a GPU calls itself, such as "NVIDIA H100 80GB HBM3"."""
    return get_device_properties(device).name


def get_device_capability(device: Place = None) -> tuple[int, int]:
    """A GPU's compute capability, such as (9, 0)."""
    found = get_device_properties(device)
    return found.major, found.minor


# Memory -----------------------------------------------------------------------------------------------------


def memory_allocated(device: Place = None) -> int:
    """The bytes that arrays on the GPU take; 0 without a GPU."""
    return memory_pool_says("used_bytes", device)


def memory_reserved(device: Place = None) -> int:
    """The bytes that are held for arrays, in use or not; 0 without a GPU."""
    return memory_pool_says("total_bytes", device)


def memory_pool_says(question: str, device: Place) -> int:
    """What CuPy's memory pool answers for one GPU."""
    if not is_available():
        return 0
    pool = devices.library_on(number_of(device)).get_default_memory_pool()
    return int(getattr(pool, question)())


def mem_get_info(device: Place = None) -> tuple[int, int]:
    """The free and the whole memory of a GPU, in bytes, whoever uses it."""
    free, total = devices.library_on(number_of(device)).cuda.runtime.memGetInfo()
    return int(free), int(total)


def empty_cache() -> None:
    """Give back the memory that is held but not in use."""
    for number in range(device_count()):
        devices.library_on(number).get_default_memory_pool().free_all_blocks()
    if is_available():
        gpu().get_default_pinned_memory_pool().free_all_blocks()


# Random numbers ---------------------------------------------------------------------------------------------


def manual_seed(seed: int) -> None:
    """Accepts a seed, and does nothing more: a GPU's numbers are drawn by the CPU's generator (`torch.manual_seed`)."""
    _ = seed


manual_seed_all = manual_seed


__all__ = [
    "Event",
    "Stream",
    "current_device",
    "current_stream",
    "default_stream",
    "device",
    "device_count",
    "empty_cache",
    "get_device_capability",
    "get_device_name",
    "get_device_properties",
    "is_available",
    "is_initialized",
    "manual_seed",
    "manual_seed_all",
    "mem_get_info",
    "memory_allocated",
    "memory_reserved",
    "set_device",
    "set_stream",
    "stream",
    "synchronize",
]

_TYPES = [f"{kind}Tensor" for kind in ("Bool", "Byte", "Char", "Double", "Float", "Half", "Int", "Long", "Short")]
_LATER = ["amp", *_TYPES]
__all__ += _LATER


def __getattr__(name: str) -> Any:
    """What is imported when it is first used: `amp`, and the types of tensors on a GPU."""
    if name == "amp":
        from minigrad.amp import cuda as amp

        return amp
    if name in _TYPES:
        from minigrad.tensor_types import ON_GPU

        return ON_GPU[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
