"""Optimizers: the same gradients given to PyTorch's and to minigrad's lead to the same parameters and state."""

import copy
import importlib
import pickle

import numpy as np
import pytest
from engines import ENGINES, error_of, same, torch
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from minigrad.kernels.fused import PIECE

NAMES = [
    *("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta"),
    *("Adamax", "NAdam", "RAdam", "ASGD", "Rprop"),
]
SHAPES = [(3, 4), (4,), (), (0,), (2, 2)]
LARGE = [(200, 170), (3,), (20000,), (130, 100), (), (40000,), (7,)]
"""More than fits one block of 32768 numbers, with small parameters in between."""

STEPS = 50
TOLERANCE = {"float64": 1e-12, "float32": 2e-5}
"""Relative to the largest of all parameters, or of all states of one name.

Over 1200 lives the largest differences are 2e-15 and 1.4e-6: some ten roundings, of 1.1e-16 and 6e-8 each.  What is
left is for lives in which v - m * m of a centered RMSprop is small, where the rounding of v counts for more.
"""

rates = st.floats(1e-4, 0.3)
common = {"lr": rates, "weight_decay": st.sampled_from([0, 0.01, 0.1]), "maximize": st.booleans()}
momenta = st.floats(0.1, 0.95)
epsilons = st.sampled_from([1e-8, 1e-3])
sgd = st.fixed_dictionaries(common, optional={"momentum": momenta, "dampening": st.floats(0, 0.9)})
nesterov = st.fixed_dictionaries({**common, "momentum": momenta, "nesterov": st.just(True)})
# Without a memory of v (beta2, alpha or rho of 0) a step is g / |g|: its sign hangs on the last bit where g is near 0.
adam = st.fixed_dictionaries(
    {**common, "amsgrad": st.booleans()},
    optional={"betas": st.tuples(st.floats(0, 0.99), st.floats(0.3, 0.999)), "eps": epsilons},
)
rmsprop = st.fixed_dictionaries(
    {**common, "alpha": st.floats(0.3, 0.999), "centered": st.booleans()},
    optional={"momentum": momenta, "eps": epsilons},
)
adagrad = st.fixed_dictionaries(
    common, optional={"lr_decay": momenta, "initial_accumulator_value": momenta, "eps": epsilons}
)
adadelta = st.fixed_dictionaries({**common, "rho": st.floats(0.3, 0.999)}, optional={"eps": epsilons})
betas = st.tuples(st.floats(0, 0.99), st.floats(0.3, 0.999))
adamax = st.fixed_dictionaries(common, optional={"betas": betas, "eps": epsilons})
radam = st.fixed_dictionaries({**common, "decoupled_weight_decay": st.booleans()}, optional={"betas": betas})
nadam = st.fixed_dictionaries(
    {**common, "decoupled_weight_decay": st.booleans()},
    optional={"betas": betas, "eps": epsilons, "momentum_decay": st.floats(0, 0.1)},
)
asgd = st.fixed_dictionaries(
    {**common, "t0": st.sampled_from([0, 7, 1e6])}, optional={"lambd": st.floats(0, 0.1), "alpha": st.floats(0.3, 1)}
)
rprop = st.fixed_dictionaries(
    {"lr": rates, "maximize": st.booleans()},
    optional={
        "etas": st.tuples(st.floats(0.1, 0.9), st.floats(1.1, 2)),
        "step_sizes": st.tuples(st.floats(1e-6, 0.01), st.floats(0.02, 1)),
    },
)
OPTIONS = {
    "Adamax": adamax,
    "NAdam": nadam,
    "RAdam": radam,
    "ASGD": asgd,
    "Rprop": rprop,
    "SGD": st.one_of(sgd, nesterov),
    "Adam": adam,
    "AdamW": adam,
    "RMSprop": rmsprop,
    "Adagrad": adagrad,
    "Adadelta": adadelta,
}

