"""torch.testing beside PyTorch's: what is close, in which words it is not, and the random numbers of make_tensor."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from engines import ENGINES, error_of, same
from hypothesis import given
from hypothesis import strategies as st

import minigrad

PAIRS = {
    "close": "t([1.0, 2.0]), t([1.0, 2.0 + 1e-6])",
    "not close": "t([1.0, 2.0]), t([1.0, 2.5])",
    "a scalar": "t(1.0), t(1.1)",
    "a scalar of integers": "t(3), t(5)",
    "a scalar beside 0": "t(1.0), t(0.0)",
    "matrix": "t([[1.0, 2.0], [3.0, 4.0]]), t([[1.0, 2.0], [3.5, 4.25]])",
    "float64": "t([1.0, 2.0], dtype=engine.float64), t([1.0, 2.0 + 1e-6], dtype=engine.float64)",
    "float16": "t([1.0, 2.0], dtype=engine.float16), t([1.0, 2.5], dtype=engine.float16)",
    "integers": "t([1, 2, 3]), t([1, 2, 5])",
    "integers beside 0": "t([1, 2, 3]), t([1, 0, 5])",
    "bools": "t([True, False]), t([True, True])",
    "uint8": "t([1, 255], dtype=engine.uint8), t([2, 0], dtype=engine.uint8)",
    "nan": "t([1.0, nan]), t([1.0, nan])",
    "nan equal": "t([1.0, nan]), t([1.0, nan]), equal_nan=True",
    "inf": "t([inf, -inf]), t([inf, -inf])",
    "inf and not": "t([inf, 1.0]), t([1.0, 1.0])",
    "shape": "t([1.0]), t([[1.0]])",
    "dtype": "t([1.0]), t([1.0], dtype=engine.float64)",
    "dtype unchecked": "t([1.0]), t([1.5], dtype=engine.float64), check_dtype=False",
    "integers beside floats": "t([1, 2]), t([1.0, 2.5]), check_dtype=False",
    "stride": "t([[1.0, 2.0], [3.0, 4.0]]).t(), t([[1.0, 3.0], [2.0, 4.0]]), check_stride=True",
    "tolerances": "t([1.0]), t([1.5]), rtol=0.1, atol=0.1",
    "tolerances suffice": "t([1.0]), t([1.5]), rtol=0, atol=0.5",
    "equality": "t([1.0, 2.0]), t([1.0, 2.5]), rtol=0, atol=0",
    "one tolerance": "t([1.0]), t([1.0]), rtol=0.1",
    "the other tolerance": "t([1.0]), t([1.0]), atol=0.1",
    "numbers": "1.0, 1.0 + 1e-9",
    "numbers not close": "1.0, 1.5",
    "an int and a float": "1, 1.0",
    "an int and a float, unchecked": "1, 1.5, check_dtype=False",
    "ints": "3, 5",
    "NumPy's numbers": "np.float64(1), 2.0",
    "None": "None, None",
    "None and a number": "None, 1",
    "bools alone": "True, False",
    "lists": "[t([1.0]), 2.0], [t([1.0]), 2.5]",
    "lengths": "[1.0], [1.0, 2.0]",
    "dictionaries": "{'a': [t([1.0, 2.0])]}, {'a': [t([1.0, 3.0])]}",
    "keys": "{'a': 1, 'c': 2}, {'a': 1, 'b': 2}",
    "arrays": "np.array([1.0, 2.0]), np.array([1.0, 2.5])",
    "an array and a tensor": "np.array([1.0]), t([1.0])",
    "texts": "'a', 'a'",
    "a message": "t([1.0]), t([2.0]), msg='Mine'",
    "a message of theirs": "t([1.0]), t([2.0]), msg=lambda m: 'Mine: ' + m",
    "a message for an item": "[t([1.0])], [t([2.0])], msg=lambda m: 'Mine: ' + m",
    "gradients": "t([1.0], requires_grad=True), t([1.0])",
    "empty": "t([]), t([])",
    "a parameter": "engine.nn.Parameter(t([1.0])), t([1.0])",
    "a parameter, strictly": "engine.nn.Parameter(t([1.0])), t([1.0]), allow_subclasses=False",
}


@pytest.mark.parametrize("pair", PAIRS)
def test_assert_close(pair):
    def scenario(engine):
        names = {"engine": engine, "t": engine.tensor, "np": np, "nan": engine.nan, "inf": engine.inf}
        try:
            eval(f"assert_close({PAIRS[pair]})", {**names, "assert_close": engine.testing.assert_close})
        except Exception as error:
            return type(error).__name__, str(error).replace("minigrad.tensor.", "torch.").replace("minigrad.", "torch.")
        return None

    theirs, ours = (scenario(engine) for engine in ENGINES)
    if theirs is not None:
        theirs = theirs[0], theirs[1].replace("torch.nn.parameter.", "torch.nn.parameter.")
    assert ours == theirs


@given(
    st.lists(st.floats(-10, 10, width=32), min_size=1, max_size=5),
    st.lists(st.sampled_from([0, 1e-6, 1e-5, 1e-3, 0.5, -2, float("inf"), float("nan")]), min_size=5, max_size=5),
)
def test_assert_close_of_any_floats(values, shifts):
    def scenario(engine):
        a = engine.tensor(values)
        b = engine.tensor([x + shift for x, shift in zip(values, shifts)])
        try:
            engine.testing.assert_close(a, b)
        except AssertionError as error:
            return str(error)
        return None

    same(scenario)


def test_an_error_begins_in_the_test():
    with pytest.raises(AssertionError) as info:
        minigrad.testing.assert_close(minigrad.ones(1), minigrad.zeros(1))
    assert info.value.__context__ is None
    assert info.value.__cause__ is None


def test_the_old_name():
    def scenario(engine):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            engine.testing.assert_allclose(engine.tensor([1.0]), np.array([1.0 + 5e-5]))
            engine.testing.assert_allclose(engine.tensor([float("nan")]), [float("nan")])
        return [str(w.message) for w in caught], error_of(engine.testing.assert_allclose, engine.tensor([1.0]), 1.5)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        same(scenario)


DTYPES = ("float16", "float32", "float64", "int8", "uint8", "int16", "int32", "int64", "bool")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "options",
    ["", "low=0, high=2", "low=-0.5, high=1", "noncontiguous=True", "exclude_zero=True, low=0, high=1.9", "high=1e300"],
)
def test_make_tensor_draws_the_same(dtype, options):
    def scenario(engine):
        engine.manual_seed(0)
        kind = getattr(engine, dtype)
        try:
            x = eval(
                f"make(3, 4, dtype=kind, device='cpu', {options})", {"make": engine.testing.make_tensor, "kind": kind}
            )
        except Exception as error:
            return type(error).__name__, str(error).replace("minigrad.", "torch.")
        return x.tolist(), x.shape, x.stride(), x.requires_grad, str(x.dtype)[-5:], engine.rand(1).item()

    same(scenario)


def test_make_tensor_refuses():
    def scenario(engine):
        def make(*shape, **options):
            return error_of(engine.testing.make_tensor, *shape, device="cpu", **options)

        return [
            make(2, dtype=engine.int64, requires_grad=True),
            make(2, dtype=engine.float32, low=2, high=1),
            make(2, dtype=engine.float32, low=float("nan")),
            make(2, dtype=engine.int8, low=200, high=300),
            make(2, dtype=engine.float32, noncontiguous=True, memory_format=engine.contiguous_format),
        ], engine.testing.make_tensor((2,), dtype=engine.float32, device="cpu", requires_grad=True).requires_grad

    same(scenario)
