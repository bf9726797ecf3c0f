"""Further ways of making tensors: powers at equal distances, and memory with steps of one's own.

dtype, device and requires_grad are those of `minigrad.ops.creation`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import dtypes
from minigrad.arrays import quiet
from minigrad.devices import library_on
from minigrad.engine.graph import raw
from minigrad.engine.order import elements, guarded
from minigrad.ops.creation import checked_number, checked_sizes, finished, linspace
from minigrad.ops.promotion import filling_number, fitting_number, numpy_dtype
from minigrad.ops.shaping import as_sizes

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["empty_strided", "logspace"]


def logspace(
    start: float,
    end: float,
    steps: int,
    base: float = 10.0,
    *,
    dtype: dtypes.dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """base to `steps` powers from start to end, both included, at equal distances: base ** `linspace`.

    RuntimeError for steps below 0, and tensors of dimensions; TypeError for steps that are no int.
    """
    to = numpy_dtype(dtype)
    first, last = checked_number(start), checked_number(end)
    if steps == 1:  # PyTorch rounds, or cuts the fraction off, the power alone
        with quiet():
            value = np.full(1, filling_number(np.power(float(base), np.float64(first)), to, 1), to)
        return finished(value, device, requires_grad)
    if to.kind == "f":
        exponents = raw(linspace(first, last, steps, dtype=dtype, device="cpu"))
    else:
        low, high = (fitting_number(x, to) if steps else 0 for x in (first, last))
        exponents = raw(linspace(low, high, steps, dtype=dtypes.float64, device="cpu"))
    with quiet():
        values = np.power(exponents.dtype.type(base), exponents).astype(to)
    return finished(values, device, requires_grad)


def empty_strided(
    size: Sequence[int],
    stride: Sequence[int],
    *,
    dtype: dtypes.dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor of a size whose values are whatever the memory held, with steps through it of one's own choice.

    stride: how many elements further in memory the next one along each dimension is.  RuntimeError for negative sizes
    or steps, or for fewer or more steps than sizes.
    """
    shape, steps, to = checked_sizes((size,)), as_sizes((stride,)), numpy_dtype(dtype)
    if len(shape) != len(steps):
        raise RuntimeError(
            f"dimensionality of sizes ({len(shape)}) must match dimensionality of strides ({len(steps)})"
        )
    if any(step < 0 for step in steps):
        raise RuntimeError(f"empty_strided(): strides must not be negative, but they are {list(steps)}")
    number = 1 + sum((n - 1) * step for n, step in zip(shape, steps)) if 0 not in shape else 0
    memory = library_on(device).empty(number, to)
    array = elements(memory, 0, shape, tuple(step * to.itemsize for step in steps))
    return finished(guarded(array), device, requires_grad)
