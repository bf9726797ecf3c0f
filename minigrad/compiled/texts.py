"""Arguments of NumPy's calls as text, with arrays in the place of names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.compiled.library import plain
from minigrad.compiled.numbers import Number
from minigrad.random.generator import Generator

if TYPE_CHECKING:
    from minigrad.compiled.tape import Tape


def listed(tape: Tape, args: Any, kwargs: dict[str, Any]) -> list[Any]:
    """Arguments with commas between them."""
    parts: list[Any] = []
    for name, value in [*((None, value) for value in args), *kwargs.items()]:
        parts += [", "] * bool(parts) + [f"{name}="] * (name is not None) + written(tape, value)
    return parts


def written(tape: Tape, x: Any) -> list[Any]:
    """An argument: arrays and generators stand for themselves."""
    if isinstance(x, (np.ndarray, Generator)):
        return [plain(x)]
    if isinstance(x, Number):
        return [x.text]
    if type(x) in (tuple, list):
        begin, end = ("[", "]") if type(x) is list else ("(", ",)" if len(x) == 1 else ")")
        return [begin, *listed(tape, x, {}), end]
    if isinstance(x, slice):
        return ["slice(", *listed(tape, (x.start, x.stop, x.step), {}), ")"]
    if isinstance(x, np.dtype):
        return [f"np.{x.name}" if x.name != "bool" else "bool"]
    if isinstance(x, type) and (issubclass(x, np.generic) or x in (bool, int, float)):
        return [x.__name__ if x.__module__ == "builtins" else f"np.{x.__name__}"]
    if isinstance(x, (float, np.floating)) and x - x != 0:
        return [f"{'float' if type(x) is float else f'np.{type(x).__name__}'}({str(x)!r})"]
    if x is None or x is Ellipsis or isinstance(x, (bool, int, float, str, np.generic)):
        return ["..." if x is Ellipsis else repr(x)]
    tape.refuse(f"a value of type {type(x).__name__} among NumPy's arguments")
    return ["None"]


def indexed(tape: Tape, key: Any) -> list[Any]:
    """An index, as it stands in brackets."""
    parts: list[Any] = []
    for x in parts_of(key):
        if isinstance(x, slice):
            ends = ["" if end is None else str(end) for end in (x.start, x.stop, x.step)]
            text = [":".join(ends[: 2 + (ends[2] not in ("", "1"))])]
        else:
            text = written(tape, x)
        parts += [", "] * bool(parts) + text
    return parts or ["()"]


def parts_of(key: Any) -> tuple[Any, ...]:
    """The parts of an index."""
    return key if type(key) is tuple else (key,)


def is_mask(part: Any) -> bool:
    """Whether a part of an index takes as many elements as there are True in it."""
    return type(part) is list or getattr(getattr(part, "dtype", None), "kind", "") == "b"


def is_default(name: str, value: Any) -> bool:
    """Whether NumPy passes on an option that nobody gave."""
    return value is np._NoValue or (name, value) in [("where", True), ("keepdims", False), ("dtype", None)]
