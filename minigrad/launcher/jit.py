"""`torch.jit` under the launcher: nothing is compiled, and libraries that ask are told so."""

from __future__ import annotations

from typing import Any, TypeVar

__all__ = ["ScriptModule", "export", "ignore", "is_scripting", "is_tracing", "unused"]

Function = TypeVar("Function")


class ScriptModule:
    """The class of compiled modules: there are none.  NotImplementedError."""

    def __init__(self, *_args: Any, **_options: Any) -> None:
        raise NotImplementedError("minigrad has no TorchScript: use the module itself")


def is_scripting() -> bool:
    """Whether code is being compiled by TorchScript: never in minigrad."""
    return False


def is_tracing() -> bool:
    """Whether calls are being traced by TorchScript: never in minigrad."""
    return False


def unused(fn: Function) -> Function:
    """Mark a method, fn, as one that need not be compiled: it stays as it is."""
    return fn


def export(fn: Function) -> Function:
    """Mark a method, fn, as one that is to be compiled: it stays as it is."""
    return fn


def ignore(drop: Any = False, **_options: Any) -> Any:
    """Mark a function as one that is left to Python, as `@ignore` or `@ignore(drop=...)`: it stays as it is."""
    return drop if callable(drop) else unused
