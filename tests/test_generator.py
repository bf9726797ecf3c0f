"""The generator: seeds, states, refusals, and the arithmetic below the draws."""

import copy
import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from engines import torch
from hypothesis import assume, example, given
from hypothesis import strategies as st
from same_draws import agree, bits

import minigrad
from minigrad.random import box_muller, multiply_add

SEEDS = [
    0,
    1,
    42,
    2**31,
    2**32 - 1,
    2**32,
    2**32 + 5,
    2**63 - 1,
    2**63,
    2**64 - 1,
    -1,
    -12345,
    -(2**31),
    -(2**63),
]


# Seeds ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_seeds(seed):
    agree(seed, lambda lib: lib.rand(700), lambda lib: lib.randn(20), lambda lib: lib.randperm(50))
    assert minigrad.initial_seed() == torch.initial_seed() == seed % 2**64


def test_new_generator_has_pytorchs_seed_and_its_own_stream():
    ours, theirs = minigrad.Generator(), torch.Generator()
    assert ours.initial_seed() == theirs.initial_seed() == 67280421310721
    assert bits(minigrad.rand(5, generator=ours)) == bits(torch.rand(5, generator=theirs))
    assert ours.manual_seed(3) is ours
    agree(0, lambda lib: lib.rand(2, generator=lib.Generator().manual_seed(7)))


@pytest.mark.parametrize("seed", [1.7, "3", True, np.int64(5), np.float32(2.9)])
def test_the_function_manual_seed_takes_what_int_takes(seed):
    assert minigrad.manual_seed(seed) is minigrad.default_generator
    torch.manual_seed(seed)
    assert minigrad.initial_seed() == torch.initial_seed()


def test_seed_is_new_each_time_and_can_be_used_again():
    first, second = minigrad.seed(), minigrad.seed()
    assert first != second == minigrad.initial_seed()
    assert 0 <= second < 2**64
    agree(second, lambda lib: lib.rand(3))


# States -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 2**40 + 1, -3])
def test_states_travel_both_ways(seed):
    torch.manual_seed(seed)
    minigrad.manual_seed(seed)
    ours, theirs = minigrad.Generator(), torch.Generator()
    for count in (0, 1, 3, 16, 623, 624, 625, 7, 1248, 2000):
        assert bits(minigrad.get_rng_state()) == bits(torch.get_rng_state())
        ours.set_state(minigrad.from_numpy(torch.get_rng_state().numpy()))
        theirs.set_state(torch.from_numpy(minigrad.get_rng_state().array))
        assert ours.initial_seed() == theirs.initial_seed() == seed % 2**64
        expected = bits(torch.rand(count))
        assert bits(minigrad.rand(count)) == expected
        assert bits(minigrad.rand(count, generator=ours)) == expected
        assert bits(torch.rand(count, generator=theirs)) == expected
        if count == 3:
            assert bits(minigrad.randn(1)) == bits(torch.randn(1))  # leaves a spare one, which travels along


def test_set_state_goes_back_to_a_point_in_the_stream():
    state = minigrad.get_rng_state()
    first = minigrad.randn(5)
    minigrad.set_rng_state(state)
    assert bits(minigrad.randn(5)) == bits(first)


