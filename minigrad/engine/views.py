"""Views: tensors that look at the memory of another one, their base.

In a graph, changing a view in place changes its base.  The base then takes over a node that says: as before, but for
the place where the view looks.  All views of it are out of date by that: one that is used again looks at the base anew,
by the same steps as when it was made.  So gradients go the way that the values went.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from minigrad.arrays import array_module, result_array
from minigrad.engine.changes import changes_of
from minigrad.engine.graph import Node, TensorBase, is_recording, new, raw, record, recording
from minigrad.engine.order import axes_unless_by_rows, copied_by_axes
from minigrad.engine.places import line_of, user_place

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

Step = tuple[Any, tuple[Any, ...]]
"""A view op and its arguments after the tensor: how one looks at a tensor, or at a gradient of its shape."""

NO_GRAD, SEVERAL, FUNCTION = "no_grad", "several", "Function"


class View:
    """How a view looks at its base.

    op, arguments: the last of the view ops that lead from the base to it; before: how the view that it was made of
    looks, if it was one.  version: of their memory, when the view's node was made.  origin: why it may not be changed
    in place in a graph: it was made under no_grad, with several at once, or by a Function of the user's.  output: its
    number among those.
    """

    __slots__ = ("base", "before", "op", "arguments", "version", "origin", "output")

    base: Any
    before: View | None
    op: Any
    arguments: tuple[Any, ...]
    version: int
    origin: str | None
    output: int

    @property
    def steps(self) -> tuple[Step, ...]:
        """The view ops that lead from the base to it."""
        steps: list[Step] = []
        view: View | None = self
        while view is not None:
            steps.append((view.op, view.arguments))
            view = view.before
        return tuple(reversed(steps))

    def edge(self, view: TensorBase) -> Node | None:
        """The node that an op of the view is recorded with.

        A view that was made before its base required grad, or under no_grad, requires grad as well but is a constant.
        """
        if not is_recording():
            return view.node
        node = self.node_of(view)
        return dead_end(view) if node is None and self.base.node is not None else node

    def node_of(self, view: TensorBase) -> Node | None:
        """The view's node: a new one if their memory was changed since it was made."""
        if self.version != view.changes.version:  # type: ignore[union-attr]
            self.look_again(view)
        return view.node

    def look_again(self, view: TensorBase) -> None:
        """Have the view look at its base as it is now.  RuntimeError where PyTorch does not follow the change."""
        if self.base.node is None and (view.node is None or not view.node.rules):
            return  # no graph knows of them
        refuse_reshaped(self)
        if self.origin is not None:
            raise RuntimeError(self.refusal(view, "its base or another view of its base has been"))
        mode = recording.set(True)
        try:
            node = look(self.base, self.steps).node or Node(view.array, (None,), (None,), user_place(sys._getframe()))
        finally:
            recording.reset(mode)
        node.pytorch_name = "AsStridedBackward0"
        take_over(view, node)
        self.version = view.changes.version  # type: ignore[union-attr]

    def refusal(self, view: TensorBase, what: str) -> str:
        """PyTorch's words for a change that is not followed; what: is changed."""
        made, where = "A view was created in no_grad mode", " with grad mode enabled"
        if self.origin == SEVERAL:
            if view.node is not None:
                made, where = f"Output {self.output} of {view.node.name()} is a view", ""
            why = (
                "This view is the output of a function that returns multiple views. Such functions do not allow the "
                "output views to be modified inplace. You should replace the inplace operation by an out-of-place one."
            )
        elif self.origin == FUNCTION:
            name = view.node.name().removesuffix("Backward") if view.node is not None else "a custom Function"
            made, where = f"Output {self.output} of {name} is a view", ""
            why = (
                "This view was created inside a custom Function (or because an input was returned as-is) and the "
                "autograd logic to handle view+inplace would override the custom backward associated with the custom "
                "Function, leading to incorrect gradients. This behavior is forbidden. You can fix this by cloning the "
                "output of the custom Function."
            )
        else:
            why = (
                "Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by "
                "moving both the view and the inplace either both inside the no_grad block (if you don't want the "
                "inplace to be tracked) or both outside (if you want the inplace to be tracked)."
            )
        place = view.changes.place if view.changes is not None and what != "is being" else None
        return f"{made} and {what} modified inplace{where}. {why}" + (f" The change: {line_of(place)}" if place else "")


