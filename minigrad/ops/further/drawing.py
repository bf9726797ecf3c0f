"""Random tensors of the distributions that few scripts ask for, with the numbers that PyTorch draws from the same seed.

As in `minigrad.ops.sampling`, which has the others and says what generator is, numbers for a GPU are drawn on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.arrays import array_module, quiet
from minigrad.devices import device_of, moved
from minigrad.engine.graph import raw, record
from minigrad.ops.elementwise import zeros_for
from minigrad.ops.functions import digamma
from minigrad.ops.promotion import array_of, check_tensors
from minigrad.ops.reductions import sum
from minigrad.ops.sampling import on_cpu, redrawn, source
from minigrad.random import Generator

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["binomial", "poisson"]


def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Poisson numbers, one for each rate, in input's shape and dtype; the gradient of the rates is 0.

    RuntimeError for a rate below 0, NotImplementedError when they are not floats.

    >>> import minigrad as torch
    >>> generator = torch.manual_seed(0)
    >>> torch.poisson(torch.tensor([0.0, 1.0, 5.0, 100.0]))
    tensor([ 0.,  2.,  6., 99.])
    """
    check_tensors("poisson", input=input)
    rates = on_cpu(input)
    drawn = source(generator).poisson(rates.reshape(-1)).reshape(rates.shape)
    return record(moved(drawn, device_of(array_of(input))), (input,), (poisson_da,))


def poisson_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return zeros_for(g)


def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """How many of `count` trials succeed with a probability, prob, elementwise; both have the same floating dtype.

    There is no gradient (RuntimeError).  RuntimeError for other dtypes and for shapes that do not broadcast.

    >>> import minigrad as torch
    >>> generator = torch.manual_seed(0)
    >>> torch.binomial(torch.tensor([10.0, 100.0]), torch.tensor([0.5, 0.25]))
    tensor([ 7., 26.])
    """
    check_tensors("binomial", count=count, prob=prob)
    counts, p = on_cpu(count), on_cpu(prob)
    if counts.dtype != p.dtype:
        raise RuntimeError(f"Found dtype {p.dtype} but expected {counts.dtype}: binomial() takes one dtype for both")
    try:
        counts, p = np.broadcast_arrays(counts, p)
    except ValueError:
        raise RuntimeError(
            f"binomial(): the size of tensor count {counts.shape} must match the size of prob {p.shape}, or broadcast"
        ) from None
    drawn = source(generator).binomial(counts.reshape(-1), p.reshape(-1)).reshape(p.shape)
    return record(
        moved(drawn, device_of(array_of(count))), (count, prob), (binomial_da, binomial_da), name=NO_DERIVATIVE
    )


NO_DERIVATIVE = "torch::autograd::NotImplemented"


def binomial_da(_g: Tensor, _out: Tensor, _count: Tensor, _prob: Tensor) -> Tensor:
    raise RuntimeError("derivative for aten::binomial is not implemented: draw under no_grad()")


def geometric_(self: Tensor, p: float, *, generator: Generator | None = None) -> Tensor:
    """How many trials with probability p until the first success, in place.  RuntimeError for p outside (0, 1)."""
    return redrawn(self, lambda x: source(generator).geometric(x.size, p, x.dtype))


