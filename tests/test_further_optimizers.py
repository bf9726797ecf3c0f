"""Optimizers that look at a parameter's shape, and LBFGS: beside PyTorch's, with the tools of test_optim."""

import copy
import pickle

import numpy as np
import pytest
from engines import ENGINES, error_of, same, torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_optim import assert_same, distance, drawn, made, plain, rates, stepped, tensors

import minigrad

STEPS = 20
VECTORS = [(3, 4), (4,), (), (5, 3, 2), (1, 6)]
MATRICES = [(3, 4), (4, 3), (1, 6), (7, 7), (40, 20)]

OPTIONS = {
    "Adafactor": st.fixed_dictionaries(
        {"lr": rates, "weight_decay": st.sampled_from([0, 0.1]), "maximize": st.booleans()},
        optional={
            "beta2_decay": st.floats(-1, -0.1),
            "eps": st.sampled_from([(None, 1e-3), (1e-8, 1e-3), (1e-3, 0.1)]),
            "d": st.floats(1, 2),
        },
    ),
    "Muon": st.fixed_dictionaries(
        {"lr": rates, "nesterov": st.booleans()},
        optional={
            "weight_decay": st.floats(0, 0.5),
            "momentum": st.floats(0, 0.99),
            "ns_steps": st.integers(0, 5),
            "adjust_lr_fn": st.sampled_from([None, "original", "match_rms_adamw"]),
        },
    ),
}
TYPICAL = {
    "Adafactor": {"lr": 0.05, "weight_decay": 0.1},
    "Muon": {"lr": 0.05, "momentum": 0.9},
    "LBFGS": {"lr": 0.5, "max_iter": 5, "history_size": 3},
}
SHAPES = {"Adafactor": VECTORS, "Muon": MATRICES}
each_of_two = pytest.mark.parametrize("name", OPTIONS)
each_of_three = pytest.mark.parametrize("name", TYPICAL)


def lived(engine, name, options, dtype, missing, reload):
    """Parameters and optimizer after STEPS steps; on the way the state goes through a state dict of arrays."""
    params = drawn(engine, SHAPES[name], dtype)
    optimizer = made(engine, name, options, params)
    for step in range(STEPS):
        stepped(engine, optimizer, params, [step], missing)
        if step == reload:
            saved = plain(optimizer.state_dict())
            optimizer = made(engine, name, {"lr": 9.0}, params)
            optimizer.load_state_dict(tensors(engine, saved))
    return params, optimizer