def test_fork_rng_leaves_no_trace_even_after_an_error():
    minigrad.manual_seed(0)
    expected = minigrad.rand(3)
    minigrad.manual_seed(0)
    with pytest.raises(ZeroDivisionError), minigrad.random.fork_rng():
        minigrad.rand(5) / (1 // 0)
    assert bits(minigrad.rand(3)) == bits(expected)
    minigrad.manual_seed(0)
    with minigrad.random.fork_rng(enabled=False):
        minigrad.rand(1)
    assert bits(minigrad.rand(3)) != bits(expected)


@pytest.mark.parametrize(
    "duplicate",
    [minigrad.Generator.clone_state, copy.deepcopy, lambda generator: pickle.loads(pickle.dumps(generator))],
)
def test_copies_of_a_generator_go_on_alike_and_apart(duplicate):
    generator = minigrad.Generator().manual_seed(8)
    minigrad.randn(3, generator=generator)
    twin = duplicate(generator)
    expected = [minigrad.randn(3, generator=generator), minigrad.rand(3, generator=generator)]
    assert [bits(minigrad.randn(3, generator=twin)), bits(minigrad.rand(3, generator=twin))] == [
        bits(x) for x in expected
    ]
    assert repr(generator.device) == repr(torch.Generator().device)


# Refusals ---------------------------------------------------------------------------------------------------


def generator(lib):
    return lib.Generator()


def byte_tensor(size):
    return lambda lib: lib.zeros(size, dtype=lib.uint8)


REFUSALS = [
    (
        lambda lib: lib.randint(5, 5, (3,)),
        RuntimeError,
        "random_ expects 'from' to be less than 'to', but got from=5 >= to=5",
    ),
    (lambda lib: lib.randint(5, 5, (0,)), RuntimeError, "random_ expects 'from' to be less than 'to'"),
    (lambda lib: lib.randint(0, (3,)), RuntimeError, "from=0 >= to=0"),
    (lambda lib: lib.randint(3), TypeError, "randint"),
    (lambda lib: lib.randint(3, 4), TypeError, "argument 'size'"),
    (lambda lib: lib.randint(3.5, (2,)), TypeError, "must be int, not float"),
    (lambda lib: lib.randint(3, (2, -1)), RuntimeError, "Trying to create tensor with negative dimension -1"),
    (lambda lib: lib.randint(0, 300, (2,), dtype=lib.uint8), RuntimeError, "to - 1 is out of bounds for"),
    (lambda lib: lib.randint(-1, 3, (2,), dtype=lib.uint8), RuntimeError, "from is out of bounds for"),
    (lambda lib: lib.randint(0, 3, (2,), dtype=lib.bool), RuntimeError, "to - 1 is out of bounds for"),
    (lambda lib: lib.rand(-1), RuntimeError, "Trying to create tensor with negative dimension -1"),
    (lambda lib: lib.rand(2, dtype=lib.int64), NotImplementedError, "not implemented for"),
    (lambda lib: lib.randn(2, dtype=lib.bool), NotImplementedError, "not implemented for"),
    (lambda lib: lib.rand_like(lib.ones(2, dtype=lib.int64)), NotImplementedError, "not implemented for"),
    (lambda lib: lib.rand(2, generator=3), TypeError, "generator"),
    (lambda lib: lib.randperm(-1), RuntimeError, "Trying to create tensor with negative dimension -1"),
    (lambda lib: lib.randperm(2.5), TypeError, "argument 'n'.* must be int, not float"),
    (lambda lib: lib.randperm(True), TypeError, "must be int, not bool"),
    (lambda lib: lib.randperm(3, dtype=lib.bool), NotImplementedError, "not implemented for"),
    (lambda lib: lib.randperm(300, dtype=lib.uint8), RuntimeError, None),
    (lambda lib: lib.randperm(2050, dtype=lib.float16), RuntimeError, None),
    (lambda lib: lib.multinomial(lib.tensor([-1.0, 2]), 1), RuntimeError, "element < 0"),
    (lambda lib: lib.multinomial(lib.tensor([1.0, -1]), 2, True), RuntimeError, "< 0"),
    (lambda lib: lib.multinomial(lib.tensor([1.0, math.nan]), 1), RuntimeError, "`nan`"),
    (lambda lib: lib.multinomial(lib.tensor([1.0, math.inf]), 1), RuntimeError, "`inf`"),
    (lambda lib: lib.multinomial(lib.tensor([0.0, 0]), 1), RuntimeError, "sum of probabilities <= 0"),
    (
        lambda lib: lib.multinomial(lib.tensor([[1.0, 1], [0, 0]]), 1),
        RuntimeError,
        "sum of probabilities <= 0",
    ),
    (lambda lib: lib.multinomial(lib.tensor([0.0, 0]), 2, True), RuntimeError, "sum of probabilities <= 0"),
    (lambda lib: lib.multinomial(lib.ones(2), 3), RuntimeError, "without replacement"),
    (lambda lib: lib.multinomial(lib.ones(0), 1), RuntimeError, "without replacement"),
    (lambda lib: lib.multinomial(lib.ones(2, 0), 1, True), RuntimeError, None),
    (lambda lib: lib.multinomial(lib.ones(2), 0), RuntimeError, "cannot sample n_sample <= 0 samples"),
    (lambda lib: lib.multinomial(lib.ones(2), 1.5), TypeError, "argument 'num_samples'"),
    (lambda lib: lib.multinomial(lib.tensor(1.0), 1), RuntimeError, "prob_dist must be 1 or 2 dim"),
    (lambda lib: lib.multinomial(lib.ones(2, 2, 2), 1), RuntimeError, "prob_dist must be 1 or 2 dim"),
    (lambda lib: lib.multinomial(lib.tensor([1, 2]), 1), RuntimeError, "only supports floating-point dtypes"),
    (lambda lib: lib.multinomial([1.0, 2], 1), TypeError, "argument 'input'.* must be Tensor, not list"),
    (lambda lib: lib.bernoulli(lib.tensor([0.5, 1.5])), RuntimeError, None),
    (lambda lib: lib.bernoulli(lib.tensor([-0.5])), RuntimeError, None),
    (lambda lib: lib.bernoulli(lib.tensor([math.nan])), RuntimeError, None),
    (lambda lib: lib.bernoulli(lib.tensor([1, 0])), NotImplementedError, "not implemented for"),
    (
        lambda lib: lib.bernoulli(lib.ones(2), 1.5),
        RuntimeError,
        r"bernoulli_ expects p to be in \[0, 1\], but got p=1.5",
    ),
    (lambda lib: lib.bernoulli(0.5), TypeError, "argument 'input'.* must be Tensor, not float"),
    (lambda lib: lib.ones(3).bernoulli_(math.nan), RuntimeError, "bernoulli_ expects p to be in"),
    (lambda lib: lib.ones(3).bernoulli_(lib.tensor([0.5, 1])), RuntimeError, "must match the existing size"),
    (lambda lib: lib.ones(3).bernoulli_(lib.tensor([1, 1, 0])), NotImplementedError, "not implemented for"),
    (lambda lib: lib.normal(0.0, -1.0, (2,)), RuntimeError, "normal expects std >= 0.0, but found std -1"),
    (lambda lib: lib.normal(0.0, 1.0), TypeError, "normal"),
    (lambda lib: lib.normal(0.0, 1.0, 2), TypeError, "normal"),
    (lambda lib: lib.normal(lib.ones(2), 1.0, (2,)), TypeError, "normal"),
    (lambda lib: lib.normal(lib.ones(2), -1.0), RuntimeError, "normal expects std >= 0.0"),
    (lambda lib: lib.normal(lib.ones(2), lib.tensor([1.0, -2])), RuntimeError, "all elements of std >= 0.0"),
    (lambda lib: lib.normal(lib.ones(2), lib.ones(3)), RuntimeError, None),
    (lambda lib: lib.normal(lib.tensor([1, 2]), 1.0), NotImplementedError, "not implemented for"),
    (lambda lib: lib.ones(0).normal_(0, -1), RuntimeError, "normal expects std >= 0.0"),
    (lambda lib: lib.ones(2).normal_(0, math.nan), RuntimeError, "normal expects std >= 0.0"),
    (lambda lib: lib.ones(2, dtype=lib.int64).normal_(), NotImplementedError, "not implemented for"),
    (
        lambda lib: lib.ones(2).uniform_(1, 0),
        RuntimeError,
        r"uniform_ expects to return a \[from, to\) range",
    ),
    (lambda lib: lib.ones(2).uniform_(math.nan, 0), RuntimeError, "from is out of bounds for"),
    (lambda lib: lib.ones(2).uniform_(0, 1e39), RuntimeError, "to is out of bounds for"),
    (lambda lib: lib.ones(2).uniform_(-3e38, 3e38), RuntimeError, "uniform_ expects to"),
    (lambda lib: lib.ones(2, dtype=lib.bool).uniform_(), NotImplementedError, "not implemented for"),
    (
        lambda lib: lib.ones(2).exponential_(0),
        RuntimeError,
        "exponential_ expects lambda > 0.0, but found lambda=0",
    ),
    (lambda lib: lib.ones(2).exponential_(math.nan), RuntimeError, "exponential_ expects lambda > 0.0"),
    (lambda lib: lib.ones(2, dtype=lib.int64).exponential_(), RuntimeError, "must be a floating point"),
    (lambda lib: lib.ones(2).random_(-3), RuntimeError, "from=0 >= to=-3"),
    (lambda lib: lib.ones(2).random_(2.5), TypeError, "random_"),
    (lambda lib: lib.ones(2).random_(None), TypeError, "random_"),
    (
        lambda lib: lib.ones(2, dtype=lib.uint8).random_(300, None),
        RuntimeError,
        "from.* out of bounds|less than",
    ),
    (
        lambda lib: lib.ones(2, requires_grad=True).normal_(),
        RuntimeError,
        "a leaf Variable that requires grad",
    ),
    (
        lambda lib: lib.zeros(1).expand(3).uniform_(),
        RuntimeError,
        "more than one element of the written-to tensor",
    ),
    (lambda lib: generator(lib).manual_seed(1.7), RuntimeError, "manual_seed expected a long, but got float"),
    (lambda lib: generator(lib).manual_seed("3"), RuntimeError, "manual_seed expected a long, but got str"),
    (lambda lib: generator(lib).manual_seed(True), RuntimeError, "manual_seed expected a long, but got bool"),
    (lambda lib: generator(lib).manual_seed(2**64), ValueError, "Overflow when unpacking long long"),
    (lambda lib: lib.manual_seed(-(2**63) - 1), ValueError, "Overflow when unpacking long long"),
    (lambda lib: lib.manual_seed("x"), ValueError, "invalid literal for int"),
    (
        lambda lib: generator(lib).set_state(byte_tensor(5055)(lib)),
        RuntimeError,
        "size 5056 but found .* to be 5055",
    ),
    (lambda lib: generator(lib).set_state(lib.zeros(5056)), TypeError, "RNG state must be a"),
    (lambda lib: generator(lib).set_state(byte_tensor(5056)(lib)), RuntimeError, "Invalid mt19937 state"),
    (lambda lib: generator(lib).set_state([1]), TypeError, "expected a .* but got list"),
    (lambda lib: lib.Generator("cuda"), RuntimeError, None),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSALS, ids=range(len(REFUSALS)))
def test_refusals_are_pytorchs_and_draw_nothing(call, error, message):
    with pytest.raises(error, match=message):
        call(torch)
    before = bits(minigrad.get_rng_state())
    with pytest.raises(error, match=message):
        call(minigrad)
    assert bits(minigrad.get_rng_state()) == before


def test_draws_in_place_are_noted_as_changes():
    x = minigrad.ones(3, requires_grad=True)
    y = x * 2
    loss = (y * y).sum()
    with minigrad.no_grad():
        y.normal_()
    with pytest.raises(RuntimeError, match="normal_"):
        loss.backward()


# Arithmetic -------------------------------------------------------------------------------------------------


def nearest_float32(exact):
    """The float32 nearest to a fraction, of two equally near ones the even."""
    guess = np.float32(float(exact))
    near = [np.nextafter(guess, np.float32(-np.inf)), guess, np.nextafter(guess, np.float32(np.inf))]
    return min(near, key=lambda x: (abs(Fraction(float(x)) - exact), int(x.view(np.int32)) & 1))


narrow = st.floats(-1e10, 1e10, width=32) | st.floats(-2, 2, width=32)
wide = st.floats(-1e100, 1e100) | st.floats(-2, 2)


@given(narrow, narrow, narrow)
@example(1 + 2.0**-23, 2.0**-24 * (1 - 2.0**-23), 1 + 2.0**-23)  # just below halfway: float64 cannot tell
@example(1 + 2.0**-23, -(2.0**-24) * (1 - 2.0**-23), 1 + 2.0**-22)
@example(1 + 2.0**-22, 2.0**-24 * (1 - 2.0**-24), 1.0)
def test_fused_multiply_add_in_float32_rounds_once(x, scale, shift):
    fused = multiply_add.fused_float32(np.float32([x]), np.float32(scale), np.float32(shift))
    assert fused[0] == nearest_float32(Fraction(x) * Fraction(scale) + Fraction(shift))


@given(st.floats(2.0**-53, 64), wide, wide)
@example(1 + 2.0**-52, 2.0**-53 * (1 - 2.0**-52), 1 + 2.0**-52)
@example(1 + 2.0**-52, 1e300, -1e300)
def test_fused_multiply_add_in_float64_rounds_once(x, scale, shift):
    exact = Fraction(x) * Fraction(scale) + Fraction(shift)
    assume(exact == 0 or abs(exact) > Fraction(2) ** -1000)
    assert multiply_add.fused_float64(np.array([x]), scale, shift)[0] == float(exact)


def test_two_roundings_would_not_do():
    x, scale, shift = 1 + 2.0**-23, 2.0**-24 * (1 - 2.0**-23), 1 + 2.0**-23
    assert np.float32(x * scale + shift) != multiply_add.fused_float32(np.float32([x]), scale, shift)[0]


@pytest.mark.slow
def test_every_float32_radius_and_angle_against_pytorch():
    """All 2^24 values of either uniform number, which states make PyTorch's own engine emit."""
    every, one_row = 1 << 24, 38 * 8
    uniform = np.arange(every, dtype=np.uint32).astype(np.float32) * np.float32(2.0**-24)
    radius, sine, cosine = (np.empty(every, np.float32) for _ in range(3))
    for start in range(0, every, 1 << 18):
        part = slice(start, start + (1 << 18))
        radius[part] = box_muller.radius(np.float32(1) - uniform[part])
        sine[part], cosine[part] = box_muller.sine_and_cosine(box_muller.TWO_PI * uniform[part])
    radius_1 = int(np.flatnonzero(radius == 1)[0])
    theirs, out = torch.Generator(), torch.empty(608)
    state = theirs.get_state()
    state.numpy()[8:12].view(np.int32)[0] = 624  # words left before new ones are made
    state.numpy()[16:24].view(np.uint64)[0] = 0
    engine_words = state.numpy()[24 : 24 + 608 * 8].view(np.uint64)

    def normals(words):
        """What PyTorch makes of blocks of raw words."""
        made = np.empty((len(words), 608), np.float32)
        for row, mixed in zip(made, unmixed(words.reshape(len(words), 608)), strict=True):
            engine_words[:] = mixed
            theirs.set_state(state)
            row[:] = out.normal_(generator=theirs).numpy()
        return made.reshape(-1, 16)

    plus_zero = np.float32(0)  # the mean, whose addition makes -0 a 0
    for start in range(0, every, one_row * 2048):
        tried = np.arange(start, start + one_row * 2048) % every
        words = np.zeros((2048, 38, 16), np.uint32)
        words[:, :, :8] = tried.reshape(2048, 38, 8)
        assert normals(words)[:, :8].tobytes() == (radius[tried] + plus_zero).tobytes()  # the angle 0 has cosine 1
        words[:, :, :8], words[:, :, 8:] = radius_1, tried.reshape(2048, 38, 8)
        made = normals(words)
        assert made[:, :8].tobytes() == (cosine[tried] + plus_zero).tobytes()
        assert made[:, 8:].tobytes() == (sine[tried] + plus_zero).tobytes()


def unmixed(words):
    """The state words that the Mersenne Twister's output mixing turns into these words."""
    words = words ^ (words >> np.uint32(18))
    words = words ^ ((words << np.uint32(15)) & np.uint32(0xEFC60000))
    mixed = words
    for _ in range(5):
        words = mixed ^ ((words << np.uint32(7)) & np.uint32(0x9D2C5680))
    mixed = words
    for _ in range(3):
        words = mixed ^ (words >> np.uint32(11))
    return words
