"""Schedulers: 50 epochs with PyTorch's and with minigrad's give the same rates to the last bit."""

import copy
import math
import pickle
import warnings

import pytest
from engines import ENGINES, error_of, same, torch
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad

EPOCHS = 50
pytestmark = pytest.mark.filterwarnings("ignore:.*changed nothing")  # the steps here are made without gradients

factors = st.floats(0.1, 1.0)
epochs = st.integers(1, 30)


class Warmup:
    """A function of the epoch with something to save."""

    def __init__(self, length):
        self.length = length

    def __call__(self, epoch):
        return min(1.0, (epoch + 1) / self.length)


momenta = st.floats(0.0, 0.99)
two_momenta = st.one_of(momenta, st.lists(momenta, min_size=2, max_size=2))
rates = st.floats(0.001, 1.0)
two_rates = st.one_of(rates, st.lists(rates, min_size=2, max_size=2))
cycled = {"cycle_momentum": st.booleans(), "base_momentum": two_momenta, "max_momentum": two_momenta}
CYCLES = {
    "CyclicLR": st.fixed_dictionaries(
        {"base_lr": two_rates, "max_lr": two_rates, "step_size_up": epochs},
        optional={
            "step_size_down": epochs,
            "mode": st.sampled_from(["triangular", "triangular2", "exp_range"]),
            "gamma": factors,
            "scale_fn": factors.map(lambda base: lambda x: base**x),
            "scale_mode": st.sampled_from(["cycle", "iterations"]),
            **cycled,
        },
    ),
    "OneCycleLR": st.builds(
        lambda length, other: {**length, **other},
        st.one_of(
            st.fixed_dictionaries({"total_steps": st.integers(60, 300)}),
            st.fixed_dictionaries({"epochs": st.integers(2, 5), "steps_per_epoch": st.integers(30, 50)}),
        ),
        st.fixed_dictionaries(
            {"max_lr": two_rates},
            optional={
                "pct_start": st.floats(0.0, 1.0),
                "anneal_strategy": st.sampled_from(["cos", "linear"]),
                "div_factor": st.floats(1, 50),
                "final_div_factor": st.floats(1, 1e5),
                "three_phase": st.booleans(),
                **cycled,
            },
        ),
    ),
}
SCHEDULES = {
    **CYCLES,
    "MultiplicativeLR": st.one_of(
        factors.map(lambda base: {"lr_lambda": lambda epoch: base ** (epoch % 3)}),
        st.tuples(factors, epochs).map(lambda x: {"lr_lambda": [lambda _: x[0], lambda epoch: 1 + epoch / x[1]]}),
    ),
    "PolynomialLR": st.fixed_dictionaries({}, optional={"total_iters": st.integers(1, 60), "power": st.floats(0, 3)}),
    "CosineAnnealingWarmRestarts": st.fixed_dictionaries(
        {"T_0": epochs}, optional={"T_mult": st.integers(1, 3), "eta_min": st.sampled_from([0, 1e-4, 0.02])}
    ),
    "LambdaLR": st.one_of(
        factors.map(lambda base: {"lr_lambda": lambda epoch: base**epoch}),
        st.tuples(factors, epochs).map(lambda x: {"lr_lambda": [lambda epoch: x[0] ** epoch, lambda _: 1 / x[1]]}),
    ),
    "StepLR": st.fixed_dictionaries({"step_size": epochs}, optional={"gamma": factors}),
    "MultiStepLR": st.fixed_dictionaries(
        {"milestones": st.lists(st.integers(0, EPOCHS), max_size=6)}, optional={"gamma": factors}
    ),
    "ConstantLR": st.fixed_dictionaries({}, optional={"factor": factors, "total_iters": st.integers(0, 60)}),
    "LinearLR": st.fixed_dictionaries(
        {"start_factor": factors}, optional={"end_factor": st.floats(0, 1), "total_iters": st.integers(1, 60)}
    ),
    "ExponentialLR": st.fixed_dictionaries({"gamma": factors}),
    "CosineAnnealingLR": st.fixed_dictionaries(
        {"T_max": epochs}, optional={"eta_min": st.sampled_from([0.0, 1e-4, 0.02])}
    ),
}
TYPICAL = {
    "CyclicLR": {"base_lr": 0.01, "max_lr": [0.2, 0.3], "step_size_up": 5, "step_size_down": 8, "mode": "triangular2"},
    "OneCycleLR": {"max_lr": 0.3, "total_steps": 60},
    "MultiplicativeLR": {"lr_lambda": lambda epoch: 1 - 1 / (epoch + 5)},
    "PolynomialLR": {"total_iters": 40, "power": 0.9},
    "CosineAnnealingWarmRestarts": {"T_0": 4, "T_mult": 2, "eta_min": 0.001},
    "LambdaLR": {"lr_lambda": lambda epoch: 0.9**epoch},
    "StepLR": {"step_size": 7, "gamma": 0.3},
    "MultiStepLR": {"milestones": [3, 3, 20], "gamma": 0.5},
    "ConstantLR": {"factor": 0.4, "total_iters": 9},
    "LinearLR": {"start_factor": 0.2, "end_factor": 0.9, "total_iters": 30},
    "ExponentialLR": {"gamma": 0.93},
    "CosineAnnealingLR": {"T_max": 13, "eta_min": 0.001},
}
each_schedule = pytest.mark.parametrize("name", SCHEDULES)