TYPICAL = {
    "Adamax": {"lr": 0.01, "betas": (0.8, 0.99), "weight_decay": 0.1},
    "NAdam": {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True},
    "RAdam": {"lr": 0.01, "betas": (0.8, 0.9), "weight_decay": 0.1},
    "ASGD": {"lr": 0.05, "lambd": 0.01, "t0": 3},
    "Rprop": {"lr": 0.01, "etas": (0.4, 1.3)},
    "SGD": {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    "Adam": {"lr": 0.01, "weight_decay": 0.1, "amsgrad": True},
    "AdamW": {"lr": 0.01, "betas": (0.8, 0.99)},
    "RMSprop": {"lr": 0.01, "momentum": 0.5, "centered": True},
    "Adagrad": {"lr": 0.05, "lr_decay": 0.01, "initial_accumulator_value": 0.1},
    "Adadelta": {"lr": 0.5, "rho": 0.8, "weight_decay": 0.01},
}
MEMORY = {
    "Adamax": "exp_inf",
    "NAdam": "exp_avg_sq",
    "RAdam": "exp_avg",
    "ASGD": "ax",
    "Rprop": "step_size",
    "SGD": "momentum_buffer",
    "Adam": "exp_avg",
    "AdamW": "exp_avg_sq",
    "RMSprop": "momentum_buffer",
    "Adagrad": "sum",
    "Adadelta": "acc_delta",
}
"""One of the states of each."""

HAVE_NUMBERS = ["NAdam", "ASGD"]
"""Their state has numbers in float32, which take the dtype of the parameters when they are loaded."""

each_optimizer = pytest.mark.parametrize("name", NAMES)


# Tools ------------------------------------------------------------------------------------------------------


def drawn(engine, shapes, dtype):
    """Parameters, the same with both engines."""
    numbers = np.random.default_rng(0)
    return [engine.from_numpy(np.asarray(numbers.standard_normal(s), dtype)).requires_grad_() for s in shapes]


def made(engine, name, options, params):
    """Two groups, the second with a rate of its own."""
    return getattr(engine.optim, name)([{"params": params[:3]}, {"params": params[3:], "lr": 0.02}], **options)


def begun(engine, name, shapes=SHAPES, dtype="float64"):
    params = drawn(engine, shapes, dtype)
    return params, made(engine, name, TYPICAL[name], params)


def stepped(engine, optimizer, params, steps, missing=()):
    """Steps with gradients that are drawn by the step's number; pairs of a step and a parameter have none."""
    for step in steps:
        numbers = np.random.default_rng([1, step])
        for j, p in enumerate(params):
            g = np.asarray(numbers.standard_normal(tuple(p.shape)), p.detach().numpy().dtype)
            p.grad = None if (step, j) in missing else engine.from_numpy(g)
        optimizer.step()


def mapped(change, content):
    """Nested dicts, lists and tuples with their leaves changed."""
    if isinstance(content, dict):
        return {key: mapped(change, value) for key, value in content.items()}
    if isinstance(content, (list, tuple)):
        return type(content)(mapped(change, each) for each in content)
    return change(content)


def plain(content):
    """A copy with arrays instead of tensors."""
    return mapped(lambda x: x.detach().numpy().copy() if isinstance(x, (torch.Tensor, minigrad.Tensor)) else x, content)


def tensors(engine, content):
    """A copy with an engine's tensors instead of arrays."""
    return mapped(lambda x: engine.from_numpy(x.copy()) if isinstance(x, np.ndarray) else x, content)


def by_name(params, optimizer):
    """All parameters, and the states of each name, in lists of arrays."""
    lists = {"parameters": plain(params)}
    for state in plain(optimizer.state_dict())["state"].values():
        for name, array in state.items():
            lists.setdefault(name, []).append(array)
    return lists


def distance(found, expected):
    """The largest difference of two lists of arrays, relative to the largest number in the second one."""
    assert [(a.shape, a.dtype) for a in found] == [(a.shape, a.dtype) for a in expected]
    assert all(np.isfinite(array).all() for array in found + expected)
    difference = max(abs(a - b).max(initial=0) for a, b in zip(found, expected))
    return difference / max(abs(array).max(initial=0) for array in expected) if difference else 0.0


def assert_same(found, expected, dtype="float64"):
    """Pairs of parameters and their optimizer are alike: options exactly, numbers but for rounding."""
    saved, wanted = found[1].state_dict(), expected[1].state_dict()
    assert saved["param_groups"] == wanted["param_groups"]
    assert [(n, list(state)) for n, state in saved["state"].items()] == [
        (n, list(state)) for n, state in wanted["state"].items()
    ]
    numbers, wanted_numbers = by_name(*found), by_name(*expected)
    distances = {name: distance(numbers[name], wanted_numbers[name]) for name in numbers}
    assert max(distances.values()) <= TOLERANCE[dtype], distances


def on_both(scenario, *args):
    """A scenario that ends in parameters and optimizer ends in the same with both engines."""
    theirs, ours = (scenario(engine, *args) for engine in ENGINES)
    assert_same(ours, theirs)
    assert any(p.tolist() != q.tolist() for p, q in zip(ours[0], drawn(minigrad, SHAPES, "float64"))), "it never moved"


# Whole lives ------------------------------------------------------------------------------------------------

EVENTS = [
    "other rate",
    "reload",
    "other engine",
    "copy",
    "pickle",
    "forget",
    "clear",
    "keep zeros",
    "replace parameter",
    "replace state",
    "fill state",
    "count anew",
]


def lived(engine, name, options, dtype, missing, events):
    """Parameters and optimizer after STEPS steps, of which some gradients are missing, and events between them."""
    params = drawn(engine, SHAPES, dtype)
    optimizer = made(engine, name, options, params)
    for step in range(STEPS):
        stepped(engine, optimizer, params, [step], missing)
        if step in events:
            engine, params, optimizer = after(events[step], engine, name, options, params, optimizer)
    return params, optimizer


def after(event, engine, name, options, params, optimizer):
    """What happens between two steps."""
    state = optimizer.state.get(params[1], {})
    memory = next((key for key in state if key != "step"), None)
    if event == "other rate":
        optimizer.param_groups[0]["lr"] *= 0.5
    elif event == "reload":
        optimizer = reloaded(engine, name, params, optimizer)
    elif event == "other engine":
        engine, params, optimizer = carried_over(engine, name, params, optimizer)
    elif event == "copy":
        params, optimizer = copy.deepcopy((params, optimizer))
    elif event == "pickle":
        params, optimizer = pickle.loads(pickle.dumps((params, optimizer)))
    elif event == "forget" and name != "Adagrad":  # PyTorch's Adagrad makes its state only at the beginning
        optimizer.state.pop(params[0], None)
    elif event == "clear" and name != "Adagrad" and params[4] in optimizer.state:
        optimizer.state[params[4]].clear()
    elif event == "keep zeros":
        optimizer.zero_grad(set_to_none=False)
        optimizer.step()
    elif event == "replace parameter":
        params[1].data = params[1].data.clone()
    elif event == "replace state" and memory:
        state[memory].data = engine.full_like(state[memory], 25.0)
    elif event == "fill state" and memory:
        state[memory].fill_(25.0)
    elif event == "count anew" and "step" in state:
        state["step"].fill_(1.0)
    return engine, params, optimizer


def reloaded(engine, name, params, optimizer):
    """A new optimizer that has taken over what the state dict of another says."""
    other = made(engine, name, {"lr": 9.0}, params)
    other.load_state_dict(optimizer.state_dict())
    return other


def carried_over(engine, name, params, optimizer):
    """The other engine, with parameters and state that have gone over to it as arrays."""
    other = minigrad if engine is torch else torch
    saved = plain(optimizer.state_dict())
    params = [other.from_numpy(array).requires_grad_() for array in plain(params)]
    optimizer = made(other, name, {"lr": 9.0}, params)
    optimizer.load_state_dict(tensors(other, saved))
    return other, params, optimizer


lives = given(
    data=st.data(),
    missing=st.sets(st.tuples(st.integers(0, STEPS - 1), st.integers(0, len(SHAPES) - 1)), max_size=30),
    events=st.dictionaries(st.integers(0, STEPS - 1), st.sampled_from(EVENTS), max_size=8),
)


def same_life(name, dtype, data, missing, events):
    options = data.draw(OPTIONS[name])
    theirs, ours = (lived(engine, name, options, dtype, missing, events) for engine in ENGINES)
    assert_same(ours, theirs, dtype)


@each_optimizer
@pytest.mark.parametrize("dtype", TOLERANCE)
@settings(max_examples=25)
@lives
def test_the_same_life_leads_to_the_same_parameters_and_state(name, dtype, data, missing, events):
    same_life(name, dtype, data, missing, events)


@pytest.mark.slow
@each_optimizer
@pytest.mark.parametrize("dtype", TOLERANCE)
@settings(max_examples=300)
@lives
def test_many_lives(name, dtype, data, missing, events):
    same_life(name, dtype, data, missing, events)


@each_optimizer
@pytest.mark.parametrize("first", ENGINES, ids=lambda engine: engine.__name__)
@pytest.mark.parametrize("shapes", [SHAPES, LARGE], ids=["small", "large"])
@settings(max_examples=3)
@given(data=st.data())
def test_state_goes_over_to_the_other_engine_and_training_goes_on_identically(name, first, shapes, data):
    """As where the state was loaded by the same engine, in both directions."""
    options = data.draw(OPTIONS[name])
    half = 25 if shapes is SHAPES else 3
    missing = {(half - 1, 0), (half - 2, 4)}
    expected = drawn(torch, shapes, "float64")
    reference = made(torch, name, options, expected)
    stepped(torch, reference, expected, range(half), missing)
    reference = reloaded(torch, name, expected, reference)
    stepped(torch, reference, expected, range(half, 2 * half), missing)

    params = drawn(first, shapes, "float64")
    optimizer = made(first, name, options, params)
    stepped(first, optimizer, params, range(half), missing)
    before = copy.deepcopy(plain(optimizer.state_dict()))
    second, params, optimizer = carried_over(first, name, params, optimizer)
    if name not in HAVE_NUMBERS:
        assert repr(plain(optimizer.state_dict())) == repr(before)
    stepped(second, optimizer, params, range(half, 2 * half), missing)
    assert_same((params, optimizer), (expected, reference))


# Numbers ----------------------------------------------------------------------------------------------------


@each_optimizer
@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("missing", [set(), {(3, 0), (3, 1), (4, 1), (5, 5), (0, 6)}], ids=["all", "some missing"])
def test_several_blocks(name, dtype, missing):
    results = []
    for engine in ENGINES:
        params = drawn(engine, LARGE, dtype)
        optimizer = getattr(engine.optim, name)(params, **TYPICAL[name])
        stepped(engine, optimizer, params, range(8), missing)
        results.append((params, optimizer))
    assert_same(*reversed(results), dtype)
    if name in HAVE_NUMBERS:  # and know no blocks
        return
    sizes = [len(block.params) for block in results[1][1]._blocks[0]]
    assert sum(sizes) == len(LARGE)
    assert len(sizes) >= 4
    assert max(sizes) >= 2 or missing


@each_optimizer
def test_a_parameter_of_several_pieces(name):
    """NumPy takes large arrays piece by piece; the last piece is short."""
    results = []
    for engine in ENGINES:
        params = drawn(engine, [(2 * PIECE + 3,)], "float32")
        optimizer = getattr(engine.optim, name)(params, **TYPICAL[name])
        stepped(engine, optimizer, params, range(2))
        results.append((params, optimizer))
    assert_same(*reversed(results), "float32")


@each_optimizer
def test_parameters_of_two_dtypes(name):
    def run(engine):
        params = [p for dtype in TOLERANCE for p in drawn(engine, SHAPES, dtype)][::3]
        optimizer = getattr(engine.optim, name)(params, **TYPICAL[name])
        stepped(engine, optimizer, params, range(10))
        return {dtype: [array for array in plain(params) if array.dtype == dtype] for dtype in TOLERANCE}

    expected, found = run(torch), run(minigrad)
    for dtype, tolerance in TOLERANCE.items():
        assert found[dtype]
        assert distance(found[dtype], expected[dtype]) <= tolerance


@each_optimizer
def test_float16(name):
    """Some of a float16's 2048 digits are lost on the way, in either engine."""

    def run(engine):
        params = drawn(engine, SHAPES, "float16")
        optimizer = made(
            engine, name, {**TYPICAL[name], **({} if name in ("SGD", "Rprop", "ASGD") else {"eps": 1e-3})}, params
        )
        stepped(engine, optimizer, params, range(10))
        return plain(params)

    assert distance(run(minigrad), run(torch)) <= 0.005


def test_a_state_with_numbers_in_the_place_of_tensors():
    """As the first versions of PyTorch saved it."""

    def run(engine):
        p = engine.full((2,), 3.0, requires_grad=True)
        optimizer = engine.optim.NAdam([p], lr=0.1)
        stepped(engine, optimizer, [p], range(2))
        saved = optimizer.state_dict()
        for name in ("step", "mu_product"):
            saved["state"][0][name] = saved["state"][0][name].item()
        other = engine.optim.NAdam([p])
        other.load_state_dict(saved)
        stepped(engine, other, [p], range(2, 5))
        return [p], other

    (mine, ours), (expected, theirs) = run(minigrad), run(torch)
    assert distance(plain(mine), plain(expected)) <= 1e-6
    assert ours.state[mine[0]]["mu_product"].item() == pytest.approx(theirs.state[expected[0]]["mu_product"].item())
    assert ours.state[mine[0]]["mu_product"].dtype is minigrad.float32


@each_optimizer
def test_gradients_that_begin_and_end(name):
    """A parameter that starts late has its own first step; one that stops keeps its state."""
    late, early, now_and_then = (
        {(i, j) for i in steps} for j, steps in ((0, range(5)), (1, range(8, 20)), (4, [3, 9]))
    )
    never = {(i, 2) for i in range(20)}

    def run(engine):
        params, optimizer = begun(engine, name)
        stepped(engine, optimizer, params, range(20), late | early | now_and_then | never)
        counts = [optimizer.state[p].get("step", engine.zeros(())).item() for p in params if p in optimizer.state]
        assert counts == ([0] * 4 if name == "SGD" else [15, 8, *([0] if name == "Adagrad" else []), 20, 18])
        return params, optimizer

    on_both(run)


@each_optimizer
def test_groups_with_options_of_their_own(name):
    def run(engine):
        params = drawn(engine, SHAPES, "float64")
        own = {"momentum": 0.5, "nesterov": False} if name == "SGD" else {"eps": 1e-2}
        groups = [{"params": params[:2]}, {"params": iter(params[2:4]), "lr": 0.2, **own}]
        last = {"params": params[4], "lr": 0.3, "weight_decay": 0.2}
        if name == "Adagrad":  # PyTorch's makes its state only at the beginning
            groups.append(last)
        optimizer = getattr(engine.optim, name)(groups, **TYPICAL[name])
        stepped(engine, optimizer, params, range(5))
        if name != "Adagrad":
            optimizer.add_param_group(last)
        stepped(engine, optimizer, params, range(5, 10))
        optimizer.param_groups[1]["lr"] = 0.01
        optimizer.param_groups[0]["weight_decay"] = 0.5
        optimizer.param_groups[2]["maximize"] = True
        stepped(engine, optimizer, params, range(10, 15))
        assert len(optimizer.param_groups) == 3
        return params, optimizer

    on_both(run)


def test_adagrad_begins_a_group_that_is_added_later():
    p, q = (minigrad.ones(2, requires_grad=True) for _ in range(2))
    optimizer = minigrad.optim.Adagrad([p], lr=0.5, initial_accumulator_value=3.0)
    optimizer.add_param_group({"params": [q]})
    q.grad = minigrad.ones(2)
    optimizer.step()
    np.testing.assert_allclose(q.tolist(), [0.75, 0.75])  # 1 - 0.5 / sqrt(3 + 1)


@pytest.mark.parametrize(
    ("name", "option", "values"),
    [("SGD", "momentum", (0, 0.9)), ("SGD", "weight_decay", (0, 0.1)), ("Adam", "weight_decay", (0.1, 0))],
)
def test_options_switched_on_and_off(name, option, values):
    """Momentum needs state that the first steps have not made."""

    def run(engine):
        params = drawn(engine, SHAPES, "float64")
        optimizer = made(engine, name, {"lr": 0.05}, params)
        for part in range(4):
            optimizer.param_groups[0][option] = values[part % 2]
            stepped(engine, optimizer, params, range(4 * part, 4 * part + 4))
        return params, optimizer

    on_both(run)


@each_optimizer
def test_a_learning_rate_in_a_tensor(name):
    def run(engine):
        params = drawn(engine, SHAPES, "float64")
        optimizer = getattr(engine.optim, name)(params, lr=engine.tensor(0.01), foreach=False)
        stepped(engine, optimizer, params, range(5))
        return plain(params)

    assert distance(run(minigrad), run(torch)) <= 1e-7  # PyTorch's Adam divides by the rate, a float32, on its way


@each_optimizer
def test_parameters_that_are_not_contiguous(name):
    def run(engine):
        storage = engine.arange(24, dtype=engine.float64).reshape(4, 6)
        params = [storage.t().requires_grad_(), engine.arange(12, dtype=engine.float64)[::2].requires_grad_()]
        optimizer = getattr(engine.optim, name)(params, **TYPICAL[name])
        stepped(engine, optimizer, params, range(6))
        return [*plain(params), storage.detach().numpy()]

    found = run(minigrad)
    assert distance(found, run(torch)) <= TOLERANCE["float64"]
    assert np.array_equal(found[0].T, found[2])


def test_adamw_shrinks_parameters_as_pytorch_does():
    """By a product with 1 - lr * weight_decay: p - lr * weight_decay * p drifts away in float32, step by step."""

    def shrunk(engine):
        (p,) = drawn(engine, [(1000,)], "float32")
        p.grad = engine.zeros(1000)
        optimizer = engine.optim.AdamW([p], lr=0.01, weight_decay=0.1)
        for _ in range(100):
            optimizer.step()
        return p.detach().numpy().tobytes()

    same(shrunk)


@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.2, 0.3), (0.0, 0.0)])
def test_the_first_steps_of_adam_are_as_long_as_the_rate(betas):
    """m / sqrt(v) is the gradient's sign as long as the gradient stays the same, whatever its size."""
    p = minigrad.zeros(3, dtype=minigrad.float64, requires_grad=True)
    optimizer = minigrad.optim.Adam([p], lr=0.25, betas=betas, eps=0)
    p.grad = minigrad.tensor([1e-6, -3.0, 1e6], dtype=minigrad.float64)
    for step in (1, 2, 3):
        optimizer.step()
        np.testing.assert_allclose(p.tolist(), [-0.25 * step, 0.25 * step, -0.25 * step], rtol=1e-12)