lives = given(
    data=st.data(),
    missing=st.sets(st.tuples(st.integers(0, STEPS - 1), st.integers(0, 4)), max_size=20),
    reload=st.integers(0, STEPS),
)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@settings(max_examples=50)
@lives
def test_the_same_life_of_adafactor(dtype, data, missing, reload):
    options = data.draw(OPTIONS["Adafactor"])
    theirs, ours = (lived(engine, "Adafactor", options, dtype, missing, reload) for engine in ENGINES)
    assert_same(ours, theirs, dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@settings(max_examples=50)
@lives
def test_the_same_life_of_muon(dtype, data, missing, reload):
    """What is left is the rounding of bfloat16, 1 / 256, in steps as long as the rate."""
    options = data.draw(OPTIONS["Muon"])
    theirs, ours = (lived(engine, "Muon", options, dtype, missing, reload) for engine in ENGINES)
    assert ours[1].state_dict()["param_groups"] == theirs[1].state_dict()["param_groups"]
    buffers = [[state["momentum_buffer"].numpy() for state in x[1].state.values()] for x in (ours, theirs)]
    assert distance(*buffers) <= (1e-14 if dtype == "float64" else 1e-6)
    assert distance(plain(ours[0]), plain(theirs[0])) <= 0.02


@pytest.mark.parametrize(("rows", "columns"), [(30, 50), (50, 30)])
def test_muon_makes_a_matrix_orthogonal(rows, columns):
    """All singular values of the step are near 1, however different those of the gradient are."""
    p = minigrad.zeros(rows, columns, requires_grad=True)
    optimizer = minigrad.optim.Muon([p], lr=1.0, weight_decay=0, momentum=0)
    numbers = np.random.default_rng(0).standard_normal((rows, columns)) * np.geomspace(1, 30, columns)
    p.grad = minigrad.from_numpy(numbers.astype(np.float32))
    optimizer.step()
    step = p.detach().numpy() / max(1, rows / columns) ** 0.5
    singular_values = np.linalg.svd(step, compute_uv=False)
    assert np.linalg.svd(numbers, compute_uv=False).min() * 20 < np.linalg.svd(numbers, compute_uv=False).max()
    assert singular_values.min() > 0.5
    assert singular_values.max() < 1.5
    assert (step * -numbers).sum() > 0


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_bfloat16(dtype):
    from minigrad.optim.further.muon import bfloat16

    numbers = np.random.default_rng(0).standard_normal(10_000) * np.geomspace(1e-4, 1e4, 10_000)
    numbers = np.append(numbers, [0.0, -0.0, 1.0, 1 + 2**-8, 1 + 3 * 2**-8, np.inf, -np.inf, np.nan]).astype(dtype)
    expected = torch.from_numpy(numbers).bfloat16().float().numpy()
    assert np.array_equal(bfloat16(numbers.astype(np.float32)), expected, equal_nan=True)


def test_the_first_step_of_adafactor():
    """By hand: v is g ** 2, so u is the gradient's sign; a step is as long as the rate times the size of p."""
    p = minigrad.full((2, 3), 4.0, dtype=minigrad.float64, requires_grad=True)
    p.grad = minigrad.tensor([[2.0, -2, 2], [-2, 2, 2]], dtype=minigrad.float64)
    minigrad.optim.Adafactor([p], lr=0.1).step()
    np.testing.assert_allclose(p.tolist(), 4 - 0.1 * 4 * np.sign(p.grad.numpy()), rtol=1e-12)


def test_adafactor_leaves_an_empty_parameter_alone():
    p = minigrad.zeros(0, 3, requires_grad=True)
    p.grad = minigrad.zeros(0, 3)
    minigrad.optim.Adafactor([p]).step()
    assert p.tolist() == []


# LBFGS ------------------------------------------------------------------------------------------------------

lbfgs = st.fixed_dictionaries(
    {"line_search_fn": st.sampled_from([None, "strong_wolfe"]), "max_iter": st.integers(1, 6)},
    optional={
        "lr": st.sampled_from([1, 0.5, 0.1]),
        "max_eval": st.integers(1, 12),
        "history_size": st.integers(1, 5),
        "tolerance_grad": st.sampled_from([1e-7, 0.05]),
        "tolerance_change": st.sampled_from([1e-9, 1e-4]),
    },
)


def problem(engine, dtype="float64"):
    """A small network, and a function that gives a closure for an optimizer and a list for the losses."""
    numbers = np.random.default_rng(0)
    x = engine.from_numpy(numbers.standard_normal((20, 3)).astype(dtype))
    y = engine.from_numpy(np.sin(numbers.standard_normal((20, 1))).astype(dtype))
    shapes = [(5, 3), (5,), (1, 5), (1,), (2,)]  # the last has no gradient
    params = [engine.from_numpy((numbers.standard_normal(s) * 0.5).astype(dtype)).requires_grad_() for s in shapes]

    def closure_for(optimizer, losses):
        def closure():
            optimizer.zero_grad()
            hidden = (x @ params[0].T + params[1]).tanh()
            loss = ((hidden @ params[2].T + params[3] - y) ** 2).mean()
            loss.backward()
            losses.append(loss.item())
            return loss

        return closure

    return params, closure_for


def minimized(engine, options, steps, reload=None):
    """Losses of all evaluations, what the steps gave, the parameters, and the state."""
    params, closure_for = problem(engine)
    optimizer = engine.optim.LBFGS(params, **options)
    losses, given_back = [], []
    for step in range(steps):
        given_back.append(optimizer.step(closure_for(optimizer, losses)).item())
        if step == reload:
            saved = plain(optimizer.state_dict())
            optimizer = engine.optim.LBFGS(params)
            optimizer.load_state_dict(tensors(engine, saved))
    return losses, given_back, plain(params), optimizer.state_dict()


@settings(max_examples=60)
@given(options=lbfgs, reload=st.integers(0, 3))
def test_lbfgs_tries_the_same_points(options, reload):
    """As many, and with the same losses, but for rounding, which grows from one point to the next."""
    theirs, ours = (minimized(engine, options, 3, reload) for engine in ENGINES)
    assert len(ours[0]) == len(theirs[0])
    for mine, expected in zip(ours[:2], theirs[:2]):
        np.testing.assert_allclose(mine, expected, rtol=1e-6)
    assert distance(ours[2], theirs[2]) < 1e-5
    mine, expected = (x[3]["state"][0] for x in (ours, theirs))
    assert mine.keys() == expected.keys()
    assert (mine["n_iter"], mine["func_evals"]) == (expected["n_iter"], expected["func_evals"])
    assert [len(mine.get(name, [])) for name in ("old_dirs", "al")] == [
        len(expected.get(name, [])) for name in ("old_dirs", "al")
    ]
    assert ours[3]["param_groups"] == theirs[3]["param_groups"]


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
@pytest.mark.parametrize("first", ENGINES, ids=lambda engine: engine.__name__)
def test_lbfgs_goes_on_in_the_other_engine(first, search):
    options = {"max_iter": 4, "line_search_fn": search, "lr": 0.5}
    expected, _, _, _ = minimized(torch, options, 6)
    params, closure_for = problem(first)
    optimizer = first.optim.LBFGS(params, **options)
    losses = []
    for _ in range(3):
        optimizer.step(closure_for(optimizer, losses))
    second = minigrad if first is torch else torch
    saved, values = plain(optimizer.state_dict()), plain(params)
    params, closure_for = problem(second)
    with second.no_grad():
        for p, value in zip(params, values):
            p.copy_(second.from_numpy(value))
    optimizer = second.optim.LBFGS(params)
    optimizer.load_state_dict(tensors(second, saved))
    for _ in range(3):
        optimizer.step(closure_for(optimizer, losses))
    np.testing.assert_allclose(losses, expected, rtol=1e-6)


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_lbfgs_finds_the_minimum_of_a_quadratic_function(search):
    """In a few iterations, though it is ten thousand times as steep in one direction as in another."""
    numbers = np.random.default_rng(0)
    turn, _ = np.linalg.qr(numbers.standard_normal((6, 6)))
    steep = minigrad.from_numpy(turn @ np.diag(np.geomspace(0.01, 100, 6)) @ turn.T)
    target = minigrad.from_numpy(numbers.standard_normal(6))
    p = minigrad.zeros(6, dtype=minigrad.float64, requires_grad=True)
    optimizer = minigrad.optim.LBFGS([p], lr=1, max_iter=100, tolerance_change=0, line_search_fn=search)

    def closure():
        optimizer.zero_grad()
        loss = (p - target) @ steep @ (p - target)
        loss.backward()
        return loss

    for _ in range(3):
        optimizer.step(closure)
    np.testing.assert_allclose(p.tolist(), target.tolist(), atol=1e-5)


def test_lbfgs_in_float32_and_with_a_rate_in_a_tensor():
    def run(engine):
        params, closure_for = problem(engine, "float32")
        optimizer = engine.optim.LBFGS(params, lr=engine.tensor(0.5), max_iter=4)
        losses = []
        with engine.no_grad():
            for _ in range(3):
                optimizer.step(closure_for(optimizer, losses))
        return losses

    np.testing.assert_allclose(run(minigrad), run(torch), rtol=1e-4)


def test_errors_of_lbfgs():
    assert [kind for kind, _ in same(attempt_with_grad)] == ["ValueError", "ValueError", "RuntimeError", "TypeError"]


def attempt_with_grad(engine):
    p, q = (engine.ones(1, requires_grad=True) for _ in range(2))
    p.grad = engine.ones(1)
    search = engine.optim.LBFGS([p], line_search_fn="golden")
    return [
        error_of(engine.optim.LBFGS, [p], lr=-1),
        error_of(engine.optim.LBFGS, [{"params": [p]}, {"params": [q]}]),
        error_of(search.step, lambda: (p * 2).sum()),
        (error_of(engine.optim.LBFGS([p]).step)[0], ""),
    ]


def test_lbfgs_says_that_nothing_has_a_gradient():
    p = minigrad.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match=r"LBFGS.step\(\) changed nothing: no parameter has a gradient") as seen:
        minigrad.optim.LBFGS([p]).step(lambda: (p * p).sum())
    assert [warning.filename for warning in seen] == [__file__]


