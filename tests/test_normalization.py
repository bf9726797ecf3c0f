"""BatchNorm and LayerNorm: the same layers, errors, state and training in both libraries."""

import numpy as np
import pytest
from engines import ENGINES, torch
from parity import check_equal
from same_draws import in_step

import minigrad


def in_both(scenario, *args):
    """What a scenario gives with minigrad, after a check that it gives and draws the same with PyTorch, to 1e-12."""
    results = []
    for lib in ENGINES:
        lib.manual_seed(0)
        results.append(scenario(lib, *args))
    check_close(*results)
    in_step()
    return results[1]


def check_close(theirs, mine):
    """Nested results are equal, tensors to 1e-12."""
    if isinstance(theirs, torch.Tensor):
        assert str(mine.dtype).partition(".")[2] == str(theirs.dtype).partition(".")[2]
        np.testing.assert_allclose(mine.detach().numpy(), theirs.detach().numpy(), 1e-12, 1e-12)
    elif isinstance(theirs, dict):
        assert list(mine) == list(theirs)
        check_close(list(theirs.values()), list(mine.values()))
    elif isinstance(theirs, (list, tuple)):
        assert len(mine) == len(theirs)
        for each_of_theirs, each_of_mine in zip(theirs, mine, strict=True):
            check_close(each_of_theirs, each_of_mine)
    else:
        assert mine == theirs


def numbers(lib, *shape, start=0.0):
    """Numbers without a pattern of their own, the same in both libraries."""
    return lib.from_numpy(np.sin(np.arange(np.prod(shape)) * 1.7 + start).reshape(shape) * 2 + 0.5)


def saved(module):
    """A copy of the state as it is now."""
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


LAYERS = {
    "batch 1d": lambda nn: nn.BatchNorm1d(4),
    "batch 1d, options": lambda nn: nn.BatchNorm1d(4, eps=1e-3, momentum=0.3),
    "batch 1d, averaged": lambda nn: nn.BatchNorm1d(4, momentum=None),
    "batch 1d, not affine": lambda nn: nn.BatchNorm1d(4, affine=False),
    "batch 1d, no bias": lambda nn: nn.BatchNorm1d(4, bias=False),
    "batch 1d, no statistics": lambda nn: nn.BatchNorm1d(4, track_running_stats=False),
    "batch 1d, nothing": lambda nn: nn.BatchNorm1d(4, 1e-5, None, False, False),
    "batch 2d": lambda nn: nn.BatchNorm2d(4),
    "batch 2d, averaged": lambda nn: nn.BatchNorm2d(4, momentum=None, affine=False),
    "layer": lambda nn: nn.LayerNorm(4),
    "layer, two dimensions": lambda nn: nn.LayerNorm([3, 4], eps=1e-3),
    "layer, not affine": lambda nn: nn.LayerNorm((4,), elementwise_affine=False),
    "layer, no bias": lambda nn: nn.LayerNorm(4, bias=False),
}
EVERY_LAYER = pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)


@EVERY_LAYER
def test_form_and_initial_state(make):
    def made(lib):
        layer = make(lib.nn)
        names = [name for name, _ in layer.named_parameters()], [name for name, _ in layer.named_buffers()]
        return repr(layer), names, saved(layer), [p.requires_grad for p in layer.parameters()]

    in_both(made)
    in_step()


def inputs(lib, layer, number):
    """Batches that fit a layer."""
    shape = {"BatchNorm1d": (6, 4), "BatchNorm2d": (3, 4, 2, 5), "LayerNorm": (5, 3, 4)}[type(layer).__name__]
    return [numbers(lib, *shape, start=0.3 * i) * (1 + i) for i in range(number)]


@EVERY_LAYER
def test_training_and_evaluation(make):
    """Outputs, gradients, parameters and statistics over steps in training, with evaluation in between."""

    def train(lib):
        layer = make(lib.nn).double()
        steps = lib.optim.SGD([*layer.parameters()] or [lib.zeros(1, requires_grad=True)], lr=0.05)
        seen = []
        for i, x in enumerate(inputs(lib, layer, 5)):
            layer.train(i != 2)  # the gradients of the third batch are those in evaluation
            x.requires_grad_()
            output = layer(x)
            steps.zero_grad()
            (output * numbers(lib, *x.shape, start=i)).sum().backward()
            steps.step()
            with lib.no_grad():
                evaluated = layer.eval()(x)
            seen.append([output, evaluated, x.grad, saved(layer), repr(output.grad_fn).split()[0]])
        return seen

    seen = in_both(train)
    assert len(seen) == 5


