"""Losses of classification: how improbable the model finds the right class.

Classes are dimension 1 of (N, C, ...), or the only one of (C,).  A target is either a class index for each place, (N,
...), or a probability for each class, (N, C, ...).  reduction, size_average and reduce are those of
`minigrad.ops.losses`.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.arrays import array_module, for_every_stream, gpu_of, quiet
from minigrad.arrays import total as total_of
from minigrad.devices import library_on
from minigrad.engine.graph import TensorBase, raw, record
from minigrad.kernels.fused import fused, selected
from minigrad.ops.losses import old_reduction, reduced, refuse_grad
from minigrad.ops.promotion import check_pair, check_tensors
from minigrad.ops.reductions import largest
from minigrad.ops.reductions import sum as sum_of
from minigrad.ops.selection import only_where
from minigrad.ops.shaping import unsqueeze
from minigrad.ops.softmax import by_columns, exp_difference, lies_by_columns, log_softmax, softmax, softmax_da

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["cross_entropy", "nll_loss"]


INDEX_DTYPES = np.dtype(np.int64), np.dtype(np.uint8)
"""What class indices may be."""


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """-log(softmax(input)) of the target class, reduced.

    input: logits (N, C), (N, C, d1, ...) or (C,).  target: int64 class indices (N,), (N, d1, ...) or (); or
    class probabilities of input's shape.  weight: a factor for each class (C,); the mean is then the weighted
    mean.  ignore_index: targets that count for nothing.  label_smoothing: how much of each target is spread
    evenly over all classes.  Finite for every finite input.

    IndexError: a target that is no class (on the CPU).  ValueError: unequal batch sizes, unknown reduction.
    RuntimeError: other shapes and dtypes.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
    """
    if size_average is not None or reduce is not None:
        reduction = old_reduction(size_average, reduce)
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    check_logits("cross_entropy", input, target, weight)
    if target.array.dtype.kind == "f" and target.array.shape == input.array.shape:
        return against_probabilities(input, target, weight, reduction, label_smoothing)
    chosen = Chosen("cross_entropy", input, target, weight, ignore_index)
    if label_smoothing > 0:
        smooth = chosen.smoothed(label_smoothing)
        return against_distribution(input, smooth, reduction, chosen.total, chosen.counted)
    x, dim = by_columns(input.array, chosen.dim), chosen.dim
    most = largest(x, (dim,))
    each = chosen.places.shape
    with quiet():
        powers = exp_difference(x, most)
        total = total_of(powers, dim, keepdims=True)
        losses = surprise_of_class(total.reshape(each), most.reshape(each), chosen.of_target(x))
        value, scale = reduced(chosen.weighted(losses), reduction, chosen.total)
    operands, rules, saved = (input, target, weight), (cross_entropy_dinput, None, None), (chosen, powers, total)
    return record(value, operands, rules, reduction, scale, saved=saved, name=nll_name(x))


def nll_name(x: Any) -> str:
    """PyTorch has another kernel for images of classes."""
    return "NllLossBackward0" if x.ndim < 3 else "NllLoss2DBackward0"


@fused
def surprise_of_class(xp: Any, total: Any, most: Any, of_target: Any) -> Any:
    """-log(e ** (of_target - most) / total)."""
    return xp.log(total) - (of_target - most)


def cross_entropy_dinput(
    g: Tensor,
    _out: Tensor,
    input: Tensor,
    _target: Tensor,
    _weight: Any,
    reduction: str,
    scale: Any,
    chosen: Chosen,
    powers: Any,
    total: Any,
) -> Tensor:
    return too_probable(input, powers, total, chosen) * chosen.gradient_of_each(g, reduction, scale)


def too_probable(input: Tensor, powers: Any, total: Any, chosen: Chosen) -> Tensor:
    """softmax(input) - one_hot(target): by how much the model finds each class too probable.

    powers / total is that softmax, of which the loss has computed the parts already.  They only spare this op its own
    computation: its derivative goes by the input, so that they are no constants to it.
    """
    value = share_beyond(powers, total, chosen.one_hot())
    return record(value, (input,), (too_probable_dinput,), chosen.dim)


@fused
def share_beyond(_xp: Any, powers: Any, total: Any, one_hot: Any) -> Any:
    """powers / total - one_hot."""
    share = powers / total
    share -= one_hot
    return share


def too_probable_dinput(g: Tensor, _out: Tensor, input: Tensor, dim: int) -> Tensor:
    return softmax_da(g, softmax(input, dim), input, dim)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    ignore_index: int = -100,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """-input of the target class, reduced: the cross-entropy, where input holds log-probabilities.

    weight, ignore_index, shapes and errors are those of `cross_entropy` with class indices.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html
    """
    if size_average is not None or reduce is not None:
        reduction = old_reduction(size_average, reduce)
    check_logits("nll_loss", input, target, weight)
    chosen = Chosen("nll_loss", input, target, weight, ignore_index)
    x = by_columns(input.array, chosen.dim)
    with quiet():
        value, scale = reduced(chosen.weighted(-chosen.of_target(x)), reduction, chosen.total)
    operands, rules = (input, target, weight), (nll_loss_dinput, None, None)
    return record(value, operands, rules, reduction, scale, saved=(chosen,), name=nll_name(x))


def nll_loss_dinput(
    g: Tensor,
    _out: Tensor,
    _input: Tensor,
    _target: Tensor,
    _weight: Any,
    reduction: str,
    scale: Any,
    chosen: Chosen,
) -> Tensor:
    each = -chosen.gradient_of_each(g, reduction, scale)
    return only_where(chosen.one_hot() != 0, each)


class Chosen:
    """The target classes of a batch: where they stand among the logits, and how much each counts."""

    def __init__(self, op: str, input: Any, target: Any, weight: Any, ignore_index: int) -> None:
        x, classes = input.array, target.array
        self.dim = class_dim(x)
        self.shape, self.dtype = x.shape, x.dtype
        classes = checked_targets(op, x, classes)
        self.counted = counted = counted_targets(classes, x.shape[self.dim], ignore_index)
        if counted is not None:
            classes = array_module(x).where(counted, classes, 0)
        self.columns = lies_by_columns(x, self.dim)
        self.places = flat_places(classes, x.shape, self.dim, self.columns)
        self.class_weight = check_weight(weight, x)
        self.weight = None if self.class_weight is None else self.class_weight[classes]
        if counted is not None:
            ones = counted.astype(x.dtype)
            with quiet():
                self.weight = ones if self.weight is None else self.weight * ones
        self.total = None
        if self.weight is not None:
            with quiet():
                self.total = self.weight.sum(dtype=np.float32) if x.dtype.char == "e" else self.weight.sum()

    def weighted(self, losses: Any) -> Any:
        """The raw losses, each multiplied by its weight; 0 where it is ignored, whatever the loss was."""
        if self.weight is None:
            return losses
        return losses * self.weight if self.counted is None else weighted_where(self.counted, losses, self.weight)

    def flat(self, x: Any) -> Any:
        """A raw array like the logits (`by_columns`) as a vector, in the order of its memory."""
        return (x.T if self.columns else x).reshape(-1)

    def of_target(self, x: Any) -> Any:
        """The elements of a raw array like the logits (`by_columns`) at the target classes."""
        return self.flat(x)[self.places]

    def one_hot(self) -> Tensor:
        """A raw array like the logits: 1 at the target classes that count, else 0."""
        ones: Any = array_module(self.places).zeros(self.shape, self.dtype, order="F" if self.columns else "C")
        self.flat(ones)[self.places] = 1 if self.counted is None else self.counted
        return ones  # type: ignore[no-any-return]

    def gradient_of_each(self, g: Any, reduction: str, scale: Any) -> Tensor:
        """The gradient of each place's unreduced loss, to be multiplied with the logits; 0 where it is ignored."""
        if self.weight is None:
            each = g * scale
            return unsqueeze(each, self.dim) if reduction == "none" else each
        if self.counted is None:
            each = g * (self.weight * scale)
        elif isinstance(g, TensorBase):
            each = only_where(self.counted, g * (self.weight * scale))
        else:
            each = weighted_where(self.counted, g, self.weight * scale)  # 0 also where g is infinite or nan
        return unsqueeze(each, self.dim)

    def smoothed(self, label_smoothing: float) -> Any:
        """The targets as weighted probabilities, label_smoothing of each spread over all classes."""
        classes = self.shape[self.dim]
        with quiet():
            share = self.one_hot() * (1 - label_smoothing) + label_smoothing / classes
            if self.class_weight is not None:
                share = share * along_classes(self.class_weight, self.shape, self.dim)
            if self.counted is not None:
                share = only_where(unsqueeze(self.counted, self.dim), share)
        return share


