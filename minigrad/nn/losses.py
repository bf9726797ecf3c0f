"""Losses as modules; minigrad.ops.losses and minigrad.ops.cross_entropy have the formulas.

size_average and reduce are PyTorch's old arguments for `reduction`, with a warning.
"""

from __future__ import annotations

from typing import Any

from minigrad.nn import functional
from minigrad.nn.module import Module
from minigrad.ops.losses import old_reduction
from minigrad.tensor import Tensor


class _Loss(Module):
    """What all losses have: how they are reduced ("mean", "sum" or "none")."""

    def __init__(self, size_average: Any = None, reduce: Any = None, reduction: str = "mean") -> None:
        super().__init__()
        is_old = size_average is not None or reduce is not None
        self.reduction = old_reduction(size_average, reduce) if is_old else reduction


class _WeightedLoss(_Loss):
    """A loss with weights, which are kept as a buffer."""

    weight: Tensor | None

    _tensors_taken = 1

    def __init__(
        self, weight: Tensor | None = None, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class MSELoss(_Loss):
    """(input - target) ** 2, reduced, as `functional.mse_loss`: (*), (*) -> () or, with reduction="none", (*)."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return functional.mse_loss(input, target, reduction=self.reduction)


class L1Loss(_Loss):
    """|input - target|, reduced, as `functional.l1_loss`: (*), (*) -> () or, with reduction="none", (*)."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return functional.l1_loss(input, target, reduction=self.reduction)


class BCELoss(_WeightedLoss):
    """The binary cross-entropy of probabilities, as `functional.binary_cross_entropy`.

    Probabilities (*), targets (*) from 0 to 1 -> () or, with reduction="none", (*).  weight: a factor for each element,
    in a shape that broadcasts to (*).
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return functional.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(_WeightedLoss):
    """The binary cross-entropy of sigmoid(input), as `functional.binary_cross_entropy_with_logits`.

    Logits (*), targets (*) from 0 to 1 -> () or, with reduction="none", (*): finite for every finite input.  weight: a
    factor for each element, pos_weight: one for the share of the targets that is 1; both in shapes that broadcast to
    (*).
    """

    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Any = None,
        reduce: Any = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return functional.binary_cross_entropy_with_logits(
            input, target, self.weight, pos_weight=self.pos_weight, reduction=self.reduction
        )


class CrossEntropyLoss(_WeightedLoss):
    """-log(softmax(input)) of the target class, reduced, as `functional.cross_entropy`.

    Logits (N, C, ...) with int64 classes (N, ...) or probabilities (N, C, ...), or (C,) with () or (C,) -> () or, with
    reduction="none", (N, ...).  weight (C,): a factor for each class.  ignore_index: a class that does not count.
    label_smoothing: the share, 0 to 1, of each target that is spread over all classes.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return functional.cross_entropy(
            input,
            target,
            weight=self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class NLLLoss(_WeightedLoss):
    """-input of the target class, reduced, as `functional.nll_loss`, for log-probabilities.

    (N, C, ...) with int64 classes (N, ...), or (C,) with () -> () or, with reduction="none", (N, ...).  weight (C,): a
    factor for each class.  ignore_index: a class that does not count.
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: Any = None,
        ignore_index: int = -100,
        reduce: Any = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return functional.nll_loss(
            input, target, weight=self.weight, ignore_index=self.ignore_index, reduction=self.reduction
        )
