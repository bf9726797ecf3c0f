"""What the ops are tried on: shapes, dtypes, values, memory layouts and options, drawn by hypothesis.

Values are of two kinds.  Wild ones are for parity with PyTorch: ties, zeros, infinities, nan, other dtypes,
empty tensors, numbers outside of an op's domain.  Smooth ones are for finite differences: float64, all
different, away from kinks and jumps, few.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

FLOATS = ("float32", "float64", "float16")
INTEGERS = ("int64", "int32", "int16", "int8", "uint8")
NUMERIC = (*FLOATS, *INTEGERS)
ALL = (*NUMERIC, "bool")

Draw = Callable[[st.SearchStrategy[Any]], Any]


@dataclass(frozen=True)
class Sample:
    """What an op is called with.  NumPy arrays, also in lists, become tensors; all else is passed as it is."""

    operands: tuple[Any, ...]
    options: dict[str, Any] = field(default_factory=dict)
    constants: tuple[int, ...] = ()
    """Operands that do not require grad."""


def smoothed(sample: Sample) -> Sample:
    """The sample with its float arrays moved apart, lest two of them be equal, and no coarser dtype asked for."""
    number = 0

    def moved(x: Any) -> Any:
        nonlocal number
        if isinstance(x, (list, tuple)):
            return type(x)(moved(each) for each in x)
        if isinstance(x, np.ndarray) and x.dtype.kind == "f":
            number += 1
            return np.asarray(x + 0.04 * number)
        return x

    options = {name: "float64" if name == "dtype" else moved(value) for name, value in sample.options.items()}
    return Sample(moved(sample.operands), options, sample.constants)


Make = Callable[[Draw, bool], Sample]
"""Makes a sample: (draw, whether its values shall be smooth)."""


# Options ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Options:
    """A strategy for each option; one that depends on the operands is a function of (draw, operands)."""

    strategies: dict[str, Any]

    def draw(self, draw: Draw, operands: tuple[Any, ...]) -> dict[str, Any]:
        """Values for some of the options; the others keep their defaults."""
        drawn = {
            name: draw(strategy) if isinstance(strategy, st.SearchStrategy) else strategy(draw, operands)
            for name, strategy in self.strategies.items()
        }
        return {name: value for name, value in drawn.items() if value is not OMITTED}


OMITTED = object()
"""The value of an option that is left to its default."""


def perhaps(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """An option that is also left out."""
    return st.one_of(st.just(OMITTED), strategy)


def one_of(*values: Any) -> st.SearchStrategy[Any]:
    """One of these values."""
    return st.sampled_from(values)


FLAG = perhaps(st.booleans())


def one_dim(draw: Draw, operands: tuple[Any, ...]) -> int:
    """A dimension of the first operand, counted from either end."""
    ndim = max(first_array(operands).ndim, 1)
    return int(draw(st.integers(-ndim, ndim - 1)))


def perhaps_one_dim(draw: Draw, operands: tuple[Any, ...]) -> Any:
    """No dimension, or one."""
    return one_dim(draw, operands) if draw(st.booleans()) else OMITTED


def first_array(operands: tuple[Any, ...]) -> Any:
    """The first operand that becomes a tensor."""
    for operand in operands:
        if isinstance(operand, (list, tuple)):
            return first_array(tuple(operand))
        if isinstance(operand, np.ndarray):
            return operand
    raise ValueError(f"no array among {operands}")


# Shapes -----------------------------------------------------------------------------------------------------


def shape(draw: Draw, smooth: bool, least: int = 0, most: int = 3) -> tuple[int, ...]:
    """Sizes of `least` to `most` dimensions; some are 1, and for wild values a few are 0."""
    sizes = one_of(2, 3, 1) if smooth else one_of(3, 2, 4, 0, 1, 5, 2, 3)
    numbers = [n for n in ((2, 1, 0) if smooth else (2, 3, 1, 2, 0)) if least <= n <= most]
    return tuple(draw(sizes) for _ in range(draw(st.sampled_from(numbers or [least]))))


def stretched_to(draw: Draw, full: tuple[int, ...]) -> tuple[int, ...]:
    """A shape that broadcasts to the full one: leading sizes left out, others made 1."""
    kept = full[draw(st.integers(0, len(full))) :] if draw(st.booleans()) else full
    return tuple(1 if draw(one_of(False, False, True)) else n for n in kept)


def broadcast_shapes(draw: Draw, smooth: bool, number: int, unrelated: bool = True) -> list[tuple[int, ...]]:
    """Shapes that broadcast with each other; seldom, for wild values and if they may be `unrelated`, some do not."""
    related = smooth or not unrelated
    kind = draw(one_of("equal", "stretched") if related else one_of("equal", "stretched", "stretched", "unrelated"))
    if kind == "unrelated":
        return [shape(draw, smooth) for _ in range(number)]
    full = shape(draw, smooth)
    return [full if kind == "equal" else stretched_to(draw, full) for _ in range(number)]


# Values -----------------------------------------------------------------------------------------------------

Domain = Callable[[Any], Any]


def anywhere(x: Any) -> Any:
    """The domain of an op that takes every number."""
    return x


def positive(x: Any) -> Any:
    """Above 0."""
    return abs(x) + 0.125


def probability(x: Any) -> Any:
    """Between 0 and 1."""
    return np.clip(abs(x) / 5, 0, 1)


def array(
    draw: Draw,
    smooth: bool,
    shape: tuple[int, ...],
    dtypes: Iterable[str] = FLOATS,
    domain: Domain = anywhere,
    extremes: bool = True,
) -> Any:
    """An array of a shape, of one of the dtypes (float64 when smooth).

    extremes: whether integers may be the largest and smallest of their dtype.
    """
    name = "float64" if smooth else dtype_of(draw, tuple(dtypes))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    number = math.prod(shape)
    if smooth:
        values = domain((rng.permutation(number) - number // 2) * 0.19 + 0.07 + rng.uniform(-0.002, 0.002))
    else:
        values = wild(draw, rng, number, np.dtype(name), extremes)
        if name in FLOATS and domain is not anywhere and draw(one_of(True, True, False)):
            values = domain(values)
    return laid_out(draw, np.asarray(values).astype(name).reshape(shape))


def dtype_of(draw: Draw, dtypes: tuple[str, ...]) -> str:
    """One of the dtypes: a float one in half of the cases, if there is any."""
    floats = [dtype for dtype in dtypes if dtype in FLOATS]
    return str(draw(st.sampled_from(floats if floats and draw(st.booleans()) else dtypes)))


def wild(draw: Draw, rng: np.random.Generator, number: int, dtype: np.dtype[Any], extremes: bool) -> Any:
    """Values with ties, zeros, and (not always) the extremes of the dtype."""
    values: Any
    if dtype.kind == "b":
        return rng.integers(0, 2, number)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        values = rng.integers(max(-4, limits.min), 5, number)
        return (
            with_some(rng, values, [limits.min, limits.max])
            if extremes and draw(one_of(False, False, True))
            else values
        )
    kind = draw(one_of("not finite", "ties", "zeros", "normal", "far", "not finite"))
    if kind == "ties":
        return rng.integers(-3, 4, number) / 2
    if kind == "zeros":
        return np.zeros(number)
    values = rng.normal(0, 2, number)
    if kind == "not finite":
        return with_some(rng, values, [np.nan, np.nan, np.inf, -np.inf, 0.0, -0.0])
    far = [30, -30, 1e-3] if dtype.itemsize == 2 else [1e4, -1e4, 300, -300, 1e-6]
    return with_some(rng, values, far) if kind == "far" else values


def with_some(rng: np.random.Generator, values: Any, special: list[Any]) -> Any:
    """The values, half of them replaced by special ones."""
    return np.where(rng.random(len(values)) < 1 / 2, rng.choice(np.array(special), len(values)), values)


def laid_out(draw: Draw, x: Any) -> Any:
    """The array in memory of its own, in row-major order or (sometimes) another."""
    layout = draw(one_of("rows", "rows", "columns", "every second"))
    if layout == "columns":
        return np.array(x, order="F")
    if layout == "every second" and x.ndim:
        spaced = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
        spaced[..., ::2] = x
        return spaced[..., ::2]
    return np.array(x, order="C")


# Samples for families of ops --------------------------------------------------------------------------------

PYTHON_NUMBERS = (2, 0, -1, 0.5, 1, -2.5, 3, True, False, 0.0, 100)


def unary(
    dtypes: Iterable[str] = ALL, domain: Domain = anywhere, least: int = 0, most: int = 3, **options: Any
) -> Make:
    """One tensor."""

    def make(draw: Draw, smooth: bool) -> Sample:
        operands = (array(draw, smooth, shape(draw, smooth, least, most), dtypes, domain),)
        return Sample(operands, Options(options).draw(draw, operands))

    return make


def binary(
    dtypes: Iterable[str] = ALL,
    domains: tuple[Domain, Domain] = (anywhere, anywhere),
    number: str = "",
    mixed: bool = True,
    extremes: bool = True,
    **options: Any,
) -> Make:
    """Two tensors that broadcast.  number: "second" when the second may also be a Python number."""

    def make(draw: Draw, smooth: bool) -> Sample:
        shapes = broadcast_shapes(draw, smooth, 2)
        both = tuple(dtypes) if mixed and draw(one_of(False, True)) else (dtype_of(draw, tuple(dtypes)),)
        operands = [
            array(draw, smooth, s, both, domain, extremes=extremes and len(both) == 1)
            for s, domain in zip(shapes, domains, strict=True)
        ]
        if shapes[0] == shapes[1] and len(both) == 1 and not smooth and draw(st.booleans()):
            operands[1] = with_ties(draw, *operands)
        if number and draw(one_of(False, False, True)):
            operands[1] = draw(st.sampled_from((2, 0.5, 3) if smooth else PYTHON_NUMBERS))
        return Sample(tuple(operands), Options(options).draw(draw, tuple(operands)))

    return make


def with_ties(draw: Draw, a: Any, b: Any) -> Any:
    """The second of two arrays, with some elements equal to those of the first."""
    equal = np.random.default_rng(draw(st.integers(0, 99))).random(b.shape) < 0.5
    return np.asarray(np.where(equal, a, b))


def number_and_tensor(
    dtypes: Iterable[str] = ALL, numbers: tuple[Any, ...] = PYTHON_NUMBERS, extremes: bool = True
) -> Make:
    """A tensor, and a Python number: for operators with the number on the left."""

    def make(draw: Draw, smooth: bool) -> Sample:
        x = array(draw, smooth, shape(draw, smooth), dtypes, extremes=extremes)
        return Sample((x, draw(st.sampled_from((2, 0.5, 3) if smooth else numbers))))

    return make
