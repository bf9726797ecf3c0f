"""Further reductions: products, counts, sums without nan, and how elements spread and vary together.

dim, keepdim, dtype and errors are those of `minigrad.ops.reductions`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from minigrad import dtypes
from minigrad.arrays import array_module, gpu_of, quiet, total
from minigrad.engine.broadcasting import broadcast_to, cast
from minigrad.engine.graph import TensorBase, raw, record, unrecorded
from minigrad.engine.order import by_rows
from minigrad.later import function
from minigrad.ops.cumulative import products_of_others
from minigrad.ops.dims import axis, kept_shape, reduced_axes
from minigrad.ops.promotion import array_of, numpy_dtype
from minigrad.ops.reductions import amax, amin, mean, std, sum, var
from minigrad.ops.results import printed
from minigrad.ops.shaping import reshape, squeeze, transpose, unsqueeze

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = [
    *("aminmax", "corrcoef", "count_nonzero", "cov", "nanmean", "nansum", "prod", "std_mean", "var_mean"),
]


def prod(input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: dtypes.dtype | None = None) -> Tensor:
    """The product of all elements, or along dim, an int; 1 of none.  Bools and integers are multiplied as int64."""
    x = array_of(input)
    to = numpy_dtype(dtype or dtypes.int64) if dtype is not None or x.dtype.kind in "biu" else x.dtype
    a = input if x.dtype == to else cast(input, to)
    x = raw(a)
    axes = tuple(range(x.ndim)) if dim is None else reduced_axes(a, axis(dim, x.ndim))
    with quiet():
        value = x.prod(axes, dtype=None if to.kind != "b" else bool, keepdims=keepdim) if x.ndim else x.copy()
    name = "ProdBackward0" if dim is None else "ProdBackward1"
    return record(by_rows(value.astype(to, copy=False)), (a,), (prod_da,), kept_shape(x.shape, axes), axes, name=name)


def prod_da(g: Tensor, out: Tensor, a: Tensor, kept: tuple[int, ...], axes: tuple[int, ...]) -> Tensor:
    g = g.reshape(kept)
    if gpu_of(raw(a)) is None and not (raw(a) == 0).any():
        return g * (out.reshape(kept) / a)
    if len(axes) == 1:
        return g * transpose(products_of_others(transpose(a, axes[0], 0)), 0, axes[0])
    return g * products_of_others(a.reshape(-1)).reshape(a.shape)


def nansum(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: dtypes.dtype | None = None) -> Tensor:
    """The sum of the elements that are not nan; 0 of none."""
    a = input if dtype is None else cast(input, numpy_dtype(dtype))
    x = array_of(a)
    axes = reduced_axes(a, dim)
    to = dtypes.int64.numpy if x.dtype.kind in "biu" and dtype is None else x.dtype
    with quiet():
        numbers = array_module(x).where(x != x, x.dtype.type(0), x)
        value = numbers.sum(axes, to, keepdims=keepdim) if x.dtype.char != "e" else total(numbers, axes, keepdim)
    return record(by_rows(value), (a,), (nansum_da,), kept_shape(x.shape, axes), x.shape)


def nansum_da(g: Tensor, _out: Tensor, a: Tensor, kept: tuple[int, ...], shape: tuple[int, ...]) -> Tensor:
    return broadcast_to(g.reshape(kept), shape) * (a == a)


def nanmean(input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: dtypes.dtype | None = None) -> Tensor:
    """The mean of the elements that are not nan; nan of none.  RuntimeError for integers and bools."""
    if array_of(input).dtype.kind != "f":
        raise RuntimeError(f"nanmean(): expected input to have floating point or complex dtype but got {input.dtype}")
    total = nansum(input, dim, keepdim, dtype=dtype)
    return total / sum(input == input, dim, keepdim)


def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """How many elements are not 0, over all or along dim: int64, without a gradient."""
    x = array_of(input)
    axes = reduced_axes(input, dim)
    return unrecorded(by_rows((x != 0).sum(axes, dtypes.int64.numpy)), input)


class Extremes(NamedTuple):
    """What aminmax returns."""

    min: Any
    max: Any

    def __repr__(self) -> str:
        return printed("aminmax", self)


def aminmax(input: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Extremes:
    """The smallest and the largest element, over all or along dim, an int: (min, max).

    Equal ones share the gradient.  RuntimeError or (along a dim) IndexError for no elements.
    """
    if not array_of(input).size and dim is None:
        raise RuntimeError("aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity")
    dims = () if dim is None else dim
    return Extremes(amin(input, dims, keepdim), amax(input, dims, keepdim))


def std_mean(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: float = 1
) -> tuple[Tensor, Tensor]:
    """The standard deviation and the mean, (std, mean): see `std` for unbiased and correction."""
    dims = None if isinstance(dim, bool) else dim
    return std(input, dim, unbiased, keepdim, correction=correction), mean(input, dims, keepdim)


def var_mean(
    input: Tensor, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: float = 1
) -> tuple[Tensor, Tensor]:
    """The variance and the mean, (var, mean): see `var` for unbiased and correction."""
    dims = None if isinstance(dim, bool) else dim
    return var(input, dim, unbiased, keepdim, correction=correction), mean(input, dims, keepdim)


def cov(
    input: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None
) -> Tensor:
    """How variables vary together: (variables, observations) -> (variables, variables); a vector is one variable.

    sum((x - mean)(y - mean)) / (n - correction).  fweights: how often each observation comes, integers; aweights: how
    much each counts, floats.  RuntimeError for more dimensions, bools, and weights of another dtype or size, or (on the
    CPU) below 0.  https://docs.pytorch.org/docs/stable/generated/torch.cov.html
    """
    x = array_of(input)
    if x.ndim > 2:
        raise RuntimeError(f"cov(): expected input to have two or fewer dimensions but got an input with {x.ndim}")
    if x.dtype.kind == "b":
        raise RuntimeError("cov(): bool dtype is not supported for input")
    rows = input if x.ndim == 2 else reshape(input, 1, -1)
    weights = observation_weights(x, fweights, aweights)
    if weights is None:
        number, total = x.shape[-1] if x.ndim else 1, None
        average = sum(rows, 1, keepdim=True) / number
        divisor = number - correction
    else:
        total = weights.sum()
        average = sum(rows * weights, 1, keepdim=True) / total
        spread = total if aweights is None else (weights * aweights).sum() / total
        divisor = total - correction * (1 if aweights is None else spread)
    centred = rows - average
    products = centred @ (centred if weights is None else centred * weights).mT
    divisor = divisor.clamp(min=0) if isinstance(divisor, TensorBase) else max(divisor, 0)  # type: ignore[attr-defined]
    result: Tensor = products / divisor
    return squeeze(result)


def observation_weights(x: Any, fweights: Tensor | None, aweights: Tensor | None) -> Any:
    """The weight of each observation, None if all count once; RuntimeError for weights that do not fit."""
    number = x.shape[-1] if x.ndim else 1
    for name, w, kinds in (("fweights", fweights, "iu"), ("aweights", aweights, "f")):
        if w is None:
            continue
        if raw(w).ndim > 1:
            raise RuntimeError(f"cov(): expected {name} to have one or fewer dimensions but got {raw(w).ndim}")
        if raw(w).dtype.kind not in kinds:
            kind = "integral" if name == "fweights" else "floating point"
            raise RuntimeError(f"cov(): expected {name} to have {kind} dtype but got {name} with {w.dtype} dtype")
        if raw(w).size != number:
            raise RuntimeError(f"cov(): expected {name} to have the same numel as there are observations in the input")
        if gpu_of(raw(w)) is None and (raw(w) < 0).any():  # a GPU's values are not waited for
            raise RuntimeError(f"cov(): {name} cannot be negative")
    if fweights is None or aweights is None:
        return fweights if aweights is None else aweights
    return fweights * aweights


def corrcoef(input: Tensor) -> Tensor:
    """How variables are correlated: their `cov`, divided by both standard deviations; between -1 and 1.

    input is as for `cov`.  RuntimeError for more than two dimensions.
    """
    x = array_of(input)
    if x.ndim > 2:
        raise RuntimeError(
            f"corrcoef(): expected input to have two or fewer dimensions but got an input with {x.ndim} dimensions"
        )
    together = cov(input)
    if not raw(together).ndim:
        return together / together
    deviations = function("diag")(together) ** 0.5
    return (together / unsqueeze(deviations, -1) / unsqueeze(deviations, 0)).clamp(-1, 1)
