"""Fractional pooling, whose windows lie where the seed says, beside PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engines import ENGINES
from hypothesis import given, settings
from hypothesis import strategies as st
from same_draws import in_step
from twins import check_error, numbers, twins

import minigrad


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@settings(max_examples=25)
@given(data=st.data())
def test_windows_lie_where_the_seed_says(dims: int, dtype: str, data: Any) -> None:
    kernel = data.draw(st.integers(1, 3))
    options = data.draw(
        st.sampled_from(
            ({"output_size": 3}, {"output_size": (2, 3, 1)[:dims]}, {"output_ratio": 0.5}, {"output_size": 1})
        )
    )
    batch = data.draw(st.sampled_from(((2,), (1,), ())))
    x = numbers(*batch, 2, *(data.draw(st.integers(6, 8)) for _ in range(dims)), dtype=dtype)
    layers = twins(lambda nn: getattr(nn, f"FractionalMaxPool{dims}d")(kernel, **options, return_indices=True))
    results = []
    for engine, layer in zip(ENGINES, layers, strict=True):
        engine.manual_seed(data.draw(st.just(4)))
        leaf = engine.from_numpy(x.copy()).requires_grad_()
        out, where = layer(leaf)
        (out * out).sum().backward()
        results.append((out.grad_fn.name(), out.tolist(), where.tolist(), leaf.grad.tolist()))
    assert results[1] == results[0]
    in_step()


def test_samples_may_be_given() -> None:
    samples = np.random.default_rng(1).random((2, 3, 2))
    x = numbers(2, 3, 7, 6)
    for name in ("fractional_max_pool2d", "fractional_max_pool2d_with_indices"):
        results = []
        for engine in ENGINES:
            function = getattr(engine.nn.functional, name)
            made = function(engine.from_numpy(x), (2, 3), (4, 3), _random_samples=engine.from_numpy(samples))
            results.append([y.tolist() for y in (made if isinstance(made, tuple) else (made,))])
        assert results[1] == results[0]


def test_derivatives() -> None:
    x, samples = minigrad.from_numpy(numbers(1, 2, 5, 4)).requires_grad_(), minigrad.full((1, 2, 2), 0.4).double()

    def pooled(x: Any) -> Any:
        return minigrad.nn.functional.fractional_max_pool2d(x, 2, 3, _random_samples=samples)

    assert minigrad.autograd.gradcheck(pooled, (x,))
    assert minigrad.autograd.gradgradcheck(pooled, (x,))


def test_errors() -> None:
    check_error(lambda t: t.nn.FractionalMaxPool2d(2), "requires specifying either an output size, or a pooling ratio")
    check_error(lambda t: t.nn.FractionalMaxPool2d(2, 3, 0.5), "only one of output_size and output_ratio")
    check_error(lambda t: t.nn.FractionalMaxPool3d(2, None, 1.5), "output_ratio must be between 0 and 1 (got 1.5)")
    check_error(lambda t: t.nn.FractionalMaxPool3d(0, 2), "kernel_size must be greater than 0")
    check_error(lambda t: t.nn.FractionalMaxPool2d(2, 6)(t.ones(1, 1, 6, 6)), "too large relative to input")
    check_error(lambda t: t.nn.functional.fractional_max_pool3d(t.ones(1, 1, 3, 3, 3), 2), "either an output_size or")
