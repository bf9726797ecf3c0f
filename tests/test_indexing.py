"""x[key] and x[key] = value for every kind of key: PyTorch's elements, gradients, views and errors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from engines import ENGINES, same, torch
from hypothesis import given, settings
from hypothesis import strategies as st
from op_samples import assign
from parity import backward, both_succeeded, check_equal, run
from samples import Draw, Sample, one_of

import minigrad

EXAMPLES = [400, pytest.param(20_000, marks=pytest.mark.slow)]


# Keys -------------------------------------------------------------------------------------------------------


def key_for(draw: Draw, shape: tuple[int, ...]) -> Any:
    """A key for a tensor of a shape: of one part or several, of which one may not fit."""
    if draw(one_of(*[False] * 9, True)):
        return draw(one_of(True, False, None, ..., (), [0, 0], [True] * (shape[0] if shape else 1)))
    parts: list[Any] = []
    dim, wrong = 0, draw(one_of(None, None, None, 0, 1, 2))
    while dim < len(shape) and draw(one_of(True, True, True, False)):
        part, taken = wrong_part(draw, shape[dim]) if dim == wrong else part_for(draw, shape[dim:])
        parts.append(part)
        dim += taken
    if draw(one_of(False, False, True)):
        parts.insert(draw(st.integers(0, len(parts))), None)
    if draw(one_of(False, False, True)):
        parts = with_ellipsis(draw, parts)
    alone = len(parts) == 1 and not nested(parts[0])
    return parts[0] if alone and draw(st.booleans()) else tuple(parts)


def nested(part: Any) -> bool:
    """Whether a part is a list of lists, which PyTorch reads as a tuple of lists where it is the whole key."""
    return isinstance(part, list) and isinstance(part[0], list)


def part_for(draw: Draw, sizes: tuple[int, ...]) -> tuple[Any, int]:
    """One part of a key, and how many dimensions it uses up."""
    n = sizes[0]
    kinds = (
        ("slice", "slice", "mask") if n == 0 else ("int", "slice", "slice", "tensor", "tensor", "list", "mask", "0-d")
    )
    kind = draw(st.sampled_from(kinds))
    if kind == "mask":
        taken = draw(st.integers(1, len(sizes)))
        return draws_of(draw).integers(0, 2, sizes[:taken]).astype(bool), taken
    if kind == "slice":
        bounds = st.one_of(st.none(), st.integers(-n - 2, n + 2))
        return slice(draw(bounds), draw(bounds), draw(one_of(None, 1, 2, 3))), 1
    if kind in ("int", "0-d"):
        position = draw(st.integers(-n, n - 1))
        return (position if kind == "int" else np.array(position, draw(one_of("int64", "int32")))), 1
    size = draw(one_of((2,), (2,), (1,), (3, 1), (2, 2), (0,)))
    positions = draws_of(draw).integers(-n, n, size)
    return (positions.tolist() if kind == "list" and positions.size else positions), 1


def wrong_part(draw: Draw, n: int) -> tuple[Any, int]:
    """A part of a key that does not fit a dimension of size n."""
    return draw(
        st.sampled_from([n, -n - 1, 1.0, slice(None, None, -1), np.array([n]), np.array([0.5]), np.ones(n + 1, bool)])
    ), 1


def with_ellipsis(draw: Draw, parts: list[Any]) -> list[Any]:
    """The parts with ... in some place.  (A second one is an error in minigrad, and no more than : in PyTorch.)"""
    at = draw(st.integers(0, len(parts)))
    return [*parts[:at], ..., *parts[at:]]


def draws_of(draw: Draw) -> np.random.Generator:
    """A source of numbers."""
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1)))


@st.composite
def indexed(draw: Draw) -> Sample:
    """A tensor of different elements and a key."""
    shape = tuple(draw(st.lists(one_of(2, 3, 4, 1, 0), max_size=4)))
    x = np.arange(math.prod(shape), dtype="float32").reshape(shape)
    if x.ndim > 1 and draw(st.booleans()):
        x = np.asfortranarray(x)
    return Sample((x, key_for(draw, shape)))


# Reading ----------------------------------------------------------------------------------------------------


def read(_engine: Any, x: Any, key: Any) -> Any:
    return x[key]


@pytest.mark.parametrize("examples", EXAMPLES)
def test_reading(examples: int) -> None:
    @settings(max_examples=examples)
    @given(indexed())
    def check(sample: Sample) -> None:
        mine, theirs = (run(read, engine, sample, requires_grad=True) for engine in (minigrad, torch))
        if not both_succeeded(mine, theirs):
            return
        check_equal(mine.result, theirs.result)
        if theirs.result.numel():
            shared = np.shares_memory(mine.result.array, mine.leaves[0].array)
            assert shared == theirs.result._is_view()
        check_equal(backward(minigrad, mine), backward(torch, theirs))

    check()


@pytest.mark.parametrize(
    ("shape", "key"),
    [
        ((3,), 0),
        ((3, 2), (0, 1)),
        ((3, 2), slice(1, None)),
        ((3, 2), (slice(None), 1)),
        ((3, 2), (slice(None), slice(0, 1))),
        ((3, 2), (0, slice(0, 1))),
        ((3, 2), (..., 0)),
        ((3, 2), ...),
        ((3, 2), None),
        ((3, 2), (slice(None), None)),
        ((3, 2), np.array([0, 0])),
        ((3, 2), (slice(None), np.array([0, 1]))),
        ((3, 2), np.ones((3, 2), bool)),
        ((3, 2), [0, 2]),
        ((3, 2), slice(None)),
        ((3, 2), (slice(None), slice(None))),
        ((3, 2), (0, slice(None))),
        ((3, 2), (slice(1, None), slice(None))),
        ((3, 2), (0, None)),
        ((3, 2), (None, 0)),
        ((3, 2), ()),
    ],
)
def test_the_grad_fn_is_named_as_in_pytorch(shape: tuple[int, ...], key: Any) -> None:
    mine, theirs = (run(read, engine, Sample((np.zeros(shape), key)), True) for engine in (minigrad, torch))
    assert mine.result.grad_fn.name() == theirs.result.grad_fn.name()


def test_second_derivatives() -> None:
    @settings(max_examples=60)
    @given(indexed())
    def check(sample: Sample) -> None:
        x, key = (minigrad.from_numpy(sample.operands[0].astype("float64")), sample.operands[1])
        ran = run(read, minigrad, sample)
        if ran.error is None and x.numel():
            x.requires_grad_()
            assert minigrad.autograd.gradgradcheck(lambda x: x[tensors(key)] ** 2, x)

    check()


def tensors(key: Any) -> Any:
    """A key with tensors for arrays."""
    if isinstance(key, tuple):
        return tuple(tensors(part) for part in key)
    return minigrad.from_numpy(key) if isinstance(key, np.ndarray) else key


def test_arrays_of_numpy_are_keys_too() -> None:
    x = np.arange(12.0).reshape(3, 4)
    for key in (np.array([2, 0]), np.array([True, False, True]), (slice(None), np.array([1, 1])), np.int64(1)):
        check_equal(minigrad.from_numpy(x)[key], torch.from_numpy(x)[key])


LISTS = {
    "two lists": [[0, 1], [1, 2]],
    "one list": [[0, 1]],
    "a list of one list of lists": [[[0, 1], [1, 2]]],
    "tuples": [(0, 1), (1, 2)],
    "ranges": [range(2), range(2)],
    "arrays": [np.array([0, 1]), np.array([1, 2])],
    "a slice": [slice(None), 0],
    "None": [None, 0],
    "dots": [..., 0],
    "a number and a list": [0, [1, 2]],
    "of two lengths": [[0, 1], [2]],
    "an empty list": [[]],
    "bools": [[True, False, True]],
    "numbers": [0, 2],
    "no numbers": [],
    "32 lists": [[0]] * 32,
    "in a tuple": ([[0, 1], [1, 2]],),
}


@pytest.mark.filterwarnings("ignore:Using a non-tuple")
@pytest.mark.parametrize("key", LISTS.values(), ids=LISTS)
def test_a_short_list_of_sequences_is_a_tuple(key: Any) -> None:
    def scenario(torch: Any) -> Any:
        x = torch.arange(36.0).reshape(3, 3, 4)
        read = x[key].tolist()
        x[key] = -1.0
        return read, x.tolist()

    same(scenario)


def test_a_list_that_is_read_as_a_tuple_is_deprecated() -> None:
    for engine in (minigrad, torch):
        with pytest.warns(UserWarning, match="Using a non-tuple sequence for multidimensional indexing is deprecated"):
            engine.zeros(2, 2)[[[0], [1]]]


@pytest.mark.filterwarnings("ignore:Using a non-tuple")
def test_a_short_list_of_tensors_is_a_tuple() -> None:
    same(lambda torch: torch.arange(9.0).reshape(3, 3)[[torch.tensor([0, 1]), torch.tensor([1, 2])]].tolist())


@pytest.mark.filterwarnings("ignore:indexing with dtype")
@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "float16"])
@pytest.mark.parametrize("index", [[0, 1], 1])
def test_which_dtypes_an_index_may_have(dtype: str, index: Any) -> None:
    for_each = []
    for engine in (torch, minigrad):
        try:
            for_each.append(
                engine.arange(6.0).reshape(2, 3)[engine.tensor(index, dtype=getattr(engine, dtype))].tolist()
            )
        except IndexError as error:
            for_each.append(str(error)[:60])
    assert for_each[0] == for_each[1]


def test_an_index_of_uint8_is_a_mask() -> None:
    same(lambda torch: torch.arange(9.0).reshape(3, 3)[torch.tensor([1, 0, 1], dtype=torch.uint8)].tolist())
    with pytest.warns(UserWarning, match="uint8 is now deprecated"):
        minigrad.ones(1)[minigrad.tensor([1], dtype=minigrad.uint8)]


def test_a_number_too_large_for_float16_becomes_inf() -> None:
    def scenario(torch: Any) -> Any:
        x = torch.zeros(4).half()
        x[0], x[[1]], x[torch.tensor([False, False, True, False])] = 1e6, -1e300, 70000
        return x.tolist()

    same(scenario)
    for engine in (minigrad, torch):
        with pytest.raises(RuntimeError, match="without overflow"):
            engine.zeros(2).half().fill_(1e6)
        assert (
            engine.zeros(1).half().fill_(1e6).tolist()
            == engine.full((1,), 1e6, dtype=engine.half).tolist()
            == [math.inf]
        )
        assert engine.logspace(5, 6, 1, dtype=engine.half).tolist() == [math.inf]
        with pytest.raises(RuntimeError, match="without overflow"):
            engine.zeros(1)[0] = 1e300


@pytest.mark.parametrize("key", [[1, 0, 1], [0, 0, 2], 1, 0], ids=str)
@pytest.mark.filterwarnings("ignore:indexing with dtype .*uint8 is now deprecated")
def test_bytes_are_a_mask_as_in_pytorch(key: Any) -> None:
    x = np.arange(6.0).reshape(3, 2)
    for engine in (minigrad, torch):
        picked = engine.from_numpy(x)[engine.tensor(key, dtype=engine.uint8)]
        assert np.array_equal(picked.numpy(), x[np.array(key, bool)])
    assert minigrad.from_numpy(x)[np.uint8(1)].tolist() == x[1].tolist()


def test_the_warning_of_a_mask_of_bytes_names_the_users_line() -> None:
    with pytest.warns(UserWarning, match="indexing with dtype uint8 is now deprecated") as seen:
        minigrad.ones(2)[minigrad.ones(2, dtype=minigrad.uint8)]
    assert seen[0].filename == __file__


def test_a_key_may_be_changed_afterwards() -> None:
    x = minigrad.arange(4, dtype=minigrad.float32).requires_grad_()
    key = minigrad.tensor([0, 1])
    y = x[key].sum()
    key[0] = 3
    y.backward()
    assert x.grad.tolist() == [1, 1, 0, 0]


# Writing ----------------------------------------------------------------------------------------------------


@st.composite
def assigned(draw: Draw) -> Sample:
    """A tensor, a key, and a value that mostly fits what the key names."""
    x, key = draw(indexed()).operands
    ran = run(read, torch, Sample((x, key)))
    target = tuple(ran.result.shape) if ran.error is None else ()
    size = target[draw(st.integers(0, len(target))) :]
    size = tuple(1 if draw(one_of(False, False, True)) else n for n in size)
    if draw(one_of(*[False] * 9, True)):
        size = (5, *size)
    value = np.asarray(100 + np.arange(math.prod(size), dtype="float32").reshape(size))
    if repeats(x.shape, key):
        value = np.full_like(value, 100)  # which of several values for one element wins is not defined
    return Sample((x, key, value if ran.error is None and draw(one_of(True, True, False)) else 7.5))


def repeats(shape: tuple[int, ...], key: Any) -> bool:
    """Whether a key names an element twice."""
    ran = run(read, torch, Sample((np.arange(math.prod(shape), dtype="float64").reshape(shape), key)))
    return ran.error is None and len(np.unique(ran.result)) < ran.result.numel()


@pytest.mark.parametrize("examples", EXAMPLES)
@pytest.mark.parametrize("requires_grad", [False, True])
def test_writing(examples: int, requires_grad: bool) -> None:
    @settings(max_examples=examples)
    @given(assigned())
    def check(sample: Sample) -> None:
        mine, theirs = (run(assign, engine, sample, requires_grad) for engine in (minigrad, torch))
        named = run(read, torch, Sample(sample.operands[:2])).result
        if np.size(sample.operands[2]) == 0 or (named is not None and named.numel() == 0):
            return  # PyTorch neither checks nor differentiates some writes of nothing
        if both_succeeded(mine, theirs):
            check_equal(mine.result, theirs.result)
            if requires_grad:
                check_equal(backward(minigrad, mine), backward(torch, theirs), (1e-6, 1e-6))

    check()


def test_a_refused_write_changes_nothing() -> None:
    x = minigrad.zeros(2, 3)
    wrong: list[tuple[Any, Any, type[Exception]]] = [
        (0, minigrad.ones(2), RuntimeError),
        (minigrad.tensor([0, 5]), 1.0, IndexError),
        (minigrad.tensor([True, False, True]), 1.0, IndexError),
        (5, 1.0, IndexError),
        ((0, 0, 0), 1.0, IndexError),
        ("0", 1.0, (IndexError, TypeError)),
        (minigrad.tensor([0]), minigrad.ones(2, 2, dtype=minigrad.float64), RuntimeError),
        (0, "text", TypeError),
    ]
    for key, value, error in wrong:
        with pytest.raises(error):
            x[key] = value
        assert x.tolist() == [[0, 0, 0], [0, 0, 0]]
        assert x._version == 0


def test_a_view_and_its_base_see_each_others_changes() -> None:
    x = minigrad.zeros(2, 3)
    row, copy = x[0], x[[0]]
    row[1] = 5
    x[0, 2] = 7
    assert row.tolist() == x[0].tolist() == [0, 5, 7]
    assert copy.tolist() == [[0, 0, 0]]


def test_values_that_are_added_broadcast_to_an_index_of_two_dimensions() -> None:
    """NumPy's add.at reads beyond them."""

    def added(torch: Any) -> Any:
        at, values = torch.tensor([[2, 0], [0, -2]]), torch.tensor([1.0, 0.5])
        return torch.index_put(torch.zeros(3), (at,), values, accumulate=True).tolist()

    same(added)


