"""Clipped gradients and parameters as one vector: the same numbers with PyTorch and with minigrad."""

import warnings
from math import inf, nan

import numpy as np
import pytest
from engines import ENGINES, torch
from hypothesis import given, settings
from hypothesis import strategies as st
from processes import python

import minigrad

SHAPES = [(5,), (2, 3), (), (4,)]
ORDERS = [2, 1, 3.5, 0.5, inf, -inf, "inf", 0, -1]
TOLERANCE = {"float64": 1e-12, "float32": 4e-6}
"""Relative: a sum of 16 powers and a root of it.  6e-15 and 4e-7 are the largest differences over 6000 clippings."""

each_order = pytest.mark.parametrize("order", ORDERS, ids=str)
each_dtype = pytest.mark.parametrize("dtype", TOLERANCE)


def with_gradients(engine, arrays):
    """Parameters with these gradients; None for one without."""
    params = []
    for array in arrays:
        p = engine.zeros((3,) if array is None else array.shape, requires_grad=True)
        if array is not None:
            p = engine.from_numpy(np.zeros_like(array)).requires_grad_()
            p.grad = engine.from_numpy(array.copy())
        params.append(p)
    return params


def drawn(dtype, seed=0, scale=1.0):
    numbers = np.random.default_rng(seed)
    first, *rest = [np.asarray(numbers.standard_normal(shape) * scale, dtype) for shape in SHAPES]
    return [first, None, *rest]


def gradients(params):
    return [None if p.grad is None else p.grad.numpy() for p in params]


def assert_close(found, expected, tolerance):
    for a, b in zip(found, expected, strict=True):
        assert (a is None) == (b is None)
        if b is not None:
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            np.testing.assert_allclose(a, b, rtol=tolerance)


def error_of(call, *args, **kwargs):
    """Type and words of the error that a call raises."""
    with pytest.raises(Exception) as info:  # noqa: PT011 - the caller compares type and words
        call(*args, **kwargs)
    return type(info.value).__name__, str(info.value)


# By the norm ------------------------------------------------------------------------------------------------


def clipped(engine, arrays, bound, order):
    params = with_gradients(engine, arrays)
    total = engine.nn.utils.clip_grad_norm_(params, bound, order)
    assert not total.requires_grad
    return [total.numpy(), *gradients(params)]


def same_clipping(arrays, dtype, bound, order):
    found, expected = (clipped(engine, arrays, bound, order) for engine in (minigrad, torch))
    assert_close(found, expected, TOLERANCE[dtype])
    return found


@each_order
@each_dtype
def test_by_the_norm(order, dtype):
    arrays = drawn(dtype)
    total, *grads = same_clipping(arrays, dtype, 1e-3, order)
    np.testing.assert_allclose(grads[0], arrays[0] * (1e-3 / (total + 1e-6)), rtol=1e-5)


@each_order
def test_a_small_norm_is_left_alone(order):
    arrays = drawn("float64")
    _, *grads = same_clipping(arrays, "float64", 1e9, order)
    assert all(a is b or np.array_equal(a, b) for a, b in zip(grads, arrays, strict=True))


lists = st.tuples(st.integers(0, 1000), st.sampled_from([1e-6, 1.0, 1e6]))


@each_dtype
@settings(max_examples=100)
@given(order=st.sampled_from(ORDERS), bound=st.floats(0, 10), how=lists)
def test_drawn_gradients(dtype, order, bound, how):
    same_clipping(drawn(dtype, *how), dtype, bound, order)


@pytest.mark.slow
@each_dtype
@settings(max_examples=3000)
@given(order=st.sampled_from(ORDERS), bound=st.floats(0, 10), how=lists)
def test_many_drawn_gradients(dtype, order, bound, how):
    same_clipping(drawn(dtype, *how), dtype, bound, order)


@pytest.mark.parametrize(
    ("order", "total"), [(2, 5.0), (1, 7.0), (inf, 4.0), (-inf, 0.0), (0, 2.0), (3, (27 + 64) ** (1 / 3))]
)
def test_by_hand(order, total):
    """The norm of 3, 0 and -4.  Of order 0 it is that of the counts (2 and 0) again: one tensor has any."""
    grads = [minigrad.tensor([3.0, 0.0, -4.0], dtype=minigrad.float64)]
    expected = 1.0 if order == 0 else total
    assert minigrad.nn.utils.get_total_norm(grads, order).item() == pytest.approx(expected, rel=1e-15)
    both = [*grads, minigrad.zeros(2, dtype=minigrad.float64)]
    assert minigrad.nn.utils.get_total_norm(both, order).item() == pytest.approx(expected, rel=1e-15)


