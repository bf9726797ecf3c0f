"""Accelerators, as torch.accelerator: for minigrad they are the GPUs of minigrad.cuda.

https://docs.pytorch.org/docs/stable/accelerator.html
"""

from __future__ import annotations

from minigrad import cuda, devices


def is_available() -> bool:
    """Whether tensors can live on an accelerator."""
    return cuda.is_available()


def device_count() -> int:
    """How many accelerators there are."""
    return cuda.device_count()


def current_accelerator(check_available: bool = False) -> devices.device | None:
    """The kind of accelerator, device("cuda"); None where there is none."""
    _ = check_available  # PyTorch answers with what it was built for; what matters here is what works
    return devices.device("cuda") if is_available() else None


def current_device_index() -> int:
    """The number of the accelerator in use."""
    return cuda.current_device()


def synchronize(device: cuda.Place = None) -> None:
    """Wait until the accelerator has done all that it was given."""
    cuda.synchronize(device)


__all__ = ["is_available", "device_count", "current_accelerator", "current_device_index", "synchronize"]