# State ------------------------------------------------------------------------------------------------------


@each_optimizer
def test_loaded_state_is_a_copy(name):
    params, optimizer = begun(minigrad, name)
    optimizer.param_groups[0]["notes"] = ["first"]
    stepped(minigrad, optimizer, params, range(3))
    before = plain(optimizer.state_dict())
    others, other = begun(minigrad, name)
    other.load_state_dict(optimizer.state_dict())
    for state in other.state.values():
        for value in state.values():
            value.fill_(0.5)
    stepped(minigrad, other, others, range(3, 6))
    other.param_groups[0]["lr"] = 7.0
    other.param_groups[0]["notes"].append("second")
    assert repr(plain(optimizer.state_dict())) == repr(before)
    assert repr(plain(other.state_dict())) != repr(before)


@each_optimizer
def test_loaded_state_takes_the_dtype_of_the_parameters(name):
    def dtypes(engine):
        params, optimizer = begun(engine, name)
        stepped(engine, optimizer, params, range(3))
        _, other = begun(engine, name, dtype="float32")
        other.load_state_dict(optimizer.state_dict())
        return mapped(lambda array: (array.dtype.name, array.shape), plain(other.state_dict())["state"])

    assert ("float32", (3, 4)) in same(dtypes)[0].values()


@pytest.mark.parametrize(
    "change",
    [
        lambda state: state["param_groups"].append(copy.deepcopy(state["param_groups"][0])),
        lambda state: state["param_groups"][0]["params"].pop(),
        lambda state: state["param_groups"].clear(),
    ],
    ids=["more groups", "fewer parameters", "no groups"],
)
@each_optimizer
def test_load_state_dict_errors_change_nothing(name, change):
    def attempt(engine):
        params, optimizer = begun(engine, name)
        stepped(engine, optimizer, params, range(3))
        before = repr(plain(optimizer.state_dict()))
        state = copy.deepcopy(optimizer.state_dict())
        state["param_groups"][0]["lr"] = 5.0
        change(state)
        error = error_of(optimizer.load_state_dict, state)
        assert repr(plain(optimizer.state_dict())) == before
        return error

    assert same(attempt)[0] == "ValueError"


