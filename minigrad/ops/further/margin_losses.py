"""Losses that ask for a margin: between two scores, two distances, or the scores of classes.

reduction, size_average and reduce are those of `minigrad.ops.losses`; a target is a constant.  Those that PyTorch
computes by a chain of ops are such a chain here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.arrays import array_module, quiet, total
from minigrad.engine.graph import raw, record
from minigrad.gpu.placement import check_devices
from minigrad.ops.elementwise import sqrt
from minigrad.ops.further.activations import logsigmoid
from minigrad.ops.further.losses import reduction_of, summarized
from minigrad.ops.further.pairs import pairwise_distance
from minigrad.ops.indexing import index, scatter
from minigrad.ops.losses import reduced, refuse_grad, weighted
from minigrad.ops.promotion import array_of, check_pair, check_tensors
from minigrad.ops.reductions import sum as sum_of
from minigrad.ops.selection import clamp, minimum, only_where, where
from minigrad.ops.shaping import unsqueeze

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = [
    "cosine_embedding_loss",
    "hinge_embedding_loss",
    "margin_ranking_loss",
    "multi_margin_loss",
    "multilabel_margin_loss",
    "multilabel_soft_margin_loss",
    "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]

# Two scores, two vectors --------------------------------------------------------------------------------------


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, margin - target (input1 - input2)), reduced: a target of 1 wants input1 to be the larger, -1 input2.

    RuntimeError unless all three have the same number of dimensions.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.MarginRankingLoss.html
    """
    check_tensors("margin_ranking_loss", input1=input1, input2=input2, target=target)
    reduction = reduction_of(size_average, reduce, reduction)
    if not input1.ndim == input2.ndim == target.ndim:
        raise RuntimeError(
            "margin_ranking_loss : All input tensors should have same dimension but got sizes: "
            f"input1: {input1.shape}, input2: {input2.shape}, target: {target.shape}"
        )
    return summarized(clamp(-target * (input1 - input2) + margin, min=0), reduction)


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """input where the target is 1, max(0, margin - input) where it is -1, and of any other target both; reduced.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.HingeEmbeddingLoss.html
    """
    check_pair("hinge_embedding_loss", input, target)
    reduction = reduction_of(size_average, reduce, reduction)
    apart, close = where(target != 1, clamp(margin - input, min=0), 0), where(target != -1, input, 0)
    return summarized(apart + close, reduction)


SMALLEST_SQUARE = float(np.float32(1e-12))
"""What is added to squared lengths, lest a cosine be divided by 0."""


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """1 - cos where the target is 1, max(0, cos - margin) where it is -1, reduced, for the cosine of two vectors.

    input1, input2: (N, D), with a target of (N,), or (D,) with one of ().  RuntimeError for other numbers of
    dimensions.  https://docs.pytorch.org/docs/stable/generated/torch.nn.CosineEmbeddingLoss.html
    """
    check_tensors("cosine_embedding_loss", input1=input1, input2=input2, target=target)
    reduction = reduction_of(size_average, reduce, reduction)
    if target.ndim > 1:
        raise RuntimeError(
            "0D or 1D target tensor expected, multi-target not supported: cosine_embedding_loss() got the shape "
            f"{list(target.shape)}"
        )
    if not input1.ndim == input2.ndim == target.ndim + 1:
        raise RuntimeError(
            f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found inputs with sizes "
            f"{list(input1.shape)} and {list(input2.shape)}. (cosine_embedding_loss)"
        )
    dim = target.ndim
    products, squares1, squares2 = (
        sum_of(a * b, dim) for a, b in ((input1, input2), (input1, input1), (input2, input2))
    )
    cosine = products / sqrt((squares1 + SMALLEST_SQUARE) * (squares2 + SMALLEST_SQUARE))
    close, apart = where(target == 1, 1 - cosine, 0), where(target == -1, clamp(cosine - margin, min=0), 0)
    return summarized(close + apart, reduction)


