"""Where the first nan, or infinity, of a step comes from: the op or the rule that made it out of finite numbers."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from minigrad.devices import moved
from minigrad.engine import backward as engine
from minigrad.engine.broadcasting import broadcasts, fit
from minigrad.engine.graph import Node, raw, rule_name
from minigrad.engine.places import user_frame
from minigrad.watch.arrays import not_finite, shape_text, statistics
from minigrad.watch.source import arguments_of, position, short_path
from minigrad.watch.tape import callers, labels_of, op_name

PASS = engine.backward.__code__
LINEAR = "AddmmBackward0"
PYTORCHS_ORDER = (1, 2, 0)
"""PyTorch counts a linear layer's bias first, then input and weight."""


class Origins:
    """A watcher that knows of every result that is not finite which op was the first to have one on the way to it."""

    def __init__(self) -> None:
        self.of_nodes: WeakKeyDictionary[Node, str] = WeakKeyDictionary()
        self.gradients: Any = None
        self.of_pass: str | None = None
        """What the first rule of this pass did that made finite numbers something else."""

    def recorded(self, node: Node, value: Any, inputs: tuple[Any, ...]) -> None:
        """Note an op whose result is not finite."""
        if is_finite(value):
            return
        earlier = [self.of_nodes.get(edge) for edge in node.edges if edge is not None]
        self.of_nodes[node] = next(filter(None, earlier), None) or origin_of_result(node, value, inputs)

    def sent(self, node: Node, _edge: Node, rule: Any, arguments: tuple[Any, ...], g: Any, arrived: Any) -> None:
        """Note the first rule of a pass that returned what is not finite."""
        if arrived is not self.gradients:
            self.gradients, self.of_pass = arrived, None
        if self.of_pass is None and not is_finite(g) and is_finite(arguments[0]):
            self.of_pass = origin_of_gradient(node, rule, arguments, g)

    def origin(self, node: Node) -> str | None:
        """Where what is not finite at a node came from: its operands, or its rules."""
        forward = (self.of_nodes.get(each) for each in (node, *filter(None, node.edges)))
        return next(filter(None, forward), None) or self.of_pass


class Anomalies(Origins):
    """Raises PyTorch's error where a rule returns nan, and says where that comes from."""

    check_nan = True

    def sent(self, node: Node, edge: Node, rule: Any, arguments: tuple[Any, ...], g: Any, arrived: Any) -> None:
        """RuntimeError for nan, as PyTorch; a warning where the pass starts from what is not finite."""
        if arrived is not self.gradients and node in self.of_nodes:
            text = f"The backward pass starts from a value that is not finite. {self.of_nodes[node]}"
            at = user_frame(sys._getframe(1))
            warnings.warn_explicit(text, UserWarning, at.f_code.co_filename, at.f_lineno)
        super().sent(node, edge, rule, arguments, g, arrived)
        if not self.check_nan or not has_nan(fitted(g, edge, rule)):
            return
        index = next(i for i, each in enumerate(zip(node.edges, node.rules)) if each == (edge, rule))
        index = PYTORCHS_ORDER[index] if node.name() == LINEAR else index
        error = RuntimeError(f"Function '{node.name()}' returned nan values in its {index}th output.")
        if (origin := self.origin(node)) is not None:
            error.add_note(origin)
        raise error


class StopAtNonFinite(Origins):
    """Raises an error at the first nan or infinity, forward or backward; with nan alone, only at a nan."""

    def __init__(self, nan_alone: bool = False) -> None:
        super().__init__()
        self.is_fine = is_without_nan if nan_alone else is_finite

    def recorded(self, node: Node, value: Any, inputs: tuple[Any, ...]) -> None:
        """FloatingPointError for a result."""
        super().recorded(node, value, inputs)
        if not self.is_fine(value):
            raise FloatingPointError(self.of_nodes[node])

    def sent(self, node: Node, edge: Node, rule: Any, arguments: tuple[Any, ...], g: Any, arrived: Any) -> None:
        """FloatingPointError for a gradient."""
        super().sent(node, edge, rule, arguments, g, arrived)
        if not self.is_fine(g):
            raise FloatingPointError(self.of_pass or origin_of_gradient(node, rule, arguments, g))


