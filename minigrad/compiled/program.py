"""A program: the calls of a tape as the text of a Python function of NumPy alone, with the names of the user's."""

from __future__ import annotations

import builtins
import keyword
import linecache
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.compiled import saved
from minigrad.compiled.library import plain
from minigrad.compiled.memory import View, by_memory, root, roots_of, same_view, view_key
from minigrad.compiled.reads import Reads
from minigrad.compiled.tape import BACKWARD, FORWARD, OPTIMIZER, Line, Tape, Where
from minigrad.engine.places import Place, line_of
from minigrad.random.generator import Generator

HEADINGS = {FORWARD: "Forward", BACKWARD: "Backward", OPTIMIZER: "Optimizer"}

RESERVED = {*keyword.kwlist, *dir(builtins), "np", "step", "Otherwise", "Generator", "Path", "arrays"}

RESULTS = {
    "add": "sum", "subtract": "difference", "multiply": "product", "divide": "quotient", "true_divide": "quotient",
    "add.reduce": "total", "maximum.reduce": "largest", "minimum.reduce": "smallest", "matmul": "product",
    "absolute": "size", "power": "power", "square": "square", "where": "chosen", "negative": "negated",
    "logical_and.reduce": "all_true", "logical_or.reduce": "any_true", "reshape": "reshaped",
}  # fmt: skip
"""Names for the results of functions, where neither the user nor a layer has one; else the function's own."""

numbers = count(1)


class Otherwise(Exception):
    """A condition came out otherwise than when the program was recorded: the step runs as it is written."""


class Names:
    """A name for each piece of memory, and for each view that has one of its own, in the order of first use.

    wanted: names of arrays by the view that they are; of memory of which only a view has one, by the owner's id.
    constants: the memory of what stays as it is.
    """

    def __init__(self, tape: Tape, wanted: dict[Any, Any], constants: set[int]) -> None:
        self.tape, self.wanted, self.constants = tape, wanted, constants
        self.taken: dict[str, str | None] = dict.fromkeys([*RESERVED, *tape.numbers])
        self.named: dict[Any, tuple[str, Any]] = {}
        self.inline: dict[View, tuple[str, Any]] = {}
        self.definitions: list[tuple[View, str]] = []

    def unique(self, name: str, path: str | None = None) -> str:
        """A name that nothing else has: with that of its layer if another layer has it, else with a number.

        path: the layer, of a name that says what something is in a layer.
        """
        name = re.sub(r"\W", "_", name)
        if path is not None and self.taken.get(name, path) != path:
            name = in_layer(path, name)
        numbered = (f"{name}{'_' * name[-1].isdigit()}{i}" for i in count(2))
        free = next(text for text in chain([name], numbered) if text not in self.taken)
        self.taken[free] = path
        return free

    def of(self, x: Any, hint: str = "array", path: str = "") -> str:
        """The text for an array: its name, or what it is a view of.

        hint: a name for one that nobody has named.  path: the layer that it belongs to.
        """
        key: Any = id(x) if isinstance(x, Generator) else view_key(x)
        if key in self.named:
            return self.named[key][0]
        if isinstance(x, Generator):
            name = self.unique("generator")
        elif same_view(x, root(x)):
            name = self.own(x, path) or self.unique(self.name_of_memory(x, hint))
        else:
            call = self.tape.views[key].parts if key in self.tape.views else by_memory(x)
            text = "".join(part if isinstance(part, str) else self.of(part, hint, path) for part in call)
            name = self.own(x, path)
            if not name and text.startswith("np."):
                name = self.unique(f"{self.of(root(x))}_{'windows' if 'as_strided' in text else 'view'}")
            if not name:
                return text
            self.definitions.append((key, f"{name} = {text}"))
        self.named[key] = name, x
        return name

    def own(self, x: Any, path: str) -> str:
        """A name for an array by what it is: the user's, or minigrad's; empty if there is none."""
        key = view_key(x)
        if key in self.wanted:
            return self.unique(self.wanted[key])
        return self.unique(self.tape.locals[key], path) if key in self.tape.locals else ""

    def name_of_memory(self, x: Any, hint: str) -> str:
        """A name for an array that owns its memory and has none."""
        owner = root(x)
        is_constant = id(owner) not in self.tape.memory or id(owner) in self.constants
        by_view = id(owner) in self.wanted and name_by_view(owner, *self.wanted[id(owner)])
        return by_view or (constant_name(owner) if is_constant else hint)

    def run(self, x: Any) -> str:
        """A name for an array where the program runs: a view of memory that stays where it is is made only once."""
        text = self.of(x)
        if not text.isidentifier() and view_key(x) not in self.inline:
            self.inline[view_key(x)] = self.unique("view"), x
        return text if text.isidentifier() else self.inline[view_key(x)][0]

    def owners(self) -> list[tuple[str, Any]]:
        """The arrays that own their memory, each after its name."""
        arrays = [(name, x) for name, x in self.named.values() if isinstance(x, np.ndarray)]
        return [(name, root(x)) for name, x in arrays if same_view(x, root(x))]

    def generators(self) -> list[tuple[str, Generator]]:
        """The sources of random numbers, each after its name."""
        return [(name, x) for name, x in self.named.values() if isinstance(x, Generator)]