def test_gradients_of_two_dtypes():
    arrays = [*drawn("float32"), *drawn("float64", 1)]
    found, expected = (clipped(engine, arrays, 0.5, 2) for engine in (minigrad, torch))
    assert found[0].dtype == np.float64
    assert_close(found, expected, 1e-6)


@pytest.mark.parametrize("value", [nan, inf, -inf, 1e30])
@pytest.mark.parametrize("order", [2, 1, 3.5, inf, 0])
def test_gradients_that_are_not_finite(value, order):
    """Without the error they are scaled by it all the same: the finite ones to 0 or nan."""
    arrays = [np.array([value, 1.0, -2.0], "float32"), np.array([3.0], "float32")]
    same_clipping(arrays, "float32", 1.0, order)


@pytest.mark.parametrize("value", [nan, inf, -inf])
@pytest.mark.parametrize("order", [2, 3.5, inf])
def test_an_error_for_norms_that_are_not_finite_changes_nothing(value, order):
    arrays = [np.array([value, 1.0]), np.array([3.0])]
    words = []
    for engine in ENGINES:
        params = with_gradients(engine, arrays)
        utils = engine.nn.utils
        words.append(error_of(utils.clip_grad_norm_, params, 1.0, order, error_if_nonfinite=True))
        words.append(error_of(utils.get_total_norm, [p.grad for p in params], order, True))
        assert_close(gradients(params), arrays, 0)
    assert words[0][0] == "RuntimeError"
    assert words == [words[0]] * 4


def test_finite_norms_pass_the_check():
    (p,) = with_gradients(minigrad, [np.array([3.0, 4.0])])
    assert minigrad.nn.utils.clip_grad_norm_(p, 1.0, error_if_nonfinite=True).item() == 5.0


@pytest.mark.parametrize("order", [inf, -inf, -1])
def test_an_empty_gradient_has_no_such_norm(order):
    assert [error_of(e.nn.utils.get_total_norm, [e.zeros(0)], order)[0] for e in ENGINES] == ["RuntimeError"] * 2


@pytest.mark.parametrize("order", [2, 1, 0, 3.5])
def test_empty_gradients_and_none_at_all(order):
    arrays = [np.zeros(0, "float32"), np.array([3.0, -4.0], "float32")]
    same_clipping(arrays, "float32", 1.0, order)
    for arrays in ([None], []):
        (total,) = {engine.nn.utils.clip_grad_norm_(with_gradients(engine, arrays), 1.0).item() for engine in ENGINES}
        assert total == 0.0


def test_integers_are_refused():
    for engine in ENGINES:
        assert error_of(engine.nn.utils.get_total_norm, [engine.tensor([3, 4])])[0] == "RuntimeError"


