"""Samples for ops that no family of their own has samples for."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import strategies as st
from op_samples import near
from picking_samples import seldom
from samples import (
    ALL,
    FLAG,
    NUMERIC,
    Draw,
    Make,
    Options,
    Sample,
    array,
    one_dim,
    one_of,
    perhaps,
    shape,
)

# Products -----------------------------------------------------------------------------------------------------


def in_space(dim: Any) -> Make:
    """Two tensors of vectors of three numbers along one dimension; seldom of another number."""

    def make(draw: Draw, smooth: bool) -> Sample:
        sizes = [list(shape(draw, smooth, least=1)) for _ in range(2)]
        at = draw(st.integers(0, len(sizes[0]) - 1))
        sizes[1] = [1 if draw(one_of(False, False, True)) else n for n in sizes[0]]
        for size in sizes:
            size[at] = 3 - seldom(draw, smooth)
        kind = draw(one_of(*NUMERIC))
        operands = tuple(array(draw, smooth, tuple(size), (kind,), extremes=False) for size in sizes)
        return Sample(operands, {"dim": at - len(sizes[0])} if draw(st.booleans()) or not dim else {})

    return make


def chain(draw: Draw, smooth: bool) -> Sample:
    """Matrices that can be multiplied one after the other; seldom one that cannot."""
    sizes = [draw(st.integers(1, 4)) for _ in range(draw(st.integers(3, 5)))]
    dtype = "float64" if smooth else draw(one_of("float32", "float64"))
    return Sample(tuple(near(draw, smooth, (n + seldom(draw, smooth), m), dtype) for n, m in pairwise(sizes)))


# Integrals and powers -----------------------------------------------------------------------------------------


def sampled(draw: Draw, smooth: bool) -> Sample:
    """Values along a dimension, and their places or distance."""
    size = shape(draw, smooth, least=int(smooth))
    y = array(draw, smooth, size, ALL if size else NUMERIC)
    dim = one_dim(draw, (y,))
    options: dict[str, Any] = {"dim": dim} if draw(st.booleans()) else {}
    size = y.shape[options.get("dim", -1)] if y.ndim else 1
    kind = draw(one_of("none", "distance", "places", "all places"))
    if kind == "distance":
        return Sample((y,), options | {"dx": draw(one_of(2, 0.5))})
    if kind == "places":
        return Sample(
            (y, near(draw, smooth, (size + seldom(draw, smooth),), "float64" if smooth else "float32")), options
        )
    if kind == "all places":
        return Sample((y, near(draw, smooth, y.shape, "float64" if smooth else "float32")), options)
    return Sample((y,), options)


def powers_of_a_vector(draw: Draw, smooth: bool) -> Sample:
    """A vector, how many powers, and in which order; seldom a matrix."""
    size = (2, 2) if seldom(draw, smooth) else (draw(st.integers(0, 4)),)
    x = array(draw, smooth, size, ALL, extremes=False)
    return Sample((x,), Options({"N": perhaps(one_of(0, 1, 2, 4)), "increasing": FLAG}).draw(draw, (x,)))


def shortened(draw: Draw, smooth: bool) -> Sample:
    """What renorm takes."""
    x = near(draw, smooth, shape(draw, smooth, least=2), "float64" if smooth else draw(one_of("float32", "float64")))
    orders = (1, 2, 3, 2.5) if smooth else (1, 2, 3, float("inf"), 0)
    return Sample((x, draw(one_of(*orders)), one_dim(draw, (x,)), draw(one_of(0.5, 1, 2.5))))


# Making -------------------------------------------------------------------------------------------------------


def steps_of_ones_own(draw: Draw, _smooth: bool) -> Sample:
    """A size and steps; seldom one step more."""
    size = shape(draw, False)
    return Sample((size, tuple(draw(one_of(1, 0, 5)) for _ in range(len(size) + seldom(draw, False)))))
