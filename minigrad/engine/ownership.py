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


def add_to_grads(received: dict[Node, Any], targets: dict[Node, Tensor] | None = None) -> None:
    """Add each gradient that arrived to the `.grad` of its tensor: of targets, or the one that the node knows."""
    while received:
        node, g = received.popitem()
        tensor = targets[node] if targets is not None else node.receiver() if node.receiver else None
        if tensor is None:
            continue
        if tensor._grad is None:
            tensor._grad = own_tensor(g)
        elif isinstance(g, TensorBase):
            tensor._grad = tensor._grad + g
        else:
            total = tensor._grad.array
            with quiet():
                array_module(total).add(total, g, out=total)
            mark_changed(tensor._grad)


def own_tensor(g: Any) -> Tensor:
    """A gradient as a Tensor with an array of its own: shared with no other tensor, writable, its rows in order."""
    if isinstance(g, TensorBase):
        owned = wrap(copy_of(g.array))
        owned.node = g.node
        return owned
    if isinstance(g, np.generic) or (g.base is None and holders(g) <= ALONE and g.flags.c_contiguous):
        return wrap(g)
    return wrap(copy_of(g))


def holders(array: Any) -> int:
    """How many references to an array there are, those of the calls on the way here included."""
    return sys.getrefcount(array)


def _holders_when_alone() -> int:
    def as_own_tensor(g: Any) -> int:
        return holders(g)

    received = {0: np.empty(1)}
    _, g = received.popitem()
    return as_own_tensor(g)


ALONE = _holders_when_alone()
"""What `holders` gives, on this Python, for an array that only the pass itself holds."""
