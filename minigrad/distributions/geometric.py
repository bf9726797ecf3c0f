"""The geometric distribution: how many trials fail before the first success."""

from __future__ import annotations

from typing import Any

from minigrad.autograd.grad_mode import no_grad
from minigrad.distributions import constraints
from minigrad.distributions.probabilities import ProbsOrLogits
from minigrad.distributions.utils import batch_of, broadcast_all, one_of_two
from minigrad.limits import finfo
from minigrad.nn.functional import binary_cross_entropy_with_logits
from minigrad.ops.creation import zeros_like
from minigrad.tensor import Tensor

__all__ = ["Geometric"]


class Geometric(ProbsOrLogits):
    """How many trials fail before the first success: P(k) = (1 - p) ** k * p.

    probs: p, above 0 and at most 1; or odds exp(logits).  Support: 0, 1, 2, ...  Mean 1 / p - 1, variance (1 / p - 1) /
    p.  No gradient goes through draws.

    >>> import minigrad as torch
    >>> torch.distributions.Geometric(torch.tensor([0.25])).mean
    tensor([3.])
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}
    support = constraints.nonnegative_integer
    _parameters = {"probs": 0, "logits": 0}

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: bool | None = None) -> None:
        one_of_two(probs, logits)
        if probs is not None:
            (self.probs,) = broadcast_all(probs)
        else:
            (self.logits,) = broadcast_all(logits)
        super().__init__(batch_of(self._param, probs, logits), validate_args=validate_args)
        if self._validate_args and probs is not None and not (self.probs > 0).all():
            raise ValueError(
                f"Expected parameter probs ({type(self.probs).__name__} of shape {tuple(self.probs.shape)}) of "
                f"distribution {self!r} to be positive but found invalid values:\n{self.probs[self.probs <= 0]}"
            )

    @property
    def mean(self) -> Tensor:
        """1 / probs - 1."""
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> Tensor:
        """0."""
        return zeros_like(self.probs)

    @property
    def variance(self) -> Tensor:
        """(1 / probs - 1) / probs."""
        return (1.0 / self.probs - 1.0) / self.probs

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Counts, in the dtype of the probabilities."""
        with no_grad():
            u = self.probs.new_empty(self._extended_shape(sample_shape))
            u.uniform_(finfo(self.probs.dtype).tiny, 1)
            return (u.log() / (-self.probs).log1p()).floor()

    def log_prob(self, value: Tensor) -> Tensor:
        """value log(1 - probs) + log(probs)."""
        if self._validate_args:
            self._validate_sample(value)
        value, probs = broadcast_all(value, self.probs)
        return value * (-probs.masked_fill((probs == 1) & (value == 0), 0)).log1p() + self.probs.log()

    def entropy(self) -> Tensor:
        """That of one trial, over probs."""
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none") / self.probs
