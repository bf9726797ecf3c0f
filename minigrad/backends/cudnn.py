"""NVIDIA's library of neural networks, as torch.backends.cudnn: minigrad does not use it, on a GPU neither.

Its flags can be set, and change nothing: minigrad has one way to compute a convolution.
"""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from typing import Any

from minigrad.backends.flags import Flags, set_for_a_while
from minigrad.dtypes import float16, float32, float64

__all__ = ["flags", "is_acceptable", "is_available", "set_flags", "version"]

FLAGS = {
    "enabled": (True, "set_enabled_cudnn"),
    "benchmark": (False, "set_benchmark_cudnn"),
    "deterministic": (False, "set_deterministic_cudnn"),
    "allow_tf32": (True, "set_allow_tf32_cublas"),
}
CUDNN_TENSOR_DTYPES = {float16, float32, float64}

enabled = True
benchmark = False
deterministic = False
allow_tf32 = True
benchmark_limit: int | None = None
fp32_precision = "none"


def is_available() -> bool:
    """Whether cuDNN is used: no, minigrad has kernels of its own."""
    return False


def version() -> int | None:
    """Its version: None, since it is not used."""
    return None


def is_acceptable(tensor: Any) -> bool:  # noqa: ARG001 - PyTorch's
    """Whether it would compute on a tensor: no."""
    return False


def set_flags(
    _enabled: bool | None = None,
    _benchmark: bool | None = None,
    _benchmark_limit: int | None = None,
    _deterministic: bool | None = None,
    _allow_tf32: bool | None = None,
    _fp32_precision: str = "none",
) -> tuple[Any, ...]:
    """Set those of the flags that are not None, and give what they were before: they change nothing."""
    module = sys.modules[__name__]
    given = {
        "enabled": _enabled,
        "benchmark": _benchmark,
        "benchmark_limit": _benchmark_limit,
        "deterministic": _deterministic,
        "allow_tf32": _allow_tf32,
    }
    before = tuple(getattr(module, name) for name in given)
    for name, value in given.items():
        if value is not None:
            setattr(module, name, value)
    return (*before, _fp32_precision)


def flags(
    enabled: bool = False,
    benchmark: bool = False,
    benchmark_limit: int = 10,
    deterministic: bool = False,
    allow_tf32: bool = True,
    fp32_precision: str = "none",
) -> AbstractContextManager[None]:
    """Within `with flags(...):` enabled, benchmark, deterministic and allow_tf32 have these values, and change nothing.

    benchmark_limit, fp32_precision: accepted.  RuntimeError for a flag that is no bool.
    """
    _ = benchmark_limit, fp32_precision
    values = {"enabled": enabled, "benchmark": benchmark, "deterministic": deterministic, "allow_tf32": allow_tf32}
    return set_for_a_while(sys.modules[__name__], values)


sys.modules[__name__].__class__ = Flags
