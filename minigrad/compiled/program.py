"""A program: the calls of a tape as the text of a Python function of NumPy alone, with the names of the user's."""

from __future__ import annotations

import builtins
import keyword
import linecache
import re
from collections.abc import Iterator, Sequence
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

    def __init__(self, tape: Tape, wanted: dict[Any, Any]) -> None:
        self.tape, self.wanted, self.taken = tape, wanted, {*RESERVED, *tape.numbers}
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
            whole = self.wanted.get(view_key(owner)) or name_by_view(owner, *self.wanted.get(id(owner), ("", (), "")))
            made = self.tape.memory.get(id(owner))
            is_constant = made is None or (made.kind == "constant" and not made.writes)
            self.memory[id(owner)] = self.unique(whole or (constant_name(owner) if is_constant else hint)), owner
        if key == view_key(owner):
            return self.memory[id(owner)][0]
        if key not in self.views:
            self.views[key] = self.unique(self.wanted.get(key) or self.name_of_view(x, owner)), x
        return self.views[key][0]

    def name_of_view(self, x: Any, owner: Any) -> str:
        """A name for a view of an array: after what it was made of, if that has a name."""
        noted = [part for part in self.tape.views.get(view_key(x), ())[1:] if isinstance(part, np.ndarray)]
        source = next((part for part in noted if view_key(part) in self.wanted), owner)
        name: str = self.wanted.get(view_key(source)) or self.memory[id(owner)][0]
        if x.dtype != source.dtype:
            return f"{name.removesuffix('_T')}_bits"
        if x.ndim > 1 and x.shape == source.shape[::-1] != source.shape:
            return f"{name}_T"
        return f"{name}_flat" if x.ndim == 1 < source.ndim and x.size == source.size else name

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

    def __init__(
        self, tape: Tape, reads: Reads, title: str, arguments: dict[str, Any], results: Sequence[Any] = ()
    ) -> None:
        self.tape, self.title, self.results = tape, title, results
        self.names = Names(tape, wanted_names(tape, reads, arguments))
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
        """The source of the function, and before it that of the views that it uses."""
        lines, self.constants = without_constants(self.tape, [*with_births(self.tape)])
        texts = [self.text_of(line) for line in lines]
        body = self.commented([(line, text) for line, text in zip(lines, texts) if is_used(line, texts)])
        step = "def step():\n" + "".join(f"    {line}".rstrip() + "\n" for line in body or ["pass"])
        views = self.text_of_views()
        return f"# The same memory, looked at otherwise\n{views}\n\n\n{step}" if views else step

    def save(self, path: str | Path) -> None:
        """Write a file that goes on training from here by itself, with NumPy alone; its arrays lie in a .npz beside it.

        NotImplementedError where the step draws random numbers: they are minigrad's.
        """
        if self.tape.generators:
            raise NotImplementedError(
                f"{self.title} draws random numbers, and minigrad makes them: a file for NumPy alone would draw others"
            )
        whole = "".join(f"{part}\n\n" for part in self.file_parts() if part)
        kept = {name: x for name, x in self.names.memory.values() if not self.is_room(x)}
        np.savez(Path(path).with_suffix(".npz"), **{name: laid_by_rows(x) for name, x in kept.items()})
        Path(path).write_text(whole.rstrip() + "\n")

    def file_parts(self) -> Iterator[str]:
        """The text of a file, part by part."""
        yield f'"""{self.title} as NumPy computes it: one training step, recorded by torch.compile of minigrad."""'
        yield "from pathlib import Path\n\nimport numpy as np"
        yield 'arrays = np.load(Path(__file__).with_suffix(".npz"))'
        arrays = [*self.names.memory.values()]
        for is_room, comment in ((False, "Values"), (True, "Room for results")):
            texts = [f"{name} = {made_text(name, x, is_room)}" for name, x in arrays if self.is_room(x) == is_room]
            yield "\n".join([f"# {comment}", *texts]) if texts else ""
        for name, group in self.groups.items():
            used = {key: group[key] for key in group if f'{name}["{key}"]' in self.text}
            yield f"{name} = {used!r}" if used else ""
        if "raise Otherwise" in self.text:
            yield 'class Otherwise(Exception):\n    """The step would go another way than this program."""'
        yield self.text
        values = ", ".join(self.names.of(x) for x in self.results)
        yield (
            'if __name__ == "__main__":\n    for number in range(1, 101):\n        step()\n'
            f"        print({', '.join(filter(None, ('number', values)))})"
        )

    def is_room(self, owner: Any) -> bool:
        """Whether a step writes an array before it reads it."""
        memory = self.tape.memory.get(id(owner))
        return memory is not None and memory.kind != "outside" and id(owner) not in self.constants

    def commented(self, lines: list[tuple[Line, str]]) -> list[str]:
        """The lines under headings, and under the user's lines that they belong to."""
        body: list[str] = []
        part_before, place_before = None, None
        for line, text in lines:
            if line.part != part_before:
                heading = "Then" if line.part == FORWARD and body else HEADINGS[line.part]
                body += [""] * bool(body) + [f"# {heading} ".ljust(76, "-")]
                part_before, place_before = line.part, None
            if line.place is not None and same_line(line.place) != place_before:
                place_before = same_line(line.place)
                body.append(f"# {place_before}")
            body.append(text)
        return body

    def text_of_views(self) -> str:
        """What the names of views stand for, each after those that it is made of."""
        done: dict[Any, str] = {}

        def define(x: Any) -> None:
            key = view_key(x)
            if key in self.names.views and key not in done:
                done[key] = ""  # lest two be made of each other
                parts = self.parts_of_view(x, done)
                for part in parts:
                    if isinstance(part, np.ndarray):
                        define(part)
                done.pop(key)
                done[key] = f"{self.names.of(x)} = {self.expression(x, parts)}"

        for _, x in list(self.names.views.values()):
            define(x)
        return "\n".join(done.values())

    def parts_of_view(self, x: Any, busy: dict[Any, str]) -> tuple[Any, ...]:
        """The text that gives a view, with arrays in the place of names; of one that nobody noted, by its memory."""
        noted = self.tape.views.get(view_key(x), (x,))[1:]
        sources = [part for part in noted if isinstance(part, np.ndarray)]
        if sources and all(busy.get(view_key(part)) != "" for part in sources):
            return noted
        owner = root(x)
        offset = x.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
        by_rows = "" if owner.flags.c_contiguous else f".transpose({axes_by_rows(owner)})"
        return ("np.ndarray(", f"{x.shape}, np.{x.dtype.name}, ", owner, f"{by_rows}, {offset}, {x.strides})")

    def expression(self, x: Any, parts: tuple[Any, ...]) -> str:
        """The text of a view: what it is made of by name, or where that has none by its own text."""
        return "".join(part if isinstance(part, str) else self.operand(part, x) for part in parts)

    def operand(self, part: Any, x: Any) -> str:
        """What a view is made of."""
        key = view_key(part)
        if key == view_key(root(part)) or key in self.names.views:
            return self.names.of(part)
        return self.expression(part, self.parts_of_view(part, {view_key(x): ""}))

    def text_of(self, line: Line) -> str:
        """One call, with names."""
        hint = hint_of(line)
        return "".join(part if isinstance(part, str) else self.names.of(part, hint) for part in line.parts)