# Triplets -----------------------------------------------------------------------------------------------------


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, margin + |anchor - positive| - |anchor - negative|), reduced: norms of order p along the last dimension.

    swap: with |positive - negative| where that is smaller than |anchor - negative|.  eps: is added to each difference.
    ValueError for a margin not above 0, RuntimeError for unequal numbers of dimensions.  V. Balntas et al. (2016),
    https://doi.org/10.5244/C.30.119
    """

    distance = partial(pairwise_distance, p=p, eps=eps)
    reduction = reduction_of(size_average, reduce, reduction)
    return summarized(between_distances(anchor, positive, negative, distance, margin, swap), reduction)


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """As `triplet_margin_loss`, with distances by a function of two tensors.

    distance_function: by default `pairwise_distance`.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.TripletMarginWithDistanceLoss.html
    """
    reduction = reduction_of(None, None, reduction)
    distance = pairwise_distance if distance_function is None else distance_function
    return summarized(between_distances(anchor, positive, negative, distance, margin, swap), reduction)


def between_distances(
    anchor: Tensor, positive: Tensor, negative: Tensor, distance: Callable[..., Tensor], margin: float, swap: bool
) -> Tensor:
    """The loss of each triplet."""
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    check_tensors("triplet_margin_loss", anchor=anchor, positive=positive, negative=negative)
    if not anchor.ndim == positive.ndim == negative.ndim:
        raise RuntimeError(
            "The anchor, positive, and negative tensors are expected to have the same number of dimensions, but got: "
            f"anchor {anchor.ndim}D, positive {positive.ndim}D, and negative {negative.ndim}D inputs"
        )
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return clamp(margin + near - far, min=0)


# Classes ------------------------------------------------------------------------------------------------------


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """The binary cross-entropy of sigmoid(input), averaged over the classes, the last dimension; then reduced.

    target: 0 or 1 for each element of input.  weight: a factor for each class.  RuntimeError for shapes that do not
    broadcast.  https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiLabelSoftMarginLoss.html
    """
    check_pair("multilabel_soft_margin_loss", input, target)
    if size_average is None and reduce is None and reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{reduction} is not valid: use reduction='mean', 'sum' or 'none'")
    reduction = reduction_of(size_average, reduce, reduction)
    losses = weighted(-(target * logsigmoid(input) + (1 - target) * logsigmoid(-input)), weight)
    if not input.ndim:
        raise IndexError("multilabel_soft_margin_loss(): Dimension specified as -1 but tensor has no dimensions")
    return summarized(sum_of(losses, -1) / input.shape[-1], reduction)


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: Any = None,
    reduce: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """sum(max(0, margin - input[target] + input[i]) ** p) / C over the classes i that are not the target, reduced.

    input: scores (N, C) or (C,).  target: int64 (N,) or ().  p: 1 or 2.  weight: a factor for each target class, (C,).
    ValueError for another p, RuntimeError for other shapes and dtypes and (on the CPU) for a target that is no class.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiMarginLoss.html
    """
    check_pair("multi_margin_loss", input, target)
    reduction = reduction_of(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError(f"only p == 1 and p == 2 supported, not {p}: multi_margin_loss()")
    x, classes = scores("multi_margin_loss", input), raw(target)
    if classes.ndim > 1 or classes.size != len(x):
        raise RuntimeError(
            "multi_margin_loss: target tensor should be 1-D with size equal to the number of input samples (batch "
            f"size). Expected target size [{len(x)}], but got {list(classes.shape)}. Input has {list(input.shape)}."
        )
    rows = classes_of_rows("multi_margin_loss", classes.reshape(-1, 1), x.shape[1], least=0)
    factor = class_weights(weight, input)
    pairs = Pairs(rows, rows >= 0, x.shape[1], None if factor is None else factor[rows])
    return margins_missed(input, pairs, margin, p, reduction, classes.shape, "MultiMarginLossBackward0")


def multilabel_margin_loss(
    input: Tensor, target: Tensor, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Tensor:
    """sum(max(0, 1 - input[t] + input[i])) / C over the target classes t and all classes i that are none, reduced.

    input: scores (N, C) or (C,).  target: int64 of that shape; those of a row up to its first -1 count.  RuntimeError
    for other shapes and dtypes and (on the CPU) for a target that is no class.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiLabelMarginLoss.html
    """
    check_pair("multilabel_margin_loss", input, target)
    reduction = reduction_of(size_average, reduce, reduction)
    x, classes = scores("multilabel_margin_loss", input), raw(target)
    if classes.shape != input.shape and (input.ndim or classes.size != 1):
        raise RuntimeError(
            f"inconsistent target size: {list(classes.shape)} for input of size: {list(input.shape)} in "
            "multilabel_margin_loss()"
        )
    rows = classes_of_rows("multilabel_margin_loss", classes.reshape(x.shape), x.shape[1], least=-1)
    counted = (rows < 0).cumsum(1) == 0
    most = int(counted.any(0).sum()) if isinstance(rows, np.ndarray) else rows.shape[1]  # a GPU is not waited for
    rows, counted = array_module(x).where(counted, rows, 0)[:, :most], counted[:, :most]
    shape = classes.shape[:1] if input.ndim > 1 else ()
    return margins_missed(
        input, Pairs(rows, counted, x.shape[1]), 1, 1, reduction, shape, "MultilabelMarginLossBackward0"
    )


def scores(op: str, input: Tensor) -> Any:
    """The raw scores of classes, in rows.  RuntimeError for other shapes, NotImplementedError for other dtypes."""
    x = array_of(input)
    if x.ndim > 2 or (x.ndim and not x.shape[-1]):
        raise RuntimeError(
            f"Expected non-empty vector or matrix with optional 0-dim batch size, but got: {list(x.shape)} in {op}()"
        )
    if x.dtype.kind != "f":
        raise NotImplementedError(f"{op}(): not implemented for {x.dtype}: use input.float()")
    return x.reshape(-1, x.shape[-1] if x.ndim else 1)


def classes_of_rows(op: str, classes: Any, number: int, least: int) -> Any:
    """A copy of the target classes; RuntimeError unless they are int64 and (on the CPU) from least up to the number."""
    if classes.dtype.name != "int64":
        raise RuntimeError(f"expected scalar type Long but found {classes.dtype} in {op}(): use target.long()")
    if isinstance(classes, np.ndarray) and classes.size and not least <= classes.min() <= classes.max() < number:
        raise RuntimeError(f"{op}(): target out of range: the {number} classes are 0 to {number - 1}")
    return classes.copy()


def class_weights(weight: Tensor | None, input: Tensor) -> Any:
    """The raw weight of each class, None if there is none.  ValueError or RuntimeError for one that does not fit."""
    if weight is None:
        return None
    refuse_grad("weight", weight)
    check_devices(input, weight)
    x, w = array_of(input), raw(weight)
    if w.ndim != 1:
        raise ValueError(f"weight must be one-dimensional: multi_margin_loss() got the shape {list(w.shape)}")
    number = x.shape[-1] if x.ndim else 1
    if w.size != number:
        raise RuntimeError(f"inconsistent weight size, expected {number} but got {list(w.shape)}")
    if w.dtype != x.dtype:
        raise RuntimeError(f"expected scalar type of input, {x.dtype}, for weight but found {w.dtype}")
    return w


class Pairs:
    """For each row, pairs of a target class and one that is none."""

    def __init__(self, classes: Any, counted: Any, number: int, weight: Any = None) -> None:
        xp = array_module(classes)
        self.classes = xp.arange(len(classes))[:, None], classes
        self.weight = weight
        are_target = (classes[:, :, None] == xp.arange(number)) & counted[:, :, None]
        self.counted = counted[:, :, None] & ~are_target.any(1)[:, None]
        self.rows = len(classes), number

    def excess(self, scores: Tensor, margin: float) -> Tensor:
        """By how much the scores of the other classes, plus a margin, exceed those of the target classes; else 0."""
        excess = unsqueeze(scores, 1) - unsqueeze(index(scores, self.classes), 2) + margin
        return only_where(self.counted & raw(excess > 0), excess)

    def weighted(self, x: Tensor) -> Tensor:
        """What belongs to pairs, multiplied by the weights of the target classes."""
        return x if self.weight is None else x * self.weight[:, :, None]


def margins_missed(
    input: Tensor, pairs: Pairs, margin: float, p: int, reduction: str, shape: tuple[int, ...], name: str
) -> Tensor:
    """The sum over all pairs of a row of excess ** p, divided by the number of classes; reduced.

    shape: that of the losses of rows.
    """
    with quiet():
        excess = pairs.excess(array_of(input).reshape(pairs.rows), margin)
        losses = total(pairs.weighted(excess**p), (1, 2)) / pairs.rows[1]
        value, scale = reduced(losses.reshape(shape), reduction)
    return record(value, (input,), (margins_missed_dinput,), scale, margin, p, saved=(pairs,), name=name)


def margins_missed_dinput(
    g: Tensor, _out: Tensor, input: Tensor, scale: float, margin: float, p: int, pairs: Pairs
) -> Tensor:
    excess = pairs.excess(input.reshape(pairs.rows), margin)
    slope = pairs.weighted(2 * excess if p == 2 else (raw(excess) > 0).astype(raw(excess).dtype))
    of_scores = sum_of(slope, 1) - scatter(sum_of(slope, 2), pairs.classes, pairs.rows)
    each = (g * scale).reshape(-1, 1) / pairs.rows[1]
    return (each * of_scores).reshape(input.shape)
