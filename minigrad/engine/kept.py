"""What a node keeps for its rules: the operands, and the output, that a rule reads.

A rule reads the parameters that its author did not underscore.  Their names are found in the rule's code: once for a
function of a module, and for minigrad's own when it is imported, so that a debugger steps through none of this on the
way into an op.  A rule that is made anew for each call (a closure, a method, a partial) is never held here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import lru_cache, partial, reduce
from itertools import compress
from operator import itemgetter, or_
from typing import Any, NoReturn

Rule = Callable[..., Any]
Rules = tuple[Rule | None, ...]
HAS_VARARGS = 0x04
"""Marks the code of a function with a parameter *name (inspect.CO_VARARGS, without the time to import inspect)."""

MANY = 8
"""From how many operands on it counts with how many places each of the rules, as many, is called."""


class Kept:
    """Which of an op's operands are kept, and whether the output is: bit 0 of `reads` is the output's."""

    def __init__(self, reads: int, operands: int) -> None:
        inputs = [bool(reads >> 1 + i & 1) for i in range(operands)]
        self.out = bool(reads & 1)
        self.anything = any(inputs) or self.out
        self.all_inputs = all(inputs)
        self.nothing = None if any(inputs) else (None,) * operands
        self.pick = itemgetter(*(i if read else -1 for i, read in enumerate(inputs)), -1)

    def some_of(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """The operands that are kept, None in place of the others."""
        kept: tuple[Any, ...] = self.pick((*inputs, None))
        return kept[:-1]


kept_by = lru_cache(maxsize=1024)(Kept)
NOTHING = Kept(0, 0)


class Reads(dict[Rule | None, int]):
    """What each rule of a module reads: bit 0 stands for the output, those above it for the operands in their order."""

    def __missing__(self, rule: Rule | None) -> int:
        reads = reads_of(rule)
        if is_of_module(rule):
            self[rule] = reads
        return reads


READS = Reads({None: 0})
reads_by = READS.__getitem__

KEPT: dict[tuple[Rules, int], Kept] = {}
"""What is kept for rules of modules, by those that are needed: a bit for each operand, the first the highest."""


def kept_for(rules: Rules, needed: int, edges: Sequence[Any]) -> Kept:
    """What is kept for those rules whose operand has an edge.  TypeError, where there is no rule for each operand."""
    reads = reduce(or_, map(reads_by, compress(rules, edges)), 0) if len(rules) == len(edges) else refuse(rules, edges)
    kept = kept_by(reads & (2 << len(rules)) - 1, len(rules) if reads or len(rules) <= MANY else places_for(rules))
    return KEPT.setdefault((rules, needed), kept) if READS.keys() >= {*rules} else kept


def refuse(rules: Rules, operands: Sequence[Any]) -> NoReturn:
    """TypeError for rules that are not as many as the operands."""
    given = f"{len(operands)} operands and {len(rules)} rules"
    raise TypeError(f"record() takes a tuple of operands and one of rules, a rule for each: got {given}")


def places_for(rules: Rules) -> int:
    """With how many operands' places rules that read none need be called."""
    return 1 if all(map(takes_any_number, rules)) else len(rules)


def takes_any_number(rule: Any) -> bool:
    """Whether a rule asks for g alone and leaves the rest to *_unread."""
    code = getattr(rule.func if isinstance(rule, partial) else rule, "__code__", None)
    return code is not None and code.co_argcount == 1 and bool(code.co_flags & HAS_VARARGS)


def learn_rules(*packages: str) -> None:
    """Find out what the rules of some packages read: the functions that are written `def mul_da(g, ...)`."""
    for module in [module for name, module in sys.modules.items() if name.startswith(packages)]:
        for value in vars(module).values():
            code = getattr(value, "__code__", None)
            if code is not None and code.co_varnames[:1] == ("g",) and code.co_argcount > 1:
                READS[value]
    for operands in 1, 2, 3, 4:
        for reads in range(2 << operands):
            kept_by(reads, operands)


def is_of_module(rule: Any) -> bool:
    """Whether a rule is a function that its module has under its name, and so is not made anew for each call."""
    module = sys.modules.get(getattr(rule, "__module__", None) or "")
    return getattr(module, getattr(rule, "__name__", ""), None) is rule


def reads_of(rule: Any) -> int:
    """A bit for each parameter after the first, g, that a rule reads; for *name, all further ones.

    Of a callable that is not written in Python nothing is known: it may read everything.
    """
    given, named = 0, set[str]()
    while hasattr(rule, "__func__") or not hasattr(rule, "__code__"):
        if hasattr(rule, "__func__"):
            given, rule = given + 1, rule.__func__
        elif isinstance(rule, partial):
            given, named = given + len(rule.args), named | rule.keywords.keys()
            rule = rule.func
        elif hasattr(rule, "__wrapped__"):
            rule = rule.__wrapped__
        elif hasattr(type(rule).__call__, "__code__"):
            given, rule = given + 1, type(rule).__call__
        else:
            return -1
    code = rule.__code__
    names = [name for name in code.co_varnames[given : code.co_argcount] if name not in named]
    reads = sum(1 << i for i, name in enumerate(names[1:]) if not name.startswith("_"))
    if code.co_flags & HAS_VARARGS and not code.co_varnames[code.co_argcount + code.co_kwonlyargcount].startswith("_"):
        reads |= -1 << max(len(names) - 1, 0)
    return reads
