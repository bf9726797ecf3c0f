"""minigrad draws PyTorch's random numbers: the same bits, and as many draws, from the same seed.

Each test writes its calls once, as functions of the library: `lambda lib: lib.rand(3)`.
"""

import math

import numpy as np
import pytest
from engines import same, torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from same_draws import agree, empty, in_step

import minigrad
from minigrad.random import memory_order, shuffle

SHAPES = [(), (0,), (3, 0), (1,), (2,), (15,), (16,), (17,), (2, 3, 5), (4, 8), (5, 41), (12345,)]
FLOATS = ["float16", "float32", "float64"]
DTYPES = [*FLOATS, "int64", "int32", "int16", "int8", "uint8", "bool"]


# Uniform and normal -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", SHAPES)
def test_rand_and_randn_of_each_size_and_dtype(shape, dtype):
    for seed in (0, -5):
        agree(
            seed,
            lambda lib: lib.rand(shape, dtype=getattr(lib, dtype)),
            lambda lib: lib.randn(*shape, dtype=getattr(lib, dtype)) if shape else lib.randn(()),
            lambda lib: empty(shape, dtype)(lib).uniform_(-0.3, 0.7),
            lambda lib: empty(shape, dtype)(lib).normal_(0.3, 0.7),
            lambda lib: lib.normal(2.5, 0.1, shape, dtype=getattr(lib, dtype)),
            lambda lib: empty(shape, dtype)(lib).exponential_(1.7),
        )


def bound(dtype):
    return st.floats(-30000, 30000) if dtype == "float16" else st.floats(-1e30, 1e30) | st.floats(-1, 1)


@given(st.integers(0, 2**32), st.sampled_from(FLOATS), st.data())
@settings(max_examples=150)
def test_uniform_between_any_bounds(seed, dtype, data):
    low, high = sorted([data.draw(bound(dtype)), data.draw(bound(dtype))])
    agree(seed, lambda lib: empty(1000, dtype)(lib).uniform_(low, high))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    ("low", "high"),
    [(1e5, 1e5 + 1), (1, 1 + 1e-6), (5, 5), (0, 0), (-1 / 28, 1 / 28), (-3, 1e-12), (2e4, 20000.25)],
)
def test_uniform_where_rounding_reaches_the_upper_bound(low, high, dtype):
    if max(abs(low), abs(high)) < float(np.finfo(dtype).max):
        agree(3, lambda lib: empty(20000, dtype)(lib).uniform_(low, high))


def test_uniform_over_and_below_the_usual_exponents():
    for low, high in ((-1.7e308, 0.0), (1e-305, 3e-305), (0.0, 1e-300), (-1e300, 1e-300)):
        agree(1, lambda lib: empty(5000, "float64")(lib).uniform_(low, high))  # noqa: B023
    agree(1, lambda lib: empty(5000)(lib).uniform_(0, 3.4e38), lambda lib: empty(5000)(lib).uniform_(0, 1e-40))


@given(
    st.integers(0, 2**32),
    st.sampled_from(FLOATS),
    st.sampled_from([7, 16, 20, 333]),
    st.just(0.0) | st.floats(-1e4, 1e4),
    st.just(0.0) | st.floats(1e-100, 1e3),
)
@settings(max_examples=150)
@example(0, "float32", 333, 1e-4, 1e3)
@example(0, "float32", 333, 0.1, 0.0)
@example(0, "float16", 16, 0.0, 1e-45)
@example(0, "float32", 333, 0.0, 1e-44)
@example(0, "float64", 333, 1e300, 1e290)
def test_normal_with_any_mean_and_deviation(seed, dtype, count, mean, std):
    if dtype != "float16" or abs(mean) + 9 * std < 60000:
        agree(seed, lambda lib: empty(count, dtype)(lib).normal_(mean, std))


def test_normal_with_an_infinite_mean_or_deviation():
    for mean, std in ((math.inf, 1.0), (0.0, math.inf), (math.nan, 1.0)):
        for dtype in ("float32", "float64"):
            for count in (3, 16):
                torch.manual_seed(0)
                minigrad.manual_seed(0)
                ours, theirs = (empty(count, dtype)(lib).normal_(mean, std) for lib in (minigrad, torch))
                np.testing.assert_array_equal(ours.array, theirs.numpy())
                in_step()


def test_large_tensors():
    shape = (512, 784)
    agree(
        42,
        lambda lib: lib.randn(shape),
        lambda lib: empty(shape)(lib).normal_(0.1, 0.02),
        lambda lib: empty(shape)(lib).uniform_(-1 / 28, 1 / 28),
        lambda lib: lib.randn(5001, dtype=lib.float64),
    )


