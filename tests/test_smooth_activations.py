"""The smooth activations' layers, and how exact erf is (test_ops.py has their values and derivatives)."""

import math

import numpy as np
import pytest
from engines import torch
from test_normalization import in_both, numbers

import minigrad

LAYERS = {
    "LeakyReLU": lambda nn: nn.LeakyReLU(),
    "LeakyReLU, options": lambda nn: nn.LeakyReLU(0.2, inplace=True),
    "ELU": lambda nn: nn.ELU(),
    "ELU, options": lambda nn: nn.ELU(0.5, True),
    "SiLU": lambda nn: nn.SiLU(),
    "SiLU in place": lambda nn: nn.SiLU(inplace=True),
    "GELU": lambda nn: nn.GELU(),
    "GELU by tanh": lambda nn: nn.GELU("tanh"),
    "Softplus": lambda nn: nn.Softplus(),
    "Softplus, options": lambda nn: nn.Softplus(2.0, threshold=1.0),
}


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_layers(make):
    def run(lib):
        layer, leaf = make(lib.nn), (numbers(lib, 5, 7) * 3).requires_grad_()
        x = leaf * 1
        output = layer(x)
        output.sum().backward()
        return repr(layer), output, x, leaf.grad, len(layer.state_dict())

    in_both(run)


def erf_inputs():
    rng = np.random.default_rng(0)
    near_the_seams = [c + d * 2.0**-i for c in (0, 0.84375, 6) for i in range(1, 54) for d in (1, -1)]
    return np.concatenate([rng.normal(0, 1, 4000), rng.normal(0, 4, 4000), np.linspace(-7, 7, 4001), near_the_seams])


@pytest.mark.parametrize(("dtype", "most"), [("float64", 2.0), ("float32", 2.0)])
def test_erf_is_exact_to_two_units_in_the_last_place(dtype, most):
    x = erf_inputs().astype(dtype)
    exact = np.array([math.erf(each) for each in x])
    mine = minigrad.erf(minigrad.from_numpy(x)).numpy()
    assert mine.dtype == dtype
    units = abs(mine - exact) / np.spacing(abs(exact).astype(dtype))
    assert units.max() <= most


def test_erf_of_special_numbers():
    special = [0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, 1e-300, -1e300]
    mine = minigrad.erf(minigrad.tensor(special, dtype=minigrad.float64)).numpy()
    theirs = torch.erf(torch.tensor(special, dtype=torch.float64)).numpy()
    np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(np.signbit(mine[:2]), [False, True])
    assert minigrad.erf(minigrad.tensor(1)).item() == pytest.approx(math.erf(1))


def test_gelu_knows_two_formulas():
    for lib in (torch, minigrad):
        with pytest.raises(RuntimeError, match="approximate argument must be either none or tanh"):
            lib.nn.functional.gelu(lib.ones(2), approximate="sigmoid")


@pytest.mark.parametrize("name", ["leaky_relu", "elu", "silu", "gelu", "softplus"])
def test_integers_are_refused(name):
    for lib in (torch, minigrad):
        with pytest.raises(NotImplementedError, match="not implemented"):
            getattr(lib.nn.functional, name)(lib.tensor([1, 2]))


@pytest.mark.parametrize("name", ["elu", "silu", "gelu", "softplus"])
def test_large_numbers_do_not_overflow_in_any_derivative(name):
    """The branch that is not taken must not give nan by 0 * inf, in the second derivative either."""
    x = minigrad.tensor([800.0, 25.0, -25.0, -800.0], dtype=minigrad.float64, requires_grad=True)
    (first,) = minigrad.autograd.grad(getattr(minigrad.nn.functional, name)(x).sum(), x, create_graph=True)
    (second,) = minigrad.autograd.grad(first.sum(), x)
    np.testing.assert_allclose(first.detach().numpy(), [1, 1, 0, 0], atol=1e-9)
    np.testing.assert_allclose(second.numpy(), 0, atol=1e-9)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_cubes_have_pytorchs_bits(dtype):
    x = np.array([-0.0, 0, np.inf, -np.inf, np.nan, 1e30, -1e-30, *np.random.default_rng(0).standard_normal(99) * 5])
    x = (x if dtype != "int64" else x[7:]).astype(dtype)
    mine, theirs = ((engine.from_numpy(x) ** 3).numpy() for engine in (minigrad, torch))
    assert mine.tobytes() == theirs.tobytes()
