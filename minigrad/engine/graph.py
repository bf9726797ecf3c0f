"""The recorded graph: what an op leaves behind so that it can be differentiated.

An op computes on raw arrays and hands the result to `record`, with its operands and one rule for each:

    def mul(a, b):
        return record(raw(a) * raw(b), (a, b), (mul_da, mul_db))

    def mul_da(g, _out, _a, b):
        return g * b

A rule gets the gradient of the op's output, the output, the operands and the op's static values (a shape, an
axis), and returns the gradient of its one operand.  A parameter whose name begins with an underscore is not
read: what no rule reads is not kept alive, and is None when the rule is called.

Called on raw arrays alone, an op only computes.  So the same rules serve arrays (`backward()`) and Tensors
(`backward(create_graph=True)`, where each rule records a graph of its own).
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from numpy import ndarray

from minigrad.arrays import on_its_gpu, result_array
from minigrad.engine.changes import Changes, serials
from minigrad.engine.kept import KEPT, NOTHING, Kept, Rule, Rules, kept_for
from minigrad.engine.places import Place, expression_of, line_of, user_place

if TYPE_CHECKING:
    from minigrad.engine.views import View
    from minigrad.tensor import Tensor

recording: ContextVar[bool] = ContextVar("recording", default=True)
"""Whether ops are recorded: each thread has its own."""
is_recording = recording.get


class TensorBase:
    """What the graph knows of a tensor: an array, the node that made it, its gradient.

    A tensor requires grad exactly when it has a node.
    """

    array: Any
    node: Node | None = None
    frozen: Node | None = None
    """The node of a leaf for which `requires_grad` was turned off: graphs that were recorded before know it."""
    changes: Changes | None = None
    view_of: View | None = None
    reshaped = 0
    """The version of its memory when it was last given another shape in place: older views know another one."""
    _grad: Tensor | None = None


class Node:
    """One recorded op, or (with no rules) a leaf that collects its gradient.

    An operand's node exists before the op's, so the nodes come in topological order by their turn: newest first.

    edges: the nodes that made the operands; None for one that needs no gradient.  rules: the rule for each operand.
    inputs: the operands, None for one that no rule reads; None as a whole once the graph is freed.  out: the output's
    array, if a rule reads it.  static, saved: what else the rules are called with; keeps: whether there is anything
    that a pass lets go of.
    """

    hooks: dict[int, Callable[[Tensor], Tensor | None]] | None = None
    receiver: weakref.ref[Tensor] | None = None
    """The tensor whose `.grad` this node's gradient is added to: a leaf, or one that asked for it."""
    hooks_after: dict[int, Callable[[Tensor], None]] | None = None
    """Of a leaf: they are called once a gradient was added to its `.grad`."""
    changes: Changes | None = None
    """In-place changes of the output's memory."""
    written = 0
    """The serial of the in-place change that wrote the output, where there was one."""
    rules: tuple[Any, ...]

    def __init__(
        self,
        value: Any,
        edges: Sequence[Node | None],
        rules: Rules,
        place: Place,
        kept: Kept = NOTHING,
        inputs: tuple[Any, ...] = (),
        static: tuple[Any, ...] = (),
        saved: tuple[Any, ...] = (),
        name: str | None = None,
    ) -> None:
        self.serial = serial = next(serials)
        self.turn, self.shape, self.dtype = -serial, value.shape, value.dtype
        self.edges, self.rules, self.place = edges, rules, place
        self.inputs = inputs if kept.all_inputs else kept.nothing or kept.some_of(inputs)
        self.out, self.keeps = value if kept.out else None, kept.anything or saved != ()
        self.static, self.saved, self.pytorch_name = static, saved, name

    def name(self) -> str:
        """The name that PyTorch prints, such as MulBackward0: by default after the op's first rule, mul_da."""
        if not self.rules:
            return "AccumulateGrad"
        return self.pytorch_name or pytorch_name(rule_name(next(filter(None, self.rules))))

    @property
    def line(self) -> str:
        """The user's line that recorded this op: file, number and text."""
        return line_of(self.place)

    @property
    def expression(self) -> str:
        """The part of that line that recorded this op: `x * w` of `h = x * w + b`."""
        return expression_of(self.place)

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The nodes that made this op's operands, as PyTorch gives them."""
        return tuple((edge, 0) for edge in self.edges)

    def __repr__(self) -> str:
        return f"<{self.name()} of shape {self.shape}, recorded at {self.line}>"


