"""The tape: all that happened in a step, as it happened.  The views, such as explain, only read it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from minigrad.arrays import quiet
from minigrad.autograd.gradients import grad
from minigrad.engine.broadcasting import fit
from minigrad.engine.graph import Node, raw, rule_name
from minigrad.engine.places import Place
from minigrad.nn.module import Module
from minigrad.watch.arrays import Seen
from minigrad.watch.names import Names, is_outermost
from minigrad.watch.rules import Run, run_again
from minigrad.watch.source import Position, is_users, parameters_of, position

MODULE_CALL = Module.__call__.__code__
GRAD = grad.__code__


@dataclass(eq=False)
class Operand:
    """An operand of an op: a tensor (with the node that made it, if it needs a gradient), or another value."""

    label: str
    """What the op's rules call it."""
    given: Any
    edge: Node | None
    value: Seen | None
    """None for what is no array."""


@dataclass(eq=False)
class Op:
    """A recorded op."""

    number: int
    node: Node
    value: Seen | None
    """The result; None where nobody watched and the graph has not kept it."""
    operands: list[Operand]
    where: tuple[Place | Module, ...]
    """The user's lines and the modules that led to it, outermost first."""

    @property
    def name(self) -> str:
        """The op's own name: mul."""
        return op_name(self.node)

    @property
    def position(self) -> Position:
        """The user's expression."""
        return position(self.node.place)

    @property
    def modules(self) -> list[Module]:
        """The modules that it was called in, outermost first."""
        return [step for step in self.where if isinstance(step, Module)]


@dataclass(eq=False)
class Message:
    """A gradient that a rule sent to one operand of its op."""

    node: Node
    edge: Node
    index: int
    """Which operand."""
    rule: Any
    g: Seen
    sent: Seen
    before: Seen | None
    """What had arrived there already in this pass."""
    run: Run | None
    shape: tuple[int, ...]
    dtype: Any

    @cached_property
    def fitted(self) -> Seen:
        """What was sent, in the operand's shape and dtype, as the engine fits it: a broadcast is undone."""
        if self.sent.shape == self.shape and self.sent.array.dtype == self.dtype:
            return self.sent
        with quiet():
            return Seen(fit(self.sent.array, self, self.rule))  # type: ignore[arg-type]

    @cached_property
    def total(self) -> Seen:
        """What the operand has received in this pass so far."""
        with quiet():
            return self.fitted if self.before is None else Seen(self.before.array + self.fitted.array)

    @property
    def axes(self) -> list[int]:
        """The dimensions over which a broadcast was undone."""
        added = len(self.sent.shape) - len(self.shape)
        return [i for i, n in enumerate(self.sent.shape) if i < added or n != self.shape[i - added]]


@dataclass(eq=False)
class Pass:
    """One backward pass."""

    gradients: Any
    """The engine's own of this pass: what tells one pass from another."""
    messages: list[Message] = field(default_factory=list)
    arrived: dict[Node, Seen] = field(default_factory=dict)
    """The whole gradient of a node's output, when its turn came."""
    place: Place | None = None
    roots: list[Node] = field(default_factory=list)
    recorded_before: int = 0
    """How many ops there were when it began."""
    fills_grad: bool = True
    """Whether the leaves' gradients are added to their `.grad`; autograd.grad returns them."""

    def received(self, node: Node) -> Seen | None:
        """The gradient that a leaf got in this pass."""
        return next((message.total for message in reversed(self.messages) if message.edge is node), None)


