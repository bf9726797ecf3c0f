"""All parameters of a model as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from minigrad.ops.shaping import cat
from minigrad.tensor import Tensor


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The numbers of all parameters, one parameter after another: a Tensor with one axis, differentiable.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.parameters_to_vector.html

    >>> import minigrad as torch
    >>> layer = torch.nn.Linear(2, 3)
    >>> torch.nn.utils.parameters_to_vector(layer.parameters()).shape
    minigrad.Size([9])
    """
    return cat([p.reshape(-1) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Let parameters have the numbers of a vector, as `parameters_to_vector` arranges them.

    Their `.data` become views of the vector's pieces; numbers left over are not used.  TypeError for a vec that is
    no Tensor; RuntimeError, with nothing changed, for one with too few numbers.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.vector_to_parameters.html
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected torch.Tensor, but got: {type(vec).__name__}")
    params = list(parameters)
    needed = sum(p.numel() for p in params)
    if vec.ndim != 1 or vec.numel() < needed:
        raise RuntimeError(
            f"vector_to_parameters: the parameters need a vector of {needed} numbers, but got shape {list(vec.shape)}"
        )
    start = 0
    for p in params:
        stop = start + p.numel()
        p.data = vec.data[start:stop].reshape(p.shape)
        start = stop
