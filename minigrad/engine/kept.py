"""What a node keeps for its rules: the operands, and the output, that a rule reads.

A rule reads the parameters that its author did not underscore.  Their names are found in the rule's code.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from operator import itemgetter
from types import CodeType
from typing import Any
from weakref import WeakKeyDictionary

Rule = Callable[..., Any]
Rules = tuple[Rule | None, ...]
HAS_VARARGS = 0x04
"""Marks the code of a function with a parameter *name."""


class Kept:
    """Which of an op's operands are kept for its rules, and whether the output is."""

    def __init__(self, inputs: list[bool], out: bool) -> None:
        self.all_inputs = all(inputs)
        self.out = out
        self.anything = any(inputs) or out
        self.nothing = None if any(inputs) else (None,) * len(inputs)
        if len(inputs) > 1:
            self.pick = itemgetter(*(i if read else -1 for i, read in enumerate(inputs)))

    def of(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """The operands that are kept, None in place of the others."""
        return self.nothing or self.pick((*inputs, None))


NOTHING = Kept([], False)


KEPT: dict[tuple[Rules, int], Kept] = {}
"""For the rules of modules, which live as long as the process does anyway."""

NAMES: WeakKeyDictionary[CodeType, tuple[str, ...]] = WeakKeyDictionary()
"""The parameters of a code, as long as there is a function with it."""


def kept_for(rules: Rules, needed: int, operands: int) -> Kept:
    """What is kept for those rules that are needed: `needed` has a bit for each operand, the first the highest."""
    called = [rule for i, rule in enumerate(reversed(rules)) if rule and needed >> i & 1]
    inputs, out = [False] * operands, False
    for rule in called:
        _g, reads_out, *reads = (not name.startswith("_") for name in parameters(rule, 2 + operands))
        inputs = [read or before for read, before in zip(reads, inputs, strict=True)]
        out |= reads_out
    kept = Kept(inputs, out)
    if all(rule is None or is_of_module(rule) for rule in rules):
        KEPT[rules, needed] = kept
    return kept


def is_of_module(rule: Any) -> bool:
    """Whether a rule is a function that its module has under its name, and so is not made anew for each call."""
    module = sys.modules.get(getattr(rule, "__module__", None) or "")
    return getattr(module, getattr(rule, "__name__", ""), None) is rule


def parameters(rule: Any, number: int) -> tuple[str, ...]:
    """The names of a rule's first parameters; that of *name again and again where there are no more.

    Of a callable that is not written in Python nothing is known: it may read everything.
    """
    given, named = 0, tuple[str, ...]()
    while not hasattr(rule, "__code__"):
        if isinstance(rule, partial):
            given, named = given + len(rule.args), (*named, *rule.keywords)
            rule = rule.func
        elif hasattr(rule, "__func__"):
            given, rule = given + 1, rule.__func__
        elif hasattr(rule, "__wrapped__"):
            rule = rule.__wrapped__
        elif hasattr(type(rule).__call__, "__code__"):
            given, rule = given + 1, type(rule).__call__
        else:
            return ("anything",) * number
    code = rule.__code__
    names = NAMES.get(code)
    if names is None:
        names = NAMES[code] = code.co_varnames[: code.co_argcount]
    rest = code.co_varnames[code.co_argcount + code.co_kwonlyargcount] if code.co_flags & HAS_VARARGS else "_nothing"
    names = tuple(name for name in names[given:] if name not in named)
    return (names + (rest,) * number)[:number]
