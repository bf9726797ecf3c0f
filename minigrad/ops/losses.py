"""Losses, each one op: the loss of every element by a formula that stays finite, then its mean or sum.

`reduction` is "mean", "sum" or "none"; ValueError for another word.  size_average and reduce are PyTorch's older words
for it, with a warning.  input and target broadcast, with a warning, unless a loss says otherwise, and RuntimeError if
they do not; two dtypes meet as in `add`; NotImplementedError for integers.  The gradient goes to both.
"""

# The rules get `scale`, by which the gradient of the reduced loss is multiplied to give that of each element (1 / n for
# the mean), and recompute everything else from the inputs.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.arrays import quiet
from minigrad.engine.broadcasting import broadcasts
from minigrad.engine.graph import TensorBase, node_of, raw, record
from minigrad.engine.order import by_rows, ordered
from minigrad.engine.places import op_called, warn
from minigrad.gpu.placement import check_devices
from minigrad.kernels.fused import fused
from minigrad.ops.activations import sigmoid
from minigrad.ops.advice import no_tensor
from minigrad.ops.elementwise import abs as absolute
from minigrad.ops.elementwise import exp, log, log1p, sign
from minigrad.ops.promotion import Factor, as_dtype, check_broadcast, check_pair, common_dtype
from minigrad.ops.selection import clamp

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["binary_cross_entropy", "binary_cross_entropy_with_logits", "l1_loss", "mse_loss"]


def reduced(losses: Any, reduction: str, total: Any = None, of: tuple[Any, ...] = ()) -> tuple[Any, Any]:
    """The raw losses reduced, and the scale that their gradients take from it.

    total: what the sum is divided by for the mean (default: how many there are).  of: raw arrays whose order in memory
    the losses keep without a reduction (default: by rows).  ValueError for an unknown reduction.
    """
    if reduction == "none":
        return (ordered(losses, *of) if of else by_rows(losses)), 1
    if losses.dtype.char == "e":
        return reduced_halves(losses, reduction, total)
    if reduction == "sum":
        return losses.sum(), 1
    if reduction != "mean":
        raise ValueError(f"{reduction} is not a valid value for reduction: use 'mean', 'sum' or 'none'")
    if total is not None:
        return losses.sum() / total, inverse(total)
    size = losses.size
    return losses.sum() / size, 1 / size if size else 0


def reduced_halves(losses: Any, reduction: str, total: Any) -> tuple[Any, Any]:
    """As `reduced`, for losses in float16: their sum may be too large for it where the mean is not."""
    value, scale = reduced(losses.astype(np.float32), reduction, total)
    return value.astype(losses.dtype), scale.astype(losses.dtype) if hasattr(scale, "dtype") else Factor(scale)


def old_reduction(size_average: Any, reduce: Any) -> str:
    """The reduction that PyTorch's old arguments mean, each True unless given; with a warning of their age."""
    averaged, reducing = (given is None or given for given in (size_average, reduce))
    reduction = "none" if not reducing else "mean" if averaged else "sum"
    warn(f"size_average and reduce args will be deprecated, please use reduction='{reduction}' instead.")
    return reduction


@fused
def inverse(xp: Any, total: Any) -> Any:
    """1 / total, and 0 for a total of 0; a GPU is not waited for to know it."""
    return xp.where(total == 0, 0, 1 / xp.where(total == 0, 1, total))


# Distances --------------------------------------------------------------------------------------------------


def mse_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Tensor:
    """The squared error, (input - target) ** 2, reduced; its gradient is 2 (input - target)."""
    if size_average is not None or reduce is not None:
        reduction = old_reduction(size_average, reduce)
    a, b = distance_operands("mse_loss", input, target)
    with quiet():
        value, scale = reduced(squared_difference(raw(a), raw(b)), reduction, of=(a.array, b.array))
    return record(value, (a, b), (mse_loss_dinput, mse_loss_dtarget), scale)


@fused
def squared_difference(_xp: Any, a: Any, b: Any) -> Any:
    """(a - b) ** 2."""
    difference = a - b
    return difference * difference


def mse_loss_dinput(g: Tensor, _out: Tensor, input: Tensor, target: Tensor, scale: float) -> Tensor:
    return (input - target) * (g * (2 * scale))


def mse_loss_dtarget(g: Tensor, _out: Tensor, input: Tensor, target: Tensor, scale: float) -> Tensor:
    return (target - input) * (g * (2 * scale))


