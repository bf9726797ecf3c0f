"""Layers and losses as functions, as torch.nn.functional: most are the ops of minigrad.ops by another name."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from minigrad import dtypes
from minigrad.ops import activations, smooth_activations
from minigrad.ops.activations import sigmoid
from minigrad.ops.convolution import conv2d
from minigrad.ops.cross_entropy import cross_entropy, nll_loss
from minigrad.ops.dropout import dropout, dropout1d, dropout2d
from minigrad.ops.elementwise import tanh
from minigrad.ops.embedding import embedding, one_hot
from minigrad.ops.in_place import relu_, write
from minigrad.ops.linear_algebra import linear
from minigrad.ops.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    l1_loss,
    mse_loss,
)
from minigrad.ops.normalization import batch_norm, layer_norm
from minigrad.ops.pooling import avg_pool2d, max_pool2d
from minigrad.ops.selection import relu as relu_op
from minigrad.ops.smooth_activations import gelu, softplus

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(input, 0), in place if asked."""
    return relu_(input) if inplace else relu_op(input)


def softmax(input: Tensor, dim: int | None = None, dtype: dtypes.dtype | None = None) -> Tensor:
    """e ** input, divided by its sum along dim (see minigrad.softmax)."""
    return activations.softmax(input, implicit_dim("softmax", input) if dim is None else dim, dtype)


def log_softmax(input: Tensor, dim: int | None = None, dtype: dtypes.dtype | None = None) -> Tensor:
    """log(softmax(input, dim)) (see minigrad.log_softmax)."""
    return activations.log_softmax(input, implicit_dim("log_softmax", input) if dim is None else dim, dtype)


def implicit_dim(op: str, input: Tensor) -> int:
    """The dimension that PyTorch takes, with a warning, when none is given."""
    warnings.warn(
        f"Implicit dimension choice for {op} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=3,
    )
    return 0 if input.ndim in (0, 1, 3) else 1


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """input where it is above 0, else input * negative_slope; in place if asked."""
    output = smooth_activations.leaky_relu(input, negative_slope)
    return write(input, output) if inplace else output


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """input where it is above 0, else alpha * (e ** input - 1); in place if asked."""
    output = smooth_activations.elu(input, alpha)
    return write(input, output) if inplace else output


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """input * sigmoid(input), in place if asked."""
    output = smooth_activations.silu(input)
    return write(input, output) if inplace else output


__all__ = [
    "batch_norm",
    "avg_pool2d",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "conv2d",
    "cross_entropy",
    "dropout",
    "dropout1d",
    "dropout2d",
    "elu",
    "embedding",
    "gelu",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "max_pool2d",
    "mse_loss",
    "nll_loss",
    "one_hot",
    "relu",
    "relu_",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "tanh",
]
