"""`python -m minigrad --profile script.py`: where a script's time goes, by ops, rules and the user's lines.

Ops and rules are named Python functions, so Python's own profiling hook sees them begin and end.  What an op calls
counts as its own time.  Measuring takes time too: more where an op calls many functions.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from time import perf_counter
from types import CodeType
from typing import Any

from minigrad.engine import backward as engine
from minigrad.engine.graph import Node, raw
from minigrad.engine.places import OPS, PACKAGE, Place, user_place
from minigrad.watch.explain import cut
from minigrad.watch.names import users_frames
from minigrad.watch.source import position, short_path
from minigrad.watch.tape import below

OPTIM = str(PACKAGE / "optim")
BROADCASTING = str(PACKAGE / "engine" / "broadcasting.py")
PASS = engine.backward.__code__
LINES, NAMES = 12, 12
"""So many lines of the user's are shown, the slowest first, and so many ops and rules of each."""


@dataclass
class Line:
    """What a line of the user's took: seconds and calls by the name of the op, rule or step."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    calls: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    backward: float = 0.0
    held: int = 0
    """Bytes that the graph held for its ops at the beginning of a pass, at most."""

    @property
    def total(self) -> float:
        """All seconds."""
        return sum(self.seconds.values())


class Profile:
    """Within `with Profile() as profile:` this thread's ops, rules, passes and optimizer steps are timed."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, int], Line] = defaultdict(Line)
        self.texts: dict[tuple[str, int], str] = {}
        self.inside: Any = None
        self.began = self.pass_began = self.seconds = self.in_passes = self.in_rules = 0.0
        self.passes = 0

    def __enter__(self) -> Profile:
        self.started = perf_counter()
        sys.setprofile(self.event)
        return self

    def __exit__(self, *_error: object) -> None:
        sys.setprofile(None)
        self.seconds = perf_counter() - self.started

    def event(self, frame: Any, event: str, _argument: Any) -> None:
        """A function is called, or returns."""
        if self.inside is None:
            if event == "call":
                if kind_of(frame.f_code) and frame.f_locals.get("closure") is None:  # else the ops within are looked at
                    self.inside, self.began = frame, perf_counter()
                elif frame.f_code is PASS:
                    self.passes += 1
                    self.note_memory(frame.f_locals["gradients"])
                    self.pass_began = perf_counter()
            elif event == "return" and frame.f_code is PASS:
                self.in_passes += perf_counter() - self.pass_began
        elif frame is self.inside and event == "return":
            self.note(frame, perf_counter() - self.began)
            self.inside = None

    def note(self, frame: Any, seconds: float) -> None:
        """An op, a rule or an optimizer's step has ended."""
        code = frame.f_code
        name, kind = code.co_name, kind_of(code)
        caller = frame.f_back
        if caller is not None and caller.f_code is PASS:  # a rule, or `fit`
            line = self.line(caller.f_locals["node"].place)
            line.backward += seconds
            self.in_rules += seconds
        else:
            users = next(users_frames(frame), None)
            line = self.line((users.f_code, users.f_lasti) if users is not None else user_place(frame))
        if kind == "optimizer":
            name = f"{type(frame.f_locals.get('self')).__name__}.{name}"
        line.seconds[name] += seconds
        line.calls[name] += 1
        self.called(name, seconds)

    def called(self, name: str, seconds: float) -> None:
        """An op, rule or step of this name has just ended: for those who want to know of each."""

    def line(self, place: Place) -> Line:
        """The line of a place."""
        at = position(place)
        key = at.file, at.line
        self.texts.setdefault(key, f"{short_path(at.file)}:{at.line}  {at.text}")
        return self.lines[key]

    def note_memory(self, roots: Iterable[Node]) -> None:
        """What the graph holds when a pass begins, by the line that recorded it."""
        nodes = {node for root in roots for node in below(root)}
        counted = {id(array) for node in nodes if not node.rules for array in arrays_of_leaf(node)}
        held: dict[Place, int] = defaultdict(int)
        for node in sorted(nodes, key=lambda node: node.serial):
            for array in arrays_held(node):
                if id(array) not in counted:
                    counted.add(id(array))
                    held[node.place] += array.nbytes
        by_line: dict[int, tuple[Line, int]] = {}
        for place, number in held.items():
            line = self.line(place)
            by_line[id(line)] = line, by_line.get(id(line), (line, 0))[1] + number
        for line, number in by_line.values():
            line.held = max(line.held, number)

    def table(self) -> str:
        """The slowest lines with what they called, then the sums."""
        slowest = sorted(self.lines.items(), key=lambda item: item[1].total, reverse=True)
        rows = [f"{'forward':>12} {'backward':>12} {'held':>10}   line"]
        for key, line in slowest[:LINES]:
            forward = line.total - line.backward
            rows.append(cut(f"{ms(forward)} {ms(line.backward)} {size(line.held)}   {self.texts[key]}"))
            names = sorted(line.seconds, key=line.seconds.__getitem__, reverse=True)[:NAMES]
            rows += [f"{'':39}{ms(line.seconds[name])}  {name} x {line.calls[name]:,}" for name in names]
        if len(slowest) > LINES:
            rest = sum(line.total for _, line in slowest[LINES:])
            rows.append(f"{ms(rest)} in {len(slowest) - LINES} other lines")
        own = sum(line.total for line in self.lines.values())
        passing = self.in_passes - self.in_rules
        rows += [
            "",
            f"{ms(self.seconds)} in all",
            f"{ms(own)} in ops, rules and optimizers",
            f"{ms(passing)} in {self.passes:,} backward passes beside their rules",
            f"{ms(self.seconds - own - passing)} in all else: other libraries, starting, measuring",
        ]
        return "\n".join(rows)


@cache
def kind_of(code: CodeType) -> str:
    """Whether code is an op's, a rule's or an optimizer's step; empty for other code."""
    file = code.co_filename
    if file.startswith(OPS) or file == BROADCASTING:
        return "rule" if code.co_varnames[:1] == ("g",) and code.co_argcount > 1 else "op"
    return "optimizer" if file.startswith(OPTIM) and code.co_name in ("step", "zero_grad") else ""


def arrays_held(node: Node) -> list[Any]:
    """The arrays that a node keeps for its rules."""
    values = [*(node.inputs or ()), node.out, *(node.static or ()), *(node.saved or ())]
    return [array for array in map(raw, values) if hasattr(array, "nbytes")]


def arrays_of_leaf(node: Node) -> list[Any]:
    """The array of a leaf, which is no memory of the graph's."""
    tensor = node.receiver() if node.receiver is not None else None
    return [] if tensor is None else [tensor.array]


def ms(seconds: float) -> str:
    """Milliseconds."""
    return f"{seconds * 1000:>9,.2f} ms"


def size(number: int) -> str:
    """Bytes."""
    return f"{number / 1024:>7,.1f} KB" if number else f"{'':10}"
