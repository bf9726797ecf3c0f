"""Further losses of numbers and of distributions: robust distances, divergences, likelihoods.

reduction, size_average, reduce, and shapes that broadcast, are those of `minigrad.ops.losses`.  Those that PyTorch
computes by a chain of ops are such a chain here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from minigrad.arrays import array_module, quiet
from minigrad.engine.broadcasting import broadcasts
from minigrad.engine.graph import TensorBase, raw, record
from minigrad.engine.order import axes_of_result, laid_out
from minigrad.engine.places import warn
from minigrad.kernels.fused import fused
from minigrad.ops.advice import no_tensor
from minigrad.ops.creation import full_like
from minigrad.ops.elementwise import exp, log
from minigrad.ops.functions import xlogy
from minigrad.ops.losses import distance_operands, l1_loss, old_reduction, reduced, refuse_grad
from minigrad.ops.picking import masked_fill
from minigrad.ops.promotion import array_of, as_dtype, check_pair, factor_for, widened
from minigrad.ops.reductions import mean
from minigrad.ops.reductions import sum as sum_of
from minigrad.ops.selection import clamp
from minigrad.ops.shaping import unsqueeze

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["gaussian_nll_loss", "huber_loss", "kl_div", "poisson_nll_loss", "smooth_l1_loss", "soft_margin_loss"]


def reduction_of(size_average: Any, reduce: Any, reduction: str) -> str:
    """The reduction that is asked for, by PyTorch's old arguments or by its name.  ValueError for an unknown one."""
    if size_average is not None or reduce is not None:
        return old_reduction(size_average, reduce)
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not a valid value for reduction: use 'mean', 'sum' or 'none'")
    return reduction


def summarized(losses: Tensor, reduction: str) -> Tensor:
    """The mean or the sum of a chain's losses, or the losses themselves."""
    if reduction == "none":
        return losses
    return mean(losses) if reduction == "mean" else sum_of(losses)


# Distances that outliers move less ----------------------------------------------------------------------------


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """d ** 2 / (2 beta) for distances d = |input - target| below beta, else d - beta / 2, reduced.

    With beta = 0 it is `l1_loss`.  RuntimeError for beta below 0.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.SmoothL1Loss.html
    """
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss does not support negative values for beta. Got {beta}")
    reduction = reduction_of(size_average, reduce, reduction)
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    a, b = distance_operands("smooth_l1_loss", input, target)
    with quiet():
        value, scale = reduced(smooth_distance(raw(a), raw(b), beta, beta / 2), reduction, of=(a.array, b.array))
    return record(value, (a, b), (smooth_l1_loss_dinput, smooth_l1_loss_dtarget), scale, beta)


@fused
def smooth_distance(xp: Any, a: Any, b: Any, beta: Any, half: Any) -> Any:
    """The loss of each element."""
    distance = xp.abs(a - b)
    return xp.where(distance < beta, distance * 0.5 * (distance / beta), distance - half)


def smooth_l1_loss_dinput(g: Tensor, _out: Tensor, input: Tensor, target: Tensor, scale: float, beta: float) -> Tensor:
    return clamp((input - target) / factor_for(input, beta), -1.0, 1.0) * (g * scale)


def smooth_l1_loss_dtarget(g: Tensor, _out: Tensor, input: Tensor, target: Tensor, scale: float, beta: float) -> Tensor:
    return clamp((target - input) / factor_for(input, beta), -1.0, 1.0) * (g * scale)


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """d ** 2 / 2 for distances d = |input - target| up to delta, else delta (d - delta / 2), reduced.

    weight: a factor for each element, of input's shape; the mean is then that of the products.  ValueError for another
    shape of it, RuntimeError for delta not above 0.  P. J. Huber (1964), https://doi.org/10.1214/aoms/1177703732
    """
    if weight is not None:
        return weighted_huber_loss(input, target, reduction, delta, weight)
    if delta <= 0:
        raise RuntimeError(f"huber_loss does not support non-positive values for delta. Got {delta}")
    a, b = distance_operands("huber_loss", input, target)
    with quiet():
        losses = huber_distance(widened(raw(a)), widened(raw(b)), delta, delta / 2).astype(raw(a).dtype, copy=False)
        value, scale = reduced(losses, reduction, of=(a.array, b.array))
        if reduction == "none":
            value = laid_out(value, axes_of_result(value.shape, array_module(value).broadcast_to(raw(a), value.shape)))
    return record(value, (a, b), (huber_loss_dinput, huber_loss_dtarget), scale, delta)


@fused
def huber_distance(xp: Any, a: Any, b: Any, delta: Any, half: Any) -> Any:
    """The loss of each element."""
    distance = xp.abs(a - b)
    return xp.where(distance <= delta, distance * 0.5 * distance, (distance - half) * delta)


def huber_loss_dinput(g: Tensor, _out: Tensor, input: Tensor, target: Tensor, scale: float, delta: float) -> Tensor:
    return clamp(input - target, -delta, delta) * (g * scale)


def huber_loss_dtarget(g: Tensor, _out: Tensor, input: Tensor, target: Tensor, scale: float, delta: float) -> Tensor:
    return clamp(target - input, -delta, delta) * (g * scale)


def weighted_huber_loss(input: Tensor, target: Tensor, reduction: str, delta: float, weight: Tensor) -> Tensor:
    """`huber_loss` of each element times its weight, reduced."""
    losses = huber_loss(input, target, "none", delta)
    if array_of(weight).shape != array_of(input).shape:
        raise ValueError(
            f"Weights and input must have the same size. huber_loss() got a weight of shape {list(raw(weight).shape)} "
            f"for an input of shape {list(raw(input).shape)}"
        )
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"Invalid reduction mode: {reduction}. Expected one of 'none', 'mean', 'sum'.")
    return summarized(losses * weight, reduction)


