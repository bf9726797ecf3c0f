"""A gradient becomes a `.grad`: an array of its own, shared with nothing, and no copy where nobody else holds it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.arrays import array_module, copy_of, quiet
from minigrad.engine.changes import mark_changed
from minigrad.engine.graph import Node, TensorBase, wrap

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def add_to_grads(received: dict[Node, Any]) -> None:
    """Add each gradient that arrived to the `.grad` of its tensor, unless that does not require grad any longer."""
    while received:
        node, g = received.popitem()
        tensor = node.receiver() if node.receiver else None
        if tensor is not None and tensor.node is not None:
            tensor._grad = own_tensor(g) if tensor._grad is None else added(tensor._grad, g)


def added(grad: Tensor, g: Any) -> Tensor:
    """A `.grad` with another gradient added: in place, unless it is part of a graph."""
    if isinstance(g, TensorBase):
        return grad + g
    total = grad.array
    with quiet():
        array_module(total).add(total, g, out=total)
    mark_changed(grad)
    return grad


def own_tensor(g: Any) -> Tensor:
    """A gradient as a Tensor with an array of its own: shared with no other tensor, writable, its rows in order."""
    if isinstance(g, TensorBase):
        owned = wrap(copy_of(g.array))
        owned.node = g.node
        return owned
    alone = isinstance(g, np.generic) or (g.base is None and sys.getrefcount(g) <= ALONE and g.flags.c_contiguous)
    return wrap(g if alone else copy_of(g))


def _references_when_alone() -> int:
    def as_own_tensor(g: Any) -> int:
        return sys.getrefcount(g)

    received = {0: np.empty(1)}
    _, g = received.popitem()
    return as_own_tensor(g)


ALONE = _references_when_alone()
"""How many references there are, on this Python, to an array that only the pass itself holds."""
