"""Lazy layers, uninitialized parameters and buffers: beside PyTorch's, before and after the first input."""

from __future__ import annotations

import copy
import io
import pickle
from typing import Any

import numpy as np
import pytest
from engines import ENGINES, error_of, same, torch
from hypothesis import given, settings
from hypothesis import strategies as st
from same_draws import bits, in_step
from test_normalization import numbers

import minigrad

FLAG = st.booleans()
CONVOLUTION = {
    "kernel_size": st.sampled_from([1, 2]),
    "stride": st.sampled_from([1, 2]),
    "padding": st.sampled_from([0, 1]),
    "groups": st.sampled_from([1, 2]),
    "bias": FLAG,
}
NORMALIZATION = {"eps": st.just(0.1), "affine": FLAG, "track_running_stats": FLAG, "bias": FLAG}
INPUTS = {1: (2, 4, 5), 2: (2, 4, 5, 3), 3: (2, 4, 3, 5, 3)}
LAYERS: dict[str, tuple[tuple[Any, ...], dict[str, Any], tuple[int, ...]]] = {
    "LazyLinear": ((3,), {"bias": FLAG}, (2, 4)),
    **{f"LazyConv{n}d": ((6,), {**CONVOLUTION, "dilation": st.just(2)}, shape) for n, shape in INPUTS.items()},
    **{f"LazyConvTranspose{n}d": ((6,), CONVOLUTION, shape) for n, shape in INPUTS.items()},
    **{f"LazyBatchNorm{n}d": ((), NORMALIZATION, shape) for n, shape in INPUTS.items()},
    **{f"LazyInstanceNorm{n}d": ((), NORMALIZATION, shape) for n, shape in INPUTS.items()},
}


def made(lib: Any, name: str, options: dict[str, Any]) -> Any:
    sizes = {"kernel_size": 2} if "Conv" in name else {}
    return getattr(lib.nn, name)(*LAYERS[name][0], **{**sizes, **options})


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str) -> None:
    @settings(max_examples=20)
    @given(st.data())
    def with_options(data: Any) -> None:
        options = {option: data.draw(values) for option, values in LAYERS[name][1].items() if data.draw(FLAG)}
        seen = []
        for lib in ENGINES:
            lib.manual_seed(3)
            layer = made(lib, name, options)
            before = repr(layer), repr(list(layer.state_dict().items())), layer.has_uninitialized_params()
            output = layer(numbers(lib, *LAYERS[name][2]).float())
            state = [(key, str(bits(x))) for key, x in layer.state_dict().items() if "running" not in key]
            after = repr(layer), type(layer).__name__, state, [p.requires_grad for p in layer.parameters()]
            seen.append((before, after, output.detach().numpy()))
        assert seen[0][:2] == seen[1][:2]
        np.testing.assert_allclose(seen[1][2], seen[0][2], 1e-4, 1e-5)
        in_step()

    with_options()


def test_an_optimizer_takes_parameters_that_are_not_there_yet() -> None:
    def trained(lib: Any, kind: str) -> Any:
        lib.manual_seed(0)
        model = lib.nn.Sequential(lib.nn.LazyLinear(4), lib.nn.ReLU(), lib.nn.LazyLinear(1))
        optimizer = getattr(lib.optim, kind)(model.parameters(), lr=0.1)
        x, losses = numbers(lib, 6, 3).float(), []
        for _ in range(3):
            loss = (model(x) ** 2).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    for kind in ("SGD", "Adam"):
        theirs, mine = (trained(lib, kind) for lib in ENGINES)
        assert mine == pytest.approx(theirs, rel=1e-4)
        assert mine[-1] < mine[0]


def test_a_model_is_converted_copied_and_saved_before_its_first_input() -> None:
    model = minigrad.nn.Sequential(minigrad.nn.LazyConv2d(2, 3), minigrad.nn.LazyBatchNorm2d()).double()
    saved = io.BytesIO()
    minigrad.save(model, saved)
    saved.seek(0)
    loaded = minigrad.load(saved, weights_only=False)
    for each in (model, copy.deepcopy(model), pickle.loads(pickle.dumps(model)), loaded):
        assert each[0].weight.dtype == minigrad.float64
        minigrad.manual_seed(1)
        y = each(numbers(minigrad, 2, 3, 5, 5))
        assert y.dtype == minigrad.float64
        assert [type(layer).__name__ for layer in each] == ["Conv2d", "BatchNorm2d"]
        assert each[0].weight.tolist() == model[0].weight.tolist()
        y.sum().backward()
        assert each[0].weight.grad.shape == (2, 3, 3, 3)


def test_state_is_loaded_before_the_first_input() -> None:
    def loaded(lib: Any) -> Any:
        usual, lazy = lib.nn.Linear(4, 3), lib.nn.LazyLinear(3)
        words = str(lazy.load_state_dict(usual.state_dict()))
        before = repr(lazy)
        outputs = [layer(numbers(lib, 2, 4).float()).tolist() for layer in (usual, lazy)]
        others = str(lib.nn.LazyLinear(3).load_state_dict(lib.nn.LazyLinear(3).state_dict()))
        return words, before, outputs[0] == outputs[1], repr(lazy), others

    assert same(loaded)[2]
    lazy = minigrad.nn.LazyBatchNorm1d()
    usual = minigrad.nn.BatchNorm1d(3)
    usual(minigrad.randn(5, 3))
    lazy.load_state_dict(usual.state_dict())
    assert lazy.running_mean.tolist() == usual.running_mean.tolist()
    assert type(lazy.running_mean) is minigrad.Tensor


