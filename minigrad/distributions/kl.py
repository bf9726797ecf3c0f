"""The Kullback-Leibler divergence: how much is lost by taking q for p, the mean under p of log(p / q)."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

from minigrad.distributions.bernoulli import Bernoulli
from minigrad.distributions.beta import Beta
from minigrad.distributions.binomial import Binomial
from minigrad.distributions.categorical import Categorical
from minigrad.distributions.cauchy import Cauchy
from minigrad.distributions.dirichlet import Dirichlet
from minigrad.distributions.distribution import Distribution
from minigrad.distributions.exponential import Exponential
from minigrad.distributions.gamma import Gamma
from minigrad.distributions.geometric import Geometric
from minigrad.distributions.independent import Independent
from minigrad.distributions.laplace import Laplace
from minigrad.distributions.log_normal import LogNormal
from minigrad.distributions.multivariate_normal import MultivariateNormal, squared_distance
from minigrad.distributions.normal import Normal
from minigrad.distributions.one_hot_categorical import OneHotCategorical
from minigrad.distributions.poisson import Poisson
from minigrad.distributions.uniform import Uniform
from minigrad.distributions.utils import sum_rightmost
from minigrad.nn.functional import softplus
from minigrad.ops.further.matrices import solve_triangular
from minigrad.tensor import Tensor

__all__ = ["kl_divergence", "register_kl"]

Divergence = Callable[[Any, Any], Tensor]
_KL_REGISTRY: dict[tuple[type, type], Divergence] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Divergence], Divergence]:
    """A decorator: the function is the divergence of two kinds of distributions, and of what comes from them.

    type_p, type_q: the classes of p and q; the function gets (p, q).  TypeError for what is no class of distributions.
    """
    for name, kind in (("type_p", type_p), ("type_q", type_q)):
        if not (isinstance(kind, type) and issubclass(kind, Distribution)):
            raise TypeError(f"Expected {name} to be a Distribution subclass but got {kind}")

    def registered(function: Divergence) -> Divergence:
        _KL_REGISTRY[type_p, type_q] = function
        return function

    return registered


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """KL(p || q), the mean under p of log(p / q), of shape batch_shape, in nats.

    p, q: distributions.  NotImplementedError for a pair that nobody has registered (`register_kl`).
    S. Kullback and R. A. Leibler (1951), https://doi.org/10.1214/aoms/1177729694

    >>> import minigrad as torch
    >>> normal = torch.distributions.Normal
    >>> torch.distributions.kl_divergence(normal(0.0, 1.0), normal(1.0, 1.0))
    tensor(0.5000)
    """
    return divergence_of(type(p), type(q))(p, q)


def divergence_of(type_p: type, type_q: type) -> Divergence:
    """The function for the kinds that are nearest to these two among the kinds that they come from."""
    pairs = [(a, b) for a in type_p.__mro__ for b in type_q.__mro__ if (a, b) in _KL_REGISTRY]
    if not pairs:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {type_p.__name__} and q type {type_q.__name__}"
        )
    by_q = min(pairs, key=lambda pair: type_q.__mro__.index(pair[1]))
    if _KL_REGISTRY[pairs[0]] is not _KL_REGISTRY[by_q]:
        warnings.warn(
            f"Ambiguous kl_divergence({type_p.__name__}, {type_q.__name__}). "
            f"Please register_kl({pairs[0][0].__name__}, {by_q[1].__name__})",
            RuntimeWarning,
            stacklevel=3,
        )
    return _KL_REGISTRY[pairs[0]]


# Two of a kind --------------------------------------------------------------------------------------------------


@register_kl(Bernoulli, Bernoulli)
def bernoullis(p: Any, q: Any) -> Tensor:
    """p log(p / q) + (1 - p) log((1 - p) / (1 - q))."""
    ones = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    ones = ones.masked_fill(q.probs == 0, math.inf).masked_fill(p.probs == 0, 0)
    zeros = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    return ones + zeros.masked_fill(q.probs == 1, math.inf).masked_fill(p.probs == 1, 0)


@register_kl(Beta, Beta)
def betas(p: Any, q: Any) -> Tensor:
    """log B(q) - log B(p) and the differences of the concentrations times their digammas."""
    sum_p, sum_q = p.concentration1 + p.concentration0, q.concentration1 + q.concentration0
    first = q.concentration1.lgamma() + q.concentration0.lgamma() + sum_p.lgamma()
    second = p.concentration1.lgamma() + p.concentration0.lgamma() + sum_q.lgamma()
    ones = (p.concentration1 - q.concentration1) * p.concentration1.digamma()
    zeros = (p.concentration0 - q.concentration0) * p.concentration0.digamma()
    return first - second + ones + zeros + (sum_q - sum_p) * sum_p.digamma()


@register_kl(Binomial, Binomial)
def binomials(p: Any, q: Any) -> Tensor:
    """n times that of one trial; inf where p has more trials, NotImplementedError where q has more."""
    if (p.total_count < q.total_count).any():
        raise NotImplementedError("KL between Binomials where q.total_count > p.total_count is not implemented")
    one = p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p()
    return (p.total_count * one).masked_fill(p.total_count > q.total_count, math.inf)


@register_kl(Categorical, Categorical)
def categoricals(p: Any, q: Any) -> Tensor:
    """sum(p log(p / q))."""
    each = p.probs * (p.logits - q.logits)
    return each.masked_fill(q.probs == 0, math.inf).masked_fill(p.probs == 0, 0).sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def one_hot_categoricals(p: Any, q: Any) -> Tensor:
    """That of their categories."""
    return categoricals(p._categorical, q._categorical)


@register_kl(Cauchy, Cauchy)
def cauchys(p: Any, q: Any) -> Tensor:
    """log(((s_p + s_q)^2 + (loc_p - loc_q)^2) / (4 s_p s_q))."""
    return ((p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)).log() - (4 * p.scale * q.scale).log()


@register_kl(Dirichlet, Dirichlet)
def dirichlets(p: Any, q: Any) -> Tensor:
    """log B(q) - log B(p) and the differences of the concentrations times their digammas."""
    sum_p, sum_q = p.concentration.sum(-1), q.concentration.sum(-1)
    logs = (p.concentration.lgamma() - q.concentration.lgamma()).sum(-1)
    slopes = p.concentration.digamma() - sum_p.digamma().unsqueeze(-1)
    return sum_p.lgamma() - sum_q.lgamma() - logs + ((p.concentration - q.concentration) * slopes).sum(-1)


@register_kl(Exponential, Exponential)
def exponentials(p: Any, q: Any) -> Tensor:
    """r - 1 - log(r), for r = q.rate / p.rate."""
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(Gamma, Gamma)
def gammas(p: Any, q: Any) -> Tensor:
    """See W. D. Penny, "KL-divergences of normal, gamma, Dirichlet and Wishart densities" (2001)."""
    rates = q.concentration * (p.rate / q.rate).log()
    logs = q.concentration.lgamma() - p.concentration.lgamma()
    slopes = (p.concentration - q.concentration) * p.concentration.digamma()
    return rates + logs + slopes + (q.rate - p.rate) * (p.concentration / p.rate)


@register_kl(Geometric, Geometric)
def geometrics(p: Any, q: Any) -> Tensor:
    """-entropy(p) - log(1 - q) / p - logit(q)."""
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(Laplace, Laplace)
def laplaces(p: Any, q: Any) -> Tensor:
    """log(s_q / s_p) + d / s_q + s_p / s_q * exp(-d / s_p) - 1, for d = |loc_p - loc_q|."""
    ratio, distance = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + distance / q.scale + ratio * (-distance / p.scale).exp() - 1


@register_kl(Normal, Normal)
def normals(p: Any, q: Any) -> Tensor:
    """(v + d^2 - 1 - log(v)) / 2, for v the quotient of variances and d the distance in deviations of q."""
    ratio = (p.scale / q.scale).pow(2)
    distance = ((p.loc - q.loc) / q.scale).pow(2)
    return 0.5 * (ratio + distance - 1 - ratio.log())


@register_kl(LogNormal, LogNormal)
def log_normals(p: Any, q: Any) -> Tensor:
    """That of their logarithms."""
    return normals(p.base_dist, q.base_dist)


@register_kl(MultivariateNormal, MultivariateNormal)
def multivariate_normals(p: Any, q: Any) -> Tensor:
    """(log det q - log det p + trace(C_q^-1 C_p) + |L_q^-1 (loc_q - loc_p)|^2 - k) / 2."""
    if p.event_shape != q.event_shape:
        raise ValueError(
            "KL-divergence between two Multivariate Normals with different event shapes cannot be computed"
        )
    logs = q._half_log_det() - p._half_log_det()
    trace = solve_triangular(q._unbroadcasted_scale_tril, p._unbroadcasted_scale_tril, upper=False).pow(2).sum((-2, -1))
    distance = squared_distance(q._unbroadcasted_scale_tril, q.loc - p.loc)
    return logs + 0.5 * (trace + distance - p.event_shape[0])


@register_kl(Poisson, Poisson)
def poissons(p: Any, q: Any) -> Tensor:
    """p log(p / q) - (p - q)."""
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(Uniform, Uniform)
def uniforms(p: Any, q: Any) -> Tensor:
    """The logarithm of the quotient of their widths; inf where p reaches out of q."""
    outside = (q.low > p.low) | (q.high < p.high)
    return ((q.high - q.low) / (p.high - p.low)).log().masked_fill(outside, math.inf)


@register_kl(Independent, Independent)
def independents(p: Any, q: Any) -> Tensor:
    """The sum over the event; NotImplementedError for events of other dimensions."""
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError("KL between Independent distributions of other reinterpreted_batch_ndims")
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


# Of two kinds ---------------------------------------------------------------------------------------------------


@register_kl(Uniform, Normal)
def uniform_normal(p: Any, q: Any) -> Tensor:
    """The mean of -log q over p's interval, less p's entropy."""
    width = p.high - p.low
    logs = (math.sqrt(math.pi * 2) * q.scale / width).log()
    return logs + 0.5 * (width.pow(2) / 12 + ((p.high + p.low - 2 * q.loc) / 2).pow(2)) / q.scale.pow(2)


@register_kl(Exponential, Normal)
def exponential_normal(p: Any, q: Any) -> Tensor:
    """The mean of -log q under p, less p's entropy."""
    variance, square = q.scale.pow(2), p.rate.pow(2)
    logs = 0.5 * (square * variance * 2 * math.pi).log()
    return logs - 1 + (square.reciprocal() - q.loc / p.rate + q.loc.pow(2) * 0.5) / variance


@register_kl(Laplace, Normal)
def laplace_normal(p: Any, q: Any) -> Tensor:
    """The mean of -log q under p, less p's entropy."""
    variance = q.scale.pow(2)
    ratio = p.scale.pow(2) / variance
    distance = 0.5 * p.loc.pow(2) - p.loc * q.loc + 0.5 * q.loc.pow(2)
    return -0.5 * (2 * ratio / math.pi).log() + ratio + distance / variance - 1


@register_kl(Gamma, Exponential)
def gamma_exponential(p: Any, q: Any) -> Tensor:
    """The mean of -log q under p, less p's entropy."""
    return -p.entropy() - q.rate.log() + q.rate * p.concentration / p.rate


@register_kl(Bernoulli, Poisson)
def bernoulli_poisson(p: Any, q: Any) -> Tensor:
    """The mean of -log q under p, less p's entropy."""
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)
