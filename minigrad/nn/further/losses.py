"""Further losses as modules; minigrad.ops.further has the formulas."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

from minigrad.nn.further.pairs import PairwiseDistance
from minigrad.nn.layers import Linear
from minigrad.nn.losses import NLLLoss, _Loss, _WeightedLoss
from minigrad.ops.further import ctc, losses, margin_losses
from minigrad.ops.further.linear_cross_entropy import linear_cross_entropy
from minigrad.tensor import Tensor

# Numbers ------------------------------------------------------------------------------------------------------


class SmoothL1Loss(_Loss):
    """distance ** 2 / (2 beta) where it is below beta, else distance - beta / 2, as `functional.smooth_l1_loss`.

    (*), (*) -> () or, with reduction="none", (*).
    """

    def __init__(
        self, size_average: Any = None, reduce: Any = None, reduction: str = "mean", beta: float = 1.0
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return losses.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(_Loss):
    """The squared distance / 2 up to delta, else delta times (the distance - delta / 2), as `functional.huber_loss`.

    (*), (*) -> () or, with reduction="none", (*).  TypeError for a delta that is no number.
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        if not isinstance(delta, (float, int)):
            raise TypeError(f"delta must be a float or int, got: {type(delta)}")
        super().__init__(reduction=reduction)
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return losses.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class KLDivLoss(_Loss):
    """target * (log(target) - input), reduced, as `functional.kl_div`: input holds log-probabilities.

    (*), (*) -> () or, with reduction="none", (*).  log_target: the target holds logarithms, too.
    reduction="batchmean": the sum by the first size, which is the Kullback-Leibler divergence; "mean" is not, and
    warns.
    """

    def __init__(
        self, size_average: Any = None, reduce: Any = None, reduction: str = "mean", log_target: bool = False
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return losses.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class PoissonNLLLoss(_Loss):
    """e ** input - target * input, reduced, as `functional.poisson_nll_loss`: -log of a Poisson probability.

    (*), (*) -> () or, with reduction="none", (*).  log_input=False: input is the rate itself, and eps is added to it in
    the logarithm.  full: with Stirling's formula for log(target!).
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: Any = None,
        eps: float = 1e-8,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return losses.poisson_nll_loss(
            log_input, target, log_input=self.log_input, full=self.full, eps=self.eps, reduction=self.reduction
        )


class GaussianNLLLoss(_Loss):
    """(log(var) + (input - target) ** 2 / var) / 2, as `functional.gaussian_nll_loss`: -log of a normal density.

    (*), (*), var (*) -> () or, with reduction="none", (*).  eps: the least var.  full: with the constant log(2 pi) / 2.
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor, var: Any) -> Tensor:
        """The loss."""
        return losses.gaussian_nll_loss(input, target, var, full=self.full, eps=self.eps, reduction=self.reduction)


# Margins ------------------------------------------------------------------------------------------------------


class MarginRankingLoss(_Loss):
    """max(0, -target * (input1 - input2) + margin), reduced, as `functional.margin_ranking_loss`.

    Scores (*), (*), targets (*) of 1 or -1 -> () or, with reduction="none", (*).
    """

    def __init__(
        self, margin: float = 0.0, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return margin_losses.margin_ranking_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)


class HingeEmbeddingLoss(_Loss):
    """input for targets of 1, max(0, margin - input) for those of -1, as `functional.hinge_embedding_loss`.

    Distances (*), targets (*) -> () or, with reduction="none", (*).
    """

    def __init__(
        self, margin: float = 1.0, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return margin_losses.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)