def test_the_spare_normal_number_waits_until_the_next_small_call():
    agree(
        0,
        lambda lib: lib.randn(1),
        lambda lib: lib.randn(20),
        lambda lib: lib.randperm(9),
        lambda lib: lib.randn(0),
        lambda lib: lib.randn(1, dtype=lib.float64),
        lambda lib: lib.randn(3, dtype=lib.float16),
    )
    agree(0, lambda lib: lib.randn(1))  # a new seed drops it


def test_normal_with_tensors():
    def vector(lib, dtype="float32"):
        return lib.arange(20, dtype=getattr(lib, dtype)) / 7

    for dtype in ("float32", "float64"):
        agree(
            1,
            lambda lib: lib.normal(vector(lib, dtype), vector(lib)),  # noqa: B023
            lambda lib: lib.normal(vector(lib), vector(lib, dtype)),  # noqa: B023
            lambda lib: lib.normal(vector(lib, dtype), 2.0),  # noqa: B023
            lambda lib: lib.normal(1.5, vector(lib, dtype)),  # noqa: B023
            lambda lib: lib.normal(vector(lib)[:4], vector(lib).reshape(20, 1)),
            lambda lib: lib.normal(vector(lib).reshape(4, 5).T, 0.5),
            lambda lib: lib.normal(vector(lib), lib.tensor(1.0, dtype=lib.float64)),
            lambda lib: lib.normal(mean=lib.tensor([1.0]), std=lib.tensor([2])),
            lambda lib: lib.normal(1.0, lib.tensor([])),
        )


def test_draws_that_require_grad():
    for draw in (minigrad.rand, minigrad.randn):
        drawn = draw(3, requires_grad=True)
        assert drawn.requires_grad
        assert drawn.is_leaf
    with pytest.raises(RuntimeError, match="can require gradients"):
        minigrad.randint(3, (2,), requires_grad=True)


# Order in memory --------------------------------------------------------------------------------------------

