"""Vectors made of length 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minigrad import later

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["normalize"]


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """input divided by its norm of order p along dim, or by eps where that is larger: vectors of length 1.

    RuntimeError for integers, IndexError for a dim that there is not.
    """
    length: Tensor = later.function("norm")(input, p, dim, keepdim=True)
    return input / length.clamp(min=eps)
