"""Parametrizations of weights: by length and direction, and divided by the largest singular value."""

from __future__ import annotations

from typing import Any

from minigrad.nn import functional
from minigrad.nn.module import Module
from minigrad.nn.utils.normed_weights import (
    as_matrix,
    check_power_iterations,
    drawn_direction,
    largest_singular_value,
    lengths,
    normed,
    power_iterations,
    usual_dim,
)
from minigrad.nn.utils.parametrize import register_parametrization
from minigrad.tensor import Tensor

__all__ = ["spectral_norm", "weight_norm"]


class _WeightNorm(Module):
    """A weight as a length times a direction."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        """weight_g * weight_v / |weight_v|."""
        return normed(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        """The lengths of a weight, and itself."""
        return lengths(weight, self.dim), weight


def weight_norm(module: Any, name: str = "weight", dim: int | None = 0) -> Any:
    """Have the module compute its weight as g * v / |v|, with a length g for each slice along dim (None: for all).

    name: of the weight; g is then parametrizations.weight.original0, v original1.  T. Salimans and D. P. Kingma (2016),
    ValueError for no such weight.  https://arxiv.org/abs/1602.07868
    """
    return register_parametrization(module, name, _WeightNorm(dim), unsafe=True)


class _SpectralNorm(Module):
    """A weight divided by its largest singular value, which further power iterations find in training."""

    _tensors_taken = 1

    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        if not -weight.ndim <= dim < weight.ndim:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [-{weight.ndim}, {weight.ndim - 1}] but got {dim})"
            )
        check_power_iterations(n_power_iterations)
        self.dim = dim % weight.ndim
        self.eps = eps
        if weight.ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = as_matrix(weight, self.dim)
            for name, size in zip(("_u", "_v"), matrix.shape):
                self.register_buffer(name, drawn_direction(weight, size, eps))
            power_iterations(matrix, self._u, self._v, 15, eps)

    def forward(self, weight: Tensor) -> Tensor:
        """The weight divided by its largest singular value; a vector by its length."""
        if weight.ndim == 1:
            return functional.normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            power_iterations(matrix, self._u, self._v, self.n_power_iterations, self.eps)
        divided: Tensor = weight / largest_singular_value(matrix, self._u, self._v)
        return divided

    def right_inverse(self, value: Tensor) -> Tensor:
        """The value itself: it is taken as divided already."""
        return value


def spectral_norm(
    module: Any, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Any:
    """Have the module divide its weight by the largest singular value, found by power iterations in training.

    name: of the weight.  n_power_iterations: how many each time it is read in training.  dim: which dimension of the
    weight counts the outputs.  eps: the least length that vectors are divided by.  The vectors start normal, drawn as
    PyTorch draws them, and 15 iterations follow.  ValueError for no such weight, or an n_power_iterations below 1.  T.
    Miyato et al. (2018), https://arxiv.org/abs/1802.05957
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    norm = _SpectralNorm(weight, n_power_iterations, usual_dim(module, dim), eps)
    return register_parametrization(module, name, norm)
