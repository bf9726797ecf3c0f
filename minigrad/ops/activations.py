"""Activations, element by element: relu and sigmoid, then those that bend where relu has its corner.

The result has input's shape and dtype.  NotImplementedError for integers and bools, but where a function says
otherwise.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from minigrad.arrays import array_module, quiet
from minigrad.engine.graph import TensorBase, raw, record
from minigrad.engine.places import op_called
from minigrad.kernels.fused import fused, selected
from minigrad.ops.elementwise import erf, exp, tanh
from minigrad.ops.promotion import array_of, factor_for, floating, widened
from minigrad.ops.selection import clamp, only_where, where

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["relu", "sigmoid"]


def relu(input: Tensor) -> Tensor:
    """max(input, 0), of integers too; its gradient at 0 is 0.  RuntimeError for bools."""
    x = array_of(input)
    if x.dtype.kind == "b":
        raise RuntimeError("relu(): Boolean inputs not supported. Convert with .float() first.")
    return record(array_module(x).maximum(x, 0), (input,), (relu_da,))


def relu_da(g: Tensor, out: Tensor, _a: Tensor) -> Tensor:
    return only_where(out != 0, g) if isinstance(g, TensorBase) else passed_by_relu(g, out)


@fused
def passed_by_relu(xp: Any, g: Any, out: Any) -> Any:
    """g where relu's output is not 0; it is not below, and as in PyTorch, nan lets g pass."""
    return selected(xp, out != 0, g)


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + e ** -input), between 0 and 1: a float also for integers and bools."""
    a = floating(input)
    xp = array_module(raw(a))
    with quiet():
        value = 1 / (1 + xp.exp(-raw(a)))
    return record(value, (a,), (sigmoid_da,))


def sigmoid_da(g: Tensor, out: Tensor, _a: Tensor) -> Tensor:
    return g * (out * (1 - out))


def leaky_relu(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """input where it is above 0, else input * negative_slope."""
    x = float_array(input)
    xp = array_module(x)
    with quiet():
        below = xp.minimum(x, 0) * factor_for(x, negative_slope)
        value = xp.maximum(x, 0) + below  # a third of the time that where() takes
    return record(value, (input,), (leaky_relu_da,), negative_slope)


def leaky_relu_da(g: Tensor, _out: Tensor, a: Tensor, negative_slope: float) -> Tensor:
    above = a > 0
    return only_where(above, g) + only_where(~above, g * factor_for(g, negative_slope))


def elu(input: Tensor, alpha: float = 1.0) -> Tensor:
    """input where it is above 0, else alpha * (e ** input - 1).

    D.-A. Clevert et al. (2015), https://arxiv.org/abs/1511.07289
    """
    x = widened(float_array(input))
    xp = array_module(x)
    with quiet():
        value = xp.where(x > 0, x, xp.expm1(x) * alpha).astype(raw(input).dtype, copy=False)
    return record(value, (input,), (elu_da,), alpha)


def elu_da(g: Tensor, _out: Tensor, a: Tensor, alpha: float) -> Tensor:
    return where(a > 0, g, g * (exp(clamp(a, max=0.0)) * factor_for(g, alpha)))


def softplus(input: Tensor, beta: float = 1, threshold: float = 20) -> Tensor:
    """log(1 + e ** (beta * input)) / beta, a smooth relu; where beta * input is above threshold, input itself."""
    x = widened(float_array(input))
    xp = array_module(x)
    with quiet():
        scaled = x * beta
        smooth = (xp.maximum(scaled, 0) + xp.log1p(xp.exp(-xp.abs(scaled)))) / x.dtype.type(beta)
        value = xp.where(scaled > threshold, x, smooth).astype(raw(input).dtype, copy=False)
    return record(value, (input,), (softplus_da,), beta, threshold)


def softplus_da(g: Tensor, _out: Tensor, a: Tensor, beta: float, threshold: float) -> Tensor:
    scaled = a * factor_for(a, beta)
    return where(scaled > threshold, g, g * sigmoid(scaled))


def silu(input: Tensor) -> Tensor:
    """input * sigmoid(input).  S. Elfwing et al. (2017), https://arxiv.org/abs/1702.03118"""
    x = float_array(input)
    with quiet():
        value = x * sigmoid(x)
    return record(value, (input,), (silu_da,))


def silu_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    share = sigmoid(a)
    return g * (share * (a * (1 - share) + 1))


# GELU -------------------------------------------------------------------------------------------------------

TANH_CUBIC = 0.044715
"""How far the argument of tanh bends away from a line, in the approximation of gelu by tanh."""
TANH_SLOPE = math.sqrt(2 / math.pi)


def gelu(input: Tensor, *, approximate: str = "none") -> Tensor:
    """input times the probability that a standard normal number is below it: input * (1 + erf(input / sqrt(2))) / 2.

    approximate="tanh" puts tanh(sqrt(2 / pi) * (input + 0.044715 * input ** 3)) in the place of erf.
    RuntimeError for another.  D. Hendrycks and K. Gimpel (2016), https://arxiv.org/abs/1606.08415
    """
    x = float_array(input)
    if approximate == "none":
        with quiet():
            share = normal_share(x)
            value = x * share
        return record(value, (input,), (gelu_da,), saved=(share,))
    if approximate == "tanh":
        with quiet():
            t = tanh(tanh_argument(x))
            value = x * ((t + 1) * 0.5)
        return record(value, (input,), (gelu_tanh_da,), saved=(t,), name="GeluBackward0")
    raise RuntimeError(f"gelu(): approximate argument must be either none or tanh, not {approximate}")


def normal_share(a: Tensor) -> Tensor:
    """The share of standard normal numbers below a."""
    return (erf(a * factor_for(a, math.sqrt(0.5))) + 1) * 0.5


def gelu_da(g: Tensor, _out: Tensor, a: Tensor, share: Tensor) -> Tensor:
    if isinstance(a, TensorBase):
        share = normal_share(a)  # what was kept is a constant, which has no derivative
    density = exp(a * a * -0.5) * factor_for(a, 1 / math.sqrt(2 * math.pi))
    return g * (share + a * density)


def tanh_argument(a: Tensor) -> Tensor:
    """sqrt(2 / pi) * (a + 0.044715 * a ** 3)."""
    return a * (a * a * factor_for(a, TANH_SLOPE * TANH_CUBIC) + TANH_SLOPE)


def gelu_tanh_da(g: Tensor, _out: Tensor, a: Tensor, t: Tensor) -> Tensor:
    if isinstance(a, TensorBase):
        t = tanh(tanh_argument(a))
    slope = a * a * factor_for(a, 3 * TANH_SLOPE * TANH_CUBIC) + TANH_SLOPE
    return g * ((t + 1) * 0.5 + a * 0.5 * (1 - t * t) * slope)


def float_array(input: Any) -> Any:
    """The operand's array; NotImplementedError for integers and bools."""
    x = array_of(input)
    if x.dtype.kind != "f":
        raise NotImplementedError(f"{op_called()}(): not implemented for {x.dtype}: use input.float()")
    return x
