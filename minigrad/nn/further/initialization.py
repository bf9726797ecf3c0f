"""Initial weights that few lessons meet: orthogonal matrices, kernels that pass on, sparse matrices.

They draw the numbers that PyTorch draws.  https://docs.pytorch.org/docs/stable/nn.init.html
"""

from __future__ import annotations

import math

import numpy as np

from minigrad.autograd.grad_mode import no_grad
from minigrad.devices import device_of, moved
from minigrad.engine.graph import wrap
from minigrad.ops.creation import empty
from minigrad.ops.sampling import randperm
from minigrad.random import Generator
from minigrad.tensor import Tensor


@no_grad()
def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """gain * a matrix whose rows or columns, whichever are fewer, are orthonormal; further dimensions count as columns.

    The Q of normal numbers, with the signs that make the diagonal of R positive: so it is PyTorch's within rounding.
    ValueError for fewer than two dimensions.  F. Mezzadri (2006), https://arxiv.org/abs/math-ph/0609050
    """
    if tensor.ndim < 2:
        raise ValueError("Only tensors with 2 or more dimensions are supported")
    if tensor.numel() == 0:
        return tensor
    rows = tensor.shape[0]
    drawn = empty(rows, tensor.numel() // rows, dtype=tensor.dtype).normal_(generator=generator).array
    tall = drawn if drawn.shape[0] >= drawn.shape[1] else drawn.T
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diag(r))
    result = (q if tall is drawn else q.T).reshape(tuple(tensor.shape)).astype(drawn.dtype)
    return tensor.copy_(wrap(moved(np.ascontiguousarray(result), device_of(tensor.array)))).mul_(gain)


@no_grad()
def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Kernels of a convolution that pass as many channels on as there are, in each of the groups; else zeros.

    ValueError for other than 3, 4 or 5 dimensions, and groups that do not divide the first.
    """
    if tensor.ndim not in (3, 4, 5):
        raise ValueError("Only tensors with 3, 4, or 5 dimensions are supported")
    if tensor.shape[0] % groups != 0:
        raise ValueError("dim 0 must be divisible by groups")
    tensor.zero_()
    each = tensor.shape[0] // groups
    middle = tuple(size // 2 for size in tensor.shape[2:])
    for group in range(groups):
        for channel in range(min(each, tensor.shape[1])):
            tensor[(group * each + channel, channel, *middle)] = 1
    return tensor


@no_grad()
def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Normal numbers of standard deviation std in a matrix, of each of whose columns the share `sparsity` is 0.

    Which ones is chosen at random; their number is rounded up.  ValueError for other than two dimensions.
    J. Martens (2010), Deep learning via Hessian-free optimization.
    """
    if tensor.ndim != 2:
        raise ValueError("Only tensors with 2 dimensions are supported")
    rows, columns = tensor.shape
    zeros = math.ceil(sparsity * rows)
    tensor.normal_(0, std, generator=generator)
    for column in range(columns):
        tensor[randperm(rows)[:zeros].to(tensor.device), column] = 0
    return tensor
