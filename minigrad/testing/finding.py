"""What a check finds wrong: in words, and where a number is wrong, which one and what it should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Number:
    """A number that is wrong."""

    of: str
    """What it belongs to: `x.grad`."""
    index: tuple[int, ...]
    mine: Any
    expected: Any
    by: str
    """Who expects it: `finite differences`."""
    operand: str = ""
    """The operand that it is a gradient by."""
    leaf: int | None = None
    """Which of the operands that require grad it is a gradient of."""

    @property
    def at(self) -> str:
        """Where it stands, as a program writes it: `[0, 1]`."""
        return f"[{', '.join(map(str, self.index))}]" if self.index else ""

    @property
    def name(self) -> str:
        """The number as a program writes it: `x.grad[0, 1]`."""
        return self.of + self.at

    def __str__(self) -> str:
        if self.mine is None:
            return f"{self.of} is None, by {self.by} {shown(self.expected)}" + (f" at {self.at}" if self.at else "")
        pair = shown(self.mine), shown(self.expected)
        mine, expected = pair if pair[0] != pair[1] else (repr(self.mine), repr(self.expected))
        return f"{self.name} is {mine}, by {self.by} {expected}"


class Found(AssertionError):
    """What is wrong with an op on a sample."""

    def __init__(self, words: str, number: Number | None = None, hint: str = "") -> None:
        super().__init__(words + (f": {number}" if number else ""))
        self.words, self.number, self.hint = words, number, hint


def shown(x: Any) -> str:
    """A number with as many digits as one reads."""
    return f"{x:.6g}" if isinstance(x, float) else str(x)
