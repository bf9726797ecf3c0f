"""SUPPORTED.md, read: the public names of PyTorch's modules, and which of them are there."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

__all__ = ["FILE", "names_of"]

FILE = Path(__file__).parent.parent / "SUPPORTED.md"


@cache
def modules() -> dict[str, frozenset[str]]:
    """The public names of each module of PyTorch, and the methods of each class, that the page lists."""
    sections = re.split(r"(?m)^## (\S+)$", FILE.read_text(encoding="utf-8"))[1:]
    return {path: frozenset(re.findall(r"`(\w+)`", text)) for path, text in zip(sections[::2], sections[1::2])}


def names_of(module: str) -> frozenset[str]:
    """The public names of a module of PyTorch; none of one that the page does not list."""
    return modules().get(module, frozenset())