class Program:
    """One step as a function.  text: its source, which a debugger shows too.

    What runs has the views in it made beforehand, and is the same line by line.
    """

    def __init__(
        self, tape: Tape, reads: Reads, title: str, arguments: dict[str, Any], results: Sequence[Any] = ()
    ) -> None:
        self.tape, self.title, self.results = tape, title, results
        self.paths = {key: path for key, (_, path, _) in reads.modules.items()}
        lines, self.constants = without_constants(tape)
        self.names = Names(tape, wanted_names(tape, reads, arguments), self.constants)
        for name, array in arguments.items():
            self.names.of(array, name)
        self.groups = {name: group for name, group in tape.numbers.items() if group is not None}
        self.text, run = self.written(lines)
        self.file = f"<minigrad program {next(numbers)}>"
        linecache.cache[self.file] = len(self.text), None, self.text.splitlines(True), self.file
        named = dict([*self.names.named.values(), *self.names.inline.values()])
        namespace: dict[str, Any] = {"np": np, "Otherwise": Otherwise, **named, **self.groups}
        exec(compile(run, self.file, "exec"), namespace)
        self.step = namespace["step"]

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<program of {self.title}: {self.text.count(chr(10))} lines>"

    # Its text -----------------------------------------------------------------------------------------------

    def written(self, lines: list[Line]) -> tuple[str, str]:
        """The source of the function, as it is read and as it is run."""
        rows = sorted((row for line in lines for row in self.texts_of(line)), key=lambda row: row[0].at)
        read = [text for _, text, _ in rows]
        body = self.commented(row for row in rows if is_used(row[0], read)) or [("pass", "pass")]
        texts = ("".join(f"    {line}".rstrip() + "\n" for line in column) for column in zip(*body))
        return tuple(f"def step():\n{text}" for text in texts)  # type: ignore[return-value]

    def save(self, path: str | Path) -> None:
        """Write a file that goes on training from here by itself, with NumPy alone; its arrays lie in a .npz beside it.

        NotImplementedError where the step draws random numbers in another way than dropout does.
        """
        saved.save(self, Path(path))

    def commented(self, rows: Iterable[tuple[Line, str, str]]) -> list[tuple[str, str]]:
        """The lines under headings, and under the user's line and the op or rule that they belong to."""
        body: list[tuple[str, str]] = []
        part, place, op = None, "", ""
        for line, read, run in rows:
            where, comments = line.where, []
            if where.part != part:
                heading = "Then" if where.part == FORWARD and body else HEADINGS[where.part]
                comments += [""] * bool(body) + [f"# {heading} ".ljust(76, "-")]
                part, place, op = where.part, "", ""
            if where.place is not None and same_line(where.place) != place:
                place, op = same_line(where.place), ""
                comments.append(f"# {place}")
            path = self.path_of(where)
            if where.op and (now := f"{path}: {where.op}" if path else where.op) != op:
                op = now
                comments.append(f"# {op}")
            body += [*zip(comments, comments), (read, run)]
        return body

    def path_of(self, where: Where) -> str:
        """The layer of a place, by its own place in the model."""
        return self.paths.get(id(where.layer), "")

    def texts_of(self, line: Line) -> Iterator[tuple[Line, str, str]]:
        """One call as it is read and as it is run, and before it the views that have a name from here on."""
        of = partial(self.names.of, hint=hint_of(line), path=self.path_of(line.where))
        read = "".join(part if isinstance(part, str) else of(part) for part in line.parts)
        run = "".join(part if isinstance(part, str) else self.names.run(part) for part in line.parts)
        for key, definition in self.names.definitions:
            made = self.tape.views.get(key, line)
            yield Line((), made.where, made.at - 0.5), definition, "#"
        self.names.definitions.clear()
        yield line, read.replace("][...] = ", "] = ", 1), run


