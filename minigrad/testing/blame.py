"""Whose fault a wrong gradient may be: the user's rules between a result and an operand."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from minigrad.engine.places import OWN_FILES

FEW_LINES = 12
"""So many lines of a rule are shown."""


def rules_between(results: list[Any], leaf: Any) -> list[Callable[..., Any]]:
    """The rules by which a gradient goes from results to a leaf, each once."""
    leads: dict[int, bool] = {}
    alive: list[Any] = []  # PyTorch makes another object for a node where the last was let go
    found: list[Callable[..., Any]] = []
    stack = [(y.grad_fn, False) for y in results]
    while stack:
        node, seen = stack.pop()
        alive.append(node)
        below = [edge for edge, _ in node.next_functions]
        if not seen and id(node) not in leads:
            leads[id(node)] = getattr(node, "variable", None) is leaf if not below else False
            stack += [(node, True), *((edge, False) for edge in below if edge is not None)]
        elif seen:
            through = [i for i, edge in enumerate(below) if edge is not None and leads[id(edge)]]
            leads[id(node)] = leads[id(node)] or bool(through)
            found += [rule for i in through if (rule := rule_of(node, i)) is not None]
    return list(dict.fromkeys(found))


def rule_of(node: Any, index: int) -> Callable[..., Any] | None:
    """The function that computes the gradient of a node's operand: a rule, or a Function's backward."""
    if hasattr(node, "rules"):
        rule: Callable[..., Any] = inspect.unwrap(node.rules[index])
        function: Callable[..., Any] = getattr(rule, "func", rule)
        return function
    cls = getattr(node, "_forward_cls", None)
    return None if cls is None else cls.backward


def is_of_user(function: Callable[..., Any]) -> bool:
    """Whether a function stands in a file of the user's: not minigrad's, nor PyTorch's."""
    code = getattr(function, "__code__", None)
    return code is not None and code.co_filename not in OWN_FILES and "/torch/" not in code.co_filename


def shown(function: Callable[..., Any]) -> Iterator[str]:
    """A function's name and place, and its lines."""
    code = getattr(function, "__code__", None)
    if code is None:
        return
    yield f"{function.__qualname__.rpartition('<locals>.')[2]}, {nice(code.co_filename)}:{code.co_firstlineno}"
    try:
        lines = inspect.cleandoc("\n" + inspect.getsource(function)).splitlines()
    except (OSError, TypeError):
        return
    yield from (f"    {line}" for line in lines[:FEW_LINES])
    if len(lines) > FEW_LINES:
        yield "    ..."


def nice(file: str) -> str:
    """A file's name, from the current folder on."""
    path = Path(file)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else file


def name_of(function: Callable[..., Any]) -> str:
    """What messages call a function."""
    owner = getattr(function, "__self__", None)
    if inspect.isclass(owner):
        return owner.__name__
    module = (getattr(function, "__module__", None) or getattr(owner, "__name__", "") or "").partition(".")[0]
    name: str = getattr(function, "__name__", type(function).__name__)
    return f"{module}'s {name}" if module in ("torch", "numpy", "minigrad") else name
