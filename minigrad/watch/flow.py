"""How gradients flow: a table of the parameters, which layers starve, which units of a ReLU never let anything by."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from minigrad.engine.graph import Node
from minigrad.watch.arrays import not_finite, number
from minigrad.watch.reasons import why_none
from minigrad.watch.tape import Op, Tape

SMALL = 1e-3
"""A gradient below this share of the last layer's has nearly vanished."""
WIDTH = 24
"""Of the longest bar; a character less is a factor of two."""
WITH_UNITS = ("relu", "relu6", "threshold")


def gradients(tape: Tape) -> str:
    """The norm of each leaf's gradient with a bar on a logarithmic scale, and what is remarkable about it."""
    names = tape.names.unique(tape.leaves)
    norms = {leaf: grad.statistics.norm for leaf in tape.leaves if (grad := tape.grads.get(leaf)) is not None}
    if not tape.leaves:
        return "No op of this step used a tensor that needs a gradient."
    largest = max([*norms.values(), 0.0])
    last = norm_of_last_layer(tape, norms)
    width = max(len(names.get(leaf, "a leaf")) for leaf in tape.leaves)
    lines = [f"{'':{width}}  norm of .grad"]
    for leaf in tape.leaves:
        name = names.get(leaf, "a leaf")
        shown = number(norms[leaf]) if leaf in norms else "None"
        lines.append(f"{name:{width}}  {shown:>9}  {remark(tape, leaf, norms, largest, last)}".rstrip())
    return "\n".join([*lines, *dead_units(tape)])


def norm_of_last_layer(tape: Tape, norms: dict[Node, float]) -> float:
    """The largest norm among the leaves of the last op that has leaves."""
    for op in reversed(tape.ops):
        own = [norms[x.edge] for x in op.operands if x.edge in norms]
        if own:
            return max(own)
    return 0.0


def remark(tape: Tape, leaf: Node, norms: dict[Node, float], largest: float, last: float) -> str:
    """A bar, and words where the gradient is none, nothing, nearly nothing or not finite."""
    if leaf not in norms:
        return why_none(tape, tape.leaves[leaf])
    norm, grad = norms[leaf], tape.grads[leaf]
    if grad is not None and (bad := not_finite(grad.statistics)):
        return f"holds {bad}"
    if norm == 0:
        return "all zeros: nothing arrives"
    bar = "#" * max(1, round(WIDTH + math.log2(norm / largest)))
    return f"{bar:{WIDTH}}  vanishing: below {SMALL:g} of the last layer's" if norm < SMALL * last else bar


def dead_units(tape: Tape) -> Iterator[str]:
    """A line for each ReLU some of whose units are 0 for all rows: no gradient comes by them."""
    for op in tape.ops:
        if op.name in WITH_UNITS and op.value is not None and op.value.host.ndim > 1 and op.value.host.size:
            units, rows, dead = off_for_all(op.value.host)
            if dead:
                where = place_of(tape, op)
                shown = ", ".join(map(str, dead[:8])) + (", ..." if len(dead) > 8 else "")
                verb = f"unit{'s' * (units != 1)} {'is' if len(dead) == 1 else 'are'}"
                which = f"unit{'s' * (len(dead) > 1)} {shown}"
                yield f"{where}: {len(dead)} of {units} {verb} 0 for all {rows} rows ({which})"


def place_of(tape: Tape, op: Op) -> str:
    """The path of an activation's module; else its number and name, within the module that calls it."""
    path = tape.names.of_module(op.modules[-1]) if op.modules else ""
    if op.modules and type(op.modules[-1]).__name__.lower() == op.name:
        return path
    return (f"{path}, " if path else "") + f"({op.number}) {op.name}"


def off_for_all(values: Any) -> tuple[int, int, list[int]]:
    """How many units there are (channels of images), for how many rows, and which are 0 for all of them."""
    unit = 1 if values.ndim in (2, 4) else values.ndim - 1
    by_unit = (values != 0).any(axis=tuple(i for i in range(values.ndim) if i != unit))
    return len(by_unit), len(values), [i for i, on in enumerate(by_unit) if not on]
