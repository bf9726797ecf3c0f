"""Samples for products of vectors and matrices, and for norms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st
from op_samples import near, perhaps_dims
from pair_samples import apart
from picking_samples import seldom
from samples import (
    ALL,
    FLAG,
    Draw,
    Make,
    Options,
    Sample,
    array,
    broadcast_shapes,
    one_of,
    perhaps,
    shape,
    stretched_to,
)


def of_shapes(draw: Draw, smooth: bool, *shapes: tuple[int, ...]) -> list[Any]:
    """Arrays for a product; seldom of two dtypes."""
    dtype = draw(one_of("float32", "float64", "float32", "int64")) if not smooth else "float64"
    arrays = [near(draw, smooth, size, dtype) for size in shapes]
    if seldom(draw, smooth) and not (len(shapes) == 3 and len(shapes[1]) == 1):  # addr takes two, and fails later
        arrays[-1] = arrays[-1].astype("float16")
    return arrays


def fitting(*letters: str, added: str | None = None, stretched: bool = True) -> Make:
    """Tensors whose dimensions are named: equal letters, equal sizes (mostly).  added: one to add, which broadcasts."""

    def make(draw: Draw, smooth: bool) -> Sample:
        sizes = {
            name: draw(st.integers(1, 3) if smooth else one_of(2, 3, 1, 4, *[0] * (added != "n"))) for name in "bknm"
        }
        shapes = [tuple(sizes[name] for name in names) for names in letters]
        if seldom(draw, smooth):
            shapes[-1] = shape(draw, smooth, *[3, 3] * (len(letters[-1]) == 3))
        if added is None:
            return Sample(tuple(of_shapes(draw, smooth, *shapes)))
        full = tuple(sizes[name] for name in added)
        operands = of_shapes(draw, smooth, stretched_to(draw, full) if stretched else full, *shapes)
        numbers = one_of(2, 0, -1) if operands[0].dtype.kind != "f" else one_of(2, 0, -1, 0.5)
        return Sample(tuple(operands), Options({"beta": perhaps(numbers), "alpha": perhaps(numbers)}).draw(draw, ()))

    return make


def inner_products(draw: Draw, smooth: bool) -> Sample:
    """What inner takes."""
    last = draw(st.integers(1, 3))
    sizes = [draw(one_of((), (last,), (2, last), (1, 3, last))) for _ in range(2)]
    return Sample(tuple(of_shapes(draw, smooth, *sizes)))


def along_dims(draw: Draw, smooth: bool) -> Sample:
    """What tensordot takes."""
    n, m, k = (draw(st.integers(1, 3)) for _ in range(3))
    first, second, dims = draw(
        one_of(
            ((n, k, m), (k, m, 2), 2),
            ((n, k), (k, m), 1),
            ((n,), (m,), 0),
            ((n, k, m), (m, n), ((0, 2), (1, 0))),
            ((n, k), (m, k), ((-1,), (-1,))),
            ((n, 1), (k, m), 1),
            ((n, k), (n, k), 3),
        )
    )
    return Sample((*of_shapes(draw, smooth, first, second), dims))


EQUATIONS = (
    *("ij,jk->ik", "ij,jk", "bij,bjk->bik", "ij,ij->", "ij->ji", "ij->j", "ij->", "ii->i", "ii", "i,j->ij", "i,i"),
    *("bhqd,bhkd->bhqk", "...ij,...jk->...ik", "...i->...", "ij,kl->", "ijk,jil->kl", "i,ij,j->", "ij,jk,kl->il"),
    *("bn,anm,bm->ba", "iij->j", " i j , j -> i ", "...,...", "ba,b", "ij,ij,ij->ij", "i->", "i...->...i", "aB,Bc"),
)


def einstein(draw: Draw, smooth: bool) -> Sample:
    """An equation and operands that fit it (mostly); some sizes are 1."""
    equation = draw(st.sampled_from(EQUATIONS))
    names = sorted({name for name in equation if name.isalpha()})
    sizes = {name: draw(st.integers(1, 3) if smooth else one_of(2, 3, 1, 0)) for name in names}
    full = shape(draw, True, most=2)
    shapes = []
    for term in equation.replace(" ", "").partition("->")[0].split(","):
        before, dots, after = term.partition("...")
        own = [sizes[name] if before.count(name) > 1 else draw(one_of(sizes[name], sizes[name], 1)) for name in before]
        rest = stretched_to(draw, full) if dots else ()
        shapes.append((*own, *rest, *(sizes[name] for name in after)))
    if seldom(draw, smooth):
        shapes[-1] = shape(draw, smooth)
    return Sample((equation, *of_shapes(draw, smooth, *shapes)))


def pairs(draw: Draw, smooth: bool) -> Sample:
    """What kron takes."""
    sizes = [shape(draw, smooth) for _ in range(2)]
    return Sample(tuple(np.array(x, order="C") for x in of_shapes(draw, smooth, *sizes)))  # PyTorch fails for others


ORDERS = one_of(2, 1, 0, 3, math.inf, -math.inf, 0.5, 1.5, -1, 2.0)


def normed(name: str, dims: Any = perhaps_dims, orders: Any = ORDERS) -> Make:
    """A tensor, the order of its norm, and dimensions."""

    def make(draw: Draw, smooth: bool) -> Sample:
        x = away_from_infinity(draw, smooth, shape(draw, smooth))
        options = Options({name: perhaps(orders), "dim": dims, "keepdim": FLAG}).draw(draw, (x,))
        if "dim" not in options:
            options.pop("keepdim", None)
        return Sample((x,), options)

    return make


def away_from_infinity(draw: Draw, smooth: bool, size: tuple[int, ...]) -> Any:
    """A tensor for norms, with zeros and ties, seldom of integers."""
    dtypes = ALL if seldom(draw, smooth) else ("float32", "float64")
    x = array(draw, smooth, size, dtypes)
    return near(draw, smooth, size, x.dtype.name) if x.dtype.kind == "f" and not smooth else x


def sizes_above_0(draw: Draw, least: int) -> tuple[int, ...]:
    """A shape with elements."""
    return shape(draw, True, least, 3)


def matrix_normed(draw: Draw, smooth: bool) -> Sample:
    """Matrices and the order of their norm."""
    x = near(draw, smooth, sizes_above_0(draw, 2), draw(one_of("float32", "float64")))
    orders = one_of("fro", 1, -1, math.inf, -math.inf) if not smooth else one_of("fro")  # sums of rows may be equal
    dims = perhaps(one_of((-2, -1), (0, 1), (1, 0)))
    return Sample((x,), Options({"ord": perhaps(orders), "dim": dims, "keepdim": FLAG}).draw(draw, (x,)))


def matrix_or_vector_normed(draw: Draw, smooth: bool) -> Sample:
    """What linalg.norm takes: vectors, matrices and others."""
    x = near(draw, smooth, sizes_above_0(draw, 1), draw(one_of("float32", "float64")))
    orders = ORDERS if x.ndim == 1 else one_of(1, math.inf, -1) if not smooth else one_of("fro")
    return Sample((x,), Options({"ord": perhaps(orders), "keepdim": FLAG}).draw(draw, (x,)))


def differences(draw: Draw, smooth: bool) -> Sample:
    """What dist takes."""
    dtype = draw(one_of("float32", "float64"))
    x, y = (near(draw, smooth, size, dtype) for size in broadcast_shapes(draw, smooth, 2))
    return Sample((x, y), Options({"p": perhaps(one_of(2, 1, 3, math.inf))}).draw(draw, ()))


def distances(draw: Draw, smooth: bool) -> Sample:
    """What cdist takes."""
    n, m, k = (draw(st.integers(1, 3)) for _ in range(3))
    dtype = draw(one_of("float32", "float64"))
    batch = draw(one_of((), (2,)))
    operands = tuple(near(draw, smooth, (*batch, rows, k), dtype) for rows in (n, m))
    operands = tuple(map(apart, operands)) if smooth else operands
    return Sample(operands, Options({"p": perhaps(one_of(1.0, 3.0, math.inf, 2.0))}).draw(draw, ()))


def normalized(draw: Draw, smooth: bool) -> Sample:
    """What nn.functional.normalize takes."""
    x = near(draw, smooth, sizes_above_0(draw, 2), draw(one_of("float32", "float64")))
    x[(x != 0) & (abs(x) < 0.5)] = 0.5  # rounding in the gradient is of the size of 1 / x
    return Sample((x,), Options({"p": perhaps(one_of(1.0, 3.0)), "dim": perhaps(one_of(0, -1))}).draw(draw, (x,)))
