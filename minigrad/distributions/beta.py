"""The beta distribution: density x^(a - 1) (1 - x)^(b - 1) / B(a, b), a Dirichlet distribution of two shares."""

from __future__ import annotations

from typing import Any

from minigrad.distributions import constraints
from minigrad.distributions.dirichlet import Dirichlet
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.utils import broadcast_all
from minigrad.ops.creation import tensor
from minigrad.ops.shaping import stack
from minigrad.tensor import Tensor

__all__ = ["Beta"]


class Beta(Distribution):
    """Shares between 0 and 1, of density x ** (a - 1) * (1 - x) ** (b - 1) / B(a, b).

    concentration1 is a and concentration0 is b, both above 0; B(a, b) = Gamma(a) Gamma(b) / Gamma(a + b).  Support: 0
    to 1.  Mean a / (a + b), variance a b / ((a + b) ** 2 (a + b + 1)).  Gradients go through draws.

    >>> import minigrad as torch
    >>> torch.distributions.Beta(torch.tensor([1.0]), torch.tensor([3.0])).mean
    tensor([0.2500])
    """

    arg_constraints = {"concentration1": constraints.positive, "concentration0": constraints.positive}
    support = constraints.unit_interval
    has_rsample = True
    _parameters = {"_dirichlet": 0}

    def __init__(self, concentration1: Any, concentration0: Any, validate_args: bool | None = None) -> None:
        if isinstance(concentration1, Tensor) or isinstance(concentration0, Tensor):
            both = stack(broadcast_all(concentration1, concentration0), -1)
        else:
            both = tensor([float(concentration1), float(concentration0)])
        self._dirichlet = Dirichlet(both, validate_args=validate_args)
        super().__init__(self._dirichlet.batch_shape, validate_args=validate_args)

    @property
    def concentration1(self) -> Tensor:
        """a."""
        return self._dirichlet.concentration[..., 0]

    @property
    def concentration0(self) -> Tensor:
        """b."""
        return self._dirichlet.concentration[..., 1]

    @property
    def mean(self) -> Tensor:
        """a / (a + b)."""
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def mode(self) -> Tensor:
        """(a - 1) / (a + b - 2) where both are above 1."""
        return self._dirichlet.mode[..., 0]

    @property
    def variance(self) -> Tensor:
        """a b / ((a + b)^2 (a + b + 1))."""
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (total.pow(2) * (total + 1))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """The first of two Dirichlet shares."""
        return self._dirichlet.rsample(sample_shape).select(-1, 0)

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density."""
        if self._validate_args:
            self._validate_sample(value)
        return self._dirichlet.log_prob(stack([value, 1.0 - value], -1))

    def entropy(self) -> Tensor:
        """That of the two shares."""
        return self._dirichlet.entropy()