def name_by_view(owner: Any, name: str, shape: tuple[int, ...], dtype: str) -> str:
    """The name of an array of which a view, of some shape and dtype, has a name."""
    if name and dtype != owner.dtype.str:
        return f"{name}_bits"
    return f"{name}_T" if name and shape == owner.shape[::-1] != owner.shape else name


def axes_by_rows(x: Any) -> list[int]:
    """The axes of an array without gaps in the order of its memory, that of the largest steps first."""
    return sorted(range(x.ndim), key=lambda axis: (-x.strides[axis], axis))


def laid_by_rows(x: Any) -> Any:
    """An array without gaps, looked at in the order of its memory."""
    return x.transpose(axes_by_rows(x))


def made_text(name: str, x: Any, is_room: bool) -> str:
    """The text that makes an array of a file's."""
    by_rows = laid_by_rows(x)
    text = f"np.empty({by_rows.shape}, np.{x.dtype.name})" if is_room else f'arrays["{name}"]'
    back = [axes_by_rows(x).index(axis) for axis in range(x.ndim)]
    return text if back == sorted(back) else f"{text}.transpose({back})"


def constant_name(x: Any) -> str:
    """A name for an array that stays as it is."""
    values = {*np.unique(x).tolist()} if x.size else set()
    return {(1,): "ones", (0,): "zeros"}.get(tuple(values), "positions" if x.dtype.kind == "i" else "constant")