@pytest.mark.filterwarnings("ignore:index_reduce:UserWarning")
@pytest.mark.parametrize("op", ["scatter_reduce_", "index_reduce_"])
@pytest.mark.parametrize("way", ["prod", "mean", "amax", "amin"])
def test_a_number_is_reduced_in_place(op, way):
    """The rules of products and extremes read what the number was."""
    gradients = []
    for lib in ENGINES:
        x, source = lib.tensor(2.0, requires_grad=True), lib.tensor(3.0, requires_grad=True)
        y = getattr(x * 1, op)(0, lib.tensor(0), source, way)
        (y * y).backward()
        gradients.append([x.grad.item(), source.grad.item()])
    assert gradients[0] == gradients[1]


@pytest.mark.parametrize("lib", [torch, minigrad])
def test_one_position_without_dimensions(lib: Any) -> None:
    x, at = lib.tensor([1.0, 2.0, 3.0]), lib.tensor(1)
    assert x.gather(0, at).tolist() == 2.0
    assert x.scatter(0, at, 9.0).tolist() == [1.0, 9.0, 3.0]
    assert lib.tensor(5.0).scatter_add(0, lib.tensor(0), x).tolist() == 6.0


def test_nothing_is_converted_where_nothing_is_written():
    def scattered(torch):
        x, nowhere = torch.tensor([[4, 3, 2]], dtype=torch.uint8), torch.zeros((0, 3), dtype=torch.int64)
        return [y.tolist() for y in (x.scatter(0, nowhere, -2.5), x.scatter_(0, nowhere, 300))]

    same(scattered)
    same(lambda torch: torch.trapezoid(torch.zeros(0, 2).bool(), dim=0).tolist())
