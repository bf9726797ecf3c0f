"""Initial weights, drawn bit for bit as PyTorch draws them.

Every function whose name ends in _ changes its first argument, `tensor`, of any shape unless it says otherwise, in
place, without a gradient, and returns it.  `generator`: what draws the numbers (None: the default one).
fan_in is how many inputs reach one output, fan_out how many outputs one input reaches: of a weight (out, in, *kernel)
fan_in = in * elements of the kernel, fan_out = out * elements of the kernel; ValueError for fewer than two dimensions.
https://docs.pytorch.org/docs/stable/nn.init.html
"""

from __future__ import annotations

import math
import warnings
from typing import Any as _Any

from minigrad import on_use as _on_use
from minigrad.autograd.grad_mode import no_grad
from minigrad.ops.creation import empty_like, full
from minigrad.ops.creation import eye as identity
from minigrad.ops.elementwise import log
from minigrad.ops.selection import where
from minigrad.random import Generator
from minigrad.tensor import Tensor


@no_grad()
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform numbers in [a, b), of the density 1 / (b - a).

    RuntimeError for b below a, NotImplementedError for a dtype that is no float.
    """
    return tensor.uniform_(a, b, generator=generator)


@no_grad()
def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal numbers with this mean and the standard deviation std.

    RuntimeError for a std below 0, NotImplementedError for a dtype that is no float.
    """
    return tensor.normal_(mean, std, generator=generator)


@no_grad()
def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Normal numbers with this mean and the standard deviation std, drawn anew until all are in [a, b].

    Where less than 30% of the normal distribution lies there, uniform numbers in [a, b) are drawn instead, and each
    is kept with probability density(number) / density(the number of [a, b] nearest to mean): von Neumann's rejection.
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=3,
        )

    def below(x: float) -> float:
        return (1.0 + math.erf((x - mean) / std / math.sqrt(2.0))) / 2.0

    if below(b) - below(a) > 0.3:
        return _redrawn_normal(tensor, mean, std, a, b, generator)
    return _accepted_uniform(tensor, mean, std, a, b, generator)


def _redrawn_normal(tensor: Tensor, mean: float, std: float, a: float, b: float, generator: Generator | None) -> Tensor:
    low, high = (full((), bound, dtype=tensor.dtype) for bound in (a, b))
    tensor.normal_(mean, std, generator=generator)
    while (outside := (tensor < low) | (tensor > high)).any():
        tensor.copy_(where(outside, empty_like(tensor).normal_(mean, std, generator=generator), tensor))
    return tensor


def _accepted_uniform(
    tensor: Tensor, mean: float, std: float, a: float, b: float, generator: Generator | None
) -> Tensor:
    nearest = max(a, min(mean, b))
    log_peak = -0.5 * ((nearest - mean) / std) ** 2
    pending = full(tensor.shape, True)
    while pending.any():
        drawn = empty_like(tensor).uniform_(a, b, generator=generator)
        log_share = ((drawn - mean) / std) ** 2 * -0.5 - log_peak
        tensor.copy_(where(pending, drawn, tensor))
        pending = pending & (log(empty_like(tensor).uniform_(generator=generator)) > log_share)
    return tensor


@no_grad()
def constant_(tensor: Tensor, val: float) -> Tensor:
    """The number val in every element: what `tensor.fill_(val)` does."""
    return tensor.fill_(val)


def ones_(tensor: Tensor) -> Tensor:
    """Ones in every element: what `constant_` does with 1.0."""
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Zeros in every element: what `constant_` does with 0.0."""
    return constant_(tensor, 0.0)


@no_grad()
def eye_(tensor: Tensor) -> Tensor:
    """Ones on the diagonal of a matrix, else zeros.  ValueError for other than two dimensions."""
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    return tensor.copy_(identity(*tensor.shape, dtype=tensor.dtype))


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """By what factor the spread of weights makes up for a nonlinearity; ValueError for an unknown one.

    1 for "linear", "sigmoid" and the convolutions ("conv2d", ...), 5 / 3 for "tanh", sqrt(2) for "relu", 3 / 4 for
    "selu", sqrt(2 / (1 + param ** 2)) for "leaky_relu", whose slope is param (0.01 unless given).

    >>> from minigrad.nn import init
    >>> init.calculate_gain("leaky_relu", 1.0)
    1.0
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"negative_slope {slope} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity not in GAINS:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity}")
    return GAINS[nonlinearity]


GAINS = {"tanh": 5.0 / 3, "relu": math.sqrt(2.0), "selu": 3.0 / 4, "sigmoid": 1} | dict.fromkeys(
    ["linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"], 1
)
"""The gains that do not depend on a parameter."""


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    if tensor.ndim < 2:
        raise ValueError("Fan in and fan out can not be computed for tensor with fewer than 2 dimensions")
    outputs, inputs, *kernel = tensor.shape
    return inputs * math.prod(kernel), outputs * math.prod(kernel)


def has_no_elements(tensor: Tensor) -> bool:
    """Whether there is nothing to initialise, with PyTorch's warning if so."""
    if tensor.numel() == 0:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
    return tensor.numel() == 0


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    fans = dict(zip(("fan_in", "fan_out"), _calculate_fan_in_and_fan_out(tensor)))
    if mode.lower() not in fans:
        raise ValueError(f"Mode {mode} not supported, please use one of {list(fans)}")
    return calculate_gain(nonlinearity, a) / math.sqrt(fans[mode.lower()])


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Uniform in +-sqrt(3) * gain / sqrt(fan), where gain = calculate_gain(nonlinearity, a).

    mode: which fan, "fan_in" keeps the spread on the way forward, "fan_out" on the way back (ValueError for another).
    A tensor without elements stays as it is, with a warning.  K. He et al. (2015), https://arxiv.org/abs/1502.01852
    """
    if has_no_elements(tensor):
        return tensor
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Normal with standard deviation gain / sqrt(fan); mode, a and nonlinearity are those of `kaiming_uniform_`."""
    if has_no_elements(tensor):
        return tensor
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def _xavier_std(tensor: Tensor, gain: float) -> float:
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return gain * math.sqrt(2.0 / float(fan_in + fan_out))


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform in +-gain * sqrt(6 / (fan_in + fan_out)).

    X. Glorot and Y. Bengio (2010), https://proceedings.mlr.press/v9/glorot10a.html
    """
    bound = math.sqrt(3.0) * _xavier_std(tensor, gain)
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal with standard deviation gain * sqrt(2 / (fan_in + fan_out)).

    X. Glorot and Y. Bengio (2010), https://proceedings.mlr.press/v9/glorot10a.html
    """
    return normal_(tensor, 0.0, _xavier_std(tensor, gain), generator)


__all__ = [
    "uniform_",
    "normal_",
    "trunc_normal_",
    "constant_",
    "ones_",
    "zeros_",
    "eye_",
    "calculate_gain",
    "kaiming_uniform_",
    "kaiming_normal_",
    "xavier_uniform_",
    "xavier_normal_",
]

_LATER = {
    "minigrad.nn.further.initialization": "dirac_ orthogonal_ sparse_",
    "minigrad.nn.old_init": (
        "constant dirac eye kaiming_normal kaiming_uniform normal orthogonal sparse uniform xavier_normal "
        "xavier_uniform"
    ),
}
__all__ += _on_use.names_in(_LATER)


def __getattr__(name: str) -> _Any:
    """What is imported when it is first used."""
    return _on_use.found(__name__, _LATER, name)
