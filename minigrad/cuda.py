"""GPUs, as torch.cuda: what there is, and what it is doing.

https://docs.pytorch.org/docs/stable/cuda.html
"""

from __future__ import annotations

from types import TracebackType

from minigrad import devices

Place = devices.device | str | int | None


def is_available() -> bool:
    """Whether tensors can live on a GPU: there is one, and CuPy can compute on it."""
    return devices.find_gpu()[0] is not None


def device_count() -> int:
    """How many GPUs there are; 0 where CuPy cannot use them."""
    return int(devices.gpu().cuda.runtime.getDeviceCount()) if is_available() else 0


def current_device() -> int:
    """The number of the GPU that "cuda" means now."""
    return int(devices.gpu().cuda.Device().id)


def set_device(device: Place) -> None:
    """Let "cuda" mean another GPU."""
    devices.gpu().cuda.Device(number_of(device)).use()


def get_device_name(device: Place = None) -> str:
    """What the GPU calls itself."""
    return str(devices.gpu().cuda.runtime.getDeviceProperties(number_of(device))["name"].decode())


def number_of(place: Place) -> int:
    """The number of a GPU; None is the current one.  ValueError for the CPU."""
    place = devices.checked("cuda" if place is None else place)
    if place.index is None:
        raise ValueError(f"Expected a cuda device, but got: {place}")
    return place.index


class device:
    """Within `with device(1):`, "cuda" means that GPU."""

    def __init__(self, device: Place) -> None:
        self.gpu = devices.gpu().cuda.Device(number_of(device))

    def __enter__(self) -> None:
        self.gpu.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gpu.__exit__(kind, error, trace)


def synchronize(device: Place = None) -> None:
    """Wait until the GPU has done all that it was given."""
    devices.gpu().cuda.Device(number_of(device)).synchronize()


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
    with devices.making_arrays_on(f"cuda:{number_of(device)}") as cupy:
        return int(getattr(cupy.get_default_memory_pool(), question)())


def empty_cache() -> None:
    """Give back the memory that is held but not in use."""
    if is_available():
        devices.gpu().get_default_memory_pool().free_all_blocks()
        devices.gpu().get_default_pinned_memory_pool().free_all_blocks()


# Random numbers ---------------------------------------------------------------------------------------------


def manual_seed(seed: int) -> None:
    """Accepted, and nothing more: a GPU's random numbers are drawn by the CPU's generator (`minigrad.manual_seed`)."""
    _ = seed


manual_seed_all = manual_seed


__all__ = [
    "is_available",
    "device_count",
    "current_device",
    "set_device",
    "get_device_name",
    "device",
    "synchronize",
    "memory_allocated",
    "memory_reserved",
    "empty_cache",
    "manual_seed",
    "manual_seed_all",
]