def cauchy_(self: Tensor, median: float = 0.0, sigma: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Cauchy numbers, in place, with density sigma / (pi * ((x - median) ** 2 + sigma ** 2)).

    RuntimeError when sigma is not above 0 or the dtype is not floating.
    """
    return redrawn(self, lambda x: source(generator).cauchy(x.size, median, sigma, x.dtype))


def log_normal_(self: Tensor, mean: float = 1.0, std: float = 2.0, *, generator: Generator | None = None) -> Tensor:
    """Numbers whose logarithms are normal with this mean and deviation, in place.

    RuntimeError when std is not above 0, NotImplementedError when the dtype is not floating.
    """
    return redrawn(self, lambda x: source(generator).log_normal(x.size, mean, std, x.dtype))


# Whose gradients go through the draw --------------------------------------------------------------------------


def standard_gamma(concentration: Tensor, generator: Generator | None = None) -> Tensor:
    """Gamma numbers of rate 1, one for each concentration (the shape of the distribution).

    The gradient is that of a draw whose place in the distribution stays: -(dF / d concentration) / density, for
    F(x; concentration) the distribution function.  There is no second derivative.
    Source: M. Figurnov, S. Mohamed and A. Mnih, "Implicit reparameterization gradients", NeurIPS 31 (2018).
    """
    shapes = on_cpu(concentration)
    drawn = source(generator).gamma(shapes.reshape(-1)).reshape(shapes.shape)
    value = moved(drawn, device_of(array_of(concentration)))
    return record(value, (concentration,), (standard_gamma_da,))


def standard_gamma_da(g: Tensor, out: Tensor, a: Tensor) -> Tensor:
    return g * gamma_slope(a, out)


def gamma_slope(a: Tensor, x: Tensor) -> Tensor:
    """How a gamma number x moves with its shape a: (x / a) sum_n t_n (digamma(a + n + 1) - log x).

    t_n = x^n / ((a + 1) ... (a + n)) are the terms of the distribution function's series, whose derivative this is.
    """
    shapes, numbers = (raw(each).astype("float64") for each in (a, x))
    with quiet():
        start = digamma(shapes + 1) - array_module(numbers).log(numbers)
        total = series(start, lambda n: numbers / (shapes + n), lambda n: 1 / (shapes + n))
        value = numbers / shapes * total
    return record(value.astype(raw(a).dtype), (a, x), (gamma_slope_da, gamma_slope_da))


def gamma_slope_da(_g: Tensor, _out: Tensor, _a: Tensor, _x: Tensor) -> Tensor:
    raise NotImplementedError(
        "the derivative for '_standard_gamma_grad' is not implemented: draws have only a first one"
    )


def standard_dirichlet(concentration: Tensor, generator: Generator | None = None) -> Tensor:
    """Dirichlet numbers, shares that sum to 1 along the last dimension: gamma numbers over their sum.

    The gradient is that of draws whose places in the distributions of the single shares, which are Beta's, stay.
    There is no second derivative.
    """
    shapes = on_cpu(concentration)
    numbers = source(generator).gamma(shapes.astype("float64").reshape(-1)).reshape(shapes.shape)
    with quiet():
        shares = (numbers / numbers.sum(-1, keepdims=True)).astype(shapes.dtype)
        most = np.nextafter(shapes.dtype.type(1), shapes.dtype.type(0))
        drawn = np.clip(shares, np.finfo(shapes.dtype).tiny, most)
    value = moved(drawn, device_of(array_of(concentration)))
    return record(value, (concentration,), (standard_dirichlet_da,), name="_DirichletBackward")


def standard_dirichlet_da(g: Tensor, out: Tensor, a: Tensor) -> Tensor:
    return beta_slope(a, out) * (g - sum(out * g, -1, keepdim=True))


def beta_slope(a: Tensor, x: Tensor) -> Tensor:
    """How each share x moves with its concentration a, over 1 - x.

    x has the distribution Beta(a, b), for b the sum of the other concentrations.  Below its mean this is

        (x / a) sum_n t_n (digamma(a + n + 1) - digamma(a + b + n) - log x),   t_n = prod_k x (a + b + k) / (a + 1 + k)

    and above, by the distribution of 1 - x,

        (x / b) sum_n s_n (log x - digamma(a) + digamma(a + b + n)),   s_n = prod_k (1 - x) (a + b + k) / (b + 1 + k)
    """
    first, shares = (raw(each).astype("float64") for each in (a, x))
    xp = array_module(first)
    both = xp.broadcast_to(first.sum(-1, keepdims=True), first.shape)
    below = shares * both <= first
    with quiet():
        log = xp.log(shares)
        start = xp.where(below, digamma(first + 1) - digamma(both) - log, log - digamma(first) + digamma(both))
        step, base = xp.where(below, shares, 1 - shares), xp.where(below, first, both - first)

        def ratio(n: int) -> Any:
            return step * (both + n - 1) / (base + n)

        def rise(n: int) -> Any:
            return xp.where(below, 1 / (first + n) - 1 / (both + n - 1), 1 / (both + n - 1))

        value = shares / base * series(start, ratio, rise)
    return record(value.astype(raw(a).dtype), (a, x), (beta_slope_da, beta_slope_da))


def beta_slope_da(_g: Tensor, _out: Tensor, _a: Tensor, _x: Tensor) -> Tensor:
    raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable: a draw")


def series(level: Any, ratio: Callable[[int], Any], rise: Callable[[int], Any]) -> Any:
    """The sum of t_n * level_n over n: t_0 is 1, each term is its ratio times the one before, each level rises."""
    xp = array_module(level)
    term, total, largest, n = xp.ones_like(level), level, xp.ones_like(level), 0
    while bool((term > largest * 1e-18).any()):
        n += 1
        term, level = term * ratio(n), level + rise(n)
        total, largest = total + term * level, xp.maximum(largest, term)
    return total
