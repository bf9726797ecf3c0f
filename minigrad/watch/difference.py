"""The first op, or the first gradient, by which two steps differ."""

from __future__ import annotations

import numpy as np

from minigrad.engine.graph import rule_name
from minigrad.watch.arrays import Seen, number, shape_text
from minigrad.watch.reasons import at
from minigrad.watch.source import position
from minigrad.watch.tape import Message, Op, Tape


def first_difference(one: Tape, other: Tape, tolerance: float) -> str:
    """Where two steps begin to differ by more than a share of the largest value; ops first, then gradients."""
    largest = 0.0
    for mine, theirs in zip(one.ops, other.ops):
        if (mine.name, mine.node.shape) != (theirs.name, theirs.node.shape):
            return f"Op {mine.number} is another: {kind(mine)}; in the other step {kind(theirs)}"
        if mine.value is not None and theirs.value is not None:
            difference = relative(mine.value, theirs.value)
            if not difference <= tolerance:
                return differs(f"Op {mine.number}, {kind(mine)},", difference, mine.value, theirs.value)
            largest = max(largest, difference)
    if len(one.ops) != len(other.ops):
        shared = min(len(one.ops), len(other.ops))
        return f"The first {shared} ops agree; one step has {len(one.ops)}, the other {len(other.ops)}"
    messages, others = messages_of(one), messages_of(other)
    for sent, theirs_sent in zip(messages, others):
        difference = relative(sent.fitted, theirs_sent.fitted)
        if not difference <= tolerance:
            what = f"The gradient that {rule_name(sent.rule)} sent at {at(position(sent.node.place))}"
            return differs(what, difference, sent.fitted, theirs_sent.fitted)
        largest = max(largest, difference)
    if len(messages) != len(others):
        return f"All ops agree; one step sent {len(messages)} gradients, the other {len(others)}"
    return (
        f"No difference above {tolerance:g} in {len(one.ops)} ops and {len(messages)} gradients (the largest: "
        f"{largest:.1e})"
    )


def kind(op: Op) -> str:
    """An op with its shape and line."""
    return f"{op.name} of {shape_text(op.node.shape)} at {at(op.position)}"


def messages_of(tape: Tape) -> list[Message]:
    """All gradients that rules sent, pass by pass."""
    return [message for one in tape.passes for message in one.messages]


def relative(a: Seen, b: Seen) -> float:
    """The largest difference of two arrays over the largest value; infinite for two shapes, or nan in one alone."""
    if a.shape != b.shape:
        return float("inf")
    x, y = a.host.astype(np.float64), b.host.astype(np.float64)
    same = (x == y) | (np.isnan(x) & np.isnan(y))
    if same.all():
        return 0.0
    if not (np.isfinite(x[~same]).all() and np.isfinite(y[~same]).all()):
        return float("inf")
    most = np.abs(y[np.isfinite(y)]).max()
    return float(np.abs(x - y)[~same].max() / most) if most else float("inf")


def differs(what: str, difference: float, a: Seen, b: Seen) -> str:
    """Where two arrays differ most, and both values there."""
    if a.shape != b.shape:
        return f"{what} has shape {shape_text(a.shape)} here and {shape_text(b.shape)} there"
    x, y = a.host.astype(np.float64), b.host.astype(np.float64)
    with np.errstate(invalid="ignore"):
        apart = np.where((x == y) | (np.isnan(x) & np.isnan(y)), 0, np.abs(x - y))
    index = np.unravel_index(int(np.nan_to_num(apart, nan=np.inf, posinf=np.inf).argmax()), a.shape)
    place = f" at {list(map(int, index))}" if a.shape else ""
    here, there = number(float(x[index])), number(float(y[index]))
    return f"{what} differs by {difference:.1e}: {here} here and {there} there{place}"