@fused
def weighted_where(xp: Any, counted: Any, x: Any, weight: Any) -> Any:
    """x * weight, and 0 where it does not count, whatever x is."""
    return selected(xp, counted, x * weight)


def against_probabilities(
    input: Tensor, target: Tensor, weight: Tensor | None, reduction: str, label_smoothing: float
) -> Tensor:
    """Cross-entropy with a probability for each class."""
    dim = class_dim(input.array)
    class_weight = check_weight(weight, input.array)
    if label_smoothing > 0:
        target = target * (1 - label_smoothing) + label_smoothing / input.array.shape[dim]
    if class_weight is not None:
        target = target * along_classes(class_weight, input.array.shape, dim)
    if target.array.dtype != input.array.dtype:
        target = target.to(input.dtype)
    return against_distribution(input, target, reduction, None)


def against_distribution(input: Tensor, target: Any, reduction: str, total: Any, counted: Any = None) -> Tensor:
    """-sum(target * log(softmax(input))) over the classes, reduced."""
    dim = class_dim(input.array)
    with quiet():
        losses = -total_of(raw(target) * log_softmax(input.array, dim), dim)
        if counted is not None:
            losses = array_module(losses).where(counted, losses, 0)
        value, scale = reduced(array_module(input.array).asarray(losses), reduction, total)
    rules = (distribution_cross_entropy_dinput, distribution_cross_entropy_dtarget)
    name = "DivBackward1" if reduction == "mean" else "NegBackward0"  # the last of the chain that PyTorch computes
    return record(value, (input, target), rules, dim, reduction, scale, name=name)


