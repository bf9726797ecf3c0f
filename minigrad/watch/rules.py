"""A rule seen at work: which of its lines ran, and what its local variables held.

Rules are pure, so one may be run again to see that, and nothing changes.  A rule of somebody else's that need not be
pure (a method, a closure) is shown without.
"""

from __future__ import annotations

import ast
import sys
import textwrap
from dataclasses import dataclass, field
from typing import Any

from minigrad.arrays import SILENT, numpy_errors
from minigrad.engine.graph import raw, recording
from minigrad.engine.kept import is_of_module
from minigrad.watch.arrays import Seen
from minigrad.watch.source import function_of, lines_of

SKIPPED = ("if ", "elif ", "else:", "for ", "while ", "with ", "try:", "finally:")
"""Lines that only lead to others."""


@dataclass
class Run:
    """The lines of a rule that ran, counted from its first, and its local arrays by name."""

    lines: set[int] = field(default_factory=set)
    locals: dict[str, Seen] = field(default_factory=dict)


def run_again(rule: Any, arguments: tuple[Any, ...]) -> Run | None:
    """What a rule does when it is called with these arguments; None for one that need not be pure."""
    function = function_of(rule)
    if not is_of_module(function):
        return None
    code, run = function.__code__, Run()
    first, parameters = code.co_firstlineno, set(code.co_varnames[: code.co_argcount])

    def trace(frame: Any, event: str, _argument: Any) -> Any:
        if frame.f_code is not code:
            return None
        if event == "line":
            run.lines.add(frame.f_lineno - first)
        elif event == "return":
            arrays = {name: x for name, x in frame.f_locals.items() if hasattr(raw(x), "shape")}
            run.locals = {name: Seen(x) for name, x in arrays.items() if name not in parameters}
        return trace

    mode, silence, before = recording.set(False), numpy_errors.set(SILENT), sys.gettrace()
    sys.settrace(trace)
    try:
        rule(*arguments)
    finally:
        sys.settrace(before)
        numpy_errors.reset(silence)
        recording.reset(mode)
    return run


def lines_that_ran(rule: Any, run: Run | None) -> list[str]:
    """The source of what a rule did, without the conditions on the way; all of it where that is not known."""
    source = lines_of(rule)
    if run is not None:
        chosen = [source[i] for i in sorted(run.lines) if i < len(source)]
    else:
        chosen = source[body_of(source) :]
    lines = [without_comment(line).strip() for line in chosen]
    return [line for line in lines if line and not line.startswith(SKIPPED)]


def listing(rule: Any, run: Run | None) -> list[tuple[str, bool]]:
    """The lines of a rule, under its names without annotations, and of each whether it ran (True if not known)."""
    source = textwrap.dedent("\n".join(lines_of(rule))).splitlines()
    function = definition(source)
    if function is None:
        return [(line, True) for line in source]
    names = [each.arg for each in ast.walk(function.args) if isinstance(each, ast.arg)]
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    ran = [True] * len(source) if run is None else lines_that_led_somewhere(function, run.lines, len(source))
    head = f"def {function.name}({', '.join(names)}):"
    first = body[0].lineno - 1 if body else len(source)
    return [(head, True), *zip(map(without_comment, source[first:]), ran[first:])]


def definition(source: list[str]) -> ast.FunctionDef | None:
    """The function that a source defines; None for a lambda and what cannot be read by itself."""
    try:
        found = ast.parse("\n".join(source)).body
    except SyntaxError:
        return None
    return found[0] if found and isinstance(found[0], ast.FunctionDef) else None


def lines_that_led_somewhere(function: ast.FunctionDef, seen: set[int], total: int) -> list[bool]:
    """Of each line whether it ran; a statement of several lines ran as a whole, and `else:` with what is under it."""
    ran: list[bool | None] = [None] * total
    for statement in ast.walk(function):
        if isinstance(statement, ast.stmt) and statement is not function:
            inner = getattr(statement, "body", None)
            lines = range(statement.lineno - 1, inner[0].lineno - 1 if inner else statement.end_lineno or 0)
            for i in lines:
                ran[i] = any(line in seen for line in lines)
    for i in reversed(range(total - 1)):
        if ran[i] is None:
            ran[i] = ran[i + 1]
    return [each is not False for each in ran]


def body_of(source: list[str]) -> int:
    """Where the body of a function begins: under the line that ends its signature."""
    return next((i + 1 for i, line in enumerate(source) if without_comment(line).endswith(":")), 0)


def without_comment(line: str) -> str:
    """A line without the comment at its end."""
    return line.split("  #")[0].rstrip()
