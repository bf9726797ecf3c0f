"""Finite differences: does a gradient lie between the slopes on either side?

The slope of f at x, along each element of x, is measured to the right, (f(x + h) - f(x)) / h, and to the left.  Where
f is smooth the two agree, and so must the gradient.  At a kink (relu at 0, a tie of max) any number between them is
a gradient, as in PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.arrays import quiet
from minigrad.testing.calls import array_of, name_of, results, start_arrays
from minigrad.testing.finding import Found, Number

STEP = 1e-6
RELATIVE, ABSOLUTE = 1e-3, 1e-5
"""How far from the measured slope a gradient may be: as in gradcheck."""

Function = Callable[..., Any]


def check_slopes(
    engine: Any, function: Function, leaves: Sequence[Any], names: Sequence[str], kind: str, of: str = "{}.grad"
) -> None:
    """Found, where a gradient of a function of float64 tensors does not lie between the slopes.

    The function's results are multiplied by numbers (kind: "drawn" or "ones") and added up: that is f.
    of: what a gradient is called, {} being the operand.
    """
    outputs = float_results(function(*leaves))
    wanted = [y for y in outputs if y.requires_grad]
    places = [i for i, y in enumerate(outputs) if y.requires_grad or not wanted]
    drawn = start_arrays(outputs, kind)
    weights = [drawn[i] for i in places]
    gradients = gradients_of(engine, wanted, leaves, weights) if wanted else [None] * len(leaves)

    def f(*tensors: Any) -> list[Any]:
        ys = float_results(function(*tensors))
        return [w * array_of(ys[i]) for w, i in zip(weights, places)]

    for i, (name, leaf, g) in enumerate(zip(names, leaves, gradients)):
        mine = np.zeros(tuple(leaf.shape)) if g is None else array_of(g)
        left, right = slopes(engine, f, leaves, i)
        if (wrong := first_outside(mine, left, right)) is not None:
            number = None if g is None else mine[wrong].item()
            expected = between(left[wrong].item(), right[wrong].item())
            raise Found(
                "its gradient is wrong",
                Number(of.format(name), wrong, number, expected, BY, name, i),
                hint(mine, left, right, lost=g is None),
            )


BY = "finite differences"


def between(left: float, right: float) -> float | str:
    """What a gradient should be: the slope, or between two."""
    if abs(left - right) <= ABSOLUTE + RELATIVE * max(abs(left), abs(right)):
        return (left + right) / 2
    return f"between {min(left, right):.6g} and {max(left, right):.6g}"


def gradient_function(engine: Any, function: Function, number: int) -> Function:
    """The gradients of a function by its first arguments, as a function of these and of the gradients that arrive."""

    def gradients(*arguments: Any) -> list[Any]:
        leaves, starts = arguments[:number], arguments[number:]
        wanted = [y for y in float_results(function(*leaves)) if y.requires_grad]
        found = engine.autograd.grad(wanted, leaves, starts, create_graph=True, allow_unused=True)
        return [g for g in found if g is not None]

    return gradients


def float_results(result: Any) -> list[Any]:
    """The tensors of floats among the results of a call."""
    return [y for y in results(result) if name_of(y.dtype).startswith("float")]


def gradients_of(engine: Any, outputs: list[Any], leaves: Sequence[Any], weights: list[Any]) -> list[Any]:
    """The gradients of the weighted sum, by the backward pass."""
    starts = [engine.from_numpy(w) for w in weights]
    return list(engine.autograd.grad(outputs, leaves, starts, allow_unused=True))


def slopes(engine: Any, f: Callable[..., list[Any]], leaves: Sequence[Any], which: int) -> tuple[Any, Any]:
    """The slopes of the sum of f's arrays along each element of one of the leaves: to its left and to its right."""
    x = array_of(leaves[which])
    here, left, right = f(*leaves), np.zeros(x.shape), np.zeros(x.shape)
    for index in np.ndindex(x.shape):
        with quiet():
            before, after = (f(*moved(engine, leaves, which, index, by)) for by in (-STEP, STEP))
            left[index] = sum((b - a).sum() for a, b in zip(before, here)) / STEP
            right[index] = sum((b - a).sum() for a, b in zip(here, after)) / STEP
    return left, right


def moved(engine: Any, leaves: Sequence[Any], which: int, index: tuple[int, ...], by: float) -> list[Any]:
    """The leaves anew, with one element of one of them moved; they lie in memory as before."""
    arrays = [array_of(leaf).copy(order="K") for leaf in leaves]
    arrays[which][index] += by
    return [engine.from_numpy(array).requires_grad_() for array in arrays]


def first_outside(mine: Any, left: Any, right: Any) -> tuple[int, ...] | None:
    """The first gradient that is not between the slopes.  Where these are not finite, nothing can be said."""
    with quiet():
        low, high = np.minimum(left, right), np.maximum(left, right)
        margin = ABSOLUTE + RELATIVE * np.maximum(abs(low), abs(high))
        agrees = (low - margin <= mine) & (mine <= high + margin)
    wrong = ~agrees & np.isfinite(low) & np.isfinite(high)
    return tuple(int(i) for i in np.argwhere(wrong)[0]) if wrong.any() else None


CONSTANT = "It is 0 everywhere: a value that depends on the input is a constant to it (detached, or an array)."


def hint(mine: Any, left: Any, right: Any, lost: bool) -> str:
    """What such a difference often comes from."""
    if lost:
        return "No gradient arrives: something on the way is detached, or computed from numbers or NumPy arrays."
    if np.isnan(mine).any():
        return "A nan in a rule often is 0 / 0 or 0 * inf, at a point where the op itself is fine."
    slope = (left + right) / 2
    apart = abs(slope) > 1e-3
    ratios = mine[apart] / slope[apart]
    if not len(ratios) or not np.allclose(ratios, ratios[0], RELATIVE, ABSOLUTE):
        return ""
    several = np.ptp(slope[apart]) > 1e-3
    if abs(ratios[0] + 1) < RELATIVE:
        return "It has the wrong sign."
    if abs(ratios[0]) < RELATIVE:
        return CONSTANT
    return f"It is the right one times {ratios[0]:.4g}." if several and abs(ratios[0] - 1) > RELATIVE else ""
