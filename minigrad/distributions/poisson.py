"""The Poisson distribution: how often what comes at a rate comes in one unit of time."""

from __future__ import annotations

from typing import Any

from minigrad.autograd.grad_mode import no_grad
from minigrad.distributions import constraints
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.utils import batch_of, broadcast_all
from minigrad.ops.further.drawing import poisson
from minigrad.tensor import Tensor

__all__ = ["Poisson"]


class Poisson(Distribution):
    """How often something happens that is independent of when it did: P(k) = rate ** k * exp(-rate) / k!.

    rate: from 0 on.  Support: 0, 1, 2, ...  Mean rate, variance rate.  No gradient goes through draws.

    >>> import minigrad as torch
    >>> torch.distributions.Poisson(torch.tensor([4.0])).mean
    tensor([4.])
    """

    arg_constraints = {"rate": constraints.nonnegative}
    support = constraints.nonnegative_integer
    _parameters = {"rate": 0}

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_all(rate)
        super().__init__(batch_of(self.rate, rate), validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """rate."""
        return self.rate

    @property
    def mode(self) -> Tensor:
        """rate rounded down."""
        return self.rate.floor()

    @property
    def variance(self) -> Tensor:
        """rate."""
        return self.rate

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Counts, in the dtype of the rates."""
        with no_grad():
            return poisson(self.rate.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        """value log(rate) - rate - lgamma(value + 1)."""
        if self._validate_args:
            self._validate_sample(value)
        rate, value = broadcast_all(self.rate, value)
        return value.xlogy(rate) - rate - (value + 1).lgamma()
