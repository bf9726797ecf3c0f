"""Formulas that a GPU computes in one go.

A formula here takes arrays (the library of theirs, `xp`, first) and works element by element.  NumPy runs it line by
line.  On a GPU each line would be a launch of its own, which costs more than the work where arrays are small, and a
journey through memory where they are large: there CuPy compiles the lines into one kernel, on first use.
https://docs.cupy.dev/en/stable/user_guide/kernel.html#kernel-fusion
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any

import numpy as np

from minigrad.arrays import array_module


def fused(formula: Callable[..., Any]) -> Callable[..., Any]:
    """Let a formula, `formula(xp, array, ...)`, be called as `formula(array, ...)`, on a GPU as one kernel.

    It may use xp's elementwise functions (with out=), operators, also in place, and numbers; not the arrays' shapes.
    Numbers may meet arrays alone: CuPy would compute 1 - beta, of two numbers, in float16.  One of operators alone
    takes Tensors too: so a rule can be made of it.
    """

    @wraps(formula)
    def run(*operands: Any) -> Any:
        if isinstance(operands[0], np.ndarray):
            return formula(np, *operands)
        xp = array_module(operands[0])
        return formula(xp, *operands) if xp is np else kernel(formula, xp)(*operands)

    return run


PIECE = 1 << 17
"""How many numbers of each array a formula is given at once: so many that they stay in the processor's cache."""


def in_pieces(formula: Callable[..., Any]) -> Callable[..., None]:
    """As `fused`, for a formula that changes flat arrays of one size and returns nothing.

    NumPy takes large arrays piece by piece: of a dozen journeys through memory, one for each line, one is left.
    """
    whole = fused(formula)

    @wraps(formula)
    def run(*operands: Any) -> None:
        size = operands[0].size
        if size <= PIECE or type(operands[0]) is not np.ndarray:
            whole(*operands)
            return
        for start in range(0, size, PIECE):
            whole(*(x[start : start + PIECE] if type(x) is np.ndarray else x for x in operands))

    return run


@lru_cache(maxsize=64)
def kernel(formula: Callable[..., Any], cupy: Any) -> Any:
    """What CuPy makes of a formula."""
    return cupy.fuse(kernel_name=formula.__name__)(lambda *operands: formula(cupy, *operands))


BITS = {2: np.int16, 4: np.int32, 8: np.int64}
"""Integers of as many bytes as a float has."""


def selected(xp: Any, condition: Any, x: Any) -> Any:
    """x where a bool array is True, else 0, whatever x is there (inf * 0 would be nan): for use in a formula.

    NumPy's where() is slow where the condition changes from element to element, for the processor guesses wrong.  So
    the bits of x are multiplied by 1 and 0, in the time of x * condition.
    """
    return (x.view(BITS[x.dtype.itemsize]) * condition).view(x.dtype) if xp is np else xp.where(condition, x, 0)


@fused
def blend(_xp: Any, old: Any, new: Any, share_of_old: float, share_of_new: float) -> None:
    """old = share_of_old * old + share_of_new * new, in place: a moving average."""
    old *= share_of_old
    old += new * share_of_new
