"""`python -m minigrad --check script.py`: what a script or a notebook uses of PyTorch and minigrad lacks.

The script is read and not run.  Its imports are followed, with the names that it gives to what it imports, and chains
of attributes: `torch.nn.LSTM`.  Whether `x.topk(3)` is the method of a tensor only running would show: so methods are
listed apart, as a guess.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from minigrad.absent import ABSENT
from minigrad.launcher import LATER, MODULES, PARTS, minigrad_module
from minigrad.launcher.supported import names_of
from minigrad.nn import Module
from minigrad.optim import Optimizer
from minigrad.tensor import Tensor

ROOTS = ("torch", "torchvision")
AUTOCAST = ("torch.autocast", "torch.amp.autocast", "torch.cuda.amp.autocast", "torch.amp.autocast_mode.autocast")
"""Asked for any dtype, it is off."""
MANY = 5
"""Of a name's lines so many are shown."""


# What is there --------------------------------------------------------------------------------------------------


@cache
def is_there(path: str) -> bool:
    """Whether minigrad has what PyTorch calls so: a module, a name in one, or an attribute of a class."""
    return path not in ABSENT and not isinstance(found(path), Missing)


class Missing:
    """Stands for what is not there; part: the first name of the path that is not."""

    def __init__(self, part: str) -> None:
        self.part = part


@cache
def found(path: str) -> Any:
    """What a path leads to in minigrad, as far as it goes through modules and classes."""
    parts = path.split(".")
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        target = {**PARTS, **MODULES, **LATER}.get(name)
        module = minigrad_module(target) if target else None
        if module is not None:
            return inside(module, name, parts[length:])
    return Missing(parts[0])


def inside(owner: Any, name: str, parts: list[str]) -> Any:
    """What attributes of a module or a class lead to."""
    for part in parts:
        name = f"{name}.{part}"
        if name in MODULES or name in LATER:
            return Missing(name)
        if not isinstance(owner, ModuleType) and not inspect.isclass(owner):
            return owner  # of a value nothing more is known
        if name in ABSENT or not hasattr(owner, part) or is_private_module(owner, part):
            return Missing(name)
        owner = getattr(owner, part)
    return owner


def is_private_module(owner: Any, part: str) -> bool:
    """Whether an attribute is a module of minigrad's or Python's that PyTorch has not there."""
    value = getattr(owner, part)
    public = {target: name for name, target in {**MODULES, **LATER}.items()}
    return isinstance(value, ModuleType) and value.__name__ not in public


# What is used ---------------------------------------------------------------------------------------------------


@dataclass
class Use:
    """A name that is used, and where: the line, and which cell of a notebook."""

    name: str
    line: int
    cell: int | None
    text: str

    @property
    def place(self) -> str:
        """The line in words."""
        return f"line {self.line}" if self.cell is None else f"cell {self.cell}, line {self.line}"


@dataclass
class Findings:
    """What a file uses of PyTorch: names that are there, names and arguments that are not, methods that may not be."""

    used: set[str] = field(default_factory=set)
    lacking: list[Use] = field(default_factory=list)
    compared: list[Use] = field(default_factory=list)
    """Dtypes that minigrad does not have, where a program asks for one or chooses among some."""
    guessed: list[Use] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    beside: list[str] = field(default_factory=list)
    """Files beside it that it imports."""


