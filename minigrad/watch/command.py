"""`python -m minigrad --explain script.py`, `--draw FILE`, `--replay FILE`: run to a backward pass, show the step."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from functools import wraps
from typing import Any

from minigrad import autograd, launcher
from minigrad.engine.places import user_frame
from minigrad.tensor import Tensor
from minigrad.watch.draw import ENDINGS, NoGraphviz, draw, graphviz
from minigrad.watch.explain import Explanation
from minigrad.watch.observers import watched_by
from minigrad.watch.peer import difference_from_torch
from minigrad.watch.profile import Profile
from minigrad.watch.replay import PAGES, replay
from minigrad.watch.tape import Tape


class Wrong(Exception):
    """The command was given in another way than it is used."""


def main(arguments: list[str]) -> None:
    """Answer `--explain [--step N] script.py ...`, `--draw FILE`, `--replay FILE`, `--profile`.  Wrong: another use."""
    if arguments[0] == "--profile":
        profile(*script_of(arguments[1:]))
        return
    views = {"--draw": drawing, "--replay": replaying}
    view, rest = (explain, arguments[1:]) if arguments[0] == "--explain" else views[arguments[0]](arguments[1:])
    number = 1
    if rest[:1] == ["--step"]:
        if len(rest) < 2 or not rest[1].isdecimal() or int(rest[1]) < 1:
            raise Wrong("--step needs the number of a backward pass, 1 for the first")
        number, rest = int(rest[1]), rest[2:]
    show_step(view, number, *script_of(rest))


def script_of(rest: list[str]) -> tuple[str, list[str]]:
    """The script, and its own arguments."""
    if not rest:
        raise Wrong("which script?")
    if not os.path.isfile(rest[0]):
        raise Wrong(f"no such file: {rest[0]}")
    return rest[0], rest[1:]


def profile(script: str, arguments: list[str]) -> None:
    """Run a script, and print where its time went, however it ends."""
    launcher.install()
    measured = Profile()
    try:
        with measured:
            launcher.run(script, arguments)
    finally:
        print(measured.table())


Compared = Callable[[], "dict[Any, str]"]
"""Says by how much the leaves' gradients differ from PyTorch's; it takes as long as PyTorch does."""

View = Callable[[Tape, Compared], None]
"""Shows a tape."""


def drawing(rest: list[str]) -> tuple[View, list[str]]:
    """The view that draws to a file, and the arguments after the file."""
    if not rest or not rest[0].endswith(ENDINGS):
        raise Wrong(f"--draw needs the name of a picture, which ends in {', '.join(ENDINGS)}")
    if not rest[0].endswith(".dot"):
        try:
            graphviz()
        except NoGraphviz as reason:
            raise Wrong(str(reason)) from None
    file = os.path.abspath(rest[0])
    return lambda tape, _compared: draw(tape, file), rest[1:]


def replaying(rest: list[str]) -> tuple[View, list[str]]:
    """The view that writes a page, and the arguments after its file."""
    if not rest or not rest[0].endswith(PAGES):
        raise Wrong(f"--replay needs the name of a page, which ends in {' or '.join(PAGES)}")
    file = os.path.abspath(rest[0])
    return lambda tape, compared: replay(tape, file, compared()), rest[1:]


def show_step(view: View, number: int, script: str, arguments: list[str]) -> None:
    """Run a script to the end of its N-th backward pass, and show what happened since the one before."""
    launcher.install()
    tape = Tape()
    folder = os.getcwd()

    def at_the_end() -> None:
        os.chdir(folder)
        view(tape, lambda: difference_from_torch(script, arguments, number, tape))

    passes = Passes(tape, number, at_the_end)
    Tensor.backward = passes.counted(Tensor.backward)  # type: ignore[method-assign]
    autograd.backward = passes.counted(autograd.backward)
    try:
        with watched_by(tape):
            launcher.run(script, arguments)
    except Exception as error:
        tape.finish(innermost(error), error)
        view(tape, dict)
        raise
    if passes.number:
        print(f"The script made {passes.number} backward passes: there is no step {number}.", file=sys.stderr)
        sys.exit(1)
    tape.finish(None)
    tape.names.learn(vars(sys.modules["__main__"]))
    view(tape, dict)


def innermost(error: BaseException) -> Any:
    """The user's frame in which an error was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return user_frame(trace.tb_frame) if trace is not None else None


class Passes:
    """Counts the backward passes of a script, and ends it after the one that was asked for."""

    def __init__(self, tape: Tape, wanted: int, at_the_end: Callable[[], None]) -> None:
        self.tape, self.wanted, self.at_the_end, self.number = tape, wanted, at_the_end, 0

    def counted(self, backward: Any) -> Any:
        """A function that makes a backward pass, and counts it."""

        @wraps(backward)
        def counted(*args: Any, **kwargs: Any) -> None:
            backward(*args, **kwargs)
            self.number += 1
            if self.number == self.wanted:
                self.tape.keep_what_led_to_passes()
                self.tape.finish(user_frame(sys._getframe(1)))
                self.at_the_end()
                sys.stdout.flush()
                sys.exit(0)
            self.tape.clear()

        return counted


def explain(tape: Tape, compared: Compared) -> None:
    """Print the explanation, in colours on a terminal."""
    text = Explanation(tape, compared()).text()
    print(coloured(text) if sys.stdout.isatty() and "NO_COLOR" not in os.environ else text)


BOLD, DIM, BLUE, BROWN, PLAIN = "\033[1m", "\033[2m", "\033[34m", "\033[33m", "\033[0m"


def coloured(text: str) -> str:
    """Text with escape codes: headings, the user's expressions, the rules, the gradients."""
    return "\n".join(coloured_line(line) for line in text.splitlines())


def coloured_line(line: str) -> str:
    """A line in the colour of what it says."""
    if re.match(r"(FORWARD|BACKWARD|LEAVES)", line) or re.match(r" +\d+  \S", line):
        return BOLD + line + PLAIN
    if re.match(r" +~+", line):
        return BLUE + line + PLAIN
    if re.match(r" +\| ", line):
        return DIM + line + PLAIN
    if re.match(r" +(g arrives|=|together|broadcast undone)", line):
        return BROWN + line + PLAIN
    return line
