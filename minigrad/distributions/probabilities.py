"""What the distributions share that are given by probabilities or by logits."""

from __future__ import annotations

from typing import Any

from minigrad.distributions.distribution import Distribution, lazy_property
from minigrad.distributions.utils import logits_to_probs, probs_to_logits
from minigrad.tensor import Tensor


class ProbsOrLogits(Distribution):
    """The base of distributions that have probs or logits in their attributes, and compute the other when asked.

    _is_binary: whether logits are the logarithms of odds, rather than of probabilities.
    """

    _is_binary = True

    @property
    def _param(self) -> Tensor:
        return self.__dict__["probs"] if "probs" in self.__dict__ else self.__dict__["logits"]

    @lazy_property
    def logits(self) -> Tensor:
        """The logarithms of the odds, or of the probabilities."""
        return probs_to_logits(self.probs, self._is_binary)

    @lazy_property
    def probs(self) -> Tensor:
        """The probabilities."""
        return logits_to_probs(self.logits, self._is_binary)

    @property
    def param_shape(self) -> Any:
        """The shape of the probabilities."""
        return self._param.shape