class Reader(ast.NodeVisitor):
    """Reads a program, and notes what it uses."""

    def __init__(self, lines: list[str], findings: Findings, names: dict[str, str], cell: int | None) -> None:
        self.lines, self.findings, self.cell = lines, findings, cell
        self.names = names  # what the program calls PyTorch's things
        self.stars = [name.removeprefix("*") for name in names if name.startswith("*")]
        self.own: set[str] = set()
        self.tried = 0
        self.choices: set[ast.AST] = set()

    # Names -------------------------------------------------------------------------------------------------

    def visit_Import(self, node: ast.Import) -> None:
        """`import torch.nn as nn`: a name of the program's."""
        for alias in node.names:
            if alias.name.partition(".")[0] in ROOTS:
                self.use(alias.name, node)
                bound = alias.asname or alias.name.partition(".")[0]
                self.names[bound] = alias.name if alias.asname else bound
            else:
                self.names.pop(alias.asname or alias.name.partition(".")[0], None)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        """`from torch import nn`, and `from torch.nn import *`."""
        module = node.module or ""
        if node.level or module.partition(".")[0] not in ROOTS:
            for alias in node.names:
                self.names.pop(alias.asname or alias.name, None)
            return
        for alias in node.names:
            if alias.name == "*":
                self.use(module, node)
                self.names.update({name: f"{module}.{name}" for name in names_of(module)})
            else:
                self.use(f"{module}.{alias.name}", node)
                self.names[alias.asname or alias.name] = f"{module}.{alias.name}"

    def visit_Assign(self, node: ast.Assign) -> None:
        """`F = torch.nn.functional`: one more name; any other assignment takes a name away."""
        self.visit(node.value)
        path = self.path(node.value)
        for target in node.targets:
            if isinstance(target, ast.Name):
                if path is not None and (inspect.isclass(found(path)) or isinstance(found(path), ModuleType)):
                    self.names[target.id] = path
                else:
                    self.names.pop(target.id, None)
            else:
                self.visit(target)

    def visit_Try(self, node: ast.Try) -> None:
        """What a program has an answer for when it is missing is not lacking."""
        answered = any(catches_missing_names(handler.type) for handler in node.handlers)
        self.tried += answered
        for statement in node.body:
            self.visit(statement)
        self.tried -= answered
        for other in (*node.handlers, *node.orelse, *node.finalbody):
            self.visit(other)

    def visit_Compare(self, node: ast.Compare) -> None:
        """`dtype == torch.bfloat16`, `dtype in (torch.float16, torch.bfloat16)`."""
        operands = [node.left, *node.comparators]
        self.choose(node, *operands, *(each for operand in operands for each in getattr(operand, "elts", ())))

    def visit_IfExp(self, node: ast.IfExp) -> None:
        """`torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16`."""
        self.choose(node, node.body, node.orelse)

    def visit_Dict(self, node: ast.Dict) -> None:
        """`{"float32": torch.float32, "bfloat16": torch.bfloat16}[name]`."""
        self.choose(node, *node.keys, *node.values)

    def choose(self, node: ast.AST, *among: ast.AST | None) -> None:
        """Read an expression that asks for a value, or chooses one, among others."""
        self.choices.update(each for each in among if each is not None)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        """A chain of attributes, from its longest end; or an attribute of something else."""
        path = self.path(node)
        if path is not None:
            self.use(path, node)
            return
        self.guess(node)
        self.visit(node.value)

    def visit_Name(self, node: ast.Name) -> None:
        """A name that was imported."""
        if isinstance(node.ctx, ast.Load) and node.id in self.names and "." in self.names[node.id]:
            self.use(self.names[node.id], node)

    def visit_Call(self, node: ast.Call) -> None:
        """A call: do the function's parameters have the names of its keyword arguments?"""
        path = self.path(node.func)
        of_autocast = [*node.args, *(each.value for each in node.keywords)] if path in AUTOCAST else []
        self.choose(node, *of_autocast)
        if path is None or not is_there(path):
            return
        unknown = [name for name in keywords(node) if name not in accepted_by(found(path), keywords(node))]
        for name in unknown:
            self.note(self.findings.lacking, f"{path}({name}=)", node)

    def path(self, node: ast.AST) -> str | None:
        """What PyTorch calls an expression, if it is a chain from one of its names."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id)
        if isinstance(node, ast.Attribute):
            owner = self.path(node.value)
            return None if owner is None else f"{owner}.{node.attr}"
        return None

    # Notes -------------------------------------------------------------------------------------------------

    def use(self, path: str, node: Any) -> None:
        """Note a name of PyTorch's that is used."""
        end = found(path)
        self.findings.used.add(path)
        if path in ABSENT and node in self.choices:
            self.note(self.findings.compared, path, node)
        elif isinstance(end, Missing) or path in ABSENT:
            self.note(self.findings.lacking, end.part if isinstance(end, Missing) else path, node)

    def guess(self, node: ast.Attribute) -> None:
        """Note an attribute that PyTorch's tensors have and minigrad's lack, unless something else has it."""
        name = node.attr
        if name in names_of("torch.Tensor") and not hasattr(Tensor, name) and name not in self.own | of_others():
            root: Any = node.value
            while isinstance(root, (ast.Attribute, ast.Call, ast.Subscript)):
                root = root.func if isinstance(root, ast.Call) else root.value
            if not (isinstance(root, ast.Name) and root.id in self.imported):
                self.note(self.findings.guessed, f"Tensor.{name}", node)

    imported: frozenset[str] | set[str] = frozenset()
    """Names of other libraries."""

    def note(self, where: list[Use], name: str, node: Any) -> None:
        """Note a use."""
        if not self.tried:
            where.append(Use(name, node.lineno, self.cell, self.lines[node.lineno - 1].strip()))


def catches_missing_names(kind: ast.expr | None) -> bool:
    """Whether an `except` is for names that are not there."""
    if kind is None:
        return True
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    names = {each.id for each in kinds if isinstance(each, ast.Name)}
    return not names.isdisjoint({"ImportError", "ModuleNotFoundError", "AttributeError", "Exception"})


def keywords(node: ast.Call) -> list[str]:
    """The names of a call's keyword arguments."""
    return [keyword.arg for keyword in node.keywords if keyword.arg is not None]


