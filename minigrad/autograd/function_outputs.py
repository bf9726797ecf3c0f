"""The outputs of a Function of the user's: which of them are inputs, views or constants, and how several are one node.

The output of a call with several is all their elements in a row (see minigrad.ops.rows), behind which stands a number
for each part: in the gradient, whether one came to it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad import devices
from minigrad.arrays import array_module
from minigrad.engine import graph
from minigrad.engine.changes import mark_changed
from minigrad.engine.graph import raw, record, wrap
from minigrad.engine.kept import kept_by
from minigrad.engine.places import Place, warn
from minigrad.engine.views import FUNCTION, as_view, take_over
from minigrad.ops.in_place import take_over_result
from minigrad.ops.rows import part, part_drow
from minigrad.tensor import Tensor


class Outputs:
    """What `forward` returned, and what `apply` gives in its place.

    returned: the former; given: the latter.  differentiable: the numbers of those that get a node.
    """

    def __init__(self, name: str, ctx: Any, args: tuple[Any, ...], returned: tuple[Any, ...], recorded: bool) -> None:
        self.name, self.returned = name, returned
        self.inputs = [x for x in args if isinstance(x, Tensor)]
        self.dirty = tuple(ctx.dirty_tensors or ())
        constants = tuple(ctx.non_differentiable or ())
        self.differentiable = [
            i
            for i, y in enumerate(returned)
            if recorded and isinstance(y, Tensor) and y.array.dtype.kind == "f" and not is_among(y, constants)
        ]
        self.check_changed(recorded)
        self.given = [self.own(i, y, recorded) if isinstance(y, Tensor) else y for i, y in enumerate(returned)]
        self.layout = Layout(self.given, self.differentiable)

    def check_changed(self, recorded: bool) -> None:
        """Note the inputs that were changed in place.  RuntimeError where that cannot be followed."""
        for x in self.dirty:
            if not is_among(x, self.inputs):
                warn(
                    "ctx.mark_dirty() received a tensor that was not an input. Only input Tensors that have been "
                    "mutated should be passed to ctx.mark_dirty()."
                )
            if not is_among(x, self.returned):
                raise RuntimeError(
                    "Some elements marked as dirty during the forward method were not returned as output. The inputs "
                    "that are modified inplace must all be outputs of the Function."
                )
            if recorded and x.is_leaf and x.requires_grad:
                raise RuntimeError("a leaf Variable that requires grad has been used in an in-place operation.")
            if recorded and x.view_of is not None and is_among(x, self.inputs) and len(self.returned) > 1:
                raise RuntimeError(
                    "If your Function modifies inplace an input that is a view of another Tensor, your Function cannot "
                    "return more than one Tensor. This is not supported by the current autograd engine. You should "
                    "either make sure the input is not a view (using .clone() for example) or make your Function only "
                    "return one Tensor (potentially splitting it into two Functions: one doing the inplace that "
                    "returns a single Tensor and a second one that does the other operations)."
                )
            mark_changed(x)

    def own(self, number: int, y: Any, recorded: bool) -> Any:
        """An output to give: itself, or a new tensor where it is an input that was not changed."""
        if is_among(y, self.dirty) and is_among(y, self.inputs):
            return y
        differentiable = number in self.differentiable
        if is_among(y, self.inputs):
            y = as_view(wrap(y.array), y, itself) if differentiable or not recorded else y.detach()
        elif not differentiable:
            y.node = None
        if differentiable and y.view_of is not None:
            y.view_of.origin, y.view_of.output = FUNCTION, number
        return y

    def value(self) -> Any:
        """The output of the call's node."""
        arrays = [self.given[i].array for i in self.differentiable]
        return arrays[0] if len(arrays) == 1 else self.layout.in_a_row(arrays)

    def become_parts_of(self, node: graph.Node, value: Any, place: Place, name: str) -> None:
        """Give each differentiable output its node: that of the call or, of several, one that takes a part of it."""
        row = wrap(value)
        row.node = node
        for i in self.differentiable:
            made = node if self.layout.total is None else self.layout.part_of(row, i, self.given[i], place, name)
            if is_among(self.given[i], self.dirty):
                changed = wrap(self.given[i].array)
                changed.node = made
                take_over_result(self.given[i], changed)
            else:
                take_over(self.given[i], made)

    def number_of(self, x: Any) -> int | None:
        """The number of a tensor among what was returned, if it is one that is differentiated and no plain input."""
        for i in self.differentiable:
            if self.returned[i] is x and (self.given[i] is x or not is_among(x, self.inputs)):
                return i
        return None


