"""The recorded graph: what an op leaves behind so that it can be differentiated.

An op computes on raw arrays and hands the result to `record`, with its inputs and one rule per input:

    def mul(a, b):
        return record(raw(a) * raw(b), (a, b), (mul_da, mul_db))

    def mul_da(g, _out, _a, b):
        return g * b

A rule gets the gradient of the op's output, the output, the inputs and the op's static values (a shape, an
axis), and returns the gradient of its one input.  A parameter whose name begins with an underscore is not
read: what no rule reads is not kept alive, and is None when the rule is called.

Called on raw arrays alone, an op only computes.  So the same rules serve arrays (`backward()`) and Tensors
(`backward(create_graph=True)`, where each rule records a graph of its own).
"""

from __future__ import annotations

import inspect
import linecache
import sys
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from functools import partial
from itertools import count
from operator import itemgetter
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.autograd import names

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

Rule = Callable[..., Any]
Place = tuple[CodeType, int]
"""Where in the user's code: a code object and the instruction in it."""
recording: ContextVar[bool] = ContextVar("recording", default=True)
"""Whether ops are recorded: each thread has its own."""
serials: Iterator[int] = count(1)
"""One clock for the whole graph: recorded nodes and in-place changes take the next number."""


class TensorBase:
    """What the graph knows of a tensor: an array, the node that made it, its gradient.

    A tensor requires grad exactly when it has a node.
    """

    array: Any
    node: Node | None = None
    changes: Changes | None = None
    viewed_at: int | None = None
    _grad: Tensor | None = None


class Node:
    """One recorded op, or (with no rules) a leaf that collects its gradient.

    An input of a node exists before the node, so descending serial numbers are a topological order.
    """

    hooks: dict[int, Callable[[Tensor], Tensor | None]] | None = None
    receiver: weakref.ref[Tensor] | None = None
    """The tensor whose `.grad` this node's gradient is added to: a leaf, or one that asked for it."""
    changes: Changes | None = None
    """In-place changes of the output's memory."""

    def __init__(
        self,
        value: Any,
        edges: Sequence[Node | None],
        rules: tuple[Rule | None, ...],
        keeps: bool,
        inputs: tuple[Any, ...] | None,
        out: Any,
        static: tuple[Any, ...],
        place: Place,
    ) -> None:
        self.serial = next(serials)
        self.edges = edges  # the nodes that made the inputs; None for an input that needs no gradient
        self.rules = rules  # the rule for each input
        self.keeps = keeps  # whether there is anything in inputs and out
        self.inputs = inputs  # None for an input that no rule reads; None as a whole once the graph is freed
        self.out = out  # the output's array, if a rule reads it
        self.static = static
        self.shape = value.shape
        self.dtype = value.dtype
        self.place = place

    def name(self) -> str:
        """The name that PyTorch prints, such as MulBackward0."""
        return names.of(self)

    @property
    def line(self) -> str:
        """The user's line that recorded this op: file, number and text."""
        return line_of(self.place)

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The nodes that made this op's inputs, as PyTorch gives them."""
        return tuple((edge, 0) for edge in self.edges)

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"


class Changes:
    """In-place changes of one piece of memory, shared by all tensors that look at it."""

    def __init__(self) -> None:
        self.version = 0
        self.serial = 0  # of the last change
        self.recorded = 0  # serial of the last change that is part of a graph
        self.place: Place | None = None  # the user's line of the last change


def raw(x: Any) -> Any:
    """The array of a tensor; anything else as it is."""
    return x.array if isinstance(x, TensorBase) else x


def record(value: Any, inputs: tuple[Any, ...], rules: tuple[Rule | None, ...], *static: Any) -> Tensor:
    """An op's result as a Tensor that remembers how to differentiate it.

    value: the raw result.  inputs: the op's operands, tensors or not.  rules: for each operand the function
    that gives its gradient (None for one that cannot have any, such as a condition).  static: further values
    that every rule is given, after the operands; not tensors or arrays of the user's, which may change.
    Without a tensor among the inputs the raw value is returned as it is.  A value that is no float is a constant.
    """
    is_tensor, needed = False, 0
    edges = []  # the nodes that made the inputs; `needed` has a bit for each
    for x in inputs:
        needed <<= 1
        node = None
        if isinstance(x, TensorBase):
            is_tensor = True
            if x.viewed_at is not None:
                refuse_stale_view(x)
            node = x.node
            needed |= node is not None
        edges.append(node)
    if not is_tensor:
        return value  # type: ignore[no-any-return]
    out = wrap(value)
    if needed and out.array.dtype.kind == "f" and recording.get():
        reads = READS.get((rules, needed)) or reads_of(rules, needed, len(inputs))
        kept = inputs if reads.all else reads.of(inputs)
        kept_out = out.array if reads.out else None
        place = user_place(sys._getframe(2))
        out.node = Node(out.array, edges, rules, reads.anything, kept, kept_out, static, place)
    return out


def unrecorded(value: Any, *inputs: Any) -> Tensor:
    """The result of an op that has no derivative (a comparison, an argmax): a Tensor if an input is one."""
    return wrap(value) if any(isinstance(x, TensorBase) for x in inputs) else value