WAYS = ["replaced", "data replaced", "filled", "forgotten", "all forgotten", "step", "one step"]
CHANGES = [
    (name, how)
    for name in NAMES
    for how in WAYS
    if not (name == "SGD" and "step" in how)  # it counts none
    and not (name == "Adagrad" and "forgotten" in how)  # PyTorch's makes its state only at the beginning
]


@pytest.mark.parametrize(("name", "how"), CHANGES)
def test_state_that_the_user_changes(name, how):
    key = MEMORY[name]

    def run(engine):
        params, optimizer = begun(engine, name)
        stepped(engine, optimizer, params, range(4))
        p = params[1]
        if how == "replaced":
            optimizer.state[p][key] = engine.full((4,), 0.5, dtype=engine.float64)
        elif how == "data replaced":
            optimizer.state[p][key].data = engine.full((4,), 0.5, dtype=engine.float64)
        elif how == "filled":
            optimizer.state[p][key].fill_(0.25)
        elif how == "forgotten":
            del optimizer.state[p]
        elif how == "all forgotten":
            optimizer.state.clear()
        elif how == "step":
            optimizer.state[p]["step"] = engine.tensor(40.0)
        else:
            optimizer.state[p]["step"].fill_(40.0)
        stepped(engine, optimizer, params, range(4, 8))
        return params, optimizer

    on_both(run)