def loaded_with_another_size(lib: Any) -> None:
    lazy = lib.nn.LazyLinear(3)
    lazy.load_state_dict(lib.nn.Linear(4, 3).state_dict())
    lazy(lib.ones(2, 5))


ERRORS = {
    "shape": lambda lib: lib.nn.LazyLinear(3).weight.shape,
    "into a usual layer": lambda lib: lib.nn.Linear(2, 3).load_state_dict(lib.nn.LazyLinear(3).state_dict()),
    "another size": loaded_with_another_size,
    "dimensions": lambda lib: lib.nn.LazyConv2d(4, 2)(lib.ones(3)),
    "dimensions of a norm": lambda lib: lib.nn.LazyBatchNorm2d()(lib.ones(2, 3)),
}
SAME_BEGINNING = {
    "arithmetic": lambda lib: lib.nn.LazyLinear(3).weight + 1,
    "numel": lambda lib: lib.nn.LazyLinear(3).weight.numel(),
    "fill_": lambda lib: lib.nn.init.ones_(lib.nn.LazyLinear(3).weight),
    "tolist": lambda lib: lib.nn.LazyLinear(3).weight.tolist(),
    "buffer": lambda lib: lib.nn.UninitializedBuffer().sum(),
    "groups": lambda lib: lib.nn.LazyConv2d(4, 2, groups=2)(lib.ones(1, 3, 5, 5)),
}


@pytest.mark.parametrize("case", [*ERRORS, *SAME_BEGINNING])
def test_errors(case: str) -> None:
    theirs, mine = (error_of((ERRORS | SAME_BEGINNING)[case], lib) for lib in ENGINES)
    assert theirs[0] == mine[0]
    if case in ERRORS:
        assert theirs[1] == mine[1]
    else:
        assert theirs[1].split()[:6] == mine[1].split(",")[0].split()[:6]


def test_uninitialized_tensors() -> None:
    def used(lib: Any) -> Any:
        nn = lib.nn
        parameter, buffer = nn.UninitializedParameter(requires_grad=False, dtype=lib.float64), nn.UninitializedBuffer()
        words = [repr(parameter), repr(buffer), str(parameter.dtype).partition(".")[2], str(parameter.device)]
        words += [parameter.requires_grad, parameter.is_leaf, nn.parameter.is_lazy(parameter), tuple(parameter.size())]
        parameter.materialize((2, 3))
        buffer.materialize((2,), dtype=lib.int64)
        kinds = [type(parameter).__name__, type(buffer).__name__, tuple(parameter.shape), tuple(buffer.shape)]
        return words, kinds, parameter.requires_grad, nn.parameter.is_lazy(parameter)

    same(used)


def test_a_lazy_layer_of_ones_own() -> None:
    class Scale(minigrad.nn.further.lazy.LazyModuleMixin, minigrad.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.factor = minigrad.nn.UninitializedParameter()

        def initialize_parameters(self, input: Any) -> None:
            if self.has_uninitialized_params():
                self.factor.materialize((input.shape[-1],))
                minigrad.nn.init.ones_(self.factor)

        def forward(self, input: Any) -> Any:
            return input * self.factor

    layer = Scale()
    assert layer(minigrad.ones(2, 3)).tolist() == [[1.0] * 3] * 2
    assert type(layer) is Scale
    assert not layer._forward_pre_hooks


def test_buffers() -> None:
    def used(lib: Any) -> Any:
        module = lib.nn.Module()
        module.mean = lib.nn.Buffer(lib.ones(2))
        module.seen = lib.nn.Buffer(lib.zeros(1), persistent=False)
        module.mean = lib.zeros(3)
        kinds = isinstance(lib.nn.Buffer(lib.ones(1)), lib.nn.Buffer), isinstance(lib.ones(1), lib.nn.Buffer)
        return list(module.state_dict()), [name for name, _ in module.named_buffers()], module.mean.tolist(), kinds

    assert same(used)[0] == ["mean"]


def test_state_of_lazy_layers_goes_to_pytorch_and_back() -> None:
    mine, theirs = minigrad.nn.LazyConv1d(2, 3), torch.nn.LazyConv1d(2, 3)
    theirs(torch.ones(1, 4, 5))
    mine.load_state_dict({key: minigrad.from_numpy(x.numpy()) for key, x in theirs.state_dict().items()})
    x = np.random.default_rng(0).normal(size=(1, 4, 5)).astype("float32")
    results = [layer(lib.from_numpy(x)).detach().numpy() for lib, layer in ((torch, theirs), (minigrad, mine))]
    np.testing.assert_allclose(results[1], results[0], 1e-5, 1e-6)
