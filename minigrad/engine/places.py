"""The user's place: the line, and the part of it, that recorded an op or changed a tensor."""

from __future__ import annotations

import linecache
import sys
import warnings
from pathlib import Path
from types import CodeType
from typing import Any

Place = tuple[CodeType, int]
"""A code object and the instruction in it."""

PACKAGE = Path(__file__).parent.parent
OWN_FILES = {str(path) for path in PACKAGE.rglob("*.py")}
OPS = str(PACKAGE / "ops")


def user_frame(frame: Any) -> Any:
    """The frame of the nearest caller outside minigrad."""
    while frame.f_code.co_filename in OWN_FILES and frame.f_back is not None:
        frame = frame.f_back
    return frame


def user_place(frame: Any) -> Place:
    """Where the nearest caller outside minigrad is."""
    while frame.f_code.co_filename in OWN_FILES and frame.f_back is not None:  # as user_frame: each op comes by here
        frame = frame.f_back
    return frame.f_code, frame.f_lasti


def warn(message: str) -> None:
    """Warn of the user's line, however deep in minigrad the reason was found."""
    frame = user_frame(sys._getframe(1))
    seen = frame.f_globals.setdefault("__warningregistry__", {})
    warnings.warn_explicit(message, UserWarning, frame.f_code.co_filename, frame.f_lineno, registry=seen)


told: set[str] = set()
"""What `warn_once` has warned of in this process."""

warns_always = False
"""Whether `warn_once` warns each time."""


def warn_once(message: str) -> None:
    """Warn of the user's line the first time only, whatever lines come after it."""
    if warns_always or message not in told:
        told.add(message)
        warn(message)


def line_of(place: Place | None) -> str:
    """A place for people: `script.py:12: y = x.exp()`."""
    if place is None:
        return "an unknown line"
    code, instruction = place
    number = code.co_firstlineno
    for start, stop, line in code.co_lines():
        if start <= instruction < stop and line is not None:
            number = line
    text = linecache.getline(code.co_filename, number).strip()
    return f"{code.co_filename}:{number}" + (f": {text}" if text else "")


def expression_of(place: Place) -> str:
    """The sub-expression at a place: `x * w` in `h = x * w + b`.  Empty where the source is not known."""
    code, instruction = place
    first, last, start, stop = list(code.co_positions())[instruction // 2]
    if first is None or last is None or start is None or stop is None:
        return ""
    lines = [linecache.getline(code.co_filename, number).encode() for number in range(first, last + 1)]
    lines[-1] = lines[-1][:stop]  # columns count bytes
    lines[0] = lines[0][start:]
    return " ".join(line.decode().strip() for line in lines)


def op_called() -> str:
    """The name of the op that was called, on the way to an error: the first function among minigrad's ops."""
    name: str = frame_of_op(sys._getframe(1)).f_code.co_name
    return name


def called_with() -> str:
    """The op that was called, and the shapes of its first argument, for an error: ` in softmax() of [2, 3]`."""
    frame = frame_of_op(sys._getframe(2))  # that of the check is the first
    code = frame.f_code
    first = frame.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
    operands: Any = first if isinstance(first, (list, tuple)) else [first]
    shapes = [str(list(x.shape)) for x in operands if hasattr(x, "shape")]
    return f" in {code.co_name}()" + (f" of {', '.join(shapes)}" if shapes else "")


def frame_of_op(frame: Any) -> Any:
    """The outermost frame of minigrad's ops, going up from one of them."""
    while frame.f_back is not None and frame.f_back.f_code.co_filename.startswith(OPS):
        frame = frame.f_back
    return frame
