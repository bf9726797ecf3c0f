"""Random integers: a raw word, or two, modulo the number of possible results.

    number = low + word % (high - low)

The small results of a modulo come up a little more often than the large ones.  So from 2^28 results on,
PyTorch takes 64 bits instead of 32.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.random.engine import MersenneTwister

DType = np.dtype[Any]

TWO_WORDS_FROM = 1 << 28


def integers_between(engine: MersenneTwister, count: int, low: int, high: int | None, dtype: DType) -> NDArray[Any]:
    """Numbers low <= number < high; without `high`, up to the largest that the dtype holds."""
    low, high = usable_bounds(low, highest(dtype) + 1 if high is None else high, dtype)
    return modulo(engine, count, low, high - low, two_words=high - low >= TWO_WORDS_FROM).astype(dtype)


def all_integers(engine: MersenneTwister, count: int, dtype: DType) -> NDArray[Any]:
    """Numbers from 0 up to the largest that the dtype holds; here its size decides on one or two words."""
    return modulo(engine, count, 0, highest(dtype) + 1, two_words=dtype.itemsize == 8).astype(dtype)


def modulo(engine: MersenneTwister, count: int, low: int, choices: int, two_words: bool) -> NDArray[np.int64]:
    """low + word % choices."""
    if not two_words:
        return (engine.words(count) % np.uint32(choices)).astype(np.int64) + low
    numbers = engine.double_words(count)
    if choices == 1 << 64:  # every int64 there is
        return numbers.view(np.int64)
    return (numbers % np.uint64(choices) + np.uint64(low % (1 << 64))).view(np.int64)  # two's complement


def highest(dtype: DType) -> int:
    """The largest integer of a dtype; for floats, the largest up to which it holds them all."""
    if dtype.kind == "b":
        return 1
    return 1 << digits(dtype) if dtype.kind == "f" else int(np.iinfo(dtype).max)


def digits(dtype: DType) -> int:
    """The number of significant bits of a floating dtype."""
    return np.finfo(dtype).nmant + 1


def usable_bounds(low: int, high: int, dtype: DType) -> tuple[int, int]:
    """The bounds as they act for a dtype; those that are empty or that it cannot hold are refused."""
    if low >= high:
        raise RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}")
    if dtype.kind != "f":
        smallest = 0 if dtype.kind == "b" else int(np.iinfo(dtype).min)
        refuse_outside(smallest, low, high - 1, highest(dtype), dtype)
        return low, high
    largest = int(np.finfo(dtype).max)
    refuse_outside(-largest, low, high - 1, largest, dtype)
    low, high = moved_inwards(low, high, dtype)
    every = highest(dtype)
    for name, bound in (("from", low), ("to - 1", high - 1)):
        if not -every <= bound <= every:
            exponent = digits(dtype)
            warnings.warn(
                f"{name} is out of bounds [-(2^{exponent}), 2^{exponent}]: {dtype.name} does not hold every "
                "integer beyond, so the distribution is not quite uniform",
                stacklevel=4,
            )
    return low, high


def refuse_outside(smallest: int, first: int, last: int, largest: int, dtype: DType) -> None:
    """Refuse a range of numbers that leaves the range of a dtype."""
    for name, bound in (("from", first), ("to - 1", last)):
        if not smallest <= bound <= largest:
            raise RuntimeError(f"{name} is out of bounds for {dtype.name}: {bound} not in [{smallest}, {largest}]")


def moved_inwards(low: int, high: int, dtype: DType) -> tuple[int, int]:
    """Bounds for a float dtype such that no number from between them leaves them by being rounded to it."""

    def rounded(number: int) -> tuple[int, int]:
        return int(dtype.type(number)), 1 << max(0, abs(number).bit_length() - digits(dtype))

    first, spacing = rounded(low + 1)
    if first < low:
        low = first + spacing
    last, spacing = rounded(high - 1)
    if last >= high:
        high = last - spacing
    if low >= high:
        raise RuntimeError(
            "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, "
            f"but got from={low} >= to={high} for {dtype.name}"
        )
    return low, high
