"""Pooling layers of any dimensions, beside PyTorch's."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from engines import ENGINES, torch
from hypothesis import given, settings
from hypothesis import strategies as st
from twins import check_error, check_twins, numbers, sizes

import minigrad


def images(draw: Any, dims: int) -> Any:
    """Numbers for a batch of images, or one."""
    batch = draw(st.sampled_from(((2,), (1,), ())))
    return numbers(*batch, 2, *(draw(st.integers(3, 6)) for _ in range(dims)))


WINDOWS = {"MaxPool": ("dilation", "return_indices"), "AvgPool": ("count_include_pad", "divisor_override")}
EVERY_DIMENSION = pytest.mark.parametrize("dims", [1, 2, 3])


@EVERY_DIMENSION
@pytest.mark.parametrize("kind", WINDOWS)
@settings(max_examples=25)
@given(data=st.data())
def test_layers_with_any_options(kind: str, dims: int, data: Any) -> None:
    possible: dict[str, Any] = {
        "stride": sizes(dims, 1, 2),
        "padding": sizes(dims, 0, 1),
        "ceil_mode": st.booleans(),
        "dilation": sizes(dims, 1, 2),
        "return_indices": st.booleans(),
        "count_include_pad": st.booleans(),
        "divisor_override": st.sampled_from((3, None)),
    }
    names = ["stride", "padding", "ceil_mode", *WINDOWS[kind]]
    if dims == 1 and "divisor_override" in names:
        names.remove("divisor_override")
    options = data.draw(st.fixed_dictionaries({}, optional={name: possible[name] for name in names}))
    kernel = data.draw(sizes(dims, 2, 3))
    check_twins(lambda nn: getattr(nn, f"{kind}{dims}d")(kernel, **options), images(data.draw, dims))


@EVERY_DIMENSION
@settings(max_examples=25)
@given(data=st.data())
def test_pooling_by_powers(dims: int, data: Any) -> None:
    options = st.fixed_dictionaries({}, optional={"stride": sizes(dims, 1, 2), "ceil_mode": st.booleans()})
    drawn = data.draw(options)
    power, kernel = data.draw(st.sampled_from((1, 2, 3.5, math.inf, -math.inf))), data.draw(sizes(dims, 1, 2))
    if dims == 1 and isinstance(kernel, tuple):
        kernel = kernel[0]
    check_twins(lambda nn: getattr(nn, f"LPPool{dims}d")(power, kernel, **drawn), abs(images(data.draw, dims)))


@EVERY_DIMENSION
@pytest.mark.parametrize("kind", ["AdaptiveAvgPool", "AdaptiveMaxPool"])
@settings(max_examples=25)
@given(data=st.data())
def test_pooling_to_a_size(kind: str, dims: int, data: Any) -> None:
    size = data.draw(sizes(dims, 1, 2, 3, 5, 7))
    if dims > 1 and data.draw(st.booleans()):
        size = (None, *[3] * (dims - 1))
    options = {"return_indices": True} if kind == "AdaptiveMaxPool" and data.draw(st.booleans()) else {}
    check_twins(lambda nn: getattr(nn, f"{kind}{dims}d")(size, **options), images(data.draw, dims))


@EVERY_DIMENSION
@pytest.mark.parametrize("stride", [None, 1, 3])
def test_unpooling_puts_each_element_where_it_was(dims: int, stride: int | None) -> None:
    x = numbers(2, 2, *[7] * dims)

    def make(nn: Any) -> Any:
        return getattr(nn, f"MaxUnpool{dims}d")(2, stride)

    for size in (None, [7] * dims, [2, 2, *[7] * dims], [9] * dims, [7]):
        pool = getattr(torch.nn.functional, f"max_pool{dims}d")
        pooled, where = pool(torch.from_numpy(x), 2, stride, return_indices=True)
        if stride == 1:  # some elements would be put to one place twice
            where = torch.arange(where[0, 0].numel()).expand(2, 2, -1).reshape(where.shape)
        check_twins(make, pooled.numpy(), where.numpy(), output_size=size)


def test_functions_with_indices_are_those_that_return_them() -> None:
    for engine in ENGINES:
        x = engine.from_numpy(numbers(1, 2, 6))
        functional = engine.nn.functional
        for name, size in (("max_pool1d", 2), ("adaptive_max_pool1d", 3)):
            plain = getattr(functional, name)(x, size, return_indices=True)
            other = getattr(functional, f"{name}_with_indices")(x, size)
            assert [y.tolist() for y in plain] == [y.tolist() for y in other]
        assert engine.max_pool1d(x, 2).tolist() == functional.max_pool1d(x, 2).tolist()
        assert engine.adaptive_avg_pool1d(x, 1).tolist() == functional.adaptive_avg_pool1d(x, 1).tolist()


def test_the_last_of_several_nans_gets_the_gradient_of_a_shared_window() -> None:
    for engine in ENGINES:
        x = engine.tensor([[[math.nan, 1.0, math.nan, 0.0, 5.0, 5.0]]], requires_grad=True)
        out, where = engine.nn.functional.adaptive_max_pool1d(x, 2, return_indices=True)
        out.sum().backward()
        assert where.tolist() == [[[2, 4]]]
        assert x.grad.tolist() == [[[0, 0, 1, 0, 1, 0]]]


def test_infinities_stay_in_their_window() -> None:
    for engine in ENGINES:
        x = engine.tensor([[[math.inf, 1.0, 2.0, 3.0]]])
        assert engine.nn.functional.adaptive_avg_pool1d(x, 2).tolist() == [[[math.inf, 2.5]]]


def test_large_images_are_pooled_in_few_steps() -> None:
    x = numbers(1, 2, 64, 48, dtype="float32")
    for size in (1, 7, (64, 5)):
        for name in ("adaptive_avg_pool2d", "adaptive_max_pool2d"):
            theirs, mine = (getattr(e.nn.functional, name)(e.from_numpy(x), size).numpy() for e in ENGINES)
            np.testing.assert_allclose(mine, theirs, 1e-5, 1e-6)


def of_ones(name: str, *args: Any, shape: tuple[int, ...] = (1, 2, 5), **options: Any) -> Callable[[Any], Any]:
    """A pooling of ones."""
    return lambda engine: getattr(engine.nn.functional, name)(engine.ones(shape), *args, **options)


def unpool(index: int, dtype: str = "int64", **options: Any) -> Callable[[Any], Any]:
    """The pooling of a row of one element, undone."""
    return lambda engine: engine.nn.functional.max_unpool1d(
        engine.ones(1, 1, 1), engine.full((1, 1, 1), index, dtype=getattr(engine, dtype)), 2, **options
    )


ERRORS: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "dimensions": (of_ones("max_pool1d", 2, shape=(5,)), ["max_pool1d", "[5]"]),
    "dimensions of volumes": (of_ones("avg_pool3d", 2, shape=(5, 5, 5)), ["avg_pool3d", "[5, 5, 5]"]),
    "a window larger than the row": (of_ones("max_pool1d", 6), ["max_pool1d", "2x5", "Output size is too small"]),
    "too much padding": (of_ones("avg_pool1d", 2, padding=2), ["avg_pool1d", "half"]),
    "no window": (of_ones("max_pool1d", 0), ["max_pool1d", "kernel_size", "greater than zero"]),
    "a size below 0": (of_ones("adaptive_avg_pool1d", -1), ["adaptive_avg_pool1d", "greater than or equal to 0", "-1"]),
    "too many sizes": (of_ones("adaptive_avg_pool2d", (1, 2, 3), shape=(1, 2, 5, 5)), ["adaptive_avg_pool2d"]),
    "a fractional size": (of_ones("adaptive_max_pool1d", 2.5), ["adaptive_max_pool1d", "output_size", "2.5"]),
    "nothing to share": (of_ones("adaptive_avg_pool1d", 2, shape=(1, 2, 0)), ["adaptive_avg_pool1d", "[1, 2, 0]"]),
    "an index outside": (unpool(2), ["max_unpool1d", "Found an invalid max index: 2"]),
    "an index of int32": (unpool(0, "int32"), ["should be type int64"]),
    "an impossible size": (unpool(0, output_size=[4]), ['invalid output_size "(4,)"']),
    "a size of other dimensions": (unpool(0, output_size=[2, 2]), ["output_size should be a sequence", "2"]),
}


@pytest.mark.parametrize("case", ERRORS.values(), ids=ERRORS)
def test_errors_are_of_pytorchs_types_and_say_what_is_wrong(case: Any) -> None:
    call, words = case
    check_error(call, *words)


def test_the_end_of_a_network() -> None:
    net = minigrad.nn.Sequential(minigrad.nn.Conv2d(1, 2, 3), minigrad.nn.AdaptiveAvgPool2d(1), minigrad.nn.Flatten())
    assert net(minigrad.ones(3, 1, 8, 8)).shape == (3, 2)
