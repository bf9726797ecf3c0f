"""Accelerators, as torch.accelerator: for minigrad they are the GPUs of minigrad.cuda.

`device`, `device_index`: a number, a device or its name; None, where it can be left out, is the one in use.
RuntimeError, with the reason, where there is none, unless it is said what is given then.
https://docs.pytorch.org/docs/stable/accelerator.html
"""

from __future__ import annotations

from minigrad import cuda, devices
from minigrad.gpu.finding import gpu
from minigrad.gpu.streams import current_stream, set_stream


def is_available() -> bool:
    """Whether tensors can live on an accelerator: as `cuda.is_available`."""
    return cuda.is_available()


def device_count() -> int:
    """How many accelerators there are; 0 where none can be used."""
    return cuda.device_count()


def current_accelerator(check_available: bool = False) -> devices.device | None:
    """The kind of accelerator, device("cuda"); None where there is none.

    check_available: accepted, and without effect: it is looked for in any case.
    """
    _ = check_available  # PyTorch answers with what it was built for; what matters here is what works
    return devices.device("cuda") if is_available() else None


def current_device_index() -> int:
    """The number of the accelerator in use, the one that "cuda" means."""
    return cuda.current_device()


def set_device_index(device: cuda.Place) -> None:
    """Use another accelerator, of this number, in this thread."""
    cuda.set_device(device)


class device_index(cuda.device):
    """Within `with device_index(1):` that accelerator is in use."""


def synchronize(device: cuda.Place = None) -> None:
    """Wait until the accelerator has done all that it was given."""
    cuda.synchronize(device)


def memory_allocated(device_index: cuda.Place = None) -> int:
    """The bytes that arrays on the accelerator take.  RuntimeError where there is none."""
    return cuda.memory_allocated(cuda.number_of(device_index))


def memory_reserved(device_index: cuda.Place = None) -> int:
    """The bytes that are held for arrays, in use or not.  RuntimeError where there is no accelerator."""
    return cuda.memory_reserved(cuda.number_of(device_index))


def get_memory_info(device_index: cuda.Place = None) -> tuple[int, int]:
    """The free and the whole memory of an accelerator, in bytes, whoever uses it."""
    return cuda.mem_get_info(device_index)


def empty_cache() -> None:
    """Give back the memory that is held but not in use.  RuntimeError where there is no accelerator."""
    gpu()
    cuda.empty_cache()


__all__ = [
    "current_accelerator",
    "current_device_index",
    "current_stream",
    "device_count",
    "device_index",
    "empty_cache",
    "get_memory_info",
    "is_available",
    "memory_allocated",
    "memory_reserved",
    "set_device_index",
    "set_stream",
    "synchronize",
]
