"""Initial weights where the draws depend on more than the shape: cut tails, memory order, other dtypes, warnings."""

import numpy as np
import pytest
from engines import ENGINES, torch
from same_draws import agree, bits, in_step

import minigrad

CUT = {
    "wide": (0.0, 1.0, -2.0, 2.0),
    "much cut off": (0.0, 1.0, -0.5, 0.5),
    "one side": (1.0, 0.02, 0.98, 1.5),
    "nothing cut off": (0.0, 0.02, -2.0, 2.0),
    "little is left": (0.5, 2.0, -0.1, 0.3),
    "hardly anything is left": (0.0, 1.0, -1e-3, 1e-3),
    "the tail": (0.0, 1.0, 1.5, 3.0),
}


@pytest.mark.parametrize("seed", [0, 7, 2**33 + 5])
@pytest.mark.parametrize("shape", [(5,), (7, 11), (0, 3), (400,)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cut", CUT)
def test_trunc_normal(cut, dtype, shape, seed):
    mean, std, low, high = CUT[cut]

    def draw(lib):
        tensor = lib.nn.Parameter(lib.empty(shape, dtype=getattr(lib, dtype)))
        drawn = lib.nn.init.trunc_normal_(tensor, mean, std, low, high)
        assert drawn is tensor
        assert drawn.is_leaf
        assert bool(((drawn >= low - 1e-6) & (drawn <= high + 1e-6)).all())
        return drawn

    agree(seed, draw, draw)


def test_trunc_normal_from_a_generator_of_its_own():
    draws = []
    for lib in ENGINES:
        generator = lib.Generator()
        generator.manual_seed(11)
        drawn = lib.nn.init.trunc_normal_(lib.empty(4, 5), a=-1.0, generator=generator)
        draws.append((bits(drawn), bits(generator.get_state())))
    assert draws[1] == draws[0]
    in_step()


def test_trunc_normal_far_from_its_mean_warns():
    for lib in ENGINES:
        with pytest.warns(UserWarning, match="mean is more than 2 std from"):
            lib.nn.init.trunc_normal_(lib.empty(3), 0.0, 1.0, 2.5, 3.0)


@pytest.mark.parametrize("name", ["uniform_", "normal_", "trunc_normal_", "kaiming_uniform_", "xavier_normal_"])
def test_memory_in_another_order(name):
    """The numbers go where the memory lies: into a transposed matrix, and into every other column."""
    agree(
        4,
        lambda lib: getattr(lib.nn.init, name)(lib.empty(6, 5).t()),
        lambda lib: getattr(lib.nn.init, name)(lib.empty(6, 8)[:, ::2]),
    )


@pytest.mark.parametrize("name", ["kaiming_uniform_", "kaiming_normal_"])
@pytest.mark.parametrize("shape", [(0, 2), (2, 0)])
def test_nothing_to_initialise_is_warned_about(name, shape):
    for lib in ENGINES:
        tensor = lib.empty(shape)
        with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
            assert getattr(lib.nn.init, name)(tensor) is tensor
    in_step()


@pytest.mark.parametrize("dtype", ["float32", "float16", "int64"])
@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (4, 2), (0, 2), (1, 1)])
def test_eye(shape, dtype):
    def made(lib):
        tensor = lib.full(shape, 7, dtype=getattr(lib, dtype))
        assert lib.nn.init.eye_(tensor) is tensor
        return tensor

    assert bits(made(minigrad)) == bits(made(torch))


@pytest.mark.parametrize("shape", [(2, 3), (4, 3, 5), (4, 3, 2, 5), (7, 1)])
def test_fans(shape):
    fans = [lib.nn.init._calculate_fan_in_and_fan_out(lib.empty(shape)) for lib in ENGINES]
    assert fans[1] == fans[0]


@pytest.mark.parametrize("fan", [1, 2, 3, 7, 17, 100, 784, 1000, 2999])
def test_bounds_are_those_of_pytorch_to_the_last_bit(fan):
    """In float64, where another order of the roots and the quotient would be seen."""
    agree(
        1,
        lambda lib: lib.nn.Linear(fan, 3, dtype=lib.float64).weight,
        lambda lib: lib.nn.Linear(fan, 3, dtype=lib.float64).bias,
        lambda lib: lib.nn.init.xavier_uniform_(lib.empty(3, fan, dtype=lib.float64), gain=5 / 3),
    )


@pytest.mark.parametrize("slope", [True, "steep", [0.1]])
def test_a_slope_that_is_no_number(slope):
    words = []
    for lib in ENGINES:
        with pytest.raises(ValueError, match="not a valid number") as caught:
            lib.nn.init.calculate_gain("leaky_relu", slope)
        words.append(str(caught.value))
    assert words[1] == words[0]


def test_half_of_the_weights_of_a_relu_are_as_spread_as_he_says():
    """The standard deviation of kaiming_normal_ is sqrt(2 / fan_in), whatever PyTorch does."""
    minigrad.manual_seed(0)
    weights = minigrad.nn.init.kaiming_normal_(minigrad.empty(300, 400), nonlinearity="relu").array
    np.testing.assert_allclose(weights.std(), (2 / 400) ** 0.5, rtol=0.01)
