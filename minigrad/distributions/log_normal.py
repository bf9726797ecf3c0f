"""The log-normal distribution: that of numbers whose logarithm is normal."""

from __future__ import annotations

from typing import Any

from minigrad.distributions import constraints
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.normal import Normal
from minigrad.tensor import Tensor

__all__ = ["LogNormal"]


class LogNormal(Distribution):
    """exp of normal numbers of mean loc and standard deviation scale.

    Density exp(-((log x - loc) / scale) ** 2 / 2) / (x scale sqrt(2 pi)).  loc: any number; scale: above 0.  Support:
    above 0.  Mean exp(loc + scale ** 2 / 2), variance (exp(scale ** 2) - 1) * mean ** 2.  Gradients go through draws.

    >>> import minigrad as torch
    >>> torch.distributions.LogNormal(0.0, 1.0).mode
    tensor(0.3679)
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.positive
    has_rsample = True
    _parameters = {"base_dist": 0}

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.base_dist = Normal(loc, scale, validate_args=validate_args)
        super().__init__(self.base_dist.batch_shape, validate_args=validate_args)

    @property
    def loc(self) -> Tensor:
        """The mean of the logarithms."""
        return self.base_dist.loc

    @property
    def scale(self) -> Tensor:
        """Their standard deviation."""
        return self.base_dist.scale

    @property
    def mean(self) -> Tensor:
        """exp(loc + scale^2 / 2)."""
        return (self.loc + self.scale.pow(2) / 2).exp()

    @property
    def mode(self) -> Tensor:
        """exp(loc - scale^2)."""
        return (self.loc - self.scale.square()).exp()

    @property
    def variance(self) -> Tensor:
        """expm1(scale^2) * exp(2 loc + scale^2)."""
        square = self.scale.pow(2)
        return square.expm1() * (2 * self.loc + square).exp()

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """exp of the normal distribution's sample."""
        return self.base_dist.sample(sample_shape).exp()

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """exp of the normal distribution's rsample."""
        return self.base_dist.rsample(sample_shape).exp()

    def log_prob(self, value: Tensor) -> Tensor:
        """The normal log_prob of log(value), less log(value)."""
        if self._validate_args:
            self._validate_sample(value)
        log = value.log()
        return -log + self.base_dist.log_prob(log)

    def cdf(self, value: Tensor) -> Tensor:
        """The normal cdf of log(value)."""
        if self._validate_args:
            self._validate_sample(value)
        return self.base_dist.cdf(value.log())

    def icdf(self, value: Tensor) -> Tensor:
        """exp of the normal icdf."""
        return self.base_dist.icdf(value).exp()

    def entropy(self) -> Tensor:
        """That of the normal distribution, plus loc."""
        return self.base_dist.entropy() + self.loc

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
