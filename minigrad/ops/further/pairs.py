"""How alike two vectors are, or how far apart, and a product of both with a weight: put together from other ops."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minigrad.arrays import array_module
from minigrad.engine.graph import raw, wrap
from minigrad.ops.arranging import broadcast_tensors
from minigrad.ops.norms import vector_norm
from minigrad.ops.promotion import array_of, as_dtype, check_shapes, check_tensors, result_type

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["bilinear", "cosine_similarity", "pairwise_distance", "pdist"]


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """For each output o: the sum of input1[i] * weight[o, i, j] * input2[j] over i and j, + bias[o].

    input1 (..., I), input2 (..., J), weight (O, I, J), bias (O,) or None -> (..., O).  RuntimeError for other shapes
    and dtypes.
    """
    check_tensors("bilinear", ("bias",), input1=input1, input2=input2, weight=weight, bias=bias)
    check_sizes(input1, input2, weight, bias)
    batch = input1.shape[:-1]
    outputs, first, second = weight.shape
    products = input1.reshape(-1, first) @ weight.permute(1, 0, 2).reshape(first, outputs * second)
    sums = products.reshape(-1, outputs, second) @ input2.reshape(-1, second, 1)
    result = sums.view(*batch, outputs)
    return result if bias is None else result + bias


def check_sizes(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None) -> None:
    """RuntimeError, as PyTorch's, for operands of a bilinear layer that do not fit."""
    dtypes = {"input1": input1.dtype, "input2": input2.dtype, "weight": weight.dtype}
    if len(set(dtypes.values())) > 1:
        listed = ", ".join(f"{name}: {dtype}" for name, dtype in dtypes.items())
        raise RuntimeError(f"All tensors must have the same dtype, got {listed}")
    if input1.ndim != input2.ndim:
        raise RuntimeError(f"bilinear(): input dimensions do not match: got {input1.ndim} and {input2.ndim}")
    if input1.ndim == 0:
        raise IndexError("Dimension specified as -1 but tensor has no dimensions")
    for dim, (n, m) in enumerate(zip(input1.shape[:-1], input2.shape[:-1])):
        if n != m:
            raise RuntimeError(f"bilinear(): input batch dimensions do not match at dim {dim}: got {n} and {m}")
    if weight.ndim != 3:
        raise RuntimeError(f"bilinear(): weight must have 3 dimensions, (O, I, J), but has {weight.ndim}")
    for number, x in enumerate((input1, input2), 1):
        if x.shape[-1] != weight.shape[number]:
            raise RuntimeError(
                f"bilinear(): input{number} size does not match weight size: got {x.shape[-1]} but expected "
                f"{weight.shape[number]}"
            )
    if bias is not None and bias.shape[0] != weight.shape[0]:
        raise RuntimeError(
            f"bilinear(): bias size does not match weight size: got {bias.shape[0]} but expected {weight.shape[0]}"
        )


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """The cosine of the angle between vectors along dim: sum(x1 * x2) / (|x1| * |x2|), with lengths of eps at least.

    x1, x2 broadcast.  RuntimeError for integers alone, and for shapes that do not broadcast; IndexError for a dim that
    there is not.
    """
    check_tensors("cosine_similarity", x1=x1, x2=x2)
    check_shapes(x1, x2)
    x1, x2 = broadcast_tensors(x1, x2)
    dtype = result_type(x1, x2)
    if dtype.kind != "f":
        raise RuntimeError(f"expected common dtype to be floating point, yet common dtype is {dtype}")
    x1, x2 = as_dtype(x1, dtype), as_dtype(x2, dtype)
    directions = x1 / length(x1, dim, eps), x2 / length(x2, dim, eps)
    return (directions[0] * directions[1]).sum(dim)


def length(x: Tensor, dim: int, eps: float) -> Tensor:
    """The length of vectors, or eps if that is larger; its gradient is always that of the length."""
    size = vector_norm(x, 2, dim, keepdim=True).clone()
    raw(size)[...] = array_module(raw(size)).maximum(raw(size), eps)
    return size


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """The p-norm of x1 - x2 + eps along the last dimension, which goes away unless keepdim.

    x1, x2 broadcast.  RuntimeError for shapes that do not.
    """
    check_tensors("pairwise_distance", x1=x1, x2=x2)
    return vector_norm(x1 - x2 + eps, p, -1, keepdim)


def pdist(input: Tensor, p: float = 2) -> Tensor:
    """The p-norm of the difference of each two rows: (N, M) -> (N * (N - 1) / 2,), in the order (0, 1), (0, 2), ...

    RuntimeError for another number of dimensions, integers and p < 0.
    """
    x = array_of(input)
    if x.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {x.ndim}D")
    if x.dtype.kind != "f":
        raise RuntimeError(f"pdist only supports floating-point dtypes, got: {x.dtype}")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    first, second = np.triu_indices(x.shape[0], 1)
    differences = input[wrap(first).to(input.device)] - input[wrap(second).to(input.device)]
    return vector_norm(differences, p, -1) if x.shape[1] else differences.sum(-1)
