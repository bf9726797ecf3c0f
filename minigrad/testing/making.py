"""`make_tensor`: random numbers for tests, the same draws as PyTorch's."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from minigrad import dtypes
from minigrad.limits import finfo, iinfo
from minigrad.ops.creation import empty
from minigrad.ops.sampling import randint, uniform_
from minigrad.tensor import Tensor

__all__ = ["make_tensor"]


def make_tensor(
    *shape: Any,
    dtype: Any,
    device: Any,
    low: float | None = None,
    high: float | None = None,
    requires_grad: bool = False,
    noncontiguous: bool = False,
    exclude_zero: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """A tensor of numbers from [low, high): by default -9 to 9 for floats, to 10 for integers, 0 or 1 for bools.

    shape: sizes, or a tuple of them.  device, dtype, requires_grad, memory_format: those of the tensor.  noncontiguous:
    every other element of a larger one.  exclude_zero: the smallest normal number (1 for integers) in place of 0.
    ValueError for integers that are to require grad, for low >= high, nan, and bounds that the dtype does not reach.
    https://docs.pytorch.org/docs/stable/testing.html#torch.testing.make_tensor
    """
    sizes: tuple[int, ...] = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], Sequence) else shape
    if noncontiguous and memory_format is not None:
        raise ValueError(
            f"The parameters `noncontiguous` and `memory_format` are mutually exclusive, but got {noncontiguous=} and "
            f"{memory_format=}"
        )
    if requires_grad and not dtype.is_floating_point:
        raise ValueError(f"`requires_grad=True` is not supported for boolean and integral dtypes, but got {dtype=}")
    noncontiguous = noncontiguous and math.prod(sizes) > 1
    if noncontiguous:
        sizes = (*sizes[:-1], 2 * sizes[-1])
    result = drawn(sizes, dtype, device, low, high)
    if noncontiguous:
        result = result[..., 1::2]
    elif memory_format is not None:
        result = result.clone(memory_format=memory_format)
    if exclude_zero:
        result[result == 0] = finfo(dtype).tiny if dtype.is_floating_point else 1
    return result.requires_grad_() if requires_grad else result


def drawn(shape: tuple[int, ...], dtype: Any, device: Any, low: Any, high: Any) -> Tensor:
    """Random numbers from an interval."""
    if dtype is dtypes.bool_:
        bounds = interval(dtype, low, high, (0, 2), (0, 2))
        return randint(*bounds, shape, dtype=dtype, device=device)
    if not dtype.is_floating_point:
        limits = iinfo(dtype)
        most = limits.max + (dtype is not dtypes.int64)
        return randint(*interval(dtype, low, high, (limits.min, most), (-9, 10)), shape, dtype=dtype, device=device)
    result, largest = empty(shape, dtype=dtype, device=device), finfo(dtype).max
    low, high = interval(dtype, low, high, (-largest, largest), (-9, 9))
    if high - low >= largest:
        return uniform_(result, low / 2, high / 2).mul_(2)
    return uniform_(result, low, high)


def interval(dtype: Any, low: Any, high: Any, reach: tuple[Any, Any], default: tuple[int, int]) -> tuple[Any, Any]:
    """The bounds as they are drawn from.  ValueError for those that make no sense."""
    low, high = default[0] if low is None else low, default[1] if high is None else high
    if any(isinstance(bound, float) and math.isnan(bound) for bound in (low, high)):
        raise ValueError(f"`low` and `high` cannot be NaN, but got {low=} and {high=}")
    if low == high and dtype.is_floating_point:
        warnings.warn(
            "Passing `low==high` to `torch.testing.make_tensor` for floating or complex types is deprecated since 2.1 "
            "and will be removed in 2.3. Use `torch.full(...)` instead.",
            FutureWarning,
            stacklevel=4,
        )
    elif low >= high:
        raise ValueError(f"`low` must be less than `high`, but got {low} >= {high}")
    elif high < reach[0] or low >= reach[1]:
        raise ValueError(
            f"The value interval specified by `low` and `high` is [{low}, {high}), but {dtype} only supports "
            f"[{reach[0]}, {reach[1]})"
        )
    low, high = (min(max(bound, reach[0]), reach[1]) for bound in (low, high))
    return (low, high) if dtype.is_floating_point else (math.ceil(low), math.ceil(high))
