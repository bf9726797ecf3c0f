"""A linear layer and the cross-entropy of its output in one function: a chain of the two.

reduction is that of `minigrad.ops.losses`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from minigrad.engine.graph import raw
from minigrad.ops.cross_entropy import cross_entropy
from minigrad.ops.linear_algebra import linear
from minigrad.ops.promotion import array_of, check_tensors
from minigrad.ops.shaping import reshape

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["linear_cross_entropy"]


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: Any = None,
) -> Tensor:
    """cross_entropy(input @ linear_weight.T + linear_bias, target): the linear layer and its loss in one.

    input: (N, in) or (in,).  linear_weight: (C, in), or (C, d1, ..., in) for logits (N, C, d1, ...); linear_bias: its
    shape without the last size.  weight, ignore_index, label_smoothing and errors are those of `cross_entropy`.
    RuntimeError for other shapes, and for ignore_index beside probabilities.  NotImplementedError for options: here the
    logits are always computed as a whole.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.LinearCrossEntropyLoss.html
    """
    if options is not None:
        raise NotImplementedError("linear_cross_entropy(): logits are not computed in chunks here: leave options out")
    check_tensors(
        "linear_cross_entropy", ("linear_bias",), input=input, linear_weight=linear_weight, linear_bias=linear_bias
    )
    sizes = logits_shape(array_of(input).shape, array_of(linear_weight).shape, linear_bias)
    if ignore_index is not None and array_of(target).shape == sizes:
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    rows = math.prod(raw(linear_weight).shape[:-1])
    flat = reshape(linear_weight, rows, -1), None if linear_bias is None else reshape(linear_bias, rows)
    return cross_entropy(
        reshape(linear(input, *flat), sizes),
        target,
        weight=weight,
        reduction=reduction,
        ignore_index=-100 if ignore_index is None else ignore_index,
        label_smoothing=label_smoothing,
    )


def logits_shape(given: tuple[int, ...], weight: tuple[int, ...], bias: Tensor | None) -> tuple[int, ...]:
    """The shape of the logits.  RuntimeError where input, weight and bias do not fit."""
    if len(given) not in (1, 2):
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {len(given)}")
    if len(weight) < 2:
        raise RuntimeError(f"expected linear_weight with dimensionality at least 2, got {len(weight)}")
    if given[-1] != weight[-1]:
        raise RuntimeError(
            f"expected equal input and linear_weight last dimensions (in_features), got {given[-1]} and {weight[-1]}"
        )
    if bias is not None and array_of(bias).shape != weight[:-1]:
        raise RuntimeError(f"expected linear_bias shape {weight[:-1]}, got {tuple(raw(bias).shape)}")
    if len(weight) > 2 and len(given) == 1:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {weight} requires batched input, (N, {given[-1]}), got "
            f"unbatched input with shape {given}"
        )
    return (*given[:-1], *weight[:-1])
