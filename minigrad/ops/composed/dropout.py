"""Dropout: in training a share of the numbers, chosen at random, is set to 0.

p: the share.  inplace: the result is written to the input.  RuntimeError for integers in training, ValueError for p
outside [0, 1].  The masks are PyTorch's for the same seed.  N. Srivastava et al. (2014),
https://jmlr.org/papers/v15/srivastava14a.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.devices import device_of, moved
from minigrad.engine.graph import wrap
from minigrad.engine.places import warn
from minigrad.ops.promotion import array_of
from minigrad.random import default_generator

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["dropout", "dropout1d", "dropout2d"]


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each element 0 with probability p, else divided by 1 - p; the input itself when not training.

    ValueError for p outside [0, 1].
    """
    return dropped(input, array_of(input), p, training, inplace)


def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each channel 0 with probability p, else divided by 1 - p; the input itself when not training.

    input: (N, C, L) or (C, L).  ValueError for p outside [0, 1], RuntimeError for another number of dimensions.
    """
    if input.ndim not in (2, 3):
        raise RuntimeError(f"dropout1d: Expected 2D or 3D input, but received a {input.ndim}D input.")
    each = np.empty((*input.array.shape[:-1], 1), input.array.dtype)
    return dropped(input, each, p, training, inplace)


def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each channel 0 with probability p, else divided by 1 - p; the input itself when not training.

    input: (N, C, H, W); others of two dimensions or more are taken as (N, C, ...), with PyTorch's warning.
    ValueError for p outside [0, 1].
    """
    if input.ndim != 4:
        warn(
            f"dropout2d: Received a {input.ndim}-D input to dropout2d, which is taken as (N, C, ...): whole channels "
            "are dropped. Please use dropout1d for (N, C, L), or input.unsqueeze(0) for (C, H, W)."
        )
    check_channels(input, 2, p, training)
    each = np.empty(input.array.shape[:2] + (1,) * (input.ndim - 2), input.array.dtype)
    return dropped(input, each, p, training, inplace)


def check_channels(input: Tensor, dims: int, p: float, training: bool) -> None:
    """RuntimeError where there are too few dimensions, and channels would be drawn."""
    if training and 0 < p < 1 and input.array.size and input.ndim < dims:
        raise RuntimeError("Feature dropout requires at least 2 dimensions in the input")


def dropped(input: Tensor, each: Any, p: float, training: bool, inplace: bool) -> Tensor:
    """The input multiplied by a random mask that is like the array `each` in shape, dtype and order in memory."""
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0 or input.array.size == 0:
        return input
    if input.array.dtype.kind != "f" and p < 1:
        raise RuntimeError(f"dropout: result type Float can't be cast to {input.dtype}: use input.float()")
    mask = wrap(moved(default_generator.dropout_mask(each, p), device_of(input.array)))
    return input.mul_(mask) if inplace else input * mask
