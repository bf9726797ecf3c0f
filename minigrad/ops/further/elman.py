"""The simplest recurrent layer: what comes in, mixed with what was.

    h = tanh(W_ih x + b_ih + W_hh h + b_hh)        or relu in place of tanh

J. L. Elman, Finding structure in time (1990).  https://docs.pytorch.org/docs/stable/generated/torch.nn.RNN.html
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from minigrad.arrays import array_module
from minigrad.engine.broadcasting import summed
from minigrad.ops.activations import relu, relu_da
from minigrad.ops.elementwise import tanh, tanh_da
from minigrad.ops.further.through_time import Cell, Runs, carried, in_order_of_rows, turned
from minigrad.ops.linear_algebra import linear

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__: list[str] = []


def step(activation: Callable[..., Tensor], projected: Tensor, h: Tensor, w_hh: Tensor, b_hh: Any) -> tuple[Tensor]:
    """The formula; projected: W_ih x + b_ih."""
    return (activation(projected + linear(h, w_hh, b_hh)),)


def forth(activation: Callable[..., Any], runs: Runs, operands: Any, results: Any) -> tuple[Any, ...]:
    """All steps: h after each, and at the end."""
    (projected, begin, w_hh, b_hh), (hidden, end) = operands, results
    a = projected if b_hh is None else projected + b_hh
    w, h, before = w_hh.T.copy(), begin[:0], []
    for run in runs:
        h = begun = carried(h, run.number, begin, end)
        for a_now, after in run.steps(a, hidden):
            h = after[...] = activation(a_now + h @ w)
        before.append(run.before(begun, hidden))
    carried(h, 0, begin, end)
    return hidden, in_order_of_rows(runs, before)


def back(rule: Callable[..., Any], runs: Runs, operands: Any, kept: Any, arrived: Any, gradients: Any) -> None:
    """From the last step to the first: the gradient of h, and of what the activation is given (by its rule)."""
    (_, _, w_hh, _), (hidden, before) = operands, kept
    (g_hidden, g_end), (da, d_begin, dw_hh, db_hh) = arrived, gradients
    dh = g_end[:0]
    for run in turned(runs):
        dh = carried(dh, run.number, g_end, d_begin)
        for g, after, da_now in run.steps(g_hidden, hidden, da):
            da_now[...] = rule(dh + g, after, None)
            dh = da_now @ w_hh
    carried(dh, 0, g_end, d_begin)
    array_module(da).matmul(da.T, before, out=dw_hh)
    if db_hh is not None:
        db_hh[...] = summed(da, (0,))


RNN_TANH, RNN_RELU = (
    Cell(name, 1, False, partial(step, activation), partial(forth, activation), partial(back, rule))
    for name, activation, rule in (("rnn_tanh", tanh, tanh_da), ("rnn_relu", relu, relu_da))
)