def test_an_empty_generator_warns():
    texts = []
    for engine in ENGINES:
        with pytest.warns(UserWarning, match="empty generator") as seen:
            assert engine.nn.utils.clip_grad_norm_((p for p in ()), 1.0).item() == 0.0
        texts.append([(warning.category, str(warning.message), warning.filename) for warning in seen])
    assert texts[0] == texts[1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        minigrad.nn.utils.clip_grad_norm_([], 1.0)


# In place ---------------------------------------------------------------------------------------------------


CLIPPERS = {
    "norm": lambda engine, params: engine.nn.utils.clip_grad_norm_(params, 0.5),
    "value": lambda engine, params: engine.nn.utils.clip_grad_value_(params, 0.5),
    "given norm": lambda engine, params: engine.nn.utils.clip_grads_with_norm_(params, 0.5, engine.tensor(4.0)),
}


@pytest.mark.parametrize("how", CLIPPERS)
@pytest.mark.parametrize("given_as", [list, iter, lambda params: (p for p in params), lambda params: params[:1]])
def test_gradients_are_changed_in_place(how, given_as):
    results = []
    for engine in ENGINES:
        params = with_gradients(engine, drawn("float64"))
        held = [p.grad for p in params]
        memory = params[0].grad.numpy()
        versions = [grad._version for grad in held if grad is not None]
        CLIPPERS[how](engine, given_as(params))
        assert all(p.grad is grad for p, grad in zip(params, held, strict=True))
        assert np.shares_memory(params[0].grad.numpy(), memory)
        results.append(gradients(params))
        later = [grad._version for grad in held if grad is not None]
        changed = [now > before for now, before in zip(later, versions, strict=True)]
        assert changed == [True] + [len(list(given_as(params))) == len(params)] * 3
    assert_close(results[1], results[0], 1e-12)
    assert not np.array_equal(results[1][0], drawn("float64")[0])


@pytest.mark.parametrize("how", CLIPPERS)
def test_one_parameter_instead_of_a_list(how):
    results = []
    for engine in ENGINES:
        (p,) = with_gradients(engine, [np.array([3.0, -4.0])])
        CLIPPERS[how](engine, p)
        results.append(gradients([p]))
    assert_close(results[1], results[0], 1e-12)
    assert abs(results[1][0]).max() <= 0.5


def test_a_clipped_gradient_that_a_graph_needs_is_noticed():
    for engine in ENGINES:
        p, q = (engine.ones(2, requires_grad=True) for _ in range(2))
        p.grad = engine.tensor([3.0, 4.0])
        loss = (p.grad * q).sum()
        engine.nn.utils.clip_grad_norm_([p], 1.0)
        with pytest.raises(RuntimeError, match=r"modified|changed"):
            loss.backward()


# By value ---------------------------------------------------------------------------------------------------


@each_dtype
@pytest.mark.parametrize("bound", [0.5, 0, 10, inf])
def test_by_value(dtype, bound):
    arrays = drawn(dtype)
    arrays[0][:2] = inf, nan
    results = []
    for engine in ENGINES:
        params = with_gradients(engine, arrays)
        assert engine.nn.utils.clip_grad_value_(params, bound) is None
        results.append(gradients(params))
    assert_close(results[1], results[0], 0)
    assert results[1][0][0] == bound
    assert np.isnan(results[1][0][1])


# With a norm that is given ----------------------------------------------------------------------------------


@each_dtype
@pytest.mark.parametrize("total", [0.0, 1e-3, 7.0, inf])
def test_with_a_given_norm(dtype, total):
    results = []
    for engine in ENGINES:
        params = with_gradients(engine, drawn(dtype))
        assert engine.nn.utils.clip_grads_with_norm_(params, 1.0, engine.tensor(total)) is None
        results.append(gradients(params))
    assert_close(results[1], results[0], TOLERANCE[dtype])
    changed = not np.array_equal(results[1][0], drawn(dtype)[0])
    assert changed == (total > 1)


# Parameters as one vector -----------------------------------------------------------------------------------


def test_parameters_to_vector_and_back():
    results = []
    for engine in ENGINES:
        layer = engine.nn.Linear(2, 3)
        vector = engine.arange(9.0)
        engine.nn.utils.vector_to_parameters(vector, layer.parameters())
        again = engine.nn.utils.parameters_to_vector(layer.parameters())
        (again * again).sum().backward()
        vector[0] = 100.0
        results.append((again.tolist(), layer.weight.tolist(), layer.bias.tolist(), layer.weight.grad.tolist()))
        assert layer.weight.requires_grad
    assert results[1] == results[0]
    assert results[1][0] == list(range(9))
    assert results[1][1][0][0] == 100.0


def test_a_vector_of_another_length():
    for engine in ENGINES:
        params = [engine.ones(3, requires_grad=True), engine.ones(2, requires_grad=True)]
        assert error_of(engine.nn.utils.vector_to_parameters, [1.0] * 5, params)[0] == "TypeError"
        assert error_of(engine.nn.utils.vector_to_parameters, engine.zeros(4), params)[0] == "RuntimeError"
        engine.nn.utils.vector_to_parameters(engine.zeros(6), params)
        assert [p.tolist() for p in params] == [[0.0] * 3, [0.0] * 2]


def test_a_short_vector_changes_nothing():
    params = [minigrad.ones(3, requires_grad=True), minigrad.ones(2, requires_grad=True)]
    with pytest.raises(RuntimeError, match=r"need a vector of 5 numbers, but got shape \[4\]"):
        minigrad.nn.utils.vector_to_parameters(minigrad.zeros(4), params)
    assert [p.tolist() for p in params] == [[1.0] * 3, [1.0] * 2]


def test_no_warning_of_numpy_s_reaches_the_user():
    script = """
import minigrad
p = minigrad.ones(2, requires_grad=True)
p.grad = minigrad.tensor([float("inf"), 1.0])
minigrad.nn.utils.clip_grad_norm_([p], 1.0)
"""
    ended = python("-c", script)
    assert (ended.returncode, ended.stderr) == (0, "")
