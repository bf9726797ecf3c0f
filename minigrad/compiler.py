"""`torch.compiler`: what scripts ask of a compiler, and tell it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from minigrad.compiled import compile as compile
from minigrad.compiled.step import Compiled, everything

__all__ = [
    "allow_in_graph",
    "assume_constant_result",
    "compile",
    "cudagraph_mark_step_begin",
    "disable",
    "is_compiling",
    "is_dynamo_compiling",
    "is_exporting",
    "list_backends",
    "reset",
    "set_stance",
]


def reset() -> None:
    """Forget all programs: compiled functions begin anew, with a call that runs as it is."""
    for compiled in list(everything):
        compiled.forget()


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """The function fn as it is, not to be compiled; without fn, a decorator.

    recursive, reason: accepted, and without effect.
    """
    _ = recursive, reason
    return same if fn is None else same(fn)


def same(fn: Any) -> Any:
    """A compiled function's own function; anything else as it is."""
    return fn.function if isinstance(fn, Compiled) else fn


def allow_in_graph(fn: Any) -> Any:
    """The function fn as it is: what it calls is recorded as everything is."""
    return fn


def assume_constant_result(fn: Callable[..., Any]) -> Callable[..., Any]:
    """The function fn as it is: its result is recorded as everything is."""
    return fn


def is_compiling() -> bool:
    """Whether code runs under PyTorch's compiler, whose tensors have no values: never."""
    return False


is_dynamo_compiling = is_exporting = is_compiling


def list_backends(exclude_tags: tuple[str, ...] = ()) -> list[str]:
    """The names of backends: "inductor" alone, for there is one way to compile.  exclude_tags changes nothing."""
    _ = exclude_tags
    return ["inductor"]


def cudagraph_mark_step_begin() -> None:
    """A new step begins: nothing to be done."""


class set_stance:
    """With "force_eager" compiled functions run as they are until the next stance; also as context manager, decorator.

    RuntimeError for a stance that is none of PyTorch's.
    """

    stances = ("default", "eager_on_recompile", "fail_on_recompile", "force_eager")

    def __init__(self, stance: str = "default", **_options: Any) -> None:
        if stance not in self.stances:
            raise RuntimeError(f"invalid torch.compiler.set_stance stance {stance}: use one of {list(self.stances)}")
        self.before, Compiled.stance = Compiled.stance, stance

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_error: object) -> None:
        Compiled.stance = self.before

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function that is called in this stance; outside of it, the stance is as it was."""
        stance, Compiled.stance = Compiled.stance, self.before

        @wraps(function)
        def in_this_stance(*args: Any, **kwargs: Any) -> Any:
            with set_stance(stance):
                return function(*args, **kwargs)

        return in_this_stance
