"""The gamma distribution: density rate^a x^(a - 1) exp(-rate x) / Gamma(a), for the concentration a."""

from __future__ import annotations

from typing import Any

from minigrad.distributions import constraints
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.utils import batch_of, broadcast_all
from minigrad.limits import finfo
from minigrad.ops.creation import as_tensor
from minigrad.ops.further.drawing import standard_gamma
from minigrad.tensor import Tensor

__all__ = ["Gamma"]


class Gamma(Distribution):
    """Sums of `concentration` waiting times at a rate, of density rate ** a * x ** (a - 1) * exp(-rate * x) / Gamma(a).

    a is the concentration, which need be no integer; it and the rate are above 0.  Support: from 0 on.  Mean a / rate,
    variance a / rate ** 2.  Gradients go through draws.

    >>> import minigrad as torch
    >>> torch.distributions.Gamma(torch.tensor([1.0]), torch.tensor([2.0])).mean
    tensor([0.5000])
    """

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    _parameters = {"concentration": 0, "rate": 0}

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self.concentration, self.rate = broadcast_all(concentration, rate)
        super().__init__(batch_of(self.concentration, concentration, rate), validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """concentration / rate."""
        return self.concentration / self.rate

    @property
    def mode(self) -> Tensor:
        """(concentration - 1) / rate, at least 0."""
        return ((self.concentration - 1) / self.rate).clamp(min=0)

    @property
    def variance(self) -> Tensor:
        """concentration / rate^2."""
        return self.concentration / self.rate.pow(2)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """(Numbers of rate 1) / rate; above 0."""
        shape = self._extended_shape(sample_shape)
        value = standard_gamma(self.concentration.expand(shape)) / self.rate.expand(shape)
        least, drawn = finfo(value.dtype).tiny, value.detach()
        return value if (drawn >= least).all() else value + (drawn.clamp(min=least) - drawn)

    def log_prob(self, value: Any) -> Tensor:
        """a log(rate) + (a - 1) log(value) - rate * value - lgamma(a), for the concentration a."""
        value = as_tensor(value, dtype=self.rate.dtype, device=self.rate.device)
        if self._validate_args:
            self._validate_sample(value)
        a = self.concentration
        return a.xlogy(self.rate) + (a - 1).xlogy(value) - self.rate * value - a.lgamma()

    def entropy(self) -> Tensor:
        """a - log(rate) + lgamma(a) + (1 - a) digamma(a), for the concentration a."""
        a = self.concentration
        return a - self.rate.log() + a.lgamma() + (1.0 - a) * a.digamma()
