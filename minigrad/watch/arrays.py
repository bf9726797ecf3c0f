"""Arrays for people: copied when seen, since later steps change them; small ones whole, large ones in a line."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from minigrad.arrays import copy_of
from minigrad.devices import moved
from minigrad.engine.graph import raw

WHOLE = 16
"""Arrays of so many numbers are shown whole."""


class Seen:
    """A copy of an array (or of a tensor's) as it was.  It stays on its device until somebody looks at it."""

    def __init__(self, array: Any) -> None:
        self.array = copy_of(raw(array)) if hasattr(raw(array), "copy") else np.asarray(raw(array))
        self.shape: tuple[int, ...] = self.array.shape

    @cached_property
    def host(self) -> Any:
        """As a NumPy array."""
        return moved(self.array, "cpu")

    @cached_property
    def statistics(self) -> Statistics:
        """What there is to say of all its numbers."""
        return statistics(self.host)

    def same_as(self, other: Seen) -> bool:
        """Whether shape and every number are another's."""
        return self.shape == other.shape and np.array_equal(
            self.host, other.host, equal_nan=self.host.dtype.kind == "f"
        )


@dataclass(frozen=True)
class Statistics:
    """Of the numbers of an array; least, most and norm of the finite ones."""

    size: int
    least: float
    most: float
    norm: float
    zeros: int
    nans: int
    infinities: int


def statistics(a: Any) -> Statistics:
    """Count and measure the numbers of a NumPy array."""
    values = a.astype(np.float64)
    finite = values[np.isfinite(values)]
    least, most = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    nans, infinities = int(np.isnan(values).sum()), int(np.isinf(values).sum())
    return Statistics(a.size, least, most, float(np.linalg.norm(finite)), int((values == 0).sum()), nans, infinities)


def number(x: Any) -> str:
    """A number in three digits."""
    return f"{x:.3g}" if isinstance(x, (float, np.floating)) else str(x)


def shape_text(shape: tuple[int, ...]) -> str:
    """800x8; a number for itself has no shape."""
    return "x".join(map(str, shape)) or "scalar"


def not_finite(s: Statistics) -> str:
    """`3 nan, 1 inf`; empty where all are finite."""
    return ", ".join(f"{n} {kind}" for n, kind in ((s.nans, "nan"), (s.infinities, "inf")) if n)


def one_line(seen: Seen) -> str:
    """Shape, range, norm, and what share is 0 or not finite."""
    s = seen.statistics
    if not seen.shape:
        return number(seen.host.item())
    if not s.size:
        return f"{shape_text(seen.shape)}  empty"
    text = f"{shape_text(seen.shape)}  {number(s.least)} .. {number(s.most)}, norm {number(s.norm)}"
    if s.zeros / s.size > 0.005:
        text += f", {s.zeros / s.size:.0%} zeros"
    return text + (f", {not_finite(s)}" if not_finite(s) else "")


def described(seen: Seen) -> list[str]:
    """An array in lines: of up to 16 numbers all of them, of more one line about them."""
    if not seen.shape or not 0 < seen.host.size <= WHOLE or len(seen.shape) > 2:
        return [one_line(seen)]
    rows = [row[i : i + 8] for row in np.atleast_2d(seen.host) for i in range(0, len(row), 8)]
    lines = [" ".join(f"{number(x):>9}" for x in row.tolist()) for row in rows]
    first = shape_text(seen.shape)
    return [f"{first}  {lines[0].strip()}"] if len(lines) == 1 else [first, *lines]
