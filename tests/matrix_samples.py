"""Samples for linear algebra: matrices that are far from singular, and calls that make them symmetric or triangular."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from picking_samples import seldom
from samples import FLAG, Draw, Make, Options, Sample, one_of, perhaps

Call = Callable[..., Any]


def batch(draw: Draw) -> tuple[int, ...]:
    """The leading dimensions of a few matrices."""
    return draw(one_of((), (), (2,), (1, 3)))  # type: ignore[no-any-return]


def filled(draw: Draw, smooth: bool, size: tuple[int, ...]) -> Any:
    """Numbers without ties; seldom of a dtype that is refused."""
    dtype = "float64" if smooth else draw(one_of("float32", "float64"))
    numbers = np.random.default_rng(draw(st.integers(0, 2**20))).normal(size=size)
    if seldom(draw, smooth):
        return np.round(numbers * 3).astype(draw(one_of("int64", "float16")))
    return numbers.astype(dtype)


def square(draw: Draw, smooth: bool) -> Any:
    """Square matrices with a large diagonal, of sizes up to 4; seldom others."""
    n = draw(st.integers(1, 3 if smooth else 4))
    x = filled(draw, smooth, (*batch(draw), n, n))
    if seldom(draw, smooth):
        return filled(draw, smooth, draw(one_of((2, 3), (3,), (0, 0), (2, 0, 0))))
    return (x / 4 + 2 * np.eye(n)).astype(x.dtype)


def squares(draw: Draw, smooth: bool) -> Sample:
    """Square matrices."""
    return Sample((square(draw, smooth),))


def with_options(make: Make, **strategies: Any) -> Make:
    """A sample and some options."""

    def made(draw: Draw, smooth: bool) -> Sample:
        sample = make(draw, smooth)
        return Sample(sample.operands, Options(strategies).draw(draw, sample.operands))

    return made


def powers(draw: Draw, smooth: bool) -> Sample:
    """A matrix and its exponent."""
    return Sample((square(draw, smooth), draw(st.integers(-2, 4))))


def rectangles(draw: Draw, smooth: bool) -> Sample:
    """Matrices of any sizes, whose singular values are apart."""
    m, n = draw(one_of((3, 2), (2, 3), (2, 2), (1, 3), (3, 1), (4, 2)))
    x = filled(draw, smooth, (*batch(draw), m, n))
    if x.dtype.kind != "f" or x.dtype == "float16":
        return Sample((x,))
    u, _, vh = np.linalg.svd(x, full_matrices=False)
    sizes = np.arange(min(m, n), 0, -1) + np.random.default_rng(m).uniform(0, 0.3, min(m, n))
    return Sample((((u * sizes) @ vh).astype(x.dtype),))


def with_first_columns_apart(draw: Draw, smooth: bool) -> Sample:
    """As `rectangles`, of a large diagonal: of a matrix with more columns than rows, qr goes by the first columns."""
    (x,) = rectangles(draw, smooth).operands
    number = min(x.shape[-2:])
    if x.dtype.kind == "f":
        x[..., range(number), range(number)] += 3
    return Sample((x,))


def systems(draw: Draw, smooth: bool) -> Sample:
    """A, B and perhaps left=False."""
    a = square(draw, smooth)
    left = draw(st.booleans())
    n, k = a.shape[-1], draw(one_of(1, 2, 3))
    shape = draw(one_of((n, k) if left else (k, n), (2, 1, n, k) if left else (2, 1, k, n), a.shape[:-1]))
    return Sample((a, np.asarray(filled(draw, smooth, shape), a.dtype)), {} if left else {"left": False})


def triangular(draw: Draw, smooth: bool) -> Sample:
    """A, B and the options of solve_triangular."""
    sample = systems(draw, smooth)
    options = {"upper": draw(st.booleans()), **Options({"unitriangular": FLAG}).draw(draw, ())}
    return Sample(sample.operands, {**sample.options, **options})


def by_factor(draw: Draw, smooth: bool) -> Sample:
    """Right-hand sides, and matrices of which a triangle is the factor."""
    a = square(draw, smooth)
    b = filled(draw, smooth, (*a.shape[:-1], 2)).astype(a.dtype)
    return Sample((b, a), Options({"upper": FLAG}).draw(draw, ()))


def least(draw: Draw, smooth: bool) -> Sample:
    """What lstsq takes."""
    (a,) = rectangles(draw, smooth).operands
    b = filled(draw, smooth, (*a.shape[:-1], draw(one_of(1, 2)))).astype(a.dtype)
    drivers = perhaps(one_of("gelsd", "gelss", "gelsy"))
    return Sample((a, b[..., 0] if draw(st.booleans()) else b), Options({"driver": drivers}).draw(draw, ()))


def chains(draw: Draw, smooth: bool) -> Sample:
    """Matrices to multiply, of which the first and the last may be vectors."""
    count = draw(st.integers(2, 5))
    sizes = [draw(st.integers(1, 4)) for _ in range(count + 1)]
    arrays = [filled(draw, smooth, sizes[i : i + 2]) for i in range(count)]  # type: ignore[arg-type]
    arrays = [x.astype(arrays[0].dtype) for x in arrays]
    if draw(st.booleans()):
        arrays[0] = arrays[0][0]
    if draw(st.booleans()):
        arrays[-1] = arrays[-1][:, 0]
    return Sample((arrays,))


def conditions(draw: Draw, smooth: bool) -> Sample:
    """What cond takes."""
    orders = one_of(2, -2, "nuc")
    return Sample((square(draw, smooth),), Options({"p": perhaps(orders)}).draw(draw, ()))


def other_conditions(draw: Draw, smooth: bool) -> Sample:
    """What cond takes that PyTorch cannot differentiate."""
    orders = one_of("fro", 1, -1, float("inf"), -float("inf"))
    return Sample((square(draw, smooth),), Options({"p": orders}).draw(draw, ()))


def singular_norms(draw: Draw, smooth: bool) -> Sample:
    """Matrices and the orders that are of singular values."""
    (x,) = rectangles(draw, smooth).operands
    return Sample((x,), Options({"ord": one_of("nuc", 2, -2), "keepdim": FLAG}).draw(draw, ()))


# Calls --------------------------------------------------------------------------------------------------------


def of_products(function: Call) -> Call:
    """A function of symmetric, positive-definite matrices, of any square ones: of A A^T + 1."""

    def call(torch: Any, x: Any, *rest: Any, **options: Any) -> Any:
        return function(torch, x @ x.mT + torch.eye(x.shape[-1], dtype=x.dtype, device=x.device), *rest, **options)

    return call


def of_symmetric(function: Call) -> Call:
    """A function of symmetric matrices, of any square ones, with numbers apart added to the diagonal."""

    def call(torch: Any, x: Any, *rest: Any, **options: Any) -> Any:
        apart = torch.diag(torch.arange(x.shape[-1], dtype=x.dtype, device=x.device) * 5)
        return function(torch, x + x.mT + apart, *rest, **options)

    return call


def with_triangle(function: Call, position: int) -> Call:
    """A function of a triangular matrix, of which the other triangle is 0."""

    def call(torch: Any, *operands: Any, **options: Any) -> Any:
        given = list(operands)
        given[position] = (given[position].triu if options.get("upper") else given[position].tril)()
        return function(torch, *given, **options)

    return call


def even(function: Call, *kinds: str) -> Call:
    """A function whose vectors have signs of their own: what it gives is squared (or, of others, as it is)."""

    def call(torch: Any, *operands: Any, **options: Any) -> Any:
        parts = function(torch, *operands, **options)
        return tuple(x * x if kind == "even" else x for kind, x in zip(kinds, parts))

    return call


def contiguous(function: Call) -> Call:
    """A function whose results are laid out by rows."""

    def call(torch: Any, *operands: Any, **options: Any) -> Any:
        return tuple(x.contiguous() for x in function(torch, *operands, **options))

    return call
