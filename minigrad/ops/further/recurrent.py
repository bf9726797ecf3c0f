"""Recurrent layers: several on top of each other, in one direction or both, and single steps ("cells").

The formulas of each kind stand in lstm.py, gru.py and elman.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.dtypes import CLASS_NAMES
from minigrad.engine.graph import TensorBase
from minigrad.gpu.placement import check_devices
from minigrad.ops.advice import converted
from minigrad.ops.composed.dropout import dropout as dropped
from minigrad.ops.further.elman import RNN_RELU, RNN_TANH
from minigrad.ops.further.gru import GRU
from minigrad.ops.further.lstm import LSTM
from minigrad.ops.further.through_time import Cell, Runs, results_in, runs_through, through_time, turned
from minigrad.ops.linear_algebra import linear
from minigrad.ops.promotion import as_dtype, check_tensors
from minigrad.ops.shaping import cat, reshape, stack, transpose

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["gru", "gru_cell", "lstm", "lstm_cell", "rnn_relu", "rnn_relu_cell", "rnn_tanh", "rnn_tanh_cell"]


def lstm(*arguments: Any) -> tuple[Tensor, Tensor, Tensor]:
    """An LSTM of several layers: the output, h and c at the end.  nn.LSTM calls it with its weights.

    arguments: (input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first), or of a packed
    sequence (data, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional).  hx: (h, c).
    """
    output, h, c = called(LSTM, arguments)
    return output, h, c


def gru(*arguments: Any) -> tuple[Tensor, Tensor]:
    """A GRU of several layers: the output, and h at the end.  The arguments are those of `lstm`, but hx is h alone."""
    output, h = called(GRU, arguments)
    return output, h


def rnn_tanh(*arguments: Any) -> tuple[Tensor, Tensor]:
    """An Elman network of several layers: the output, and h at the end.  The arguments are those of `gru`."""
    output, h = called(RNN_TANH, arguments)
    return output, h


def rnn_relu(*arguments: Any) -> tuple[Tensor, Tensor]:
    """As `rnn_tanh`, with relu in place of tanh."""
    output, h = called(RNN_RELU, arguments)
    return output, h


def called(cell: Cell, arguments: tuple[Any, ...]) -> list[Tensor]:
    """The results for arguments of one kind or the other: the output, and each state at the end."""
    if isinstance(arguments[3], bool):
        input, hx, *options, batch_first = arguments
        sizes = None
    else:
        input, batch_sizes, hx, *options = arguments
        sizes, batch_first = tuple(batch_sizes.tolist()), False
    states = (hx,) if isinstance(hx, TensorBase) else tuple(hx)
    if len(states) != cell.states:
        raise RuntimeError(f"{cell.name} expects {'two' if cell.states == 2 else 'one'} hidden states")
    if not batch_first:
        return layers(cell, input, states, sizes, *options)
    output, *ends = layers(cell, transpose(input, 0, 1), states, sizes, *options)
    output = transpose(output, 0, 1)
    if output.node is not None and cell is not LSTM:
        output.node.pytorch_name = "TransposeBackward1"
    return [output, *ends]


# Layers -----------------------------------------------------------------------------------------------------


def layers(
    cell: Cell,
    x: Tensor,
    hx: Sequence[Tensor],
    sizes: tuple[int, ...] | None,
    params: Sequence[Tensor],
    has_biases: bool,
    num_layers: int,
    dropout: float,
    train: bool,
    bidirectional: bool,
) -> list[Tensor]:
    """Each layer reads what the one below gave; in both directions, what both gave side by side.

    x: (steps, batch, features), or packed (rows, features), of sizes: how many sequences each step has.
    hx: the states at the beginning, each (layers * directions, batch, size).  The same at the end are returned.
    """
    check_operands(cell, x, hx, params)
    if x.array.dtype.char == "e":
        return in_single(cell, x, hx, sizes, params, has_biases, num_layers, dropout, train, bidirectional)
    before = x.array.shape[:-1]
    sizes = (before[1],) * before[0] if sizes is None else sizes
    forward = runs_through(sizes)
    directions = [forward, turned(forward)] if bidirectional else [forward]
    ends: list[list[Tensor]] = [[] for _ in hx]
    number = len(params) // (num_layers * len(directions))
    for layer in range(num_layers):
        outputs = []
        for runs in directions:
            i = len(ends[0])
            weights = split_weights(params[number * i : number * (i + 1)], has_biases)
            output, *last = one_way(cell, runs, x, [h[i] for h in hx], *weights)
            outputs.append(output)
            for known, end in zip(ends, last):
                known.append(end)
        x = outputs[0] if len(outputs) == 1 else cat(outputs, -1)
        if dropout and train and layer < num_layers - 1:
            x = dropped(x, dropout)
    return [x, *map(stack, ends)]


def one_way(
    cell: Cell, runs: Runs, x: Tensor, states: list[Tensor], w_ih: Tensor, w_hh: Tensor, b_ih: Any, b_hh: Any, w_hr: Any
) -> list[Tensor]:
    """One layer in one direction.  All that does not wait for the step before is one product: W_ih x + b_ih."""
    *before, features = x.array.shape
    if not cell.inner_bias and b_hh is not None:
        b_ih, b_hh = b_ih + b_hh, None
    weights = (w_hh, b_hh, w_hr)[: 3 if cell is LSTM else 2]
    rows = linear(reshape(x, (math.prod(before), features)), w_ih, b_ih)
    row, (output, *ends) = through_time(cell, runs, rows, *states, *weights)
    shapes = [(*before, output[-1]), *ends]
    return results_in(row, shapes, pytorch_name(cell, shapes, x.array))


def split_weights(params: Sequence[Tensor], has_biases: bool) -> list[Any]:
    """W_ih, W_hh, b_ih, b_hh and W_hr, of an LSTM with a projection; None for what is left out."""
    weights: list[Any] = list(params) if has_biases else [*params[:2], None, None, *params[2:]]
    return weights if len(weights) == 5 else [*weights, None]


def pytorch_name(cell: Cell, shapes: Sequence[Any], x: Any) -> str:
    """What PyTorch calls the op that gave a layer's results: it has one op for an LSTM, else ops for each step."""
    if x.ndim == 2:
        return "CatBackward0"
    in_one = cell is LSTM and isinstance(x, np.ndarray) and x.dtype.char == "f" and shapes[1] == shapes[2] and x.size
    return "MkldnnRnnLayerBackward0" if in_one else "StackBackward0"


