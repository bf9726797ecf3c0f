"""A recurrent layer's way through a sequence, and the way back: all steps are one recorded op.

Its operand is one row, in which all that it reads stands one after the other; its output is such a row of all its
results.  So it has one rule, which goes back through time once, and returns the gradients of everything in a row.

A kind of layer gives the formula of one step, in ops, and the loops over all steps, in arrays.  The former serves for
the second derivative: there the rule is differentiated as what the steps, one op after the other, make of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import accumulate, groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from numpy import ndarray

from minigrad.arrays import array_module, quiet
from minigrad.engine.backward import backward
from minigrad.engine.graph import TensorBase, leaf_node, pytorch_name, raw, record, recording, wrap
from minigrad.ops.rows import part
from minigrad.ops.shaping import cat

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__: list[str] = []


class Run(NamedTuple):
    """Steps of the same number of sequences, as their rows lie: from `start` on, `length` times `number`.

    order: slice(None), or slice(None, None, -1) where the last of them is taken first.
    """

    start: int
    length: int
    number: int
    order: slice

    def steps(self, *arrays: Any) -> Iterator[tuple[Any, ...]]:
        """The rows of some arrays at one step after the other."""
        rows, order = slice(self.start, self.start + self.length * self.number), range(self.length)[self.order]
        by_step = [x[rows].reshape(self.length, self.number, *x.shape[1:]) for x in arrays]
        return zip(*([*x][self.order] if isinstance(x, ndarray) else [x[i] for i in order] for x in by_step))

    def before(self, begun: Any, after: Any) -> Any:
        """What each step goes on from: the first from `begun`, the others from what is in `after` the one before."""
        rows = after[self.start : self.start + self.length * self.number]
        kept = rows[: len(rows) - self.number] if self.order is FORWARD else rows[self.number :]
        return array_module(rows).concatenate([begun, kept] if self.order is FORWARD else [kept, begun])


Runs = tuple[Run, ...]
"""A way through a sequence, in the order of its steps.  Without padding the number changes where sequences end."""


def runs_through(sizes: Sequence[int]) -> Runs:
    """The way through steps of so many sequences, from the first to the last."""
    numbers = [(number, len(list(steps))) for number, steps in groupby(sizes)]
    starts = accumulate((number * length for number, length in numbers), initial=0)
    return tuple([Run(start, length, number, FORWARD) for start, (number, length) in zip(starts, numbers)])


def turned(runs: Runs) -> Runs:
    """The way from the last step to the first."""
    order = BACKWARD if runs[0].order is FORWARD else FORWARD
    return tuple([run._replace(order=order) for run in reversed(runs)])


FORWARD, BACKWARD = slice(None), slice(None, None, -1)


class Cell(NamedTuple):
    """A kind of recurrent layer.

    states: how many arrays are carried from step to step.
    inner_bias: whether b_hh is more than a second b_ih.
    step(projected, *states, *weights) -> the new states, of Tensors.
    forth(runs, operands, results) -> what the way back needs.  It fills the results in: the first state after each
    step, and each state at the end.
    back(runs, operands, kept, gradients of the results, gradients) fills in the gradients of the operands.

    The operands are projected (W_ih x + b_ih for each row), the states at the beginning, and the weights; None for
    those that are left out.
    """

    name: str
    states: int
    inner_bias: bool
    step: Callable[..., tuple[Tensor, ...]]
    forth: Callable[..., tuple[Any, ...]]
    back: Callable[..., None]


def through_time(cell: Cell, runs: Runs, *operands: Tensor | None) -> tuple[Tensor, list[tuple[int, ...]]]:
    """The results of a layer in a row, and their shapes.  operands: projected, states, weights (None: left out)."""
    shapes = tuple([None if x is None else x.array.shape for x in operands])
    row = as_row([x for x in operands if x is not None])
    sizes = shapes_of_results(cell, shapes)
    value = empty_row(raw(row), sizes)
    with quiet():
        kept = cell.forth(runs, list(pieces(raw(row), shapes)), list(pieces(value, sizes)))
    rules, name = (through_time_drow,), pytorch_name(f"{cell.name}_drow")
    return record(value, (row,), rules, cell, runs, shapes, saved=kept, name=name), sizes


def through_time_drow(g: Tensor, _out: Any, row: Tensor, cell: Cell, runs: Runs, shapes: Any, *kept: Any) -> Tensor:
    return way_back(g, row, cell, runs, shapes, kept)


def way_back(g: Tensor, row: Tensor, cell: Cell, runs: Runs, shapes: Any, kept: tuple[Any, ...]) -> Tensor:
    """The gradient of the operands' row."""
    value = empty_row(raw(row), shapes)
    arrived = list(pieces(raw(g), shapes_of_results(cell, shapes)))
    cell.back(runs, list(pieces(raw(row), shapes)), kept, arrived, list(pieces(value, shapes)))
    return record(value, (g, row), (way_back_dg, way_back_drow), cell, runs, shapes)


def shapes_of_results(cell: Cell, shapes: Sequence[Any]) -> list[tuple[int, ...]]:
    """The shapes of the first state after all steps, and of each state at the end; shapes: the operands'."""
    (rows, _), *states = shapes[: 1 + cell.states]
    return [(rows, states[0][1]), *states]


