"""Making tensors: PyTorch's values to the bit, its dtypes, shapes, errors, and who shares memory with whom."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engines import ENGINES, torch
from hypothesis import given, settings
from hypothesis import strategies as st
from parity import both_succeeded, check_equal, run
from samples import ALL, INTEGERS, Sample

import minigrad

pytestmark = pytest.mark.filterwarnings("ignore")

EXAMPLES = [400, pytest.param(10_000, marks=pytest.mark.slow)]
DTYPES = st.sampled_from([None, "float32", "float64"])


def check_call(name: str, *arguments: Any, **options: Any) -> None:
    """A function of both engines gives the same tensor to the bit, or fails with the same type of error."""
    options = {key: value for key, value in options.items() if value is not None}
    mine, theirs = (
        run(lambda engine, *args, **kwargs: getattr(engine, name)(*args, **kwargs), engine, Sample(arguments, options))
        for engine in (minigrad, torch)
    )
    if both_succeeded(mine, theirs):
        check_equal(mine.result, theirs.result)


# Counting ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("examples", EXAMPLES)
def test_arange(examples: int) -> None:
    numbers = st.one_of(st.integers(-40, 40), st.floats(-40, 40, width=32).map(lambda x: round(x, 3)))

    @settings(max_examples=examples)
    @given(numbers, numbers, numbers, st.integers(1, 3), DTYPES)
    def check(start: float, end: float, step: float, given: int, dtype: str | None) -> None:
        if step == 0 or abs((end - start) / step) < 500:
            check_call("arange", *{1: (end,), 2: (start, end), 3: (start, end, step)}[given], dtype=dtype)

    check()


@pytest.mark.parametrize("length", [*range(35), 100, 1000, 40_000])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_arange_of_any_length(length: int, dtype: str) -> None:
    for start, step in ((0, 0.02), (0, 1), (-3.3, 0.7), (1e3, 1 / 3), (5, -0.1)):
        if dtype != "float16" or length < 100:
            check_call("arange", start, start + step * (length - 0.5), step, dtype=dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_arange_of_huge_and_tiny_numbers(dtype: str) -> None:
    """Beyond its dtype a number is infinite; beyond float32 those of float16 are refused."""
    for start, end, step in (
        *((0, 1e300, 1e299), (0, 1e39, 1e38), (-1e39, 1e39, 3e37), (1e5, 0, -3e3), (0.1, 1.7e308, 1e307)),
        *((1e305, -1e305, -1e304), (0, 1e-322, 5e-324), (1e-38, 1e-37, 1e-39), (1e300, 1e300 + 1e285, 2e284)),
    ):
        check_call("arange", start, end, step, dtype=dtype)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_arange_of_integers(dtype: str) -> None:
    for arguments in ((5,), (0,), (2, 7), (2, 7, 2), (7, 2, -2), (1.5, 4.5), (2.5,), (0, 100, 33)):
        check_call("arange", *arguments, dtype=dtype)


@pytest.mark.parametrize("examples", EXAMPLES)
def test_linspace(examples: int) -> None:
    numbers = st.one_of(st.integers(-100, 100), st.floats(-1e3, 1e3).map(lambda x: round(x, 6)))

    @settings(max_examples=examples)
    @given(numbers, numbers, st.integers(0, 70), DTYPES)
    def check(start: float, end: float, steps: int, dtype: str | None) -> None:
        check_call("linspace", start, end, steps, dtype=dtype)

    check()


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 100, 101, 1000, 40_000])
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_linspace_of_any_length(steps: int, dtype: str) -> None:
    for start, end in ((0, 1), (-10, 10), (3.3, -0.7), (1e-3, 1e3)):
        check_call("linspace", start, end, steps, dtype=dtype)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_linspace_of_integers(dtype: str) -> None:
    for start, end, steps in ((0, 10, 5), (0, 5, 4), (1.9, 5.9, 5), (3, 100, 8), (7, 7, 3), (9, 0, 4)):
        check_call("linspace", start, end, steps, dtype=dtype)


@pytest.mark.parametrize("dtype", ALL)
@pytest.mark.parametrize("steps", [0, 1, 3])
def test_distances_that_a_dtype_does_not_hold(steps: int, dtype: str) -> None:
    for start, end in ((1.5, 3), (-1.5, 1), (-1, 3), (300, 1), (1, 300)):
        check_call("linspace", start, end, steps, dtype=dtype)
        if steps < 2:
            check_call("logspace", start / 100, end / 100, steps, dtype=dtype)


# From data --------------------------------------------------------------------------------------------------

DATA = [
    1,
    1.5,
    True,
    [],
    [[]],
    [[], []],
    [1, 2],
    [1, 2.5],
    [True, False],
    [True, 2],
    [True, 2.5],
    [[1, 2], [3, 4]],
    ((1, 2), (3, 4)),
    [(1.0, 2), [3, 4]],
    range(3),
    2**40,
    -(2**63),
    [2**62, 1],
    float("nan"),
    float("inf"),
    1e300,
    1e-300,
    np.float64(1.5),
    np.float32(1.5),
    np.int32(3),
    np.bool_(True),
    [np.float32(1.5), np.float32(2)],
    [np.float64(1.5), 2],
    [np.int16(1), np.int16(2)],
    [np.array([1.0, 2.0]), np.array([3.0, 4.0])],
    np.arange(6).reshape(2, 3),
    np.arange(6, dtype="int16")[::2],
    np.ones((2, 0), "float16"),
    np.array(5.0),
    np.array([True]),
]


def described(data: Any) -> str:
    return repr(data).replace("\n", "")


@pytest.mark.parametrize("data", DATA, ids=described)
@pytest.mark.parametrize("name", ["tensor", "as_tensor", "asarray"])
def test_dtype_and_shape_of_data(name: str, data: Any) -> None:
    mine, theirs = (getattr(engine, name)(data) for engine in (minigrad, torch))
    check_equal(mine, theirs)


NO_SCALARS_OF_NUMPY = [data for data in DATA if "np." not in repr(data)]
"""PyTorch does not convert those to integers."""


@pytest.mark.parametrize("data", NO_SCALARS_OF_NUMPY, ids=described)
@pytest.mark.parametrize("dtype", ALL)
def test_data_in_a_given_dtype(dtype: str, data: Any) -> None:
    mine, theirs = (
        run(lambda engine: engine.tensor(data, dtype=getattr(engine, dtype)), engine, Sample(()))
        for engine in (minigrad, torch)
    )
    if both_succeeded(mine, theirs):
        check_equal(mine.result, theirs.result)


@pytest.mark.parametrize("dtype", ["float64", "float16"])
def test_the_default_dtype_is_that_of_floats(dtype: str) -> None:
    for engine in ENGINES:
        engine.set_default_dtype(getattr(engine, dtype))
    try:
        for name, data in (("tensor", 1.5), ("tensor", [1, 2]), ("tensor", []), ("zeros", (2,)), ("arange", 2.5)):
            check_equal(getattr(minigrad, name)(data), getattr(torch, name)(data))
        check_equal(minigrad.ones(2) / 3, torch.ones(2) / 3, (1e-3, 0))
        check_equal(minigrad.tensor([1, 2]) / 3, torch.tensor([1, 2]) / 3, (1e-3, 0))
    finally:
        for engine in ENGINES:
            engine.set_default_dtype(engine.float32)


@pytest.mark.parametrize("kind", ["Float", "Double", "Half", "Long", "Int", "Short", "Char", "Byte", "Bool"])
def test_typed_constructors(kind: str) -> None:
    mine, theirs = (getattr(engine, f"{kind}Tensor") for engine in (minigrad, torch))
    for data in ([1, 2], [[1, 0], [0, 1]], (1, 0), []):
        check_equal(mine(data), theirs(data))
    check_equal(mine(2, 3), theirs(2, 3), None)
    check_equal(mine(), theirs())


def test_tensors_of_tensors() -> None:
    for dtype in ALL:
        mine, theirs = (engine.ones(2, dtype=getattr(engine, dtype)) for engine in (minigrad, torch))
        check_equal(minigrad.tensor(mine), torch.tensor(theirs))
        check_equal(minigrad.tensor([mine[0], mine[1]]), torch.tensor([theirs[0], theirs[1]]))
        check_equal(minigrad.as_tensor(mine, dtype=minigrad.int64), torch.as_tensor(theirs, dtype=torch.int64))


def test_requires_grad_is_set_at_birth() -> None:
    for name, arguments in (
        ("tensor", ([1.0],)),
        ("zeros", (2,)),
        ("ones", (2,)),
        ("full", ((2,), 1.0)),
        ("eye", (2,)),
    ):
        x = getattr(minigrad, name)(*arguments, requires_grad=True)
        assert x.requires_grad
        assert x.is_leaf
    with pytest.raises(RuntimeError, match="floating point"):
        minigrad.tensor([1, 2], requires_grad=True)


# Memory -----------------------------------------------------------------------------------------------------


def test_from_numpy_shares_memory_both_ways() -> None:
    array = np.zeros(3, "float32")
    tensor = minigrad.from_numpy(array)
    array[0] = 1
    tensor[1] = 2
    assert tensor.tolist() == array.tolist() == [1, 2, 0]
    assert tensor.numpy() is array


def test_as_tensor_shares_memory_unless_the_dtype_changes() -> None:
    array = np.zeros(3, "float32")
    assert np.shares_memory(minigrad.as_tensor(array).numpy(), array)
    assert not np.shares_memory(minigrad.as_tensor(array, dtype=minigrad.float64).numpy(), array)
    tensor = minigrad.zeros(3)
    assert minigrad.as_tensor(tensor) is tensor


def test_tensor_copies() -> None:
    array = np.zeros(3, "float32")
    for copy in (minigrad.tensor(array), minigrad.tensor(minigrad.from_numpy(array)), minigrad.FloatTensor(array)):
        assert not np.shares_memory(copy.numpy(), array)
        assert copy.numpy().flags.writeable


def test_an_array_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="byte order"):
        minigrad.from_numpy(np.array([1.0, 2.0], ">f4"))
    for wrong in (np.array(["a"]), np.array([1j]), np.array([None]), np.array([1], "uint32")):
        with pytest.raises(TypeError, match="supported types"):
            minigrad.from_numpy(wrong)


# Errors -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("tensor", ([[1, 2], [3]],)),
        ("tensor", ([[1, 2], 3],)),
        ("tensor", ([1, [2, 3]],)),
        ("tensor", ("text",)),
        ("tensor", ([1, "a"],)),
        ("tensor", ([None],)),
        ("tensor", (None,)),
        ("tensor", ({},)),
        ("tensor", (2**64,)),
        ("tensor", ([2**64],)),
        ("from_numpy", ([1, 2],)),
        ("zeros", (-1,)),
        ("zeros", ((2, -3),)),
        ("zeros", (2.5,)),
        ("zeros", ("text",)),
        ("ones", (2, "text")),
        ("full", (3, 1)),
        ("full", ((2,), "text")),
        ("eye", (-1,)),
        ("eye", (2.5,)),
        ("arange", (0, 5, 0)),
        ("arange", (5, 0)),
        ("arange", (0, 5, -1)),
        ("arange", (0, float("inf"))),
        ("arange", (float("nan"),)),
        ("arange", ("text",)),
        ("arange", ()),
        ("linspace", (0, 1, -1)),
        ("linspace", (0, 1, 2.5)),
        ("zeros_like", ([1],)),
        ("full_like", (2, 1)),
    ],
)
def test_errors(name: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises((TypeError, ValueError, RuntimeError)) as theirs:
        getattr(torch, name)(*arguments)
    with pytest.raises(theirs.type) as mine:
        getattr(minigrad, name)(*arguments)
    assert str(mine.value)


@pytest.mark.parametrize("dtype", ["float32", np.float32, str, 5])
def test_a_dtype_must_be_one(dtype: Any) -> None:
    for name, argument in (("tensor", 1.0), ("zeros", 2), ("arange", 3), ("as_tensor", [1])):
        with pytest.raises(TypeError, match="dtype"):
            getattr(minigrad, name)(argument, dtype=dtype)


def test_types_of_python_are_dtypes_too() -> None:
    for kind in (float, int, bool):
        check_equal(minigrad.zeros(2, dtype=kind), torch.zeros(2, dtype=kind))


def test_an_expanded_tensor_that_repeats_nothing_can_be_changed() -> None:
    for lib in (torch, minigrad):
        x = lib.ones(3)
        x.expand(1, 3).add_(1)
        assert x.tolist() == [2.0, 2.0, 2.0]
        assert tuple(lib.ones(1, 0).expand(3, 0).add_(1).shape) == (3, 0)


def test_a_device_must_be_there() -> None:
    with pytest.raises(RuntimeError, match="cpu"):
        minigrad.zeros(2, device="tpu")
    assert minigrad.zeros(2, device="cpu").device == minigrad.device("cpu")


@pytest.mark.parametrize(
    "make",
    [
        lambda lib: lib.tensor([lib.tensor(1.0), 2.0]),
        lambda lib: lib.tensor([lib.tensor(1.0, dtype=lib.float64), 2.0]),
        lambda lib: lib.tensor([lib.tensor(1), 2.0]),
        lambda lib: lib.tensor([lib.tensor(1, dtype=lib.int8), 2]),
        lambda lib: lib.tensor([[lib.tensor(1.0), lib.tensor(2)], [1, 2.0]]),
        lambda lib: lib.tensor([lib.tensor(1.0), np.float64(2)]),
        lambda lib: lib.tensor([lib.tensor(True), True]),
        lambda lib: lib.tensor([lib.tensor(1.0), "a"]),
        lambda lib: lib.tensor([lib.tensor(1.0), None]),
        lambda lib: lib.tensor([lib.tensor(1.0), lib.ones(2)]),
    ],
)
def test_sequences_of_tensors_and_numbers(make):
    try:
        theirs = make(torch)
    except (TypeError, ValueError, RuntimeError) as error:
        with pytest.raises(type(error)):
            make(minigrad)
    else:
        mine = make(minigrad)
        assert str(mine.dtype).replace("minigrad", "torch") == str(theirs.dtype)
        assert mine.tolist() == theirs.tolist()
