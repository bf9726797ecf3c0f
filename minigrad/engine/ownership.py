"""A gradient becomes a `.grad`: an array of its own, shared with nothing, and no copy where nobody else holds it."""

from __future__ import annotations

from sys import getrefcount
from typing import TYPE_CHECKING, Any

from numpy import empty, generic

from minigrad.arrays import array_module, quiet
from minigrad.engine.changes import mark_changed
from minigrad.engine.graph import Node, TensorBase, wrap
from minigrad.engine.order import empty_as, is_dense

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def add_to_grads(received: dict[Node, Any]) -> None:
    """Add each gradient that arrived to the `.grad` of its tensor, unless that does not require grad any longer."""
    while received:
        node, g = received.popitem()
        if node.receiver and (tensor := node.receiver()) is not None and tensor.node is not None:
            tensor._grad = own_tensor(g, tensor.array) if tensor._grad is None else added(tensor._grad, g)
            if node.hooks_after is not None:
                run_hooks_after(node, tensor)


def run_hooks_after(node: Node, tensor: Tensor) -> None:
    """Call the hooks that a leaf has for when its `.grad` is complete.  TypeError where one returns a value."""
    for hook in list((node.hooks_after or {}).values()):
        returned: object = hook(tensor)
        if returned is not None:
            raise TypeError(f"expected Variable, but hook returned '{type(returned).__name__}'")


def added(grad: Tensor, g: Any) -> Tensor:
    """A `.grad` with another gradient added: in place, unless it is part of a graph."""
    if isinstance(g, TensorBase):
        return grad + g
    total = grad.array
    with quiet():
        array_module(total).add(total, g, out=total)
    mark_changed(grad)
    return grad


def own_tensor(g: Any, x: Any) -> Tensor:
    """A gradient as a Tensor with an array of its own: shared with no other tensor, writable, in the order of x.

    x: the array of the tensor whose gradient it is.
    """
    if isinstance(g, TensorBase):
        owned = wrap(copy_like(g.array, x))
        owned.node = g.node
        return owned
    if isinstance(g, generic) or (g.base is None and getrefcount(g) <= ALONE and g.strides == x.strides):
        return wrap(g)
    return wrap(copy_like(g, x))


def copy_like(g: Any, x: Any) -> Any:
    """A copy of a raw gradient in the order of x; by rows where x has gaps or repeats elements."""
    value = empty_as(x) if is_dense(x) else array_module(g).empty(x.shape, x.dtype)
    value[...] = g
    return value


def _references_when_alone() -> int:
    def as_own_tensor(g: Any, _x: Any) -> int:
        return getrefcount(g)

    received = {0: empty(1)}
    _, g = received.popitem()
    return as_own_tensor(g, None)


ALONE = _references_when_alone()
"""How many references there are, on this Python, to an array that only the pass itself holds."""
