"""Samples for normalizations over groups, images, the last dimensions and neighbouring channels."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from layer_samples import float_dtype, perhaps_none, seldom_wrong, some_eps
from op_samples import near
from samples import Draw, Options, Sample, one_of, perhaps, shape


def in_groups(draw: Draw, smooth: bool) -> Sample:
    """Input, the number of groups, weight and bias of a group normalization; three values at least in each group."""
    dtype, groups = float_dtype(draw, smooth), draw(st.integers(1, 2))
    channels = groups * draw(st.integers(2, 3))
    rest = (draw(st.integers(2, 3)), *shape(draw, smooth, most=1))
    x = near(draw, smooth, (draw(st.integers(1, 2) if smooth else st.integers(0, 2)), channels, *rest), dtype)
    sizes = [(seldom_wrong(draw, smooth, channels),) for _ in range(2)]
    weight, bias = (perhaps_none(draw, near(draw, smooth, size, dtype)) for size in sizes)
    operands = (x, seldom_wrong(draw, smooth, groups), weight, bias)
    return Sample(operands, Options({"eps": some_eps}).draw(draw, operands))


def images(draw: Draw, smooth: bool) -> Sample:
    """Input, running statistics, weight and bias of an instance normalization, of its own statistics or those."""
    dtype, channels = float_dtype(draw, smooth), draw(st.integers(1, 3))
    rest = (draw(st.integers(3, 4)), *shape(draw, smooth, most=1))
    x = near(draw, smooth, (draw(st.integers(1, 2) if smooth else st.integers(0, 2)), channels, *rest), dtype)
    sizes = [(seldom_wrong(draw, smooth, channels),) for _ in range(4)]
    mean, variance, weight, bias = (near(draw, smooth, size, dtype) for size in sizes)
    statistics = (mean, np.asarray(abs(variance) + variance.dtype.type(0.125)))
    of_the_input = draw(st.booleans())
    if of_the_input and draw(one_of(False, True)):
        statistics = (None, None)
    operands = (x, *statistics, perhaps_none(draw, weight), perhaps_none(draw, bias), of_the_input)
    options = Options({"momentum": perhaps(one_of(0.5, 0.0, 1.0)), "eps": some_eps}).draw(draw, operands)
    return Sample(operands, options, (1, 2))


def mean_squares(draw: Draw, smooth: bool) -> Sample:
    """Input, normalized shape and weight of a normalization by the mean square."""
    dtype = float_dtype(draw, smooth)
    ending = (*shape(draw, smooth, most=1), draw(st.integers(3, 4) if smooth else one_of(3, 2, 5, 1, 0)))
    x = near(draw, smooth, (*shape(draw, smooth, most=2), *ending), dtype)
    wanted = (*ending[:-1], seldom_wrong(draw, smooth, ending[-1]))
    weight = near(draw, smooth, (*ending[:-1], seldom_wrong(draw, smooth, ending[-1])), dtype)
    operands = (x, list(wanted), perhaps_none(draw, weight))
    return Sample(operands, Options({"eps": some_eps}).draw(draw, operands))


def neighbours(draw: Draw, smooth: bool) -> Sample:
    """Input of three dimensions or more (seldom two), the number of channels, and the options of the normalization."""
    size = (*shape(draw, smooth, least=2, most=2), *shape(draw, smooth, least=1, most=2))
    if not smooth and draw(one_of(*[False] * 9, True)):
        size = size[:2]
    x = near(draw, smooth, size, float_dtype(draw, smooth))
    options = {"alpha": perhaps(one_of(0.5)), "beta": perhaps(one_of(0.5, 2.0)), "k": perhaps(one_of(2.0))}
    return Sample((x, draw(st.integers(1, 4))), Options(options).draw(draw, (x,)))
