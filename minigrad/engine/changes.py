"""In-place changes: which memory was changed, when, and by which line of the user's.

Tensors that look at one piece of memory share a record of its changes.  A rule that needs a value as it was when its
op was recorded is not called when that has changed since: it would compute a wrong gradient.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING, Any

from minigrad.engine.places import Place, line_of, user_place

if TYPE_CHECKING:
    from minigrad.engine.graph import Node, TensorBase

serials: Iterator[int] = count(1)
"""One clock for the whole graph: recorded nodes and in-place changes take the next number."""

latest = 0
"""Of the last in-place change of any tensor: no value has changed since an op that was recorded later."""

one_at_a_time = Lock()


class Changes:
    """In-place changes of one piece of memory, shared by all tensors that look at it."""

    version = 0
    serial = 0
    """Of the last change."""
    place: Place | None = None
    """The user's line of the last change."""


def changes_of(tensor: Any) -> Changes:
    """The record of in-place changes of a tensor's memory, begun on first use."""
    if tensor.changes is None:
        tensor.changes = Changes()
        if tensor.node is not None:
            tensor.node.changes = tensor.changes
    return tensor.changes  # type: ignore[no-any-return]


def mark_changed(*tensors: TensorBase) -> None:
    """Note one in-place change of the memory of some tensors, and the user's line that made it."""
    global latest
    with one_at_a_time:  # else a thread that was interrupted could set the clock back
        latest = serial = next(serials)
    place = user_place(sys._getframe(1))
    for tensor in tensors:
        changes = tensor.changes or changes_of(tensor)
        changes.version, changes.serial, changes.place = changes.version + 1, serial, place


def refuse_changed(node: Node) -> None:
    """RuntimeError where a value that a rule reads was changed after the op was recorded, or wrote it in place."""
    looked_at = [getattr(x, "changes", None) for x in node.inputs or ()]
    if node.out is not None and node.changes is not None and node.changes.serial != node.written:
        looked_at.append(node.changes)
    for changes in filter(None, looked_at):
        if changes.serial > node.serial:
            raise changed_error(node, changes)


def changed_error(node: Node, changes: Changes) -> RuntimeError:
    """The error for a value that was changed though a node's rules need it as it was."""
    return RuntimeError(
        "one of the variables needed for gradient computation has been modified by an inplace operation. "
        f"{node.name()} needs it: {node.line}. Changed: {line_of(changes.place)}. "
        "Change a clone() instead, or use an op that makes a new tensor."
    )
