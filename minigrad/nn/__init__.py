"""Neural networks, as torch.nn: layers, losses, and the modules that hold them.

A layer is made with its options and called with its input: `torch.nn.ReLU()(x)`.  Shapes are those of the input ->
those of the output: N samples, C channels, rows (L), images (H, W) and volumes (D, H, W); (*) is any shape.  The output
has the input's dtype, or the weights' where the input holds indices, unless another is named.  Where a layer links to a
function, that has the formula, the errors and the paper; PyTorch has a page for each:
https://docs.pytorch.org/docs/stable/nn.html

In every layer that takes them: `device` and `dtype` say where its parameters and buffers are and what they are (None:
`set_default_device`, `set_default_dtype`); `bias` whether there is one; `inplace` writes the output over the input,
with the same gradients, or an error where a rule still needs what was there.  In every loss: `reduction` is "mean",
"sum" or "none" (ValueError for another when it is called); `size_average` and `reduce` are PyTorch's older words for
it, and warn.
"""

from typing import Any as _Any

from minigrad import on_use as _on_use
from minigrad.nn import functional, init, utils
from minigrad.nn.containers import ModuleDict, ModuleList, Sequential
from minigrad.nn.convolution import Conv2d
from minigrad.nn.dropout import Dropout, Dropout1d, Dropout2d
from minigrad.nn.embedding import Embedding
from minigrad.nn.further import LAYERS as _LAYERS
from minigrad.nn.layers import (
    ELU,
    GELU,
    Flatten,
    Identity,
    LeakyReLU,
    Linear,
    LogSoftmax,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
    Unflatten,
)
from minigrad.nn.losses import BCELoss, BCEWithLogitsLoss, CrossEntropyLoss, L1Loss, MSELoss, NLLLoss
from minigrad.nn.module import Module
from minigrad.nn.normalization import BatchNorm1d, BatchNorm2d, LayerNorm
from minigrad.nn.parameter import Parameter
from minigrad.nn.pooling import AvgPool2d, MaxPool2d

__all__ = [
    "Module",
    "Parameter",
    "Sequential",
    "ModuleList",
    "ModuleDict",
    "Linear",
    "Identity",
    "Conv2d",
    "MaxPool2d",
    "AvgPool2d",
    "Flatten",
    "Unflatten",
    "ReLU",
    "Sigmoid",
    "Tanh",
    "Softmax",
    "LogSoftmax",
    "LeakyReLU",
    "ELU",
    "GELU",
    "SiLU",
    "Softplus",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "BatchNorm1d",
    "BatchNorm2d",
    "LayerNorm",
    "Embedding",
    "MSELoss",
    "L1Loss",
    "BCELoss",
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "NLLLoss",
    "functional",
    "init",
    "utils",
]

__all__ += _on_use.names_in(_LAYERS)


def __getattr__(name: str) -> _Any:
    """What is imported when it is first used."""
    return _on_use.found(__name__, _LAYERS, name)
