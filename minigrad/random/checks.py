"""What may be asked of a distribution: bounds, scales, weights.  All else is refused in PyTorch's words."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

DType = np.dtype[Any]


def require_floating(op: str, dtype: DType) -> None:
    """Refuse a dtype that cannot hold the draws of a continuous distribution (NotImplementedError)."""
    if dtype.kind != "f":
        raise NotImplementedError(
            f"{op} is not implemented for {dtype.name}: it draws floating point numbers. "
            "Give a floating dtype, or draw integers with randint or random_."
        )


def bounds(low: float, high: float, dtype: DType) -> None:
    """Refuse bounds of a uniform distribution that the dtype cannot hold or that are the wrong way round."""
    largest = float(np.finfo(dtype).max)
    for name, bound in (("from", low), ("to", high)):
        if not -largest <= bound <= largest:
            raise RuntimeError(f"{name} is out of bounds for {dtype.name}: {bound:g}")
    found = f"found from={low:g} and to={high:g}"
    if low > high:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range with from <= to, but {found}")
    if high - low > largest:
        raise RuntimeError(f"uniform_ expects to - from <= {largest:g}, the largest {dtype.name}, but {found}")


def require_deviation(std: float) -> None:
    """Refuse a standard deviation below 0, or nan."""
    if not std >= 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")


def rate(value: float, dtype: DType) -> None:
    """Refuse a rate of an exponential distribution that is not above 0, and integer dtypes."""
    continuous("Exponential", dtype)
    positive("exponential_", "lambda", value)


def continuous(distribution: str, dtype: DType) -> None:
    """Refuse a dtype that is not floating."""
    if dtype.kind != "f":
        raise RuntimeError(
            f"{distribution} distribution is a continuous probability distribution. "
            f"dtype must be a floating point but you specified {dtype.name}"
        )


def positive(op: str, name: str, value: float) -> None:
    """Refuse a parameter that is not above 0, or nan."""
    if not value > 0:
        raise RuntimeError(f"{op} expects {name} > 0.0, but found {name}={value:g}")


def between_0_and_1(op: str, p: float) -> None:
    """Refuse a probability that is not between 0 and 1, which themselves do not count."""
    if not 0 < p < 1:
        raise RuntimeError(f"{op} expects p to be in (0, 1), but got p={p:g}")


def not_negative(what: str, name: str, values: NDArray[Any]) -> None:
    """Refuse an array with a parameter below 0, or nan."""
    if not (values >= 0).all():
        raise RuntimeError(
            f"invalid {what}, expected {name} to be non-negative, but found {values[~(values >= 0)][0]:g}"
        )


def probability(p: float) -> None:
    """Refuse a probability outside [0, 1], or nan."""
    if not 0 <= p <= 1:
        raise RuntimeError(f"bernoulli_ expects p to be in [0, 1], but got p={p:g}")


def require_probabilities(p: NDArray[Any]) -> None:
    """Refuse an array that holds anything but probabilities."""
    if p.dtype.kind != "f":
        raise NotImplementedError(
            f"bernoulli is not implemented for probabilities of dtype {p.dtype.name}: give them as floats"
        )
    outside = ~((p >= 0) & (p <= 1))
    if outside.any():
        raise RuntimeError(f"bernoulli expects every p to be in [0, 1], but found p={p[outside][0]:g}")


def weights(each: NDArray[Any], num_samples: int, replacement: bool) -> None:
    """Refuse weights that make no distribution over categories, or too few categories to sample from."""
    if each.ndim not in (1, 2):
        raise RuntimeError(f"prob_dist must be 1 or 2 dim, but multinomial got {each.ndim}")
    if each.dtype.kind != "f":
        raise RuntimeError(f"multinomial only supports floating-point dtypes for input, got: {each.dtype.name}")
    if num_samples <= 0:
        raise RuntimeError(f"cannot sample n_sample <= 0 samples, but multinomial got {num_samples}")
    if not replacement and num_samples > each.shape[-1]:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement: "
            f"{num_samples} samples of {each.shape[-1]} categories"
        )
    if not ((each >= 0) & (each < np.inf)).all():
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if not (each > 0).any(axis=-1).all():
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
