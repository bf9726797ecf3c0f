"""Activations that few lessons meet: hard and shrinking ones, those with a learned or a random slope.

The result has input's shape and dtype.  NotImplementedError for integers and bools, but where a function says
otherwise.  inplace: the result is written to input, as by the methods of `minigrad.ops.in_place`, with their errors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import devices
from minigrad.arrays import array_module, quiet
from minigrad.engine.graph import raw, record
from minigrad.engine.order import by_rows, ordered
from minigrad.engine.places import warn
from minigrad.formats import contiguous_format
from minigrad.ops import activations
from minigrad.ops.activations import float_array, sigmoid, softplus
from minigrad.ops.creation import empty_like, zeros_like
from minigrad.ops.dims import axis
from minigrad.ops.elementwise import exp, tanh
from minigrad.ops.in_place import write
from minigrad.ops.promotion import array_of, check_tensors, factor_for, fitting_number, widened
from minigrad.ops.selection import clamp, only_where, where
from minigrad.random import Generator, default_generator

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["celu", "celu_", "hardshrink", "prelu", "rrelu", "rrelu_", "selu", "selu_", "threshold", "threshold_"]


def finished(value: Any, input: Tensor) -> Any:
    """A raw result in its operand's dtype and in PyTorch's order in memory."""
    x = raw(input)
    with quiet():
        return ordered(value.astype(x.dtype, copy=False), x)


def placed(input: Tensor, output: Tensor, inplace: bool) -> Tensor:
    """An op's output, written into its input if that was asked for."""
    return write(input, output) if inplace else output


# Cut off ----------------------------------------------------------------------------------------------------


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """input between min_val and max_val, else the nearer of the two; of integers too.

    The gradient is 0 on both bounds.  ValueError for min_val > max_val, RuntimeError for bools.
    """
    if min_val > max_val:
        raise ValueError("min_val cannot be greater than max_val")
    return placed(input, between(input, min_val, max_val), inplace)


def between(input: Tensor, low: float, high: float) -> Tensor:
    """The op of hardtanh and relu6."""
    x = array_of(input)
    if x.dtype.kind == "b":
        raise RuntimeError("Bool inputs not supported for hardtanh. Convert with .float() first.")
    if x.dtype.kind != "f":
        low, high = int(low), int(high)
    if x.dtype.kind == "u" and min(low, high) < 0:
        raise RuntimeError(f"cannot do hardtanh on an unsigned type with negative limits: {low}, {high}")
    low, high = (fitting_number(bound, x.dtype) for bound in (low, high))
    xp = array_module(x)
    return record(finished(xp.minimum(xp.maximum(x, low), high), input), (input,), (hardtanh_da,), low, high)


def hardtanh_da(g: Tensor, _out: Tensor, a: Tensor, low: float, high: float) -> Tensor:
    x = widened(raw(a))
    return only_where(~((x <= low) | (x >= high)), g)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """input between 0 and 6, else the nearer of the two; of integers too.  RuntimeError for bools."""
    return placed(input, between(input, 0, 6), inplace)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """(input + 3) / 6 between 0 and 1, else the nearer of the two."""
    x = float_array(input)
    xp = array_module(x)
    with quiet():
        value = xp.minimum(xp.maximum(widened(x) + 3, 0), 6) / 6
    return placed(input, record(finished(value, input), (input,), (hardsigmoid_da,)), inplace)


def hardsigmoid_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return only_where((a > -3) & (a < 3), g * factor_for(g, 1 / 6))


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """input * hardsigmoid(input): 0 up to -3, input from 3 on.

    A. Howard et al. (2019), https://arxiv.org/abs/1905.02244
    """
    x = float_array(input)
    xp = array_module(x)
    with quiet():
        wide = widened(x)
        value = wide * xp.minimum(xp.maximum(wide + 3, 0), 6) / 6
    return placed(input, record(finished(value, input), (input,), (hardswish_da,)), inplace)


