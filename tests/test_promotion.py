"""The dtype in which two operands meet: every pair of dtypes and standings, with PyTorch's answer or its error."""

from __future__ import annotations

import itertools
import operator
from typing import Any

import numpy as np
import pytest
from engines import torch
from parity import both_succeeded, check_equal, run
from samples import ALL, Sample

import minigrad

TENSORS = [np.full(shape, 3 if dtype != "bool" else True, dtype) for dtype, shape in itertools.product(ALL, [(2,), ()])]
NUMBERS = [True, 2, 2.5]
PAIRS = [
    *itertools.product(TENSORS, TENSORS),
    *itertools.product(TENSORS, NUMBERS),
    *itertools.product(NUMBERS, TENSORS),
]
TENSOR_FIRST = [*itertools.product(TENSORS, TENSORS), *itertools.product(TENSORS, NUMBERS)]
OPERATORS = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "==": operator.eq,
    "<": operator.lt,
    "&": operator.and_,
}


def check_pairs(call: Any, pairs: list[tuple[Any, Any]]) -> None:
    """A call on every pair gives PyTorch's dtype and value, or its error."""
    failures = []
    for a, b in pairs:
        mine, theirs = (run(call, engine, Sample((a, b))) for engine in (minigrad, torch))
        try:
            if both_succeeded(mine, theirs):
                check_equal(mine.result, theirs.result, (1e-3, 0))
        except AssertionError as error:
            failures.append(f"{described(a)} and {described(b)}: {error}")
    assert not failures, "\n".join(failures)


def described(x: Any) -> str:
    """An operand for a message."""
    return f"{x.dtype} {x.shape}" if isinstance(x, np.ndarray) else repr(x)


@pytest.mark.parametrize("symbol", OPERATORS)
def test_operators(symbol: str) -> None:
    pairs = [pair for pair in PAIRS if symbol != "**" or not is_power_of_bools(*pair)]
    check_pairs(lambda _, a, b: OPERATORS[symbol](a, b), pairs)


def is_power_of_bools(a: Any, b: Any) -> bool:
    """What minigrad refuses (see differences.py), and PyTorch computes for some operands."""
    return all(np.asarray(x).dtype == bool for x in (a, b))


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "**"])
def test_operators_in_place(symbol: str) -> None:
    in_place = {"+": operator.iadd, "-": operator.isub, "*": operator.imul, "/": operator.itruediv, "**": operator.ipow}
    pairs = [pair for pair in TENSOR_FIRST if symbol != "**" or not is_power_of_bools(*pair)]
    check_pairs(lambda _, a, b: in_place[symbol](a, b), pairs)


def test_where() -> None:
    condition = np.array([True, False])
    check_pairs(lambda engine, a, b: engine.where(engine.from_numpy(condition), a, b), PAIRS)
    check_pairs(
        lambda engine, a, b: engine.where(engine.from_numpy(condition), a, b), list(itertools.product(NUMBERS, NUMBERS))
    )


@pytest.mark.parametrize("name", ["maximum", "minimum", "clamp"])
def test_functions(name: str) -> None:
    check_pairs(lambda engine, a, b: getattr(engine, name)(a, b), TENSOR_FIRST)


def test_cat_and_stack() -> None:
    pairs = list(itertools.product(TENSORS[::2], TENSORS[::2]))
    check_pairs(lambda engine, a, b: engine.cat([a, b]), pairs)
    check_pairs(lambda engine, a, b: engine.stack([a, b]), pairs)


@pytest.mark.parametrize("number", [300, -1, 2**40, 1e40, float("nan")])
@pytest.mark.parametrize("name", ["+", "*", "==", "<"])
def test_numbers_beyond_the_range_of_a_dtype(number: float, name: str) -> None:
    check_pairs(lambda _, a, b: OPERATORS[name](a, b), [(x, number) for x in TENSORS] + [(number, x) for x in TENSORS])


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "==", "<"])
@pytest.mark.parametrize("number", [np.float64(2.5), np.float32(2.5), np.int64(2)])
def test_numbers_of_numpy_count_as_those_of_python(symbol: str, number: Any) -> None:
    tensors = [x for x in TENSORS if symbol != "-" or x.dtype != bool]
    check_pairs(lambda _, a, b: OPERATORS[symbol](a, b), [(x, number) for x in tensors])
    for x in tensors:
        tensor = minigrad.from_numpy(x)
        check_equal(OPERATORS[symbol](number, tensor), torch_of(OPERATORS[symbol](number.item(), tensor)), (1e-3, 0))


def torch_of(x: Any) -> Any:
    """A tensor of minigrad as one of PyTorch."""
    return torch.from_numpy(np.asarray(x.numpy()))


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "==", "<"])
def test_arrays_of_numpy_count_as_tensors(symbol: str) -> None:
    for a, b in itertools.product(TENSORS, TENSORS):
        if symbol == "-" and bool in (a.dtype, b.dtype):
            continue
        expected = OPERATORS[symbol](torch.from_numpy(a), torch.from_numpy(b))
        check_equal(OPERATORS[symbol](minigrad.from_numpy(a), b), expected, (1e-3, 0))
        check_equal(OPERATORS[symbol](a, minigrad.from_numpy(b)), expected, (1e-3, 0))


@pytest.mark.parametrize("other", ["text", None, [1, 2], {}, 1j])
def test_other_operands_are_a_type_error(other: Any) -> None:
    x = minigrad.ones(2)
    for symbol in ("+", "-", "*", "/", "**", "<", "&"):
        with pytest.raises(TypeError):
            OPERATORS[symbol](x, other)
        with pytest.raises(TypeError):
            OPERATORS[symbol](other, x)


def test_what_cannot_be_compared_is_unequal() -> None:
    for other in ("text", None, {}):
        assert (minigrad.ones(2) == other) is False
        assert (minigrad.ones(2) != other) is True


def test_a_number_beyond_the_range_of_integers_does_not_wrap_around() -> None:
    for lib in (torch, minigrad):
        x = lib.tensor([1, 2], dtype=lib.int8)
        np.testing.assert_allclose(lib.xlogy(x, 300).numpy(), [np.log(300), 2 * np.log(300)], rtol=1e-6)
        assert lib.copysign(x.to(lib.uint8), -1).tolist() == [-1.0, -2.0]
        for call in (lambda lib, x: lib.where(x > 1, x, 300), lambda lib, x: lib.where(x > 1, x.float(), 1e39)):
            with pytest.raises(RuntimeError, match="without overflow"):
                call(lib, x)
        assert lib.where(x > 1, x.to(lib.float16), 1e6).tolist() == [float("inf"), 2.0]


def test_a_factor_below_0_of_uint8_counts_from_the_other_end() -> None:
    for lib in (torch, minigrad):
        x = lib.tensor([4, 3, 2], dtype=lib.uint8)
        assert lib.addcmul(x, x, x, value=-1).tolist() == [244, 250, 254]
        assert lib.addmm(x[None], x[None, :1], x[None], beta=-1, alpha=-1).tolist() == [[236, 241, 246]]
        with pytest.raises(RuntimeError, match="without overflow"):
            lib.addcmul(x, x, x, value=300)
        with pytest.raises(RuntimeError, match="without overflow"):
            lib.addr(x, x, x, alpha=300)
