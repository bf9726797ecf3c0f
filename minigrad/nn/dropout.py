"""Dropout layers: they act in training only."""

from __future__ import annotations

from minigrad.nn import functional
from minigrad.nn.module import Module
from minigrad.tensor import Tensor


class _DropoutNd(Module):
    """What all dropout layers have: the probability, and whether they work in place."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        """The probability."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd):
    """In training each element is 0 with probability p, else divided by 1 - p, as `functional.dropout`: (*) -> (*).

    In evaluation it is the input.  ValueError for p outside of 0 to 1.  G. E. Hinton et al. (2012),
    https://arxiv.org/abs/1207.0580
    """

    def forward(self, input: Tensor) -> Tensor:
        """dropout(input)."""
        return functional.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_DropoutNd):
    """`Dropout` of whole channels, as `functional.dropout1d`: (N, C, L) -> (N, C, L), or (C, L) -> (C, L).

    In training each of the N C channels is 0 with probability p, else divided by 1 - p.
    """

    def forward(self, input: Tensor) -> Tensor:
        """dropout1d(input)."""
        return functional.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_DropoutNd):
    """`Dropout` of whole channels, as `functional.dropout2d`: (N, C, H, W) -> (N, C, H, W).

    In training each of the N C channels is 0 with probability p, else divided by 1 - p.
    """

    def forward(self, input: Tensor) -> Tensor:
        """dropout2d(input)."""
        return functional.dropout2d(input, self.p, self.training, self.inplace)
