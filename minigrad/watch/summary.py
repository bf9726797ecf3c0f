"""A table of the ops of a step: shapes and parameters, as far as it came."""

from __future__ import annotations

from minigrad.nn.module import Module
from minigrad.watch.arrays import shape_text
from minigrad.watch.fold import Piece, folded, numbers_of
from minigrad.watch.tape import Op, Tape


def summary(tape: Tape) -> str:
    """For each op where it was, what shapes it took and made, and the parameters that it was the first to use."""
    counted: set[object] = set()
    rows = [["", "op", "takes", "makes", "parameters"]]
    for piece in folded(tape.ops):
        rows += [row(tape, op, counted) for op in piece.shown]
        if piece.hidden:
            rows.append(folded_row(tape, piece, counted))
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = [
        "   ".join([*(cell.ljust(width) for cell, width in zip(cells, widths)), last.rjust(widths[-1])]).rstrip()
        for *cells, last in rows
    ]
    lines += ["", f"{sum(tensor.array.size for tensor in tape.leaves.values()):,} parameters"]
    if tape.error is not None:
        kind = type(tape.error).__name__
        lines.append(f"Here the step ended: {kind}: {str(tape.error).splitlines()[0] if str(tape.error) else ''}")
    return "\n".join(lines)


def row(tape: Tape, op: Op, counted: set[object]) -> list[str]:
    """An op."""
    taken = [shape_text(x.value.shape) for x in op.operands if x.value is not None and not is_parameter(x.edge)]
    own = new_parameters([op], counted)
    return [called(tape, op), op.name, ", ".join(taken), shape_text(op.node.shape), f"{own:,}" if own else ""]


def folded_row(tape: Tape, piece: Piece, counted: set[object]) -> list[str]:
    """The ops of a piece that are not shown."""
    own = f"{new_parameters(piece.hidden, counted):,}"
    shape = shape_text(piece.ops[-1].node.shape)
    what = f"the same, {piece.times - 1} more" if piece.shown else f"{len(piece.ops)} ops"
    return [called(tape, piece.ops[-1]) or numbers_of(piece.hidden), what, "", shape, own if own != "0" else ""]


def called(tape: Tape, op: Op) -> str:
    """The path and the kind of the module that an op is in, else the user's line."""
    if not op.modules:
        return f"line {op.position.line}"
    module: Module = op.modules[-1]
    path, kind = tape.names.of_module(module), type(module).__name__
    return path if path == kind else f"{path} ({kind})"


def is_parameter(edge: object) -> bool:
    """Whether an operand's node is a leaf."""
    return edge is not None and not edge.rules  # type: ignore[attr-defined]


def new_parameters(ops: list[Op], counted: set[object]) -> int:
    """How many numbers the leaves have that these ops are the first to use."""
    total = 0
    for op in ops:
        for x in op.operands:
            if is_parameter(x.edge) and x.edge not in counted and x.value is not None:
                counted.add(x.edge)
                total += x.value.array.size
    return total