def way_back_dg(v: Tensor, _out: Any, g: Tensor, row: Tensor, cell: Cell, runs: Runs, shapes: Any) -> Tensor:
    return derivative(lambda g, row: step_by_step_back(g, row, cell, runs, shapes), (g, row), 0, v)


def way_back_drow(v: Tensor, _out: Any, g: Tensor, row: Tensor, cell: Cell, runs: Runs, shapes: Any) -> Tensor:
    return derivative(lambda g, row: step_by_step_back(g, row, cell, runs, shapes), (g, row), 1, v)


# The same in ordinary ops -----------------------------------------------------------------------------------


def step_by_step_back(g: Tensor, row: Tensor, cell: Cell, runs: Runs, shapes: Any) -> Tensor:
    """The gradient of the operands' row, as the steps' own ops give it."""
    return derivative(lambda row: step_by_step(row, cell, runs, shapes), (row,), 0, g)


def step_by_step(row: Tensor, cell: Cell, runs: Runs, shapes: Any) -> Tensor:
    """The results in a row."""
    projected, *others = pieces(row, shapes)
    states, weights = others[: cell.states], others[cell.states :]
    after = []
    for run in runs:
        for (rows,) in run.steps(projected):
            new = cell.step(rows, *(x[: run.number] for x in states), *weights)
            states = [cat([moved, state[run.number :]]) for moved, state in zip(new, states)]
            after.append(new[0])
    in_order = after if runs[0].order is FORWARD else after[::-1]
    return as_row([*in_order, *states])


def derivative(function: Callable[..., Tensor], operands: Sequence[Tensor], wanted: int, g: Tensor) -> Tensor:
    """g times the derivative by one of its operands of a function that is made of ops.

    An array if g is one.  If it is a Tensor, it is recorded.
    """
    mode = recording.set(True)
    try:
        begun = [beginning(x) for x in operands]
        result, node = function(*begun), begun[wanted].node
    finally:
        recording.reset(mode)
    recorded = isinstance(g, TensorBase)
    arrived = backward({result.node: g}, [node], retain_graph=recorded, create_graph=recorded)  # type: ignore
    gradient: Tensor = arrived[node]  # type: ignore[index]
    return gradient


def beginning(x: Any) -> Tensor:
    """A Tensor of the same values with a node of its own, where the derivative ends."""
    tensor = record(x.array, (x,), (beginning_dx,)) if isinstance(x, TensorBase) else wrap(x)
    if tensor.node is None:
        tensor.node = leaf_node(tensor)
    return tensor


def beginning_dx(g: Tensor, _out: Any, _x: Any) -> Tensor:
    return g


# Rows and states --------------------------------------------------------------------------------------------


def as_row(tensors: Sequence[Tensor]) -> Tensor:
    """The elements of Tensors, one after the other."""
    arrays = [raw(x) for x in tensors]
    value = array_module(arrays[0]).concatenate([x.reshape(-1) for x in arrays])
    starts = accumulate([x.array.size for x in tensors], initial=0)
    rules = [partial(as_row_dx, start=start, shape=x.array.shape) for start, x in zip(starts, tensors)]
    return record(value, tuple(tensors), tuple(rules), name="CatBackward0")


def as_row_dx(g: Tensor, *_unread: Tensor, start: int, shape: tuple[int, ...]) -> Tensor:
    (there,) = pieces(g[start:], [shape])
    return there  # type: ignore[no-any-return]


def pieces(row: Any, shapes: Sequence[tuple[int, ...] | None]) -> Iterator[Any]:
    """What stands in a row, of these shapes; None for None."""
    start = 0
    for shape in shapes:
        stop = start + (0 if shape is None else math.prod(shape))
        yield None if shape is None else row[start:stop].reshape(shape)
        start = stop


def empty_row(like: Any, shapes: Sequence[tuple[int, ...] | None]) -> Any:
    """Room for what is of these shapes, in the dtype of a raw array and where that is."""
    return array_module(like).empty(sum(math.prod(shape) for shape in shapes if shape is not None), like.dtype)


def results_in(row: Tensor, shapes: Sequence[tuple[int, ...]], name: str) -> list[Tensor]:
    """The results that stand in a row, of these shapes; name: what PyTorch calls the op that gave them."""
    starts = accumulate(map(math.prod, shapes), initial=0)
    return [part(row, start, shape, row.array.dtype, name) for start, shape in zip(starts, shapes)]


def in_parts(x: Any, number: int) -> list[Any]:
    """The columns of a raw array in so many equal parts, as views."""
    size = x.shape[1] // number
    return [x[:, i * size : (i + 1) * size] for i in range(number)]


def carried(state: Any, number: int, begin: Any, end: Any) -> Any:
    """What so many sequences go on from: those that begin here come from `begin`, those that are over go to `end`."""
    held = len(state)
    if number == held:
        return state
    if number > held:
        return array_module(state).concatenate([state, begin[held:number]])
    end[number:held] = state[number:]
    return state[:number]


def in_order_of_rows(runs: Runs, arrays: Sequence[Any]) -> Any:
    """Arrays for the runs as one array."""
    return arrays[0] if len(arrays) == 1 else array_module(arrays[0]).concatenate(arrays[:: runs[0].order.step or 1])
