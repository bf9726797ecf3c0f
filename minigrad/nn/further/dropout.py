"""Dropout layers that few lessons meet; they act in training only."""

from __future__ import annotations

from minigrad.nn.dropout import _DropoutNd
from minigrad.ops.further import dropout
from minigrad.tensor import Tensor


class Dropout3d(_DropoutNd):
    """`Dropout` of whole channels, as `functional.dropout3d`: (N, C, D, H, W) -> (N, C, D, H, W).

    In training each of the N C channels is 0 with probability p, else divided by 1 - p.
    """

    def forward(self, input: Tensor) -> Tensor:
        """dropout3d(input)."""
        return dropout.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_DropoutNd):
    """In training each element is dropped with probability p, and the rest shifted, so that mean 0 and variance 1 stay.

    For `SELU`; as `functional.alpha_dropout`: (*) -> (*).  A dropped one becomes -1.7581, the least that SELU gives,
    and all are then multiplied and shifted.  ValueError for p outside of 0 to 1.  G. Klambauer et al. (2017),
    https://arxiv.org/abs/1706.02515
    """

    def forward(self, input: Tensor) -> Tensor:
        """alpha_dropout(input)."""
        return dropout.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_DropoutNd):
    """`AlphaDropout` of whole channels, each with probability p: (N, C, ...) -> (N, C, ...).

    As `functional.feature_alpha_dropout`.
    """

    def forward(self, input: Tensor) -> Tensor:
        """feature_alpha_dropout(input)."""
        return dropout.feature_alpha_dropout(input, self.p, self.training)