def hardswish_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    inside = g * (a * factor_for(a, 1 / 3) + 0.5)
    return only_where(~(a <= -3), where(a < 3, inside, g))


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """input where it is above the threshold, else value; of integers too.

    NotImplementedError for bools, RuntimeError for numbers beyond the range of integers.
    """
    x = array_of(input)
    if x.dtype.kind == "b":
        raise NotImplementedError("threshold(): not implemented for bools: use input.float()")
    low = threshold if x.dtype.kind == "f" else fitting_number(threshold, x.dtype)
    output = array_module(x).where(widened(x) <= low, x.dtype.type(fitting_number(value, x.dtype)), x)
    return placed(input, record(finished(output, input), (input,), (threshold_da,), low), inplace)


def threshold_da(g: Tensor, _out: Tensor, a: Tensor, low: float) -> Tensor:
    return only_where(~(widened(raw(a)) <= low), g)


# Exponential below 0 ----------------------------------------------------------------------------------------

SELU_ALPHA = 1.6732632423543772848170429916717
"""With this and the scale, mean 0 and variance 1 are a fixed point of selu: https://arxiv.org/abs/1706.02515"""
SELU_SCALE = 1.0507009873554804934193349852946


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """scale * elu(input, alpha), with the numbers that keep the mean at 0 and the variance at 1.

    alpha = 1.6733, scale = 1.0507.  G. Klambauer et al. (2017), https://arxiv.org/abs/1706.02515
    """
    return placed(input, exponential_below(input, SELU_SCALE, SELU_SCALE * SELU_ALPHA, 1.0, "EluBackward0"), inplace)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """input where it is above 0, else alpha * (e ** (input / alpha) - 1).

    RuntimeError for alpha 0.  J. T. Barron (2017), https://arxiv.org/abs/1704.07483
    """
    if alpha == 0:
        raise RuntimeError("ZeroDivisionError: alpha cannot be 0 for CELU")
    return placed(input, exponential_below(input, 1.0, alpha, 1 / alpha, "CeluBackward0"), inplace)


def exponential_below(input: Tensor, above: float, below: float, speed: float, name: str) -> Tensor:
    """above * input where it is above 0, else below * (e ** (speed * input) - 1)."""
    x = widened(float_array(input))
    xp = array_module(x)
    with quiet():
        value = xp.where(x > 0, x * above, xp.expm1(x * speed) * below)
    return record(finished(value, input), (input,), (exponential_below_da,), above, below, speed, name=name)


def exponential_below_da(g: Tensor, _out: Tensor, a: Tensor, above: float, below: float, speed: float) -> Tensor:
    slope = exp(clamp(a, max=0.0) * factor_for(a, speed)) * factor_for(a, below * speed)
    return where(a > 0, g * factor_for(g, above), g * slope)


# Shrinking --------------------------------------------------------------------------------------------------


def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """input, but 0 from -lambd to lambd; the gradient there is 0."""
    x = float_array(input)
    value = array_module(x).where((x >= -lambd) & (x <= lambd), x.dtype.type(0), x)
    return record(finished(value, input), (input,), (hardshrink_da,), lambd)


def hardshrink_da(g: Tensor, _out: Tensor, a: Tensor, lambd: float) -> Tensor:
    return only_where(~((a >= -lambd) & (a <= lambd)), g)


def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """input moved towards 0 by lambd, and 0 from -lambd to lambd.  RuntimeError for a negative lambd."""
    x = widened(float_array(input))
    if lambd < 0:
        raise RuntimeError(f"lambda must be in range [0, inf), but found to be {lambd}")
    xp = array_module(x)
    with quiet():
        value = xp.where(x > lambd, x - lambd, xp.where(x < -lambd, x + lambd, x * 0))
    return record(finished(value, input), (input,), (softshrink_da,), lambd)


def softshrink_da(g: Tensor, _out: Tensor, a: Tensor, lambd: float) -> Tensor:
    return only_where(~((a >= -lambd) & (a <= lambd)), g)


# Smooth -----------------------------------------------------------------------------------------------------


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """input * tanh(softplus(input)), smooth everywhere.  D. Misra (2019), https://arxiv.org/abs/1908.08681"""
    x = float_array(input)
    wide = widened(x)
    with quiet():
        value = wide * tanh(softplus(wide))
    return placed(input, record(finished(value, input), (input,), (mish_da,)), inplace)


