"""Averaged models and their schedule, beside PyTorch's."""

import copy
import io

import numpy as np
import pytest
from engines import ENGINES, error_of, same, torch
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import python
from test_lr_scheduler import begun, noted, rates_of, trained

import minigrad
import minigrad.optim.swa_utils

if hasattr(torch, "optim"):
    import torch.optim.swa_utils

PLANS = {
    "equal": lambda _: {},
    "equal, by a function": lambda swa: {"avg_fn": swa.get_swa_avg_fn()},
    "equal, of many": lambda swa: {"multi_avg_fn": swa.get_swa_multi_avg_fn()},
    "moving": lambda swa: {"avg_fn": swa.get_ema_avg_fn(0.9)},
    "moving, of many": lambda swa: {"multi_avg_fn": swa.get_ema_multi_avg_fn(0.9)},
    "moving fast, of many": lambda swa: {"multi_avg_fn": swa.get_ema_multi_avg_fn(0.3)},
    "own": lambda _: {"avg_fn": lambda averaged, current, number: averaged * 0.5 + current / (number + 2)},
}


def network(engine):
    """Some layers with the same weights in both engines, one of them with buffers, in two dtypes."""
    engine.manual_seed(3)
    layers = engine.nn.Linear(3, 4), engine.nn.BatchNorm1d(4), engine.nn.ReLU(), engine.nn.Linear(4, 2).double()
    return engine.nn.Sequential(*layers)


def changed(engine, model, step):
    """Other weights and statistics."""
    numbers = np.random.default_rng(step)
    with engine.no_grad():
        for tensor in [*model.parameters(), *model.buffers()]:
            if tensor.is_floating_point():
                values = numbers.standard_normal(tuple(tensor.shape))
                tensor.copy_(engine.from_numpy(values.astype(tensor.detach().numpy().dtype)))
            else:
                tensor.add_(step + 1)


def arrays(state):
    return {name: tensor.detach().numpy() for name, tensor in state.items()}


@pytest.mark.parametrize("use_buffers", [False, True])
@pytest.mark.parametrize("plan", PLANS)
def test_averages(plan, use_buffers):
    if plan == "equal, of many" and use_buffers:
        pytest.skip("PyTorch's foreach does not divide whole numbers")

    def run(engine):
        model = network(engine)
        averaged = engine.optim.swa_utils.AveragedModel(
            model, use_buffers=use_buffers, **PLANS[plan](engine.optim.swa_utils)
        )
        seen = []
        for step in range(6):
            changed(engine, model, step)
            averaged.update_parameters(model)
            seen.append(copy.deepcopy(arrays(averaged.state_dict())))
        assert [p.requires_grad for p in averaged.parameters()] == [True] * 6
        return seen

    for expected, found in zip(*map(run, ENGINES), strict=True):
        assert list(found) == list(expected)
        for name in expected:
            assert found[name].dtype == expected[name].dtype
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-5, atol=1e-6)


def test_the_average_of_whole_numbers():
    swa = minigrad.optim.swa_utils
    averages, currents = [minigrad.tensor([2, 4])], [minigrad.tensor([6, 4])]
    swa.get_swa_multi_avg_fn()(averages, currents, minigrad.tensor(1))
    assert averages[0].tolist() == [4, 4]


def test_an_averaged_model_is_a_module():
    def seen(engine):
        model = network(engine)
        averaged = engine.optim.swa_utils.AveragedModel(model)
        averaged.update_parameters(model)
        return repr(averaged), list(averaged.state_dict()), averaged.n_averaged.item(), averaged.training

    assert same(seen)[1][0] == "n_averaged"
    model = network(minigrad)[:3]
    averaged = minigrad.optim.swa_utils.AveragedModel(model)
    x = minigrad.randn(5, 3)
    assert minigrad.equal(averaged.eval()(x), model.eval()(x))
    assert averaged.module[0].weight is not model[0].weight


