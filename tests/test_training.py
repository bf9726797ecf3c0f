"""Models and optimizers against PyTorch: the same code, run with both engines."""

from __future__ import annotations

import copy
import importlib
import pickle
import re
from collections import OrderedDict

import numpy as np
import pytest
from engines import ENGINES, torch

import minigrad

SHAPES = [(3, 4), (4,), (), (2, 2), (200, 200), (0,)]
"""Small ones that share a block, one that is a block of its own, a scalar and an empty one."""


def trained(engine, make, dtype, steps=50):
    """The parameters after some steps with drawn gradients, of which some are missing now and then."""
    numbers = np.random.default_rng(1)
    params = [engine.tensor(numbers.standard_normal(s).astype(dtype), requires_grad=True) for s in SHAPES]
    optimizer = make(engine, params)
    for i in range(steps):
        for j, p in enumerate(params):
            g = np.asarray(numbers.standard_normal(SHAPES[j]), dtype)
            p.grad = None if i % 7 == 3 and j == 1 else engine.tensor(g)
        optimizer.step()
    return [p.detach().numpy() for p in params], optimizer


def test_options_out_of_range_and_unknown_ones_are_refused():
    for engine in ENGINES:
        p = engine.ones(2, requires_grad=True)
        for make, error, text in [
            (lambda m, p: m.optim.SGD([p], lr=-1.0), ValueError, "Invalid learning rate: -1.0"),
            (lambda m, p: m.optim.SGD([p], momentum=-1.0), ValueError, "Invalid momentum value: -1.0"),
            (lambda m, p: m.optim.SGD([p], nesterov=True), ValueError, "Nesterov momentum requires a momentum"),
            (lambda m, p: m.optim.Adam([p], betas=(1.0, 0.9)), ValueError, "Invalid beta parameter at index 0: 1.0"),
            (lambda m, p: m.optim.Adam([p], eps=-1.0), ValueError, "Invalid epsilon value: -1.0"),
            (lambda m, p: m.optim.Adam([p], weight_decay=-1.0), ValueError, "Invalid weight_decay value: -1.0"),
            (lambda m, p: m.optim.Adam([p], learning_rate=1.0), TypeError, "unexpected keyword argument"),
            (lambda m, _: m.optim.Adam([]), ValueError, "optimizer got an empty parameter list"),
            (lambda m, p: m.optim.Adam(p), TypeError, "should be an iterable of Tensors or dicts"),
            (lambda m, p: m.optim.Adam([p * 2]), ValueError, "can't optimize a non-leaf Tensor"),
            (lambda m, _: m.optim.Adam([3]), TypeError, "optimizer can only optimize Tensors"),
            (
                lambda m, p: m.optim.Adam([{"params": [p]}, {"params": [p]}]),
                ValueError,
                "more than one parameter group",
            ),
        ]:
            with pytest.raises(error, match=text.replace("(", r"\(")):
                make(engine, p)


def test_groups_hooks_closure_and_changed_options():
    results = []
    for engine in ENGINES:
        a, b = (engine.ones(2, requires_grad=True) for _ in range(2))
        optimizer = engine.optim.SGD([{"params": [a], "lr": 0.5}, {"params": b}], lr=0.1, momentum=0.5)
        seen = []
        handle = optimizer.register_step_pre_hook(lambda *_, seen=seen: seen.append("pre"))
        optimizer.register_step_post_hook(lambda *_, seen=seen: seen.append("post"))
        everywhere = importlib.import_module(f"{engine.__name__}.optim.optimizer").register_optimizer_step_post_hook(
            lambda *_, seen=seen: seen.append("global")
        )

        def closure(a=a, b=b, optimizer=optimizer):
            optimizer.zero_grad()
            loss = (a * a * b).sum()
            loss.backward()
            return loss

        losses = [optimizer.step(closure).item()]
        handle.remove()
        everywhere.remove()
        optimizer.param_groups[1]["lr"] = 0.3
        optimizer.add_param_group({"params": [engine.ones(1, requires_grad=True)]})
        losses.append(optimizer.step(closure).item())
        optimizer.zero_grad(set_to_none=False)
        results.append((losses, a.tolist(), b.tolist(), a.grad.tolist(), seen, len(optimizer.param_groups)))
    assert results[0] == results[1]
    assert results[1][4] == ["pre", "post", "global", "post"]