def mish_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    share = tanh(softplus(a))
    return g * (share + a * sigmoid(a) * (1 - share * share))


def logsigmoid(input: Tensor) -> Tensor:
    """log(sigmoid(input)), computed without overflow as min(input, 0) - log1p(e ** -|input|)."""
    x = float_array(input)
    xp = array_module(x)
    with quiet():
        value = xp.minimum(x, 0) - xp.log1p(xp.exp(-xp.abs(x)))
    return record(by_rows(value), (input,), (log_sigmoid_da,))


def log_sigmoid_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g * sigmoid(-a)


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """Of two halves along dim: the first * sigmoid(the second).

    RuntimeError for an odd size, or a tensor without dimensions.  Y. Dauphin et al. (2016),
    https://arxiv.org/abs/1612.08083
    """
    x = float_array(input)
    if x.ndim == 0:
        raise RuntimeError("glu does not support scalars because halving size must be even")
    dim = axis(dim, x.ndim)
    if x.shape[dim] % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {dim} is size {x.shape[dim]}")
    first, second = halves(x, dim)
    with quiet():
        value = first * sigmoid(second)
    return record(ordered(value, first, second), (input,), (glu_da,), dim)


def glu_da(g: Tensor, _out: Tensor, a: Tensor, dim: int) -> Tensor:
    first, second = halves(a, dim)
    share = sigmoid(second)
    return side_by_side(g * share, g * (first * (share * (1 - share))), dim)


def side_by_side(a: Tensor, b: Tensor, dim: int) -> Tensor:
    """Two halves made one along a dimension, of Tensors or raw arrays."""
    x, y = raw(a), raw(b)
    return record(array_module(x).concatenate((x, y), dim), (a, b), (side_by_side_da, side_by_side_db), dim)


def side_by_side_da(g: Tensor, _out: Tensor, _a: Tensor, _b: Tensor, dim: int) -> Tensor:
    return halves(g, dim)[0]


def side_by_side_db(g: Tensor, _out: Tensor, _a: Tensor, _b: Tensor, dim: int) -> Tensor:
    return halves(g, dim)[1]


