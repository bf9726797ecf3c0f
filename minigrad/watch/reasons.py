"""Why a tensor's `.grad` is None."""

from __future__ import annotations

import linecache
import re
from typing import Any

from minigrad.engine.graph import Node
from minigrad.watch.arrays import number
from minigrad.watch.source import Position, position, short_path
from minigrad.watch.tape import Op, Pass, Tape

LEAVING = re.compile(r"\.detach\(|\.data\b|\.numpy\(|\.item\(|\.tolist\(|no_grad\(|inference_mode\(")
"""What takes a value out of the graph."""


def why_none(tape: Tape, tensor: Any) -> str:
    """In a sentence or two, why the `.grad` of a tensor is None after a step."""
    node = tensor.node
    if tensor._grad is not None:
        return f"Its .grad is not None: it has norm {number(float(abs(tensor._grad.pow(2).sum().item())) ** 0.5)}."
    if node is None:
        return (
            "requires_grad is False: gradients are computed only for tensors that need one. Call requires_grad_() on "
            "it before it is used."
        )
    if node.rules:
        return (
            f"It is the result of an op ({at(position(node.place))}), and a backward pass fills .grad of leaves alone. "
            "Call its retain_grad() before the pass."
        )
    received = [one for one in tape.passes if one.received(node) is not None]
    if received:
        return reason_after(received[-1], node)
    users = [op for op in tape.ops if any(x.edge is node for x in op.operands)]
    if not users:
        return "Not reached: no recorded op of this step used it" + not_called(tape, node)
    if not tape.passes:
        return "No backward pass was made in this step: call backward() on the loss."
    return reason_on_the_way(tape, users)


def reason_after(one: Pass, node: Node) -> str:
    """A gradient came."""
    where = at(position(one.place)) if one.place is not None else "an unknown line"
    seen = one.received(node)
    norm = number(seen.statistics.norm) if seen is not None else ""
    if not one.fills_grad:
        return f"autograd.grad ({where}) returned its gradient, of norm {norm}, and fills no .grad: use backward()."
    return (
        f"A backward pass ({where}) gave it a gradient of norm {norm}; after that .grad was set to None, as "
        "zero_grad() does. Read it before."
    )


def not_called(tape: Tape, node: Node) -> str:
    """A word on the module that a parameter is of."""
    name = tape.names.of_node(node)
    called = {tape.names.of_module(module) for op in tape.ops for module in op.modules}
    owner = name.rpartition(".")[0]
    return f"; its module {owner} recorded nothing." if owner and owner not in called else "."


def reason_on_the_way(tape: Tape, users: list[Op]) -> str:
    """It was used, and no gradient came: either what came of it led to no loss, or the passes wanted others."""
    reached = {message.node for one in tape.passes for message in one.messages}
    reached.update(root for one in tape.passes for root in one.roots)
    below = descendants(tape, users)
    if any(op.node in reached for op in below):
        where = at(position(tape.passes[-1].place)) if tape.passes[-1].place is not None else "the pass"
        return f"The backward pass was asked for the gradients of other tensors alone ({where})."
    used = {x.edge for op in below for x in op.operands}
    ends = [op for op in below if op.node not in used]
    last = ends[-1]
    name = tape.names.of_node(last.node) or last.name
    text = f"Cut: it led to {name} ({at(last.position)}), and from there no gradient came"
    if (line := where_it_left(tape, last)) is not None:
        return f"{text}: {at(line)} takes it out of the graph."
    return f"{text}: no backward pass started from what was computed of it."


def descendants(tape: Tape, users: list[Op]) -> list[Op]:
    """Some ops and all that were computed from their results."""
    found = {op.node for op in users}
    for op in tape.ops:
        if any(x.edge in found for x in op.operands):
            found.add(op.node)
    return [op for op in tape.ops if op.node in found]


def where_it_left(tape: Tape, op: Op) -> Position | None:
    """The user's line that took a result out of the graph: one after the op, that says so."""
    here = op.position
    name = tape.names.of_node(op.node).rpartition(".")[2]
    for one in tape.passes:
        end = position(one.place).line if one.place is not None else here.line
        for line in range(here.line, end + 1):
            text = linecache.getline(here.file, line).strip()
            if (found := LEAVING.search(text)) and (not name or re.search(rf"\b{re.escape(name)}\b", text)):
                return Position(here.file, line, text, found.start(), found.end())
    return None


def at(where: Position) -> str:
    """`script.py:12: h = x.detach()`."""
    return f"{short_path(where.file)}:{where.line}: {where.text}"