# Tools ------------------------------------------------------------------------------------------------------


def optimizer_of(engine, rate=0.1, other_rate=0.03):
    """An optimizer with two groups."""
    p, q = (engine.ones(2, requires_grad=True) for _ in range(2))
    return engine.optim.SGD([{"params": [p], "lr": rate}, {"params": [q], "lr": other_rate}])


def begun(engine, name, options):
    optimizer = optimizer_of(engine)
    return optimizer, getattr(engine.optim.lr_scheduler, name)(optimizer, **options)


def rates_of(optimizer):
    return [group["lr"] for group in optimizer.param_groups]


def trained(optimizer, scheduler, count):
    """The rates of some epochs: those that the optimizer uses, and what the scheduler says of them."""
    seen = []
    for _ in range(count):
        optimizer.step()
        scheduler.step()
        assert scheduler.get_last_lr() == rates_of(optimizer)
        seen.append((rates_of(optimizer), scheduler.last_epoch))
    return seen


def remembered(scheduler):
    """What is saved of a scheduler."""
    state = scheduler.state_dict()
    return (
        {**state, "_schedulers": [sorted(s.items()) for s in state["_schedulers"]]} if "_schedulers" in state else state
    )


def noted(call):
    """Categories and texts of the warnings that a call gives."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        call()
    return [(warning.category, str(warning.message)) for warning in seen]


# Rates ------------------------------------------------------------------------------------------------------


def fifty_epochs(engine, name, options):
    optimizer, scheduler = begun(engine, name, options)
    return scheduler.get_last_lr(), trained(optimizer, scheduler, EPOCHS), remembered(scheduler)


@each_schedule
@settings(max_examples=40)
@given(data=st.data())
def test_50_epochs(name, data):
    same(fifty_epochs, name, data.draw(SCHEDULES[name]))


@pytest.mark.slow
@each_schedule
@settings(max_examples=3000)
@given(data=st.data())
def test_50_epochs_of_many(name, data):
    same(fifty_epochs, name, data.draw(SCHEDULES[name]))


@each_schedule
def test_the_rates_do_change(name):
    _, seen, _ = fifty_epochs(minigrad, name, TYPICAL[name])
    assert len({tuple(rates) for rates, _ in seen}) >= 2


def cycled_momentum(engine, kind, name, options):
    params = [engine.ones(2, requires_grad=True) for _ in range(2)]
    optimizer = getattr(engine.optim, kind)([{"params": params[:1]}, {"params": params[1:], "lr": 0.03}], lr=0.1)
    scheduler = getattr(engine.optim.lr_scheduler, name)(optimizer, **options)
    seen = []
    for _ in range(EPOCHS):
        optimizer.step()
        scheduler.step()
        seen.append([(g["lr"], g.get("momentum"), g.get("betas")) for g in optimizer.param_groups])
    return seen, str(optimizer)


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("name", CYCLES)
@settings(max_examples=25)
@given(data=st.data())
def test_momentum_is_cycled(kind, name, data):
    options = {**data.draw(CYCLES[name]), "cycle_momentum": True}
    same(lambda engine: cycled_momentum(engine, kind, name, options))


def test_one_cycle_ends():
    """After its last batch, which is one more than total_steps - 1, it makes no further step."""

    def run(engine):
        optimizer, scheduler = begun(engine, "OneCycleLR", {"max_lr": 0.3, "total_steps": 5})
        return trained(optimizer, scheduler, 5), error_of(scheduler.step), scheduler._get_lr_called_within_step

    seen, error, is_within_step = same(run)
    assert (error[0], is_within_step) == ("ValueError", False)
    top, end = 0.3 * 5 - 1, 4
    for (rate, _), step in seen[:4]:
        share = (step - top) / (end - top)
        assert rate == pytest.approx(0.3 * (1 + math.cos(math.pi * share)) / 2, abs=2e-6)


def test_a_learning_rate_in_a_tensor():
    """It stays the same tensor, and what the scheduler remembers is none of it."""

    def run(engine):
        rate = engine.tensor(0.5)
        p = engine.ones(2, requires_grad=True)
        optimizer = engine.optim.SGD([p], lr=rate, foreach=False)
        scheduler = engine.optim.lr_scheduler.StepLR(optimizer, 2, gamma=0.5)
        seen = []
        for _ in range(5):
            optimizer.step()
            scheduler.step()
            seen.append((rate.item(), scheduler.get_last_lr()[0].item(), scheduler.base_lrs[0].item()))
        return seen, optimizer.param_groups[0]["lr"] is rate, optimizer.param_groups[0]["initial_lr"].item()

    assert same(run)[1:] == (True, 0.5)


def test_formulas():
    """As the docstrings say it, from the initial rate alone."""
    expected = {
        "LambdaLR": lambda e: 0.9**e,
        "StepLR": lambda e: 0.3 ** (e // 7),
        "MultiStepLR": lambda e: 1 if e < 3 else 0.25 if e < 20 else 0.125,
        "ConstantLR": lambda e: 0.4 if e < 9 else 1,
        "LinearLR": lambda e: 0.2 + 0.7 * min(e, 30) / 30,
        "ExponentialLR": lambda e: 0.93**e,
        "PolynomialLR": lambda e: (1 - min(e, 40) / 40) ** 0.9,
    }
    for name, factor in expected.items():
        _, seen, _ = fifty_epochs(minigrad, name, TYPICAL[name])
        for (rate, other), epoch in seen:
            assert rate == pytest.approx(0.1 * factor(epoch), rel=1e-12), (name, epoch)
            assert other == pytest.approx(0.03 * factor(epoch), rel=1e-12), (name, epoch)


@each_schedule
@settings(max_examples=10)
@given(data=st.data(), half=st.integers(1, EPOCHS - 1))
@pytest.mark.parametrize("first", ENGINES, ids=lambda engine: engine.__name__)
@pytest.mark.parametrize("second", ENGINES, ids=lambda engine: engine.__name__)
def test_saved_and_loaded_on_the_way(name, first, second, data, half):
    """In the same engine or the other one, the rates go on as without it."""
    options = data.draw(SCHEDULES[name])
    optimizer, scheduler = begun(torch, name, options)
    expected = trained(optimizer, scheduler, EPOCHS)

    optimizer, scheduler = begun(first, name, options)
    seen = trained(optimizer, scheduler, half)
    saved = copy.deepcopy((optimizer.state_dict(), scheduler.state_dict()))
    optimizer, scheduler = begun(second, name, options)
    optimizer.load_state_dict(saved[0])
    scheduler.load_state_dict(copy.deepcopy(saved[1]))  # PyTorch's CyclicLR takes something out of what it is given
    assert remembered(scheduler) == saved[1]
    assert scheduler.get_last_lr() == rates_of(optimizer) == seen[-1][0]
    assert seen + trained(optimizer, scheduler, EPOCHS - half) == expected


@pytest.mark.filterwarnings("ignore:The epoch parameter:UserWarning")
@settings(max_examples=50)
@given(
    options=SCHEDULES["CosineAnnealingWarmRestarts"],
    to=st.lists(st.one_of(st.none(), st.floats(0, 80)), min_size=1, max_size=20),
)
def test_restarts_at_parts_of_an_epoch(options, to):
    def run(engine):
        optimizer, scheduler = begun(engine, "CosineAnnealingWarmRestarts", options)
        seen = []
        for epoch in to:
            scheduler.step(epoch)
            seen.append((rates_of(optimizer), scheduler.T_cur, scheduler.T_i, scheduler.last_epoch))
        return seen, error_of(scheduler.step, -1)

    same(run)


def test_a_scale_with_attributes_is_saved():
    def run(engine):
        options = {"base_lr": 0.1, "max_lr": 1.0, "step_size_up": 3}
        _, scheduler = begun(engine, "CyclicLR", {**options, "scale_fn": Warmup(8)})
        state = scheduler.state_dict()
        optimizer, other = begun(engine, "CyclicLR", {**options, "scale_fn": Warmup(2)})
        other.load_state_dict(copy.deepcopy(state))
        return state["_scale_fn_custom"], trained(optimizer, other, 10)

    assert same(run)[0] == {"length": 8}


@pytest.mark.parametrize("name", ["LambdaLR", "MultiplicativeLR"])
def test_a_function_with_attributes_is_saved(name):
    def run(engine):
        _, scheduler = begun(engine, name, {"lr_lambda": [Warmup(8), lambda _: 1]})
        state = scheduler.state_dict()
        optimizer, other = begun(engine, name, {"lr_lambda": [Warmup(2), lambda _: 1]})
        other.load_state_dict(state)
        return state["lr_lambdas"], trained(optimizer, other, 10)

    saved, seen = same(run)
    assert saved == [{"length": 8}, None]
    assert seen[0][0][0] == pytest.approx(0.1 * 2 / 8)


@each_schedule
@pytest.mark.filterwarnings("ignore:The epoch parameter:UserWarning")
@settings(max_examples=10)
@given(data=st.data(), to=st.lists(st.integers(0, 50), min_size=1, max_size=20))
def test_to_a_given_epoch(name, data, to):
    """By the closed form, in any order."""
    options = data.draw(SCHEDULES[name])

    def run(engine):
        optimizer, scheduler = begun(engine, name, options)
        seen = []
        for epoch in to:
            optimizer.step()
            scheduler.step(epoch)
            seen.append((rates_of(optimizer), scheduler.last_epoch))
        return seen

    same(run)


@each_schedule
@pytest.mark.filterwarnings("ignore:To get the last learning rate:UserWarning")
def test_begun_at_a_later_epoch(name):
    def run(engine):
        optimizer, scheduler = begun(engine, name, TYPICAL[name])
        trained(optimizer, scheduler, 5)
        resumed = getattr(engine.optim.lr_scheduler, name)(optimizer, **TYPICAL[name], last_epoch=scheduler.last_epoch)
        return resumed.last_epoch, rates_of(optimizer), resumed.get_lr(), trained(optimizer, resumed, 20)

    assert same(run)[0] == 6


@each_schedule
def test_without_initial_rates_it_cannot_be_resumed(name):
    def attempt(engine):
        kind, words = error_of(begun, engine, name, {**TYPICAL[name], "last_epoch": 3})
        return kind, words[:100]

    assert same(attempt)[0] == "KeyError"


def test_two_schedulers_together():
    def run(engine):
        optimizer, first = begun(engine, "ExponentialLR", TYPICAL["ExponentialLR"])
        second = engine.optim.lr_scheduler.LinearLR(optimizer, **TYPICAL["LinearLR"])
        seen = []
        for _ in range(EPOCHS):
            optimizer.step()
            first.step()
            second.step()
            seen.append((rates_of(optimizer), first.get_last_lr(), second.get_last_lr()))
        return seen

    same(run)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"])
def test_copies_live_apart(copied):
    optimizer, scheduler = begun(minigrad, "StepLR", TYPICAL["StepLR"])
    trained(optimizer, scheduler, 4)
    before = rates_of(optimizer)
    twin = copied(scheduler)
    assert twin.optimizer is not optimizer
    twins = trained(twin.optimizer, twin, 20)
    assert rates_of(optimizer) == before
    assert trained(optimizer, scheduler, 20) == twins


# In sequence ------------------------------------------------------------------------------------------------


def in_sequence(engine, milestones=(5, 20)):
    optimizer, module = optimizer_of(engine), engine.optim.lr_scheduler
    schedulers = [
        module.LinearLR(optimizer, 0.1, total_iters=4),
        module.ExponentialLR(optimizer, 0.9),
        module.StepLR(optimizer, 3),
    ]
    return optimizer, module.SequentialLR(optimizer, schedulers, list(milestones))


@pytest.mark.parametrize("milestones", [(5, 20), (1, 2), (10, 10), (0, 4), (60, 70)])
def test_in_sequence(milestones):
    def run(engine):
        optimizer, scheduler = in_sequence(engine, milestones)
        return scheduler.get_last_lr(), trained(optimizer, scheduler, EPOCHS), remembered(scheduler)

    same(run)


@pytest.mark.parametrize("half", [3, 5, 12, 20, 30])
@pytest.mark.parametrize("first", ENGINES, ids=lambda engine: engine.__name__)
def test_a_sequence_saved_and_loaded_on_the_way(first, half):
    second = minigrad if first is torch else torch
    optimizer, scheduler = in_sequence(torch)
    expected = trained(optimizer, scheduler, EPOCHS)
    optimizer, scheduler = in_sequence(first)
    seen = trained(optimizer, scheduler, half)
    saved = copy.deepcopy((optimizer.state_dict(), scheduler.state_dict()))
    optimizer, scheduler = in_sequence(second)
    optimizer.load_state_dict(saved[0])
    scheduler.load_state_dict(saved[1])
    assert seen + trained(optimizer, scheduler, EPOCHS - half) == expected


def test_bad_sequences():
    def attempt(engine):
        optimizer, module = optimizer_of(engine), engine.optim.lr_scheduler
        steps = module.StepLR(optimizer, 3)
        return [
            error_of(module.SequentialLR, optimizer, [], []),
            error_of(module.SequentialLR, optimizer, [steps, steps], []),
            error_of(module.SequentialLR, optimizer, [module.ReduceLROnPlateau(optimizer)], []),
            error_of(module.SequentialLR, optimizer_of(engine), [steps], [])[1][:100],
            error_of(module.SequentialLR(optimizer, [steps], []).step, 3)[0],
        ]

    assert same(attempt)[-1] == "TypeError"


# Together ---------------------------------------------------------------------------------------------------


def together(engine):
    optimizer, module = optimizer_of(engine), engine.optim.lr_scheduler
    schedulers = [module.ConstantLR(optimizer, 0.1, total_iters=20), module.ExponentialLR(optimizer, 0.9)]
    return optimizer, module.ChainedScheduler(schedulers)


def test_together():
    def run(engine):
        optimizer, scheduler = together(engine)
        return scheduler.get_last_lr(), trained_without_epoch(optimizer, scheduler, EPOCHS), remembered(scheduler)

    same(run)


def trained_without_epoch(optimizer, scheduler, count):
    seen = []
    for _ in range(count):
        optimizer.step()
        scheduler.step()
        assert scheduler.get_last_lr() == rates_of(optimizer)
        seen.append(rates_of(optimizer))
    return seen


@pytest.mark.parametrize("first", ENGINES, ids=lambda engine: engine.__name__)
def test_together_saved_and_loaded_on_the_way(first):
    second = minigrad if first is torch else torch
    optimizer, scheduler = together(torch)
    expected = trained_without_epoch(optimizer, scheduler, EPOCHS)
    optimizer, scheduler = together(first)
    seen = trained_without_epoch(optimizer, scheduler, 11)
    saved = copy.deepcopy((optimizer.state_dict(), scheduler.state_dict()))
    optimizer, scheduler = together(second)
    optimizer.load_state_dict(saved[0])
    scheduler.load_state_dict(saved[1])
    assert seen + trained_without_epoch(optimizer, scheduler, EPOCHS - 11) == expected


def test_together_and_in_sequence():
    """One that is made of several, within one that is."""

    def run(engine):
        optimizer, chained = together(engine)
        last = engine.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 5)
        scheduler = engine.optim.lr_scheduler.SequentialLR(optimizer, [chained, last], [22])
        return trained(optimizer, scheduler, EPOCHS)

    same(run)


def test_bad_chains():
    def attempt(engine):
        optimizer, module = optimizer_of(engine), engine.optim.lr_scheduler
        steps = module.StepLR(optimizer, 3)
        return [
            error_of(module.ChainedScheduler, []),
            error_of(module.ChainedScheduler, [steps, module.ReduceLROnPlateau(optimizer)]),
            error_of(module.ChainedScheduler, [steps], optimizer_of(engine))[1][:100],
            error_of(module.ChainedScheduler, [steps, 3]),
            error_of(module.SequentialLR, optimizer, [steps, 3], [1]),
        ]

    same(attempt)


# On a plateau -----------------------------------------------------------------------------------------------

metrics = st.lists(
    st.one_of(st.floats(-3, 3), st.sampled_from([1.0, 2.0, 0.0, float("nan"), float("inf"), -float("inf")])),
    min_size=EPOCHS,
    max_size=EPOCHS,
)
plateaus = st.fixed_dictionaries(
    {"mode": st.sampled_from(["min", "max"]), "threshold_mode": st.sampled_from(["rel", "abs"])},
    optional={
        "factor": st.floats(0, 0.9),
        "patience": st.integers(0, 5),
        "threshold": st.sampled_from([0, 1e-4, 0.1]),
        "cooldown": st.integers(0, 3),
        "min_lr": st.sampled_from([0, 0.01, [0.01, 0.001]]),
        "eps": st.sampled_from([0, 1e-8, 0.01]),
    },
)


def on_a_plateau(engine, options, values, half=None):
    optimizer, scheduler = begun(engine, "ReduceLROnPlateau", options)
    seen = [scheduler.get_last_lr()]
    for number, value in enumerate(values):
        if number == half:
            saved = copy.deepcopy((optimizer.state_dict(), scheduler.state_dict()))
            optimizer, scheduler = begun(minigrad if engine is torch else torch, "ReduceLROnPlateau", {})
            optimizer.load_state_dict(saved[0])
            scheduler.load_state_dict(saved[1])
        scheduler.step(value)
        assert scheduler.get_last_lr() == rates_of(optimizer)
        seen.append((rates_of(optimizer), scheduler.num_bad_epochs, scheduler.in_cooldown, repr(scheduler.best)))
    return seen, repr(sorted(scheduler.state_dict().items()))


@settings(max_examples=150)
@given(options=plateaus, values=metrics)
def test_on_a_plateau(options, values):
    same(on_a_plateau, options, values)


@settings(max_examples=75)
@given(options=plateaus, values=metrics, half=st.integers(1, EPOCHS - 1))
def test_on_a_plateau_saved_and_loaded_on_the_way(options, values, half):
    """In the other engine, both ways."""
    expected = on_a_plateau(torch, options, values)
    for engine in ENGINES:
        assert on_a_plateau(engine, options, values, half) == expected


@pytest.mark.slow
@settings(max_examples=10_000)
@given(options=plateaus, values=metrics)
def test_on_many_plateaus(options, values):
    same(on_a_plateau, options, values)


def test_the_rate_is_lowered_after_the_patience():
    """By hand: better by less than the threshold is no better; a cooldown epoch is not counted."""
    optimizer, scheduler = begun(minigrad, "ReduceLROnPlateau", {"factor": 0.5, "patience": 2, "cooldown": 1})
    seen = []
    for value in (1.0, 0.99999, 0.99995, 1.0, 1.0, 1.0, 1.0, 0.5):
        scheduler.step(minigrad.tensor(value))
        seen.append(optimizer.param_groups[0]["lr"])
    assert seen == [0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05, 0.05]
    scheduler.step(0.6)
    scheduler.step(0.6)
    assert rates_of(optimizer) == [0.05, 0.015]
    scheduler.step(0.6)
    assert rates_of(optimizer) == [0.025, 0.0075]


def test_a_group_added_later():
    def run(engine, bounds):
        optimizer, scheduler = begun(engine, "ReduceLROnPlateau", {"patience": 0, "min_lr": bounds})
        optimizer.add_param_group({"params": [engine.ones(1, requires_grad=True)], "lr": 1.0})
        scheduler.step(1.0)
        if isinstance(bounds, list):
            return error_of(scheduler.step, 1.0)
        scheduler.step(1.0)
        return rates_of(optimizer), scheduler.min_lrs

    assert len(same(run, 0.02)[1]) == 3
    assert same(run, [0.02, 0.01])[0] == "RuntimeError"


# Errors and warnings ----------------------------------------------------------------------------------------

BAD = [
    ("CyclicLR", {"base_lr": [0.1], "max_lr": 0.2}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": [0.2] * 3}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 0.2, "mode": "round"}),
    ("CyclicLR", {"base_lr": 0.1, "max_lr": 0.2, "base_momentum": [0.5]}),
    ("OneCycleLR", {"max_lr": 0.1}),
    ("OneCycleLR", {"max_lr": 0.1, "epochs": 3}),
    ("OneCycleLR", {"max_lr": 0.1, "total_steps": 0}),
    ("OneCycleLR", {"max_lr": 0.1, "total_steps": 2.5}),
    ("OneCycleLR", {"max_lr": 0.1, "epochs": 0, "steps_per_epoch": 3}),
    ("OneCycleLR", {"max_lr": 0.1, "epochs": 3, "steps_per_epoch": 0.5}),
    ("OneCycleLR", {"max_lr": 0.1, "total_steps": 3, "pct_start": 1.5}),
    ("OneCycleLR", {"max_lr": 0.1, "total_steps": 3, "pct_start": 1}),
    ("OneCycleLR", {"max_lr": 0.1, "total_steps": 3, "anneal_strategy": "sin"}),
    ("OneCycleLR", {"max_lr": [0.1], "total_steps": 3}),
    ("CosineAnnealingWarmRestarts", {"T_0": 0}),
    ("CosineAnnealingWarmRestarts", {"T_0": 1.5}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 0}),
    ("CosineAnnealingWarmRestarts", {"T_0": 3, "eta_min": "low"}),
    ("MultiplicativeLR", {"lr_lambda": [abs]}),
    ("LambdaLR", {"lr_lambda": [abs]}),
    ("ConstantLR", {"factor": 1.5}),
    ("ConstantLR", {"factor": -0.5}),
    ("LinearLR", {"start_factor": 0}),
    ("LinearLR", {"start_factor": 1.5}),
    ("LinearLR", {"end_factor": -0.1}),
    ("LinearLR", {"end_factor": 1.1}),
    ("StepLR", {}),
    ("ReduceLROnPlateau", {"factor": 1.0}),
    ("ReduceLROnPlateau", {"mode": "least"}),
    ("ReduceLROnPlateau", {"threshold_mode": "both"}),
    ("ReduceLROnPlateau", {"min_lr": [0.1]}),
]


@pytest.mark.parametrize(("name", "options"), BAD, ids=str)
def test_bad_options(name, options):
    assert same(lambda engine: error_of(begun, engine, name, options))[0] in ("ValueError", "TypeError")


@pytest.mark.parametrize("name", ["CyclicLR", "OneCycleLR"])
def test_no_momentum_to_cycle(name):
    def attempt(engine):
        optimizer = engine.optim.Adagrad([engine.ones(1, requires_grad=True)], lr=0.5)
        options = {key: value for key, value in TYPICAL[name].items() if key != "max_lr"}
        make = getattr(engine.optim.lr_scheduler, name)
        kind, words = error_of(make, optimizer, max_lr=0.5, **options)
        return kind, words[:75], make(optimizer, max_lr=0.5, cycle_momentum=False, **options).get_last_lr()

    assert same(attempt)[0] == "ValueError"


def test_no_function():
    def attempt(engine):
        kind, words = error_of(begun, engine, "MultiplicativeLR", {"lr_lambda": 0.9})
        return kind, "lr_lambda" in words, "function" in words

    assert same(attempt) == ("TypeError", True, True)


@pytest.mark.parametrize("name", ["StepLR", "ReduceLROnPlateau"])
def test_not_an_optimizer(name):
    options = {"step_size": 1} if name == "StepLR" else {}
    assert same(lambda engine: error_of(getattr(engine.optim.lr_scheduler, name), 3, **options)) == (
        "TypeError",
        "int is not an Optimizer",
    )


@pytest.mark.parametrize("how", ["right", "wrong", "before it was made", "overridden", "after another scheduler"])
def test_the_order_of_calls(how):
    """Warned once, when the scheduler steps before the optimizer's first step."""

    def run(engine):
        optimizer = optimizer_of(engine)
        if how == "before it was made":
            optimizer.step()
        if how == "after another scheduler":
            engine.optim.lr_scheduler.StepLR(optimizer, 3)
            optimizer.step()
        scheduler = engine.optim.lr_scheduler.StepLR(optimizer, 2)
        if how == "overridden":
            optimizer.step = lambda: None
        if how == "right":
            optimizer.step()
        return [noted(scheduler.step) for _ in range(3)], rates_of(optimizer)

    (first, *later), _ = same(run)
    assert len(first) == (0 if how in ("right", "after another scheduler") else 1)
    assert later == [[], []]


