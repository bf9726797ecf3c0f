"""The Bernoulli distribution: 1 with probability p, else 0."""

from __future__ import annotations

import math
from typing import Any

from minigrad.autograd.grad_mode import no_grad
from minigrad.distributions import constraints
from minigrad.distributions.probabilities import ProbsOrLogits
from minigrad.distributions.utils import along_first, batch_of, broadcast_all, one_of_two
from minigrad.nn.functional import binary_cross_entropy_with_logits
from minigrad.ops.creation import arange
from minigrad.ops.sampling import bernoulli
from minigrad.tensor import Tensor

__all__ = ["Bernoulli"]


class Bernoulli(ProbsOrLogits):
    """1 with probability probs (p, 0 to 1), or with odds exp(logits), else 0: P(x) = p ** x * (1 - p) ** (1 - x).

    Support: 0 and 1.  Mean p, variance p (1 - p).  No gradient goes through draws.

    >>> import minigrad as torch
    >>> torch.distributions.Bernoulli(torch.tensor([0.25])).log_prob(torch.tensor([1.0])).exp()
    tensor([0.2500])
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.boolean
    has_enumerate_support = True
    _parameters = {"probs": 0, "logits": 0}

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        one_of_two(probs, logits)
        if probs is not None:
            (self.probs,) = broadcast_all(probs)
        else:
            (self.logits,) = broadcast_all(logits)
        super().__init__(batch_of(self._param, probs, logits), validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """probs."""
        return self.probs

    @property
    def mode(self) -> Tensor:
        """The likelier of 0 and 1; nan where they are as likely."""
        likelier = (self.probs >= 0.5).to(self.probs.dtype)
        return likelier.masked_fill(self.probs == 0.5, math.nan)

    @property
    def variance(self) -> Tensor:
        """probs * (1 - probs)."""
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Zeros and ones, in the dtype of the probabilities."""
        with no_grad():
            return bernoulli(self.probs.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of a value's probability."""
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        return -binary_cross_entropy_with_logits(logits, value, reduction="none")

    def entropy(self) -> Tensor:
        """-p log p - (1 - p) log(1 - p)."""
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """0 and 1."""
        values = arange(2, dtype=self._param.dtype, device=self._param.device)
        return along_first(values, self._batch_shape, expand)