def halves(a: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """The two halves of a tensor or raw array along a dimension."""
    before, half = (slice(None),) * dim, a.shape[dim] // 2
    return a[(*before, slice(half))], a[(*before, slice(half, None))]


# Slopes that are learned or drawn -----------------------------------------------------------------------------


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """input where it is above 0, else input * weight.

    weight: one number for all, or for each channel of input (N, C, ...).  RuntimeError for another shape or dtype.
    K. He et al. (2015), https://arxiv.org/abs/1502.01852
    """
    check_tensors("prelu", input=input, weight=weight)
    x, slopes = raw(input), raw(weight)
    if x.dtype != slopes.dtype:
        raise RuntimeError(
            f"prelu: Type promoting not supported. Got {input.dtype} and {weight.dtype}. Convert one of them."
        )
    if x.dtype.kind != "f":
        raise NotImplementedError(f"prelu(): not implemented for {x.dtype}: use .float()")
    if slopes.ndim > 1:
        raise RuntimeError(f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {slopes.ndim}")
    if slopes.size != 1:
        check_channels(x, slopes)
        weight = weight.reshape(-1, *[1] * (x.ndim - 2))
    elif slopes.ndim:
        weight = weight.reshape(())
    slopes = raw(weight)
    with quiet():
        value = array_module(x).where(x > 0, x, x * slopes)
    return record(ordered(value, x, slopes), (input, weight), (prelu_kernel_da, prelu_kernel_dw))


def check_channels(x: Any, slopes: Any) -> None:
    """RuntimeError unless there is a slope for each channel."""
    if x.ndim == 0:
        raise RuntimeError("Not allow zero-dim input tensor.")
    channels = x.shape[1] if x.ndim > 1 else 1
    if slopes.size != channels:
        raise RuntimeError(
            f"Mismatch of parameter numbers and input channel size. Found parameter numbers = {slopes.size} and "
            f"channel size = {channels}."
        )


def prelu_kernel_da(g: Tensor, _out: Tensor, a: Tensor, weight: Tensor) -> Tensor:
    return where(a > 0, g, g * weight)


def prelu_kernel_dw(g: Tensor, _out: Tensor, a: Tensor, _weight: Tensor) -> Tensor:
    return only_where(~(a > 0), g * a)


def rrelu(
    input: Tensor,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
    generator: Generator | None = None,
) -> Tensor:
    """input where it is above 0, else input times a slope: in training drawn from [lower, upper), else their mean.

    generator: draws the slopes; they are PyTorch's for the same seed.  RuntimeError for lower > upper.  B. Xu et al.
    (2015), https://arxiv.org/abs/1505.00853
    """
    x = float_array(input)
    if lower > upper:
        raise RuntimeError("Lower bound should be less than or equal to the upper bound")
    if training:
        slopes = drawn_slopes(x, lower, upper, generator or default_generator)
    else:
        slopes = array_module(x).where(x > 0, x.dtype.type(1), x.dtype.type((lower + upper) / 2))
    with quiet():
        value = x * slopes
    return placed(input, record(by_rows(value), (input,), (rrelu_with_noise_da,), saved=(slopes,)), inplace)


def rrelu_with_noise_da(g: Tensor, _out: Tensor, _a: Tensor, slopes: Tensor) -> Tensor:
    return g * slopes


def drawn_slopes(x: Any, lower: float, upper: float, generator: Generator) -> Any:
    """A slope for each element: drawn row by row for those not above 0, else 1."""
    below = devices.moved(x, devices.CPU) <= 0
    slopes = np.ones(x.shape, x.dtype)
    first, last = float(x.dtype.type(lower)), float(x.dtype.type(upper))
    slopes[below] = generator.uniform(int(below.sum()), dtype=np.dtype(np.float64)) * (last - first) + first
    return devices.moved(slopes, devices.device_of(x))


# Random choices -----------------------------------------------------------------------------------------------


def gumbel_softmax(logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1) -> Tensor:
    """softmax((logits + noise) / tau, dim), with noise -log(-log(u)) for uniform numbers u.

    tau: the temperature, smaller for sharper results.  hard: the largest share as 1 and the others as 0, with the
    gradient of the shares.  eps is PyTorch's, and has no effect.  The noise is PyTorch's for the same seed.
    RuntimeError for integers, IndexError for a dim that there is not.  E. Jang et al. (2016),
    https://arxiv.org/abs/1611.01144
    """
    if eps != 1e-10:
        warn("`eps` parameter is deprecated and has no effect.")
    noise = -empty_like(logits, memory_format=contiguous_format).exponential_().log()
    soft: Tensor = ((logits + noise) / tau).softmax(dim)
    if not hard:
        return soft
    largest = soft.max(dim, keepdim=True)[1]
    choice = zeros_like(logits, memory_format=contiguous_format).scatter_(dim, largest, 1.0)
    straight: Tensor = choice - soft.detach() + soft
    return straight


# Made of other ops, or in place -------------------------------------------------------------------------------


def softsign(input: Tensor) -> Tensor:
    """input / (1 + |input|), between -1 and 1: a float also for integers."""
    return input / (input.abs() + 1)


def tanhshrink(input: Tensor) -> Tensor:
    """input - tanh(input): a float also for integers."""
    return input - input.tanh()


def hardtanh_(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """As `hardtanh`, in place."""
    return write(input, between(input, min_val, max_val))


def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """As `threshold`, in place."""
    return write(input, threshold_of(input, threshold, value))


def elu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """As `elu`, in place."""
    return write(input, activations.elu(input, alpha))


def selu_(input: Tensor) -> Tensor:
    """As `selu`, in place."""
    return selu(input, inplace=True)


def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """As `celu`, in place."""
    return celu(input, alpha, inplace=True)


def leaky_relu_(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """As `leaky_relu`, in place."""
    return write(input, activations.leaky_relu(input, negative_slope))


def rrelu_(
    input: Tensor,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    generator: Generator | None = None,
) -> Tensor:
    """As `rrelu`, in place."""
    return rrelu(input, lower, upper, training, True, generator)


threshold_of = threshold
"""The function, for where a parameter has its name."""