def test_the_warning_names_the_users_line():
    optimizer, scheduler = begun(minigrad, "StepLR", {"step_size": 2})
    with pytest.warns(UserWarning, match="before `optimizer.step") as seen:
        scheduler.step()
    optimizer.step()
    assert [warning.filename for warning in seen] == [__file__]


@each_schedule
def test_other_warnings(name):
    def run(engine):
        optimizer, scheduler = begun(engine, name, TYPICAL[name])
        optimizer.step()
        return noted(lambda: scheduler.step(4)), noted(scheduler.get_lr), noted(scheduler.step), rates_of(optimizer)

    of_epoch, of_get_lr, none, _ = same(run)
    restarts = name == "CosineAnnealingWarmRestarts"  # for which going to an epoch is not deprecated
    assert [category for category, _ in of_epoch + of_get_lr] == [UserWarning] * (1 if restarts else 2)
    assert none == []


def test_a_plateau_warns_of_the_epoch_alone():
    def run(engine):
        _, scheduler = begun(engine, "ReduceLROnPlateau", {})
        return noted(lambda: scheduler.step(1.0)), noted(lambda: scheduler.step(1.0, epoch=7)), scheduler.last_epoch

    without, with_epoch, last = same(run)
    assert (without, len(with_epoch), last) == ([], 1, 7)
