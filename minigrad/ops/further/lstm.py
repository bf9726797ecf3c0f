"""Long short-term memory: a cell c, which gates let keep, take in and show; h is what it shows.

    i, f, g, o = W_ih x + b_ih + W_hh h + b_hh, in four parts
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    h = sigmoid(o) * tanh(c)        or W_hr times that, with a projection

S. Hochreiter and J. Schmidhuber, Long short-term memory (1997); F. Gers et al., Learning to forget (2000).
https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html
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


def step(projected: Tensor, h: Tensor, c: Tensor, w_hh: Tensor, b_hh: Any, w_hr: Any = None) -> tuple[Tensor, Tensor]:
    """The formula; projected: W_ih x + b_ih."""
    i, f, g, o = chunk(projected + linear(h, w_hh, b_hh), 4, 1)
    c = sigmoid(f) * c + sigmoid(i) * tanh(g)
    h = sigmoid(o) * tanh(c)
    return (h if w_hr is None else linear(h, w_hr)), c


def forth(runs: Runs, operands: Any, results: Any) -> tuple[Any, ...]:
    """All steps: h after each, h and c at the end.

    sigmoid(a) is tanh(a / 2) / 2 + 1 / 2: so one tanh gives all four gates, if i, f and o are halved before.
    """
    (projected, h_begin, c_begin, w_hh, b_hh, w_hr), (hidden, h_end, c_end) = operands, results
    xp, (_, four) = array_module(projected), projected.shape
    half = xp.full((1, four), 0.5, projected.dtype)
    in_parts(half, 4)[2][...] = 1
    shift, w = 1 - half, w_hh.T.copy() * half
    gates = (projected if b_hh is None else projected + b_hh) * half
    cells, shown, hides = (xp.empty((len(gates), four // 4), gates.dtype) for _ in range(3))
    hides = hidden if w_hr is None else hides
    arrays = gates, *in_parts(gates, 4), cells, shown, hides, hidden
    h, c, before = h_begin[:0], c_begin[:0], []
    for run in runs:
        begun = h, c = carried(h, run.number, h_begin, h_end), carried(c, run.number, c_begin, c_end)
        of_h = xp.empty((run.number, four), gates.dtype)
        for a, i, f, g, o, cell, show, hide, after in run.steps(*arrays):
            a += xp.dot(h, w, out=of_h)
            xp.tanh(a, out=a)
            a *= half
            a += shift
            c = xp.multiply(f, c, out=cell)
            c += i * g
            h = xp.multiply(o, xp.tanh(c, out=show), out=hide)
            if w_hr is not None:
                h = xp.dot(h, w_hr.T, out=after)
        before.append((run.before(begun[0], hidden), run.before(begun[1], cells)))
    carried(h, 0, h_begin, h_end)
    carried(c, 0, c_begin, c_end)
    h_before, c_before = (in_order_of_rows(runs, each) for each in zip(*before))
    return gates, shown, hides, h_before, c_before


def back(runs: Runs, operands: Any, kept: Any, arrived: Any, gradients: Any) -> None:
    """From the last step to the first: the gradients of h and c, and of the gates before sigmoid and tanh."""
    (_, _, _, w_hh, _, w_hr), (gates, shown, hides, h_before, c_before) = operands, kept
    (g_hidden, g_h, g_c), (d_projected, dh_begin, dc_begin, dw_hh, db_hh, dw_hr) = arrived, gradients
    xp = array_module(gates)
    i, f, g, o = in_parts(gates, 4)
    d_c, (d_i, d_f, d_g, d_o) = o * (1 - shown * shown), in_parts(d_projected, 4)
    d_i[...] = i * (1 - i) * g
    d_f[...] = f * (1 - f) * c_before
    d_g[...] = i * (1 - g * g)
    d_o[...] = o * (1 - o) * shown
    d_ifg = d_projected.reshape(len(shown), 4, shown.shape[1])[:, :3]
    dh, before = g_h[:0], g_c[:0]
    if w_hr is not None:
        dw_hr[...] = 0
    arrays = g_hidden, hides, d_c, f, d_o, d_ifg, d_projected
    for run in turned(runs):
        dh, before = carried(dh, run.number, g_h, dh_begin), carried(before, run.number, g_c, dc_begin)
        for g_now, hide, dc, keep, do, others, da in run.steps(*arrays):
            dh += g_now
            if w_hr is not None:
                dw_hr += dh.T @ hide
            d_shown = dh if w_hr is None else dh @ w_hr
            do *= d_shown
            dc *= d_shown
            dc += before
            others *= dc[:, None]
            before = xp.multiply(dc, keep, out=dc)
            dh = xp.dot(da, w_hh, out=dh)
    carried(dh, 0, g_h, dh_begin)
    carried(before, 0, g_c, dc_begin)
    xp.matmul(d_projected.T, h_before, out=dw_hh)
    if db_hh is not None:
        db_hh[...] = summed(d_projected, (0,))


LSTM = Cell("lstm", 2, False, step, forth, back)
