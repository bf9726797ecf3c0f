"""Ways for an array to lie in memory: for each kind the same shape and dtype, and values of the array's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.testing.samples import Sample

Layout = Callable[[Any, np.random.Generator], Any]


def rows(x: Any, _rng: Any = None) -> Any:
    """By rows."""
    return np.array(x, order="C")


def columns(x: Any, _rng: Any) -> Any:
    """By columns: the first dimension has the shortest steps."""
    return np.array(x, order="F")


def swapped(x: Any, _rng: Any) -> Any:
    """A matrix, or the last two dimensions, transposed."""
    return in_axes(x, [*range(x.ndim - 2), *range(x.ndim)[-2:][::-1]])


def permuted(x: Any, rng: Any) -> Any:
    """Its dimensions in another order."""
    return in_axes(x, list(rng.permutation(x.ndim)))


def channels_last(x: Any, _rng: Any) -> Any:
    """The second dimension with the shortest steps."""
    return in_axes(x, [0, *range(2, x.ndim), 1]) if x.ndim > 2 else rows(x)


def stepped(x: Any, rng: Any) -> Any:
    """Every second or third element along some dimension."""
    if not x.ndim:
        return rows(x)
    axis, step = rng.integers(x.ndim), int(rng.integers(2, 4))
    spaced = np.zeros([step * n if i == axis else n for i, n in enumerate(x.shape)], x.dtype)
    part = (slice(None),) * axis + (slice(None, None, step),)
    spaced[part] = x
    return spaced[part]


def narrowed(x: Any, rng: Any) -> Any:
    """From the middle of a larger array."""
    before, after = rng.integers(0, 2, (2, x.ndim))
    larger: Any = np.zeros([n + i + j for n, i, j in zip(x.shape, before, after, strict=True)], x.dtype)
    part: Any = tuple(slice(i, i + n) for n, i in zip(x.shape, before, strict=True))
    larger[part] = x
    return larger[(*part, ...)]


def permuted_and_narrowed(x: Any, rng: Any) -> Any:
    """From the middle of a larger array, its dimensions in another order."""
    axes = list(rng.permutation(x.ndim))
    return narrowed(rows(x.transpose(axes)), rng).transpose(np.argsort(axes))


def expanded(x: Any, rng: Any) -> Any:
    """One slice along a dimension, again and again."""
    if not x.size or not x.ndim:
        return rows(x)
    axis = rng.integers(x.ndim)
    return strided(rows(x.take([0], axis)), x.shape, lambda strides: [0 if i == axis else s for i, s in strides])


def permuted_and_expanded(x: Any, rng: Any) -> Any:
    """One slice again and again, its dimensions in another order."""
    axes = list(rng.permutation(x.ndim))
    return expanded(x.transpose(axes), rng).transpose(np.argsort(axes))


def overlapping(x: Any, _rng: Any) -> Any:
    """Windows over a line: each starts one element after the one before."""
    if not x.size or not x.ndim:
        return rows(x)
    line = np.resize(x.reshape(-1), sum(n - 1 for n in x.shape) + 1)
    return np.ndarray(x.shape, x.dtype, line, 0, [x.itemsize] * x.ndim)


def single(x: Any, rng: Any) -> Any:
    """A dimension of length 1 whose steps are those of a dimension that was cut."""
    if 1 not in x.shape:
        return permuted(x, rng)
    axis = x.shape.index(1)
    larger = np.repeat(permuted(x, rng), 3, axis)
    return larger[(slice(None),) * axis + (slice(1, 2),)]


def in_axes(x: Any, axes: Sequence[int]) -> Any:
    """An array whose dimensions lie in memory in this order, the first with the largest steps."""
    return rows(x.transpose(axes)).transpose(np.argsort(axes))


def strided(x: Any, shape: Any, steps: Callable[[Any], Any]) -> Any:
    """The memory of an array with other steps."""
    return np.ndarray(shape, x.dtype, x, 0, steps(list(enumerate(x.strides))))


LAYOUTS: tuple[Layout, ...] = (
    *(rows, columns, swapped, permuted, channels_last, stepped, narrowed, permuted_and_narrowed, expanded),
    *(permuted_and_expanded, overlapping, single),
)


def matrices_again(x: Any, _rng: Any) -> Any:
    """One matrix, again and again: the first along a dimension before the last two."""
    return strided(rows(x[:1]), x.shape, lambda strides: [s * (i > 0) for i, s in strides]) if x.ndim > 2 else rows(x)


REGULAR = (*(each for each in LAYOUTS if each not in (expanded, permuted_and_expanded, overlapping)), matrices_again)
"""Ways that keep each matrix as it is: where rows or columns repeat, it has no inverse."""


def laid_out_anew(sample: Sample, seed: int, layouts: tuple[Layout, ...] = LAYOUTS) -> Sample:
    """A sample with each of its arrays laid out in one of these ways."""
    rng = np.random.default_rng(seed)

    def laid_out(x: Any) -> Any:
        if isinstance(x, np.ndarray):
            return layouts[rng.integers(len(layouts))](x, rng)
        if isinstance(x, (list, tuple)):
            return type(x)(laid_out(each) for each in x)
        return x

    options = {name: laid_out(value) for name, value in sample.options.items()}
    return Sample(laid_out(sample.operands), options, sample.constants)