@each_optimizer
def test_parameters_that_the_user_changes(name):
    def run(engine):
        params, optimizer = begun(engine, name)
        stepped(engine, optimizer, params, range(3))
        with engine.no_grad():
            params[0].fill_(2)
        stepped(engine, optimizer, params, range(3, 6))
        params[0].data = engine.full((3, 4), -1.0, dtype=engine.float64)
        stepped(engine, optimizer, params, range(6, 9))
        return params, optimizer

    on_both(run)


def test_a_parameter_that_becomes_float64_is_updated_in_float64():
    def run(engine):
        p = engine.ones(2, requires_grad=True)
        optimizer = engine.optim.SGD([p], lr=0.1)
        p.grad = engine.ones(2)
        optimizer.step()
        p.grad, p.data = None, p.data.double()
        p.grad = engine.full((2,), 1 / 3, dtype=engine.float64)
        optimizer.step()
        return p.tolist()

    assert same(run)[0] == pytest.approx(float(np.float32(0.9)) - 0.1 / 3, rel=1e-15)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"])
@each_optimizer
def test_copies_live_apart(name, copied):
    def run(engine, which):
        params, optimizer = begun(engine, name)
        optimizer.register_step_pre_hook(lambda *_: None)
        stepped(engine, optimizer, params, range(3))
        twins = copied((params, optimizer))
        stepped(engine, twins[1], twins[0], range(3, 6))
        return (twins, (params, optimizer))[which]

    on_both(run, 0)
    on_both(run, 1)


def test_a_copy_without_its_parameters_has_parameters_of_its_own():
    def run(engine):
        params, optimizer = begun(engine, "Adam")
        twin = copy.deepcopy(optimizer)
        own = [p for group in twin.param_groups for p in group["params"]]
        stepped(engine, twin, own, range(3))
        assert [p.tolist() for p in params] == [p.tolist() for p in drawn(engine, SHAPES, "float64")]
        return own, twin

    on_both(run)


def test_a_state_tensor_stays_the_same_object():
    """Though the state of p moves to other memory when q no longer takes part in the steps."""
    p, q = (minigrad.ones(n, requires_grad=True) for n in (2, 3))
    optimizer = minigrad.optim.Adam([p, q])
    p.grad, q.grad = minigrad.ones(2), minigrad.ones(3)
    optimizer.step()
    average = optimizer.state[p]["exp_avg"]
    q.grad = None
    optimizer.step()
    assert average is optimizer.state[p]["exp_avg"]
    np.testing.assert_allclose(average.tolist(), [0.19, 0.19], rtol=1e-6)


def test_a_state_of_another_shape_stops_the_step_before_it_changes_a_parameter():
    donor = minigrad.ones(2, requires_grad=True)
    donor.grad = minigrad.ones(2)
    saved = minigrad.optim.Adam([donor])
    saved.step()
    params = [minigrad.ones(n, requires_grad=True) for n in (4, 3)]
    optimizer = minigrad.optim.Adam(params)
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": {1: saved.state_dict()["state"][0]}, "param_groups": groups})
    for p in params:
        p.grad = minigrad.ones(p.shape)
    with pytest.raises(RuntimeError, match=r"state 'exp_avg' has shape \[2\], but its parameter has \[3\]"):
        optimizer.step()
    assert [p.tolist() for p in params] == [[1.0] * 4, [1.0] * 3]