class Tape:
    """A watcher that writes down what it is told."""

    def __init__(self, base: Any = None) -> None:
        self.base = base
        self.hint = ""
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self.names = Names()
        self.ops: list[Op] = []
        self.by_node: dict[Node, Op] = {}
        self.passes: list[Pass] = []
        self.grads: dict[Node, Seen | None] = {}
        self.leaves: dict[Node, Any] = {}
        self.error: BaseException | None = None

    def recorded(self, node: Node, value: Any, inputs: tuple[Any, ...]) -> None:
        """Write an op down, with copies of its result and of its operands."""
        frame = sys._getframe(1)
        self.names.look(frame)
        labels = labels_of(node, len(inputs))
        operands = [self.operand(*each) for each in zip(labels, inputs, node.edges)]
        op = Op(len(self.ops) + 1, node, Seen(value), operands, tuple(way_to(frame, self.base)))
        self.ops.append(op)
        self.by_node[node] = op

    def operand(self, label: str, given: Any, edge: Node | None) -> Operand:
        """An operand as it is now."""
        if edge is not None and not edge.rules:
            self.leaves.setdefault(edge, given)
        made = self.by_node.get(edge) if edge is not None else None
        changed = getattr(given, "changes", None) is not None and given.changes.serial > (edge.serial if edge else 0)
        if made is not None and not changed:
            return Operand(label, given, edge, made.value)
        is_array = hasattr(raw(given), "shape")
        return Operand(label, given, edge, Seen(given) if is_array else None)

    def sent(self, node: Node, edge: Node, rule: Any, arguments: tuple[Any, ...], g: Any, arrived: Any) -> None:
        """Write down a gradient that a rule sent, and what the rule did."""
        if not self.passes or self.passes[-1].gradients is not arrived:
            self.begin_pass(arrived)
        now = self.passes[-1]
        if node not in now.arrived:
            now.arrived[node] = Seen(arguments[0])
            if not any(message.edge is node for message in now.messages):
                now.roots.append(node)
        alike = [i for i, each in enumerate(zip(node.edges, node.rules)) if each == (edge, rule)]
        earlier = sum(m.node is node and m.edge is edge and m.rule is rule for m in now.messages[-len(node.edges) :])
        before = Seen(arrived[edge]) if edge in arrived else None
        run = run_again(rule, arguments)
        received = now.arrived[node], Seen(g), before, run, edge.shape, edge.dtype
        now.messages.append(Message(node, edge, alike[min(earlier, len(alike) - 1)], rule, *received))

    def begin_pass(self, gradients: Any) -> None:
        """A first message comes: look at the user's variables, which are all there now."""
        frame = sys._getframe(1)
        self.names.look_closely(frame)
        places = [step for step in way_to(frame, self.base) if not isinstance(step, Module)]
        place = places[-1] if places else None
        fills_grad = all(caller.f_code is not GRAD for caller in callers(frame))
        self.passes.append(Pass(gradients, place=place, recorded_before=len(self.ops), fills_grad=fills_grad))

    def finish(self, frame: Any, error: BaseException | None = None) -> None:
        """The step is over: look at the user's variables once more, and at the `.grad` of the leaves."""
        self.error = error
        if frame is not None:
            self.names.look_closely(frame)
        for op in self.ops:
            if op.modules:
                self.names.learn_module(self.names.of_module(op.modules[0]), op.modules[0])
        for leaf, tensor in self.leaves.items():
            self.grads[leaf] = None if tensor._grad is None else Seen(tensor._grad)

    def keep_what_led_to_passes(self) -> None:
        """Forget the ops that no backward pass came by."""
        reached = {message.node for one in self.passes for message in one.messages}
        reached.update(root for one in self.passes for root in one.roots)
        before = [op.number for op in self.ops if op.node in reached]
        self.ops = [op for op in self.ops if op.node in reached]
        self.by_node = {op.node: op for op in self.ops}
        used = {x.edge for op in self.ops for x in op.operands}
        self.leaves = {leaf: tensor for leaf, tensor in self.leaves.items() if leaf in used}
        for one in self.passes:
            one.recorded_before = sum(number <= one.recorded_before for number in before)
        for number, op in enumerate(self.ops, 1):
            op.number = number


def below(root: Node) -> set[Node]:
    """A node and all that it was computed from."""
    nodes = [root]
    found = {root}
    for node in nodes:  # grows while we go through it
        for edge in node.edges:
            if edge is not None and edge not in found:
                found.add(edge)
                nodes.append(edge)
    return found


def callers(frame: Any) -> Iterator[Any]:
    """A frame and those that led to it."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def labels_of(node: Node, operands: int) -> list[str]:
    """What a node's rules call its operands."""
    names = parameters_of(next(filter(None, node.rules), None))
    return [*names, *(f"input {i}" for i in range(len(names), operands))][:operands]


def op_name(node: Node) -> str:
    """The name of an op, after its first rule: mul, of mul_da; Cube, of Cube.backward."""
    rule = rule_name(next(filter(None, node.rules)))
    return rule.rpartition("_d")[0] or rule.partition(".")[0]


def way_to(frame: Any, base: Any) -> Iterator[Place | Module]:
    """The user's lines and the modules on the way from the step's own function to here."""
    steps: list[Place | Module] = []
    for caller in callers(frame):
        if caller.f_code is MODULE_CALL:
            steps.append(caller.f_locals["self"])
        elif is_users(caller.f_code):
            steps.append((caller.f_code, caller.f_lasti))
        if caller.f_code is base or is_outermost(caller):
            break
    return reversed(steps)
