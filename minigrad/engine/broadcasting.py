"""Ops that fit a gradient to its operand: the engine applies them, so that no rule has to.

Broadcasting copies a value to many places; its derivative adds the gradients of those places up.  So `sum_to`
and `broadcast_to` are each other's derivative.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from minigrad.arrays import array_module, quiet, shared_ones, total
from minigrad.engine.graph import Node, raw, record, rule_name
from minigrad.engine.kept import Rule
from minigrad.engine.order import by_rows, copied

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def fit(gradient: Any, edge: Node, rule: Rule) -> Any:
    """A rule's result in the shape and dtype of the operand that it belongs to; None where it is NO_GRADIENT."""
    if gradient is NO_GRADIENT or not broadcasts(edge.shape, gradient.shape):
        return unfit(gradient, edge, rule)
    gradient = gradient if gradient.shape == edge.shape else sum_to(gradient, edge.shape)
    return gradient if raw(gradient).dtype == edge.dtype else cast(gradient, edge.dtype)


class NoGradient:
    """What a rule returns where no gradient comes to its operand, not even zeros."""

    shape = dtype = None


NO_GRADIENT = NoGradient()


def unfit(gradient: Any, edge: Node, rule: Rule) -> None:
    """Nothing, where a rule returned no gradient.  RuntimeError for one that is none of this operand."""
    if gradient is not NO_GRADIENT:
        raise RuntimeError(
            f"{rule_name(rule)} returned a gradient of shape {list(gradient.shape)} for an input of shape "
            f"{list(edge.shape)}"
        )


def broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    """Whether an array of one shape can be broadcast to the other."""
    if shape == to[len(to) - len(shape) :]:
        return True
    return len(shape) <= len(to) and all(n in (1, m) for n, m in zip(reversed(shape), reversed(to)))


def sum_to(a: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Sum an array of a broadcast shape down to the shape that it was broadcast from."""
    x = raw(a)
    added = x.ndim - len(shape)
    axes = tuple(range(added))
    if x.shape[added:] != shape:
        axes += tuple([added + i for i, n in enumerate(shape) if n != x.shape[added + i]])
    value = summed(x, axes)
    if value.shape != shape:
        value = value.reshape(shape)
    return value if a is x else record(value, (a,), (sum_to_da,), x.shape)


def sum_to_da(g: Tensor, _out: Tensor, _a: Tensor, shape: tuple[int, ...]) -> Tensor:
    return broadcast_to(g, shape)


def summed(x: Any, axes: tuple[int, ...]) -> Any:
    """A raw array summed along axes.

    A matrix is summed along one of its axes by a product with ones: BLAS takes a tenth of NumPy's time for it.  What
    lies in another order is added up by rows too: both modes give the same bits, however each laid a product out.
    """
    if x.ndim == 2 and len(axes) == 1 and x.dtype.char in "fd" and x.flags.c_contiguous:
        vector = shared_ones(x, x.shape[axes[0]])
        return vector @ x if axes[0] == 0 else x @ vector
    if not x.flags.c_contiguous:
        return summed(by_rows(x), axes)
    number, kept = len(axes), x.ndim - len(axes)
    if number and kept and x.size and x.dtype.char in "fd":  # the first axes, or the last, can be made one
        if axes == tuple(range(number)):
            return summed(x.reshape(-1, math.prod(x.shape[number:])), (0,)).reshape(x.shape[number:])
        if axes == tuple(range(kept, x.ndim)):
            return summed(x.reshape(math.prod(x.shape[:kept]), -1), (1,)).reshape(x.shape[:kept])
    return total(x, axes)


def broadcast_to(a: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Repeat an array along new and length-1 axes until it has the shape; every element has its own place."""
    x = raw(a)
    value = array_module(x).empty(shape, x.dtype)
    value[...] = x
    return record(value, (a,), (broadcast_to_da,), x.shape)


def broadcast_to_da(g: Tensor, _out: Tensor, _a: Tensor, shape: tuple[int, ...]) -> Tensor:
    return sum_to(g, shape)


def cast(a: Tensor, dtype: Any) -> Tensor:
    """The same values in another NumPy dtype."""
    x = raw(a)
    with quiet():
        value = x.astype(dtype) if x.flags.c_contiguous else copied(x, dtype)
    return record(value, (a,), (cast_da,), x.dtype, name="ToCopyBackward0")


def cast_da(g: Tensor, _out: Tensor, _a: Tensor, dtype: Any) -> Tensor:
    return cast(g, dtype)