def as_view(view: Tensor, base: Any, op: Any, *arguments: Any, output: int | None = None) -> Tensor:
    """Say that a tensor looks at the memory of `base`, so that each sees in-place changes of the other.

    op, arguments: what gave the view of the base.  output: the view's number among several that one op gives.
    A raw array, which an op of raw arrays gives, is left as it is.
    """
    if isinstance(view, TensorBase):
        before = base.view_of
        view.changes = changes = base.changes or changes_of(base)
        view.view_of = of = new(View)
        of.base, of.before, of.op, of.arguments = (base if before is None else before.base), before, op, arguments
        of.version, of.output = changes.version, output or 0
        of.origin = NO_GRAD if not is_recording() else SEVERAL if output is not None else before and before.origin
    return view


def look(x: Any, steps: tuple[Step, ...]) -> Any:
    """Look at a tensor, or an array, by the steps of a view."""
    for op, arguments in steps:
        x = op(x, *arguments)
    return x


def refuse_reshaped(view: View) -> None:
    """RuntimeError for a view of a base that was given another shape in place since: its steps lead elsewhere now."""
    if view.base.reshaped > view.version:
        raise RuntimeError(
            "a view is older than the shape that its base was given in place (by t_(), transpose_(), squeeze_() or "
            "unsqueeze_()), so changes between the two are not followed. Use the op without the underscore."
        )


def dead_end(tensor: TensorBase) -> Node:
    """A node at which gradients are lost."""
    return Node(tensor.array, (), (), user_place(sys._getframe(1)))


def take_over(tensor: TensorBase, node: Node | None) -> None:
    """Give a tensor the node of what it has become; whether it retains its gradient stays as it was."""
    before = tensor.node
    if node is not None and before is not None and before.rules:
        node.receiver, before.receiver = before.receiver, None
    tensor.node = node


# A change of the base ---------------------------------------------------------------------------------------


def base_with(view: TensorBase, new: Any) -> Node | None:
    """The node of a view's base once something new stands where the view looks."""
    of: Any = view.view_of
    refuse_reshaped(of)
    x = of.base.array
    rules, axes = (replaced_da, replaced_dnew), axes_unless_by_rows(x)
    return record(x, (of.base, new), rules, of.steps, axes, name=COPY_SLICES).node


def changed(view: Any, node: Node | None) -> None:
    """Give the base of a view that was changed its new node, and have the view look at it: the base may be detached."""
    take_over(view.view_of.base, node)
    view.view_of.look_again(view)


COPY_SLICES = "torch::autograd::CopySlices"


def replaced(a: Tensor, new: Any, steps: tuple[Step, ...], axes: list[int] | None) -> Tensor:
    """A copy of `a` with something new at the place where a view looks.

    axes: the order in memory, as the base's (see `copied_by_axes`): else the steps would lead to a copy.
    """
    value = copied_by_axes(result_array(raw(a)), axes)
    place = look(value, steps)
    if place.size and not array_module(value).may_share_memory(place, value):
        raise RuntimeError(f"a view by {[step[0].__name__ for step in steps]} cannot be found in its base's gradient")
    place[...] = raw(new)
    return record(value, (a, new), (replaced_da, replaced_dnew), steps, axes, name=COPY_SLICES)


def replaced_da(g: Tensor, _out: Tensor, _a: Tensor, _new: Tensor, steps: Any, axes: Any) -> Tensor:
    return replaced(g, 0.0, steps, axes)


def replaced_dnew(g: Tensor, _out: Tensor, _a: Tensor, _new: Tensor, steps: Any, _axes: Any) -> Tensor:
    there: Tensor = look(g, steps)
    return there