# All three --------------------------------------------------------------------------------------------------


@each_of_three
def test_printed_and_defaults(name):
    def seen(engine):
        p = engine.ones(2, 2, requires_grad=True)
        make = getattr(engine.optim, name)
        optimizer = make([p])
        return repr(optimizer), repr(make([p], **TYPICAL[name])), optimizer.defaults, dict(optimizer.state)

    same(seen)


BAD_OPTIONS = [
    ("Adafactor", {"lr": -0.1}),
    ("Adafactor", {"beta2_decay": 0.1}),
    ("Adafactor", {"eps": (-1e-8, 1e-3)}),
    ("Adafactor", {"eps": (None, -1e-3)}),
    ("Adafactor", {"d": 0.5}),
    ("Adafactor", {"weight_decay": -1}),
    ("Adafactor", {"momentum": 0.9}),
    ("Muon", {"lr": -0.1}),
    ("Muon", {"momentum": -0.1}),
    ("Muon", {"weight_decay": -0.1}),
    ("Muon", {"adjust_lr_fn": "mine"}),
    ("Muon", {"maximize": True}),
    ("LBFGS", {"weight_decay": 0.1}),
]


@pytest.mark.parametrize(("name", "options"), BAD_OPTIONS, ids=str)
def test_bad_options(name, options):
    kind, _ = same(
        lambda engine: error_of(getattr(engine.optim, name), [engine.ones(1, 1, requires_grad=True)], **options)
    )
    assert kind in ("ValueError", "TypeError")