def in_single(
    cell: Cell, x: Tensor, hx: Sequence[Tensor], sizes: Any, params: Sequence[Tensor], *options: Any
) -> list[Tensor]:
    """Layers of float16, computed in float32."""
    single, half = np.dtype(np.float32), x.array.dtype
    states, weights = ([as_dtype(each, single) for each in several] for several in (hx, params))
    return [as_dtype(y, half) for y in layers(cell, as_dtype(x, single), states, sizes, weights, *options)]


def check_operands(cell: Cell, x: Any, hx: Sequence[Any], params: Sequence[Any]) -> None:
    """TypeError for what is no tensor, RuntimeError for two devices or dtypes, and for a sequence of no steps."""
    for operand in (x, *hx, *params):
        check_tensors(cell.name, input=operand)
        if operand.array.dtype != x.array.dtype:
            names = [CLASS_NAMES[str(each.array.dtype)] for each in (operand, x)]
            raise RuntimeError(
                f"mat1 and mat2 must have the same dtype, but got {' and '.join(names)}: {cell.name}(), hidden states "
                f"and weights like the input. {converted('the hidden state', operand.array, x.array.dtype)}."
            )
    check_devices(x, *hx, *params)
    if x.array.shape[0] == 0:
        raise RuntimeError(f"Expected sequence length to be larger than 0 in RNN: {cell.name}() of {list(x.shape)}")


# Single steps -----------------------------------------------------------------------------------------------


def lstm_cell(
    input: Tensor,
    hx: tuple[Tensor, Tensor],
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """One step of an LSTM: the new (h, c).  The formula is that of nn.LSTMCell.

    input: (N, in), hx: (h, c), each (N, size), w_ih and w_hh: (4 size, in) and (4 size, size), b_ih and b_hh: (4 size,)
    or None.  RuntimeError for other sizes.
    """
    if len(hx) != 2:
        raise RuntimeError(f"lstm_cell expects two hidden states, but got {len(hx)}")
    h, c = one_step(LSTM, input, tuple(hx), w_ih, w_hh, b_ih, b_hh)
    return h, c


def gru_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """One step of a GRU: the new h, (N, size).  The formula is that of nn.GRUCell.

    input: (N, in), hx: h, (N, size), w_ih and w_hh: (3 size, in) and (3 size, size), b_ih and b_hh: (3 size,) or None.
    RuntimeError for other sizes.
    """
    return one_step(GRU, input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


def rnn_tanh_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """One step of an Elman network, the new h, (N, size): tanh(w_ih input + b_ih + w_hh h + b_hh).

    input: (N, in), hx: h, (N, size), w_ih and w_hh: (size, in) and (size, size), b_ih and b_hh: (size,) or None.
    RuntimeError for other sizes.
    """
    return one_step(RNN_TANH, input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


def rnn_relu_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """As `rnn_tanh_cell`, with relu in place of tanh."""
    return one_step(RNN_RELU, input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


def one_step(
    cell: Cell, input: Tensor, states: tuple[Tensor, ...], w_ih: Tensor, w_hh: Tensor, b_ih: Any, b_hh: Any
) -> tuple[Tensor, ...]:
    """The states after one step of a cell.  RuntimeError for sizes that do not fit."""
    features, size = w_ih.shape[1], w_hh.shape[1]
    if input.shape[1] != features:
        raise RuntimeError(f"input has inconsistent input_size: got {input.shape[1]} expected {features}")
    for i, state in enumerate(states):
        if state.shape[0] != input.shape[0]:
            raise RuntimeError(f"Input batch size {input.shape[0]} doesn't match hidden{i} batch size {state.shape[0]}")
        if state.shape[1] != size:
            raise RuntimeError(f"hidden{i} has inconsistent hidden_size: got {state.shape[1]}, expected {size}")
    return cell.step(linear(input, w_ih, b_ih), *states, w_hh, b_hh)
