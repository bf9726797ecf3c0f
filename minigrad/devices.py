"""Where arrays live: "cpu" is NumPy.  The one place that knows which array library an array belongs to."""

from __future__ import annotations

from typing import Any, final

import numpy as np

from minigrad import dtypes


@final
class device:
    """A place for tensors, as torch.device: `device("cpu")`.

    Raises RuntimeError for a device that minigrad does not have.

    >>> import minigrad
    >>> minigrad.device("cpu")
    device(type='cpu')
    """

    __slots__ = ("type", "index")

    def __init__(self, type: str | device, index: int | None = None) -> None:
        name, _, number = str(type).partition(":")
        if name != "cpu":
            raise RuntimeError(f"minigrad has no device {str(type)!r} yet: its tensors live on 'cpu'")
        if number and not number.isdecimal():
            raise RuntimeError(f"Invalid device string: {str(type)!r}")
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


def array_module(array: Any) -> Any:
    """The library, numpy or cupy, whose functions take this array."""
    if type(array) is np.ndarray or isinstance(array, (np.ndarray, np.generic, int, float)):
        return np
    import cupy

    return cupy.get_array_module(array)


def device_of(array: Any) -> device:
    """The device on which a raw array lives."""
    if isinstance(array, np.ndarray):
        return CPU
    return device("cuda", array.device.id)


def check_device(place: Any) -> None:
    """Refuse a `device=` argument that minigrad cannot serve (RuntimeError)."""
    if place is not None:
        device(place)


def to_arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[dtypes.dtype | None, bool]:
    """The dtype that the arguments of `to` ask for (None: keep it), and whether they ask for a copy."""
    dtype = kwargs.get("dtype")
    check_device(kwargs.get("device"))
    for arg in args:
        if isinstance(arg, dtypes.dtype):
            dtype = arg
        elif isinstance(arg, (str, device)):
            check_device(arg)
        elif hasattr(arg, "array"):
            dtype = arg.dtype
        elif not isinstance(arg, bool) and arg is not None:
            raise TypeError(f"to(): an argument must be a dtype, a device or a Tensor, not {type(arg).__name__}")
    return dtype, bool(kwargs.get("copy", False))