def test_errors_of_muon():
    def attempt(engine):
        p = engine.ones(2, 2, requires_grad=True)
        p.grad = engine.ones(2, 2)
        make = engine.optim.Muon
        return [
            error_of(make, [engine.ones(3, requires_grad=True)]),
            error_of(make([p], ns_steps=100).step),
            error_of(make([p], ns_coefficients=(1.0, 2.0)).step),
        ]

    assert {kind for kind, _ in same(attempt)} == {"ValueError"}


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"])
@each_of_two
def test_copies_live_apart(name, copied):
    params = drawn(minigrad, SHAPES[name], "float64")
    optimizer = made(minigrad, name, TYPICAL[name], params)
    stepped(minigrad, optimizer, params, range(3))
    twins = copied((params, optimizer))
    before = plain(params)
    stepped(minigrad, twins[1], twins[0], range(3, 6))
    assert repr(plain(params)) == repr(before)
    stepped(minigrad, optimizer, params, range(3, 6))
    assert_same((params, optimizer), twins)


@each_of_three
def test_closures(name):
    """The closure's result is given back, computed with gradients even where they are switched off."""
    p = minigrad.full((2, 2), 3.0, requires_grad=True)
    optimizer = getattr(minigrad.optim, name)([p], **TYPICAL[name])

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with minigrad.no_grad():
        losses = [optimizer.step(closure).item() for _ in range(4)]
    assert losses[0] == 36
    assert losses[-1] < 36


@each_of_three
def test_a_step_is_noted_as_a_change(name):
    p = minigrad.ones(2, 2, requires_grad=True)
    optimizer = getattr(minigrad.optim, name)([p], **TYPICAL[name])
    loss = (p * p).sum()
    p.grad = minigrad.ones(2, 2)
    optimizer.step(lambda: minigrad.tensor(1.0))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@each_of_two
def test_gradients_are_not_changed_by_a_step(name):
    p = minigrad.ones(3, 4, requires_grad=True)
    optimizer = getattr(minigrad.optim, name)([p], **TYPICAL[name])
    p.grad = minigrad.full((3, 4), 0.5)
    for _ in range(3):
        optimizer.step()
    assert (p.grad.numpy() == 0.5).all()