# Numbers -------------------------------------------------------------------------------------------------------


def is_finite(x: Any) -> bool:
    """Whether all numbers are; what holds no floats is."""
    a = on_cpu(x)
    return a is None or bool(np.isfinite(a).all())


def has_nan(x: Any) -> bool:
    """Whether any number is nan."""
    a = on_cpu(x)
    return a is not None and bool(np.isnan(a).any())


def is_without_nan(x: Any) -> bool:
    """Whether no number is nan."""
    return not has_nan(x)


def on_cpu(x: Any) -> Any:
    """A tensor's or an array's floats as a NumPy array; None for anything else."""
    a = raw(x)
    if isinstance(a, float):
        return np.asarray(a)
    return moved(a, "cpu") if getattr(getattr(a, "dtype", None), "kind", "") == "f" else None


def fitted(g: Any, edge: Node, rule: Any) -> Any:
    """A gradient as it is handed on: PyTorch looks at it after the broadcast is undone."""
    return raw(g) if is_finite(g) else fit(raw(g), edge, rule)


# In words ------------------------------------------------------------------------------------------------------


def origin_of_result(node: Node, value: Any, inputs: tuple[Any, ...]) -> str:
    """An op and its operands at the first place where its result is not finite."""
    a = on_cpu(value)
    index = first_bad(a)
    labels = labels_of(node, len(inputs))
    given = [(label, x) for label, x in zip(labels, inputs) if raw(x) is not None]
    had = [f"{label} has {amount(x)}" for label, x in given if not is_finite(x)]
    verb = f"was given what is not finite ({', '.join(had)}): it made" if had else "made the first value not finite:"
    head = f"{op_name(node)} {verb} {amount(value)}"
    return "\n".join([head, *place(node), *values([*given, ("result", value)], index, a.shape), *from_a_pass()])


def origin_of_gradient(node: Node, rule: Any, arguments: tuple[Any, ...], g: Any) -> str:
    """A rule and its arguments at the first place where what it returns is not finite."""
    a = on_cpu(g)
    named = zip(arguments_of(rule), arguments)
    given = [(name, x) for name, x in named if raw(x) is not None and not name.startswith("_")]
    head = f"In the backward pass {rule_name(rule)} made the first gradient not finite: {amount(g)}"
    return "\n".join([head, *place(node), *values([*given, ("result", g)], first_bad(a), a.shape)])


def amount(x: Any) -> str:
    """`1 nan of 2`."""
    a = on_cpu(x)
    return f"{not_finite(statistics(a))} of {a.size}"


def first_bad(a: Any) -> tuple[int, ...]:
    """The index of the first number that is not finite."""
    return tuple(map(int, np.argwhere(~np.isfinite(a))[0]))


def place(node: Node) -> list[str]:
    """The user's line with its expression marked."""
    at = position(node.place)
    where = f"    {short_path(at.file)}:{at.line}: "
    return [where + at.text, " " * (len(where) + at.start) + "~" * (at.stop - at.start)]


def values(named: Iterable[tuple[str, Any]], index: tuple[int, ...], shape: tuple[int, ...]) -> list[str]:
    """What arrays hold at an index of the result's; of one of another shape, its range."""
    lines = []
    for name, x in named:
        a = on_cpu(x)
        if a is None or not a.size:
            continue
        if a.shape and broadcasts(a.shape, shape):
            own = tuple(0 if n == 1 else i for i, n in zip(index[len(index) - a.ndim :], a.shape))
            lines.append(f"    {name}{list(own)} = {a[own]:.6g}")
        elif a.size == 1:
            lines.append(f"    {name} = {a.item():.6g}")
        else:
            lines.append(f"    {name} {shape_text(a.shape)}: {np.nanmin(a):.6g} .. {np.nanmax(a):.6g}")
    return lines


def from_a_pass() -> list[str]:
    """Of an op that a rule recorded (under create_graph): which op's rule that was."""
    for frame in callers(sys._getframe(1)):
        if frame.f_code is PASS:
            node, rule = frame.f_locals["node"], frame.f_locals.get("rule")
            name = f"{rule_name(rule)}, " if rule in node.rules else ""
            return [f"    recorded in a backward pass by {name}the derivative of {node.line}"]
    return []
