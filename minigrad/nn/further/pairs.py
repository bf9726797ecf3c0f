"""Layers of two inputs; minigrad.ops.further.pairs has the formulas."""

from __future__ import annotations

import math
from typing import Any

from minigrad.nn import init
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.creation import empty
from minigrad.ops.further import pairs
from minigrad.tensor import Tensor


class Bilinear(Module):
    """For each output o: the sum of input1[i] * weight[o, i, j] * input2[j] over i and j, + bias[o].

    As `functional.bilinear`: (*, in1_features), (*, in2_features) -> (*, out_features).  weight (out_features,
    in1_features, in2_features) and, unless bias=False, bias (out_features,) start uniform in +-1 / sqrt(in1_features),
    drawn as PyTorch draws them.  ValueError for no in1_features.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Bilinear.html
    """

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.in1_features = in1_features
        self.in2_features = in2_features
        self.out_features = out_features
        self.weight = Parameter(empty(out_features, in1_features, in2_features, device=device, dtype=dtype))
        self.register_parameter("bias", Parameter(empty(out_features, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        if self.in1_features <= 0:
            raise ValueError(f"in1_features must be > 0, but got (in1_features={self.in1_features})")
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """bilinear(input1, input2)."""
        return pairs.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The sizes."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class CosineSimilarity(Module):
    """The cosine of the angle between vectors along dim, as `functional.cosine_similarity`.

    x1 (*, D, *), x2 (*, D, *) -> (*, *), with D the dimension `dim`; the others are broadcast.  Lengths count as eps at
    least.
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """cosine_similarity(x1, x2)."""
        return pairs.cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    """The p-norm of x1 - x2 + eps along the last dimension, as `functional.pairwise_distance`.

    (N, D), (N, D) -> (N,), with keepdim (N, 1); (D,), (D,) -> () or (1,).
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        """pairwise_distance(x1, x2)."""
        return pairs.pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)