def old_state(engine):
    """As versions of PyTorch before maximize and foreach saved it, with an entry that belongs to no parameter."""
    averages = {name: engine.full((2,), 0.5) for name in ("exp_avg", "exp_avg_sq")}
    options = {"lr": 0.5, "betas": (0.9, 0.99), "eps": 1e-8, "weight_decay": 0, "amsgrad": False}
    return {
        "state": {7: {"step": engine.tensor(3.0), **averages}, "other": {"x": 1}},
        "param_groups": [{"params": [7], **options}],
    }


def test_a_state_of_an_older_version_is_taken_over():
    def run(engine):
        p = engine.ones(2, requires_grad=True)
        p.grad = engine.ones(2)
        optimizer = engine.optim.Adam([p])
        optimizer.load_state_dict(old_state(engine))
        optimizer.step()
        return repr(p), optimizer.state["other"], optimizer.state[p]["step"].item()

    assert same(run)[1:] == ({"x": 1}, 4.0)


def test_a_buffer_that_was_saved_as_none_is_begun_anew():
    def run(engine):
        p = engine.ones(2, requires_grad=True)
        p.grad = engine.ones(2)
        optimizer = engine.optim.SGD([p], lr=0.5, momentum=0.9)
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": {0: {"momentum_buffer": None}}, "param_groups": groups})
        for _ in range(2):
            optimizer.step()
        return p.tolist(), optimizer.state[p]["momentum_buffer"].tolist()

    assert same(run)[0] == [pytest.approx(1 - 0.5 * (1 + 1.9))] * 2


# Construction and its errors --------------------------------------------------------------------------------


@each_optimizer
def test_printed(name):
    def texts(engine):
        make = getattr(engine.optim, name)
        a, b = engine.ones(2, requires_grad=True), engine.ones(2, requires_grad=True)
        return [
            repr(make([a])),
            repr(make([a], **TYPICAL[name])),
            repr(make([{"params": [a], "lr": 0.5, "name": "first"}, {"params": b}], lr=0.25, maximize=True)),
        ]

    assert "Parameter Group 1" in same(texts)[2]


@each_optimizer
def test_defaults_and_groups(name):
    def seen(engine):
        p = engine.ones(2, requires_grad=True)
        optimizer = getattr(engine.optim, name)(iter([p]))
        groups = [{k: v for k, v in group.items() if k != "params"} for group in optimizer.param_groups]
        kept = optimizer.param_groups[0]["params"]
        assert type(kept) is list
        assert kept[0] is p
        return optimizer.defaults, groups, repr(plain(optimizer.state_dict()["state"]))

    same(seen)


BAD_OPTIONS = [
    ("SGD", {"lr": -1.0}),
    ("SGD", {"momentum": -0.5}),
    ("SGD", {"weight_decay": -1}),
    ("SGD", {"nesterov": True}),
    ("SGD", {"nesterov": True, "momentum": 0.9, "dampening": 0.1}),
    ("SGD", {"betas": (0.9, 0.9)}),
    *[
        (name, options)
        for name in ("Adam", "AdamW")
        for options in [
            {"lr": -0.1},
            {"lr": float("nan")},
            {"eps": -1e-8},
            {"betas": (1.0, 0.9)},
            {"betas": (0.9, -0.1)},
            {"betas": (0.9, 1.5)},
            {"weight_decay": -0.1},
            {"momentum": 0.9},
        ]
    ],
    ("AdamW", {"decoupled_weight_decay": False}),
    ("RMSprop", {"lr": -0.1}),
    ("RMSprop", {"alpha": -0.1}),
    ("RMSprop", {"eps": -0.1}),
    ("RMSprop", {"momentum": -0.1}),
    ("RMSprop", {"weight_decay": -0.1}),
    ("RMSprop", {"rho": 0.9}),
    ("Adagrad", {"lr": -0.1}),
    ("Adagrad", {"lr_decay": -0.1}),
    ("Adagrad", {"weight_decay": -0.1}),
    ("Adagrad", {"initial_accumulator_value": -0.1}),
    ("Adagrad", {"eps": -0.1}),
    *[
        (name, options)
        for name in ("Adamax", "NAdam", "RAdam")
        for options in [
            {"lr": -0.1},
            {"eps": -1e-8},
            {"betas": (1.0, 0.9)},
            {"betas": (0.9, -0.1)},
            {"weight_decay": -0.1},
            {"amsgrad": True},
        ]
    ],
    ("NAdam", {"momentum_decay": -0.1}),
    ("ASGD", {"lr": -0.1}),
    ("ASGD", {"weight_decay": -0.1}),
    ("Rprop", {"lr": -0.1}),
    ("Rprop", {"etas": (0.5, 0.9)}),
    ("Rprop", {"etas": (1.0, 1.2)}),
    ("Rprop", {"weight_decay": 0.1}),
    ("Adadelta", {"lr": -0.1}),
    ("Adadelta", {"rho": 1.1}),
    ("Adadelta", {"rho": -0.1}),
    ("Adadelta", {"eps": -0.1}),
    ("Adadelta", {"weight_decay": -0.1}),
]


@pytest.mark.parametrize(("name", "options"), BAD_OPTIONS, ids=str)
def test_bad_options(name, options):
    kind, _ = same(
        lambda engine: error_of(getattr(engine.optim, name), [engine.ones(1, requires_grad=True)], **options)
    )
    assert kind in ("ValueError", "TypeError")


@each_optimizer
def test_a_learning_rate_of_two_elements(name):
    def attempt(engine):
        rate = engine.tensor([0.1, 0.2])
        return error_of(getattr(engine.optim, name), [engine.ones(1, requires_grad=True)], lr=rate, foreach=False)

    assert same(attempt) == ("ValueError", "Tensor lr must be 1-element")


def twice(engine):
    p = engine.ones(1, requires_grad=True)
    return [{"params": [p]}, {"params": [p]}]


BAD_PARAMETERS = {
    "none": lambda _: [],
    "exhausted": lambda _: iter(()),
    "non-leaf": lambda engine: [engine.ones(1, requires_grad=True) * 2],
    "number": lambda _: [3.0],
    "module": lambda engine: [engine.nn.ReLU()],
    "set": lambda engine: [{"params": {engine.ones(1, requires_grad=True)}}],
    "in two groups": twice,
    "no list": lambda _: 3,
    "group without parameters": lambda _: [{"lr": 1.0}],
    "group and tensor": lambda engine: [
        {"params": [engine.ones(1, requires_grad=True)]},
        engine.ones(1, requires_grad=True),
    ],
}


