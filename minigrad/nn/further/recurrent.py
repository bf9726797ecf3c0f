"""Recurrent layers; minigrad.ops.further has the formulas: lstm.py, gru.py and elman.py."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any

from minigrad.engine.places import warn
from minigrad.later import function
from minigrad.nn import init
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.nn.utils.rnn import PackedSequence
from minigrad.ops.advice import tensor_from
from minigrad.ops.creation import empty
from minigrad.ops.further import recurrent
from minigrad.tensor import Tensor

__all__ = ["GRU", "GRUCell", "LSTM", "LSTMCell", "RNN", "RNNBase", "RNNCell", "RNNCellBase"]

MODES = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 4, "GRU": 3}
"""The kinds of layers, and how many times hidden_size rows their weights have."""


class RNNBase(Module):
    """What `RNN`, `LSTM` and `GRU` have in common: the weights of all layers and directions, and how they are named.

    (steps, batch, input_size) -> (steps, batch, directions * hidden_size), or proj_size in the place of hidden_size.
    mode: "RNN_TANH", "RNN_RELU", "LSTM" or "GRU" (ValueError for another); the other arguments are those of `RNN`.

    For the layer k there are weight_ih_l{k}, weight_hh_l{k}, with `bias` bias_ih_l{k}, bias_hh_l{k} and, with
    proj_size, weight_hr_l{k}; those of the way back end in _reverse.  All start uniform in +-1 / sqrt(hidden_size),
    drawn as PyTorch draws them.
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        check_dropout(dropout, num_layers)
        check_options(self)
        self._all_weights: list[list[str]] = []
        for layer in range(num_layers):
            for suffix in ("", "_reverse")[: 1 + bidirectional]:
                shapes = self._shapes(layer)
                for name, shape in shapes.items():
                    self.register_parameter(name + suffix, Parameter(empty(shape, device=device, dtype=dtype)))
                self._all_weights.append([name + suffix for name in shapes])
        self.reset_parameters()

    def _shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        """The names and shapes of a layer's weights in one direction."""
        rows, shown = MODES[self.mode] * self.hidden_size, self.proj_size or self.hidden_size
        features = shown * (1 + self.bidirectional) if layer else self.input_size
        shapes: dict[str, tuple[int, ...]] = {f"weight_ih_l{layer}": (rows, features)}
        shapes[f"weight_hh_l{layer}"] = (rows, shown)
        if self.bias:
            shapes |= {f"bias_ih_l{layer}": (rows,), f"bias_hh_l{layer}": (rows,)}
        if self.proj_size:
            shapes[f"weight_hr_l{layer}"] = (self.proj_size, self.hidden_size)
        return shapes

    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        bound = 1 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The weights of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def _flat_weights_names(self) -> list[str]:
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self) -> list[Any]:
        return [getattr(self, name) for name in self._flat_weights_names]

    def flatten_parameters(self) -> None:
        """Nothing: it puts the weights together in memory where PyTorch's GPU library wants that."""

    # Calling ------------------------------------------------------------------------------------------------

    def _over_time(self, input: Any, states: Sequence[Tensor] | None) -> tuple[Any, list[Tensor]]:
        """The output and the states at the end, for an input of any form."""
        if isinstance(input, PackedSequence):
            return self._over_packed(input, states)
        check_dimensions(self, input, states)
        batch_dim = 0 if self.batch_first else 1
        is_batched = input.ndim == 3
        if not is_batched:
            input = input.unsqueeze(batch_dim)
            states = states and [state.unsqueeze(1) for state in states]
        states = states or self._zeros(input, input.shape[batch_dim])
        self._check(input, states, input.shape[batch_dim])
        output, *ends = self._call(input, states, self.batch_first)
        if not is_batched:
            return output.squeeze(batch_dim), [end.squeeze(1) for end in ends]
        return output, ends

    def _over_packed(self, input: PackedSequence, states: Sequence[Tensor] | None) -> tuple[Any, list[Tensor]]:
        """The same for packed sequences.  The states are in the order that the sequences had before."""
        data, sizes, order, order_before = input
        number = int(sizes[0])
        states = self._zeros(data, number) if states is None else [reordered(state, order) for state in states]
        if data.ndim != 2:
            raise RuntimeError(f"input must have 2 dimensions, got {data.ndim}")
        self._check(data, states, number)
        output, *ends = self._call(data, states, sizes)
        return PackedSequence(output, sizes, order, order_before), [reordered(end, order_before) for end in ends]

    def _call(self, input: Tensor, states: Sequence[Tensor], form: Any) -> Any:
        """The op of this mode.  form: batch_first, or the batch sizes of a packed input."""
        op = getattr(recurrent, self.mode.lower())
        hx = tuple(states) if self.mode == "LSTM" else states[0]
        options = self._flat_weights, self.bias, self.num_layers, self.dropout, self.training, self.bidirectional
        return op(input, hx, *options, form) if isinstance(form, bool) else op(input, form, hx, *options)

    def _sizes(self) -> list[int]:
        """The size of each state."""
        shown = self.proj_size or self.hidden_size
        return [shown, self.hidden_size] if self.mode == "LSTM" else [shown]

    def _zeros(self, input: Tensor, number: int) -> list[Tensor]:
        """The states of so many sequences where none are given."""
        rows = self.num_layers * (1 + self.bidirectional)
        return [input.new_zeros(rows, number, size) for size in self._sizes()]

    def _check(self, input: Tensor, states: Sequence[Tensor], number: int) -> None:
        """ValueError for an input of another dtype than the weights', RuntimeError for sizes that do not fit."""
        dtype = self.weight_ih_l0.dtype
        if input.dtype != dtype:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({dtype}). Convert input: "
                f"input.to({dtype}), or convert model: model.to({input.dtype})"
            )
        if input.shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.shape[-1]}"
            )
        for i, (state, size) in enumerate(zip(states, self._sizes())):
            expected = (self.num_layers * (1 + self.bidirectional), number, size)
            if state.shape != expected:
                which = f"hidden[{i}]" if self.mode == "LSTM" else "hidden"
                raise RuntimeError(f"Expected {which} size {expected}, got {list(state.shape)}")

    def extra_repr(self) -> str:
        """The sizes, and the options that are not as usual."""
        usual = {"proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0}
        usual["bidirectional"] = False
        options = [f", {name}={getattr(self, name)}" for name, value in usual.items() if getattr(self, name) != value]
        return f"{self.input_size}, {self.hidden_size}{''.join(options)}"


class RNN(RNNBase):
    """h = tanh(W_ih x + b_ih + W_hh h + b_hh) from step to step, or relu: an Elman network.

    rnn(input, h) -> (output, h at the end).  input: (steps, batch, input_size), with batch_first (batch, steps,
    input_size), for one sequence (steps, input_size), or a PackedSequence.  h: (layers * directions, batch,
    hidden_size), by default zeros.  output: like the input, with what the last layer gave at each step, hidden_size in
    each direction.

    num_layers: each reads what the one below gives, of which in training the share `dropout` is set to 0.
    bidirectional: each layer also goes from the last step to the first, with weights of its own.
    nonlinearity: "tanh" or "relu".  See `RNNBase` for the weights.

    ValueError and TypeError for options out of range, also for a proj_size among the others, which an LSTM takes alone;
    RuntimeError for sizes that do not fit.  J. L. Elman (1990), https://doi.org/10.1207/s15516709cog1402_1
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
        **others: Any,
    ) -> None:
        refuse_projection(others)
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        options = {"device": device, "dtype": dtype, **others}
        mode = f"RNN_{nonlinearity.upper()}"
        super().__init__(
            mode, input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, **options
        )
        self.nonlinearity = nonlinearity

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        """The output, and h at the end."""
        output, (h,) = self._over_time(input, one_state(self, hx))
        return output, h


class GRU(RNNBase):
    """The gated recurrent unit: r, z = sigmoid(...), n = tanh(...), h = (1 - z) * n + z * h from step to step.

    minigrad/ops/further/gru.py has the formula; gru(input, h) -> (output, h at the end).  Arguments, options (the
    others, too) and shapes are those of `RNN`.  K. Cho et al. (2014), https://arxiv.org/abs/1406.1078
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
        **others: Any,
    ) -> None:
        refuse_projection(others)
        options = {"device": device, "dtype": dtype, **others}
        super().__init__(
            "GRU", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, **options
        )

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        """The output, and h at the end."""
        output, (h,) = self._over_time(input, one_state(self, hx))
        return output, h


