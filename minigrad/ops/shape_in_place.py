"""Methods that give a tensor another shape in place: its elements stay where they are in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minigrad.engine.changes import mark_changed
from minigrad.engine.graph import Node, is_recording
from minigrad.engine.views import take_over
from minigrad.ops import shaping
from minigrad.ops.in_place import refuse_in_place

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__: list[str] = []  # methods of Tensor alone


def take_shape(tensor: Tensor, view: Tensor) -> Tensor:
    """Let a tensor become a view of itself, whose node it takes over.

    RuntimeError for a leaf that requires grad, unless under no_grad: it stays one.  An op that was recorded before and
    reads the tensor cannot be differentiated any more, and says so; nor are changes followed between the tensor and
    views made before.
    """
    refuse_in_place(tensor, view.node is not None)
    mark_changed(tensor)
    tensor.array = view.array
    node = view.node if is_recording() else node_kept(tensor)
    if tensor.view_of is None:
        take_over(tensor, node)
        tensor.reshaped = tensor.changes.version  # type: ignore[union-attr]
    else:
        tensor.view_of, tensor.node = view.view_of, node
    return tensor


def node_kept(tensor: Tensor) -> Node | None:
    """The node of a tensor that was given another shape under no_grad: that of a leaf now takes gradients of it."""
    if tensor.node is not None and not tensor.node.rules:
        tensor.node.shape = tensor.array.shape
    return tensor.node


def squeeze_(self: Tensor, dim: Any = None) -> Tensor:
    """As `squeeze`, in place."""
    return take_shape(self, shaping.squeeze(self, dim))


def unsqueeze_(self: Tensor, dim: int) -> Tensor:
    """As `unsqueeze`, in place."""
    return take_shape(self, shaping.unsqueeze(self, dim))


def t_(self: Tensor) -> Tensor:
    """As `t`, in place."""
    return take_shape(self, shaping.t(self))


def transpose_(self: Tensor, dim0: int, dim1: int) -> Tensor:
    """As `transpose`, in place."""
    return take_shape(self, shaping.transpose(self, dim0, dim1))


def swapaxes_(self: Tensor, axis0: int, axis1: int) -> Tensor:
    """As `swapaxes`, in place."""
    return take_shape(self, shaping.transpose(self, axis0, axis1))


def swapdims_(self: Tensor, dim0: int, dim1: int) -> Tensor:
    """As `transpose`, in place."""
    return take_shape(self, shaping.transpose(self, dim0, dim1))
