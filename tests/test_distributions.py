"""Distributions draw PyTorch's numbers, and have its densities, moments, gradients and errors."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from engines import error_of, torch
from hypothesis import given, settings
from hypothesis import strategies as st
from same_draws import agree, bits, empty, in_step

import minigrad
from minigrad.ops.further.drawing import beta_slope, gamma_slope

LIBRARIES = (minigrad, torch)
pytestmark = pytest.mark.filterwarnings("ignore")


def array(rng, shape, low=0.2, high=3.0, dtype="float64"):
    return rng.uniform(low, high, shape).astype(dtype)


def spread(rng, n, batch=()):
    """Lower triangular matrices with a positive diagonal."""
    x = np.tril(rng.normal(size=(*batch, n, n)))
    i = np.arange(n)
    x[..., i, i] = rng.uniform(0.5, 2, (*batch, n))
    return x


FAMILIES = {
    "Normal": lambda rng, s: {"loc": array(rng, s, -2, 2), "scale": array(rng, s)},
    "Laplace": lambda rng, s: {"loc": array(rng, s, -2, 2), "scale": array(rng, s)},
    "Cauchy": lambda rng, s: {"loc": array(rng, s, -2, 2), "scale": array(rng, s)},
    "LogNormal": lambda rng, s: {"loc": array(rng, s, -1, 1), "scale": array(rng, s, 0.2, 1)},
    "Uniform": lambda rng, s: {"low": array(rng, s, -2, 0), "high": array(rng, s, 0.5, 2)},
    "Exponential": lambda rng, s: {"rate": array(rng, s)},
    "Gamma": lambda rng, s: {"concentration": array(rng, s, 0.3, 9), "rate": array(rng, s)},
    "Beta": lambda rng, s: {"concentration1": array(rng, s, 0.3, 9), "concentration0": array(rng, s, 0.3, 9)},
    "Poisson": lambda rng, s: {"rate": array(rng, s, 0.1, 30)},
    "Geometric": lambda rng, s: {"probs": array(rng, s, 0.05, 0.95)},
    "Geometric of logits": lambda rng, s: {"logits": array(rng, s, -2, 2)},
    "Bernoulli": lambda rng, s: {"probs": array(rng, s, 0.05, 0.95)},
    "Bernoulli of logits": lambda rng, s: {"logits": array(rng, s, -2, 2)},
    "Binomial": lambda rng, s: {"total_count": np.full(s, 12.0), "probs": array(rng, s, 0.05, 0.95)},
    "Binomial of logits": lambda rng, s: {"total_count": np.full(s, 40.0), "logits": array(rng, s, -2, 2)},
    "Categorical": lambda rng, s: {"probs": array(rng, (*s, 4))},
    "Categorical of logits": lambda rng, s: {"logits": array(rng, (*s, 3), -2, 2)},
    "OneHotCategorical": lambda rng, s: {"probs": array(rng, (*s, 4))},
    "OneHotCategoricalStraightThrough": lambda rng, s: {"logits": array(rng, (*s, 4), -2, 2)},
    "Dirichlet": lambda rng, s: {"concentration": array(rng, (*s, 3), 0.3, 9)},
    "MultivariateNormal": lambda rng, s: {"loc": array(rng, (*s, 3), -2, 2), "scale_tril": spread(rng, 3, s)},
    "MultivariateNormal of covariances": lambda rng, s: {
        "loc": array(rng, (*s, 3), -2, 2),
        "covariance_matrix": (lambda x: x @ np.swapaxes(x, -2, -1))(spread(rng, 3, s)),
    },
    "MultivariateNormal of precisions": lambda rng, s: {
        "loc": array(rng, (*s, 2), -2, 2),
        "precision_matrix": (lambda x: x @ np.swapaxes(x, -2, -1))(spread(rng, 2)),
    },
}
SHAPES = [(), (3,), (2, 3), (2, 1)]
EVERY = pytest.mark.parametrize("family", FAMILIES)


def made(lib, family, arguments, requires_grad=False, dtype="float64"):
    """A distribution of one engine, and its parameters."""
    given = {name: lib.tensor(value, dtype=getattr(lib, dtype)) for name, value in arguments.items()}
    if requires_grad:
        given = {name: value.requires_grad_(name != "total_count") for name, value in given.items()}
    return getattr(lib.distributions, family.split()[0])(**given), list(given.values())


def both(family, arguments, **options):
    return [made(lib, family, arguments, **options) for lib in LIBRARIES]


def close(mine, theirs, tolerance=1e-9):
    assert tuple(mine.shape) == tuple(theirs.shape)
    assert str(mine.dtype).partition(".")[2] == str(theirs.dtype).partition(".")[2]
    np.testing.assert_allclose(mine.detach().numpy(), theirs.detach().numpy(), tolerance, tolerance)


# Draws --------------------------------------------------------------------------------------------------------


@EVERY
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
def test_draws_are_those_of_pytorch(family, shape, dtype):
    arguments = FAMILIES[family](np.random.default_rng(len(shape)), shape)
    exact = not family.startswith(("Multi", "LogNormal", "Cauchy", "Laplace"))  # matrix products, exp, log of libraries
    for size in ((), (5,), (2, 40)):
        torch.manual_seed(3)
        minigrad.manual_seed(3)
        mine, theirs = (each.sample(size) for each, _ in both(family, arguments, dtype=dtype))
        in_step()
        if exact:
            close(mine, theirs, 2e-7 if dtype == "float32" else 1e-15)  # a division or an exp may be rounded otherwise
        else:
            close(mine, theirs, 2e-5 if dtype == "float32" else 1e-11)
        assert not mine.requires_grad


def vector(values, dtype="float32"):
    return lambda lib: lib.tensor(values, dtype=getattr(lib, dtype))


@given(st.integers(0, 2**32), st.sampled_from(["float32", "float64"]))
@settings(max_examples=30)
def test_gamma_poisson_and_binomial_numbers_are_equal_to_the_bit(seed, dtype):
    rng = np.random.default_rng(seed)
    shapes = (rng.choice([0.01, 0.3, 0.9, 1, 2.5, 30, 1000], 40) * rng.uniform(0.5, 1, 40)).tolist()
    rates = rng.choice([0, 0.1, 1, 9.9, 10, 10.1, 60, 3000], 40).tolist()
    counts = rng.choice([0, 1, 7, 30, 1000, 100000], 40).tolist()
    chances = rng.choice([0, 0.001, 0.1, 0.3, 0.5, 0.7, 0.99, 1], 40).tolist()
    agree(
        seed,
        lambda lib: lib.distributions.Gamma(vector(shapes, dtype)(lib), 1.0).sample(),
        lambda lib: lib.poisson(vector(rates, dtype)(lib)),
        lambda lib: lib.binomial(vector(counts, dtype)(lib), vector(chances, dtype)(lib)),
        lambda lib: lib.distributions.Dirichlet(vector(shapes[:39], dtype)(lib).reshape(13, 3)).sample(),
        lambda lib: lib.distributions.Beta(vector(shapes[:20], dtype)(lib), vector(shapes[20:], dtype)(lib)).sample(),
        lambda lib: lib.poisson(vector(rates, dtype)(lib).reshape(8, 5).T),
    )


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(), (3,), (17,), (4, 5)])
def test_in_place_draws(shape, dtype):
    agree(
        5,
        lambda lib: empty(shape, dtype)(lib).geometric_(0.3),
        lambda lib: empty(shape, dtype)(lib).log_normal_(0.5, 0.25),
        lambda lib: empty(shape, dtype)(lib).log_normal_(),
        lambda lib: empty(shape, dtype)(lib).cauchy_(1.5, 0.75),
    )


def test_geometric_integers():
    agree(2, lambda lib: empty((50,), "int64")(lib).geometric_(0.02))


def test_gradients_of_counts():
    for lib in LIBRARIES:
        rate, chance = (lib.tensor([x, 0.5], requires_grad=True) for x in (3.0, 0.75))
        drawn = lib.poisson(rate), lib.binomial(lib.tensor([5.0, 6.0]), chance)
        assert [each.grad_fn.name() for each in drawn] == ["PoissonBackward0", "torch::autograd::NotImplemented"]
        drawn[0].sum().backward()
        assert rate.grad.tolist() == [0.0, 0.0]
        with pytest.raises(RuntimeError, match="derivative for aten::binomial is not implemented"):
            drawn[1].sum().backward()


REFUSED = {
    "a rate below 0": lambda lib: lib.poisson(lib.tensor([1.0, -1.0])),
    "an integer rate": lambda lib: lib.poisson(lib.tensor([1, 2])),
    "two dtypes": lambda lib: lib.binomial(lib.tensor([1.0]), lib.tensor([0.5], dtype=lib.float64)),
    "no such probability": lambda lib: lib.empty(3).geometric_(0.0),
    "a scale of 0": lambda lib: lib.empty(3).cauchy_(0.0, 0.0),
    "integers": lambda lib: lib.empty(3, dtype=lib.int64).cauchy_(),
    "a deviation of 0": lambda lib: lib.empty(3).log_normal_(0.0, 0.0),
    "a scale below 0": lambda lib: lib.distributions.Normal(lib.zeros(2), -lib.ones(2)),
    "both": lambda lib: lib.distributions.Categorical(probs=lib.ones(2), logits=lib.ones(2)),
    "neither": lambda lib: lib.distributions.Bernoulli(),
    "a number for probabilities": lambda lib: lib.distributions.Categorical(probs=lib.tensor(1.0)),
    "text": lambda lib: lib.distributions.Normal("0", 1.0),
    "no interval": lambda lib: lib.distributions.Uniform(1.0, 0.0),
    "no definite matrix": lambda lib: lib.distributions.MultivariateNormal(lib.zeros(2), -lib.eye(2)),
    "two matrices": lambda lib: lib.distributions.MultivariateNormal(lib.zeros(2), lib.eye(2), lib.eye(2)),
    "a value outside": lambda lib: lib.distributions.Exponential(1.0).log_prob(lib.tensor(-1.0)),
    "a category outside": lambda lib: lib.distributions.Categorical(lib.ones(3)).log_prob(lib.tensor(3)),
    "a float for a category": lambda lib: lib.distributions.Categorical(lib.ones(3)).log_prob(lib.tensor(0.5)),
    "another event": lambda lib: lib.distributions.Dirichlet(lib.ones(3)).log_prob(lib.ones(2) / 2),
    "another batch": lambda lib: lib.distributions.Normal(lib.zeros(3), 1.0).log_prob(lib.zeros(2)),
    "a number as value": lambda lib: lib.distributions.Normal(0.0, 1.0).log_prob(0.5),
    "no reparametrised draw": lambda lib: lib.distributions.Poisson(1.0).rsample(),
    "no entropy": lambda lib: lib.distributions.Poisson(lib.ones(2)).entropy(),
    "too many dims": lambda lib: lib.distributions.Independent(lib.distributions.Normal(0.0, 1.0), 1),
    "no divergence": lambda lib: lib.distributions.kl_divergence(
        lib.distributions.Normal(0.0, 1.0), lib.distributions.Categorical(lib.ones(2))
    ),
    "other trials": lambda lib: lib.distributions.kl_divergence(
        lib.distributions.Binomial(2, lib.tensor(0.5)), lib.distributions.Binomial(3, lib.tensor(0.5))
    ),
    "several counts": lambda lib: lib.distributions.Binomial(lib.tensor([1.0, 2.0]), lib.tensor(0.5)).entropy(),
    "a second derivative of a draw": lambda lib: lib.autograd.grad(
        lib.autograd.grad(
            lib.distributions.Gamma(x := lib.ones(3, requires_grad=True), 1.0).rsample().sum(), x, create_graph=True
        )[0].sum(),
        x,
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_pytorch_refuses_is_refused(case):
    mine, theirs = (error_of(lambda lib=lib: REFUSED[case](lib)) for lib in LIBRARIES)
    assert theirs is not None
    assert isinstance(mine, type(theirs)), mine
    first = str(theirs).split()[:3]
    assert str(mine).split()[:3] == first or case in ("an integer rate", "no entropy", "no reparametrised draw"), mine


# Densities and moments ----------------------------------------------------------------------------------------


def outcome(function):
    try:
        return function()
    except NotImplementedError:
        return NotImplementedError


FACTS = ("mean", "mode", "variance", "stddev", "entropy", "perplexity", "log_prob", "cdf", "icdf", "enumerate_support")


def fact(distribution, name, value):
    if name in ("log_prob", "cdf"):
        return getattr(distribution, name)(value)
    if name == "icdf":
        return distribution.icdf(value.sigmoid())
    found = getattr(distribution, name)
    return found() if callable(found) else found


@EVERY
@pytest.mark.parametrize("name", FACTS)
@pytest.mark.parametrize("shape", SHAPES)
def test_facts_and_their_gradients_are_those_of_pytorch(family, name, shape):
    arguments = FAMILIES[family](np.random.default_rng(1 + len(shape)), shape)
    torch.manual_seed(1)
    value = made(torch, family, arguments)[0].sample((4,)).numpy()
    (mine, mine_given), (theirs, theirs_given) = both(family, arguments, requires_grad=True)
    results = [
        outcome(lambda each=each, lib=lib: fact(each, name, lib.tensor(value)))
        for each, lib in zip((mine, theirs), LIBRARIES)
    ]
    if results[1] is NotImplementedError or (name == "cdf" and family == "Gamma"):
        assert results[0] is NotImplementedError
        return
    close(*results)
    if not results[1].requires_grad:
        assert not results[0].requires_grad
        return
    firsts, seconds = [], []
    for lib, result, leaves in ((minigrad, results[0], mine_given), (torch, results[1], theirs_given)):
        leaves = [x for x in leaves if x.requires_grad]
        found = lib.autograd.grad((result**2).sum(), leaves, create_graph=True, allow_unused=True)
        firsts.append(found)
        total = sum((g**2).sum() for g in found if g is not None)
        seconds.append(lib.autograd.grad(total, leaves, allow_unused=True) if total.requires_grad else [None])
    for found in (firsts, seconds):
        for g, expected in zip(*found, strict=True):
            close(*(x if x is not None else lib.zeros(1) for x, lib in zip((g, expected), LIBRARIES)), 1e-6)


REPARAMETRISED = [family for family in FAMILIES if getattr(torch.distributions, family.split()[0]).has_rsample]


@pytest.mark.parametrize("family", REPARAMETRISED)
def test_gradients_go_through_draws(family):
    arguments = FAMILIES[family](np.random.default_rng(2), (2, 3))
    tolerance = 4e-3 if family in ("Gamma", "Beta", "Dirichlet") else 1e-8  # which PyTorch approximates
    gradients = []
    for lib, (distribution, leaves) in zip(LIBRARIES, both(family, arguments, requires_grad=True)):
        lib.manual_seed(5)
        drawn = distribution.rsample((20,))
        (drawn * lib.arange(drawn.numel(), dtype=lib.float64).reshape(drawn.shape)).sum().backward()
        gradients.append([x.grad for x in leaves])
    for mine, theirs in zip(*gradients, strict=True):
        np.testing.assert_allclose(mine.numpy(), theirs.numpy(), tolerance, tolerance)


def test_draws_of_gamma_and_beta_move_with_their_parameters_as_finite_differences_say():
    rng = np.random.default_rng(0)
    a = rng.choice([0.05, 0.5, 1, 3, 20, 300], 300) * rng.uniform(0.5, 1.5, 300)
    x = torch.distributions.Gamma(torch.tensor(a), torch.ones(300, dtype=torch.float64)).sample()
    h = 1e-5 * a
    above, below = (torch.special.gammainc(torch.tensor(a + s * h), x) for s in (1, -1))
    density = torch.distributions.Gamma(torch.tensor(a), torch.ones((), dtype=torch.float64)).log_prob(x).exp()
    expected = -(above - below).numpy() / (2 * h) / density.numpy()
    np.testing.assert_allclose(gamma_slope(a, x.numpy()), expected, 1e-6)
    pairs = rng.choice([0.3, 1, 4, 30], (300, 2)) * rng.uniform(0.5, 1.5, (300, 2))
    shares = torch._sample_dirichlet(torch.tensor(pairs)).numpy()
    approximate = torch._dirichlet_grad(
        *(torch.tensor(np.broadcast_to(x, (300, 2)).copy()) for x in (shares, pairs, pairs.sum(-1, keepdims=True)))
    ).numpy()
    np.testing.assert_allclose(beta_slope(pairs, shares), approximate, 3e-3)


# Divergences --------------------------------------------------------------------------------------------------

MIXED = [
    ("Uniform", "Normal"),
    ("Exponential", "Normal"),
    ("Laplace", "Normal"),
    ("Gamma", "Exponential"),
    ("Bernoulli", "Poisson"),
]
PAIRS = [(family, family) for family in FAMILIES if family != "MultivariateNormal of precisions"] + MIXED


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_divergences_are_those_of_pytorch(first, second):
    masked = first == second and first.startswith(("Bernoulli", "Binomial", "Uniform"))  # PyTorch's do not broadcast
    for shapes in (((), ()), ((3,), (3,)), *([] if masked else [((2, 3), (3,))])):
        rng = np.random.default_rng(4)
        given = [FAMILIES[family](rng, shape) for family, shape in zip((first, second), shapes)]
        found = []
        for lib in LIBRARIES:
            (p, p_given), (q, q_given) = (
                made(lib, family, each, requires_grad=True) for family, each in zip((first, second), given)
            )
            divergence = lib.distributions.kl_divergence(p, q)
            divergence.nan_to_num(posinf=0.0).sum().backward()
            found.append((divergence, [x.grad for x in (*p_given, *q_given)]))
        close(found[0][0], found[1][0])
        for mine, theirs in zip(found[0][1], found[1][1], strict=True):
            assert (mine is None) == (theirs is None) or not theirs.any()
            if mine is not None and theirs is not None:
                close(mine, theirs)


def test_divergences_of_ones_own():
    class Mine(minigrad.distributions.Normal):
        pass

    p = Mine(0.0, 1.0)
    assert minigrad.distributions.kl_divergence(p, p) == 0

    @minigrad.distributions.register_kl(Mine, Mine)
    def divergence(p, q):
        return p.loc + 7

    assert minigrad.distributions.kl_divergence(p, p) == 7
    assert minigrad.distributions.kl_divergence(p, minigrad.distributions.Normal(0.0, 1.0)) == 0
    with pytest.raises(TypeError, match="Expected type_p"):
        minigrad.distributions.register_kl(int, Mine)


# Shapes, text, copies -----------------------------------------------------------------------------------------


@EVERY
def test_expanded_printed_and_copied(family):
    arguments = FAMILIES[family](np.random.default_rng(6), (3,))
    mine, theirs = (each for each, _ in both(family, arguments))
    assert repr(mine) == repr(theirs).replace("torch.", "minigrad.")
    assert tuple(mine.batch_shape) == tuple(theirs.batch_shape)
    assert tuple(mine.event_shape) == tuple(theirs.event_shape)
    assert (mine.has_rsample, mine.has_enumerate_support) == (theirs.has_rsample, theirs.has_enumerate_support)
    assert repr(mine.support) == repr(theirs.support).replace("torch.", "minigrad.")
    wide = [each.expand((2, 3)) for each in (mine, theirs)]
    assert repr(wide[0]) == repr(wide[1]).replace("torch.", "minigrad.")
    torch.manual_seed(8)
    minigrad.manual_seed(8)
    draws = [each.sample((2,)) for each in wide]
    close(*draws, 1e-11)
    close(*(each.log_prob(lib.tensor(draws[1].numpy())) for each, lib in zip(wide, LIBRARIES)))
    for twin in (copy.deepcopy(mine), pickle.loads(pickle.dumps(mine))):
        minigrad.manual_seed(8)
        twin_draw = twin.sample()
        minigrad.manual_seed(8)
        assert bits(twin_draw) == bits(mine.sample())


def test_a_batch_as_an_event():
    for lib in LIBRARIES:
        base = lib.distributions.Normal(lib.zeros(2, 3), lib.ones(3))
        whole = lib.distributions.Independent(base, 1)
        assert (tuple(whole.batch_shape), tuple(whole.event_shape)) == ((2,), (3,))
        assert tuple(whole.log_prob(lib.zeros(2, 3)).shape) == (2,)
        assert tuple(whole.expand((4, 2)).sample().shape) == (4, 2, 3)
        assert repr(whole) == "Independent(Normal(loc: torch.Size([2, 3]), scale: torch.Size([2, 3])), 1)".replace(
            "torch", lib.Size.__module__.partition(".")[0]
        )
    p, q = (lib.distributions.Independent(lib.distributions.Normal(lib.zeros(2, 3), 2.0), 1) for lib in LIBRARIES)
    close(p.entropy(), q.entropy(), 1e-6)


def test_checks_can_be_turned_off():
    assert minigrad.distributions.Normal(0.0, -1.0, validate_args=False).scale == -1
    try:
        minigrad.distributions.Distribution.set_default_validate_args(False)
        assert minigrad.distributions.Normal(0.0, -1.0).scale == -1
    finally:
        minigrad.distributions.Distribution.set_default_validate_args(True)


def test_a_policy_gradient_step_has_pytorchs_numbers():
    losses = []
    for lib in LIBRARIES:
        lib.manual_seed(0)
        policy = lib.nn.Sequential(lib.nn.Linear(4, 16), lib.nn.Tanh(), lib.nn.Linear(16, 2))
        optimizer = lib.optim.Adam(policy.parameters(), lr=0.01)
        for _ in range(10):
            actions = lib.distributions.Categorical(logits=policy(lib.randn(32, 4)))
            action = actions.sample()
            loss = -(actions.log_prob(action) * (action.float() - 0.5)).mean() - 0.01 * actions.entropy().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    np.testing.assert_allclose(losses[:10], losses[10:], 1e-5)
