"""Layers and losses as functions, as torch.nn.functional: most are the ops of minigrad.ops by another name."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from minigrad import dtypes
from minigrad.autograd.graph import wrap
from minigrad.devices import array_module
from minigrad.ops import activations
from minigrad.ops.activations import sigmoid
from minigrad.ops.cross_entropy import cross_entropy, nll_loss
from minigrad.ops.elementwise import tanh
from minigrad.ops.in_place import relu_
from minigrad.ops.linear_algebra import linear
from minigrad.ops.losses import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    l1_loss,
    mse_loss,
)
from minigrad.ops.selection import relu as relu_op
from minigrad.random import default_generator

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


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each element 0 with probability p, else divided by 1 - p; the input itself when not training.

    ValueError for p outside [0, 1].
    """
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0 or input.array.size == 0:
        return input
    mask = wrap(default_generator.dropout_mask(input.array, p))
    return input.mul_(mask) if inplace else input * mask


def one_hot(input: Tensor, num_classes: int = -1) -> Tensor:
    """Class indices (*), int64, as int64 vectors (*, num_classes): 1 at the index, else 0.

    num_classes -1 takes the largest index plus 1.  RuntimeError for another dtype, or an index out of range.
    """
    classes = input.array
    if input.dtype is not dtypes.int64:
        raise RuntimeError(
            f"one_hot is only applicable to index tensor of type LongTensor, not {input.dtype}: use .long()"
        )
    if num_classes == -1 and not classes.size:
        raise RuntimeError("Can not infer total number of classes from empty tensor: give num_classes.")
    number = int(classes.max()) + 1 if num_classes == -1 else num_classes
    if classes.size and int(classes.min()) < 0:
        raise RuntimeError(f"Class values must be non-negative: there is {int(classes.min())}.")
    if classes.size and int(classes.max()) >= number:
        raise RuntimeError(
            f"Class values must be smaller than num_classes: {int(classes.max())} is not below {number}."
        )
    return (input.unsqueeze(-1) == wrap(array_module(classes).arange(number))).long()


__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "dropout",
    "l1_loss",
    "linear",
    "log_softmax",
    "mse_loss",
    "nll_loss",
    "one_hot",
    "relu",
    "relu_",
    "sigmoid",
    "softmax",
    "tanh",
]
