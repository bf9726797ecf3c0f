"""The binomial distribution: how many of several trials succeed."""

from __future__ import annotations

from typing import Any

from minigrad.autograd.grad_mode import no_grad
from minigrad.distributions import constraints
from minigrad.distributions.probabilities import ProbsOrLogits
from minigrad.distributions.utils import along_first, broadcast_all, one_of_two
from minigrad.ops.creation import arange
from minigrad.ops.further.drawing import binomial
from minigrad.tensor import Tensor

__all__ = ["Binomial"]


class Binomial(ProbsOrLogits):
    """How many of total_count trials succeed, each with probability probs (p, 0 to 1), or odds exp(logits).

    P(k) = n! / (k! (n - k)!) * p ** k * (1 - p) ** (n - k) for n = total_count, an integer from 0 on.  Support: the
    integers from 0 to n.  Mean n p, variance n p (1 - p).  No gradient goes through draws.

    >>> import minigrad as torch
    >>> torch.distributions.Binomial(2, torch.tensor([0.5])).log_prob(torch.tensor([[0.0], [1.0], [2.0]])).exp().T
    tensor([[0.2500, 0.5000, 0.2500]])
    """

    arg_constraints = {
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support = True
    _parameters = {"total_count": 0, "probs": 0, "logits": 0}

    def __init__(
        self, total_count: Any = 1, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        one_of_two(probs, logits)
        if probs is not None:
            self.total_count, self.probs = broadcast_all(total_count, probs)
        else:
            self.total_count, self.logits = broadcast_all(total_count, logits)
        self.total_count = self.total_count.type_as(self._param)
        super().__init__(self._param.shape, validate_args=validate_args)

    @property
    def support(self) -> Any:
        """The integers from 0 to total_count."""
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Tensor:
        """total_count * probs."""
        return self.total_count * self.probs

    @property
    def mode(self) -> Tensor:
        """(total_count + 1) * probs rounded down, at most total_count."""
        return ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count)

    @property
    def variance(self) -> Tensor:
        """total_count * probs * (1 - probs)."""
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Counts, in the dtype of the probabilities."""
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return binomial(self.total_count.expand(shape), self.probs.expand(shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of (n over value) p^value (1 - p)^(n - value), without overflow for large logits."""
        if self._validate_args:
            self._validate_sample(value)
        n, logits = self.total_count, self.logits
        ways = (n + 1).lgamma(), (value + 1).lgamma(), (n - value + 1).lgamma()
        positive = (logits.clamp(min=0) + logits - logits.clamp(max=0)) / 2  # whose gradient at 0 is 1/2
        normalize = n * positive + n * (-logits.abs()).exp().log1p() - ways[0]
        return value * logits - ways[1] - ways[2] - normalize

    def entropy(self) -> Tensor:
        """-sum(p log p) over all counts; NotImplementedError for several total counts."""
        log_prob = self.log_prob(self.enumerate_support(False))
        return -(log_prob.exp() * log_prob).sum(0)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """The integers from 0 to total_count; NotImplementedError for several total counts."""
        total_count = int(self.total_count.max())
        if self.total_count.min() != total_count:
            raise NotImplementedError("Inhomogeneous total count not supported by `enumerate_support`.")
        values = arange(1 + total_count, dtype=self._param.dtype, device=self._param.device)
        return along_first(values, self._batch_shape, expand)
