"""Python numbers that a program computes anew each time: a learning rate, the number of the step, and what is made of
them by arithmetic.  Their text is the formula.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

SUM, PRODUCT, SIGN, POWER, NAME = range(5)
"""How tightly the operators of a formula bind."""


class Number(float):
    """A number, and the formula that it comes from.  binds: the formula's outermost operator.

    looked_at: who is told where Python decides by its value, with the names that the formula is made of; and whether
    all that counts is that it is 0, or is not.
    """

    text: str
    binds: int
    names: frozenset[str]
    looked_at: Callable[..., None]

    def __bool__(self) -> bool:
        self.looked_at(self.names, is_truth=self.binds == NAME)
        return self.value != 0

    def __hash__(self) -> int:
        self.looked_at(self.names)
        return super().__hash__()

    def __int__(self) -> int:
        self.looked_at(self.names)
        return super().__int__()

    def __neg__(self) -> Number:
        return number(-self.value, f"-{within(self, SIGN)}", SIGN, self)

    def __abs__(self) -> Number:
        return number(abs(self.value), f"abs({self.text})", NAME, self)

    @property
    def value(self) -> float:
        """The number alone."""
        return float.__add__(self, 0.0)


def number(value: float, text: str, binds: int, *of: Any, names: frozenset[str] = frozenset()) -> Number:
    """A number made of others, or with names of its own."""
    made = Number(value)
    sources = [x for x in of if isinstance(x, Number)]
    made.text, made.binds = text, binds
    made.names = names.union(*(x.names for x in sources))
    if sources:
        made.looked_at = sources[0].looked_at
    return made


def within(x: Any, binds: int) -> str:
    """The text of an operand of an operator."""
    text = x.text if isinstance(x, Number) else repr(x)
    tight = x.binds if isinstance(x, Number) else (NAME if x >= 0 else SIGN)
    return text if tight >= binds else f"({text})"


def operator(name: str, sign: str, binds: int) -> None:
    """Give Number an operator, from both sides."""
    compute: Any = getattr(float, f"__{name}__")
    left, right = (binds + 1, binds) if binds == POWER else (binds, binds + 1)

    def from_left(self: Number, other: Any) -> Any:
        if not isinstance(other, (int, float)):
            return NotImplemented
        text = f"{within(self, left)} {sign} {within(other, right)}".replace(" ** ", "**")
        return number(compute(self.value, plain_number(other)), text, binds, self, other)

    def from_right(self: Number, other: Any) -> Any:
        if not isinstance(other, (int, float)):
            return NotImplemented
        text = f"{within(other, left)} {sign} {within(self, right)}".replace(" ** ", "**")
        return number(compute(float(other), self.value), text, binds, self)

    setattr(Number, f"__{name}__", from_left)
    setattr(Number, f"__r{name}__", from_right)


def plain_number(x: Any) -> float:
    """A number as a float of Python's."""
    return x.value if isinstance(x, Number) else float(x)


def comparison(name: str) -> None:
    """Give Number a comparison, of which is told."""
    compute: Any = getattr(float, f"__{name}__")

    def compared(self: Number, other: Any) -> Any:
        self.looked_at(self.names)
        return compute(self.value, plain_number(other)) if isinstance(other, (int, float)) else NotImplemented

    setattr(Number, f"__{name}__", compared)


for name, sign, binds in [
    ("add", "+", SUM), ("sub", "-", SUM), ("mul", "*", PRODUCT), ("truediv", "/", PRODUCT), ("pow", "**", POWER),
]:  # fmt: skip
    operator(name, sign, binds)
for name in ("eq", "ne", "lt", "le", "gt", "ge"):
    comparison(name)
