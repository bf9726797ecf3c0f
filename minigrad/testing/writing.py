"""How a program gets at what is checked: its import, or where it cannot be imported its source; and how it calls it."""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any


@dataclass(frozen=True)
class Written:
    """What is checked, in a program."""

    imports: tuple[str, ...]
    expression: str
    """The function (or class) itself."""
    source: str = ""
    """What has to be defined before."""
    called: str = "{expression}({arguments})"

    def call(self, *arguments: str) -> str:
        """A call of it."""
        return self.called.format(expression=self.expression, arguments=", ".join(arguments))


def written(function: Any) -> Written:
    """A function, a class, or a method of one, such as `Cube.apply`."""
    owner = getattr(function, "__self__", None)
    known = owner if inspect.isclass(owner) else function
    module = getattr(known, "__module__", None) or getattr(owner, "__name__", None) or ""
    name = getattr(known, "__qualname__", "") or getattr(known, "__name__", "") or type(known).__name__
    expression = f"{name}.{function.__name__}" if known is owner else name
    library = module.partition(".")[0]
    if library in ("minigrad", "torch", "numpy"):
        return Written((f"import {library}",), public(library, module) + known.__name__)
    if "<" in name:
        return of_source(known, expression)
    return Written((f"from {importable(known, module)} import {name.partition('.')[0]}",), expression)


def public(library: str, module: str) -> str:
    """Where a library shows what it has in some file of its own."""
    if library == "numpy":
        return "numpy."
    for part in ("nn.functional", "optim"):
        if part in module:
            return f"{library}.{part}."
    return f"{library}.nn." if ".nn." in module else f"{library}."


def importable(known: Any, module: str) -> str:
    """The name by which a module is imported: of the program that runs, its file's."""
    if module != "__main__":
        return module
    file = getattr(inspect.getmodule(known), "__file__", None)
    return Path(file).stem if file else module


def of_source(function: Any, expression: str) -> Written:
    """A lambda, or what is defined in a function: as it is written."""
    try:
        source = textwrap.dedent(inspect.getsource(function))
        tree = ast.parse(source if not source.startswith(".") else f"x{source}")
    except (OSError, TypeError, SyntaxError):
        return Written((), "op", f"op = ...  # to be written here: {expression}")
    imports = imports_of(function)
    lambdas = [node for node in ast.walk(tree) if isinstance(node, ast.Lambda)]
    if getattr(function, "__name__", "") == "<lambda>":
        for each in lambdas:
            if each.lineno and same_code(each, function):
                return Written(imports, f"({ast.unparse(each)})")
        return Written(imports, "op", "op = ...  # to be written here")
    return Written(imports, expression.rpartition("<locals>.")[2], source)


def same_code(node: ast.Lambda, function: Any) -> bool:
    """Whether a lambda in a source is that function."""
    code = compile(ast.Expression(node), "", "eval").co_consts[0]
    mine = function.__code__
    return (code.co_code, code.co_names, code.co_varnames) == (mine.co_code, mine.co_names, mine.co_varnames)


def imports_of(function: Any) -> tuple[str, ...]:
    """The imports of what a function's code names."""
    code = getattr(function, "__code__", None)
    if code is None:
        return ()
    found = []
    for name in code.co_names:
        value = function.__globals__.get(name)
        if isinstance(value, ModuleType):
            found.append(f"import {value.__name__}" + (f" as {name}" if value.__name__ != name else ""))
        elif value is not None:
            module = function.__globals__["__name__"]
            found.append(f"from {importable(function, module)} import {name}")
    return tuple(found)
