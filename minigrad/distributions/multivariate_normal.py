"""The normal distribution of vectors: density exp(-(x - loc)^T C^-1 (x - loc) / 2) / sqrt(det(2 pi C))."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.distributions import constraints
from minigrad.distributions.distribution import Distribution, lazy_property
from minigrad.distributions.utils import standard_normal
from minigrad.ops.arranging import flip
from minigrad.ops.creation import eye
from minigrad.ops.further.matrices import cholesky, cholesky_inverse, solve_triangular
from minigrad.tensor import Tensor

__all__ = ["MultivariateNormal"]


class MultivariateNormal(Distribution):
    """Vectors of density exp(-(x - loc)^T C^-1 (x - loc) / 2) / sqrt(det(2 pi C)).

    loc (*, D): the mean.  C (*, D, D), the covariance, is given as covariance_matrix, as its inverse precision_matrix,
    or as scale_tril, its lower Cholesky factor: ValueError unless just one of the three is.  The first two are
    symmetric and positive definite, the third has a positive diagonal.  Support: all vectors.  Mean loc, variance: the
    diagonal of C.  Gradients go through draws, loc + scale_tril @ normal numbers.

    >>> import minigrad as torch
    >>> generator = torch.manual_seed(0)
    >>> torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2)).sample()
    tensor([ 1.5410, -0.2934])
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True
    _parameters = {"loc": 1, "covariance_matrix": 2, "precision_matrix": 2, "scale_tril": 2}

    def __init__(
        self,
        loc: Tensor,
        covariance_matrix: Tensor | None = None,
        precision_matrix: Tensor | None = None,
        scale_tril: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.ndim < 1:
            raise ValueError("loc must be at least one-dimensional.")
        matrices = {
            "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }
        given = [(name, matrix) for name, matrix in matrices.items() if matrix is not None]
        if len(given) != 1:
            raise ValueError("Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified.")
        ((name, matrix),) = given
        if matrix.ndim < 2:
            raise ValueError(f"{name} must be at least two-dimensional, with optional leading batch dimensions")
        batch_shape = np.broadcast_shapes(tuple(matrix.shape[:-2]), tuple(loc.shape[:-1]))
        setattr(self, name, matrix.expand((*batch_shape, -1, -1)))
        self.loc = loc.expand((*batch_shape, -1))
        super().__init__(batch_shape, self.loc.shape[-1:], validate_args=validate_args)
        self._unbroadcasted_scale_tril = FACTORS[name](matrix)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The distribution with its batch expanded."""
        new = super().expand(batch_shape, _instance)
        new._unbroadcasted_scale_tril = self._unbroadcasted_scale_tril
        return new

    @lazy_property
    def scale_tril(self) -> Tensor:
        """The lower triangular factor L of the covariance L L^T."""
        return self._over_batch(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Tensor:
        """L L^T."""
        return self._over_batch(self._unbroadcasted_scale_tril @ self._unbroadcasted_scale_tril.mT)

    @lazy_property
    def precision_matrix(self) -> Tensor:
        """The inverse of the covariance."""
        return self._over_batch(cholesky_inverse(self._unbroadcasted_scale_tril))

    def _over_batch(self, matrix: Tensor) -> Tensor:
        return matrix.expand((*self._batch_shape, *self._event_shape, *self._event_shape))

    @property
    def mean(self) -> Tensor:
        """loc."""
        return self.loc

    @property
    def mode(self) -> Tensor:
        """loc."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """The diagonal of the covariance."""
        return self._unbroadcasted_scale_tril.pow(2).sum(-1).expand((*self._batch_shape, *self._event_shape))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """loc + L (standard normal numbers)."""
        numbers = standard_normal(self._extended_shape(sample_shape), self.loc)
        return self.loc + (self._unbroadcasted_scale_tril @ numbers.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """-(k log(2 pi) + |L^-1 (value - loc)|^2) / 2 - sum(log(diagonal of L))."""
        if self._validate_args:
            self._validate_sample(value)
        distance = squared_distance(self._unbroadcasted_scale_tril, value - self.loc)
        return -0.5 * (self._event_shape[0] * math.log(2 * math.pi) + distance) - self._half_log_det()

    def entropy(self) -> Tensor:
        """k (1 + log(2 pi)) / 2 + sum(log(diagonal of L))."""
        entropy = 0.5 * self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + self._half_log_det()
        return entropy.expand(self._batch_shape) if self._batch_shape else entropy

    def _half_log_det(self) -> Tensor:
        return self._unbroadcasted_scale_tril.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def squared_distance(factor: Tensor, x: Tensor) -> Tensor:
    """|L^-1 x|^2: how far vectors are out, in standard deviations (Mahalanobis).

    Of a batch of vectors and one matrix, the vectors are the columns of one system.
    """
    if factor.ndim == 2 and x.ndim > 1:
        columns = x.reshape(-1, x.shape[-1]).mT
        return solve_triangular(factor, columns, upper=False).pow(2).sum(-2).reshape(x.shape[:-1])
    return solve_triangular(factor, x.unsqueeze(-1), upper=False).pow(2).sum((-2, -1))


def from_precision(precision: Tensor) -> Tensor:
    """The Cholesky factor of a matrix's inverse, without the inverse: from the factor of the matrix turned around."""
    turned = flip(cholesky(flip(precision, (-2, -1))), (-2, -1)).mT
    one = eye(precision.shape[-1], dtype=precision.dtype, device=precision.device)
    return solve_triangular(turned, one, upper=False)


def itself(matrix: Tensor) -> Tensor:
    """The factor, which was given."""
    return matrix


FACTORS: dict[str, Callable[[Tensor], Tensor]] = {
    "covariance_matrix": cholesky,
    "precision_matrix": from_precision,
    "scale_tril": itself,
}
"""How the Cholesky factor of the covariance is found from what was given."""