def distribution_cross_entropy_dinput(
    g: Tensor, _out: Tensor, input: Tensor, target: Tensor, dim: int, reduction: str, scale: Any
) -> Tensor:
    each = unsqueeze(g * scale, dim) if reduction == "none" else g * scale
    wanted = each * target
    return softmax(input, dim) * sum_of(wanted, dim, keepdim=True) - wanted


def distribution_cross_entropy_dtarget(
    g: Tensor, _out: Tensor, input: Tensor, _target: Tensor, dim: int, reduction: str, scale: Any
) -> Tensor:
    each = unsqueeze(g * scale, dim) if reduction == "none" else g * scale
    return -log_softmax(input, dim) * each


# Checks -----------------------------------------------------------------------------------------------------


def class_dim(x: Any) -> int:
    """The dimension of the classes."""
    return 0 if x.ndim == 1 else 1


def flat_places(classes: Any, shape: tuple[int, ...], dim: int, columns: bool) -> Any:
    """Where the logits of the target classes stand in `Chosen.flat`: one index each, fast to pick by."""
    xp, gpu = array_module(classes), gpu_of(classes)
    if columns:
        return classes * shape[0] + starts(gpu, shape[0], 1)
    before, number, after = math.prod(shape[:dim]), shape[dim], math.prod(shape[dim + 1 :])
    first = starts(gpu, before, number)
    if classes.ndim == 1:
        return first + classes
    rows = first[:, None] + classes.reshape(before, after)
    return (rows * after + xp.arange(after)).reshape(classes.shape)