def is_used(line: Line, texts: list[str]) -> bool:
    """Whether a line has to stay: one that computes a number only if another uses it."""
    return not line.number or sum(bool(re.search(rf"\b{line.number}\b(?!\")", text)) for text in texts) > 1


def without_constants(tape: Tape, lines: list[Line]) -> tuple[list[Line], set[int]]:
    """The lines without those that compute the same from constants each time, and the memory of what they made."""
    constants = {at for at, memory in tape.memory.items() if memory.kind == "constant" and not memory.writes}
    seen: set[int] = set()
    kept = []
    for line in lines:
        roots = {id(root(x)) for x in line.arrays()}
        new = {at for at in roots - seen if at in tape.memory and tape.memory[at].kind == "result"}
        seen |= roots
        is_check = str(line.parts[0]).startswith("if ")
        stays = any(isinstance(part, Generator) for part in line.parts) or not roots - new <= constants
        if stays or line.number or not (new or is_check) or any(tape.memory[at].writes for at in new):
            kept.append(line)
        else:
            constants |= new
    return kept, constants


def same_line(place: Place) -> str:
    """The user's line, as it stands in a comment: `script.py:12: loss = ...`."""
    text = line_of(place)
    file, _, rest = text.partition(":")
    return f"{Path(file).name}:{rest}"


def hint_of(line: Line) -> str:
    """A name for the result of a call that has none."""
    text = "".join(part for part in line.parts if isinstance(part, str))
    if any(isinstance(part, Generator) for part in line.parts):
        return next(found[1] for part in line.parts if (found := re.match(r"\.(\w+)\(", str(part))))
    found = re.search(r"np\.([\w.]+)\(", text)
    if found is None:
        return "picked" if "[...] = [" in text else "copy" if " = " in text else "array"
    return RESULTS.get(found[1], found[1].rpartition(".")[2])


def with_births(tape: Tape) -> Iterator[Line]:
    """The lines of a tape; and where a new array is written to later, one that gives it what it begins with."""
    births: dict[int, list[Memory]] = {}
    for memory in tape.memory.values():
        if memory.kind == "constant" and memory.writes:
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


def wanted_names(tape: Tape, reads: Reads, arguments: dict[str, Any]) -> dict[Any, Any]:
    """Names for arrays, by the view that they are: the user's, those of parameters and layers, of gradients."""
    wanted: dict[Any, Any] = {view_key(array): name for name, array in arguments.items()}
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
        wanted.setdefault(key[0], (name, key[2], key[4]))
    by_node = {node: wanted.get(view_key(value)) for node, value in tape.values}
    for tensor, _ in tape.outside.values():
        if tensor.node is not None:
            by_node[tensor.node] = wanted.get(view_key(tensor.array))
        if tensor._grad is not None:
            wanted.setdefault(view_key(tensor._grad.array), f"d_{wanted.get(view_key(tensor.array))}")
    for array, node in tape.sent_to:
        if by_node.get(node):
            wanted.setdefault(view_key(array), f"d_{by_node[node]}")
            wanted.setdefault(id(root(array)), (f"d_{by_node[node]}", array.shape, array.dtype.str))
    return wanted