class LSTM(RNNBase):
    """Long short-term memory: gates i, f, o = sigmoid(...), c = f * c + i * tanh(...), h = o * tanh(c).

    minigrad/ops/further/lstm.py has the formula; lstm(input, (h, c)) -> (output, (h, c) at the end).  Arguments,
    options and shapes are those of `RNN`; c is of the shape of h.  proj_size: h is a product with W_hr, of this size.
    S. Hochreiter and J. Schmidhuber (1997), https://doi.org/10.1162/neco.1997.9.8.1735

    >>> import minigrad as torch
    >>> lstm = torch.nn.LSTM(input_size=3, hidden_size=5, num_layers=2)
    >>> output, (h, c) = lstm(torch.zeros(7, 4, 3))
    >>> output.shape, h.shape, c.shape
    (minigrad.Size([7, 4, 5]), minigrad.Size([2, 4, 5]), minigrad.Size([2, 4, 5]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            *("LSTM", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, proj_size),
            device=device,
            dtype=dtype,
        )

    def forward(self, input: Any, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Any, tuple[Tensor, Tensor]]:
        """The output, and (h, c) at the end."""
        output, (h, c) = self._over_time(input, two_states(hx))
        return output, (h, c)


# Checks -----------------------------------------------------------------------------------------------------


def check_dropout(dropout: Any, num_layers: int) -> None:
    """ValueError for what is no probability; a warning where there is nothing to drop."""
    if not isinstance(dropout, numbers.Number) or isinstance(dropout, bool) or not 0 <= dropout <= 1:  # type: ignore
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
        )
    if dropout > 0 and num_layers == 1:  # type: ignore[operator]
        warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers "
            f"greater than 1, but got dropout={dropout} and num_layers={num_layers}"
        )


def check_options(layer: RNNBase) -> None:
    """TypeError and ValueError for options that are of another type, or out of range."""
    kinds: dict[str, type] = {"bias": bool, "batch_first": bool, "input_size": int, "hidden_size": int}
    for name, kind in kinds.items():
        value = getattr(layer, name)
        if not isinstance(value, kind):
            raise TypeError(f"{name} should be of type {kind.__name__}, got: {type(value).__name__}")
    for name in ("input_size", "hidden_size", "num_layers"):
        if getattr(layer, name) <= 0:
            raise ValueError(f"{name} must be greater than zero")
    if layer.proj_size < 0:
        raise ValueError("proj_size should be a positive integer or zero to disable projections")
    if layer.proj_size >= layer.hidden_size:
        raise ValueError("proj_size has to be smaller than hidden_size")
    if layer.mode not in MODES:
        raise ValueError(f"Unrecognized RNN mode: {layer.mode}")


def refuse_projection(options: dict[str, Any]) -> None:
    """ValueError for an option that is an LSTM's."""
    if "proj_size" in options:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")