def convolutional(lib):
    """Layers of all three kinds in one model."""
    nn = lib.nn
    return nn.Sequential(
        nn.Linear(6, 8),
        nn.BatchNorm1d(8),
        nn.GELU(),
        nn.Dropout(0.2),
        nn.Linear(8, 12),
        nn.LayerNorm(12),
        nn.LeakyReLU(0.1),
        nn.Unflatten(1, (3, 2, 2)),
        nn.BatchNorm2d(3, momentum=None),
        nn.Flatten(),
        nn.Linear(12, 3),
    ).double()


def test_training_a_model():
    """Loss, evaluated loss and all state over 12 steps: the same batches, the same masks.

    Not with Adam: a bias before a batch normalization has no gradient but rounding, which Adam makes large.
    """

    def train(lib):
        model = convolutional(lib)
        steps = lib.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
        x = numbers(lib, 30, 6)
        target = (x.sum(1) > 3).long() + (x[:, 0] > 0.5).long()
        loss_of, losses = lib.nn.CrossEntropyLoss(), []
        for _ in range(4):
            for batch in lib.randperm(30).split(10):
                model.train()
                steps.zero_grad()
                loss = loss_of(model(x[batch]), target[batch])
                loss.backward()
                steps.step()
                model.eval()
                with lib.no_grad():
                    losses.append([loss.item(), loss_of(model(x), target).item()])
        return lib.tensor(losses, dtype=lib.float64), saved(model)

    losses, _ = in_both(train)
    assert losses[-1, 1].item() < losses[0, 1].item()
    in_step()


def test_state_goes_to_pytorch_and_back():
    models = [convolutional(lib) for lib in ENGINES]
    for lib, model in zip(ENGINES, models, strict=True):
        for start in (0.0, 1.0):
            model(numbers(lib, 7, 6, start=start))
    theirs, mine = models
    fresh = [convolutional(lib) for lib in ENGINES]
    into_torch = {name: torch.from_numpy(x.numpy().copy()) for name, x in mine.state_dict().items()}
    into_minigrad = {name: minigrad.from_numpy(x.numpy().copy()) for name, x in theirs.state_dict().items()}
    assert str(fresh[0].load_state_dict(into_torch)) == "<All keys matched successfully>"
    assert str(fresh[1].load_state_dict(into_minigrad)) == "<All keys matched successfully>"
    for loaded, origin in zip(fresh, reversed(models), strict=True):
        assert [(name, tuple(x.shape)) for name, x in loaded.state_dict().items()] == [
            (name, tuple(x.shape)) for name, x in origin.state_dict().items()
        ]
    x = numbers(torch, 5, 6), numbers(minigrad, 5, 6)
    check_close(theirs.eval()(x[0]), fresh[1].eval()(x[1]))
    check_close(fresh[0].eval()(x[0]), mine.eval()(x[1]))


# Errors -----------------------------------------------------------------------------------------------------

SAME_WORDS = {
    "one value per channel": lambda lib: lib.nn.BatchNorm1d(4)(lib.ones(1, 4)),
    "one pixel of one image": lambda lib: lib.nn.BatchNorm2d(4)(lib.ones(1, 4, 1, 1)),
    "1d": lambda lib: lib.nn.BatchNorm1d(4)(lib.ones(4)),
    "4d for 1d": lambda lib: lib.nn.BatchNorm1d(4)(lib.ones(2, 4, 3, 3)),
    "3d for 2d": lambda lib: lib.nn.BatchNorm2d(4)(lib.ones(2, 4, 3)),
    "eps": lambda lib: lib.nn.BatchNorm1d(4, eps=0.0)(lib.ones(2, 4)),
}
SAME_TYPE = {
    "other channels": lambda lib: lib.nn.BatchNorm1d(4)(lib.ones(3, 5)),
    "other channels, no statistics": lambda lib: lib.nn.BatchNorm1d(4, track_running_stats=False)(lib.ones(3, 5)),
    "integers": lambda lib: lib.nn.BatchNorm1d(4, affine=False, track_running_stats=False)(lib.ones(3, 4).long()),
    "another dtype": lambda lib: lib.nn.BatchNorm1d(4).double()(lib.ones(3, 4)),
    "no statistics in evaluation": lambda lib: lib.nn.functional.batch_norm(lib.ones(3, 4), None, None),
    "layer, other size": lambda lib: lib.nn.LayerNorm(4)(lib.ones(3, 5)),
    "layer, no size": lambda lib: lib.nn.functional.layer_norm(lib.ones(3, 4), ()),
    "layer, another dtype": lambda lib: lib.nn.LayerNorm(4).double()(lib.ones(3, 4)),
    "layer, integers": lambda lib: lib.nn.LayerNorm(4, elementwise_affine=False)(lib.ones(3, 4).long()),
}