@pytest.mark.parametrize("first", ENGINES, ids=lambda engine: engine.__name__)
def test_a_saved_average_goes_on_in_the_other_engine(first):
    second = minigrad if first is torch else torch
    file = io.BytesIO()
    model = network(first)
    averaged = first.optim.swa_utils.AveragedModel(model)
    for step in range(3):
        changed(first, model, step)
        averaged.update_parameters(model)
    first.save(averaged.state_dict(), file)
    file.seek(0)
    model = network(second)
    other = second.optim.swa_utils.AveragedModel(model)
    other.load_state_dict(second.load(file))
    changed(second, model, 4)
    other.update_parameters(model)
    assert other.n_averaged.item() == 4
    expected = network(minigrad)
    weights = []
    for step in (0, 1, 2, 4):
        changed(minigrad, expected, step)
        weights.append(expected[0].weight.detach().numpy().copy())
    np.testing.assert_allclose(other.module[0].weight.detach().numpy(), np.mean(weights, axis=0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("as_lists", [False, True])
def test_update_bn(as_lists):
    def run(engine):
        engine.manual_seed(0)
        model = engine.nn.Sequential(engine.nn.Linear(3, 4), engine.nn.BatchNorm1d(4), engine.nn.Dropout(0.5)).eval()
        numbers = np.random.default_rng(0)
        batches = [engine.from_numpy(numbers.standard_normal((6, 3)).astype("float32")) for _ in range(4)]
        model[1].running_mean.fill_(100)
        loader = [[x, None] for x in batches] if as_lists else batches
        engine.optim.swa_utils.update_bn(loader, model)
        layer = model[1]
        assert (layer.momentum, model.training, layer.training) == (0.1, False, False)
        return layer.running_mean.numpy(), layer.running_var.numpy(), layer.num_batches_tracked.item()

    expected, found = map(run, ENGINES)
    assert found[2] == expected[2] == 4
    for mine, theirs in zip(found[:2], expected[:2]):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


def test_update_bn_leaves_a_model_as_it_was_when_a_batch_does_not_fit():
    model = minigrad.nn.Sequential(minigrad.nn.BatchNorm1d(4)).eval()
    with pytest.raises(RuntimeError):
        minigrad.optim.swa_utils.update_bn([minigrad.ones(2, 3)], model)
    assert (model[0].momentum, model.training) == (0.1, False)
    minigrad.optim.swa_utils.update_bn(iter([]), minigrad.nn.Linear(1, 1))


def test_errors():
    def attempt(engine):
        swa, linear = engine.optim.swa_utils, engine.nn.Linear(1, 1)
        return [
            error_of(swa.AveragedModel, linear, avg_fn=swa.get_swa_avg_fn(), multi_avg_fn=swa.get_swa_multi_avg_fn()),
            error_of(swa.get_ema_avg_fn, 1.5),
            error_of(swa.get_ema_multi_avg_fn, -0.1),
        ]

    same(attempt)


# SWALR ------------------------------------------------------------------------------------------------------

swalr = st.fixed_dictionaries(
    {"swa_lr": st.one_of(st.floats(0.001, 1), st.lists(st.floats(0.001, 1), min_size=2, max_size=2))},
    optional={"anneal_epochs": st.integers(0, 30), "anneal_strategy": st.sampled_from(["cos", "linear"])},
)


def annealed(engine, options, half=None):
    """The rates of 40 epochs; half way the state goes over to the other engine."""
    optimizer, first = begun(engine, "StepLR", {"step_size": 2})
    seen = trained(optimizer, first, 3)
    scheduler = engine.optim.swa_utils.SWALR(optimizer, **options)
    for number in range(40):
        if number == half:
            saved = copy.deepcopy((optimizer.state_dict(), scheduler.state_dict()))
            engine = minigrad if engine is torch else torch
            optimizer, _ = begun(engine, "StepLR", {"step_size": 2})
            scheduler = engine.optim.swa_utils.SWALR(optimizer, 0.5)
            optimizer.load_state_dict(saved[0])
            scheduler.load_state_dict(saved[1])
        optimizer.step()
        scheduler.step()
        seen.append((rates_of(optimizer), scheduler.get_last_lr()))
    return seen, sorted(scheduler.state_dict().items())


pytestmark = pytest.mark.filterwarnings("ignore:.*changed nothing")


@settings(max_examples=60)
@given(options=swalr)
def test_rates(options):
    same(annealed, options)


@settings(max_examples=30)
@given(options=swalr, half=st.integers(1, 39))
def test_rates_saved_and_loaded_on_the_way(options, half):
    expected = annealed(torch, options)
    for engine in ENGINES:
        assert annealed(engine, options, half) == expected


def test_rates_end_at_swa_lr():
    seen, _ = annealed(minigrad, {"swa_lr": [0.5, 0.25], "anneal_epochs": 7})
    assert seen[10][0] == pytest.approx([0.5, 0.25])
    assert seen[-1][0] == pytest.approx([0.5, 0.25])


def test_errors_and_warnings_of_swalr():
    def attempt(engine):
        optimizer, _ = begun(engine, "StepLR", {"step_size": 2})
        make = engine.optim.swa_utils.SWALR
        return [
            error_of(make, optimizer, [0.1]),
            error_of(make, optimizer, 0.1, anneal_strategy="sin"),
            error_of(make, optimizer, 0.1, anneal_epochs=-1),
            error_of(make, optimizer, 0.1, anneal_epochs=1.5),
            noted(make(optimizer, 0.1).get_lr),
        ]

    same(attempt)


def test_scripts_import_it(tmp_path):
    script = (
        "import sys\n"
        "import torch\n"
        "assert 'minigrad.optim.swa_utils' not in sys.modules\n"
        "from torch.optim.swa_utils import AveragedModel, SWALR\n"
        "from torch.optim import LBFGS, NAdam, swa_utils\n"
        "from torch.optim.lr_scheduler import OneCycleLR\n"
        "assert swa_utils.AveragedModel is AveragedModel is torch.optim.swa_utils.AveragedModel\n"
        "assert not hasattr(torch.optim, 'SparseAdam')\n"
    )
    done = python("-m", "minigrad", "-c", script, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    plain_import = (
        "import sys, minigrad\nassert not [m for m in sys.modules if m.startswith('minigrad.optim.further.')]\n"
    )
    assert python("-c", plain_import).returncode == 0
