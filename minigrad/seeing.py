"""Seeing a step at work: the functions of minigrad.watch, which is imported when one of them is first called."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from minigrad.engine.places import user_frame

if TYPE_CHECKING:
    from minigrad.watch.step import Step

__all__ = ["draw", "explain", "watch"]


def watch(*, stop_at: str | None = None) -> Step:
    """Write down all that happens, in this thread, within `with minigrad.watch() as step:`.

    stop_at: "nonfinite" for a FloatingPointError at the first nan or infinity, forward or backward, that says which op
    made it; "nan" for one at the first nan.

    >>> import minigrad
    >>> w = minigrad.tensor(2.0, requires_grad=True)
    >>> with minigrad.watch() as step:
    ...     loss = w * 3
    ...     loss.backward()
    >>> step
    <1 op and 1 backward pass: print(step.explain())>
    """
    from minigrad.watch.step import Step

    return Step(stop_at)


def explain(loss: Any) -> str:
    """In words, what the graph of a result still holds, and what a backward pass through it would do.

    The text says what is not kept; `watch` sees all.  No `.grad` changes, and no hook is called.  RuntimeError for a
    tensor without a graph.

    >>> import minigrad
    >>> w = minigrad.tensor(2.0, requires_grad=True)
    >>> print(minigrad.explain(w * 3))  # doctest: +ELLIPSIS
    FORWARD  ...
          a -> w.grad   by mul_da, minigrad/ops/arithmetic.py:...
              | return g * b
              = 3
    ...
    """
    from minigrad.watch.afterwards import tape_of
    from minigrad.watch.explain import explanation

    return explanation(tape_of(loss, user_frame(sys._getframe(1))))


def draw(loss: Any, file: str | os.PathLike[str], *, sideways: bool = False) -> None:
    """Write the graph of a result to a file as a picture: .svg, .png, or .dot, which needs no Graphviz.

    It shows what the graph still holds, with the gradients of a pass that changes no `.grad`; `watch` sees all.
    sideways: from left to right, for a short expression.  RuntimeError for a tensor without a graph, and where there
    is no Graphviz.
    """
    from minigrad.watch.afterwards import tape_of
    from minigrad.watch.draw import draw

    draw(tape_of(loss, user_frame(sys._getframe(1))), file, sideways)