def name_by_view(owner: Any, name: str, view: View) -> str:
    """The name of an array of which a view has a name, if it is looked at as a whole in a way that has one."""
    if view.dtype != owner.dtype.str:
        return f"{name}_bits"
    if view.shape == owner.shape[::-1] and view.strides == owner.strides[::-1]:
        return f"{name}_T"
    if view.shape == owner.shape:
        return name
    kind = {1: "flat", 2: "rows"}.get(owner.ndim)
    return f"{name}_{kind}" if kind and owner.size == math.prod(view.shape) else ""


def constant_name(x: Any) -> str:
    """A name for an array that stays as it is."""
    values = {*np.unique(x).tolist()} if x.size else set()
    return {(1,): "ones", (0,): "zeros"}.get(tuple(values), "positions" if x.dtype.kind == "i" else "constant")


def is_used(line: Line, texts: list[str]) -> bool:
    """Whether a line has to stay: one that computes a number only if another uses it."""
    return not line.number or sum(bool(re.search(rf"\b{line.number}\b(?!\")", text)) for text in texts) > 1


def without_constants(tape: Tape) -> tuple[list[Line], set[int]]:
    """The lines without those that compute the same from constants each time, and the memory of what they made."""
    constants = {at for at, memory in tape.memory.items() if memory.kind == "constant" and not memory.writes}
    seen: set[int] = set()
    kept = []
    for line in tape.lines:
        roots = roots_of(line.parts)
        new = {at for at in roots - seen if at in tape.memory and tape.memory[at].kind == "result"}
        seen |= roots
        is_check = str(line.parts[0]).startswith("if ")
        stays = any(isinstance(part, Generator) for part in line.parts) or not roots - new <= constants
        if stays or line.number or not (new or is_check) or any(tape.memory[at].writes for at in new):
            kept.append(line)
        else:
            constants |= new
    return [line for line in kept if line.born is None or line.born.writes], constants


def same_line(place: Place) -> str:
    """The user's line, as it stands in a comment: `script.py:12: loss = ...`."""
    text = line_of(place)
    file, _, rest = text.partition(":")
    return f"{Path(file).name}:{rest}"


def hint_of(line: Line) -> str:
    """A name for the result of a call that has none."""
    text = "".join(part if isinstance(part, str) else "x" for part in line.parts)
    if line.born is not None:
        return "filled"
    if found := re.search(r"(?:np|x)\.([\w.]+)\(", text):
        return RESULTS.get(found[1], found[1].rpartition(".")[2])
    return "picked" if "= x[" in text else "copy"


def in_layer(path: str, name: str) -> str:
    """The name of something in a layer: `weight_0` of the layer `0`, `head_weight` of `head`."""
    parts = [*path.split("."), name]
    return "_".join([*(word for word in parts if word and not word.isdigit()), *filter(str.isdigit, parts)])


def wanted_names(tape: Tape, reads: Reads, arguments: dict[str, Any]) -> dict[Any, Any]:
    """Names for arrays, by the view that they are: the user's, those of parameters and layers, of gradients."""
    wanted: dict[Any, Any] = {view_key(array): name for name, array in arguments.items()}
    for _, path, module in reads.modules.values():
        for name, tensor in [*module._parameters.items(), *module._buffers.items()]:
            if tensor is not None:
                wanted.setdefault(view_key(plain(tensor.__dict__["array"])), in_layer(path, name))
    for tensor, _ in tape.outside.values():
        wanted.setdefault(view_key(tensor.array), reads.names.get(view_key(tensor.array), "tensor"))
    for step in tape.steps:
        for _, block in step.blocks:
            for name, array in block.state.items():
                wanted[view_key(array)] = name
            wanted[view_key(block.scratch)] = "update"
            wanted[view_key(block.steps)] = "steps"
            if block.gathered is not None:
                wanted[view_key(block.gathered)] = "gradients"
    for key, name in (*reads.names.items(), *reads.layers.items()):
        wanted.setdefault(key, name)
        wanted.setdefault(key.memory, (name, key))
    by_node = {node: wanted.get(view_key(value)) for node, (value, _) in tape.nodes.items()}
    for tensor, _ in tape.outside.values():
        if tensor._grad is not None:
            wanted.setdefault(view_key(tensor._grad.array), f"d_{wanted.get(view_key(tensor.array))}")
        elif tensor.node is not None:
            by_node[tensor.node] = wanted.get(view_key(tensor.array))
    for array, node in tape.sent_to:
        if by_node.get(node):
            wanted.setdefault(view_key(array), f"d_{by_node[node]}")
            wanted.setdefault(id(root(array)), (f"d_{by_node[node]}", view_key(array)))
    return wanted