LAYOUTS = {
    "transposed": lambda lib: lib.ones(4, 6).t(),
    "large transposed": lambda lib: lib.ones(60, 50).T,
    "columns": lambda lib: lib.ones(8, 10)[:, ::2],
    "rows": lambda lib: lib.ones(8, 10)[::2],
    "permuted": lambda lib: lib.ones(3, 4, 5).permute(2, 0, 1),
    "permuted 4-d": lambda lib: lib.ones(2, 3, 4, 5).permute(3, 1, 0, 2),
    "permuted and sliced": lambda lib: lib.ones(8, 10, 4).permute(2, 0, 1)[:, ::2],
    "transposed and sliced": lambda lib: lib.ones(6, 8).t()[1:7:2],
    "transposed with new axis": lambda lib: lib.ones(4, 6).t()[:, None],
    "one column": lambda lib: lib.ones(20, 3)[:, 1],
    "contiguous": lambda lib: lib.ones(4, 5),
    "empty": lambda lib: lib.ones(0, 5).t(),
}
EXPANDED = {
    "expanded rows": lambda lib: lib.ones(1, 4).expand(5, 4),
    "expanded columns": lambda lib: lib.ones(5, 1).expand(5, 4),
    "expanded in front": lambda lib: lib.ones(4, 5).t().expand(3, 5, 4),
    "expanded inside": lambda lib: lib.ones(4, 5).t()[:, None].expand(5, 3, 4),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_draws_go_in_memory_order(layout):
    agree(
        3,
        lambda lib: layout(lib).uniform_(-0.1, 0.1),
        lambda lib: layout(lib).normal_(),
        lambda lib: layout(lib).bernoulli_(0.3),
        lambda lib: layout(lib).random_(0, 9),
        lambda lib: layout(lib).random_(),
        lambda lib: layout(lib).exponential_(),
        lambda lib: lib.bernoulli(layout(lib) * 0.5),  # but the result of this is contiguous
        lambda lib: lib.bernoulli(layout(lib), 0.5),
        lambda lib: layout(lib).bernoulli_(lib.linspace(0, 1, layout(lib).shape[-1])),
    )


@pytest.mark.parametrize("layout", (LAYOUTS | EXPANDED).values(), ids=(LAYOUTS | EXPANDED).keys())
def test_tensors_like_another_keep_its_order_in_memory(layout):
    agree(
        3,
        lambda lib: lib.rand_like(layout(lib)),
        lambda lib: lib.randn_like(layout(lib)),
        lambda lib: lib.randn_like(layout(lib), dtype=lib.float64),
        lambda lib: lib.randint_like(layout(lib), 7),
        lambda lib: lib.randint_like(layout(lib), -3, 7, dtype=lib.int64),
    )
    ours, theirs = minigrad.rand_like(layout(minigrad)), torch.rand_like(layout(torch))
    steps = [size > 1 for size in ours.shape]
    if ours.numel():
        assert [n // 4 for n, real in zip(ours.array.strides, steps, strict=True) if real] == [
            n for n, real in zip(theirs.stride(), steps, strict=True) if real
        ]


def test_filling_in_memory_order_inverts_flattening():
    array = np.arange(24.0).reshape(2, 3, 4).transpose(2, 0, 1)
    flat = memory_order.flattened(array, array)
    np.testing.assert_array_equal(flat, np.arange(24.0))
    np.testing.assert_array_equal(memory_order.laid_out_like(array, flat), array)


# Integers and permutations ----------------------------------------------------------------------------------

RANGES = [
    (0, 1),
    (-5, 5),
    (0, 2**28 - 1),
    (0, 2**28),
    (0, 2**32),
    (-(2**31), 2**31),
    (0, 2**63 - 1),
    (-(2**63), 2**63 - 1),
]


@pytest.mark.parametrize(("low", "high"), RANGES)
def test_randint_of_each_width(low, high):
    for shape in ((), (0,), (1,), (1000,), (4, 5)):
        agree(7, lambda lib: lib.randint(low, high, shape))  # noqa: B023


@given(st.integers(0, 2**32), st.sampled_from(DTYPES), st.data())
@settings(max_examples=200)
def test_random_between_any_bounds_that_the_dtype_holds_exactly(seed, dtype, data):
    kind = np.dtype(dtype)
    if kind.kind == "f":
        smallest, largest = -(2 ** (np.finfo(kind).nmant + 1)), 2 ** (np.finfo(kind).nmant + 1)
    elif kind.kind == "b":
        smallest, largest = 0, 1
    else:
        smallest, largest = int(np.iinfo(kind).min), min(int(np.iinfo(kind).max), 2**63 - 2)
    low, last = sorted([data.draw(st.integers(smallest, largest)), data.draw(st.integers(smallest, largest))])
    agree(
        seed,
        lambda lib: empty(60, dtype)(lib).random_(low, last + 1),
        lambda lib: lib.randint(low, last + 1, (5, 3), dtype=getattr(lib, dtype)),
        lambda lib: lib.randint_like(empty((4,), dtype)(lib), low, last + 1),
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_random_without_an_upper_bound(dtype):
    agree(
        4,
        lambda lib: empty(500, dtype)(lib).random_(),
        lambda lib: empty(500, dtype)(lib).random_(1, None),
        lambda lib: empty(500, dtype)(lib).random_(1),
        lambda lib: empty(500, dtype)(lib).random_(0, to=2),
    )


def test_random_of_all_64_bits():
    agree(4, lambda lib: empty(50, "int64")(lib).random_(-(2**63), None))


@pytest.mark.filterwarnings("ignore:.*is out of bounds:UserWarning")
@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        ("float16", 0, 65504),
        ("float16", -2051, 2051),
        ("float32", 0, 2**24 + 2),
        ("float32", -(2**25) - 3, 2**25 + 3),
        ("float32", 5, 2**40 + 1),
        ("float64", -(2**60) + 1, 2**60 - 1),
    ],
)
def test_random_where_floats_do_not_hold_every_integer(dtype, low, high):
    agree(9, lambda lib: empty(3000, dtype)(lib).random_(low, high))
    with pytest.warns(UserWarning, match="out of bounds"):
        empty(3, dtype)(minigrad).random_(low, high)


@pytest.mark.parametrize("length", [0, 1, 2, 3, 10, 255, 499, 500, 501, 1000, 60000])
def test_randperm(length):
    for seed in (0, 2**40 + 3):
        agree(seed, lambda lib: lib.randperm(length))
    if length <= 255:
        agree(1, *(lambda lib, d=d: lib.randperm(length, dtype=getattr(lib, d)) for d in ("uint8", "float16")))


@given(st.lists(st.integers(0, 2**32 - 1), max_size=60))
def test_both_ways_to_shuffle_agree(words):
    places = np.arange(len(words))
    targets = (places + np.array(words, np.int64) % (len(words) + 1 - places)).astype(np.uint32)
    np.testing.assert_array_equal(shuffle.swap_at_once(targets), shuffle.swap_in_turn(targets))


# Bernoulli, dropout, multinomial ----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
def test_bernoulli_of_each_dtype(dtype):
    for p in (0.5, 0.1, 1 / 3, 0.0, 1.0):
        agree(5, lambda lib: empty((3, 401), dtype)(lib).bernoulli_(p))  # noqa: B023
        agree(5, lambda lib: lib.bernoulli(lib.ones(7, dtype=getattr(lib, dtype)), p))  # noqa: B023


