"""The layers of further activations, with drawn options, and what they draw (test_ops.py has the functions)."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from engines import ENGINES, error_of, same, torch
from hypothesis import given
from hypothesis import strategies as st
from same_draws import agree, bits, in_step
from test_normalization import in_both, numbers

import minigrad

FLAG = st.booleans()
LAYERS = {
    "Hardtanh": {"min_val": st.sampled_from([-1.0, -0.5]), "max_val": st.sampled_from([1.0, 2.0]), "inplace": FLAG},
    "Threshold": {"threshold": st.just(0.5), "value": st.sampled_from([0.0, 2.0]), "inplace": FLAG},
    "CELU": {"alpha": st.sampled_from([1.0, 0.5]), "inplace": FLAG},
    "RReLU": {"lower": st.just(0.1), "upper": st.just(0.3), "inplace": FLAG},
    "GLU": {"dim": st.sampled_from([-1, 1])},
    "Softmin": {"dim": st.sampled_from([0, -1])},
    "PReLU": {"num_parameters": st.sampled_from([1, 4]), "init": st.sampled_from([0.25, 0.5])},
    **{name: {"inplace": FLAG} for name in ("ReLU6", "Hardsigmoid", "Hardswish", "Mish", "SELU")},
    **{name: {"lambd": st.sampled_from([0.5, 1.0])} for name in ("Hardshrink", "Softshrink")},
    **{name: {} for name in ("Tanhshrink", "Softsign", "LogSigmoid", "Softmax2d")},
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str) -> None:
    @given(st.data())
    def with_options(data: Any) -> None:
        options = {option: data.draw(values) for option, values in LAYERS[name].items()}
        required = 2 if name == "Threshold" else 0
        given_options = {k: v for k, v in options.items() if data.draw(FLAG) or k in list(options)[:required]}
        in_both(run, name, given_options, data.draw(FLAG))

    with_options()


def run(lib: Any, name: str, options: dict[str, Any], training: bool) -> Any:
    layer = getattr(lib.nn, name)(**options).double().train(training)
    leaf = (numbers(lib, 3, 4, 2, 6) * 2).requires_grad_()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a dim that is left out
        output = layer(leaf * 1)
    (output * numbers(lib, *output.shape, start=1)).sum().backward()
    gradients = [] if name == "Hardsigmoid" else [leaf.grad]  # PyTorch's slope is float32(1 / 6)
    state = layer.state_dict()
    return repr(layer), output, gradients, list(state), list(state.values()), [p.grad for p in layer.parameters()]


def test_random_slopes_are_those_of_pytorch() -> None:
    x = np.random.default_rng(0).normal(size=(5, 40, 3)).astype("float32")
    for dtype in ("float32", "float64"):
        for y in (x.astype(dtype), x.astype(dtype).transpose(2, 0, 1)):
            agree(3, lambda lib, y=y: lib.nn.functional.rrelu(lib.from_numpy(y), 0.1, 0.9, training=True))


def test_random_slopes_from_a_generator() -> None:
    drawn = [
        lib.rrelu(lib.full((50,), -1.0), training=True, generator=lib.Generator().manual_seed(5)) for lib in ENGINES
    ]
    assert bits(drawn[0]) == bits(drawn[1])


def test_gumbel_noise_is_that_of_pytorch() -> None:
    for hard in (False, True):
        shares = []
        for lib in ENGINES:
            lib.manual_seed(2)
            shares.append(lib.nn.functional.gumbel_softmax(lib.zeros(30, 5), hard=hard))
        np.testing.assert_allclose(shares[1].numpy(), shares[0].numpy(), 1e-6)
    in_step()
    with pytest.warns(UserWarning, match="`eps` parameter is deprecated"):
        minigrad.nn.functional.gumbel_softmax(minigrad.zeros(2), eps=1e-5)


def test_a_hard_choice_has_the_gradient_of_the_shares() -> None:
    gradients = []
    for hard in (False, True):
        minigrad.manual_seed(1)
        logits = minigrad.zeros(4, 3, requires_grad=True)
        y = minigrad.nn.functional.gumbel_softmax(logits, hard=hard)
        (y * minigrad.arange(3.0)).sum().backward()
        gradients.append(logits.grad.tolist())
    assert gradients[0] == gradients[1]


ERRORS = {
    "bounds": lambda lib: lib.nn.functional.hardtanh(lib.ones(2), 2, 1),
    "bounds of a layer": lambda lib: lib.nn.Hardtanh(1, 1),
    "bounds of slopes": lambda lib: lib.nn.functional.rrelu(lib.ones(2), 2, 1),
    "alpha": lambda lib: lib.nn.functional.celu(lib.ones(2), 0),
    "odd": lambda lib: lib.nn.functional.glu(lib.ones(3)),
    "half of a number": lambda lib: lib.nn.functional.glu(lib.ones(())),
    "images": lambda lib: lib.nn.Softmax2d()(lib.ones(2, 2)),
    "a slope too many": lambda lib: lib.nn.PReLU(3)(lib.ones(2, 2)),
    "two dimensions of slopes": lambda lib: lib.nn.functional.prelu(lib.ones(2, 2), lib.ones(1, 2)),
    "slopes of a number": lambda lib: lib.nn.functional.prelu(lib.ones(()), lib.ones(2)),
}


@pytest.mark.parametrize("case", ERRORS)
def test_errors(case: str) -> None:
    theirs, mine = (error_of(ERRORS[case], lib) for lib in ENGINES)
    assert theirs == mine


def test_errors_of_pytorchs_type() -> None:
    for call in (
        lambda lib: lib.nn.functional.softshrink(lib.ones(2), -1.0),
        lambda lib: lib.nn.functional.prelu(lib.ones(2), lib.ones(1).double()),
        lambda lib: lib.nn.functional.hardtanh(lib.ones(2).bool()),
        lambda lib: lib.nn.functional.hardtanh_(lib.ones(2).byte()),
        lambda lib: lib.nn.functional.hardtanh_(lib.ones(2).byte(), 1, -1),
    ):
        theirs, mine = (error_of(call, lib) for lib in ENGINES)
        assert theirs[0] == mine[0]
        assert mine[1].split()[:3] == theirs[1].split()[:3]


def test_old_names_of_bounds() -> None:
    def bounds(lib: Any) -> tuple[float, float]:
        with pytest.warns(FutureWarning, match="is deprecated and renamed to"):
            layer = lib.nn.Hardtanh(min_value=-2.0, max_value=3.0)
        return layer.min_val, layer.max_val

    assert same(bounds) == (-2.0, 3.0)


@pytest.mark.parametrize("name", ["mish", "logsigmoid", "selu", "celu", "glu"])
def test_large_numbers_do_not_overflow_in_any_derivative(name: str) -> None:
    x = minigrad.tensor([800.0, 25.0, -25.0, -800.0], dtype=minigrad.float64, requires_grad=True)
    (first,) = minigrad.autograd.grad(getattr(minigrad.nn.functional, name)(x).sum(), x, create_graph=True)
    (second,) = minigrad.autograd.grad(first.sum(), x)
    assert bool(minigrad.isfinite(first).all())
    assert bool(minigrad.isfinite(second).all())


def test_a_leaf_is_not_written_to() -> None:
    for lib in (torch, minigrad):
        leaf = lib.ones(2, requires_grad=True)
        with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
            lib.nn.functional.mish(leaf, inplace=True)
        assert leaf.tolist() == [1, 1]
