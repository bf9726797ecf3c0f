"""Samples for activations with operands of their own kind."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from op_samples import near
from samples import FLOATS, NUMERIC, Draw, Options, Sample, array, one_of, perhaps, shape


def bounded(draw: Draw, smooth: bool) -> Sample:
    """A tensor, and the bounds of a hardtanh: whole ones for integers; seldom in the wrong order."""
    x = array(draw, smooth, shape(draw, smooth), (*NUMERIC, "bool"), extremes=False)
    whole = x.dtype.kind != "f"
    low, high = draw(one_of((-1, 1), (0, 2), (-3, 2)) if whole else one_of((-1.0, 1.0), (0.25, 2.5), (-0.5, 0.5)))
    if not smooth and draw(one_of(*[False] * 9, True)):
        low, high = high, low
    return Sample((x, low, high))


def above_threshold(draw: Draw, smooth: bool) -> Sample:
    """A tensor, a threshold, and the value below it."""
    x = array(draw, smooth, shape(draw, smooth), (*NUMERIC, "bool"), extremes=False)
    return Sample((x, draw(one_of(1, 0, 2) if x.dtype.kind != "f" else one_of(0.5, 0.0, -1.0)), draw(one_of(2, 0, 7))))


def in_halves(draw: Draw, smooth: bool) -> Sample:
    """A tensor of an even size (seldom an odd one) along a dimension."""
    size = list(shape(draw, smooth, least=1))
    dim = draw(st.integers(-len(size), len(size) - 1))
    size[dim] = 2 * size[dim] + (not smooth and draw(one_of(*[False] * 9, True)))
    return Sample((array(draw, smooth, tuple(size)),), {"dim": dim} if dim != -1 or draw(st.booleans()) else {})


def with_slopes(draw: Draw, smooth: bool) -> Sample:
    """A tensor, and a slope for all or for each channel; seldom of another number or dtype."""
    size = shape(draw, smooth, most=4)
    dtype = "float64" if smooth else str(draw(st.sampled_from(FLOATS)))
    x = near(draw, smooth, size, dtype)
    channels = size[1] if len(size) > 1 else 1
    number = draw(one_of((1,), (), (channels,), (channels,)))
    if not smooth and draw(one_of(*[False] * 7, True)):
        number, dtype = draw(one_of((channels + 1,), (1, channels))), draw(one_of(dtype, "float64"))
    return Sample((x, near(draw, smooth, number, dtype)))


def random_slopes(draw: Draw, smooth: bool) -> Sample:
    """A tensor, and the options of a randomized ReLU (no float16 in training, which PyTorch refuses)."""
    options: dict[str, Any] = {"lower": perhaps(one_of(0.1)), "training": perhaps(st.booleans())}
    x = array(draw, smooth, shape(draw, smooth), ("float32", "float64"))
    return Sample((np.asarray(x),), Options(options).draw(draw, (x,)))


def choices(draw: Draw, smooth: bool) -> Sample:
    """Finite logits, and the options of a Gumbel softmax; hard choices have the gradient of the shares."""
    x = near(draw, smooth, shape(draw, smooth, least=1), "float64" if smooth else draw(one_of("float32", "float64")))
    dim = draw(st.integers(-x.ndim, x.ndim - 1))
    hard = {} if smooth else {"hard": perhaps(st.booleans())}
    return Sample((x,), {"dim": dim} | Options({"tau": perhaps(one_of(0.5, 2)), **hard}).draw(draw, (x,)))