@pytest.mark.parametrize("dtype", FLOATS)
def test_bernoulli_of_probabilities(dtype):
    agree(
        6,
        lambda lib: lib.bernoulli(lib.rand(30, 7, dtype=getattr(lib, dtype))),
        lambda lib: lib.rand(30, 7, dtype=getattr(lib, dtype)).bernoulli(),
        lambda lib: empty((30, 7), "int64")(lib).bernoulli_(lib.rand(7, dtype=getattr(lib, dtype))),
        lambda lib: empty((3,), "bool")(lib).bernoulli_(lib.tensor(0.5, dtype=getattr(lib, dtype))),
    )


@given(st.integers(0, 2**32), st.floats(0, 1), st.sampled_from(FLOATS), st.booleans())
@settings(max_examples=150)
@example(0, 0.0, "float32", False)
@example(0, 1.0, "float32", False)
@example(0, 0.9999999999999999, "float16", False)
def test_dropout_mask(seed, p, dtype, transposed):
    torch.manual_seed(seed)
    minigrad.manual_seed(seed)
    x = np.random.default_rng(seed).standard_normal((13, 29)).astype(dtype)
    x = x.T if transposed else x
    expected = torch.nn.functional.dropout(torch.from_numpy(x), p)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        dropped = x * minigrad.default_generator.dropout_mask(x, p)
    np.testing.assert_array_equal(dropped, expected.numpy())
    in_step()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("transposed", [False, True])
def test_multinomial(dtype, transposed):
    def weights(lib):
        drawn = (lib.rand(17, 3) if transposed else lib.rand(3, 17)).to(getattr(lib, dtype))
        drawn[0] = 0.5  # in float16 equal quotients would be ties, so few categories here
        return drawn.T if transposed else drawn

    for seed in range(5):
        agree(seed, *(lambda lib, k=k: lib.multinomial(weights(lib), k, True) for k in (1, 5, 16, 40)))
        if dtype != "float16":
            agree(seed, *(lambda lib, k=k: lib.multinomial(weights(lib), k) for k in (1, 5, 17)))
            agree(seed, lambda lib: weights(lib)[0].multinomial(4))
    agree(0, lambda lib: lib.multinomial(lib.tensor([0.0, 10, 3, 0, 7], dtype=getattr(lib, dtype)), 3))
    agree(0, lambda lib: lib.multinomial(lib.rand(5000, dtype=lib.float64), 3000, dtype == "float16"))
    agree(0, lambda lib: lib.multinomial(lib.ones(0, 3), 2))


def test_multinomial_gives_weightless_categories_last():
    drawn = minigrad.multinomial(minigrad.tensor([0.0, 1.0, 0.0, 2.0]), 4).tolist()
    assert set(drawn[:2]) == {1, 3}
    assert set(drawn[2:]) == {0, 2}


# Any calls in any order -------------------------------------------------------------------------------------

CALLS = [
    lambda lib: lib.rand(3),
    lambda lib: lib.rand(2, dtype=lib.float64),
    lambda lib: lib.randn(1),
    lambda lib: lib.randn(5, dtype=lib.float64),
    lambda lib: lib.randn(2, 3, dtype=lib.float16),
    lambda lib: lib.randn(21),
    lambda lib: lib.randn(33, dtype=lib.float64),
    lambda lib: lib.randn(19, dtype=lib.float16),
    lambda lib: lib.randint(10, (7,)),
    lambda lib: lib.randint(2**40, (3,)),
    lambda lib: lib.randperm(11),
    lambda lib: lib.ones(4, 5).t().normal_(),
    lambda lib: lib.ones(5).bernoulli_(0.3),
    lambda lib: lib.multinomial(lib.ones(4), 2),
    lambda lib: lib.rand(0),
    lambda lib: lib.randn(640),
]


@given(st.integers(-(2**63), 2**64 - 1), st.lists(st.sampled_from(CALLS), max_size=12))
@settings(max_examples=100)
def test_any_calls_in_any_order(seed, calls):
    agree(seed, *calls)


def test_gradients_of_what_is_drawn_are_0():
    def scenario(torch):
        p, scale = torch.tensor([0.5, 1.0], requires_grad=True), torch.tensor(2.0, requires_grad=True)
        drawn = [torch.bernoulli(p), torch.normal(p, 1.0), torch.normal(0.0, scale), torch.normal(p, scale)]
        (torch.stack([y.sum() for y in drawn]) * float("inf")).sum().backward()
        return [y.grad_fn.name() for y in drawn], p.grad.tolist(), scale.grad.tolist()

    same(scenario)
