"""A step as a page that plays it: one HTML file with the graph, and a card for each op and each rule.

Python says what happened, with the words of the explanation and the picture of draw; page/replay.js only shows it.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.engine.graph import Node, rule_name
from minigrad.nn.module import Module
from minigrad.watch.arrays import WHOLE, Seen, not_finite, number, one_line, shape_text
from minigrad.watch.called import Called, outer_line
from minigrad.watch.draw import NoGraphviz, Picture, id_of, laid_out
from minigrad.watch.explain import first_value
from minigrad.watch.rules import listing
from minigrad.watch.source import Position, file_and_line, position, short_path
from minigrad.watch.tape import Message, Op, Pass, Tape

PAGE = Path(__file__).parent / "page"
PAGES = ".html", ".htm"
ROWS, COLUMNS = 6, 8
"""Of a larger array so many are shown."""
TILES, TILE = 6, 32
"""So many images of an array are shown, of at most 32x32 points."""


def replay(tape: Tape, file: str | os.PathLike[str], compared: dict[Node, str] | None = None) -> None:
    """Write the page of a step to a file: .html.  ValueError for another ending."""
    if not os.fspath(file).lower().endswith(PAGES):
        raise ValueError(f"a page's name ends in .html, but this one is {Path(file).name!r}")
    Path(file).write_text(page(tape, compared), encoding="utf-8")


def page(tape: Tape, compared: dict[Node, str] | None = None) -> str:
    """The whole page.  It loads nothing, and lets nothing run but its own script."""
    shown = Replay(tape, compared)
    data = shown.data()
    script = (PAGE / "replay.js").read_text(encoding="utf-8")
    parts = {
        "title": html.escape(shown.title()),
        "style": (PAGE / "replay.css").read_text(encoding="utf-8"),
        "script": script,
        "hash": base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        "graph": shown.graph(),
        "data": json.dumps(data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c"),
    }
    template = (PAGE / "replay.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], template)


class Replay(Called):
    """Makes the data of the page: steps, and the arrays, lines and rules that they show, each of them once."""

    def __init__(self, tape: Tape, compared: dict[Node, str] | None = None) -> None:
        super().__init__(tape)
        self.compared = compared or {}
        self.picture = Picture(tape)
        self.dot = self.picture.dot() if tape.ops else ""
        self.ids = set(re.findall(r'id="([^"]+)"', self.dot))
        self.arrays, self.lines, self.rules = Table(), Table(), Table()
        self.last_to = {m.edge: m for one in tape.passes for m in one.messages}
        self.leaves = list(tape.leaves)

    def called(self, node: Node, label: str = "a leaf") -> str:
        """As in the explanation, and where that has the number of an op with its name before it: `relu (2)`."""
        is_named = node in self.names or node not in self.tape.by_node
        return super().called(node, label) if is_named else f"{self.tape.by_node[node].name} {super().called(node)}"

    def data(self) -> dict[str, Any]:
        """All that the page shows."""
        steps = list(self.steps())
        leaves = [self.leaf(leaf) for leaf in self.leaves]
        tables = {"arrays": self.arrays.rows, "lines": self.lines.rows, "rules": self.rules.rows}
        return {"steps": steps, "leaves": leaves, "hint": self.tape.hint, **tables}

    def title(self) -> str:
        """The script and what it computed: `circles.py, loss 0.687`."""
        if not self.tape.ops:
            return "a program"
        file = short_path((outer_line(self.tape.ops[0]) or self.tape.ops[0].position).file)
        roots = [op for op in self.tape.ops if op.node in self.picture.roots()]
        return ", ".join([file, *(self.picture.result(op) for op in roots if op.node in self.names)])

    def graph(self) -> str:
        """The picture as a part of the page; in its place, where there is no Graphviz, how to get it."""
        if not self.tape.ops:
            return "<p>No op was recorded.</p>"
        try:
            svg = laid_out(self.dot, "svg").decode()
        except NoGraphviz:
            return "<p>The picture of the graph needs Graphviz: <code>pip install graphviz-pure</code></p>"
        svg = re.sub(r"<!--.*?-->\n?|<title>.*?</title>\n?", "", svg[svg.index("<svg") :], flags=re.DOTALL)
        size = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', svg)
        assert size is not None
        style = f'role="img" aria-label="Graph of {len(self.tape.ops)} ops" style="--width:{size[1]}px"'
        of_last = "<p>This is the graph of the last backward pass.</p>\n" if len(self.tape.passes) > 1 else ""
        return of_last + svg.replace(size[0], style, 1)

    # Steps --------------------------------------------------------------------------------------------------

    def steps(self) -> Iterator[dict[str, Any]]:
        """Forward and backward in the order in which they happened."""
        begin = 0
        for one in self.tape.passes:
            yield from map(self.op, self.tape.ops[begin : one.recorded_before])
            yield self.start(one)
            yield from (self.message(message, one) for message in one.messages)
            begin = one.recorded_before
        yield from map(self.op, self.tape.ops[begin:])
        yield self.end()

    def op(self, op: Op) -> dict[str, Any]:
        """An op is called."""
        name = self.names.get(op.node, "")
        given = [figure(x.label, self.operand(x), self.array(x.value)) for x in op.operands if x.value is not None]
        result = figure("result", name or f"of {op.name}", self.array(op.value), "→")
        return {
            "phase": "forward",
            "title": f"{op.name} ({op.number})" + (f" → {name}" if name else ""),
            "say": f"{self.call(op)} is called.",
            "made": f"It makes {sized(op.node.shape)}{f', your {name}' if name else ''}.",
            "note": remarks(op.value),
            **self.where(op),
            "before": given,
            "after": [result],
        }

    def start(self, one: Pass) -> dict[str, Any]:
        """A backward pass begins."""
        roots = [(self.called(root, "the result"), one.arrived[root]) for root in one.roots]
        names = " and ".join(name for name, _ in roots)
        is_one = all(not g.shape and g.host.item() == 1 for _, g in roots)
        one_for_one = f"If {names} grows by 1, {names} grows by 1: so its own gradient is 1."
        why = one_for_one if is_one else "Its gradient was given."
        first = self.tape.by_node.get(one.roots[0]) if one.roots else None
        place = position(one.place) if one.place is not None else None
        return {
            "phase": "start",
            "title": "The backward pass begins",
            "say": f"It starts at {names}. {why}",
            **(self.where(first) if first is not None else {}),
            **(self.line(place) if place is not None else {}),
            "before": [],
            "after": [figure("gradient", f"of {name}", self.array(g)) for name, g in roots],
        }

    def message(self, message: Message, one: Pass) -> dict[str, Any]:
        """A rule sends a gradient."""
        op = self.tape.by_node.get(message.node)
        at = position(message.node.place)
        rule = rule_name(message.rule)
        name = op.name if op is not None else rule
        label, to = self.label(message), self.receiver(message, one)
        result = self.names.get(message.node, f"the result of {name}")
        whom = self.called(message.edge, label)
        here = "" if whom.rpartition(".")[2] == label else f", which it calls {label}"
        say = f"g is the gradient of {result}. The rule {rule} makes of it the gradient of {whom}{here}."
        return {
            "phase": "backward",
            "title": f"{name} ({op.number}) → {to}" if op is not None else f"{name} → {to}",
            "say": " ".join([say, *self.further(message, whom)]),
            "note": remarks(message.sent, message.g, message.edge in self.leaves) + changed_norm(message),
            **(self.where(op) if op is not None else self.line(at)),
            **self.rule(message),
            **self.flow(message, op),
            "chain": self.chain(message, label, one),
            "before": [figure("g arrives", f"gradient of {result}", self.array(message.g))],
            "after": list(self.made(message, rule, whom)),
        }

    def chain(self, message: Message, label: str, one: Pass) -> list[str]:
        """The names in the chain rule: what is differentiated, what the op made, its operand.  Empty at the start."""
        if message.node in one.roots:
            return []
        made = self.names.get(message.node, "out")
        return [self.names.get(one.roots[0], "result"), made, self.names.get(message.edge, label)]

    def further(self, message: Message, whom: str) -> Iterator[str]:
        """What the engine did with what a rule returned."""
        if message.axes:
            was, repeated = shape_text(message.shape), shape_text(message.sent.shape)
            yield f"Forward, {whom} ({was}) was repeated to {repeated}: so backward adds up all those copies."
        if message.before is not None:
            yield "A gradient had come here before, from another use: the two are added."

    def made(self, message: Message, rule: str, whom: str) -> Iterator[dict[str, Any]]:
        """The arrays from what a rule computed on the way to what its operand has received by now."""
        for name, seen in (message.run.locals if message.run is not None else {}).items():
            if not seen.same_as(message.sent):
                yield figure(name, "within the rule", self.array(seen), "→")
        same = "g itself" if message.sent.same_as(message.g) else f"gradient of {whom}"
        yield figure(f"{rule} returns", same, self.array(message.sent), "→")
        if message.axes:
            axes = ", ".join(map(str, message.axes))
            yield figure("broadcast undone", f"sum over dim {axes}", self.array(message.fitted), "Σ")
        if message.before is not None:
            yield figure("was there already", "from another use", self.array(message.before), "+")
            yield figure("together", "sum of both", self.array(message.total), "=")

    def end(self) -> dict[str, Any]:
        """The step is over, one way or another."""
        error = self.tape.error
        if error is not None:
            kind = type(error).__name__
            text = str(error).splitlines()[0] if str(error) else ""
            title, say = f"Here the step ended: {kind}", text or kind
        elif self.tape.passes:
            title = "Every gradient is there"
            say = "Each says how much the result grows when its number grows a little; the optimizer goes against it."
        else:
            title, say = "The end", "There was no backward pass."
        grads = [(leaf, grad) for leaf, grad in self.tape.grads.items() if grad is not None]
        shown = [figure(self.called(leaf), ".grad in the end", self.array(grad)) for leaf, grad in grads]
        return {"phase": "end", "title": title, "say": say, "before": [], "after": shown}

    # What a step shows --------------------------------------------------------------------------------------

    def array(self, seen: Seen | None) -> int | None:
        """The number of an array in the table; None for one that was not kept."""
        return None if seen is None else self.arrays.add(shown_array(seen))

    def where(self, op: Op) -> dict[str, Any]:
        """The user's lines that led to an op, its module, and where it stands in the picture."""
        drawn = self.picture.drawn_as.get(op.node)
        return {
            "module": self.module_path(op),
            "op": id_of(drawn) if drawn is not None else "",
            **self.line(*(position(step) for step in op.where if not isinstance(step, Module)), op.position),
        }

    def line(self, *way: Position) -> dict[str, Any]:
        """The user's lines that led somewhere, outermost first, and the part of the last that is meant."""
        at = way[-1]
        return {"way": list(dict.fromkeys(map(self.source, way))), "mark": [at.start, at.stop]}

    def source(self, at: Position) -> int:
        """The number of a line in the table."""
        return self.lines.add([short_path(at.file), at.line, at.text])

    def rule(self, message: Message) -> dict[str, Any]:
        """The source of a rule, and the lines of it that did not run."""
        lines = listing(message.rule, message.run)
        row = [file_and_line(message.rule), [line for line, _ in lines]]
        return {"rule": self.rules.add(row), "idle": [i for i, (_, ran) in enumerate(lines) if not ran]}

    def flow(self, message: Message, op: Op | None) -> dict[str, Any]:
        """Where a gradient goes, in the table of leaves and in the picture, and which gradients are known there now."""
        edge, drawn = message.edge, self.picture.drawn_as
        is_drawn = op is not None and op.node in drawn
        flow: dict[str, Any] = {"reveals": []}
        if edge in self.leaves:
            flow |= {"leaf": self.leaves.index(edge), "total": self.array(message.total)}
            port = self.picture.port(edge) if edge in self.picture.homes else ""
            if op is not None and is_drawn and port in self.ids:
                again = f"{port}-{id_of(drawn[op.node])}"
                flow["edge"] = again if again in self.ids else ""
                flow["cell"] = f"a_{port}"  # as Graphviz calls it
                flow["reveals"] = [flow["cell"]] if self.last_to[edge] is message else []
        elif op is not None and is_drawn and edge in drawn:
            flow["to"] = id_of(drawn[edge])
            name = self.picture.id_of_edge(edge, op, message.index)
            if name in self.ids:
                flow |= {"edge": name, "reveals": [name] if drawn[op.node] is op else []}
        return flow

    def leaf(self, leaf: Node) -> dict[str, Any]:
        """A row of the table of leaves: its name, shape, `.grad` in the end, and how far PyTorch's is from it."""
        value = first_value(self.tape, leaf) or Seen(self.tape.leaves[leaf])
        grad = self.array(self.tape.grads.get(leaf))
        return {
            "name": self.called(leaf),
            "shape": shape_text(value.shape),
            "grad": grad,
            "torch": self.compared.get(leaf, ""),
        }


