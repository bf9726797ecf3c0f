"""The gated recurrent unit: how much of the new, n, takes the place of what was is up to a gate, z.

    r = sigmoid(W_ir x + b_ir + W_hr h + b_hr)
    z = sigmoid(W_iz x + b_iz + W_hz h + b_hz)
    n = tanh(W_in x + b_in + r * (W_hn h + b_hn))
    h = (1 - z) * n + z * h

K. Cho et al. (2014), https://arxiv.org/abs/1406.1078, who multiply h by r before W_hn.
https://docs.pytorch.org/docs/stable/generated/torch.nn.GRU.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minigrad.arrays import array_module
from minigrad.engine.broadcasting import summed
from minigrad.ops.activations import sigmoid
from minigrad.ops.elementwise import tanh
from minigrad.ops.further.through_time import Cell, Runs, carried, in_order_of_rows, in_parts, turned
from minigrad.ops.linear_algebra import linear
from minigrad.ops.shaping import chunk

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__: list[str] = []


def step(projected: Tensor, h: Tensor, w_hh: Tensor, b_hh: Any) -> tuple[Tensor]:
    """The formula; projected: W_ih x + b_ih."""
    r, z, n = chunk(projected, 3, 1)
    of_r, of_z, of_n = chunk(linear(h, w_hh, b_hh), 3, 1)
    n = tanh(n + sigmoid(r + of_r) * of_n)
    return ((h - n) * sigmoid(z + of_z) + n,)


def forth(runs: Runs, operands: Any, results: Any) -> tuple[Any, ...]:
    """All steps: h after each, and at the end."""
    (projected, begin, w_hh, b_hh), (hidden, end) = operands, results
    xp, size = array_module(projected), begin.shape[1]
    gates, of_n = projected.copy(), xp.empty_like(hidden)
    w, h, before = w_hh.T.copy(), begin[:0], []
    for run in runs:
        h = begun = carried(h, run.number, begin, end)
        for r_and_z, n, of_n_now, after in run.steps(gates[:, : 2 * size], gates[:, 2 * size :], of_n, hidden):
            of_h = h @ w if b_hh is None else h @ w + b_hh
            r_and_z[...] = sigmoid(r_and_z + of_h[:, : 2 * size])
            of_n_now[...] = of_h[:, 2 * size :]
            n += r_and_z[:, :size] * of_n_now
            xp.tanh(n, out=n)
            h = after[...] = (h - n) * r_and_z[:, size:] + n
        before.append(run.before(begun, hidden))
    carried(h, 0, begin, end)
    return gates, of_n, in_order_of_rows(runs, before)


def back(runs: Runs, operands: Any, kept: Any, arrived: Any, gradients: Any) -> None:
    """From the last step to the first: the gradient of h, and of the gates before sigmoid and tanh."""
    (_, _, w_hh, _), (gates, of_n, before) = operands, kept
    (g_hidden, g_end), (d_projected, d_begin, dw_hh, db_hh) = arrived, gradients
    xp, (rows, size) = array_module(gates), of_n.shape
    r, z, n = in_parts(gates, 3)
    # What a change of h is multiplied by: for n, for r, z and W_hn h + b_hn, and for h before the step.
    d = xp.empty((rows, 5, size), gates.dtype)
    d[:, 0] = (1 - z) * (1 - n * n)
    d[:, 1] = d[:, 0] * of_n * (r * (1 - r))
    d[:, 2] = (before - n) * (z * (1 - z))
    d[:, 3] = d[:, 0] * r
    d[:, 4] = z
    of_hidden = d[:, 1:4].reshape(rows, 3 * size)
    dh = g_end[:0]
    for run in turned(runs):
        dh = carried(dh, run.number, g_end, d_begin)
        for g, by_h, of_h, directly in run.steps(g_hidden, d, of_hidden, d[:, 4]):
            dh = dh + g
            by_h *= dh[:, None]
            dh = of_h @ w_hh + directly
    carried(dh, 0, g_end, d_begin)
    d_gates = d_projected.reshape(rows, 3, size)
    d_gates[:, :2], d_gates[:, 2] = d[:, 1:3], d[:, 0]
    xp.matmul(of_hidden.T, before, out=dw_hh)
    if db_hh is not None:
        db_hh[...] = summed(of_hidden, (0,))


GRU = Cell("gru", 1, True, step, forth, back)
