"""A step as a picture: the graph in the language DOT, laid out by Graphviz.

A dashed box is a line of the user's, a filled one a module, a rounded one an op; parameters and data are cells of the
op that uses them first.  An edge has the shape of what is handed on (a single number itself) and, in brown, the
gradient that comes back by it.  Equal blocks are drawn once.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from minigrad.engine.graph import Node
from minigrad.nn.module import Module
from minigrad.watch.arrays import Seen, number, shape_text
from minigrad.watch.called import Called
from minigrad.watch.fold import Piece, folded
from minigrad.watch.source import position, short_path
from minigrad.watch.tape import Message, Op, Operand, Tape, below

INK, LINE, PALE = "#1b2733", "#5b6b7b", "#aab4be"
OP, PARAMETER, DATA, RESULT, MODULE, GRADIENT = "#eef3f8", "#fff1d6", "#f0f0f0", "#e3f2e6", "#f7f9fb", "#9a4a00"
HEAD = f"""\
digraph step {{
nodesep=0.25; ranksep=0.35; margin=0.1; bgcolor="white"; labeljust=l;
fontname="Arial"; fontsize=11; fontcolor="{LINE}";
node [fontname="Arial", fontsize=12, shape=plain, fontcolor="{INK}"];
edge [fontname="Arial", fontsize=10, color="{LINE}", fontcolor="{LINE}", arrowsize=0.7];"""
MANY_READS = 4
"""An op that reads more parameters than this from elsewhere says how many, and no arrow is drawn for each."""
LONGEST_TITLE = 58
CELLS_IN_A_ROW = 3


ENDINGS = (".svg", ".png", ".dot")


class NoGraphviz(RuntimeError):
    """Neither graphviz-pure nor dot is there."""


def draw(tape: Tape, file: str | os.PathLike[str], sideways: bool = False) -> None:
    """Write the picture of a step to a file: .svg, .png or .dot.  ValueError for another ending."""
    path = Path(file)
    kind = path.suffix[1:].lower()
    if not path.name.lower().endswith(ENDINGS):
        raise ValueError(f"a picture's name ends in .svg, .png or .dot, but this one is {path.name!r}")
    text = Picture(tape, sideways).dot()
    if kind == "dot":
        path.write_text(text, encoding="utf-8")
    else:
        path.write_bytes(laid_out(text, kind))


def graphviz() -> str:
    """The command that lays graphs out.  NoGraphviz, with what to install, where there is none."""
    bin = os.path.dirname(sys.executable)
    places = os.pathsep.join([bin, os.environ.get("PATH", "")])
    command = shutil.which("graphviz-pure", path=places) or shutil.which("dot", path=places)
    if command is None:
        raise NoGraphviz(
            "drawing needs Graphviz: pip install graphviz-pure (or minigrad with its extra [draw]), or install "
            "Graphviz itself, whose command is dot. A file named .dot needs neither."
        )
    return command


def laid_out(dot: str, kind: str) -> bytes:
    """The picture that Graphviz makes of a text in DOT.  RuntimeError where there is no Graphviz."""
    command = graphviz()
    options = ["-Gdpi=110"] if kind == "png" else []
    ended = subprocess.run([command, f"-T{kind}", *options], input=dot.encode(), capture_output=True)
    if ended.returncode:
        raise RuntimeError(f"{os.path.basename(command)} failed: {ended.stderr.decode(errors='replace')[:500]}")
    return ended.stdout


@dataclass
class Group:
    """A box round ops: a line of the user's or a module."""

    kind: str
    title: str
    parts: dict[Any, Group | str] = field(default_factory=dict)
    """Groups by what they are of, and the DOT of ops."""


class Picture(Called):
    """Makes the DOT of a step."""

    def __init__(self, tape: Tape, sideways: bool = False) -> None:
        super().__init__(tape)
        self.direction = "rankdir=LR;" if sideways else "rankdir=TB;"
        self.ops = ops_of_last_pass(tape)
        self.messages = {(m.node, m.index): m for one in tape.passes for m in one.messages}
        self.totals = {m.edge: m.total for one in tape.passes for m in one.messages}
        self.pieces = folded(self.ops)
        self.piece_of = {op.node: piece for piece in self.pieces for op in piece.ops}
        self.drawn_as = {op.node: drawn for piece in self.pieces for op, drawn in drawn_ops(piece)}
        self.homes = self.homes_of_cells()
        shown = [op for piece in self.pieces for op in piece.shown]
        self.ops_of_modules = Counter(module for op in shown for module in op.modules)

    def homes_of_cells(self) -> dict[Any, tuple[Op, Operand]]:
        """For each parameter and each piece of data the op that used it first, in which it is drawn."""
        homes: dict[Any, tuple[Op, Operand]] = {}
        for op in self.ops:
            for x in op.operands:
                if x.edge not in self.drawn_as and not self.constant(x):
                    homes.setdefault(key_of(x), (op, x))
        return homes

    def dot(self) -> str:
        """The whole text."""
        root = Group("", "")
        for piece in self.pieces:
            for op in piece.shown:
                self.put(root, op.where, op, self.op_node(op, piece))
            if not piece.shown:
                last = piece.ops[-1]
                self.put(root, last.where[:1], last, self.box(piece))
        groups = list(self.lines_of(root, Counter()))
        return "\n".join([HEAD, self.direction, *groups, *dict.fromkeys(self.edges()), "}"]) + "\n"

    # Boxes --------------------------------------------------------------------------------------------------

    def put(self, root: Group, where: Any, op: Op, text: str) -> None:
        """An op in the boxes of its lines and modules."""
        group = root
        for step in where:
            key, kind, title = self.box_of(step)
            inner = group.parts.setdefault(key, Group(kind, title))
            assert isinstance(inner, Group)
            group = inner
        group.parts[op] = text

    def box_of(self, step: Any) -> tuple[Any, str, str]:
        """What tells the box of a line or a module from others, its kind and its title."""
        if isinstance(step, Module):
            return id(step), "module", f"{self.tape.names.of_module(step)}  ({type(step).__name__})"
        at = position(step)
        file = "" if at.file == position(self.ops[0].node.place).file else f"{short_path(at.file)}:"
        return (at.file, at.line), "line", f"{file}{at.line}  {at.text}"

    def lines_of(self, group: Group, counter: Counter[str]) -> Any:
        """The DOT of what is in a box.  A box of a single thing is left out where it adds nothing."""
        for part in group.parts.values():
            if isinstance(part, str):
                yield part
                continue
            only = next(iter(part.parts.values())) if len(part.parts) == 1 else None
            if part.kind == "module" and isinstance(only, Group) and only.kind == "line":
                yield from self.lines_of(Group("", "", {0: Group("module", part.title, only.parts)}), counter)
            elif only is not None and (part.kind == "module" or (isinstance(only, Group) and only.kind == "line")):
                yield from self.lines_of(part, counter)
            else:
                counter["boxes"] += 1
                number_of_box = counter["boxes"]
                title = part.title if len(part.title) <= LONGEST_TITLE else part.title[: LONGEST_TITLE - 3] + "..."
                style, fill = ("rounded,dashed", "white") if part.kind == "line" else ("rounded,filled", MODULE)
                yield f'subgraph cluster_{number_of_box} {{ id="box{number_of_box}"; class="{part.kind}";'
                yield f'label=<<font face="Courier">{escape(title)}</font>>; style="{style}"; fillcolor="{fill}";'
                yield f'color="{PALE}"; margin=10;'
                yield from self.lines_of(part, counter)
                yield "}"

    # Ops ----------------------------------------------------------------------------------------------------

    def op_node(self, op: Op, piece: Piece) -> str:
        """An op with its parameters and data, and the result where it ends there."""
        head = f"<b>{escape(op.name)}</b>"
        if op.modules and self.ops_of_modules[op.modules[-1]] == 1:  # of several ops it is a box, with a title
            head += f"  {small(self.module_path(op), LINE)}"
        if piece.times > 1:
            head += f"  {small(f'x {piece.times}', GRADIENT)}"
        rows = [head]
        cells = [self.cell(op, key, x) for key, (home, x) in self.homes.items() if home is op]
        cells += [
            f'<td align="left">{escape(text)}</td>'
            for x in op.operands
            if x.given is not None and (text := self.constant(x))
        ]
        if (reads := self.reads_elsewhere(op)) > MANY_READS:
            rows.append(small(f"reads {reads} parameters", LINE))
        ends = op.node in self.roots()
        if ends:
            rows.append(escape(self.result(op)))
        return node_text(op, rows, cells, ends)

    def box(self, piece: Piece) -> str:
        """The many ops of a long line as one."""
        counts = ", ".join(f"{n} {name}" for name, n in Counter(op.name for op in piece.ops).most_common(5))
        leaves = {x.edge for op in piece.ops for x in op.operands if x.edge is not None and not x.edge.rules}
        rows = [f"<b>{len(piece.ops)} ops</b>  {small(counts, LINE)}"]
        if leaves:
            rows.append(small(f"reads {len(leaves)} parameters", LINE))
        return node_text(piece.ops[-1], rows, [], piece.ops[-1].node in self.roots())

    def cell(self, op: Op, key: Any, x: Operand) -> str:
        """A parameter or a piece of data, in an op."""
        is_leaf = x.edge is not None
        name = (self.names.get(x.edge) if x.edge is not None else self.tape.names.of_constant(x.given)) or x.label
        name = name.removeprefix(self.module_path(op) + ".")
        is_number = x.value is not None and not x.value.shape
        text = f"{escape(name)} {small(('= ' if is_number else '') + value_text(x.value), INK)}"
        total = self.totals.get(x.edge) if x.edge is not None else None
        if total is not None:
            text += f'<br align="left"/>{small(gradient_text(total), GRADIENT)}<br align="left"/>'
        kind, fill, sides = ("leaf", PARAMETER, "LTRB") if is_leaf else ("data", DATA, "B")
        port = self.port(key)
        return (
            f'<td port="{port}" id="{port}" tooltip="{escape(name)} ({kind})" align="left" border="1" sides="{sides}" '
            f'color="{LINE}" bgcolor="{fill}">{text}</td>'
        )

    def constant(self, x: Operand) -> str:
        """A number without a name that is an operand; empty for others."""
        if x.edge is not None:
            return ""
        if x.value is None:
            return repr(x.given)
        return "" if x.value.shape or self.tape.names.of_constant(x.given) else number(x.value.host.item())

    def port(self, key: Any) -> str:
        """The name of a cell."""
        return f"x{list(self.homes).index(key) + 1}"

    def roots(self) -> list[Node]:
        """The nodes that backward passes start from; without a pass the ops whose result no other uses."""
        if self.tape.passes:
            return self.tape.passes[-1].roots
        used = {x.edge for op in self.ops for x in op.operands}
        return [op.node for op in self.ops if op.node not in used]

    def result(self, op: Op) -> str:
        """What a result is: its name and number, or shape."""
        return f"{self.names.get(op.node, '')} = {value_text(op.value, op.node.shape)}".strip()

    def reads_elsewhere(self, op: Op) -> int:
        """How many parameters, drawn in other ops, an op reads; for one of a long line, how many the whole line."""
        piece = self.piece_of[op.node]
        ops = [op] if piece.shown else piece.ops
        keys = {key_of(x) for each in ops for x in each.operands if x.edge is not None}
        return sum(self.homes[key][0] not in ops for key in keys if key in self.homes)

    # Edges --------------------------------------------------------------------------------------------------

    def edges(self) -> Any:
        """An edge for each operand that another op made, and for each parameter that is used again."""
        drawn: set[tuple[Any, ...]] = set()
        for op in self.ops:
            for index, x in enumerate(op.operands):
                if x.edge in self.drawn_as:
                    yield from self.edge(x.edge, op, index, drawn)
                elif x.edge is not None and self.reads_elsewhere(op) <= MANY_READS:
                    yield from self.dashed(op, key_of(x))

    def edge(self, source: Node, op: Op, index: int, drawn: set[tuple[Any, ...]]) -> Any:
        """From what made an operand to the op, if it is to be drawn, and once."""
        a, b = self.drawn_as[source], self.drawn_as[op.node]
        kind = self.kind_of_edge(source, op)
        key = (a, b, kind, index if self.piece_of[op.node].shown else None)
        if kind is None or key in drawn:
            return
        drawn.add(key)
        name = self.id_of_edge(source, op, index)
        if kind == "repeats":
            look = 'class="flow again", style=dashed, constraint=false, label="repeats"'
            yield f'{id_of(a)} -> {id_of(b)} [id="{name}", {look}];'
        else:
            text = self.edge_text(self.tape.by_node[source], self.messages.get((op.node, index)))
            label = f'<table border="0" cellpadding="3" cellspacing="0"><tr><td align="left">{text}</td></tr></table>'
            yield f'{id_of(a)} -> {id_of(b)} [id="{name}", class="flow", weight=8, label=<{label}>];'

    def id_of_edge(self, source: Node, op: Op, index: int) -> str:
        """The name of the edge by which an op gets an operand."""
        return f"{id_of(self.drawn_as[source])}-{id_of(self.drawn_as[op.node])}-{index}"

    def kind_of_edge(self, source: Node, op: Op) -> str | None:
        """A block that is not drawn has no edges but one from its last op to the first of the next: "repeats"."""
        piece = self.piece_of[op.node]
        inside = self.piece_of[source] is piece
        if op in piece.shown or (not piece.shown and not inside):
            return "flow"
        backwards = self.drawn_as[source].number >= self.drawn_as[op.node].number
        return "repeats" if piece.shown and inside and backwards else None

    def edge_text(self, made: Op, message: Message | None) -> str:
        """What is handed on, and the gradient that comes back."""
        name = self.names.get(made.node)
        text = (f"<b>{escape(name)}</b> " if name else "") + escape(value_text(made.value, made.node.shape))
        if message is None:
            return text
        line = '<br align="left"/>'
        return f'{text}{line}<font color="{GRADIENT}">{gradient_text(message.fitted)}</font>{line}'

    def dashed(self, op: Op, key: Any) -> Any:
        """From a parameter's cell to another op that uses it."""
        home, to = self.homes[key][0], self.drawn_as[op.node]
        if home is not op and self.drawn_as[home.node] is home and home is not to:
            look = 'class="again", style=dashed, weight=0, arrowhead=open'
            yield f'{id_of(home)}:{self.port(key)} -> {id_of(to)} [id="{self.port(key)}-{id_of(to)}", {look}];'


def ops_of_last_pass(tape: Tape) -> list[Op]:
    """The ops that led to where the last backward pass began; without a pass all."""
    if not tape.passes:
        return tape.ops
    wanted = set[Node]().union(*map(below, tape.passes[-1].roots))
    return [op for op in tape.ops if op.node in wanted]


def drawn_ops(piece: Piece) -> list[tuple[Op, Op]]:
    """Each op of a piece with the one that is drawn for it."""
    if not piece.shown:
        return [(op, piece.ops[-1]) for op in piece.ops]
    return [(op, piece.shown[i % len(piece.shown)]) for i, op in enumerate(piece.ops)]


def key_of(x: Operand) -> Any:
    """What tells an operand from others: its node; the tensor, where it has none."""
    return x.edge if x.edge is not None else id(x.given)


def id_of(op: Op) -> str:
    """The name of an op in DOT."""
    return f"op{op.number}"


def node_text(op: Op, rows: list[str], cells: list[str], ends: bool) -> str:
    """A node: a table with a row for the name, rows of cells, and further rows."""
    width, colour, fill = (3, INK, RESULT) if ends else (1, LINE, OP)
    first, *rest = [f'<tr><td align="left" colspan="{CELLS_IN_A_ROW}">{row}</td></tr>' for row in rows]
    packed = ["<tr>" + "".join(cells[i : i + CELLS_IN_A_ROW]) + "</tr>" for i in range(0, len(cells), CELLS_IN_A_ROW)]
    table = (
        f'<table border="{width}" color="{colour}" cellborder="0" cellspacing="3" cellpadding="4" style="rounded" '
        f'bgcolor="{fill}">{"".join([first, *packed, *rest])}</table>'
    )
    return f'{id_of(op)} [id="{id_of(op)}", class="op{" result" if ends else ""}", label=<{table}>];'


def small(text: str, colour: str) -> str:
    """Text in a smaller font."""
    return f'<font color="{colour}" point-size="10">{escape(text)}</font>'


def value_text(seen: Seen | None, shape: tuple[int, ...] = ()) -> str:
    """A single number itself, else a shape."""
    if seen is None:
        return shape_text(shape)
    return number(seen.host.item()) if not seen.shape else shape_text(seen.shape)


def gradient_text(seen: Seen) -> str:
    """A single gradient itself, of several the norm."""
    if not seen.shape:
        return f"grad {number(seen.host.item())}"
    return f"|grad| {number(seen.statistics.norm)}"
