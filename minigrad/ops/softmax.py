"""Softmax and its logarithm, computed so that no input overflows.

The result has input's shape.  dtype: the input is converted to it first.  IndexError for a dim that there is not,
NotImplementedError for integers and bools.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import dtypes
from minigrad.arrays import array_module, quiet
from minigrad.engine.broadcasting import cast, sum_to
from minigrad.engine.graph import raw, record
from minigrad.engine.places import op_called
from minigrad.kernels.fused import fused
from minigrad.ops.dims import axis, kept_shape
from minigrad.ops.elementwise import exp
from minigrad.ops.promotion import array_of, numpy_dtype
from minigrad.ops.reductions import largest

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["log_softmax", "softmax"]


def lies_by_columns(x: Any, dim: int) -> bool:
    """Whether `by_columns` lays a raw matrix out anew: one of many short rows, on the CPU."""
    return dim == 1 and x.ndim == 2 and 1 < x.shape[1] <= 32 < x.shape[0] and isinstance(x, np.ndarray)


def by_columns(x: Any, dim: int) -> Any:
    """A raw matrix of short rows laid out column by column: NumPy then works along columns, not row by row."""
    return array_module(x).asfortranarray(x) if lies_by_columns(x, dim) else x


def logits(input: Tensor, dtype: dtypes.dtype | None) -> Tensor:
    """The operand of a softmax, in the dtype asked for; NotImplementedError for integers and bools."""
    if dtype is not None:
        return cast(input, numpy_dtype(dtype))
    x = array_of(input)
    if x.dtype.kind != "f":
        raise NotImplementedError(f"{op_called()}(): not implemented for {x.dtype}: use input.float()")
    return input


def softmax(input: Tensor, dim: int, dtype: dtypes.dtype | None = None) -> Tensor:
    """e ** input, divided by its sum along dim: positive, and adding up to 1.

    The largest element of each row is subtracted first, which changes nothing but keeps e ** x finite.
    """
    a = logits(input, dtype)
    x = raw(a)
    xp = array_module(x)
    dim = axis(dim, x.ndim)
    with quiet():
        value = xp.ascontiguousarray(probabilities(x, dim)) if x.ndim else xp.exp(x - x)
    return record(value, (a,), (softmax_da,), dim if x.ndim else None)


def probabilities(x: Any, dim: int) -> Any:
    """The softmax of a raw array, laid out as `by_columns`."""
    x = by_columns(x, dim)
    powers = exp_difference(x, largest_along(x, dim))
    powers /= sum_to(powers, kept_shape(x.shape, (dim,)))
    return powers


def largest_along(x: Any, dim: int) -> Any:
    """The largest element of a raw array along a dimension, which stays at length 1."""
    if dim == x.ndim - 1 and x.size and x.flags.c_contiguous and type(x) is np.ndarray:  # half the time of x.max()
        starts = np.arange(0, x.size, x.shape[-1])
        return np.maximum.reduceat(x.reshape(-1), starts).reshape(*x.shape[:-1], 1)
    return largest(x, (dim,))


def softmax_da(g: Tensor, out: Tensor, _a: Tensor, dim: Any) -> Tensor:
    return out * (g - sum_to(g * out, kept_shape(out.shape, (dim,))))


def log_softmax(input: Tensor, dim: int, dtype: dtypes.dtype | None = None) -> Tensor:
    """log(softmax(input, dim)), computed without the softmax: it stays finite where that is 0."""
    a = logits(input, dtype)
    x = raw(a)
    xp = array_module(x)
    dim = axis(dim, x.ndim)
    with quiet():
        value = xp.ascontiguousarray(log_probabilities(x, dim)) if x.ndim else x - x
    return record(value, (a,), (log_softmax_da,), dim if x.ndim else None)


def log_probabilities(x: Any, dim: int) -> Any:
    """The logarithm of `probabilities`."""
    x = by_columns(x, dim)
    most = largest_along(x, dim)
    total = sum_to(exp_difference(x, most), kept_shape(x.shape, (dim,)))
    return log_share(x, most, total)


@fused
def exp_difference(xp: Any, x: Any, most: Any) -> Any:
    """e ** (x - most)."""
    return xp.exp(x - most)


@fused
def log_share(xp: Any, x: Any, most: Any, total: Any) -> Any:
    """The logarithm of e ** (x - most) / total."""
    return x - most - xp.log(total)


def log_softmax_da(g: Tensor, out: Tensor, _a: Tensor, dim: Any) -> Tensor:
    return g - exp(out) * sum_to(g, kept_shape(g.shape, (dim,)))