@pytest.mark.parametrize("parameters", BAD_PARAMETERS)
@each_optimizer
def test_bad_parameters(name, parameters):
    """The types of the errors are PyTorch's, and most of the words."""

    def attempt(engine):
        kind, words = error_of(getattr(engine.optim, name), BAD_PARAMETERS[parameters](engine))
        return kind, words.partition(". ")[0][:30] if parameters not in ("group and tensor", "set") else ""

    same(attempt)


def test_an_option_that_groups_have_to_give():
    """As the optimizers of courses ask for it: `lr=required`."""

    def attempt(engine):
        module = importlib.import_module(f"{engine.__name__}.optim.optimizer")

        class Plain(engine.optim.Optimizer):
            def __init__(self, params, lr=module.required):
                super().__init__(params, {"lr": lr})

        p, q = (engine.ones(1, requires_grad=True) for _ in range(2))
        optimizer = Plain([{"params": [p], "lr": 0.5}])
        lacking = {"params": [q]}
        errors = [error_of(Plain, [p]), error_of(optimizer.add_param_group, lacking)]
        return errors, len(optimizer.param_groups), repr(module.required), optimizer.param_groups[0]["lr"]

    assert same(attempt)[0][0][0] == "ValueError"


def test_a_tensor_instead_of_a_list():
    def attempt(engine):
        kind, words = error_of(engine.optim.SGD, engine.ones(3, requires_grad=True))
        return kind, words.split(", but got")[0]

    kind, words = same(attempt)
    assert kind == "TypeError"
    assert "an iterable of Tensors or dicts" in words


def test_adding_a_bad_group_changes_nothing():
    def attempt(engine):
        p = engine.ones(2, requires_grad=True)
        optimizer = engine.optim.SGD([p], lr=0.5)
        before = repr(optimizer)
        errors = [
            error_of(optimizer.add_param_group, group)
            for group in ([p], {"params": [p]}, {"params": [p * 2]}, {"params": [engine.ones(1), p]}, {"params": ["a"]})
        ]
        assert repr(optimizer) == before
        assert len(optimizer.param_groups) == 1
        return [kind for kind, _ in errors], errors[1], errors[2][1].partition(":")[0]

    same(attempt)


@each_optimizer
def test_duplicate_parameters_warn(name):
    def warned(engine):
        p = engine.ones(2, requires_grad=True)
        with pytest.warns(UserWarning, match="parameter") as seen:
            optimizer = getattr(engine.optim, name)([p, p])
        return [str(w.message) for w in seen], len(optimizer.param_groups[0]["params"])

    assert "duplicate parameters" in same(warned)[0][0]


def test_parameters_that_require_no_grad_are_left_alone():
    def run(engine):
        p, q = engine.ones(2), engine.ones(2, requires_grad=True)
        optimizer = engine.optim.Adam([p, q], lr=0.5)
        q.sum().backward()
        optimizer.step()
        return p.tolist(), list(optimizer.state_dict()["state"]), q.tolist() == [1.0, 1.0]

    assert same(run) == ([1.0, 1.0], [1], False)


# Steps ------------------------------------------------------------------------------------------------------


@each_optimizer
def test_a_step_without_gradients(name):
    def run(engine):
        p = engine.ones(2, requires_grad=True)
        optimizer = getattr(engine.optim, name)([p])
        return optimizer.step(), p.tolist(), repr(plain(optimizer.state_dict()["state"]))

    assert same(run)[:2] == (None, [1.0, 1.0])


@each_optimizer
def test_closure(name):
    def run(engine):
        p = engine.full((2,), 3.0, dtype=engine.float64).requires_grad_()
        optimizer = getattr(engine.optim, name)([p], **TYPICAL[name])
        seen = []

        def closure():
            optimizer.zero_grad()
            loss = (p * p).sum()
            seen.append([engine.is_grad_enabled(), loss.requires_grad])
            loss.backward()
            return loss

        with engine.no_grad():
            losses = [optimizer.step(closure).item() for _ in range(3)]
        losses.append(optimizer.step(closure=closure).item())
        return losses, seen

    (expected, seen), (losses, found) = run(torch), run(minigrad)
    assert found == seen
    assert losses == pytest.approx(expected, rel=1e-12)
    assert losses[0] > losses[-1]


@each_optimizer
def test_a_step_is_noted_as_a_change(name):
    """A graph that needs the old values cannot be gone through after the step."""

    def attempt(engine):
        p = engine.ones(2, requires_grad=True)
        optimizer = getattr(engine.optim, name)([p], lr=0.1)
        loss = (p * p).sum()
        p.grad = engine.ones(2)
        version = p._version
        optimizer.step()
        return error_of(loss.backward)[0], p._version > version, p.is_leaf, p.requires_grad

    assert same(attempt) == ("RuntimeError", True, True, True)


@each_optimizer
def test_gradients_are_not_changed_by_a_step(name):
    params = drawn(minigrad, [(3,), (40000,)], "float64")
    decay = {} if name == "Rprop" else {"weight_decay": 0.1}
    optimizer = getattr(minigrad.optim, name)(params, **{**TYPICAL[name], "maximize": True, **decay})
    for p in params:
        p.grad = minigrad.full_like(p, 0.5)
    for _ in range(2):
        optimizer.step()
    assert all((p.grad.numpy() == 0.5).all() for p in params)


@pytest.mark.filterwarnings("ignore:Using backward:UserWarning")
def test_zero_grad():
    def run(engine):
        p, q, r = (engine.ones(2, requires_grad=True) for _ in range(3))
        optimizer = engine.optim.SGD([{"params": [p, r]}, {"params": [q]}], lr=0.1)
        (p * 2 + q).sum().backward(create_graph=True)
        held = p.grad
        optimizer.zero_grad(set_to_none=False)
        kept = [p.grad is held, p.grad.tolist(), q.grad.tolist(), r.grad, p.grad.requires_grad]
        optimizer.step()
        kept.append(p.tolist())
        optimizer.zero_grad()
        return [*kept, p.grad, q.grad, held.tolist()]

    assert same(run)[:3] == [True, [0.0, 0.0], [0.0, 0.0]]


