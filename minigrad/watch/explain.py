"""A step in words: each op under the user's expression, then what every rule did with the gradient that came."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from minigrad.engine.graph import Node, rule_name
from minigrad.watch.arrays import Seen, described, not_finite, number, one_line, shape_text
from minigrad.watch.called import Called, outer_line
from minigrad.watch.fold import Piece, folded, line_of, numbers_of
from minigrad.watch.rules import lines_that_ran
from minigrad.watch.source import Position, file_and_line, position, short_path
from minigrad.watch.tape import Message, Op, Pass, Tape

WIDTH = 100
MANY = 10
"""With more ops to show than this, every array takes one line."""


def explanation(tape: Tape) -> str:
    """The whole step as text of at most 100 columns."""
    return Explanation(tape).text()


class Explanation(Called):
    """Text that grows by a line at a time."""

    def __init__(self, tape: Tape, compared: dict[Node, str] | None = None) -> None:
        super().__init__(tape)
        self.compared = compared or {}  # with PyTorch: what there is to say of each leaf
        self.lines = list[str]()
        self.sources = set[Any]()  # of rules, each shown once
        self.is_long = sum(len(piece.shown) for piece in folded(tape.ops)) > MANY
        self.file: str = ""  # of the line shown last
        self.outer: tuple[str, int] | None = None

    def text(self) -> str:
        """Forward and backward in the order in which they happened, then the parameters."""
        begin = 0
        for which, one in enumerate(self.tape.passes, 1):
            self.forward(self.tape.ops[begin : one.recorded_before])
            self.backward(one, which)
            begin = one.recorded_before
        self.forward(self.tape.ops[begin:])
        self.parameters()
        if self.tape.error is not None:
            kind = type(self.tape.error).__name__
            self.put(0, f"Here the step ended: {kind}: {str(self.tape.error).splitlines()[0] or kind}", before="")
        if self.tape.hint:
            self.put(0, self.tape.hint, before="")
        return "\n".join(line.rstrip() for line in self.lines).strip("\n")

    def put(self, indent: int, text: str, before: str | None = None, prefix: str = "") -> None:
        """A line, and more of them where it is too long; before: an empty line first."""
        if before is not None:
            self.lines.append(before)
        start = " " * indent + prefix
        self.lines += textwrap.wrap(
            text, WIDTH, initial_indent=start, subsequent_indent=start + "    ", break_on_hyphens=False,
            replace_whitespace=False, drop_whitespace=True,
        ) or [start.rstrip()]  # fmt: skip

    def put_array(self, indent: int, head: str, sign: str, seen: Seen | None, shape: tuple[int, ...] = ()) -> None:
        """An array after some words and a sign; it may take several lines."""
        first, *rest = self.described(seen) if seen is not None else [f"{shape_text(shape)}  (not kept)"]
        if indent + len(head + sign + first) <= WIDTH:
            self.put(indent, head + sign + first)
        else:
            self.put(indent, head)
            self.put(indent + 4, sign + first)
        self.lines += [" " * (indent + 2) + row for row in rest]

    def described(self, seen: Seen) -> list[str]:
        """An array in lines; in a long explanation in one."""
        lines = described(seen)
        return lines if len(lines) == 1 or not self.is_long else [one_line(seen)]

    # Forward ------------------------------------------------------------------------------------------------

    def forward(self, ops: list[Op]) -> None:
        """The ops, each under the user's line that called it."""
        if not ops:
            return
        self.file, self.outer = (outer_line(ops[0]) or ops[0].position).file, None
        self.lines += ["", f"FORWARD  {short_path(self.file)}"]
        for _, group in groupby(entries(ops), lambda entry: line_of(entry[0].position)):
            shown = list(group)
            self.users_line([op for op, _ in shown], all(piece is not None and not piece.shown for _, piece in shown))
            for op, piece in shown:
                if piece is None:
                    self.op(op)
                else:
                    self.not_shown(piece)

    def users_line(self, ops: list[Op], is_long: bool) -> None:
        """The user's line once, and under it what part of it each op is; of a long line not."""
        here, outer = ops[0].position, outer_line(ops[0])
        self.lines.append("")
        if outer is not None and line_of(outer) != self.outer and line_of(outer) != line_of(here):
            self.source_line(outer)
        self.outer = line_of(outer) if outer is not None else None
        margin = self.source_line(here)
        for part, marked in groupby([] if is_long else ops, lambda op: op.position):
            start, stop = margin + part.start, min(margin + part.stop, WIDTH - 12)
            if start < stop:
                self.lines.append(" " * start + "~" * (stop - start) + " " + numbers_of(list(marked)))

    def source_line(self, at: Position) -> int:
        """A line with its number, and its file's name where another file begins; the column where its text begins."""
        if at.file != self.file:
            self.put(0, short_path(at.file))
        self.file = at.file
        self.lines.append(cut(f"{at.line:5}  {at.text}"))
        return 7

    def not_shown(self, piece: Piece) -> None:
        """In a line, ops that are not shown: those of a long line, or the further blocks of equal ones."""
        if not piece.shown:
            kinds = Counter(op.name for op in piece.ops)
            counts = ", ".join(f"{n} {name}" for name, n in kinds.most_common())
            head = f"{numbers_of(piece.ops)}  {len(piece.ops)} ops: {counts}"
            self.put_array(7, f"{head:46}", self.arrow(piece.ops[-1]), piece.ops[-1].value)
        else:
            where = self.module_path(piece.hidden[-1])
            more = "once more" if piece.times == 2 else f"{piece.times - 1} times more"
            last = f", the last in {where}" if where else ""
            self.put(7, f"... the same {more}: {numbers_of(piece.hidden)}{last}")

    def op(self, op: Op) -> None:
        """An op with the names of its operands, and its result."""
        where = self.module_path(op)
        head = f"({op.number}) {self.call(op)}" + (f"  in {where}" if where else "")
        self.put_array(7, f"{head:46}", self.arrow(op), op.value, op.node.shape)

    def arrow(self, op: Op) -> str:
        """The sign before an op's result, and the user's name for it."""
        return f"  -> {self.names[op.node]} " if op.node in self.names else "  -> "

    # Backward -----------------------------------------------------------------------------------------------

    def backward(self, one: Pass, which: int) -> None:
        """What every rule did in one pass."""
        self.lines += ["", f"BACKWARD {which}" if len(self.tape.passes) > 1 else "BACKWARD"]
        if one.place is not None:
            at = position(one.place)
            self.lines.append(cut(f"{at.line:5}  {at.text}"))
        for root in one.roots:
            g = one.arrived[root]
            own = "is 1" if not g.shape and g.host.item() == 1 else f"was given: {one_line(g)}"
            self.put(7, f"It starts at {self.called(root)}, whose own gradient {own}.")
        hidden = {op.node: piece for piece in folded(self.tape.ops) for op in piece.hidden}
        if self.is_long:
            self.lines.append("")
        for piece, messages in groupby(one.messages, lambda message: hidden.get(message.node)):
            if piece is None:
                for node, those in groupby(messages, lambda message: message.node):
                    self.rules_of(node, list(those), one)
            else:
                self.folded_rules(piece, list(messages))

    def rules_of(self, node: Node, messages: list[Message], one: Pass) -> None:
        """The gradient that came to an op, and what it sends on."""
        op = self.tape.by_node.get(node)
        at = position(node.place)
        head = f"({op.number}) {op.name}" if op else rule_name(messages[0].rule)
        where = self.module_path(op) if op else ""
        text = f"{head}  line {at.line}: {at.expression}" + (f"  in {where}" if where else "")
        self.put(2, text, before=None if self.is_long else "")
        self.put_array(6, "g arrives", "     ", messages[0].g)
        for message in messages:
            self.rule(message, one)

    def rule(self, message: Message, one: Pass) -> None:
        """What one rule did, and what became of it."""
        head = f"{self.label(message)} -> {self.receiver(message, one)}   by {rule_name(message.rule)}"
        if message.rule in self.sources:
            indent = 6
        else:
            self.sources.add(message.rule)
            self.put(6, f"{head}, {file_and_line(message.rule)}")
            for line in lines_that_ran(message.rule, message.run)[:8]:
                self.put(10, line, prefix="| ")
            for name, seen in (message.run.locals if message.run else {}).items():
                if not seen.same_as(message.sent):
                    self.put_array(10, name, " = ", seen)
            head, indent = "", 10
        sign = "   = " if head else "= "
        if message.sent.same_as(message.g):
            self.put(indent, f"{head}{sign}g itself")
        else:
            self.put_array(indent, head, sign, message.sent)
        if message.axes:
            axes = ", ".join(map(str, message.axes))
            self.put_array(10, f"broadcast undone: sum over dim {axes}", " = ", message.fitted)
        if message.before is not None:
            if not self.is_long:
                self.put_array(10, "+ what was there already", " = ", message.before)
            self.put_array(10, "with what was there already" if self.is_long else "together", " = ", message.total)

    def folded_rules(self, piece: Piece, messages: list[Message]) -> None:
        """In two lines, what the ops did that are not shown."""
        ops = f"({piece.hidden[-1].number})-({piece.hidden[0].number})"
        leaves = len({message.edge for message in messages if not message.edge.rules})
        to = f"; gradients for {leaves} leaves" if leaves else ""
        if piece.shown:
            ends = number(messages[0].g.statistics.norm), number(messages[-1].g.statistics.norm)
            to = f" as {numbers_of(piece.shown)}{to}; norm of g from {ends[0]} to {ends[1]}"
        self.put(2, f"{ops}  {len(piece.hidden)} ops{to}", before=None if self.is_long else "")

    # Parameters ---------------------------------------------------------------------------------------------

    def parameters(self) -> None:
        """The leaves that needed a gradient: value, and `.grad` as it is in the end."""
        if not self.tape.leaves:
            return
        rows = [["LEAVES", "shape", "norm", "norm of .grad", *(["torch's differs by"] if self.compared else [])]]
        for leaf, tensor in self.tape.leaves.items():
            grad = self.tape.grads.get(leaf)
            value = first_value(self.tape, leaf) or Seen(tensor)
            shown = "None" if grad is None else number(grad.statistics.norm)
            bad = f"  ({not_finite(grad.statistics)})" if grad is not None and not_finite(grad.statistics) else ""
            row = [self.called(leaf), shape_text(value.shape), number(value.statistics.norm), shown + bad]
            rows.append([*row, *([self.compared.get(leaf, "")] if self.compared else [])])
        widths = [max(map(len, column)) for column in zip(*rows)]
        self.lines.append("")
        for name, *numbers in rows:
            cells = "   ".join(cell.rjust(width) for cell, width in zip(numbers, widths[1:]))
            self.lines.append(cut(f"{name:{widths[0]}}   {cells}"))


def entries(ops: list[Op]) -> Iterator[tuple[Op, Piece | None]]:
    """The ops to show in their order; and, with the op that they stand behind, the pieces that are not shown."""
    for piece in folded(ops):
        yield from ((op, None) for op in piece.shown)
        if piece.hidden:
            yield (piece.shown or piece.ops)[-1], piece


def first_value(tape: Tape, leaf: Node) -> Seen | None:
    """What a leaf was when it was first used."""
    return next((x.value for op in tape.ops for x in op.operands if x.edge is leaf), None)


def cut(line: str) -> str:
    """A line that is too long, cut."""
    return line if len(line) <= WIDTH else line[: WIDTH - 3] + "..."