def test_state_goes_from_one_engine_to_the_other():
    def adam_after(engine, steps):
        return trained(engine, lambda m, params: m.optim.Adam(params, lr=0.01, amsgrad=True), np.float64, steps)

    _, theirs = adam_after(torch, 10)
    saved = theirs.state_dict()
    saved["state"] = {
        n: {k: minigrad.tensor(v.numpy()) for k, v in values.items()} for n, values in saved["state"].items()
    }
    params = [minigrad.tensor(p.detach().numpy(), requires_grad=True) for p in theirs.param_groups[0]["params"]]
    ours = minigrad.optim.Adam(params, lr=0.5)
    ours.load_state_dict(saved)
    for optimizer in (theirs, ours):
        for p in optimizer.param_groups[0]["params"]:
            p.grad = p.detach() * 0.5
        optimizer.step()
    for a, b in zip(theirs.param_groups[0]["params"], params, strict=True):
        np.testing.assert_allclose(b.detach().numpy(), a.detach().numpy(), rtol=1e-12)
    with pytest.raises(ValueError, match="doesn't match the size of optimizer's group"):
        minigrad.optim.Adam(params[:1]).load_state_dict(saved)
    with pytest.raises(ValueError, match="different number of parameter groups"):
        minigrad.optim.Adam([{"params": params[:1]}, {"params": params[1:]}]).load_state_dict(saved)


def test_state_that_the_user_replaces_is_used():
    p = minigrad.ones(2, requires_grad=True)
    optimizer = minigrad.optim.SGD([p], lr=0.1, momentum=0.9)
    p.grad = minigrad.ones(2)
    optimizer.step()
    optimizer.state.clear()
    optimizer.step()
    np.testing.assert_allclose(optimizer.state[p]["momentum_buffer"].numpy(), [1, 1])


# Modules --------------------------------------------------------------------------------------------------------


def model(engine, seed=42):
    engine.manual_seed(seed)
    nn = engine.nn
    return nn.Sequential(
        nn.Linear(2, 16),
        nn.ReLU(),
        nn.Dropout(0.2),
        nn.Sequential(OrderedDict(a=nn.Linear(16, 4, bias=False), f=nn.Flatten())),
        nn.ModuleList([nn.Tanh(), nn.Tanh(), nn.Softmax(1)]),
        nn.ModuleList(),
    )


def test_models_print_as_on_pytorch():
    theirs, ours = (model(engine) for engine in ENGINES)
    assert repr(ours) == repr(theirs)
    for pick in (lambda m: m[0], lambda m: m[1:3], lambda m: m[3].a, lambda m: m[-2]):
        assert repr(pick(ours)) == repr(pick(theirs))
    for loss in ("MSELoss", "BCEWithLogitsLoss", "CrossEntropyLoss", "NLLLoss", "L1Loss", "BCELoss"):
        assert repr(getattr(minigrad.nn, loss)()) == repr(getattr(torch.nn, loss)())


@pytest.mark.parametrize("seed", [0, 42, 2**40 + 7])
@pytest.mark.parametrize("sizes", [(1, 1), (2, 8), (8, 1), (784, 128), (13, 7)])
def test_initial_weights_are_bit_equal(seed, sizes):
    layers = []
    for engine in ENGINES:
        engine.manual_seed(seed)
        layers.append([engine.nn.Linear(*sizes), engine.nn.Linear(*sizes, dtype=engine.float64)])
    for theirs, ours in zip(*layers, strict=True):
        for a, b in zip(theirs.parameters(), ours.parameters(), strict=True):
            assert b.detach().numpy().tobytes() == a.detach().numpy().tobytes()


@pytest.mark.parametrize(
    "name", ["kaiming_uniform_", "kaiming_normal_", "xavier_uniform_", "xavier_normal_", "normal_", "uniform_", "eye_"]
)
def test_init_functions_are_bit_equal(name):
    arrays = []
    for engine in ENGINES:
        engine.manual_seed(3)
        arrays.append(getattr(engine.nn.init, name)(engine.empty(20, 30)).numpy().tobytes())
    assert arrays[0] == arrays[1]


def test_names_and_order_of_parameters_and_modules():
    theirs, ours = (model(engine) for engine in ENGINES)
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    assert [n for n, _ in ours.named_modules()] == [n for n, _ in theirs.named_modules()]
    assert [n for n, _ in ours.named_children()] == [n for n, _ in theirs.named_children()]
    ours[1] = ours[0]
    assert len(list(ours.parameters())) == 3, "a layer that is there twice counts once"


def shared_answers(engine):
    """What load_state_dict answers and refuses, and that nothing has changed then."""
    net = model(engine)
    good = OrderedDict((k, v.clone()) for k, v in net.state_dict().items())
    bad = OrderedDict((k, v + 1) for k, v in good.items())
    bad["0.bias"] = engine.ones(3)
    del bad["0.weight"]
    bad["extra"] = engine.ones(2)
    answers = [repr(net.load_state_dict(good))]
    with pytest.raises(RuntimeError) as caught:
        net.load_state_dict(bad)
    answers.append(str(caught.value).replace(engine.__name__, "engine"))
    unchanged = [bool((net.state_dict()[k] == v).all()) for k, v in good.items()]
    del bad["0.bias"]
    answers.append(repr(net.load_state_dict(bad, strict=False)))
    return answers, unchanged if engine is minigrad else None


def test_loading_answers_as_pytorch_and_changes_nothing_on_an_error():
    (theirs, _), (ours, unchanged) = (shared_answers(engine) for engine in ENGINES)
    assert ours == theirs
    assert unchanged == [True, True, True]


