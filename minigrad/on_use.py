"""Names that are imported when one of them is first used: the many that no lesson needs.

A module gives a table of them, and has a `__getattr__` that asks `found`.  So `import minigrad` takes no time for them,
and whoever reads the engine meets none of them.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from minigrad.engine.kept import learn_rules

Table = dict[str, str]
"""The names that a module has to offer, in one text, by that module; "" stands for modules in the one that asks."""


def names_in(table: Table) -> list[str]:
    """All names of a table."""
    return [name for names in table.values() for name in names.split()]


def found(module: str, table: Table, name: str) -> Any:
    """What a module's table says of a name, which the module has from now on.  AttributeError for any other name."""
    for source, names in table.items():
        if name in names.split():
            value = getattr(imported(source), name) if source else imported(f"{module}.{name}")
            setattr(sys.modules[module], name, value)
            return value
    raise AttributeError(f"module {module!r} has no attribute {name!r}", name=name, obj=sys.modules[module])


def imported(module: str) -> Any:
    """A module.  What its rules and those of the modules that it imports read is found out the first time."""
    if module in sys.modules:
        return sys.modules[module]
    result = import_module(module)
    learn_rules("minigrad.ops.")
    return result
