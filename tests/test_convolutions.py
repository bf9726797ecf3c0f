"""Convolution layers of one and three dimensions and transposed ones, beside PyTorch's."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from engines import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from same_draws import bits
from twins import check_error, check_twins, numbers, sizes, twins

import minigrad

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same'")

DIMS = {
    **{f"Conv{dims}d": dims for dims in (1, 2, 3)},
    **{f"ConvTranspose{dims}d": dims for dims in (1, 2, 3)},
}


def options(name: str) -> st.SearchStrategy[dict[str, Any]]:
    """The options of a layer, each of them left out sometimes."""
    dims = DIMS[name]
    common = {"stride": sizes(dims, 1, 2), "dilation": sizes(dims, 1, 2), "bias": st.booleans()}
    if "Transpose" in name:
        own = {"padding": sizes(dims, 0, 1), "output_padding": sizes(dims, 0, 1)}
    else:
        own = {
            "padding": st.one_of(sizes(dims, 0, 1, 2), st.sampled_from(("same", "valid"))),
            "padding_mode": st.sampled_from(("zeros", "reflect", "replicate", "circular")),
        }
    return st.fixed_dictionaries({}, optional={**common, **own})


@pytest.mark.parametrize("name", DIMS)
@settings(max_examples=30)
@given(data=st.data())
def test_layers_with_any_options(name: str, data: Any) -> None:
    dims = DIMS[name]
    groups = data.draw(st.sampled_from((1, 1, 2)))
    drawn = data.draw(options(name)) | ({"groups": groups} if groups > 1 else {})
    kernel = data.draw(sizes(dims, 1, 2, 3))
    batch = data.draw(st.sampled_from(((2,), (1,), ())))
    x = numbers(*batch, 2, *(data.draw(st.integers(2, 5)) for _ in range(dims)))

    def make(nn: Any) -> Any:
        return getattr(nn, name)(2, 4, kernel, **drawn)

    try:
        make(torch.nn)
    except ValueError:
        with pytest.raises(ValueError, match="same"):
            make(minigrad.nn)
    else:
        check_twins(make, x)


@pytest.mark.parametrize("name", [name for name in DIMS if "Transpose" in name])
@pytest.mark.parametrize("more", range(4))
def test_transposed_layers_give_the_size_that_is_asked_for(name: str, more: int) -> None:
    dims = DIMS[name]
    least = (4 - 1) * 3 - 2 + 2 + 1
    for size in ([least + more] * dims, [2, 2, *[least + more] * dims]):
        check_twins(
            lambda nn: getattr(nn, name)(2, 2, 3, stride=3, padding=1), numbers(2, 2, *[4] * dims), output_size=size
        )


def test_a_transposed_convolution_takes_a_convolution_back() -> None:
    x, w, g = (
        minigrad.from_numpy(numbers(*shape)).requires_grad_() for shape in ((2, 3, 7, 6), (4, 3, 3, 2), (2, 4, 3, 5))
    )
    functional = minigrad.nn.functional
    out = functional.conv2d(x, w, stride=(2, 1))
    (gradient,) = minigrad.autograd.grad(out, x, g)
    back = functional.conv_transpose2d(g, w, stride=(2, 1))
    assert bits(gradient) == bits(back)


@pytest.mark.parametrize("name", DIMS)
def test_state_dicts_and_files_fit_into_either_library(name: str) -> None:
    theirs, mine = twins(lambda nn: getattr(nn, name)(2, 4, 3))
    for source, target, engine in ((theirs, mine, minigrad), (mine, theirs, torch)):
        source.reset_parameters()
        file = io.BytesIO()
        (torch if engine is minigrad else minigrad).save(source.state_dict(), file)
        file.seek(0)
        target.load_state_dict(engine.load(file))
        assert bits(target.weight) == bits(source.weight)
        assert bits(target.bias) == bits(source.bias)


def test_base_classes_are_those_that_scripts_ask_for() -> None:
    for engine in (torch, minigrad):
        layer = engine.nn.ConvTranspose2d(1, 2, 3)
        assert [base.__name__ for base in type(layer).__mro__[1:4]] == ["_ConvTransposeNd", "_ConvNd", "Module"]
        assert layer.transposed
        assert not engine.nn.Conv1d(1, 1, 1).transposed
        assert isinstance(engine.nn.Conv2d(1, 1, 1), type(layer).__mro__[2])


def up(engine: Any, x: tuple[int, ...] = (1, 2, 5), w: tuple[int, ...] = (2, 3, 3), **options: Any) -> Any:
    """A transposed convolution of ones."""
    function = getattr(engine.nn.functional, f"conv_transpose{len(w) - 2}d")
    return function(engine.ones(x), engine.ones(w), **options)


ERRORS: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "channels": (lambda t: up(t, w=(4, 3, 3)), ["conv_transpose1d", "transposed=1", "[4, 3, 3]", "2 channels"]),
    "groups": (lambda t: up(t, w=(2, 3, 3), groups=3), ["conv_transpose1d", "groups=3"]),
    "a bias": (lambda t: up(t, bias=t.ones(2)), ["conv_transpose1d", "3 elements", "[2]"]),
    "dimensions": (
        lambda t: up(t, x=(1, 1, 2, 5)),
        ["Expected 2D (unbatched) or 3D (batched) input to conv_transpose1d"],
    ),
    "weight dimensions": (
        lambda t: t.nn.functional.conv1d(t.ones(1, 2, 5), t.ones(1, 2, 3, 3)),
        ["conv1d", "[1, 2, 3, 3]"],
    ),
    "a stride of 0": (lambda t: up(t, stride=0), ["conv_transpose1d", "non-positive stride is not supported"]),
    "a dilation of 0": (lambda t: up(t, dilation=0), ["conv_transpose1d", "dilation should be greater than zero"]),
    "padding below 0": (lambda t: up(t, padding=-1), ["negative padding is not supported"]),
    "padding in words": (lambda t: up(t, padding="same"), ["conv_transpose1d"]),
    "output_padding below 0": (lambda t: up(t, output_padding=-1), ["negative output_padding is not supported"]),
    "too much output_padding": (
        lambda t: up(t, output_padding=2, stride=2),
        ["output padding must be smaller than either stride or dilation"],
    ),
    "nothing left": (lambda t: up(t, padding=4), ["conv_transpose1d", "(-1)", "Output size is too small"]),
    "two sizes for one dimension": (lambda t: up(t, stride=(1, 2)), ["conv_transpose1d", "stride", "(1, 2)"]),
    "two dtypes": (
        lambda t: t.nn.functional.conv1d(t.ones(1, 2, 5), t.ones(1, 2, 3, dtype=t.float64)),
        ["Input type (float) and weight type (double) should be the same"],
    ),
    "a kernel larger than the row": (lambda t: t.nn.Conv1d(1, 1, 6)(t.ones(1, 1, 5)), ["conv1d", "(5)", "(6)"]),
    "a kernel larger than the volume": (
        lambda t: t.nn.Conv3d(1, 1, 6)(t.ones(1, 5, 5, 5)),
        ["conv3d", "(5 x 5 x 5)", "(6 x 6 x 6)"],
    ),
    "an impossible size": (
        lambda t: t.nn.ConvTranspose1d(1, 1, 3, 2)(t.ones(1, 1, 4), output_size=[12]),
        ["requested an output size of [12], but valid sizes range from [9] to [10]"],
    ),
    "a size of other dimensions": (
        lambda t: t.nn.ConvTranspose1d(1, 1, 3, 2)(t.ones(1, 1, 4), output_size=[1, 9]),
        ["ConvTranspose1D: for 3D input, output_size must have 1 or 3 elements (got 2)"],
    ),
    "a padding_mode": (
        lambda t: t.nn.ConvTranspose2d(1, 1, 3, padding_mode="reflect"),
        ['Only "zeros" padding mode is supported for ConvTranspose2d'],
    ),
    "groups of channels": (lambda t: t.nn.Conv1d(3, 2, 1, groups=2), ["in_channels must be divisible by groups"]),
}


@pytest.mark.parametrize("case", ERRORS.values(), ids=ERRORS)
def test_errors_are_of_pytorchs_types_and_say_what_is_wrong(case: Any) -> None:
    call, words = case
    check_error(call, *words)