class CosineEmbeddingLoss(_Loss):
    """1 - cosine for targets of 1, max(0, cosine - margin) for those of -1, as `functional.cosine_embedding_loss`.

    (N, D), (N, D), target (N,) -> () or, with reduction="none", (N,); or (D,), (D,), () -> ().
    """

    def __init__(
        self, margin: float = 0.0, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return margin_losses.cosine_embedding_loss(input1, input2, target, margin=self.margin, reduction=self.reduction)


class TripletMarginLoss(_Loss):
    """max(0, |anchor - positive| - |anchor - negative| + margin), reduced, as `functional.triplet_margin_loss`.

    (N, D), (N, D), (N, D) -> () or, with reduction="none", (N,).  p, eps: of the distances, as in `PairwiseDistance`.
    swap: the negative's is the shorter one of its distances from anchor and positive.
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        check_margin("TripletMarginLoss", margin)
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """The loss."""
        return margin_losses.triplet_margin_loss(
            anchor,
            positive,
            negative,
            margin=self.margin,
            p=self.p,
            eps=self.eps,
            swap=self.swap,
            reduction=self.reduction,
        )


class TripletMarginWithDistanceLoss(_Loss):
    """`TripletMarginLoss` with a distance of one's own, as `functional.triplet_margin_with_distance_loss`.

    (N, D), (N, D), (N, D) -> () or, with reduction="none", (N,).  distance_function: of two tensors; None is
    `PairwiseDistance`.
    """

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        check_margin("TripletMarginWithDistanceLoss", margin)
        self.distance_function = PairwiseDistance() if distance_function is None else distance_function
        self.margin = margin
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """The loss."""
        return margin_losses.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )


def check_margin(layer: str, margin: float) -> None:
    """ValueError for a margin not above 0."""
    if margin <= 0:
        raise ValueError(f"{layer}: expected margin to be greater than 0, got {margin} instead")


# Classes ------------------------------------------------------------------------------------------------------


class SoftMarginLoss(_Loss):
    """log(1 + e ** (-target * input)), reduced, as `functional.soft_margin_loss`.

    Scores (*), targets (*) of 1 or -1 -> () or, with reduction="none", (*).
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return losses.soft_margin_loss(input, target, reduction=self.reduction)


class MultiLabelMarginLoss(_Loss):
    """How much a margin of 1 between target classes and others is missed, as `functional.multilabel_margin_loss`.

    Scores (N, C), int64 classes (N, C), of which a -1 ends the row -> () or, with reduction="none", (N,).
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return margin_losses.multilabel_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(_WeightedLoss):
    """The binary cross-entropies of all classes, averaged, as `functional.multilabel_soft_margin_loss`.

    Logits (N, C), targets (N, C) of 0 or 1 -> () or, with reduction="none", (N,).  weight (C,): a factor for each
    class.
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return margin_losses.multilabel_soft_margin_loss(input, target, weight=self.weight, reduction=self.reduction)


class MultiMarginLoss(_WeightedLoss):
    """How much of a margin between the target class and others is missing, as `functional.multi_margin_loss`.

    The sum over the others of max(0, margin - the target's score + their own) ** p, divided by C.

    Scores (N, C), int64 classes (N,) -> () or, with reduction="none", (N,).  p: 1 or 2.  weight (C,): a factor for each
    class.  ValueError for another p, or a weight of another number of dimensions.
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError(f"only p == 1 and p == 2 supported, not {p}")
        if weight is not None and weight.dim() != 1:
            raise ValueError(f"MultiMarginLoss: expected weight to be None or 1D tensor, got {weight.dim()}D instead")
        self.p = p
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return margin_losses.multi_margin_loss(
            input, target, p=self.p, margin=self.margin, weight=self.weight, reduction=self.reduction
        )


class LinearCrossEntropyLoss(_WeightedLoss):
    """A linear layer and the cross-entropy of its output, as `functional.linear_cross_entropy`.

    Inputs (N, in_features), int64 classes (N,) -> () or, with reduction="none", (N,).  The layer has num_classes
    outputs, or with out_features=(d1, ...) num_classes * d1 ... of them, for targets (N, d1, ...).  bias: whether it
    has one.  weight: a factor for each class.  RuntimeError for one of another shape, and for label_smoothing outside
    [0, 1].
    """

    def __init__(
        self,
        in_features: int,
        num_classes: int,
        *,
        out_features: tuple[int, ...] = (),
        bias: bool = False,
        device: Any = None,
        dtype: Any = None,
        reduction: str = "mean",
        weight: Tensor | None = None,
        ignore_index: int | None = None,
        label_smoothing: float = 0.0,
        options: Any = None,
    ) -> None:
        if weight is not None and weight.shape != (num_classes,):
            raise RuntimeError(f"expected weight shape to be {(num_classes,)}, got {tuple(weight.shape)}")
        if not 0 <= label_smoothing <= 1:
            raise RuntimeError(f"expected label_smoothing to be in range [0, 1], got {label_smoothing}")
        super().__init__(weight=weight, reduction=reduction)
        self.num_classes = num_classes
        self.out_features = out_features
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        self.linear = Linear(in_features, math.prod((num_classes, *out_features)), bias, device, dtype)
        self.options = options

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        sizes, bias = (self.num_classes, *self.out_features), self.linear.bias
        return linear_cross_entropy(
            input,
            self.linear.weight.reshape(*sizes, self.linear.in_features),
            target,
            linear_bias=None if bias is None else bias.reshape(sizes),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            options=self.options,
        )

    def extra_repr(self) -> str:
        """All that it was made with."""
        return (
            f"in_features={self.linear.in_features}, num_classes={self.num_classes}, out_features={self.out_features}, "
            f"bias={self.linear.bias is not None}, reduction={self.reduction}, ignore_index={self.ignore_index}, "
            f"label_smoothing={self.label_smoothing}, options={self.options}"
        )


class NLLLoss2d(NLLLoss):
    """`NLLLoss` by its old name for images, (N, C, H, W) with classes (N, H, W) -> (): it gives a FutureWarning."""

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        warnings.warn(
            "`NLLLoss2d` has been deprecated. Please use `NLLLoss` instead, which takes images too.",
            FutureWarning,
            stacklevel=2,
        )
        super().__init__(weight, size_average, ignore_index, reduce, reduction)


# Sequences ----------------------------------------------------------------------------------------------------


class CTCLoss(_Loss):
    """-log of the probability of labels whose places in time are not known, as `functional.ctc_loss`.

    Log-probabilities (T, N, C), labels (N, S), input lengths (N,), target lengths (N,) -> () or, with reduction="none",
    (N,).  blank: the class of no label.  zero_infinity: 0 for what is impossible, instead of infinity.
    A. Graves et al. (2006), https://doi.org/10.1145/1143844.1143891
    """

    def __init__(self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False) -> None:
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(self, log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any) -> Tensor:
        """The loss."""
        return ctc.ctc_loss(
            log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction, self.zero_infinity
        )
