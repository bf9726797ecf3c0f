"""A softmax over many classes that computes the seldom ones apart."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from minigrad.nn import functional
from minigrad.nn.containers import ModuleList, Sequential
from minigrad.nn.layers import Linear
from minigrad.nn.module import Module
from minigrad.ops.shaping import cat
from minigrad.tensor import Tensor


class ASMoutput(NamedTuple):
    """The logarithm of each target's probability, and the mean of its negatives."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """The logarithms of class probabilities, and their loss, where classes are sorted by how often they occur.

    input (N, in_features) and target (N,), or one of them -> output (N,), loss ().  output: the log-probability of each
    target; loss: -its mean.  cutoffs: where each cluster of seldom classes begins.  head has an output for each class
    before the first cutoff and one for each cluster (head_bias: with a bias); tail has for each cluster a projection to
    in_features / div_value ** (its number) and the outputs of its classes, n_classes of all together.

    ValueError for cutoffs that do not rise from 1 to n_classes - 1.  RuntimeError for other shapes, and for a class
    that does not exist.  E. Grave et al. (2017), https://arxiv.org/abs/1609.04309
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        cuts = list(cutoffs)
        if not cuts:
            raise ValueError("cutoffs should be a sequence of length larger than 0")
        if cuts != sorted(set(cuts)) or cuts[0] <= 0 or cuts[-1] > n_classes - 1 or any(int(c) != c for c in cuts):
            raise ValueError(
                "cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each "
                "value is between 1 and n_classes-1"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = [*cuts, n_classes]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = cuts[0]
        self.n_clusters = len(cuts)
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, head_bias, device, dtype)
        self.tail = ModuleList()
        for number, (low, high) in enumerate(pairwise(self.cutoffs), 1):
            size = int(in_features // (div_value**number))
            first = Linear(in_features, size, False, device, dtype)
            self.tail.append(Sequential(first, Linear(size, high - low, False, device, dtype)))

    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        self.head.reset_parameters()
        for first, second in self.tail:
            first.reset_parameters()
            second.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> ASMoutput:
        """The logarithm of each target's probability, and the loss."""
        check_shapes(input_, target_)
        alone = target_.ndim == 0
        input, target = (input_.unsqueeze(0), target_.unsqueeze(0)) if alone else (input_, target_)
        if ((target < 0) | (target >= self.n_classes)).any():
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{target.min().item()}, {target.max().item()}] were found. "
            )
        place, parts = target.clone(), []
        for number, (low, high) in enumerate(pairwise(self.cutoffs)):
            rows = ((target >= low) & (target < high)).nonzero().squeeze(1)
            if rows.numel():
                place[rows] = self.shortlist_size + number
                log_shares = functional.log_softmax(self.tail[number](input[rows]), 1)
                parts.append((rows, log_shares.gather(1, (target[rows] - low).unsqueeze(1)).squeeze(1)))
        output = functional.log_softmax(self.head(input), 1).gather(1, place.unsqueeze(1)).squeeze(1)
        for rows, within in parts:
            output = output.index_add(0, rows, within)
        loss = (-output).mean()
        return ASMoutput(output.squeeze(0) if alone else output, loss)

    def log_prob(self, input: Tensor) -> Tensor:
        """The logarithms of all probabilities: (N, in_features) -> (N, n_classes)."""
        head = functional.log_softmax(self.head(input), 1)
        parts = [head[:, : self.shortlist_size]]
        for number, tail in enumerate(self.tail):
            parts.append(functional.log_softmax(tail(input), 1) + head[:, self.shortlist_size + number].unsqueeze(1))
        return cat(parts, 1)

    def predict(self, input: Tensor) -> Tensor:
        """The most probable class of each row."""
        return self.log_prob(input).argmax(1)


def check_shapes(input: Tensor, target: Tensor) -> None:
    """RuntimeError for an input and a target that do not fit."""
    if target.ndim > 1:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")
    if target.ndim == 1 and input.shape[0] != target.shape[0]:
        raise RuntimeError("Input and target should have the same size in the batch dimension.")
    if input.ndim != target.ndim + 1:
        raise RuntimeError(
            f"{target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found inputs with size "
            f"{input.shape}"
        )