def l1_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Tensor:
    """The absolute error, |input - target|, reduced; its gradient where both are equal is 0."""
    if size_average is not None or reduce is not None:
        reduction = old_reduction(size_average, reduce)
    a, b = distance_operands("l1_loss", input, target)
    with quiet():
        value, scale = reduced(absolute_difference(raw(a), raw(b)), reduction, of=(a.array, b.array))
    return record(value, (a, b), (l1_loss_dinput, l1_loss_dtarget), scale, name=L1_NAMES[reduction])


L1_NAMES = {"mean": "MeanBackward0", "sum": "SumBackward0", "none": "AbsBackward0"}
"""PyTorch computes it by a chain of ops, of which the last is printed."""


@fused
def absolute_difference(xp: Any, a: Any, b: Any) -> Any:
    """|a - b|."""
    return xp.abs(a - b)


def l1_loss_dinput(g: Tensor, _out: Tensor, input: Tensor, target: Tensor, scale: float) -> Tensor:
    return sign(input - target) * (g * scale)


def l1_loss_dtarget(g: Tensor, _out: Tensor, input: Tensor, target: Tensor, scale: float) -> Tensor:
    return sign(target - input) * (g * scale)


def distance_operands(op: str, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Both tensors in one dtype; a warning where their shapes broadcast, which is seldom meant."""
    check_pair(op, input, target)
    x, y = input.array, target.array
    if x.shape != y.shape:
        warn(
            f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will "
            "likely lead to incorrect results due to broadcasting. Please ensure they have the same size."
            + squeezed(x, y)
        )
        check_broadcast(x.shape, y.shape)
    if x.dtype == y.dtype and x.dtype.kind == "f":
        return input, target
    dtype = common_dtype(x.dtype, y.dtype)
    if dtype.kind != "f":
        raise NotImplementedError(f"{op}(): not implemented for {dtype}: convert with .float() first")
    return as_dtype(input, dtype), as_dtype(target, dtype)


# Binary cross-entropy ---------------------------------------------------------------------------------------


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """-(y log p + (1 - y) log(1 - p)) for probabilities p and targets y, reduced.

    Logarithms are not taken below -100, so that p = 0 and p = 1 give finite losses.  weight: a factor for each
    element.  ValueError for unequal shapes; RuntimeError for other dtypes and (on the CPU) for p or y outside
    [0, 1], nan included.  https://docs.pytorch.org/docs/stable/generated/torch.nn.BCELoss.html
    """
    if size_average is not None or reduce is not None:
        reduction = old_reduction(size_average, reduce)
    p, y = binary_operands("binary_cross_entropy", input, target)
    for name, x in (("input", p), ("target", y)):
        if isinstance(x, np.ndarray) and not ((x >= 0) & (x <= 1)).all():  # a GPU's values are not waited for
            raise RuntimeError(outside_0_to_1(name, x))
    weight = weight_operand("weight", weight, input)
    with quiet():
        value, scale = reduced(weighted(surprise_of_probability(p, y), raw(weight)), reduction, of=(p,))
    rules = (binary_cross_entropy_dinput, binary_cross_entropy_dtarget, None)
    return record(value, (input, target, weight), rules, scale)


@fused
def surprise_of_probability(xp: Any, p: Any, y: Any) -> Any:
    """-(y log p + (1 - y) log(1 - p)), with logarithms of at least -100."""
    return -(y * xp.maximum(xp.log(p), -100) + (1 - y) * xp.maximum(xp.log1p(-p), -100))


def binary_cross_entropy_dinput(
    g: Tensor, _out: Tensor, input: Tensor, target: Tensor, weight: Any, scale: float
) -> Tensor:
    slope = (input - target) / clamp((1 - input) * input, min=1e-12)
    return weighted(slope, weight) * (g * scale)


def binary_cross_entropy_dtarget(
    g: Tensor, _out: Tensor, input: Tensor, _target: Tensor, weight: Any, scale: float
) -> Tensor:
    return weighted(log1p(-input) - log(input), weight) * (g * scale)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """The binary cross-entropy of sigmoid(z) for logits z, finite for every finite z, reduced.

    (1 - y) z + (1 + (pos_weight - 1) y) log(1 + e ** -z), where the logarithm is computed as
    log1p(e ** -|z|) + max(-z, 0).  weight: a factor for each element; pos_weight: for the positive targets of
    each class.  ValueError for unequal shapes, RuntimeError for another dtype.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html
    """
    if size_average is not None or reduce is not None:
        reduction = old_reduction(size_average, reduce)
    z, y = binary_operands("binary_cross_entropy_with_logits", input, target)
    weight, pos_weight = weight_operand("weight", weight, input), weight_operand("pos_weight", pos_weight, input)
    with quiet():
        losses = surprise_of_logits(z, y, raw(pos_weight))
        value, scale = reduced(weighted(losses, raw(weight)), reduction, of=(y,))
    rules = (binary_cross_entropy_with_logits_dinput, binary_cross_entropy_with_logits_dtarget, None, None)
    return record(value, (input, target, weight, pos_weight), rules, scale)


@fused
def surprise_of_logits(xp: Any, z: Any, y: Any, pos_weight: Any) -> Any:
    """The loss of each element; pos_weight may be None."""
    tail = xp.log1p(xp.exp(-xp.abs(z)))
    if pos_weight is None:
        return xp.maximum(z, 0) - z * y + tail
    return (1 - y) * z + (1 + (pos_weight - 1) * y) * (tail + xp.maximum(-z, 0))


def binary_cross_entropy_with_logits_dinput(
    g: Tensor, _out: Tensor, input: Tensor, target: Tensor, weight: Any, pos_weight: Any, scale: float
) -> Tensor:
    if pos_weight is None:
        slope = sigmoid(input) - target
    else:
        positive = target * pos_weight
        slope = (positive + (1 - target)) * sigmoid(input) - positive
    return weighted(slope, weight) * (g * scale)


def binary_cross_entropy_with_logits_dtarget(
    g: Tensor, _out: Tensor, input: Tensor, _target: Tensor, weight: Any, pos_weight: Any, scale: float
) -> Tensor:
    slope = -input
    if pos_weight is not None:
        slope = slope + softplus_of_minus(input) * (pos_weight - 1)
    return weighted(slope, weight) * (g * scale)


def softplus_of_minus(z: Tensor) -> Tensor:
    """log(1 + e ** -z), finite for every finite z."""
    return log1p(exp(-absolute(z))) - clamp(z, max=0)


def squeezed(x: Any, y: Any) -> str:
    """What to write where an output has a last dimension of 1 that the target lacks, or the other way around."""
    for name, long, short in (("input", x, y), ("target", y, x)):
        if long.shape == (*short.shape, 1):
            return f" Write {name}.squeeze(-1)."
    return ""


def binary_operands(op: str, input: Any, target: Any) -> tuple[Any, Any]:
    """The two raw arrays, of one shape and one float dtype."""
    check_pair(op, input, target)
    z, y = input.array, target.array
    if z.shape != y.shape:
        raise ValueError(
            f"{op}(): Target size ({target.shape}) must be the same as input size ({input.shape}). "
            "squeeze() or unsqueeze(1) one of them."
        )
    if z.dtype != y.dtype or z.dtype.kind != "f":
        raise RuntimeError(
            f"{op}(): Found dtype {target.dtype} for target but expected that of input, {input.dtype}: use "
            "target.float()"
        )
    return z, y


def weight_operand(name: str, weight: Any, input: Tensor) -> Any:
    """A factor for each element of the input, in its dtype; None stays None.

    RuntimeError for a weight that requires grad (no rule gives it one), that does not broadcast to the input, or that
    is on another device.
    """
    if weight is None:
        return None
    refuse_grad(name, weight)
    check_devices(input, weight)
    x = input.array
    if not broadcasts(weight.array.shape, x.shape):
        raise RuntimeError(
            f"{op_called()}(): {name} of shape {list(weight.array.shape)} does not broadcast to input's {list(x.shape)}"
        )
    return as_dtype(weight, x.dtype)


def outside_0_to_1(name: str, x: Any) -> str:
    """Why probabilities, or targets, are refused, and what to write."""
    advice = {
        "input": "Probabilities are the sigmoid of a model's output: pass torch.sigmoid(output), or give the output "
        "itself to BCEWithLogitsLoss",
        "target": "Targets are the classes 0 and 1, as floats",
    }[name]
    found = "it has nan" if np.isnan(x).any() else f"it has {x.min():.6g} to {x.max():.6g}"
    return f"all elements of {name} should be between 0 and 1: binary_cross_entropy(), {found}. {advice}."


def refuse_grad(name: str, weight: Any) -> None:
    """A weight is a constant to differentiation: TypeError unless a tensor, RuntimeError if it requires grad."""
    if not isinstance(weight, TensorBase):
        raise no_tensor(op_called(), name, weight)
    if node_of(weight) is not None:
        raise RuntimeError(
            f"{op_called()}() is not differentiable with respect to argument '{name}'. This input cannot have "
            f"requires_grad True: pass {name}.detach()."
        )


def weighted(losses: Any, weight: Any) -> Tensor:
    """Losses, or their gradients, multiplied by a weight if there is one."""
    return losses if weight is None else losses * weight  # type: ignore[no-any-return]