@pytest.mark.parametrize("case", [*SAME_WORDS, *SAME_TYPE])
def test_errors(case):
    errors = []
    for lib in ENGINES:
        with pytest.raises((RuntimeError, ValueError)) as info:
            (SAME_WORDS | SAME_TYPE)[case](lib)
        errors.append((type(info.value).__name__, str(info.value).replace("minigrad.", "torch.")))
    assert errors[0][0] == errors[1][0]
    if case in SAME_WORDS:
        assert errors[1][1].partition(". Call model.eval()")[0] == errors[0][1]


def test_an_error_leaves_the_statistics_alone():
    layer = minigrad.nn.BatchNorm1d(4)
    layer(minigrad.randn(3, 4))
    before = saved(layer)
    for wrong in (minigrad.ones(1, 4), minigrad.ones(3, 5), minigrad.ones(3, 4).double()):
        with pytest.raises((RuntimeError, ValueError)):
            layer(wrong)
    assert {name: x.tolist() for name, x in layer.state_dict().items()} == {
        name: x.tolist() for name, x in before.items()
    }


# What statistics are ----------------------------------------------------------------------------------------


def test_an_empty_batch_leaves_the_statistics_alone():
    def empty(lib):
        layer = lib.nn.BatchNorm1d(4).double()
        layer(numbers(lib, 3, 4))
        output = layer(lib.zeros(0, 4, dtype=lib.float64))
        return tuple(output.shape), saved(layer)

    in_both(empty)


def test_a_change_of_the_statistics_is_noted():
    """A graph that needs the old running mean says so, rather than using the new one."""
    layer = minigrad.nn.BatchNorm1d(4)
    x = minigrad.ones(3, 4, requires_grad=True)
    y = (x * layer.running_mean).sum()
    layer(minigrad.randn(3, 4))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_evaluation_keeps_the_statistics_that_it_used():
    layer = minigrad.nn.BatchNorm1d(4).double().eval()
    x = numbers(minigrad, 3, 4)
    y = layer(x)
    layer.train()(numbers(minigrad, 5, 4) * 9)
    y.sum().backward()
    np.testing.assert_allclose(layer.weight.grad.numpy(), x.numpy().sum(0) / np.sqrt(1 + 1e-5), 1e-12)


def test_a_reset_layer_has_seen_nothing():
    layer = minigrad.nn.BatchNorm2d(2)
    layer(minigrad.randn(4, 2, 3, 3))
    assert layer.num_batches_tracked.item() == 1
    assert layer.running_mean.abs().sum().item() > 0
    layer.reset_running_stats()
    assert layer.num_batches_tracked.item() == 0
    assert layer.running_mean.tolist() == [0, 0]
    assert layer.running_var.tolist() == [1, 1]


@pytest.mark.parametrize("make", [lambda nn: nn.BatchNorm1d(64), lambda nn: nn.LayerNorm(64)])
def test_far_from_zero(make):
    """The spread of float32 numbers around 1000 is found: no difference of large squares is taken."""
    x = np.random.default_rng(0).normal(1000, 1, (64, 64)).astype(np.float32)
    exact = make(minigrad.nn).double()(minigrad.from_numpy(x.astype(np.float64)))
    output = make(minigrad.nn)(minigrad.from_numpy(x))
    np.testing.assert_allclose(output.detach().numpy(), exact.detach().numpy(), atol=1e-3)


# float16 and nothing at all -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["layer_norm", "batch_norm"])
def test_a_variance_too_large_for_float16_is_none_for_its_normalization(name: str) -> None:
    results = []
    for engine in (minigrad, torch):
        x = engine.tensor([[300.0, -300.0, 100.0], [-200.0, 300.0, 0.0]]).half().requires_grad_()
        arguments = [(3,)] if name == "layer_norm" else [engine.zeros(3).half(), engine.ones(3).half()]
        training = {} if name == "layer_norm" else {"training": True}
        y = getattr(engine.nn.functional, name)(x, *arguments, **training)
        (y * y * y).sum().backward()
        results.append((y, x.grad, arguments[1:]))
    check_equal(*(y for y, _, _ in results), (2e-3, 1e-3))
    check_equal(*(g for _, g, _ in results), (2e-2, 1e-3))
    check_equal(*(statistics for _, _, statistics in results), (2e-3, 1e-3))


def test_batch_norm_lets_an_empty_vector_through() -> None:
    for engine in (minigrad, torch):
        nothing = engine.zeros(0, requires_grad=True)
        y = engine.nn.functional.batch_norm(nothing, engine.zeros(0), engine.ones(0), training=True)
        y.sum().backward()
        assert y.shape == nothing.grad.shape == (0,)
        with pytest.raises(RuntimeError):
            engine.nn.functional.batch_norm(engine.zeros(3), engine.zeros(3), engine.ones(3))
