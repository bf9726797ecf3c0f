"""Gamma, Poisson and binomial numbers: uniform or normal ones are proposed, and accepted with some probability.

How many are proposed is open, so these draw one number at a time, each in PyTorch's order.  `uniform` and `normal` are
functions that give the next number of [0, 1) and the next standard normal one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Next = Callable[[], float]

SINGLE_THIRD = np.float32(1) / np.float32(3)
SQUEEZE = float(np.float32(0.0331))


def gamma(shape: Any, uniform: Next, normal: Next) -> float:
    """A gamma number of scale 1; shape: a float32 or float64 above 0, in whose precision PyTorch begins.

    d v with v = (1 + c x)^3, where x is normal: nearly a gamma number, and made exactly one by rejecting a few.
    Below 1 the shape is raised by 1, and the number multiplied by u^(1 / shape).
    Source: G. Marsaglia and W. W. Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000).
    """
    scale, one = 1.0, type(shape)(1)
    if shape < 1:
        if shape == 0:
            return 0.0
        scale = (1 - uniform()) ** float(one / shape)
        shape = shape + one
    d = float(shape - type(shape)(SINGLE_THIRD))
    c = 1 / math.sqrt(9 * d)
    while True:
        x = normal()
        if (y := 1 + c * x) <= 0:
            continue
        v = y * y * y
        u = 1 - uniform()
        if u < 1 - SQUEEZE * (x * x) * (x * x) or math.log(u) < 0.5 * (x * x) + d * (1 - v + math.log(v)):
            return scale * d * v


def poisson(rate: float, uniform: Next) -> int:
    """A Poisson number.

    Below a rate of 10: how many uniform numbers can be multiplied before the product falls to exp(-rate).
    Else: W. Hoermann, "The transformed rejection method for generating Poisson random variables", Insurance:
    Mathematics and Economics 12 (1993), algorithm PTRS.
    """
    if rate == 0:
        return 0
    if rate < 10:
        count, product, least = 0, uniform(), math.exp(-rate)
        while product > least:
            count, product = count + 1, product * uniform()
        return count
    root, log_rate = math.sqrt(rate), math.log(rate)
    b = 0.931 + 2.53 * root
    a = -0.059 + 0.02483 * b
    inverse_alpha, box = 1.1239 + 1.1328 / (b - 3.4), 0.9277 - 3.6224 / (b - 2)
    while True:
        u = uniform() - 0.5
        v = uniform()
        distance = 0.5 - abs(u)
        k = hat(a, b, u, distance, rate + 0.43)
        if distance >= 0.07 and v <= box:
            return int(k)
        if k < 0 or (distance < 0.013 and v > distance):
            continue
        height = log(v) + math.log(inverse_alpha) - math.log(a / (distance * distance) + b)
        if height <= -rate + k * log_rate - math.lgamma(k + 1):
            return int(k)


def binomial(count: Any, p: Any, uniform: Next) -> Any:
    """How many of `count` trials succeed, each with probability p: both float32 or float64, as is the result.

    nan when either is nan.
    """
    if count != count or p != p:
        return type(count)(math.nan)
    if count <= 0 or p <= 0:
        return type(count)(0)
    if p >= 1:
        return count
    if p <= 0.5:
        return successes(count, p, uniform)
    return count - successes(count, type(p)(1.0 - float(p)), uniform)


def successes(count: Any, p: Any, uniform: Next) -> Any:
    """The same for p up to 1/2."""
    return type(count)(by_rejection(count, p, uniform) if count * p >= 10 else by_waiting(count, p, uniform))


def by_waiting(count: Any, p: Any, uniform: Next) -> int:
    """How many geometric waiting times fit into `count` trials."""
    log_failure, trials_left, successes = math.log1p(-p), float(count), 0
    while (wait := log(uniform()) / log_failure) <= trials_left and math.ceil(wait) <= trials_left:
        trials_left -= math.ceil(wait)
        successes += 1
    return successes


def by_rejection(count: Any, p: Any, uniform: Next) -> float:
    """W. Hoermann, "The generation of binomial random variates", J. of Statistical Computation 46 (1993): BTRS."""
    deviation = math.sqrt(count * p * (1 - p))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * float(p)
    centre, box = float(count * p) + 0.5, 0.92 - 4.2 / b
    odds, alpha, mode = float(p / (1 - p)), (2.83 + 5.1 / b) * deviation, math.floor((count + 1) * p)
    n = float(count)
    while True:
        u = uniform() - 0.5
        v = uniform()
        distance = 0.5 - abs(u)
        k = hat(a, b, u, distance, centre)
        if not 0 <= k <= n:
            continue
        if distance >= 0.07 and v <= box:
            return k
        bound = (
            (mode + 0.5) * math.log((mode + 1) / (odds * (n - mode + 1)))
            + (n + 1) * math.log((n - mode + 1) / (n - k + 1))
            + (k + 0.5) * math.log(odds * (n - k + 1) / (k + 1))
            + stirling_rest(mode)
            + stirling_rest(n - mode)
            - stirling_rest(k)
            - stirling_rest(n - k)
        )
        if log(v * alpha / (a / (distance * distance) + b)) <= bound:
            return k


def hat(a: float, b: float, u: float, distance: float, centre: float) -> float:
    """The number that Hoermann's transformation proposes for a uniform one; u of -1/2 is infinitely far out."""
    return math.floor((2 * a / distance + b) * u + centre) if distance else -math.inf


def log(x: float) -> float:
    """The logarithm, -inf at 0."""
    return math.log(x) if x else -math.inf


def stirling_rest(k: float) -> float:
    """log k! less Stirling's approximation to it."""
    if k <= 9:
        return STIRLING_RESTS[int(k)]
    square = (k + 1) * (k + 1)
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1)


STIRLING_RESTS = (
    *(0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509, 0.0166446911898211),
    *(0.0138761288230707, 0.0118967099458917, 0.0104112652619720, 0.00925546218271273, 0.00833056343336287),
)
