"""`torch.nn.modules` and its files under the launcher: each has all layers here, and the bases that libraries name."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from minigrad import nn
from minigrad.launcher import sizes as utils  # noqa: F401 - torch.nn.modules.utils, which is not torch.nn.utils

FILES = """
activation adaptive batchnorm channelshuffle container conv distance dropout flatten fold instancenorm lazy linear
loss normalization padding pixelshuffle pooling rnn sparse transformer upsampling
"""
"""The files of PyTorch that define layers, beside `module` and `utils`, which have files here too."""

BASES = {
    "_AdaptiveAvgPoolNd": "further.pooling",
    "_AdaptiveMaxPoolNd": "further.pooling",
    "_AvgPoolNd": "pooling",
    "_BatchNorm": "normalization",
    "_ConvNd": "convolution",
    "_ConvTransposeNd": "further.convolution",
    "_DropoutNd": "dropout",
    "_InstanceNorm": "further.normalization",
    "_LPPoolNd": "further.pooling",
    "_Loss": "losses",
    "_MaxPoolNd": "pooling",
    "_MaxUnpoolNd": "further.pooling",
    "_NormBase": "normalization",
    "_WeightedLoss": "losses",
}
"""Classes that are private in PyTorch too, and the modules of minigrad.nn that have them."""

__all__ = nn.__all__


def __getattr__(name: str) -> Any:
    """A layer, a base of layers, or this module again as one of the files."""
    if name in FILES.split():
        return sys.modules[__name__]
    if name in BASES:
        return getattr(importlib.import_module(f"minigrad.nn.{BASES[name]}"), name)
    return getattr(nn, name)