def test_step_hooks():
    def run(engine):
        p = engine.ones(2, requires_grad=True)
        optimizer, other = engine.optim.SGD([p], lr=0.1), engine.optim.Adam([engine.ones(1, requires_grad=True)])
        module = importlib.import_module(f"{engine.__name__}.optim.optimizer")
        p.grad = engine.ones(2)
        seen = []

        def note(label):
            def hook(stepped, args, kwargs):
                seen.append((label, stepped is optimizer, len(args), sorted(kwargs), p.tolist() == [1.0, 1.0]))

            return hook

        handles = [
            optimizer.register_step_post_hook(note("after")),
            module.register_optimizer_step_post_hook(note("after all")),
            module.register_optimizer_step_pre_hook(note("before all")),
            optimizer.register_step_pre_hook(note("before")),
        ]
        try:
            optimizer.step()
            other.step()
            optimizer.step(lambda: None)
            optimizer.step(closure=lambda: None)
        finally:
            for handle in handles:
                handle.remove()
                optimizer.step()
        seen.append("removed")
        optimizer.step()
        other.step()
        return seen

    seen = same(run)
    assert [label for label, *_ in seen[:4]] == ["before all", "before", "after", "after all"]
    assert seen[-1] == "removed"


def test_a_pre_hook_may_change_the_arguments():
    def run(engine):
        p = engine.ones(2, requires_grad=True)
        optimizer = engine.optim.SGD([p], lr=0.1)
        optimizer.register_step_pre_hook(lambda stepped, args, kwargs: ((stepped, lambda: 7), {}))
        results = [optimizer.step()]
        optimizer.register_step_pre_hook(lambda *_: 3)
        return results, error_of(optimizer.step)[0]

    assert same(run) == ([7], "RuntimeError")


def test_an_optimizer_of_ones_own():
    def run(engine):
        class Signs(engine.optim.Optimizer):
            def __init__(self, params, lr=0.5):
                super().__init__(params, {"lr": lr})

            @engine.no_grad()
            def step(self):
                for group in self.param_groups:
                    for p in group["params"]:
                        if p.grad is not None:
                            p -= group["lr"] * (2.0 * (p.grad > 0) - 1)
                            self.state[p]["number"] = self.state[p].get("number", 0) + 1

        p, q = engine.ones(2, requires_grad=True), engine.ones(1, requires_grad=True)
        optimizer = Signs([p, q])
        seen = []
        handle = optimizer.register_step_post_hook(lambda *_: seen.append("stepped"))
        for _ in range(3):
            optimizer.zero_grad()
            (p * p).sum().backward()
            optimizer.step()
        handle.remove()
        optimizer.step()
        return p.tolist(), seen, repr(optimizer), optimizer.state_dict()

    assert same(run)[1] == ["stepped"] * 3


@pytest.mark.parametrize(("name", "other"), [("SGD", "Adam"), ("Adam", "SGD"), ("RMSprop", "Adagrad")])
def test_the_state_of_another_optimizer_is_refused(name, other):
    p = minigrad.ones(2, requires_grad=True)
    mine, foreign = (getattr(minigrad.optim, each)([p], lr=0.1) for each in (name, other))
    before = mine.state_dict()
    with pytest.raises(KeyError, match=f"not one of {name}: a parameter group lacks"):
        mine.load_state_dict(foreign.state_dict())
    assert mine.state_dict() == before


def test_a_state_from_before_an_option_is_loaded():
    p = minigrad.ones(2, requires_grad=True)
    optimizer = minigrad.optim.Adam([p], lr=0.1)
    saved = optimizer.state_dict()
    for option in ("maximize", "foreach", "capturable", "differentiable", "fused", "decoupled_weight_decay"):
        del saved["param_groups"][0][option]
    optimizer.load_state_dict(saved)
    assert optimizer.param_groups[0]["maximize"] is False


# Names of parameters ------------------------------------------------------------------------------------------


def model_and_more(torch):
    torch.manual_seed(0)
    return torch.nn.Linear(2, 1), torch.nn.Parameter(torch.ones(1))


def test_parameters_may_have_names():
    def scenario(torch):
        model, more = model_and_more(torch)
        named = torch.optim.SGD([{"params": model.named_parameters()}, {"params": [("more", more)], "lr": 3}], lr=0.1)
        unnamed = torch.optim.SGD([{"params": model.parameters()}, {"params": [more]}], lr=0.1)
        saved = named.state_dict()
        told = str(named), [group["param_names"] for group in saved["param_groups"]]
        named.load_state_dict(unnamed.state_dict())
        unnamed.load_state_dict(saved)
        groups = [*named.param_groups, *unnamed.param_groups]
        model(torch.ones(1, 2)).sum().backward()
        named.step()
        return told, [group["param_names"] for group in groups], [group["lr"] for group in groups], model.bias.item()

    same(scenario)


def all_have_names_or_none(torch):
    model, more = model_and_more(torch)
    return torch.optim.SGD([more, ("weight", model.weight)], lr=0.1)


def all_groups_have_names_or_none(torch):
    model, more = model_and_more(torch)
    optimizer = torch.optim.SGD(model.named_parameters(), lr=0.1)
    optimizer.add_param_group({"params": [more]})


def a_name_for_a_number(torch):
    return torch.optim.SGD([("weight", 3)], lr=0.1)


@pytest.mark.parametrize("mistake", [all_have_names_or_none, all_groups_have_names_or_none, a_name_for_a_number])
def test_mistakes_with_names(mistake):
    (kind, words), (torchs_kind, torchs_words) = error_of(mistake, minigrad), error_of(mistake, torch)
    assert kind == torchs_kind
    assert words.startswith(torchs_words)