@lru_cache(maxsize=64)
def starts(gpu: int | None, rows: int, length: int) -> Any:
    """Where each row of a flattened array starts, made once for each size: not to be changed."""
    xp = np if gpu is None else library_on(gpu)
    return for_every_stream(xp.arange(0, rows * length, length))


def along_classes(weight: Any, shape: tuple[int, ...], dim: int) -> Any:
    """A value for each class, shaped to broadcast with the logits."""
    return weight.reshape([-1 if i == dim else 1 for i in range(len(shape))])


def check_logits(op: str, input: Any, target: Any, weight: Any) -> None:
    """TypeError, or RuntimeError for logits without dimensions or of integers."""
    check_pair(op, input, target)
    if weight is not None:
        check_tensors(op, input=input, weight=weight)
    if input.array.ndim == 0:
        raise RuntimeError(f"{op}(): input must have a dimension for the classes, but it has none")
    if input.array.dtype.kind != "f":
        raise NotImplementedError(f"{op}(): input must be floating point, not {input.dtype}. Use input.float().")


def checked_targets(op: str, x: Any, classes: Any) -> Any:
    """Class indices must be int64 (or uint8), one for each place of the logits."""
    expected = x.shape[:1] * (x.ndim > 1) + x.shape[2:]
    if classes.ndim and x.ndim > 1 and classes.shape[0] != x.shape[0]:
        raise ValueError(
            f"{op}(): Expected input batch_size ({x.shape[0]}) to match target batch_size ({classes.shape[0]})."
        )
    if classes.shape != expected and not (x.ndim == 1 and classes.shape == (1,)):
        raise RuntimeError(
            f"{op}(): 0D or 1D target tensor expected, multi-target not supported: for input of shape "
            f"{list(x.shape)} the target must have shape {list(expected)} (class indices) or {list(x.shape)} "
            f"(probabilities), not {list(classes.shape)}"
        )
    if classes.dtype not in INDEX_DTYPES:
        raise RuntimeError(
            f"{op}(): expected target dtype to be Long or Byte, but got {classes.dtype}. "
            "Use target.long() for class indices."
        )
    classes = classes.reshape(expected)
    return classes if classes.dtype.itemsize == 8 else classes.astype(np.int64)  # to count the logits up to them


def counted_targets(classes: Any, number: int, ignore_index: int) -> Any:
    """Which targets are not ignored (None: all count); IndexError for one that is no class.

    On a GPU they are not looked at, for that would wait for it: none counts as no class.
    """
    if not isinstance(classes, np.ndarray):
        return classes != ignore_index
    unsigned = classes.view(np.uint64)  # where -1 is a huge number
    if not 0 <= ignore_index < number and unsigned.max(initial=0) < number:
        return None
    counted = classes != ignore_index
    wrong = counted & ((classes < 0) | (classes >= number))
    if wrong.any():
        raise IndexError(f"Target {int(classes[wrong][0])} is out of bounds{classes_of(classes[counted], number)}")
    return counted


def classes_of(classes: Any, number: int) -> str:
    """Which classes there are for targets that are not all among them, and what to write."""
    if number == 1:
        return ". One logit is one class, 0: give the model an output for each class, or use BCEWithLogitsLoss"
    known = f": the {number} classes are 0 to {number - 1}"
    counts_from_1 = classes.min() == 1 and classes.max() == number
    return f"{known}. If yours begin with 1, use target - 1" if counts_from_1 else known


def check_weight(weight: Any, x: Any) -> Any:
    """The raw weight of each class; RuntimeError unless there is one for each, in the dtype of the logits."""
    if weight is None:
        return None
    refuse_grad("weight", weight)
    number = x.shape[class_dim(x)]
    if raw(weight).shape != (number,):
        raise RuntimeError(
            f"weight tensor should be defined either for all {number} classes or no classes but got weight "
            f"tensor of shape: {list(raw(weight).shape)}"
        )
    if raw(weight).dtype != x.dtype:
        raise RuntimeError(f"weight tensor should have the dtype of input, {x.dtype}, but has {raw(weight).dtype}")
    return raw(weight)
