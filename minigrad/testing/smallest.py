"""The smallest sample on which a check still fails: fewer options and elements, plain layouts, round numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from minigrad.testing.samples import Sample

MOST = 400
"""So many samples are tried."""


def smallest(sample: Sample, fails: Callable[[Sample], bool], inputs: int | None = None) -> Sample:
    """What is left of a sample when nothing more can be taken away or made plainer so that it fails still.

    inputs: so many operands may change their shapes, the first ones (a layer's parameters may not); None for all.
    """
    tried, better = 0, True
    while better:
        better = False
        for plainer in plainer_than(sample, inputs):
            tried += 1
            if tried > MOST:
                return sample
            if fails(plainer):
                sample, better = plainer, True
                break
    return sample


def plainer_than(sample: Sample, inputs: int | None) -> Iterator[Sample]:
    """Samples that are a little plainer, those that are most so first."""
    for name in sample.options:
        yield replace(sample, options={other: value for other, value in sample.options.items() if other != name})
    for part in (*without_dimensions(first(sample, inputs)), *with_shorter_dimensions(first(sample, inputs))):
        yield part if inputs is None else replace(sample, operands=(*part.operands, *sample.operands[inputs:]))
    contiguous = mapped(sample, lambda x: np.array(x, order="C"))
    if any(x.strides != y.strides for x, y in zip(arrays_in(sample), arrays_in(contiguous))):
        yield contiguous
    yield from changed(sample, mapped(sample, finite))
    yield from with_rounder_numbers(sample)


def first(sample: Sample, inputs: int | None) -> Sample:
    """The sample with its first operands alone."""
    return replace(sample, operands=sample.operands[:inputs])


def finite(x: Any) -> Any:
    """An array with a number for nan and infinities."""
    return np.where(np.isfinite(x), x, np.array(0.3, x.dtype)) if x.dtype.kind == "f" else x


def arrays_in(x: Any) -> Iterator[Any]:
    """The arrays of a sample, or of what it consists of."""
    if isinstance(x, Sample):
        yield from arrays_in([*x.operands, *x.options.values()])
    elif isinstance(x, (list, tuple)):
        for each in x:
            yield from arrays_in(each)
    elif isinstance(x, np.ndarray):
        yield x


def mapped(sample: Sample, change: Callable[[Any], Any]) -> Sample:
    """The sample with each of its arrays changed."""

    def changed(x: Any) -> Any:
        if isinstance(x, (list, tuple)):
            return type(x)(changed(each) for each in x)
        return change(x) if isinstance(x, np.ndarray) else x

    options = {name: changed(value) for name, value in sample.options.items()}
    return replace(sample, operands=changed(sample.operands), options=options)


def without_dimensions(sample: Sample) -> Iterator[Sample]:
    """Without the first dimension of the arrays that have the most."""
    most = max((x.ndim for x in arrays_in(sample)), default=0)
    if most and all(len(x) for x in arrays_in(sample) if x.ndim == most):
        for i in (0, -1):

            def inner(x: Any, i: int = i) -> Any:
                return np.array(x[i]) if x.ndim == most else x

            yield mapped(sample, inner)


def with_shorter_dimensions(sample: Sample) -> Iterator[Sample]:
    """With one element along a dimension, counted from the right, of all arrays that are equally long in it."""
    for axis in range(1, 1 + max((x.ndim for x in arrays_in(sample)), default=0)):
        for length in sorted({x.shape[-axis] for x in arrays_in(sample) if x.ndim >= axis and x.shape[-axis] > 1}):
            for i in range(length):

                def cut(x: Any, axis: int = axis, length: int = length, i: int = i) -> Any:
                    fits = x.ndim >= axis and x.shape[-axis] == length
                    return np.array(x.take([i], -axis)) if fits else x

                yield mapped(sample, cut)


def with_rounder_numbers(sample: Sample) -> Iterator[Sample]:
    """With all floats, or one of them, rounder: to one digit, two, three, where they are longer."""
    for digits in (1, 2, 3):
        yield from changed(sample, mapped(sample, partial(rounded, digits=digits)))
    for number, x in enumerate(arrays_in(sample)):
        if x.dtype.kind == "f" and x.size <= 8:
            for place in np.ndindex(x.shape):
                for digits in (1, 2):
                    yield from changed(sample, with_one_rounder(sample, number, place, digits))


def changed(sample: Sample, other: Sample) -> Iterator[Sample]:
    """The other sample, if it is another."""
    pairs = zip(arrays_in(sample), arrays_in(other))
    if any(not np.array_equal(x, y, equal_nan=x.dtype.kind == "f") for x, y in pairs):
        yield other


def rounded(x: Any, digits: int) -> Any:
    """Floats with so many digits; not one that is a multiple of a half then: ops have kinks there."""
    if x.dtype.kind != "f":
        return x
    values = [float(f"{n:.{digits}g}") for n in x.reshape(-1).tolist()]
    kept = [n if new == n or new * 2 == round_half(new) else new for n, new in zip(x.reshape(-1).tolist(), values)]
    return np.array(kept, x.dtype).reshape(x.shape)


def round_half(x: float) -> float:
    """Twice a number as an integer, where there is one."""
    return float(round(x * 2)) if np.isfinite(x) else np.nan


def with_one_rounder(sample: Sample, number: int, place: tuple[int, ...], digits: int) -> Sample:
    """The sample with one element of its array of this number rounder."""
    count = iter(range(10**6))

    def change(x: Any) -> Any:
        if next(count) != number:
            return x
        copy = np.array(x)
        copy[place] = rounded(copy[place].reshape(1), digits)[0]
        return copy

    return mapped(sample, change)
