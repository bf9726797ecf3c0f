"""What the views call things: a tensor as the user calls it, else by the number of its op."""

from __future__ import annotations

import textwrap

from minigrad.engine.graph import Node
from minigrad.nn.module import Module
from minigrad.watch.arrays import number
from minigrad.watch.source import Position, position
from minigrad.watch.tape import Message, Op, Operand, Pass, Tape


class Called:
    """The names of what is on a tape; the views inherit from it."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.names = tape.names.unique([*tape.by_node, *tape.leaves])

    def called(self, node: Node, label: str = "a leaf") -> str:
        """A node's output by the user's name for it; where several are called so, and without a name, by number."""
        if node in self.names:
            return self.names[node]
        return f"({self.tape.by_node[node].number})" if node in self.tape.by_node else label

    def operand(self, x: Operand) -> str:
        """An operand as the user calls it, else by the number of its op, else by what the op calls it."""
        if x.edge is not None:
            return self.called(x.edge, x.label)
        name = self.tape.names.of_constant(x.given)
        if name or x.value is not None:
            return name or (number(x.value.host.item()) if x.value is not None and not x.value.shape else x.label)
        return textwrap.shorten(repr(x.given), 20, placeholder="...")

    def call(self, op: Op) -> str:
        """An op with the names of its operands: `mul(x, w)`."""
        return f"{op.name}({', '.join(self.operand(x) for x in op.operands if x.given is not None)})"

    def module_path(self, op: Op) -> str:
        """The path of the module that an op is in."""
        return self.tape.names.of_module(op.modules[-1]) if op.modules else ""

    def label(self, message: Message) -> str:
        """What the op calls the operand that a gradient is for."""
        op = self.tape.by_node.get(message.node)
        return op.operands[message.index].label if op else f"input {message.index}"

    def receiver(self, message: Message, one: Pass) -> str:
        """Where a gradient goes: to a tensor, or to the `.grad` of a leaf."""
        is_kept = one.fills_grad and not message.edge.rules
        return self.called(message.edge, self.label(message)) + (".grad" if is_kept else "")


def outer_line(op: Op) -> Position | None:
    """The user's outermost line on the way to an op."""
    return next((position(step) for step in op.where if not isinstance(step, Module)), None)
