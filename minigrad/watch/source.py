"""Source text: the user's line and the part of it that an op came from, the lines of a rule, what a line holds."""

from __future__ import annotations

import inspect
import linecache
import os
import sysconfig
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Any

from minigrad.engine.places import OWN_FILES, PACKAGE, Place

LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})


@dataclass(frozen=True)
class Position:
    """A line of a file and the columns of it that an expression takes, counted from the line's first letter."""

    file: str
    line: int
    text: str
    start: int
    stop: int

    @property
    def expression(self) -> str:
        """The marked part of the line."""
        return self.text[self.start : self.stop]


@lru_cache(maxsize=4096)
def position(place: Place) -> Position:
    """Where in the source an instruction stands.  An expression of several lines is marked to the end of its first."""
    code, instruction = place
    first, last, start, stop = list(code.co_positions())[instruction // 2]
    number = first or code.co_firstlineno
    line = linecache.getline(code.co_filename, number).rstrip("\n")
    text = line.strip()
    indent = len(line) - len(line.lstrip())
    if start is None or stop is None:
        return Position(code.co_filename, number, text, 0, len(text))
    begin, end = (len(line.encode()[:column].decode(errors="replace")) - indent for column in (start, stop))
    return Position(code.co_filename, number, text, begin, end if last == first else len(text))


@lru_cache(maxsize=4096)
def is_users(code: CodeType) -> bool:
    """Whether code is the user's own: not minigrad's, Python's or an installed library's."""
    file = code.co_filename
    return file not in OWN_FILES and not file.startswith(("<frozen", *LIBRARIES))


def function_of(rule: Any) -> Any:
    """The function that a rule calls in the end, within partials, wrappers and methods."""
    while True:
        inner = getattr(rule, "func", None) or getattr(rule, "__wrapped__", None) or getattr(rule, "__func__", None)
        if inner is None:
            return rule if hasattr(rule, "__code__") else getattr(type(rule).__call__, "__wrapped__", rule)
        rule = inner


def parameters_of(rule: Any) -> list[str]:
    """The names of a rule's operands, without the underscore of those that it does not read."""
    return [name.lstrip("_") for name in arguments_of(rule)[2:]]


def arguments_of(rule: Any) -> list[str]:
    """The names of all that a rule is called with: by itself, or by its function's parameters."""
    if hasattr(rule, "parameters"):
        return list(rule.parameters)
    code = getattr(function_of(rule), "__code__", None)
    return list(code.co_varnames[: code.co_argcount]) if code else []


def file_and_line(rule: Any) -> str:
    """Where a rule is defined: `minigrad/ops/arithmetic.py:105`."""
    code = getattr(function_of(rule), "__code__", None)
    return f"{short_path(code.co_filename)}:{code.co_firstlineno}" if code else "no Python source"


def short_path(file: str) -> str:
    """A file of minigrad's from the package on, any other by its name."""
    if file in OWN_FILES:
        return os.path.relpath(file, PACKAGE.parent).replace(os.sep, "/")
    return os.path.basename(file)


def lines_of(rule: Any) -> list[str]:
    """The source lines of a rule's function, its decorators and `def` among them; none where there is no source."""
    try:
        return inspect.getsource(function_of(rule)).splitlines()
    except (OSError, TypeError):
        return []
