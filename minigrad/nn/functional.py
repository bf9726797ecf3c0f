"""Layers and losses as functions, as torch.nn.functional: most are the ops of minigrad.ops by another name.

Shapes are those of the input -> those of the result: N samples, C channels; (*) is any shape.  In all that take them:
`inplace` writes the result over the input, with the same gradients, or an error where a rule still needs what was
there.  `reduction` is "mean", "sum" or "none" (ValueError for another); `size_average` and `reduce` are PyTorch's older
words for it, and warn.  https://docs.pytorch.org/docs/stable/nn.functional.html
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING
from typing import Any as _Any

from minigrad import dtypes, on_use
from minigrad.nn.further import FUNCTIONS as _FUNCTIONS
from minigrad.ops import activations
from minigrad.ops import softmax as softmax_ops
from minigrad.ops.activations import gelu as gelu
from minigrad.ops.activations import sigmoid as sigmoid
from minigrad.ops.activations import softplus as softplus
from minigrad.ops.composed.dropout import *
from minigrad.ops.composed.normalize import *
from minigrad.ops.composed.one_hot import *
from minigrad.ops.convolution import *
from minigrad.ops.cross_entropy import *
from minigrad.ops.elementwise import tanh as tanh
from minigrad.ops.embedding import *
from minigrad.ops.in_place import relu_
from minigrad.ops.in_place import write as _write
from minigrad.ops.linear_algebra import linear as linear
from minigrad.ops.losses import *
from minigrad.ops.normalization import *
from minigrad.ops.pooling import *

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(input, 0): (*) -> (*).  inplace: written over the input.

    RuntimeError for bools.
    """
    return relu_(input) if inplace else activations.relu(input)


def softmax(input: Tensor, dim: int | None = None, dtype: dtypes.dtype | None = None) -> Tensor:
    """e ** input, divided by its sum along dim: (*) -> (*), as `torch.softmax`, which does not overflow.

    dim: None chooses 0 for 0, 1 or 3 dimensions, else 1, with a warning.  dtype: of the result, to which the input is
    cast first.
    """
    return softmax_ops.softmax(input, _implicit_dim("softmax", input) if dim is None else dim, dtype)


def log_softmax(input: Tensor, dim: int | None = None, dtype: dtypes.dtype | None = None) -> Tensor:
    """log(softmax(input, dim)): (*) -> (*), as `torch.log_softmax`, which does not overflow.

    dim: None chooses one, with a warning, as `softmax` does.  dtype: of the result, to which the input is cast first.
    """
    return softmax_ops.log_softmax(input, _implicit_dim("log_softmax", input) if dim is None else dim, dtype)


def _implicit_dim(op: str, input: Tensor) -> int:
    """The dimension that PyTorch takes, with a warning, when none is given."""
    warnings.warn(
        f"Implicit dimension choice for {op} has been deprecated. Change the call to include dim=X as an argument.",
        stacklevel=3,
    )
    return 0 if input.ndim in (0, 1, 3) else 1


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """input where it is above 0, else input * negative_slope: (*) -> (*).  inplace: written over the input.

    NotImplementedError for a dtype that is no float.
    """
    output = activations.leaky_relu(input, negative_slope)
    return _write(input, output) if inplace else output


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """input where it is above 0, else alpha * (e ** input - 1): (*) -> (*).  inplace: written over the input.

    NotImplementedError for a dtype that is no float.
    """
    output = activations.elu(input, alpha)
    return _write(input, output) if inplace else output


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """input * sigmoid(input): (*) -> (*).  inplace: written over the input.
    S. Elfwing et al. (2017), https://arxiv.org/abs/1702.03118

    NotImplementedError for a dtype that is no float.
    """
    output = activations.silu(input)
    return _write(input, output) if inplace else output


__all__ = [name for name, value in sorted(globals().items()) if callable(value) and not name.startswith("_")]
__all__ += on_use.names_in(_FUNCTIONS)


def __getattr__(name: str) -> _Any:
    """What is imported when it is first used."""
    return on_use.found(__name__, _FUNCTIONS, name)
