"""Sums, products and extremes of all elements so far along a dimension, and differences of neighbours.

The result has input's shape.  dim: an int, below 0 counted from the last; IndexError for one that there is not.  dtype:
the input is converted to it first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minigrad import dtypes
from minigrad.arrays import array_module, gpu_of, quiet
from minigrad.engine.broadcasting import cast
from minigrad.engine.graph import raw, record, unrecorded, wrap
from minigrad.engine.order import by_rows
from minigrad.ops.arranging import flip, narrow, select
from minigrad.ops.dims import axis
from minigrad.ops.elementwise import exp
from minigrad.ops.promotion import NUMBERS, array_of, numpy_dtype
from minigrad.ops.reductions import sum
from minigrad.ops.selection import where
from minigrad.ops.shaping import cat, reshape, transpose, unsqueeze
from minigrad.ops.sorting import pair, taken

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = [
    *("cummax", "cummin", "cumprod", "cumsum", "cumulative_trapezoid", "diff", "logcumsumexp", "trapezoid", "trapz"),
    *("vander",),
]

LargestSoFar, SmallestSoFar = pair("cummax"), pair("cummin")


def cumsum(input: Tensor, dim: int, *, dtype: dtypes.dtype | None = None) -> Tensor:
    """The sum of all elements so far along dim.  Bools and integers become int64, unless dtype says otherwise."""
    a, at = accumulated("cumsum", input, dim, dtype)
    x = raw(a)
    with quiet():
        value = in_wider_floats(lambda y: y.cumsum(at, y.dtype), x) if x.ndim else x.copy()
    return record(value, (a,), (cumsum_da,), at)


def in_wider_floats(function: Any, x: Any) -> Any:
    """A function of a raw array by rows, in the next wider float dtype: rounding errors would add up."""
    wider = {"float16": "float32", "float32": "float64"}.get(x.dtype.name, x.dtype)
    return by_rows(function(x.astype(wider, copy=False)).astype(x.dtype, copy=False))


def cumsum_da(g: Tensor, _out: Tensor, _a: Tensor, dim: int) -> Tensor:
    return flip(cumsum(flip(g, dim), dim), dim)


def cumprod(input: Tensor, dim: int, *, dtype: dtypes.dtype | None = None) -> Tensor:
    """The product of all elements so far along dim.  Bools and integers are multiplied as int64."""
    a, at = accumulated("cumprod", input, dim, dtype)
    x = raw(a)
    with quiet():
        value = in_wider_floats(lambda y: y.cumprod(at, y.dtype), x) if x.ndim else x.copy()
    return record(value, (a,), (cumprod_da,), at)


def cumprod_da(g: Tensor, out: Tensor, a: Tensor, dim: int) -> Tensor:
    if not raw(a).ndim:
        return g
    if gpu_of(raw(a)) is None and not (raw(a) == 0).any():
        return flip(cumsum(flip(g * out, dim), dim), dim) / a
    rows, gradients = transpose(a, dim, 0), transpose(g, dim, 0)
    later, same = pairs_of_places(rows)
    between = cumprod(where(later, unsqueeze(rows, 0), 1.0), 1)  # [i, j]: the product from behind i up to j
    before = cumprod(shifted(rows, 1, 1.0), 0)
    return transpose(before * sum(where(later | same, unsqueeze(gradients, 0) * between, 0.0), 1), 0, dim)


def pairs_of_places(rows: Tensor) -> tuple[Any, Any]:
    """For each two rows i, j whether j comes later, and whether it is the same."""
    xp, size = array_module(raw(rows)), raw(rows).shape[0]
    places = xp.arange(size).reshape(size, *[1] * (raw(rows).ndim - 1))
    return places[None] > places[:, None], places[None] == places[:, None]


def shifted(a: Tensor, by: int, fill: float) -> Tensor:
    """The rows moved on by one place (1) or back (-1), and a number in the row that comes in."""
    x = raw(a)
    value = array_module(x).full(x.shape, fill, x.dtype)
    if by > 0:
        value[1:] = x[:-1]
    else:
        value[:-1] = x[1:]
    return record(value, (a,), (shifted_da,), by)


def shifted_da(g: Tensor, _out: Tensor, _a: Tensor, by: int) -> Tensor:
    return shifted(g, -by, 0.0)


def products_of_others(a: Tensor) -> Tensor:
    """For each row the product of all others, without a division: some may be 0."""
    before = cumprod(shifted(a, 1, 1.0), 0)
    return before * flip(cumprod(flip(shifted(a, -1, 1.0), 0), 0), 0)


def accumulated(op: str, input: Tensor, dim: int, dtype: dtypes.dtype | None) -> tuple[Tensor, int]:
    """The operand in the dtype in which it is added up, and the dimension counted from the front."""
    x = array_of(input)
    to = numpy_dtype(dtype or dtypes.int64) if dtype is not None or x.dtype.kind in "biu" else x.dtype
    if to.kind == "b":
        raise NotImplementedError(f"{op}(): not implemented for bools: give another dtype")
    return input if x.dtype == to else cast(input, to), axis(dim, x.ndim)


def logcumsumexp(input: Tensor, dim: int) -> Tensor:
    """log(cumsum(e ** input)) along dim, computed without overflow.  NotImplementedError for integers and bools."""
    a = input
    x = array_of(a)
    if x.dtype.kind != "f":
        raise NotImplementedError(f"logcumsumexp(): not implemented for {x.dtype}: convert with .float()")
    at, xp = axis(dim, x.ndim), array_module(x)
    if not x.ndim:
        return record(x.copy(), (a,), (logcumsumexp_da,), at)
    with quiet():
        value = in_wider_floats(lambda y: xp.moveaxis(logarithms_so_far(xp.moveaxis(y, at, 0)), 0, at), x)
    return record(value, (a,), (logcumsumexp_da,), at)


def logarithms_so_far(rows: Any) -> Any:
    """log(cumsum(e ** rows)) of a raw array."""
    xp = array_module(rows)
    value = xp.empty_like(rows)
    value[:1] = rows[:1]
    for i in range(1, len(rows)):
        value[i] = xp.logaddexp(value[i - 1], rows[i])
    return value


def logcumsumexp_da(g: Tensor, out: Tensor, a: Tensor, dim: int) -> Tensor:
    """For each element the sum, over all results from there on, of g * e ** (a - result)."""
    if not raw(a).ndim:
        return g
    rows, results, gradients = (transpose(x, dim, 0) for x in (a, out, g))
    later, same = pairs_of_places(rows)
    later = later | same
    shares = exp(where(later, unsqueeze(rows, 1) - unsqueeze(results, 0), 0.0))
    return transpose(sum(where(later, unsqueeze(gradients, 0) * shares, 0.0), 1), 0, dim)


def cummax(input: Tensor, dim: int) -> Any:
    """The largest of all elements so far along dim, and where it is last: (values, indices).  nan counts as largest."""
    at = places_so_far(array_of(input), dim, largest=True)
    return LargestSoFar(*taken(input, at, dim, "CummaxBackward0"))


def cummin(input: Tensor, dim: int) -> Any:
    """The smallest of all elements so far along dim, and where it is last: (values, indices).  nan counts as such."""
    at = places_so_far(array_of(input), dim, largest=False)
    return SmallestSoFar(*taken(input, at, dim, "CumminBackward0"))


def places_so_far(x: Any, dim: int, largest: bool) -> Any:
    """Where along dim the extreme of all elements so far is (the last of equal ones)."""
    dim, xp = axis(dim, x.ndim), array_module(x)
    rows = xp.moveaxis(x if x.ndim else x.reshape(1), dim, 0)
    best, place = rows[:1].copy(), xp.zeros(rows.shape, "int64")
    for i in range(1, len(rows)):
        row = rows[i : i + 1]
        better = ((row >= best) if largest else (row <= best)) & (best == best) | (row != row)
        place[i : i + 1] = xp.where(better, i, place[i - 1 : i])
        best = xp.where(better, row, best)
    return xp.moveaxis(place, 0, dim)


def diff(
    input: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None
) -> Tensor:
    """The differences of neighbours along dim, input[i + 1] - input[i], n times over: one element fewer each time.

    prepend, append: what to put before and after first.  Of bools, whether neighbours differ.  RuntimeError for n below
    0.
    """
    ends = [x for x in (prepend, input, append) if x is not None]
    a = cat(ends, dim) if len(ends) > 1 else input
    x = array_of(a)
    if not x.ndim:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    at = axis(dim, x.ndim)
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    for _ in range(n):
        low, high = neighbours(a, at)
        a = high ^ low if x.dtype.kind == "b" else high - low
    return a if n else input.clone()


def neighbours(a: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """All elements along dim but the last, and the next of each."""
    size = raw(a).shape[dim]
    number = max(size - 1, 0)
    return narrow(a, dim, 0, number), narrow(a, dim, min(1, size), number)


# Integrals and powers -----------------------------------------------------------------------------------------


def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: float = 1, dim: int = -1) -> Tensor:
    """The integral along dim by the trapezoidal rule: the sum of (y[i] + y[i + 1]) / 2 times the distance of the two.

    x: where the values y are (of y's size along dim, or such that the distances broadcast); dx: their distance without
    it.  RuntimeError for an x of another size, and for bools; TypeError for both x and dx.
    """
    at = sampled_axis("trapezoid", y, dim)
    if not raw(y).shape[at]:
        return sum(y, at, dtype=y.dtype)
    check_samples("trapezoid", y, x, dx)
    if x is None:
        return (sum(y, at) - (select(y, at, 0) + select(y, at, -1)) * 0.5) * dx
    return sum(sum_of_neighbours(y, at) * distances("trapezoid", x, y, at), at) / 2


def trapz(y: Tensor, x: Tensor | None = None, *, dx: float = 1, dim: int = -1) -> Tensor:
    """As `trapezoid`."""
    return trapezoid(y, x, dx=dx, dim=dim)


def cumulative_trapezoid(y: Tensor, x: Tensor | None = None, *, dx: float = 1, dim: int = -1) -> Tensor:
    """The integral along dim up to each value but the first, one fewer than y has.  As `trapezoid` in all else."""
    check_samples("cumulative_trapezoid", y, x, dx)
    at = sampled_axis("cumulative_trapezoid", y, dim)
    if x is None:
        return cumsum(dx / 2 * sum_of_neighbours(y, at), at)
    return cumsum(sum_of_neighbours(y, at) * distances("cumulative_trapezoid", x, y, at), at) / 2


def sampled_axis(op: str, y: Tensor, dim: int) -> int:
    """The dimension along which a function is sampled.  IndexError without dimensions."""
    if not array_of(y).ndim:
        raise IndexError(f"{op}(): Dimension specified as {dim} but tensor has no dimensions")
    return axis(dim, raw(y).ndim)


def check_samples(op: str, y: Tensor, x: Tensor | None, dx: float) -> None:
    """RuntimeError for bools, TypeError where the distances are given twice."""
    if x is not None and (not isinstance(dx, NUMBERS) or dx != 1):
        raise TypeError(f"{op}(): x and dx={dx} both tell how far values are from each other: give one of them")
    for name, each in (("y", y), ("x", x)):
        if each is not None and array_of(each).dtype.kind == "b":
            raise RuntimeError(f"{op}: received a bool input for `{name}`, but bool is not supported")


def sum_of_neighbours(y: Tensor, dim: int) -> Tensor:
    """Each element plus the next along dim."""
    low, high = neighbours(y, dim)
    return low + high


def distances(op: str, x: Tensor, y: Tensor, dim: int) -> Tensor:
    """How far the places of neighbours are from each other, in dimensions that broadcast with y's."""
    sizes, ndim = array_of(x).shape, raw(y).ndim
    if len(sizes) == 1:
        if sizes[0] != raw(y).shape[dim]:
            raise RuntimeError(
                f"{op}: There must be one `x` value for each sample point: x has {sizes[0]}, y {raw(y).shape[dim]}"
            )
        x = reshape(x, [-1 if i == dim else 1 for i in range(ndim)])
    elif len(sizes) < ndim:
        x = reshape(x, [1] * (ndim - len(sizes)) + [*sizes])
    return diff(x, dim=dim)


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """Vandermonde's matrix: the powers of the elements of x, N in a row (default: as many as there are elements).

    x: a vector; the powers of one element stand in a row, the highest first or (increasing) last.  Integers and bools
    become int64.  RuntimeError for another number of dimensions, and for N below 0.
    """
    values = array_of(x)
    if values.ndim != 1:
        raise RuntimeError(f"x must be a one-dimensional tensor: vander() got {values.ndim} dimensions")
    number = values.size if N is None else N
    if number < 0:
        raise RuntimeError(f"N must be non-negative: vander() got {number}")
    a = x if values.dtype.kind == "f" else cast(x, dtypes.int64.numpy)
    xp, to = array_module(values), raw(a).dtype
    if number < 2:
        return unrecorded(xp.ones((values.size, number), to), a)
    exponents = xp.arange(number, dtype=to) if increasing else xp.arange(number - 1, -1, -1, dtype=to)
    return unsqueeze(a, 1) ** wrap(exponents)
