"""`torch.autocast`: ops compute in a smaller dtype within it.  In minigrad they do not, and it says so."""

from __future__ import annotations

import warnings
from functools import partial, wraps
from typing import Any

from minigrad import cuda, devices
from minigrad.dtypes import dtype as dtype_
from minigrad.dtypes import float16

__all__ = [
    *("autocast", "custom_bwd", "custom_fwd", "get_autocast_dtype", "is_autocast_available"),
    *("is_autocast_cache_enabled", "is_autocast_enabled"),
]

TYPES = ("cpu", "cuda")


class autocast:
    """As context manager or decorator: nothing changes within it, unlike in PyTorch, where the warning is given.

    device_type: "cpu" or "cuda".  dtype, cache_enabled: accepted, and without effect.  enabled=False is PyTorch's, too:
    no warning.  RuntimeError for another device, ValueError for what is no text.
    https://docs.pytorch.org/docs/stable/amp.html#autocasting
    """

    def __init__(
        self,
        device_type: str,
        dtype: dtype_ | None = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        if not isinstance(device_type, str):
            raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
        if not is_autocast_available(device_type):
            raise RuntimeError(f"User specified an unsupported autocast device_type '{device_type}'")
        self.device, self.fast_dtype, self._enabled = device_type, dtype, False
        _ = cache_enabled
        if enabled:
            warnings.warn(reason(device_type), stacklevel=2)

    def __enter__(self) -> autocast:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __call__(self, func: Any) -> Any:
        """A function as it is."""
        if not callable(func):
            raise TypeError(
                f"autocast()(func) requires a callable, but got {type(func).__name__}. Did you mean to use autocast as "
                "a context manager? For example:\n    with torch.autocast(device_type=...):\n        output = "
                "model(input)"
            )
        return func


def reason(device_type: str) -> str:
    """Why autocast is off."""
    if device_type == "cuda" and not cuda.is_available():
        return "CUDA is not available or torch_xla is imported. Disabling autocast."
    return (
        f"In {device_type.upper()} autocast, but minigrad computes in the dtype of its tensors, and has no bfloat16. "
        "Disabling autocast."
    )


def is_autocast_available(device_type: str) -> bool:
    """Whether a kind of device, device_type, can be named to autocast: "cpu" and "cuda".

    RuntimeError for a kind that minigrad does not have.
    """
    return devices.device(device_type).type in TYPES


def is_autocast_enabled(device_type: str = "cuda") -> bool:  # noqa: ARG001 - PyTorch's
    """Whether autocast is on for a device_type: never."""
    return False


def is_autocast_cache_enabled() -> bool:
    """Whether converted weights would be kept by autocast: True, PyTorch's default."""
    return True


def get_autocast_dtype(device_type: str) -> Any:
    """The dtype that autocast would compute in on a device_type: float16 on a GPU.

    NotImplementedError for the CPU's bfloat16.
    """
    if device_type == "cpu":
        raise NotImplementedError("minigrad has no bfloat16, in which PyTorch's autocast computes on the CPU")
    return float16


def custom_fwd(fwd: Any = None, *, device_type: str, cast_inputs: Any = None) -> Any:
    """Decorate the forward, fwd, of an `autograd.Function`: it stays as it is, as in PyTorch outside of autocast.

    device_type, cast_inputs: for which device, and what its inputs would be cast to within autocast.
    """
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
    if fwd is None:
        return partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @wraps(fwd)
    def decorated(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        ctx._fwd_used_autocast = False
        return fwd(ctx, *args, **kwargs)

    return decorated


def custom_bwd(bwd: Any = None, *, device_type: str) -> Any:
    """Decorate the backward, bwd, of a Function whose forward `custom_fwd` decorates: it stays as it is.

    device_type: for which device.
    """
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
    return partial(custom_bwd, device_type=device_type) if bwd is None else bwd