def one_state(layer: Module, hx: Any) -> list[Tensor] | None:
    """The state that was given.  AttributeError for the pair that an LSTM has."""
    if hx is not None and not isinstance(hx, Tensor):
        name, kind = type(layer).__name__, type(hx).__name__
        raise AttributeError(f"'{kind}' object has no attribute 'dim': the state of a {name} is one tensor, h")
    return hx if hx is None else [hx]


def two_states(hx: Any) -> list[Tensor] | None:
    """The states that were given, h and c.  RuntimeError, or PyTorch's IndexError, for what is no pair."""
    if isinstance(hx, Tensor):
        kind = IndexError if len(hx) == 1 else RuntimeError
        raise kind("lstm expects two hidden states, but got one tensor: write (h, c)")
    if hx is not None and len(hx) != 2:
        raise RuntimeError(f"lstm expects two hidden states, but got {len(hx)}: write (h, c)")
    return hx if hx is None else list(hx)


def check_dimensions(layer: RNNBase, input: Any, states: Sequence[Tensor] | None) -> None:
    """ValueError for an input, RuntimeError for states, with another number of dimensions than they can have."""
    if not isinstance(input, Tensor):
        raise AttributeError(f"'{type(input).__name__}' object has no attribute 'dim'{tensor_from(input)}")
    kind = "RNN" if layer.mode.startswith("RNN") else layer.mode
    if input.ndim not in (2, 3):
        tensor = " tensor" * (kind == "RNN")
        raise ValueError(f"{kind}: Expected input to be 2D or 3D, got {input.ndim}D{tensor} instead")
    if any(state.ndim != input.ndim for state in states or ()):
        given = [f"{state.ndim}-D" for state in states or ()]
        names, shown = (
            ("hx and cx", f"({', '.join(given)}) tensors") if len(given) == 2 else ("hx", f"{given[0]} tensor")
        )
        form = "batched 3-D" if input.ndim == 3 else "unbatched 2-D"
        raise RuntimeError(f"For {form} input, {names} should also be {input.ndim}-D but got {shown}")