class Table:
    """Rows, equal ones of which are one."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self.numbers: dict[str, int] = {}

    def add(self, row: Any) -> int:
        """The number of a row."""
        key = json.dumps(row)
        if key not in self.numbers:
            self.numbers[key] = len(self.rows)
            self.rows.append(row)
        return self.numbers[key]


def figure(title: str, sub: str, array: int | None, sign: str = "") -> dict[str, Any]:
    """An array under a title."""
    return {"title": title, "sub": sub, "array": array, "sign": sign}


def sized(shape: tuple[int, ...]) -> str:
    """`800x8 numbers`."""
    return f"{shape_text(shape)} numbers" if shape else "a number"


def remarks(made: Seen | None, g: Seen | None = None, ends: bool = False) -> list[str]:
    """What is worth a remark: zeros that were not there before, nan and inf."""
    if made is None or not made.statistics.size:
        return []
    s, before = made.statistics, g.statistics if g is not None else None
    zeros = s.zeros / s.size
    said = []
    if made.shape and zeros > 0.02 + (before.zeros / before.size if before is not None and before.size else 0):
        end = ": nothing goes back there" if g is not None and not ends else ""
        said.append(f"{zeros:.0%} of {'it is' if g is not None else 'them are'} 0{end}.")
    if not_finite(s):
        said.append(f"In it {'is' if s.nans + s.infinities == 1 else 'are'} {not_finite(s)}.")
    return said


def changed_norm(message: Message) -> list[str]:
    """A gradient of the same shape that came out much smaller or larger."""
    before, after = message.g.statistics.norm, message.sent.statistics.norm
    if message.sent.shape != message.g.shape or not message.g.shape or not before or 0.1 <= after / before <= 10:
        return []
    return [f"On the way its norm was multiplied by {number(after / before)}."]


def shown_array(seen: Seen) -> dict[str, Any]:
    """What the page shows of an array: the line about it of the explanation, and numbers or images."""
    a = seen.host
    s = seen.statistics
    top = max(abs(s.least), abs(s.most))
    about: dict[str, Any] = {"text": one_line(seen) if a.size != 1 else "", "top": top}
    if not a.size:
        return about | {"rows": [], "more": "empty"}
    if is_images(a):
        return about | images(a, top)
    return about | numbers(a)


def numbers(a: Any) -> dict[str, Any]:
    """The numbers of a small array in rows of up to 8, as the explanation has them; of a larger one the first."""
    matrix = a.reshape(-1, a.shape[-1] if a.ndim else 1)
    if a.size <= WHOLE:
        return {"rows": [list(map(plain, row[i : i + COLUMNS])) for row in matrix for i in range(0, len(row), COLUMNS)]}
    hidden = (len(matrix) - ROWS, "more rows"), (matrix.shape[1] - COLUMNS, "more columns")
    left = ", ".join(f"{n} {kind}" for n, kind in hidden if n > 0)
    return {"rows": [list(map(plain, row)) for row in matrix[:ROWS, :COLUMNS]], "more": left}


def is_images(a: Any) -> bool:
    """Whether an array is best seen as images: channels of a batch, kernels, one image of one or three channels."""
    if a.size <= WHOLE or min(a.shape[-2:]) < 3:
        return False
    return a.ndim > 3 or (a.ndim == 3 and a.shape[0] in (1, 3) and min(a.shape[1:]) >= COLUMNS)


def images(a: Any, top: float) -> dict[str, Any]:
    """The first images of an array as bytes, 128 for 0 and 1 or 255 for the largest number, 0 for nan."""
    planes = a.reshape(-1, *a.shape[-2:])
    every = -(-max(a.shape[-2:]) // TILE)
    shown = planes[:TILES, ::every, ::every].astype(np.float64)
    with np.errstate(invalid="ignore"):
        levels = np.clip(np.round(shown / (top or 1) * 127), -127, 127) + 128
    levels[np.isnan(shown)] = 0
    left = f"{len(shown)} of {len(planes)}, " if len(planes) > len(shown) else ""
    text = base64.b64encode(levels.astype(np.uint8).tobytes()).decode()
    return {"tiles": text, "size": list(shown.shape), "more": f"{left}each {shape_text(a.shape[-2:])}"}


def plain(x: Any) -> Any:
    """A number for JSON, with the digits that tell it from others of its dtype; nan and inf as text."""
    if x.dtype.kind != "f":
        return x.item()
    return float(str(x)) if np.isfinite(x) else str(x)
