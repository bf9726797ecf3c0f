"""`torch.nn.modules` under the launcher: PyTorch's files of layers, each of which is minigrad.nn here."""

from __future__ import annotations

from typing import Any

from minigrad import nn

FILES = """
activation adaptive batchnorm channelshuffle container conv distance dropout flatten fold instancenorm lazy linear
loss normalization padding pixelshuffle pooling rnn sparse transformer upsampling
"""
"""The files of PyTorch that define layers, beside `module`, which has a file here too."""

__all__ = nn.__all__


def __getattr__(name: str) -> Any:
    """A layer, or the module that has the layers of a file."""
    return nn if name in FILES.split() else getattr(nn, name)