def reordered(state: Tensor, order: Tensor | None) -> Tensor:
    """A state with its sequences in another order."""
    result: Tensor = state if order is None else function("index_select")(state, 1, order)
    return result


# Single steps -----------------------------------------------------------------------------------------------


class RNNCellBase(Module):
    """What `RNNCell`, `LSTMCell` and `GRUCell` have in common: (batch, input_size) -> (batch, hidden_size).

    weight_ih (num_chunks * hidden_size, input_size), weight_hh (num_chunks * hidden_size, hidden_size) and, with
    `bias`, bias_ih and bias_hh (num_chunks * hidden_size,) start uniform in +-1 / sqrt(hidden_size), drawn as PyTorch
    draws them.
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        self.weight_ih = Parameter(empty((rows, input_size), device=device, dtype=dtype))
        self.weight_hh = Parameter(empty((rows, hidden_size), device=device, dtype=dtype))
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, Parameter(empty(rows, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def _step(self, op: Any, input: Any, states: Sequence[Tensor] | None, names: Sequence[str]) -> list[Tensor]:
        """The states after one step; names: what messages call those before."""
        kind = type(self).__name__
        if not isinstance(input, Tensor):
            raise AttributeError(f"'{type(input).__name__}' object has no attribute 'dim'{tensor_from(input)}")
        for name, x in zip(("input", *names), (input, *(states or ()))):
            if x.ndim not in (1, 2):
                raise ValueError(f"{kind}: Expected {name} to be 1D or 2D, got {x.ndim}D instead")
        is_batched = input.ndim == 2
        x = input if is_batched else input.unsqueeze(0)
        if states is None:
            states = [x.new_zeros(len(x), self.hidden_size)] * len(names)
        elif not is_batched:
            states = [state.unsqueeze(0) for state in states]
        hx = states[0] if len(names) == 1 else tuple(states)
        result = op(x, hx, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        after = list(result) if isinstance(result, tuple) else [result]
        return after if is_batched else [state.squeeze(0) for state in after]

    def extra_repr(self) -> str:
        """The sizes, and the options that are not as usual."""
        options = "" if self.bias is True else f", bias={self.bias}"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            options += f", nonlinearity={self.nonlinearity}"
        return f"{self.input_size}, {self.hidden_size}{options}"


class RNNCell(RNNCellBase):
    """One step of an `RNN`: cell(input, h) -> the new h, for input (batch, input_size) or (input_size,).

    h: (batch, hidden_size) or (hidden_size,), by default zeros.  nonlinearity: "tanh" or "relu" (RuntimeError for
    another).  ValueError for an input or h of another number of dimensions.  See `RNNCellBase` for the weights.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.RNNCell.html
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, num_chunks=1, device=device, dtype=dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The new h.  RuntimeError for an unknown nonlinearity."""
        ops = {"tanh": recurrent.rnn_tanh_cell, "relu": recurrent.rnn_relu_cell}
        if self.nonlinearity not in ops:
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return self._step(ops[self.nonlinearity], input, one_state(self, hx), ["hidden"])[0]


class LSTMCell(RNNCellBase):
    """One step of an `LSTM`: cell(input, (h, c)) -> the new (h, c), both of the shape that h has in `RNNCell`.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTMCell.html
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, num_chunks=4, device=device, dtype=dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """The new (h, c)."""
        h, c = self._step(recurrent.lstm_cell, input, two_states(hx), ["hx[0]", "hx[1]"])
        return h, c


class GRUCell(RNNCellBase):
    """One step of a `GRU`: cell(input, h) -> the new h.  Shapes are those of `RNNCell`.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.GRUCell.html
    """

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, num_chunks=3, device=device, dtype=dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The new h."""
        return self._step(recurrent.gru_cell, input, one_state(self, hx), ["hidden"])[0]