def accepted_by(function: Any, wanted: Iterable[str]) -> set[str]:
    """Which keyword arguments a function or class takes; all that are wanted where that is not known."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return set(wanted)
    kinds = {parameter.kind for parameter in parameters.values()}
    if inspect.Parameter.VAR_KEYWORD in kinds:
        return set(wanted)
    return {"self", *parameters}


@cache
def of_others() -> frozenset[str]:
    """Attributes that things have which are no tensors: of Python, of NumPy, of modules and optimizers."""
    import numpy as np

    kinds = (str, bytes, list, dict, set, tuple, int, float, np.ndarray, np.random.Generator, Module, Optimizer, Path)
    more = "scatter hist index names name values indices grad_fn put"  # of matplotlib, pandas and others
    return frozenset(name for kind in kinds for name in dir(kind)) | frozenset(more.split())


# Files ----------------------------------------------------------------------------------------------------------


def read(file: str) -> Findings:
    """What a script or notebook uses."""
    findings, names, own, others = Findings(), dict[str, str](), set[str](), set[str]()
    cells = list(cells_of(Path(file)))
    trees = []
    for number, source in cells:
        try:
            trees.append((number, source, ast.parse(source)))
        except SyntaxError as error:
            where = f"line {error.lineno}" if number is None else f"cell {number}"
            findings.unread.append(f"{where} is not read: {error.msg}")
    for _, _, tree in trees:
        own |= {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        others |= other_modules(tree)
    findings.beside = [str(each) for _, _, tree in trees for each in files_beside(Path(file), tree)]
    for number, source, tree in trees:
        reader = Reader(source.splitlines(), findings, names, number)
        reader.own, reader.imported = own, others
        reader.visit(tree)
    return findings


def other_modules(tree: ast.AST) -> set[str]:
    """The names of what a program imports from other libraries."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            roots = [(alias.asname or alias.name.partition(".")[0], alias.name) for alias in node.names]
            names |= {bound for bound, name in roots if name.partition(".")[0] not in ROOTS}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] not in ROOTS:
            names |= {alias.asname or alias.name for alias in node.names}
    return names


def files_beside(file: Path, tree: ast.AST) -> Iterator[Path]:
    """The files in the same folder that a program imports."""
    for node in ast.walk(tree):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level < 2:
            modules = [node.module or "", *(alias.name for alias in node.names if not node.module)]
        for module in modules:
            beside = file.parent / f"{module.partition('.')[0]}.py"
            if beside.is_file() and beside != file:
                yield beside


def cells_of(file: Path) -> Iterator[tuple[int | None, str]]:
    """The source of a script, or the code cells of a notebook by their number, without commands of IPython's."""
    if file.suffix != ".ipynb":
        yield None, file.read_text(encoding="utf-8")
        return
    cells = json.loads(file.read_text(encoding="utf-8")).get("cells", [])
    for number, cell in enumerate(cells, 1):
        source = cell.get("source", "")
        text = source if isinstance(source, str) else "".join(source)
        if cell.get("cell_type") == "code" and not text.lstrip().startswith("%%"):
            yield number, re.sub(r"(?m)^(\s*)[%!?].*$", r"\1pass", text)


def main(files: list[str]) -> int:
    """Print what files lack; 1 if it is anything, 2 if there is no such file."""
    status = 0
    for file in files:
        if not Path(file).is_file():
            reason = "a folder: name its files" if Path(file).is_dir() else "no such file"
            print(f"python -m minigrad: {reason}: {file}")
            return 2
        findings = read(file)
        print(report(file, findings))
        status = max(status, int(bool(findings.lacking)))
    return status


def report(file: str, findings: Findings) -> str:
    """What was found, in lines."""
    if not findings.used and not findings.unread:
        return f"{file} does not use PyTorch."
    lacking = {use.name for use in findings.lacking}
    lines = [
        f"{file}: minigrad has all {len(findings.used)} names of PyTorch that it uses."
        if not lacking
        else f"{file}: minigrad lacks {len(lacking)} of what it uses of PyTorch:"
    ]
    lines += shown(findings.lacking)
    if findings.compared:
        lines.append("Dtypes that minigrad lacks, to compare with and to choose among (no tensor can have one):")
        lines += shown(findings.compared)
    if findings.guessed:
        lines.append("Methods that PyTorch's tensors have and minigrad's lack (a guess: these may be no tensors):")
        lines += shown(findings.guessed)
    lines += findings.unread
    if findings.beside:
        lines.append(f"It imports {', '.join(dict.fromkeys(findings.beside))}: check what is in there as well.")
    return "\n".join(lines)


def shown(uses: list[Use]) -> list[str]:
    """Each name once, with its lines."""
    lines = []
    for name in dict.fromkeys(use.name for use in uses):
        those = [use for use in uses if use.name == name]
        lines.append(f"  {name}")
        lines += [f"      {use.place}: {use.text[:90]}" for use in those[:MANY]]
        if len(those) > MANY:
            lines.append(f"      and {len(those) - MANY} more")
    return lines
