"""Weighted sums along dimensions: what padding by an image's own elements, averaging and resizing have in common.

Each place of the result is a sum of a few elements that lie along one dimension, each times a weight of its own.  The
derivative is the same with places and elements exchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.arrays import array_module, quiet
from minigrad.engine.graph import raw, record
from minigrad.formats import format_of, in_format, memory_format
from minigrad.ops.promotion import widened

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__: list[str] = []  # what other ops are made of


@dataclass(frozen=True, eq=False)
class Weighing:
    """Which elements along a dimension make each place of the result, in a list: places, elements and weights.

    dim: counted from the last, which is -1.  length, size: of that dimension, before and after.
    """

    dim: int
    length: int
    size: int
    places: Any
    elements: Any
    weights: Any = None
    """None: all are 1."""

    @cached_property
    def transposed(self) -> Weighing:
        """From the result back to the elements."""
        return Weighing(self.dim, self.size, self.length, self.elements, self.places, self.weights)

    @cached_property
    def unweighted(self) -> Weighing:
        """The sums of the same elements."""
        return Weighing(self.dim, self.length, self.size, self.places, self.elements)

    @cached_property
    def rounds(self) -> list[tuple[Any, Any, Any]]:
        """The list in parts, in each of which a place comes at most once: places and elements are keys, of one dim."""
        order = np.argsort(self.places, kind="stable")
        places, elements = self.places[order], self.elements[order]
        weights = None if self.weights is None else self.weights[order]
        turn = np.arange(len(places)) - np.searchsorted(places, places)
        parts = [turn == number for number in range(turn.max(initial=-1) + 1)]
        return [(key_of(places[p]), key_of(elements[p]), None if weights is None else weights[p]) for p in parts]

    def of(self, x: Any) -> Any:
        """The weighted sums of a raw array."""
        xp, behind = array_module(x), [slice(None)] * (-self.dim - 1)
        value = xp.zeros((*x.shape[: self.dim], self.size, *x.shape[self.dim :][1:]), x.dtype)
        for places, elements, weights in self.rounds:
            part = x[(..., elements, *behind)] if type(elements) is slice else x.take(xp.asarray(elements), self.dim)
            if weights is not None:
                part = part * xp.asarray(weights, x.dtype).reshape(-1, *[1] * len(behind))
            value[(..., places if type(places) is slice else xp.asarray(places), *behind)] += part
        return value


def key_of(positions: Any) -> Any:
    """Positions as a slice, where they are evenly spaced and rise; else themselves."""
    steps = np.diff(positions)
    step = int(steps[0]) if len(steps) else 1
    if len(positions) and step > 0 and (steps == step).all():
        return slice(int(positions[0]), int(positions[-1]) + 1, step)
    return positions


def weighed(
    a: Tensor, weighings: tuple[Weighing, ...], name: str | None = None, format: memory_format | None = None
) -> Tensor:
    """The weighted sums along one dimension after the other, in a format: unless given, that of `a`.

    name: what PyTorch prints for it.
    """
    x = raw(a)
    with quiet():
        value = widened(x)
        for weighing in weighings:
            value = weighing.of(value)
        value = in_format(value.astype(x.dtype, copy=False), format or format_of(x))
    return record(value, (a,), (weighed_da,), weighings, name=name)


def weighed_da(g: Tensor, _out: Tensor, _a: Tensor, weighings: tuple[Weighing, ...]) -> Tensor:
    return weighed(g, tuple(weighing.transposed for weighing in reversed(weighings)))
