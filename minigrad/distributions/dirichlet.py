"""The Dirichlet distribution: shares that sum to 1, with a density of prod x_i^(a_i - 1) / B(a)."""

from __future__ import annotations

from typing import Any

from minigrad.distributions import constraints
from minigrad.distributions.distribution import Distribution
from minigrad.nn.functional import one_hot
from minigrad.ops.further.drawing import standard_dirichlet
from minigrad.ops.selection import where
from minigrad.tensor import Tensor

__all__ = ["Dirichlet"]


class Dirichlet(Distribution):
    """Shares along the last dimension, one for each concentration, of density prod x_i ** (a_i - 1) / B(a).

    concentration: a, above 0; B(a) = prod Gamma(a_i) / Gamma(sum a).  Support: numbers from 0 on with the sum 1.  With
    A = sum a, mean a_i / A, variance a_i (A - a_i) / (A ** 2 (A + 1)).  Gradients go through draws.

    >>> import minigrad as torch
    >>> torch.distributions.Dirichlet(torch.tensor([1.0, 3.0])).mean
    tensor([0.2500, 0.7500])
    """

    arg_constraints = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True
    _parameters = {"concentration": 1}

    def __init__(self, concentration: Tensor, validate_args: bool | None = None) -> None:
        if concentration.ndim < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:], validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """concentration / sum(concentration)."""
        return self.concentration / self.concentration.sum(-1, True)

    @property
    def mode(self) -> Tensor:
        """The shares of concentration - 1, at least 0; where all are below 1, a 1 for the largest share."""
        above = (self.concentration - 1).clamp(min=0.0)
        mode = above / above.sum(-1, True)
        corner = one_hot(mode.argmax(-1), mode.shape[-1]).to(mode.dtype)
        return where((self.concentration < 1).all(-1).unsqueeze(-1), corner, mode)

    @property
    def variance(self) -> Tensor:
        """a (s - a) / (s^2 (s + 1)), for the concentrations a and their sum s."""
        total = self.concentration.sum(-1, True)
        return self.concentration * (total - self.concentration) / (total.pow(2) * (total + 1))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Gamma numbers over their sum."""
        return standard_dirichlet(self.concentration.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        """sum((a - 1) log(value)) + lgamma(sum(a)) - sum(lgamma(a)), for the concentrations a."""
        if self._validate_args:
            self._validate_sample(value)
        a = self.concentration
        return (a - 1.0).xlogy(value).sum(-1) + a.sum(-1).lgamma() - a.lgamma().sum(-1)

    def entropy(self) -> Tensor:
        """log B(a) + (s - k) digamma(s) - sum((a - 1) digamma(a)), for k concentrations a and their sum s."""
        a = self.concentration
        count, total = a.shape[-1], a.sum(-1)
        spread = ((a - 1.0) * a.digamma()).sum(-1)
        return a.lgamma().sum(-1) - total.lgamma() - (count - total) * total.digamma() - spread
