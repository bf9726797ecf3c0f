"""The order in which a tensor's elements lie in memory: random numbers are drawn in it, as in PyTorch.

A transposed matrix, say, gets its first draws down its first column, for these elements are neighbours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.arrays import array_module
from minigrad.engine.order import axes_of_result, empty_as

Array = NDArray[Any]


def axes_in_memory_order(array: Array) -> list[int]:
    """The axes of an array from the one with the largest steps through memory to that with the smallest."""
    return axes_of_result(array.shape, array)[::-1]


def in_memory_order(array: Array) -> Array:
    """A view of an array whose elements, row by row, come in ascending order of memory."""
    return array if array.flags.c_contiguous else array.transpose(axes_in_memory_order(array))


def fill(array: Array, values: Array) -> None:
    """Put a flat array of values into an array, the first at its lowest place in memory, and so on."""
    view = in_memory_order(array)
    view[...] = values.reshape(view.shape)


def laid_out_like(array: Array, values: Array) -> Array:
    """A flat array of values as an array of the same shape and order in memory as `array`."""
    if array.flags.c_contiguous:
        return values.reshape(array.shape)
    laid_out: Array = empty_as(array, values.dtype, array_module(values))
    fill(laid_out, values)
    return laid_out


def flattened(array: Array, values: Array) -> Array:
    """Values, broadcast to the shape of `array`, as a flat array in the order of its elements in memory.

    RuntimeError when they do not broadcast to that shape.
    """
    try:
        values = np.broadcast_to(values, array.shape)
    except ValueError:
        raise RuntimeError(
            f"The size of the tensor {array.shape} must match the existing size {values.shape}, "
            "or that must broadcast to it"
        ) from None
    return values.transpose(axes_in_memory_order(array)).reshape(-1)
