"""The order in which elements lie in memory: a result takes it over from the operands, as in PyTorch.

It decides what `view` takes, and where `reshape` gives a view.  NumPy's own functions of each element keep the order of
their operand too, but where two differ they go by rows, while in PyTorch the first operand has its way.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import lt
from typing import Any

import numpy as np

from minigrad.arrays import array_module, copy_of, on_its_gpu

Strides = tuple[int, ...]


def axes_by_steps(shape: Sequence[int], strides: Sequence[Strides]) -> list[int]:
    """The axes of a result from that of the smallest steps through memory to that of the largest.

    strides: those of each operand, broadcast to the shape.  It is the insertion sort of PyTorch's TensorIterator
    (reorder_dimensions), which starts with rows and leaves axes alone that no operand can compare.
    """
    axes = list(reversed(range(len(shape))))
    for i in range(1, len(axes)):
        here = i
        for before in reversed(range(i)):
            comparison = compared(axes[before], axes[here], shape, strides)
            if comparison > 0:
                axes[before], axes[here] = axes[here], axes[before]
                here = before
            elif comparison < 0:
                break
    return axes


def compared(i: int, j: int, shape: Sequence[int], strides: Sequence[Strides]) -> int:
    """Which of two axes has the larger steps, by the first operand that tells: 1 for i, -1 for j, 0 for none.

    An operand does not tell where it is expanded along one of them; of equal steps, the longer axis counts as larger.
    """
    for steps in strides:
        if steps[i] and steps[j] and steps[i] != steps[j]:
            return 1 if steps[i] > steps[j] else -1
        if steps[i] and steps[j] and shape[i] > shape[j]:
            return 1
    return 0


def broadcast_strides(x: Any, shape: Sequence[int]) -> Strides:
    """The strides with which a raw array is read as one of another shape: 0 along axes where it is repeated."""
    if x.shape == tuple(shape):
        return steps_of(x)
    added = len(shape) - x.ndim
    kept = [0 if n == 1 != wanted else step for n, wanted, step in zip(x.shape, shape[added:], steps_of(x))]
    return (*(0,) * added, *kept)


def axes_of_result(shape: Sequence[int], *operands: Any) -> list[int]:
    """The axes of the result of an elementwise op, by the steps that it takes through memory."""
    return axes_by_steps(shape, [broadcast_strides(x, shape) for x in operands])


def agrees(x: Any, shape: Sequence[int], axes: Sequence[int]) -> bool:
    """Whether a raw array, broadcast to a shape, takes larger steps along each axis than along those before it."""
    strides = broadcast_strides(x, shape)
    steps = [strides[axis] for axis in axes if shape[axis] > 1 and strides[axis]]
    return all(map(lt, steps, steps[1:]))


def empty_by_axes(axes: Sequence[int], shape: Sequence[int], xp: Any, dtype: Any) -> Any:
    """An array of a library, without gaps, whose steps through memory are the larger the later an axis comes."""
    if xp is np:
        strides, step = [0] * len(shape), np.dtype(dtype).itemsize
        for axis in axes:
            strides[axis] = step
            step *= max(shape[axis], 1)
        return np.ndarray(shape, dtype, strides=strides)
    outer_first = list(reversed(axes))
    empty = xp.empty([shape[axis] for axis in outer_first], dtype)
    return empty.transpose([outer_first.index(axis) for axis in range(len(shape))])


def empty_as(x: Any, dtype: Any = None, xp: Any = None) -> Any:
    """An array without gaps in the shape and the order of a raw one, and in its dtype and library unless given."""
    dtype, xp = x.dtype if dtype is None else dtype, xp or array_module(x)
    if x.flags.c_contiguous:
        return xp.empty(x.shape, dtype)
    if x.flags.f_contiguous:
        return xp.empty(x.shape, dtype, order="F")
    return empty_by_axes(axes_of_result(x.shape, x), x.shape, xp, dtype)


def copied(x: Any, dtype: Any = None) -> Any:
    """A copy of a raw array without gaps, in its order; in its dtype unless one is given."""
    value = empty_as(x, dtype)
    value[...] = x
    return value


def axes_unless_by_rows(x: Any) -> list[int] | None:
    """The axes of a raw array, that of the smallest steps first; None where it lies by rows."""
    return None if x.flags.c_contiguous else axes_of_result(x.shape, x)


def copied_by_axes(x: Any, axes: Sequence[int] | None) -> Any:
    """A copy of a raw array without gaps, in the order of some axes; None: by rows."""
    if axes is None:
        return copy_of(x)
    value = empty_by_axes(axes, x.shape, array_module(x), x.dtype)
    value[...] = x
    return value


def by_rows(x: Any) -> Any:
    """A raw array by rows, the order of its indices: itself, or a copy."""
    return x if x.flags.c_contiguous else on_its_gpu(x).copy(order="C")


def laid_out(x: Any, axes: Sequence[int]) -> Any:
    """A raw array without gaps in the order of some axes: itself, or a copy."""
    value = empty_by_axes(axes, x.shape, array_module(x), x.dtype)
    if same_places(x, value):
        return x
    value[...] = x
    return value


def same_places(x: Any, y: Any) -> bool:
    """Whether two arrays of one shape are in the same order, with the same gaps: an axis of length 1 has no steps."""
    return all(n < 2 or i == j for n, i, j in zip(x.shape, x.strides, y.strides))


def ordered(value: Any, *operands: Any) -> Any:
    """The raw result of an elementwise op in the order that its operands, raw arrays, give it: itself, or a copy."""
    if all(x.flags.c_contiguous or not isinstance(x, np.ndarray) for x in operands):
        return value
    return laid_out(value, axes_of_result(value.shape, *operands))


def is_dense(x: Any) -> bool:
    """Whether the elements of a raw array lie side by side in some order: no gaps, none of them twice."""
    expected = x.itemsize
    for step, n in sorted((step, n) for step, n in zip(x.strides, x.shape) if n > 1):
        if step != expected:
            return 0 in x.shape
        expected *= n
    return True


def replica(x: Any) -> Any:
    """A copy of a raw array with the same strides: where there are gaps, what lies in them is copied as well."""
    return copied(x) if is_dense(x) else guarded(elements(spanned(x).copy(), 0, x.shape, x.strides))


# Memory itself ------------------------------------------------------------------------------------------------


def memory_of(x: Any) -> Any:
    """All the memory that a raw array looks at a part of, as a flat array of its dtype."""
    owner = x
    while type(owner.base) is type(x):
        owner = owner.base
    if not isinstance(owner, np.ndarray):
        return elements(owner, 0, (owner.nbytes // x.itemsize,), (x.itemsize,), x.dtype)
    flat = np.lib.stride_tricks.as_strided(owner, (span(owner),), (owner.itemsize,)).view(np.uint8)
    return elements(flat, 0, (flat.size // x.itemsize,), (x.itemsize,), x.dtype)


def address(x: Any) -> int:
    """Where in memory the first element of a raw array is (a GPU's addresses differ from the CPU's)."""
    start: int = x.__array_interface__["data"][0] if isinstance(x, np.ndarray) else x.data.ptr
    return start


def span(x: Any) -> int:
    """From the first element of a raw array to its last, in elements."""
    return 1 + sum((n - 1) * step for n, step in zip(x.shape, x.strides)) // x.itemsize if x.size else 0


def elements(memory: Any, offset: int, shape: Sequence[int], strides: Strides, dtype: Any = None) -> Any:
    """An array that looks at a flat one, and does not reach outside of it.  offset and strides: in bytes."""
    xp, dtype = array_module(memory), memory.dtype if dtype is None else dtype
    if isinstance(memory, np.ndarray):
        return np.ndarray(shape, dtype, memory, offset, strides)
    return xp.ndarray(shape, dtype, memory.data + offset, strides)


def guarded(x: Any) -> Any:
    """An array that is new; NumPy's is made read-only if an element is repeated along an axis."""
    if isinstance(x, np.ndarray) and any(n > 1 and step == 0 for n, step in zip(x.shape, x.strides)):
        x.flags.writeable = False
    return x


def spanned(x: Any) -> Any:
    """The memory of a raw array from its first element to its last, as a flat array."""
    return elements(memory_of(x), address(x) - address(memory_of(x)), (span(x),), (x.itemsize,))


def steps_of(x: Any) -> Strides:
    """The strides of a raw array in elements, as PyTorch gives them.

    NumPy has none for an array without elements, and 0 for a new axis of length 1: there they are those of rows.
    """
    if x.size and 0 not in x.strides:
        return tuple([step // x.itemsize for step in x.strides])
    steps: Strides = ()
    row = 1
    for n, step in zip(reversed(x.shape), reversed(x.strides)):
        steps = (row if x.size == 0 or (n == 1 and step == 0) else step // x.itemsize, *steps)
        row = max(n, 1) * steps[0]
    return steps