def test_registration_errors():
    texts = []
    for engine in ENGINES:

        class Hasty(engine.nn.Module):
            def __init__(self):
                self.layer = engine.nn.Linear(1, 1)  # noqa: B023

        layer, found = engine.nn.Linear(1, 1), []
        for action in (
            Hasty,
            lambda layer=layer: setattr(layer, "weight", 3),
            lambda layer=layer: layer.nothing,
            lambda layer=layer, e=engine: layer.register_buffer("weight", e.ones(1)),
            lambda layer=layer, e=engine: layer.register_parameter("a.b", e.nn.Parameter(e.ones(1))),
            lambda layer=layer: layer.register_parameter("new", 3),
            lambda e=engine: e.nn.Sequential(3),
            lambda e=engine: e.nn.Module()(1),
            lambda layer=layer: layer.train(1),
        ):
            with pytest.raises((AttributeError, TypeError, KeyError, NotImplementedError, ValueError)) as caught:
                action()
            words = re.split(r" \(|\. (?=[A-Z])", str(caught.value))  # what to write comes after PyTorch's
            found.append((caught.type, words[0]))
        texts.append(found)
    assert texts[0] == texts[1]


def test_hooks_on_modules():
    results = []
    for engine in ENGINES:
        layer, seen = engine.nn.Identity(), []
        layer.register_forward_pre_hook(lambda _m, args: (args[0] * 2,))
        handle = layer.register_forward_hook(lambda _m, args, out, seen=seen: seen.append((args[0].item(), out.item())))
        layer.register_forward_hook(lambda _m, _args, out: out + 1)
        first = layer(engine.tensor(3.0)).item()
        handle.remove()
        results.append((first, layer(engine.tensor(1.0)).item(), seen))
    assert results[0] == results[1]


def test_modes_dtypes_copies_and_pickles():
    net = model(minigrad)
    optimizer = minigrad.optim.SGD(net.parameters(), lr=1.0)
    assert not any(m.training for m in net.eval().modules())
    net.double().requires_grad_(False)
    assert {p.dtype for p in net.parameters()} == {minigrad.float64}
    net.requires_grad_()
    weight = net[0].weight
    net[0](minigrad.ones(1, 2, dtype=minigrad.float64)).sum().backward()
    before = weight.tolist()
    optimizer.step()
    assert weight.tolist() != before, "the optimizer still holds the converted parameters"
    twin, again = copy.deepcopy(net), pickle.loads(pickle.dumps(net))
    for other in (twin, again):
        assert other[0].weight is not weight
        assert other[0].weight.tolist() == weight.tolist()
        assert isinstance(other[0].weight, minigrad.nn.Parameter)
    net.zero_grad()
    assert weight.grad is None


def test_dropout_draws_as_pytorch():
    outputs = []
    for engine in ENGINES:
        engine.manual_seed(7)
        x = engine.arange(1.0, 101.0).reshape(10, 10)
        drop = engine.nn.Dropout(0.3)
        outputs.append((drop(x).tolist(), engine.nn.functional.dropout(x.t(), 0.5).tolist(), drop.eval()(x).tolist()))
    assert outputs[0] == outputs[1]


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW"])
def test_a_network_trains_alike(name):
    losses = []
    for engine in ENGINES:
        engine.manual_seed(0)
        nn, double = engine.nn, engine.float64
        net = nn.Sequential(nn.Linear(2, 16), nn.ReLU(), nn.Linear(16, 4)).double()
        x = engine.randn(100, 2, dtype=double)
        y = (x[:, 0] > 0).long() + 2 * (x[:, 1] > 0).long()
        optimizer = getattr(engine.optim, name)(net.parameters(), lr=0.05)
        for _ in range(100):
            loss = nn.CrossEntropyLoss()(net(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        losses.append(loss.item())
    assert losses[1] == pytest.approx(losses[0], rel=1e-12)


@pytest.mark.parametrize("upstream", [np.nan, np.inf])
def test_ignored_places_get_no_gradient_whatever_arrives(upstream):
    for engine in ENGINES:
        logits = engine.zeros(2, 3, requires_grad=True)
        losses = engine.nn.functional.cross_entropy(logits, engine.tensor([-100, 1]), reduction="none")
        losses.backward(engine.tensor([upstream, 0.0]))
        assert logits.grad.tolist() == [[0, 0, 0]] * 2


def test_ignored_places_count_for_nothing_whatever_their_logits():
    results = []
    for engine in ENGINES:
        logits = engine.tensor([[-np.inf, 1.0, 2.0], [0.5, -0.5, 1.0]], requires_grad=True)
        loss = engine.nn.functional.cross_entropy(logits, engine.tensor([-100, 1]), label_smoothing=0.1)
        loss.backward()
        results.append(np.array([[loss.item()] * 3, *logits.grad.tolist()]))
    np.testing.assert_allclose(results[1], results[0], rtol=1e-6)
