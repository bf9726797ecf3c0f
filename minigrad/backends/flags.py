"""Flags of a library: each is a bool that scripts may set, and that `with flags(...)` sets for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class Flags(ModuleType):
    """A module whose flags are checked when they are set.

    A flag is what is in its table `FLAGS`: its name, its value at first, and what PyTorch calls it in an error.
    """

    FLAGS: dict[str, tuple[Any, str]]

    def __setattr__(self, name: str, value: Any) -> None:
        flags = self.__dict__.get("FLAGS", {})
        if name in flags:
            at_first, called = flags[name]
            kind = bool if at_first is None else type(at_first)
            if type(value) is not kind:
                raise RuntimeError(
                    f"{called} expects a{'n' if kind is int else ''} {kind.__name__}, but got {type(value).__name__}"
                )
        super().__setattr__(name, value)


@contextmanager
def set_for_a_while(module: Any, values: dict[str, Any]) -> Iterator[None]:
    """Set flags of a module (None leaves one as it is), and set them back."""
    before = {name: getattr(module, name) for name in values}
    try:
        for name, value in values.items():
            if value is not None:
                setattr(module, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(module, name, value)