# Distributions ------------------------------------------------------------------------------------------------


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """target (log target - input), for input of log-probabilities: the Kullback-Leibler divergence, once summed.

    log_target: the target holds log-probabilities too.  reduction: "batchmean" divides the sum by the first size, which
    is the divergence of a batch; "mean" divides it by the number of elements, and warns of that.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.KLDivLoss.html
    """
    check_pair("kl_div", input, target)
    if reduction == "mean" and size_average is None and reduce is None:
        warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size: write "
            "reduction='batchmean' for the divergence, or 'sum'"
        )
    by_batch = reduction == "batchmean"
    reduction = reduction_of(size_average, reduce, "sum" if by_batch else reduction)
    losses = exp(target) * (target - input) if log_target else xlogy(target, target) - target * input
    result = summarized(losses, reduction)
    return result / len(input) if by_batch and input.ndim else result


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: Any = None,
    eps: float = 1e-8,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """-log of the probability of target in a Poisson distribution, but for log(target!), reduced.

    e ** input - target * input, where input is the logarithm of the rate; with log_input=False, where it is the rate:
    input - target * log(input + eps).  full: with log(target!) for targets above 1, by Stirling's approximation.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.PoissonNLLLoss.html
    """
    check_pair("poisson_nll_loss", input, target)
    reduction = reduction_of(size_average, reduce, reduction)
    losses = exp(input) - target * input if log_input else input - target * log(input + eps)
    if full:
        log_factorial = target * log(target) - target + 0.5 * log(2 * math.pi * target)
        losses = losses + masked_fill(log_factorial, target <= 1, 0)
    return summarized(losses, reduction)


def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Any, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:
    """-log of the density of target in a normal distribution of mean input, but for log(2 pi) / 2, reduced.

    (log var + (input - target) ** 2 / var) / 2.  var: the variances, a float or a tensor of input's shape, of that
    without the last size, or with a 1 in place of one size; those below eps count as eps, while their gradient is that
    of the formula.  full: with log(2 pi) / 2.  ValueError for a var below 0 or of another shape.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.GaussianNLLLoss.html
    """
    check_pair("gaussian_nll_loss", input, target)
    var = variances(input, var)
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not valid: use reduction='mean', 'sum' or 'none'")
    var = not_below(var, eps)
    losses = 0.5 * (log(var) + (input - target) ** 2 / var)
    return summarized(losses + 0.5 * math.log(2 * math.pi) if full else losses, reduction)


def variances(input: Tensor, var: Any) -> Tensor:
    """The variances as a tensor that broadcasts to the input."""
    if isinstance(var, float):
        var = full_like(input, var)
    if not isinstance(var, TensorBase):
        raise no_tensor("gaussian_nll_loss", "var", var)
    x, v = array_of(input), raw(var)
    if (v < 0).any():
        raise ValueError("var has negative entry/entries: gaussian_nll_loss() takes variances, not logarithms of them")
    if v.shape != x.shape and v.shape == x.shape[:-1]:
        return unsqueeze(var, -1)  # type: ignore[arg-type]
    others = [(n, m) for n, m in zip(x.shape, v.shape) if n != m]
    if v.ndim != x.ndim or len(others) > 1 or any(m != 1 for _, m in others):
        raise ValueError(
            f"var is of incorrect size: gaussian_nll_loss() got {list(v.shape)} for an input of shape {list(x.shape)}"
        )
    return var  # type: ignore[return-value]


def not_below(var: Tensor, eps: float) -> Tensor:
    """The variances, those below eps raised to it; their gradient passes as if they were not."""
    return record(clamp(raw(var), min=eps), (var,), (not_below_dvar,), name="CloneBackward0")


def not_below_dvar(g: Tensor, _out: Tensor, _var: Tensor) -> Tensor:
    return g


# Two classes --------------------------------------------------------------------------------------------------


def soft_margin_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Tensor:
    """log(1 + e ** (-target * input)) for targets 1 and -1, reduced.

    target: a constant that broadcasts to the input.  RuntimeError for one that requires grad or does not.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.SoftMarginLoss.html
    """
    check_pair("soft_margin_loss", input, target)
    refuse_grad("target", target)
    reduction = reduction_of(size_average, reduce, reduction)
    x = array_of(input)
    if x.dtype.kind != "f":
        raise RuntimeError(f"soft_margin_loss(): result type Float can't be cast to {x.dtype}: use input.float()")
    y = as_dtype(target, x.dtype)
    if not broadcasts(raw(y).shape, x.shape):
        raise RuntimeError(
            f"soft_margin_loss(): output with shape {list(x.shape)} doesn't match the broadcast shape: the target's "
            f"shape is {list(raw(y).shape)}"
        )
    with quiet():
        value, scale = reduced(softened(x, raw(y)), reduction, of=(x,))
    return record(value, (input, y), (soft_margin_loss_dinput, None), scale)


@fused
def softened(xp: Any, x: Any, y: Any) -> Any:
    """log(1 + e ** (-y x))."""
    return xp.log1p(xp.exp(-x * y))


def soft_margin_loss_dinput(g: Tensor, _out: Tensor, input: Tensor, target: Tensor, scale: float) -> Tensor:
    power = exp(-target * input)
    return target * power / (power + 1) * (-(g * scale))
