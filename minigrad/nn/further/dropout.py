"""Dropout layers that few lessons meet; they act in training only."""

from __future__ import annotations

from minigrad.nn.dropout import _DropoutNd
from minigrad.ops.further import dropout
from minigrad.tensor import Tensor


class Dropout3d(_DropoutNd):
    """In training each channel of (N, C, D, H, W) is 0 with probability p, else divided by 1 - p."""

    def forward(self, input: Tensor) -> Tensor:
        """dropout3d(input)."""
        return dropout.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_DropoutNd):
    """In training each element is dropped with probability p, so that mean 0 and variance 1 stay: for SELU."""

    def forward(self, input: Tensor) -> Tensor:
        """alpha_dropout(input)."""
        return dropout.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_DropoutNd):
    """As AlphaDropout, for whole channels of (N, C, ...)."""

    def forward(self, input: Tensor) -> Tensor:
        """feature_alpha_dropout(input)."""
        return dropout.feature_alpha_dropout(input, self.p, self.training)
