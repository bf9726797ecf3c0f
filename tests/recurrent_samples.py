"""Samples for recurrent ops: sequences, states and weights; and sequences of different lengths."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from layer_samples import float_dtype, seldom_wrong
from op_samples import near
from samples import FLAG, Draw, Make, Options, Sample, array, one_of, perhaps, shape


def over_time(gates: int, states: int = 1) -> Make:
    """Input, states and weights of a few layers, in one direction or both; of an LSTM also with a projection."""

    def make(draw: Draw, smooth: bool) -> Sample:
        dtype, both, biases = float_dtype(draw, smooth), *draw(two_flags)
        layers = 1 if smooth else draw(st.integers(1, 2))  # second derivatives of two take long
        both = both and not smooth
        steps, batch, features, size = (draw(st.integers(1, 2 if smooth else 3)) for _ in range(4))
        batch = draw(one_of(batch, batch, 0)) if not smooth else batch
        shown = draw(one_of(size + 1, size)) if states == 2 else size
        size, shown = max(size, shown), min(size, shown)
        params = []
        for layer in range(layers):
            for _ in range(1 + both):
                shapes = [(gates * size, shown * (1 + both) if layer else features), (gates * size, shown)]
                shapes += [(gates * size,)] * (2 * biases) + [(shown, size)] * (shown < size)
                params += [near(draw, smooth, each, dtype) / 2 for each in shapes]
        x = near(draw, smooth, (steps, batch, features), dtype)
        rows = layers * (1 + both)
        hx = [near(draw, smooth, (rows, batch, each), dtype) for each in (shown, size)[:states]]
        batch_first = draw(st.booleans())
        x = np.swapaxes(x, 0, 1) if batch_first else x
        hx = tuple(hx) if states == 2 else hx[0]
        return Sample((x, hx, params, biases, layers, 0.0, True, both, batch_first))

    return make


two_flags = st.tuples(st.booleans(), st.booleans())


def one_step(gates: int, states: int = 1) -> Make:
    """Input, states and weights of a cell; seldom of sizes that do not fit."""

    def make(draw: Draw, smooth: bool) -> Sample:
        dtype, biases = float_dtype(draw, smooth), draw(st.booleans())
        batch, features, size = draw(one_of(2, 1, 2 if smooth else 0)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
        x = near(draw, smooth, (batch, seldom_wrong(draw, smooth, features)), dtype)
        hx = [near(draw, smooth, (seldom_wrong(draw, smooth, batch), size), dtype) for _ in range(states)]
        shapes = [(gates * size, features), (gates * size, size), *[(gates * size,)] * (2 * biases)]
        weights = [near(draw, smooth, each, dtype) for each in shapes]
        return Sample((x, tuple(hx) if states == 2 else hx[0], *weights))

    return make


def lengths(draw: Draw, most: int) -> list[int]:
    """Lengths of a few sequences, which decrease."""
    return sorted(draw(st.lists(st.integers(1, most), min_size=1, max_size=3)), reverse=True)


def padded(draw: Draw, smooth: bool) -> Sample:
    """Sequences side by side, and their lengths: decreasing, or seldom not; now and then too short or too many."""
    wanted = lengths(draw, 4)
    steps = max(wanted) + draw(one_of(0, 0, 1))
    batch_first, ending = draw(st.booleans()), shape(draw, smooth, most=1)
    sizes = (len(wanted), steps) if batch_first else (steps, len(wanted))
    x = array(draw, smooth, (*sizes, *ending), ("float32", "float64", "int64"))
    enforce_sorted = draw(st.booleans())
    wrong = (wanted[::-1], [*wanted[:-1], 0], [*wanted, 1] if enforce_sorted else wanted)
    given = wanted if smooth else draw(one_of(wanted, wanted, *wrong))
    return Sample((x, given, batch_first, enforce_sorted))


def packed(draw: Draw, smooth: bool) -> Sample:
    """Packed rows, their batch sizes, and how they are padded."""
    wanted = lengths(draw, 4)
    sizes = [sum(length > step for length in wanted) for step in range(wanted[0])]
    rows = array(draw, smooth, (sum(sizes), *shape(draw, smooth, most=1)), ("float32", "float64", "int64"))
    longer = perhaps(st.integers(len(sizes) - 1 + smooth, 5))
    options = Options({"batch_first": FLAG, "padding_value": perhaps(one_of(2.0, -1.0)), "total_length": longer})
    return Sample((rows, sizes), options.draw(draw, ()))


def of_different_lengths(draw: Draw, smooth: bool) -> Sample:
    """Tensors of different lengths; seldom none, or one of other sizes."""
    ending, dtype = shape(draw, smooth, most=2), draw(one_of("float32", "float64", "int64"))
    number = draw(st.integers(1, 3) if smooth else one_of(1, 2, 3, 0))
    sizes = [(draw(st.integers(1, 4)), *(seldom_wrong(draw, smooth, n) for n in ending)) for _ in range(number)]
    sequences = [array(draw, smooth, each, (dtype,)) for each in sizes]
    side = one_of("left", "right", "right" if smooth else "top")
    options: dict[str, Any] = {"batch_first": FLAG, "padding_value": perhaps(one_of(2.0, -1.0))}
    return Sample((sequences,), Options({**options, "padding_side": perhaps(side)}).draw(draw, ()))