def own_outputs(name: str, ctx: Any, args: tuple[Any, ...], output: Any, recorded: bool) -> Outputs:
    """The outputs of a call; recorded: whether an input needs a gradient, and ops are recorded."""
    return Outputs(name, ctx, args, output if isinstance(output, tuple) else (output,), recorded)


def is_among(x: Any, tensors: Any) -> bool:
    """Whether a tensor is one of some: that very one."""
    return any(x is each for each in tensors)


def itself(x: Any) -> Any:
    """How a view looks that is all of its base."""
    return as_view(record(raw(x), (x,), (itself_dx,)), x, itself)


def itself_dx(g: Any, _out: Any, _x: Any) -> Any:
    """The same gradient."""
    return g


class Layout:
    """Where each output lies in the gradient of a call's node, and what stands for one that no gradient came to.

    total: the length of the row; None where one output is differentiated, whose gradient is the node's own.
    """

    total: int | None = None

    def __init__(self, outputs: list[Any], differentiable: list[int]) -> None:
        self.differentiable = differentiable
        self.kinds = [(y.array.shape, y.array.dtype, y.device) if isinstance(y, Tensor) else None for y in outputs]
        if len(differentiable) > 1:
            sizes = [outputs[i].array.size for i in differentiable]
            self.starts = dict(zip(differentiable, np.cumsum([0, *sizes]).tolist()))
            self.flags = {i: sum(sizes) + k for k, i in enumerate(differentiable)}
            self.total = sum(sizes) + len(sizes)
            self.dtype = np.result_type(*(outputs[i].array.dtype for i in differentiable))
            places = {outputs[i].device for i in differentiable}
            if len(places) > 1:
                raise RuntimeError(
                    f"a Function whose differentiable outputs are on several devices ({', '.join(map(str, places))}) "
                    "is not supported: move them with .to(device) after apply"
                )

    def in_a_row(self, arrays: list[Any]) -> Any:
        """All elements of the differentiable outputs, and a 1 for each output."""
        xp = array_module(arrays[0])
        flat = [x.reshape(-1).astype(self.dtype) for x in arrays]
        return xp.concatenate([*flat, xp.ones(len(arrays), self.dtype)])

    def part_of(self, row: Any, number: int, y: Any, place: Place, name: str) -> graph.Node:
        """The node of one of several outputs."""
        static = self.starts[number], self.flags[number], self.total, self.dtype
        return graph.new_node(y.array, [row.node], (part_drow,), place, kept_by(0, 1), (row,), static, (), name)

    def gradients(self, g: Any, materialize: bool) -> list[Any]:
        """The gradient of each output as a Tensor; where none came to it zeros, or None."""
        if self.total is None:
            return [
                (g if isinstance(g, Tensor) else wrap(g)) if i in self.differentiable else self.none(i, materialize)
                for i in range(len(self.kinds))
            ]
        return [self.gradient_in_row(i, g, materialize) for i in range(len(self.kinds))]

    def gradient_in_row(self, number: int, g: Any, materialize: bool) -> Any:
        """That of one of several outputs."""
        if number not in self.differentiable or not raw(g)[self.flags[number]]:
            return self.none(number, materialize)
        shape, dtype, _ = self.kinds[number]  # type: ignore[misc]
        gradient = part(g, self.starts[number], shape, dtype)
        return gradient if isinstance(gradient, Tensor) else wrap(gradient)

    def none(self, number: int, materialize: bool) -> Any:
        """What stands for a gradient that did not come."""
        kind = self.kinds[number]
        if kind is None or not materialize:
            return None
        shape, dtype, device = kind
        return wrap(devices.moved(np.zeros(shape, dtype), device))
