"""Samples for the ops of layers: normalization, embeddings, dropout."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from op_samples import near
from samples import FLAG, OMITTED, Draw, Options, Sample, array, one_of, perhaps, shape


def float_dtype(draw: Draw, smooth: bool) -> str:
    """The dtype of a layer's input and parameters."""
    return "float64" if smooth else str(draw(one_of("float32", "float64")))


def perhaps_none(draw: Draw, parameter: Any) -> Any:
    """A weight or a bias, or none."""
    return parameter if draw(one_of(True, True, True, False)) else None


def seldom_wrong(draw: Draw, smooth: bool, size: int) -> int:
    """A size that fits, or seldom one that does not."""
    return size + (not smooth and draw(one_of(*[False] * 9, True)))


def some_eps(draw: Draw, operands: tuple[Any, ...]) -> Any:
    """What is added to the variance: enough that float32's rounding of a small spread does not show."""
    return draw(one_of(0.5, 0.1) if operands[0].dtype == "float32" else one_of(OMITTED, 0.5, 1e-3))


def batches(draw: Draw, smooth: bool) -> Sample:
    """Input, running mean and variance, weight and bias of a batch normalization, in training or not.

    For finite differences there are three values or more for each channel: of two, the results are +1 and -1.
    """
    dtype, channels = float_dtype(draw, smooth), draw(st.integers(1, 3))
    number = draw(st.integers(3, 4) if smooth else one_of(2, 3, 5, 1, 0))
    x = near(draw, smooth, (number, channels, *shape(draw, smooth, most=2)), dtype)
    sizes = [(seldom_wrong(draw, smooth, channels),) for _ in range(4)]
    mean, variance, weight, bias = (near(draw, smooth, size, dtype) for size in sizes)
    statistics = (mean, np.asarray(abs(variance) + variance.dtype.type(0.125)))
    training = draw(st.booleans())
    if training and draw(one_of(False, True)):
        statistics = (None, None)
    operands = (x, *statistics, perhaps_none(draw, weight), perhaps_none(draw, bias), training)
    return Sample(
        operands, Options({"momentum": perhaps(one_of(0.5, 0.0, 1.0)), "eps": some_eps}).draw(draw, operands), (1, 2)
    )


def layers(draw: Draw, smooth: bool) -> Sample:
    """Input, normalized shape, weight and bias of a layer normalization."""
    dtype = float_dtype(draw, smooth)
    ending = (*shape(draw, smooth, most=1), draw(st.integers(3, 4) if smooth else one_of(3, 2, 5, 1, 0)))
    x = near(draw, smooth, (*shape(draw, smooth, most=2), *ending), dtype)
    wanted = (*ending[:-1], seldom_wrong(draw, smooth, ending[-1]))
    weight, bias = (near(draw, smooth, (*ending[:-1], seldom_wrong(draw, smooth, ending[-1])), dtype) for _ in range(2))
    operands = (x, list(wanted), perhaps_none(draw, weight), perhaps_none(draw, bias))
    return Sample(operands, Options({"eps": some_eps}).draw(draw, operands))


def looked_up(draw: Draw, smooth: bool) -> Sample:
    """Row numbers (seldom one that there is not), the rows, and the options of an embedding."""
    number = draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    rows = np.asarray(rng.integers(0, seldom_wrong(draw, smooth, number), shape(draw, smooth)))
    rows = rows.astype(draw(one_of("int64", "int64", "int32", "int64" if smooth else "int16")))
    table = array(draw, smooth, (number, draw(st.integers(1, 3))), ("float32", "float64"))
    padding = st.integers(-number, number - 1)
    # Neither gives the derivative: finite differences would contradict.
    options = {} if smooth else {"padding_idx": perhaps(padding), "scale_grad_by_freq": FLAG}
    return Sample((rows, table), Options(options).draw(draw, ()))


def unflattened(draw: Draw, smooth: bool) -> Sample:
    """A tensor, one of its dimensions, and sizes for it (one perhaps -1, or seldom a wrong one)."""
    x = array(draw, smooth, shape(draw, smooth, least=1), ("float32", "float64", "int64"))
    dim = draw(st.integers(-x.ndim, x.ndim - 1))
    size = seldom_wrong(draw, smooth, x.shape[dim])
    return Sample((x, dim, draw(one_of([size], [1, size], [size, 1, 1], [-1], [1, -1], [size, -1], [2, -1]))))
