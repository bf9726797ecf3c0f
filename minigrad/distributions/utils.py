"""What several families share: parameters of one shape, and probabilities as logits."""

from __future__ import annotations

from typing import Any

from minigrad import dtypes
from minigrad.limits import finfo
from minigrad.ops.arranging import broadcast_tensors
from minigrad.ops.creation import tensor
from minigrad.tensor import Tensor

__all__ = ["broadcast_all", "clamp_probs", "logits_to_probs", "probs_to_logits"]


def broadcast_all(*values: Any) -> list[Tensor]:
    """Tensors and numbers, the values, as tensors of one shape.

    Numbers get the dtype of the first tensor, or the default one.  ValueError for anything else.
    """
    for value in values:
        if not isinstance(value, (Tensor, bool, int, float)):
            raise ValueError(
                f"Input arguments must all be instances of Number, torch.Tensor, not {type(value).__name__}"
            )
    first = next((value for value in values if isinstance(value, Tensor)), None)
    options: dict[str, Any] = {"dtype": dtypes.get_default_dtype()}
    if first is not None:
        options = {"dtype": first.dtype, "device": first.device}
    return list(broadcast_tensors(*(v if isinstance(v, Tensor) else tensor(v, **options) for v in values)))


def batch_of(parameter: Tensor, *given: Any) -> tuple[int, ...]:
    """The batch shape of a distribution of single numbers: () where all parameters were given as numbers."""
    return tuple(parameter.shape) if any(isinstance(value, Tensor) for value in given) else ()


def one_of_two(probs: Any, logits: Any) -> None:
    """ValueError unless just one of them is given."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")


def standard_normal(shape: Any, like: Tensor) -> Tensor:
    """Standard normal numbers, of the dtype of a tensor."""
    return like.new_empty(shape).normal_()


def along_first(values: Tensor, batch_shape: Any, expand: bool) -> Tensor:
    """Values along a first dimension that all of a batch's follow: each of size 1, or (expand) of the batch's size."""
    values = values.view((-1,) + (1,) * len(batch_shape))
    return values.expand((-1, *batch_shape)) if expand else values


def sum_rightmost(value: Tensor, dims: int) -> Tensor:
    """The sum over the last few dimensions."""
    return value if dims == 0 else value.reshape((*value.shape[:-dims], -1)).sum(-1)


def logits_to_probs(logits: Tensor, is_binary: bool = False) -> Tensor:
    """softmax(logits), along the last dimension: probabilities from their logarithms but for a constant.

    is_binary: sigmoid(logits), from the logarithms of odds.
    """
    return logits.sigmoid() if is_binary else logits.softmax(-1)


def clamp_probs(probs: Tensor) -> Tensor:
    """Probabilities probs that are neither 0 nor 1: from eps to 1 - eps, the precision of the dtype."""
    eps = finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs: Tensor, is_binary: bool = False) -> Tensor:
    """The logarithms of probabilities probs, as `clamp_probs` makes them; is_binary: of their odds, p / (1 - p)."""
    clamped = clamp_probs(probs)
    return clamped.log() - (-clamped).log1p() if is_binary else clamped.log()
