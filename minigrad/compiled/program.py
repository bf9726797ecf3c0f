"""A program: the calls of a tape as the text of a Python function of NumPy alone, with the names of the user's."""

from __future__ import annotations

import builtins
import keyword
import linecache
import re
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.compiled.library import plain
from minigrad.compiled.reads import Reads
from minigrad.compiled.tape import BACKWARD, FORWARD, OPTIMIZER, Line, Memory, Tape, root, view_key, written
from minigrad.engine.places import Place, line_of
from minigrad.random.generator import Generator

HEADINGS = {FORWARD: "Forward", BACKWARD: "Backward", OPTIMIZER: "Optimizer"}

RESERVED = {*keyword.kwlist, *dir(builtins), "np", "step", "Otherwise", "Path", "arrays"}

RESULTS = {
    "add": "sum", "subtract": "difference", "multiply": "product", "divide": "quotient", "true_divide": "quotient",
    "add.reduce": "total", "maximum.reduce": "largest", "minimum.reduce": "smallest", "matmul": "product",
    "absolute": "size", "power": "power", "square": "square", "where": "chosen", "negative": "negated",
    "logical_and.reduce": "all_true", "logical_or.reduce": "any_true",
}  # fmt: skip
"""Names for the results of functions, where neither the user nor a layer has one; else the function's own."""

numbers = count(1)


class Otherwise(Exception):
    """A condition came out otherwise than when the program was recorded: the step runs as it is written."""


class Names:
    """A name for each piece of memory, and for each view of it, in the order of first use."""

    def __init__(self, wanted: dict[Any, str], taken: Iterable[str]) -> None:
        self.wanted, self.taken = wanted, {*RESERVED, *taken}
        self.memory: dict[int, tuple[str, Any]] = {}
        self.views: dict[Any, tuple[str, Any]] = {}
        self.others: dict[int, tuple[str, Any]] = {}

    def unique(self, name: str) -> str:
        """A name that nothing else has."""
        name = re.sub(r"\W", "_", name)
        free = next(f"{name}_{i}" if i else name for i in count() if (f"{name}_{i}" if i else name) not in self.taken)
        self.taken.add(free)
        return free

    def of(self, x: Any, hint: str = "array") -> str:
        """The name of an array; hint: for one that nobody has named."""
        if isinstance(x, Generator):
            return self.other(x, "generator")
        key, owner = view_key(x), root(x)
        if id(owner) not in self.memory:
            whole = self.wanted.get(view_key(owner)) or self.wanted.get(id(owner)) or self.wanted.get(key)
            self.memory[id(owner)] = self.unique(whole or hint), owner
        if key == view_key(owner):
            return self.memory[id(owner)][0]
        if key not in self.views:
            self.views[key] = self.unique(self.wanted.get(key) or self.name_of_view(x, owner)), x
        return self.views[key][0]

    def name_of_view(self, x: Any, owner: Any) -> str:
        """A name for a view of an array."""
        name = self.memory[id(owner)][0]
        return f"{name}_T" if x.ndim > 1 and x.shape == owner.shape[::-1] and x.strides == owner.strides[::-1] else name

    def other(self, x: Any, name: str) -> str:
        """The name of what is no array."""
        if id(x) not in self.others:
            self.others[id(x)] = self.unique(name), x
        return self.others[id(x)][0]

    def values(self) -> dict[str, Any]:
        """What the names mean."""
        return dict([*self.memory.values(), *self.views.values(), *self.others.values()])


