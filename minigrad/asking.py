"""Functions that say what something is."""

from __future__ import annotations

from typing import Any

from minigrad.tensor import Tensor

__all__ = ["is_complex", "is_floating_point", "is_storage", "numel", "typename"]


def numel(input: Tensor) -> int:
    """The number of elements of a tensor."""
    return checked("numel", input).numel()


def is_floating_point(input: Tensor) -> bool:
    """Whether a tensor's dtype is float16, float32 or float64."""
    return checked("is_floating_point", input).is_floating_point()


def is_complex(input: Tensor) -> bool:
    """Whether a tensor's numbers are complex: minigrad's never are."""
    checked("is_complex", input)
    return False


def is_storage(obj: Any) -> bool:
    """Whether obj is a tensor's memory, as `tensor.untyped_storage()` gives it."""
    from minigrad.ops.memory import UntypedStorage

    return isinstance(obj, UntypedStorage)


def typename(obj: Any) -> str:
    """The name of the type of obj, with its module; of a tensor as `tensor.type()` gives it."""
    if isinstance(obj, Tensor):
        return str(obj.type())
    named = obj if hasattr(obj, "__qualname__") else type(obj)
    module = getattr(named, "__module__", None)
    return named.__qualname__ if module in (None, "builtins") else f"{module}.{named.__qualname__}"


def checked(name: str, input: Any) -> Tensor:
    """A tensor; TypeError for what is none."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' (position 1) must be Tensor, not {type(input).__name__}")
    return input
