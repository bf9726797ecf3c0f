"""Dropout of whole channels of volumes, and dropout that keeps mean and variance.  The masks are PyTorch's.

p, training, inplace and errors are those of `minigrad.ops.composed.dropout`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.devices import device_of, moved
from minigrad.engine.graph import wrap
from minigrad.engine.places import warn
from minigrad.ops.composed.dropout import check_channels, dropped
from minigrad.ops.further.activations import SELU_ALPHA, SELU_SCALE
from minigrad.ops.promotion import array_of
from minigrad.random import default_generator
from minigrad.random.memory_order import laid_out_like

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__: list[str] = []


def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each channel 0 with probability p, else divided by 1 - p; the input itself when not training.

    input: (N, C, D, H, W); others are taken as (C, ...), for fewer than four dimensions with PyTorch's warning.
    ValueError for p outside [0, 1].
    """
    if input.ndim not in (4, 5):
        warn(
            f"dropout3d: Received a {input.ndim}-D input to dropout3d, which is deprecated: it is taken as (C, ...). "
            "Please use dropout, dropout1d or dropout2d."
        )
    channels = input.array.shape[: 2 if input.ndim == 5 else 1]
    check_channels(input, 1, p, training)
    each = np.empty(channels + (1,) * (input.ndim - len(channels)), input.array.dtype)
    return dropped(input, each, p, training, inplace)


def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Each element with probability p what selu has for -inf, then scaled and shifted: mean 0 and variance 1 stay.

    The input itself when not training.  ValueError for p outside [0, 1].
    G. Klambauer et al. (2017), https://arxiv.org/abs/1706.02515
    """
    return alpha_dropped(input, array_of(input), p, training, inplace)


def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """As `alpha_dropout`, for whole channels of (N, C, ...).  RuntimeError for fewer than two dimensions."""
    x = array_of(input)
    check_channels(input, 2, p, training)
    return alpha_dropped(input, np.empty(x.shape[:2] + (1,) * (x.ndim - 2), x.dtype), p, training, inplace)


def alpha_dropped(input: Tensor, each: Any, p: float, training: bool, inplace: bool) -> Tensor:
    """The input with a mask that is like the array `each` in shape and order in memory."""
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0 or input.array.size == 0:
        return input
    if input.array.dtype.kind != "f" and p < 1:
        raise RuntimeError(f"alpha_dropout: result type Float can't be cast to {input.dtype}: use input.float()")
    factor, shift = (wrap(moved(x, device_of(input.array))) for x in scale_and_shift(each, p))
    if p == 1:
        return input.mul_(factor) if inplace else input * factor
    return input.mul_(factor).add_(shift) if inplace else input * factor + shift


def scale_and_shift(each: Any, p: float) -> tuple[Any, Any]:
    """What is multiplied with, and what is added: for a dropped element 0 and a constant."""
    if p == 1:
        return np.zeros((), each.dtype), np.zeros((), each.dtype)
    alpha = SELU_ALPHA * SELU_SCALE
    scale = 1 / math.sqrt((alpha * alpha * p + 1) * (1 - p))
    kept = laid_out_like(each, default_generator.bernoulli(each.size, 1 - p).astype(each.dtype))
    below, back = each.dtype.type(alpha * scale), each.dtype.type(alpha * scale * p)
    return kept * each.dtype.type(scale), (kept - 1) * below + back