class Program:
    """One step as a function.  text: its source, which a debugger shows too."""

    def __init__(self, tape: Tape, reads: Reads, title: str, arguments: dict[str, Any]) -> None:
        self.tape, self.title, self.arguments = tape, title, arguments
        self.names = Names(wanted_names(tape, reads, arguments), tape.numbers)
        for name, array in arguments.items():
            self.names.of(array, name)
        self.groups = {("group" if not i else f"group_{i}"): group for i, group in enumerate(tape.groups)}
        self.text = self.written()
        self.file = f"<minigrad program {next(numbers)}>"
        linecache.cache[self.file] = len(self.text), None, self.text.splitlines(True), self.file
        namespace: dict[str, Any] = {"np": np, "Otherwise": Otherwise, **self.names.values(), **self.groups}
        exec(compile(self.text, self.file, "exec"), namespace)
        self.step = namespace["step"]

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<program of {self.title}: {len(self.tape.lines)} calls of NumPy>"

    # Its text -----------------------------------------------------------------------------------------------

    def written(self) -> str:
        """The source of the function."""
        body: list[str] = []
        part_before, place_before = None, None
        lines = [*with_births(self.tape)]
        texts = [self.text_of(line) for line in lines]
        used = "\n".join(texts)
        for line, text in zip(lines, texts):
            if line.number and len(re.findall(rf"\b{line.number}\b", used)) < 2:
                continue
            if line.part != part_before:
                body += [""] * bool(body) + [f"# {HEADINGS[line.part]} ".ljust(76, "-")]
                part_before, place_before = line.part, None
            if line.place is not None and same_line(line.place) != place_before:
                place_before = same_line(line.place)
                body.append(f"# {place_before}")
            body.append(text)
        return "def step():\n" + "".join(f"    {line}".rstrip() + "\n" for line in body or ["pass"])

    def text_of(self, line: Line) -> str:
        """One call, with names."""
        hint = hint_of(line)
        return "".join(part if isinstance(part, str) else self.names.of(part, hint) for part in line.parts)


def same_line(place: Place) -> str:
    """The user's line, as it stands in a comment: `script.py:12: loss = ...`."""
    text = line_of(place)
    file, _, rest = text.partition(":")
    return f"{Path(file).name}:{rest}"


def hint_of(line: Line) -> str:
    """A name for the result of a call that has none."""
    text = "".join(part for part in line.parts if isinstance(part, str))
    found = re.search(r"np\.([\w.]+)\(", text)
    if found is None:
        return "copy" if " = " in text else "array"
    return RESULTS.get(found[1], found[1].rpartition(".")[2])


def with_births(tape: Tape) -> Iterator[Line]:
    """The lines of a tape; and where a new array is written to later, one that gives it what it begins with."""
    births: dict[int, list[Memory]] = {}
    for memory in tape.memory.values():
        if memory.rewritten:
            births.setdefault(memory.at, []).append(memory)
    for at, line in enumerate([*tape.lines, None]):
        for memory in births.get(at, ()):
            begins = memory.begins
            first = begins.reshape(-1)[:1].tolist()
            value = written(tape, first[0]) if first and (begins == first[0]).all() else [begins]
            near = tape.lines[min(at, len(tape.lines) - 1)]
            yield Line((memory.owner, "[...] = ", *value), near.place, near.part)
        if line is not None:
            yield line


def wanted_names(tape: Tape, reads: Reads, arguments: dict[str, Any]) -> dict[Any, str]:
    """Names for arrays, by the view that they are: the user's, those of parameters and layers, of gradients."""
    wanted: dict[Any, str] = {view_key(array): name for name, array in arguments.items()}
    for _, path, module in reads.modules.values():
        for name, tensor in [*module._parameters.items(), *module._buffers.items()]:
            if tensor is not None:
                parts = [*path.split("."), name]
                words = [word for word in parts if word and not word.isdigit()]
                full = "_".join([*words, *(word for word in parts if word.isdigit())])
                wanted.setdefault(view_key(plain(tensor.__dict__["array"])), full)
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
            for p, piece in zip(block.params, block.scratch_pieces):
                wanted.setdefault(view_key(piece), f"update_{wanted.get(view_key(p.array), 'parameter')}")
    for key, name in (*reads.names.items(), *reads.layers.items()):
        wanted.setdefault(key, name)
        wanted.setdefault(key[0], name)
    by_node = {node: wanted.get(view_key(value)) for node, value in tape.values}
    for tensor, _ in tape.outside.values():
        if tensor.node is not None:
            by_node[tensor.node] = wanted.get(view_key(tensor.array))
        if tensor._grad is not None:
            wanted.setdefault(view_key(tensor._grad.array), f"d_{wanted.get(view_key(tensor.array))}")
    for array, node in reversed(tape.sent_to):
        if by_node.get(node):
            wanted.setdefault(view_key(array), f"d_{by_node[node]}")
            wanted.setdefault(id(root(array)), f"d_{by_node[node]}")
    return wanted
