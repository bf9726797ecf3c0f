"""A step that nobody watched: what its graph still holds is made a tape."""

from __future__ import annotations

from typing import Any

from minigrad.engine import backward as engine
from minigrad.engine.graph import Node, TensorBase
from minigrad.watch.arrays import Seen
from minigrad.watch.observers import watched_by
from minigrad.watch.tape import Op, Operand, Tape, below, labels_of

HINT = (
    "The graph keeps only what its rules read, so most results are not here. To see them all, compute and "
    "differentiate within `with minigrad.watch() as step:`, then print(step.explain())."
)
FREED = "A backward pass has freed the graph, and the gradients are not here either. " + HINT


def tape_of(loss: Any, frame: Any) -> Tape:
    """What the graph of a result holds, with the gradients of a pass made for this, which changes no `.grad`.

    RuntimeError for a tensor that no recorded op made.
    """
    if loss.node is None or not loss.node.rules:
        raise RuntimeError("there is no graph to explain: no recorded op made this tensor (does it need a gradient?)")
    nodes = sorted(below(loss.node), key=lambda node: node.serial)
    ops = [node for node in nodes if node.rules]
    tape = Tape()
    if all(node.inputs is not None for node in ops):
        differentiate(loss, nodes, tape)
        tape.hint = HINT
    else:
        tape.hint = FREED
    for node in ops:
        tape.ops.append(Op(len(tape.ops) + 1, node, kept_value(node, ops, loss), kept_operands(node), (node.place,)))
    tape.by_node = {op.node: op for op in tape.ops}
    tape.leaves = {node: tensor for node in nodes if not node.rules and (tensor := receiver(node)) is not None}
    for one in tape.passes:
        one.recorded_before = len(ops)
    tape.finish(frame)
    return tape


def differentiate(loss: Any, nodes: list[Node], tape: Tape) -> None:
    """Send gradients down for the tape to see.  Hooks are the user's, and are not called for this."""
    hooks = {node: node.hooks for node in nodes if node.hooks is not None}
    for node in hooks:
        node.hooks = None
    try:
        with watched_by(tape):
            engine.backward({loss.node: engine.start(loss, None, False)}, retain_graph=True)
    finally:
        for node, those in hooks.items():
            node.hooks = those


def kept_value(node: Node, nodes: list[Node], loss: Any) -> Seen | None:
    """A result that is still held: by its own node, or as an operand of another."""
    if node is loss.node:
        return Seen(loss)
    if node.out is not None:
        return Seen(node.out)
    held = (x for other in nodes for x in other.inputs or () if isinstance(x, TensorBase) and x.node is node)
    return next(map(Seen, held), None)


def kept_operands(node: Node) -> list[Operand]:
    """The operands of a node as far as they are held."""
    given = node.inputs or (None,) * len(node.edges)
    operands = []
    for label, x, edge in zip(labels_of(node, len(node.edges)), given, node.edges):
        tensor = x if x is not None or edge is None else receiver(edge)
        value = Seen(tensor) if isinstance(tensor, TensorBase) else None
        operands.append(Operand(label, tensor if tensor is not None or edge is None else label, edge, value))
    return operands


def receiver(node: Node) -> Any:
    """The tensor of a leaf."""
    return node.receiver() if node.receiver is not None else None
