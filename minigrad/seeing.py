"""Seeing a step at work: the functions of minigrad.watch, which is imported when one of them is first called."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minigrad.engine.places import user_frame

if TYPE_CHECKING:
    from minigrad.watch.step import Step

__all__ = ["check", "draw", "explain", "replay", "watch"]


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
    """In words, what the graph of a result, loss, still holds, and what a backward pass through it would do.

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
    """Write the graph of a result, loss, to a file as a picture: .svg, .png, or .dot, which needs no Graphviz.

    It shows what the graph still holds, with the gradients of a pass that changes no `.grad`; `watch` sees all.
    sideways: from left to right, for a short expression.  RuntimeError for a tensor without a graph, and where there
    is no Graphviz.
    """
    from minigrad.watch.afterwards import tape_of
    from minigrad.watch.draw import draw

    draw(tape_of(loss, user_frame(sys._getframe(1))), file, sideways)


def replay(loss: Any, file: str | os.PathLike[str]) -> None:
    """Write the graph of a result, loss, to an .html file, as a page on which one steps through ops and rules.

    It shows what the graph still holds, and says so, with the gradients of a pass that changes no `.grad`; `watch` sees
    all.  RuntimeError for a tensor without a graph.
    """
    from minigrad.watch.afterwards import tape_of
    from minigrad.watch.replay import replay

    replay(tape_of(loss, user_frame(sys._getframe(1))), file)


def check(model: Any, loss_function: Callable[[Any, Any], Any], X: Any, y: Any, optimizer: Any = None) -> str:
    """Look a model, its loss_function and a batch, X and y, over for the usual reasons why a loss does not fall.

    The text says what to write instead.  Shapes, modes, softmax before cross-entropy, gradients that are None, 0 or
    vanishing, dead units, the size of the optimizer's steps (if one is given), and whether a few rows can be learnt by
    heart.  All is done on a copy: the model, its gradients, the optimizer and the random numbers stay as they are.

    >>> import minigrad as torch
    >>> _ = torch.manual_seed(0)
    >>> model = torch.nn.Linear(1, 1)
    >>> X, y = torch.tensor([[0.0], [1.0], [2.0]]), torch.tensor([1.0, 3.0, 5.0])
    >>> print(torch.check(model, torch.nn.functional.mse_loss, X, y))  # doctest: +ELLIPSIS
    1 finding.
    1. model(X) is 3x1 and y 3: the loss is that of every prediction with every target.
       Give both one shape: loss_function(model(X).reshape(y.shape), y). (X is 3x1.)
    In 100 steps of Adam on 3 rows the loss goes from ... to ...
    """
    from minigrad.watch.checklist import check

    return check(model, loss_function, X, y, optimizer)
