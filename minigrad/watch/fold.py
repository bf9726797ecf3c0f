"""Folding: what is repeated is shown once, and a line that recorded a great many ops is shown as one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from minigrad.watch.source import Position
from minigrad.watch.tape import Op

LONG = 12
"""A line of the user's with more ops than this, alike or not, is one piece."""
LONGEST_PERIOD = 64


@dataclass(eq=False)
class Piece:
    """Ops in a row, of which only some are shown."""

    ops: list[Op]
    shown: list[Op]
    """All; or the first of several equal blocks; or none, where they are a long line."""
    times: int = 1

    @property
    def hidden(self) -> list[Op]:
        """The ops that are not shown."""
        return self.ops[len(self.shown) :]


def folded(ops: list[Op]) -> list[Piece]:
    """Ops in pieces: equal blocks that follow each other are one piece, as are the many ops of one line."""
    pieces = []
    for position, group in groupby(ops, line_in_module):
        together = list(group)
        of_line = blocks(together)
        is_long = position is not None and sum(len(piece.shown) for piece in of_line) > LONG
        pieces.append([Piece(together, [])] if is_long else together)
    return [piece for part in joined(pieces) for piece in (part if isinstance(part[0], Piece) else blocks(part))]


def joined(parts: list[list[Any]]) -> list[list[Any]]:
    """Lists of ops that follow each other, made one."""
    result: list[list[Any]] = []
    for part in parts:
        if result and isinstance(part[0], Op) and isinstance(result[-1][0], Op):
            result[-1] += part
        else:
            result.append(list(part))
    return result


def blocks(ops: list[Op]) -> list[Piece]:
    """Ops with equal blocks folded."""
    pieces = []
    alike = [signature(op) for op in ops]
    i = 0
    while i < len(ops):
        period, times = repetition(alike, i)
        pieces.append(Piece(ops[i : i + period * times], ops[i : i + period], times))
        i += period * times
    return pieces


def signature(op: Op) -> Any:
    """What equal ops have in common: the expression, the op, the kind of module, the shapes."""
    modules = [type(module) for module in op.modules]
    shapes = [x.value.shape if x.value is not None else x.given for x in op.operands if x.given is not None]
    return op.position, op.name, modules, op.node.shape, str(shapes)


def repetition(alike: list[Any], start: int) -> tuple[int, int]:
    """How long the block is that repeats from here on, and how often it comes; once, if it is not worth folding."""
    best = 1, 1
    for period in range(1, min(LONGEST_PERIOD, (len(alike) - start) // 2) + 1):
        block, times = alike[start : start + period], 1
        while alike[start + times * period : start + (times + 1) * period] == block:
            times += 1
        if (times > 2 or (times == 2 and period > 3)) and period * times > best[0] * best[1]:
            best = period, times
    return best


def line_in_module(op: Op) -> tuple[str, int] | None:
    """The user's line of an op that no module recorded."""
    return None if op.modules else line_of(op.position)


def line_of(position: Position) -> tuple[str, int]:
    """File and number."""
    return position.file, position.line


def numbers_of(ops: list[Op]) -> str:
    """`(3)` or `(3)-(7)`."""
    first, last = ops[0].number, ops[-1].number
    return f"({first})" if first == last else f"({first})-({last})"
