"""Ops that fit a gradient to its input: the engine applies them, so that no rule has to.

Broadcasting copies a value to many places; its derivative adds the gradients of those places up.  So `sum_to`
and `broadcast_to` are each other's derivative.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.autograd.graph import Node, Rule, raw, record
from minigrad.devices import array_module, device_of, for_every_stream, gpu_of, library_on, moved, use_gpu_of

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def sum_to(a: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Sum an array of a broadcast shape down to the shape that it was broadcast from."""
    x = raw(a)
    if type(x) is not np.ndarray:
        use_gpu_of(x)
    added = x.ndim - len(shape)
    axes = tuple(range(added))
    if x.shape[added:] != shape:
        axes += tuple([added + i for i, n in enumerate(shape) if n != x.shape[added + i]])
    total = summed(x, axes)
    if total.shape != shape:
        total = total.reshape(shape)
    return total if a is x else record(total, (a,), (sum_to_da,), x.shape)


def sum_to_da(g: Tensor, _out: Tensor, _a: Tensor, shape: tuple[int, ...]) -> Tensor:
    return broadcast_to(g, shape)


def summed(x: Any, axes: tuple[int, ...]) -> Any:
    """A raw array summed along axes.

    A matrix is summed along one of its axes by a product with ones: BLAS takes a tenth of NumPy's time for it.
    """
    if x.ndim == 2 and len(axes) == 1 and x.dtype.char in "fd":
        vector = ones(gpu_of(x), x.shape[axes[0]], x.dtype)
        return vector @ x if axes[0] == 0 else x @ vector
    return x.sum(axes)


@lru_cache(maxsize=64)
def ones(gpu: int | None, shape: Any, dtype: Any) -> Any:
    """A raw array of ones on a GPU or (None) the CPU, made once for each shape: not to be changed."""
    xp = np if gpu is None else library_on(gpu)
    made = for_every_stream(xp.ones(shape, dtype))
    if xp is np:
        made.flags.writeable = False
    return made


def broadcast_to(a: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Repeat an array along new and length-1 axes until it has the shape; every element has its own place."""
    x = raw(a)
    xp = array_module(x)
    value = xp.empty(shape, x.dtype)
    value[...] = x
    return record(value, (a,), (broadcast_to_da,), x.shape)


def broadcast_to_da(g: Tensor, _out: Tensor, _a: Tensor, shape: tuple[int, ...]) -> Tensor:
    return sum_to(g, shape)


def cast(a: Tensor, dtype: Any) -> Tensor:
    """The same values in another NumPy dtype."""
    x = raw(a)
    use_gpu_of(x)
    return record(x.astype(dtype), (a,), (cast_da,), x.dtype)


def cast_da(g: Tensor, _out: Tensor, _a: Tensor, dtype: Any) -> Tensor:
    return cast(g, dtype)


def to_device(a: Tensor, place: Any, non_blocking: bool = False) -> Tensor:
    """The same values on another device; the gradient goes back to where the operand is."""
    x = raw(a)
    copy = moved(x, place, non_blocking)
    return a if copy is x else record(copy, (a,), (to_device_da,), device_of(x))


def to_device_da(g: Tensor, _out: Tensor, _a: Tensor, place: Any) -> Tensor:
    return to_device(g, place)


def fit(gradient: Any, edge: Node, rule: Rule) -> Any:
    """A rule's result in the shape and dtype of the input that it belongs to."""
    shape = raw(gradient).shape
    if shape != edge.shape:
        if not broadcasts(edge.shape, shape):
            raise RuntimeError(
                f"{rule_name(rule)} returned a gradient of shape {list(shape)} for an input of shape {list(edge.shape)}"
            )
        gradient = sum_to(gradient, edge.shape)
    if raw(gradient).dtype != edge.dtype:
        gradient = cast(gradient, edge.dtype)
    return gradient


def broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    """Whether an array of one shape can be broadcast to the other."""
    if shape == to[len(to) - len(shape) :]:
        return True
    return len(shape) <= len(to) and all(n in (1, m) for n, m in zip(reversed(shape), reversed(to)))


def rule_name(rule: Rule) -> str:
    """A rule's name for messages."""
    name: str = getattr(rule, "func", rule).__name__
    return name