class Reads:
    """What a node's rules read: which operands, and whether the output."""

    def __init__(self, inputs: list[bool], out: bool, any_number: bool) -> None:
        self.inputs = inputs
        self.out = out
        self.all = all(inputs)
        self.anything = any(inputs) or out
        self.unread = None if any(inputs) else () if any_number else (None,) * len(inputs)
        none = len(inputs)  # where `of` puts a None
        places = [i if read else none for i, read in enumerate(inputs)]
        self.pick = itemgetter(*places, none)

    def of(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """The operands that are read, None in place of the others."""
        return self.pick((*inputs, None))[:-1] if self.unread is None else self.unread


READS: dict[tuple[tuple[Rule | None, ...], int], Reads] = {}


def reads_of(rules: tuple[Rule | None, ...], needed: int, operands: int) -> Reads:
    """What some rule that is needed reads: the parameters that it does not underscore.

    A rule with a parameter *_unread takes any number of operands: it is given none, for it is called for each.
    """
    out_is_read, inputs_read, any_number = False, [False] * operands, True
    called = [rule for i, rule in enumerate(reversed(rules)) if rule and needed >> i & 1]
    for function in {rule.func if isinstance(rule, partial) else rule for rule in called}:
        positional = [p for p in inspect.signature(function).parameters.values() if p.kind != p.KEYWORD_ONLY]
        if positional[-1].kind is inspect.Parameter.VAR_POSITIONAL:
            positional += [positional[-1]] * operands
        else:
            any_number = False
        _g, out, *inputs = (not p.name.startswith("_") for p in positional)
        out_is_read |= out
        inputs_read = [read or before for read, before in zip(inputs, inputs_read)]
    reads = Reads(inputs_read, out_is_read, any_number)
    if not any(isinstance(rule, partial) for rule in rules):  # one made for a single call is not worth keeping
        READS[rules, needed] = reads
    return reads


def leaf_node(tensor: Tensor) -> Node:
    """The node of a leaf: it computes nothing, and its gradient becomes the tensor's `.grad`.

    It knows its tensor weakly: the tensor owns the node, and a cycle would wait for the garbage collector.
    """
    node = Node(tensor.array, (), (), False, (), None, (), user_place(sys._getframe(1)))
    node.receiver = weakref.ref(tensor)
    return node


# Making tensors ---------------------------------------------------------------------------------------------

TENSOR: type[Tensor] = TensorBase  # type: ignore[assignment]
"""The class Tensor itself, once minigrad.tensor has set it: ops come before it and do not import it."""


new = object.__new__


def as_array(value: Any) -> Any:
    """NumPy's scalars, which its ops give in place of 0-d arrays, made arrays."""
    return np.asarray(value) if isinstance(value, np.generic) else value


def wrap(array: Any) -> Tensor:
    """A Tensor around a raw array, which is not copied."""
    tensor = new(TENSOR)
    tensor.array = array if type(array) is np.ndarray else as_array(array)
    return tensor


def as_view(tensor: Tensor, base: Any) -> Tensor:
    """Say that a tensor looks at the memory of `base`, so that each sees in-place changes of the other."""
    if isinstance(tensor, TensorBase):
        tensor.changes = changes_of(base)
        tensor.viewed_at = next(serials)
        if tensor.node is not None:
            tensor.node.changes = tensor.changes
    return tensor


def changes_of(tensor: Any) -> Changes:
    """The record of in-place changes of a tensor's memory, begun on first use."""
    if tensor.changes is None:
        tensor.changes = Changes()
        if tensor.node is not None:
            tensor.node.changes = tensor.changes
    changes: Changes = tensor.changes
    return changes


def refuse_stale_view(view: TensorBase) -> None:
    """A view made before a recorded in-place change of its base has a node that no longer fits its values."""
    changes = view.changes
    if changes is not None and view.viewed_at is not None and changes.recorded > view.viewed_at:
        raise RuntimeError(
            "this tensor is a view of memory that was changed in place after the view was made, so its "
            f"gradient is unknown. The change: {line_of(changes.place)}. Make the view after the change."
        )


# The user's line --------------------------------------------------------------------------------------------

OWN_FILES = {str(path) for path in Path(__file__).parent.parent.rglob("*.py")}


def user_place(frame: Any) -> Place:
    """The nearest caller outside minigrad: its code and the instruction that it is at."""
    code = frame.f_code
    while code.co_filename in OWN_FILES and frame.f_back is not None:
        frame = frame.f_back
        code = frame.f_code
    return code, frame.f_lasti


def user_frame(frame: Any) -> Any:
    """The frame of the nearest caller outside minigrad."""
    while frame.f_code.co_filename in OWN_FILES and frame.f_back is not None:
        frame = frame.f_back
    return frame


def line_of(place: Place | None) -> str:
    """A place in the user's code for people: `script.py:12: y = x.exp()`."""
    if place is None:
        return "an unknown line"
    code, instruction = place
    number = code.co_firstlineno
    for start, stop, line in code.co_lines():
        if start <= instruction < stop and line is not None:
            number = line
    text = linecache.getline(code.co_filename, number).strip()
    return f"{code.co_filename}:{number}" + (f": {text}" if text else "")
