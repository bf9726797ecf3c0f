"""The categorical distribution: one of several categories, each with its probability."""

from __future__ import annotations

import math
from typing import Any

from minigrad import dtypes
from minigrad.distributions import constraints
from minigrad.distributions.probabilities import ProbsOrLogits
from minigrad.distributions.utils import along_first, one_of_two
from minigrad.limits import finfo
from minigrad.ops.arranging import broadcast_tensors
from minigrad.ops.creation import arange
from minigrad.ops.sampling import multinomial
from minigrad.tensor import Tensor

__all__ = ["Categorical"]


class Categorical(ProbsOrLogits):
    """The category i with probability probs[..., i] (they are divided by their sum), or softmax(logits)[..., i].

    probs: not below 0, with a sum above 0; the last dimension is not part of the batch.  Support: 0 to its size - 1, as
    int64.  Mean and variance are nan, for categories are no numbers.  No gradient goes through draws.

    >>> import minigrad as torch
    >>> generator = torch.manual_seed(0)
    >>> torch.distributions.Categorical(torch.tensor([0.25, 0.25, 0.25, 0.25])).sample((5,))
    tensor([3, 2, 1, 3, 2])
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    has_enumerate_support = True
    _parameters = {"probs": 1, "logits": 1}
    _is_binary = False

    def __init__(
        self, probs: Tensor | None = None, logits: Tensor | None = None, validate_args: bool | None = None
    ) -> None:
        one_of_two(probs, logits)
        for name, given in (("probs", probs), ("logits", logits)):
            if given is not None and given.ndim < 1:
                raise ValueError(f"`{name}` parameter must be at least one-dimensional.")
        if probs is not None:
            self.probs = probs / probs.sum(-1, keepdim=True)
        elif logits is not None:
            self.logits = logits - logits.logsumexp(-1, keepdim=True)
        super().__init__(self._param.shape[:-1], validate_args=validate_args)

    @property
    def _num_events(self) -> int:
        return self._param.shape[-1]

    @property
    def support(self) -> Any:
        """The numbers of the categories."""
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def mean(self) -> Tensor:
        """nan: categories have none."""
        return self.probs.new_full(self._extended_shape(), math.nan)

    @property
    def mode(self) -> Tensor:
        """The likeliest category."""
        return self.probs.argmax(-1)

    @property
    def variance(self) -> Tensor:
        """nan: categories have none."""
        return self.mean

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Categories, int64."""
        count = math.prod(sample_shape)
        drawn = multinomial(self.probs.reshape(-1, self._num_events), count, True).T
        return drawn.reshape(self._extended_shape(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of a category's probability."""
        if self._validate_args:
            self._validate_sample(value)
        category, logits = value.long().unsqueeze(-1), self.logits
        if value.shape != self._batch_shape:
            category, logits = broadcast_tensors(category, logits)
            category = category[..., :1]
        return logits.gather(-1, category).squeeze(-1)

    def entropy(self) -> Tensor:
        """-sum(p log p), where 0 log 0 is 0."""
        return -(self.logits.clamp(min=finfo(self.logits.dtype).min) * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """The numbers of the categories."""
        values = arange(self._num_events, dtype=dtypes.int64, device=self._param.device)
        return along_first(values, self._batch_shape, expand)