new_node: Callable[..., Node] = Node
"""Makes the node of an op.  While somebody watches, `minigrad.watch` puts in its place what tells of the op, too."""


def raw(x: Any) -> Any:
    """The array of a tensor x, of which CuPy then works on its GPU; anything else as it is."""
    return (x.array if type(x.array) is ndarray else on_its_gpu(x.array)) if isinstance(x, TensorBase) else x


def record(
    value: Any,
    inputs: tuple[Any, ...],
    rules: Rules,
    *static: Any,
    saved: tuple[Any, ...] = (),
    name: str | None = None,
) -> Tensor:
    """An op's result as a Tensor that remembers how to differentiate it.

    value: the raw result.  inputs: the op's operands, tensors or not.  rules: for each operand the function
    that gives its gradient (None for one that cannot have any, such as a condition).  static: further values
    that every rule is given, after the operands: numbers, shapes, keys.  saved: arrays that every rule is given
    after those, and that are freed with the graph: a mask, positions, or what the op has computed on the way.  To a
    second derivative these are constants.  name: what PyTorch prints for the op (default: after the first rule).

    Without a tensor among the operands the raw value is returned as it is.  A value that is no float is a constant.
    """
    is_tensor, needed, edges = False, 0, []  # needed: a bit for each operand that has a node
    for x in inputs:
        if isinstance(x, TensorBase):
            is_tensor, node = True, x.node if x.view_of is None else x.view_of.edge(x)
        else:
            node = None
        needed = needed * 2 + (node is not None)
        edges.append(node)
    if not is_tensor:
        return value  # type: ignore[no-any-return]
    out = new(TENSOR)
    out.array = value if type(value) is ndarray else result_array(value, inputs)
    if needed and is_recording() and out.array.dtype.kind == "f":
        kept = KEPT.get((rules, needed)) or kept_for(rules, needed, edges)
        out.node = new_node(out.array, edges, rules, user_place(sys._getframe(2)), kept, inputs, static, saved, name)
    return out


def unrecorded(value: Any, *inputs: Any) -> Tensor:
    """A result without a derivative (of a comparison, an argmax, under no_grad): a Tensor if an operand is one."""
    for x in inputs:
        if isinstance(x, TensorBase):
            return wrap(value if type(value) is ndarray else result_array(value, inputs))
    return value  # type: ignore[no-any-return]


def node_of(tensor: TensorBase) -> Node | None:
    """The node of a tensor; of a view, as its base is now."""
    return tensor.node if tensor.view_of is None else tensor.view_of.node_of(tensor)


def leaf_node(tensor: Tensor) -> Node:
    """The node of a leaf: it computes nothing, and its gradient becomes the tensor's `.grad`.

    It knows its tensor weakly: the tensor owns the node, and a cycle would wait for the garbage collector.
    """
    node = Node(tensor.array, (), (), user_place(sys._getframe(1)))
    node.receiver = weakref.ref(tensor)
    return node


# Making tensors ---------------------------------------------------------------------------------------------

TENSOR: type[Tensor] = TensorBase  # type: ignore[assignment]
"""The class Tensor itself, once minigrad.tensor has set it: ops come before it and do not import it."""

new = object.__new__


def wrap(array: Any) -> Tensor:
    """A Tensor around a raw array, which is not copied."""
    tensor = new(TENSOR)
    tensor.array = array if type(array) is ndarray else result_array(array)
    return tensor


# Names ------------------------------------------------------------------------------------------------------


def rule_name(rule: Rule) -> str:
    """A rule's name for messages."""
    name: str = getattr(getattr(rule, "func", rule), "__name__", None) or type(rule).__name__
    return name


def pytorch_name(rule: str) -> str:
    """PyTorch's name for the op of a rule: SoftmaxBackward0 for softmax_da."""
    op = rule.rpartition("_d")[0] or rule
    return "".join(part.capitalize() for part in op.split("_")) + "Backward0"
