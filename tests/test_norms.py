"""The layers of further normalizations, with drawn options, in training and in evaluation."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from engines import ENGINES, error_of, torch
from hypothesis import given
from hypothesis import strategies as st
from test_normalization import check_close, in_both, numbers, saved

import minigrad

FLAG = st.booleans()
STATISTICS = {
    "eps": st.sampled_from([1e-5, 0.1]),
    "momentum": st.sampled_from([0.1, 0.5, None]),
    "affine": FLAG,
    "track_running_stats": FLAG,
    "bias": FLAG,
}
IMAGES = {1: (3, 4, 6), 2: (3, 4, 2, 5), 3: (2, 4, 2, 3, 2)}
LAYERS: dict[str, tuple[tuple[Any, ...], dict[str, Any], tuple[int, ...]]] = {
    "BatchNorm3d": ((4,), STATISTICS, IMAGES[3]),
    "SyncBatchNorm": ((4,), STATISTICS, IMAGES[2]),
    **{f"InstanceNorm{n}d": ((4,), STATISTICS, shape) for n, shape in IMAGES.items()},
    "GroupNorm": ((2, 4), {"eps": st.sampled_from([1e-5, 0.1]), "affine": FLAG, "bias": FLAG}, IMAGES[2]),
    "RMSNorm": (([2, 5],), {"eps": st.sampled_from([None, 0.1]), "elementwise_affine": FLAG}, IMAGES[2]),
    "LocalResponseNorm": (
        (3,),
        {"alpha": st.sampled_from([1e-4, 0.5]), "beta": st.sampled_from([0.75, 2.0]), "k": st.just(2.0)},
        IMAGES[2],
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str) -> None:
    arguments, options, shape = LAYERS[name]

    @given(st.data())
    def with_options(data: Any) -> None:
        drawn = {option: data.draw(values) for option, values in options.items() if data.draw(FLAG)}
        in_both(train, name, arguments, drawn, shape)

    with_options()


def train(lib: Any, name: str, arguments: Any, options: dict[str, Any], shape: tuple[int, ...]) -> Any:
    """Three batches in training, the second in evaluation: outputs, gradients and state."""
    layer = getattr(lib.nn, name)(*arguments, **options).double()
    for parameter in layer.parameters():  # away from 1 and 0
        parameter.data.copy_(numbers(lib, *parameter.shape))
    seen = [repr(layer), list(layer.state_dict())]
    for i in range(3):
        layer.train(i != 1)
        x = (numbers(lib, *shape, start=0.3 * i) * (1 + i)).requires_grad_()
        output = layer(x)
        (output * numbers(lib, *shape, start=i)).sum().backward()
        gradients = x.grad, [p.grad for p in layer.parameters()]
        seen.append([output, gradients, saved(layer), output.grad_fn.name()])
    return seen


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 8])
def test_windows_of_channels(size: int) -> None:
    in_both(lambda lib: lib.nn.LocalResponseNorm(size, 0.7, 0.6, 1.5).double()(numbers(lib, 2, 4, 2, 3)))


def test_statistics_that_repeat_elements_are_refused_before_anything_changes() -> None:
    for engine in ENGINES:
        mean, var = engine.zeros(2), engine.ones(1).expand(2)
        with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
            engine.nn.functional.instance_norm(engine.arange(12.0).reshape(1, 2, 6), mean, var)
        assert var.tolist() == [1, 1]
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):  # PyTorch changes both
        minigrad.nn.functional.batch_norm(minigrad.arange(12.0).reshape(1, 2, 6), mean, var, training=True)
    assert mean.tolist() == [0, 0]


def test_an_image_without_a_batch() -> None:
    for n, shape in IMAGES.items():
        in_both(
            lambda lib, n=n, shape=shape: getattr(lib.nn, f"InstanceNorm{n}d")(4).double()(numbers(lib, *shape[1:]))
        )


def test_layers_are_copied_and_saved() -> None:
    for name, (arguments, _, shape) in LAYERS.items():
        layer = getattr(minigrad.nn, name)(*arguments)
        layer(numbers(minigrad, *shape).float())
        for again in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
            assert repr(again) == repr(layer)
            x = numbers(minigrad, *shape, start=1).float()
            np.testing.assert_array_equal(again.eval()(x).detach().numpy(), layer.eval()(x).detach().numpy())
        layer.train()


def test_state_goes_to_pytorch_and_back() -> None:
    for name, (arguments, _, shape) in LAYERS.items():
        mine, theirs = (getattr(lib.nn, name)(*arguments).double() for lib in (minigrad, torch))
        mine(numbers(minigrad, *shape))
        theirs.load_state_dict({key: torch.from_numpy(x.numpy().copy()) for key, x in mine.state_dict().items()})
        check_close(theirs.eval()(numbers(torch, *shape)), mine.eval()(numbers(minigrad, *shape)))


def test_batch_norms_are_converted() -> None:
    def converted(lib: Any) -> Any:
        model = lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.BatchNorm1d(4), lib.nn.Sequential(lib.nn.BatchNorm2d(2)))
        model.eval()
        parameters = list(model.parameters())
        other = lib.nn.SyncBatchNorm.convert_sync_batchnorm(model)
        same = [p is q for p, q in zip(parameters, other.parameters(), strict=True)]
        return repr(other), same, other is model, list(other.state_dict()), other[1].training

    in_both(converted)


ERRORS = {
    "group_norm, a vector": lambda lib: lib.nn.functional.group_norm(lib.ones(3), 1),
    "group_norm, one value": lambda lib: lib.nn.functional.group_norm(lib.ones(1, 4), 4),
    "group_norm, groups": lambda lib: lib.nn.functional.group_norm(lib.ones(2, 5), 2),
    "group_norm, no groups": lambda lib: lib.nn.functional.group_norm(lib.ones(2, 4, 3), -2),
    "GroupNorm, groups": lambda lib: lib.nn.GroupNorm(3, 4),
    "instance_norm, one value": lambda lib: lib.nn.functional.instance_norm(lib.ones(2, 3, 1)),
    "instance_norm, a statistic alone": lambda lib: lib.nn.functional.instance_norm(lib.ones(2, 3, 4), lib.ones(3)),
    "instance_norm, no statistics": lambda lib: lib.nn.functional.instance_norm(
        lib.ones(2, 3, 4), use_input_stats=False
    ),
    "InstanceNorm, dimensions": lambda lib: lib.nn.InstanceNorm2d(3)(lib.ones(2, 3)),
    "InstanceNorm, features": lambda lib: lib.nn.InstanceNorm1d(3, affine=True)(lib.ones(2, 4, 5)),
    "BatchNorm3d": lambda lib: lib.nn.BatchNorm3d(3)(lib.ones(2, 3, 4, 4)),
    "SyncBatchNorm, a vector": lambda lib: lib.nn.SyncBatchNorm(3)(lib.ones(3)),
    "SyncBatchNorm, no channels": lambda lib: lib.nn.SyncBatchNorm(3)(lib.ones(2, 0)),
    "rms_norm, no shape": lambda lib: lib.nn.functional.rms_norm(lib.ones(2, 3), ()),
    "rms_norm, weight": lambda lib: lib.nn.functional.rms_norm(lib.ones(2, 3), (3,), lib.ones(2)),
}
SAME_TYPE = {
    "rms_norm, shape": lambda lib: lib.nn.functional.rms_norm(lib.ones(2, 3), (2,)),
    "local_response_norm": lambda lib: lib.nn.functional.local_response_norm(lib.ones(2, 3), 2),
    "group_norm, weight": lambda lib: lib.nn.functional.group_norm(lib.ones(2, 4, 3), 2, lib.ones(3)),
    "group_norm, dtypes": lambda lib: lib.nn.functional.group_norm(lib.ones(2, 4, 3), 2, lib.ones(4).double()),
    "instance_norm, weight": lambda lib: lib.nn.functional.instance_norm(lib.ones(2, 3, 4), weight=lib.ones(2)),
    "integers": lambda lib: lib.nn.functional.group_norm(lib.ones(2, 4, 3).long(), 2),
}


@pytest.mark.parametrize("case", [*ERRORS, *SAME_TYPE])
def test_errors(case: str) -> None:
    theirs, mine = (error_of((ERRORS | SAME_TYPE)[case], lib) for lib in ENGINES)
    assert theirs[0] == mine[0]
    if case in ERRORS:
        assert theirs[1] == mine[1]


def test_features_that_are_not_used_are_warned_of() -> None:
    for lib in ENGINES:
        with pytest.warns(UserWarning, match="input's size at dim=1 does not match num_features"):
            lib.nn.InstanceNorm1d(3)(lib.ones(2, 4, 5))


@pytest.mark.parametrize("name", ["group_norm", "instance_norm", "rms_norm"])
def test_float16_is_computed_in_float32(name: str) -> None:
    results = []
    for lib in ENGINES:
        x = (numbers(lib, 2, 4, 6) * 300).half().requires_grad_()
        arguments = {"group_norm": (2,), "instance_norm": (), "rms_norm": ((6,),)}[name]
        y = getattr(lib.nn.functional, name)(x, *arguments)
        (y * y * y).sum().backward()
        results.append((y.dtype, y.detach().float().numpy(), x.grad.float().numpy()))
    (_, y, g), (dtype, mine, h) = results
    assert dtype == minigrad.float16
    np.testing.assert_allclose(mine, y, 2e-3, 1e-3)
    np.testing.assert_allclose(h, g, 2e-2, 1e-2)


def test_an_error_leaves_the_statistics_alone() -> None:
    layer = minigrad.nn.InstanceNorm1d(4, track_running_stats=True)
    layer(minigrad.randn(3, 4, 5))
    before = {name: x.tolist() for name, x in saved(layer).items()}
    for wrong in (minigrad.ones(2, 4, 1), minigrad.ones(3, 4, 5).double(), minigrad.ones(3, 4)[None, None]):
        with pytest.raises((RuntimeError, ValueError)):
            layer(wrong)
    layer(minigrad.ones(0, 4, 5))
    assert {name: x.tolist() for name, x in layer.state_dict().items()} == before


@pytest.mark.parametrize("number", [0.1, 0.7, 123.456])
def test_equal_elements_have_no_spread(number: float) -> None:
    """Though their mean may be another number than they are."""
    x = minigrad.full((2, 7), number, requires_grad=True)
    spread = x.std(1) + x.var(1)
    spread.sum().backward()
    assert spread.tolist() == [0.0, 0.0]
    assert minigrad.equal(minigrad.std_mean(x)[0], minigrad.tensor(0.0))
    assert x.std().item() == 0.0
    assert not minigrad.autograd.grad(x.std(), x)[0].any()
