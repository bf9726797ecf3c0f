"""A step that was watched: what `with minigrad.watch() as step:` gives."""

from __future__ import annotations

import html
import os
import sys
from contextlib import ExitStack
from typing import Any

from minigrad.engine.places import user_frame
from minigrad.watch.difference import first_difference
from minigrad.watch.draw import draw
from minigrad.watch.explain import explanation
from minigrad.watch.flow import gradients
from minigrad.watch.nonfinite import StopAtNonFinite
from minigrad.watch.observers import watched_by
from minigrad.watch.reasons import why_none
from minigrad.watch.replay import replay
from minigrad.watch.summary import summary
from minigrad.watch.tape import Tape


class Step:
    """What happened within `with minigrad.watch() as step:`, in this thread.  Its methods return text to print.

    >>> import minigrad as torch
    >>> w = torch.tensor(2.0, requires_grad=True)
    >>> with torch.watch() as step:
    ...     loss = (w * 3 - 1) ** 2
    ...     loss.backward()
    >>> print(step.explain())  # doctest: +ELLIPSIS
    FORWARD  ...
    LEAVES    shape   norm   norm of .grad
    w        scalar      2              30
    """

    def __init__(self, stop_at: str | None = None) -> None:
        if stop_at not in (None, "nan", "nonfinite"):
            raise ValueError(f"stop_at must be 'nonfinite', 'nan' or None, but got {stop_at!r}")
        self.tape = Tape()
        self.stop_at = stop_at
        self._watching = ExitStack()

    def __enter__(self) -> Step:
        self.tape.base = user_frame(sys._getframe(1)).f_code
        self._watching.enter_context(watched_by(self.tape))
        if self.stop_at is not None:
            self._watching.enter_context(watched_by(StopAtNonFinite(nan_alone=self.stop_at == "nan")))
        return self

    def __exit__(self, _kind: Any, error: BaseException | None, _trace: Any) -> None:
        self._watching.close()
        self.tape.finish(user_frame(sys._getframe(1)), error)

    def explain(self) -> str:
        """The step in words, at most 100 columns wide: every op, every rule, every number that the engine computed."""
        return explanation(self.tape)

    def draw(self, file: str | os.PathLike[str], *, sideways: bool = False) -> None:
        """Write the step as a picture to a file, by its ending SVG, PNG or DOT (the last needs no Graphviz).

        sideways: from left to right, for a short expression.
        """
        draw(self.tape, file, sideways)

    def replay(self, file: str | os.PathLike[str]) -> None:
        """Write the step as a page to play it on: one .html file with the graph, every op, every rule, every number.

        It needs no network; the picture of the graph needs Graphviz.
        """
        replay(self.tape, file)

    def gradients(self) -> str:
        """A table of the norms of the leaves' gradients, with what vanishes, what is None and why, and dead units."""
        return gradients(self.tape)

    def why_none(self, tensor: Any) -> str:
        """Why a tensor's `.grad` is None: not used, cut off, set to None again, no leaf, ..."""
        return why_none(self.tape, tensor)

    def summary(self) -> str:
        """A table of the ops: shapes and numbers of parameters, up to the error where there was one."""
        return summary(self.tape)

    def first_difference(self, other: Step, tolerance: float = 1e-5) -> str:
        """The first op, else the first gradient, that differs in another step by more than a share of its largest."""
        return first_difference(self.tape, other.tape, tolerance)

    def __repr__(self) -> str:
        ops, passes = len(self.tape.ops), len(self.tape.passes)
        counts = f"{ops} op{'s' * (ops != 1)} and {passes} backward pass{'es' * (passes != 1)}"
        return f"<{counts}: print(step.explain())>"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.explain())}</pre>"
