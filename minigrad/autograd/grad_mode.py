"""Whether ops are recorded, and the context managers that say so.

Each thread (and each task of asyncio) has its own mode.  As context manager or decorator:

>>> import minigrad as torch
>>> x = torch.tensor([1.0], requires_grad=True)
>>> with torch.no_grad():
...     y = x * 2
>>> y.requires_grad
False
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

from minigrad.engine.graph import recording

__all__ = [
    *("enable_grad", "inference_mode", "is_grad_enabled", "is_inference_mode_enabled", "no_grad", "set_grad_enabled"),
]

CO_GENERATOR = 0x20
"""Marks the code of a generator function (inspect.CO_GENERATOR, without the time to import inspect)."""

P = ParamSpec("P")
R = TypeVar("R")

inference: ContextVar[bool] = ContextVar("inference", default=False)
"""Whether `inference_mode` is on."""


class _Mode:
    """Sets the mode on entry and restores it on exit; also decorates functions."""

    def __init__(self, enabled: bool, inference: bool | None = None) -> None:
        self._wanted = (enabled, inference)
        self._before: list[tuple[bool, bool]] = []

    def __enter__(self) -> None:
        self._before.append(current_mode())
        set_mode(*self._wanted)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        set_mode(*self._before.pop())

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        if getattr(function, "__code__", None) and function.__code__.co_flags & CO_GENERATOR:
            return self._around_generator(function)

        @wraps(function)
        def in_this_mode(*args: P.args, **kwargs: P.kwargs) -> R:
            with _Mode(*self._wanted):
                return function(*args, **kwargs)

        return in_this_mode

    def _around_generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The mode is on while the generator computes, and off while its caller does."""

        @wraps(function)
        def in_this_mode(*args: Any, **kwargs: Any) -> Any:
            generator = function(*args, **kwargs)
            resume, given = generator.send, None
            while True:
                with _Mode(*self._wanted):
                    try:
                        result = resume(given)
                    except StopIteration as end:
                        return end.value
                try:
                    resume, given = generator.send, (yield result)
                except GeneratorExit:
                    generator.close()
                    raise
                except BaseException as error:
                    resume, given = generator.throw, error

        return in_this_mode


class _DecoratorWithoutCall(_Mode):
    """Lets `@no_grad` stand without parentheses, as PyTorch does."""

    def __new__(cls, function: Any = None) -> Any:
        """With a function, decorate it."""
        if callable(function):
            return cls()(function)
        return super().__new__(cls)


class no_grad(_DecoratorWithoutCall):
    """Within it, or in a function that it decorates, ops are not recorded: their results do not require grad."""

    def __init__(self) -> None:
        super().__init__(enabled=False)


class enable_grad(_DecoratorWithoutCall):
    """Within it, or in a function that it decorates, ops are recorded, also within `no_grad`."""

    def __init__(self) -> None:
        super().__init__(enabled=True)


class inference_mode(_Mode):
    """As `no_grad`, unless mode is False.  The tensors made inside are ordinary ones, unlike in PyTorch."""

    def __new__(cls, mode: Any = True) -> Any:
        """With a function, decorate it."""
        if callable(mode):
            return cls()(mode)
        return super().__new__(cls)

    def __init__(self, mode: bool = True) -> None:
        super().__init__(enabled=not mode, inference=mode)


class set_grad_enabled(_Mode):
    """Switches recording at once, on where mode is True; as a context manager it is restored on exit.

    >>> import minigrad as torch
    >>> _ = torch.set_grad_enabled(False)
    >>> torch.is_grad_enabled()
    False
    >>> _ = torch.set_grad_enabled(True)
    """

    def __init__(self, mode: bool) -> None:
        super().__init__(enabled=bool(mode))
        self._at_construction = current_mode()
        set_mode(*self._wanted)

    def __enter__(self) -> None:
        self._before.append(self._at_construction)
        set_mode(*self._wanted)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Decorate a function: the mode is set while it runs, and nothing before."""
        set_mode(*self._at_construction)
        return super().__call__(function)


def is_grad_enabled() -> bool:
    """Whether ops are recorded in this thread: see `no_grad` and `set_grad_enabled`."""
    return recording.get()


def is_inference_mode_enabled() -> bool:
    """Whether this is inside of `inference_mode`, in this thread."""
    return inference.get()


def current_mode() -> tuple[bool, bool]:
    """Whether ops are recorded, and whether `inference_mode` is on."""
    return recording.get(), inference.get()


def set_mode(enabled: bool, infer: bool | None = None) -> None:
    """Set both; None leaves the second as it is."""
    recording.set(enabled)
    if infer is not None:
        inference.set(infer)
