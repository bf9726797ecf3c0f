"""What numbers of a dtype there are: `finfo` of floats, `iinfo` of integers."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.absent import advice

__all__ = ["finfo", "iinfo"]


class Limits:
    """What both have in common: they are equal where their dtypes are."""

    dtype: str
    shown: tuple[str, ...]

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.dtype == self.dtype

    def __hash__(self) -> int:
        return hash((type(self), self.dtype))

    def __repr__(self) -> str:
        numbers = [f"{name}={getattr(self, name):g}" for name in self.shown]
        return f"{type(self).__name__}({', '.join(numbers)}, dtype={self.dtype})"


class finfo(Limits):
    """The limits of a dtype of floats, type (default: the default dtype), as Python numbers.

    bits; eps: from 1 to the next number; min, max; tiny, smallest_normal: the smallest positive number of full
    precision; resolution: of the decimal digits that are kept.  TypeError for another dtype.
    https://docs.pytorch.org/docs/stable/type_info.html

    >>> import minigrad as torch
    >>> torch.finfo(torch.float32).eps == 2.0**-23
    True
    """

    shown = ("resolution", "min", "max", "eps", "smallest_normal", "tiny")

    def __init__(self, type: Any = None) -> None:
        kind = checked("finfo", dtypes.get_default_dtype() if type is None else type)
        if not kind.is_floating_point:
            raise TypeError(
                "torch.finfo() requires a floating point input type. Use torch.iinfo to handle 'torch.finfo'"
            )
        limits = np.finfo(kind.numpy)
        self.dtype, self.bits = kind.name, limits.bits
        self.eps, self.min, self.max = float(limits.eps), float(limits.min), float(limits.max)
        self.tiny = self.smallest_normal = float(limits.smallest_normal)
        self.resolution = 10.0**-limits.precision


class iinfo(Limits):
    """The limits of a dtype of integers, type: bits, min and max.  TypeError for another dtype.

    >>> import minigrad as torch
    >>> torch.iinfo(torch.uint8).max
    255
    """

    shown = ("min", "max")

    def __init__(self, type: Any) -> None:
        kind = checked("iinfo", type)
        if kind.is_floating_point:
            raise TypeError("torch.iinfo() requires an integer input type. Use torch.finfo to handle 'torch.iinfo'")
        if kind is dtypes.bool_:
            raise TypeError("torch.bool is not supported by torch.iinfo")
        limits = np.iinfo(kind.numpy)
        self.dtype, self.bits, self.min, self.max = kind.name, limits.bits, int(limits.min), int(limits.max)


def checked(name: str, kind: Any) -> dtypes.dtype:
    """A dtype; TypeError for what is none."""
    if not isinstance(kind, dtypes.dtype):
        given = f"{type(kind).__name__}{advice(kind)}"
        raise TypeError(f"{name}(): argument 'type' (position 1) must be torch.dtype, not {given}")
    return kind
