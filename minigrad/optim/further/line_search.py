"""How far to go in a direction: a search for a step after which the loss is lower, and its slope nearer to 0.

Nocedal and Wright, Numerical Optimization, 2006, algorithms 3.5 and 3.6.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from minigrad.tensor import Tensor

LESS = 1e-4
"""Which share of the decrease that the first slope promises a step must bring."""

FLATTER = 0.9
"""Which share of the first slope may be left after it."""


class Point(NamedTuple):
    """What is known of the place t directions away from the start."""

    t: Any
    loss: float
    gradient: Tensor
    slope: Tensor
    """Of the loss along the direction: gradient @ direction."""


class Search:
    """A search along a direction for a point that fulfils the strong Wolfe conditions::

        loss <= loss at the start + LESS * t * slope at the start
        |slope| <= FLATTER * |slope at the start|

    at(t): computes a point.  most: so many points are computed after the first one.
    tolerance: points that lie nearer to each other than this are not told apart; length: of the direction, by its
    largest number.
    """

    def __init__(self, at: Callable[[Any], Point], start: Point, most: int, tolerance: float, length: Tensor) -> None:
        self.at = at
        self.start = start
        self.most = most
        self.tolerance = tolerance
        self.length = length
        self.evaluations = 0

    def found(self, t: Any) -> Point:
        """The point to go to; t: where to look first."""
        return self.narrowed(self.bracket(t))

    def point(self, t: Any) -> Point:
        """One more point."""
        self.evaluations += 1
        return self.at(t)

    def may_go_on(self) -> bool:
        """Whether there is a point left to compute."""
        return self.evaluations - 1 < self.most

    def is_too_high(self, point: Point) -> bool:
        """Whether the first condition is not fulfilled."""
        return bool(point.loss > self.start.loss + LESS * point.t * self.start.slope)

    def is_flat(self, point: Point) -> bool:
        """Whether the second condition is fulfilled."""
        return bool(abs(point.slope) <= -FLATTER * self.start.slope)

    def bracket(self, t: Any) -> list[Point]:
        """A point that fulfils both, or two with such a point between them: it goes on until the loss rises."""
        before, here = self.start, self.point(t)
        while self.may_go_on():
            is_third = self.evaluations > 2
            if self.is_too_high(here) or (is_third and here.loss >= before.loss):
                return [before, here]
            if self.is_flat(here):
                return [here]
            if here.slope >= 0:
                return [before, here]
            t = lowest_between(before, here, here.t + 0.01 * (here.t - before.t), here.t * 10)
            before, here = here, self.point(t)
        return [self.start, here]

    def narrowed(self, ends: list[Point]) -> Point:
        """The point between two, found by moving one of them inwards; of one point, this."""
        low = lower_of(ends)
        is_stuck = False
        while len(ends) == 2 and self.may_go_on():
            left, right = sorted(end.t for end in ends)
            if (right - left) * self.length < self.tolerance:
                break
            t, is_stuck = away_from_ends(lowest_between(ends[0], ends[1], left, right), left, right, is_stuck)
            new = self.point(t)
            if self.is_too_high(new) or new.loss >= ends[low].loss:
                ends[1 - low] = new
                low = lower_of(ends)
                continue
            if self.is_flat(new):
                return new
            if new.slope * (ends[1 - low].t - ends[low].t) >= 0:
                ends[1 - low] = ends[low]
            ends[low] = new
        return ends[low]


def lower_of(ends: list[Point]) -> int:
    """Which of one or two points has the lower loss."""
    return 0 if ends[0].loss <= ends[-1].loss else 1


def away_from_ends(t: Any, left: Any, right: Any, is_stuck: bool) -> tuple[Any, bool]:
    """A place that is not too near to an end for the second time, or beyond it; and whether it is near to one."""
    margin = 0.1 * (right - left)
    if not min(right - t, t - left) < margin:
        return t, False
    if left < t < right and not is_stuck:
        return t, True
    return (right - margin if abs(t - right) < abs(t - left) else left + margin), False


def lowest_between(a: Point, b: Point, left: Any, right: Any) -> Any:
    """Where the cubic through two points with their slopes is lowest; if nowhere, the middle of left and right."""
    if a.t > b.t:
        a, b = b, a
    chord = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = chord**2 - a.slope * b.slope
    if not square >= 0:
        return (left + right) / 2.0
    root = square.sqrt()
    lowest = b.t - (b.t - a.t) * ((b.slope + root - chord) / (b.slope - a.slope + 2 * root))
    return min(max(lowest, left), right)
