"""Images in another size, rearranged, and looked at through a grid, beside PyTorch's."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from engines import ENGINES, torch
from hypothesis import given, settings
from hypothesis import strategies as st
from twins import check_error, check_twins, numbers

import minigrad

MODES = {1: ("linear",), 2: ("bilinear", "bicubic"), 3: ("trilinear",)}


@pytest.mark.parametrize("dims", [1, 2, 3])
@settings(max_examples=40)
@given(data=st.data())
def test_upsample_with_any_options(dims: int, data: Any) -> None:
    x = numbers(2, 2, *(data.draw(st.integers(1, 6)) for _ in range(dims)))
    options: dict[str, Any] = {"mode": data.draw(st.sampled_from(("nearest", "nearest-exact", "area", *MODES[dims])))}
    if options["mode"] in MODES[dims]:
        options["align_corners"] = data.draw(st.sampled_from((True, False, None)))
    if data.draw(st.booleans()):
        size = st.integers(1, 9)
        options["size"] = data.draw(st.one_of(size, st.tuples(*[size] * dims)))
    else:
        factor = st.sampled_from((1, 2, 3, 1.5, 2.5))
        options["scale_factor"] = data.draw(st.one_of(factor, st.tuples(*[factor] * dims)))
        options["recompute_scale_factor"] = data.draw(st.sampled_from((True, False, None)))
    if options["mode"].startswith("nearest") and "scale_factor" in options:
        options["recompute_scale_factor"] = True
    check_twins(lambda nn: nn.Upsample(**options), x)


@pytest.mark.parametrize("name", ["UpsamplingNearest2d", "UpsamplingBilinear2d"])
def test_upsampling_layers_of_images(name: str) -> None:
    check_twins(lambda nn: getattr(nn, name)(scale_factor=2), numbers(1, 2, 3, 4))
    check_twins(lambda nn: getattr(nn, name)((5, 2)), numbers(1, 2, 3, 4))
    check_twins(lambda nn: getattr(nn, name)(7), numbers(1, 2, 3))


@settings(max_examples=60)
@given(st.data())
def test_antialiased_images(data: Any) -> None:
    mode, corners = data.draw(st.sampled_from(("bilinear", "bicubic"))), data.draw(st.booleans())
    height, width = data.draw(st.integers(1, 20)), data.draw(st.integers(1, 20))
    size = data.draw(st.integers(1, 20)), data.draw(st.integers(2, 20))
    x = numbers(1, 2, height, width)
    theirs, mine = (
        engine.nn.functional.interpolate(engine.from_numpy(x), size, None, mode, corners, antialias=True)
        for engine in ENGINES
    )
    np.testing.assert_allclose(mine.numpy(), theirs.numpy(), 1e-10, 1e-10)


def test_antialiased_photographs_in_float32() -> None:
    x = numbers(1, 3, 60, 80, dtype="float32")
    for mode in ("bilinear", "bicubic"):
        for size in ((30, 30), (17, 53), (100, 90)):
            theirs, mine = (
                engine.nn.functional.interpolate(engine.from_numpy(x), size, mode=mode, antialias=True)
                for engine in ENGINES
            )
            np.testing.assert_allclose(mine.numpy(), theirs.numpy(), 1e-4, 1e-5)


def test_bytes_are_resized_by_the_nearest() -> None:
    x = (np.arange(48).reshape(1, 1, 6, 8) * 5).astype("uint8")
    for mode in ("nearest", "nearest-exact"):
        theirs, mine = (e.nn.functional.interpolate(e.from_numpy(x), (4, 11), mode=mode) for e in ENGINES)
        assert mine.tolist() == theirs.tolist()
    with pytest.raises(NotImplementedError, match=r"'bilinear' is not implemented for uint8. Convert it with .float()"):
        minigrad.nn.functional.interpolate(minigrad.from_numpy(x), 3, mode="bilinear")


def test_infinities_stay_where_they_are() -> None:
    for engine in ENGINES:
        x = engine.tensor([[[np.inf, 1.0, 2.0, 3.0]]], dtype=engine.float64)
        assert engine.nn.functional.interpolate(x, 2, mode="area").tolist() == [[[np.inf, 2.5]]]


def test_old_names_warn() -> None:
    for engine in ENGINES:
        for name in ("upsample", "upsample_nearest", "upsample_bilinear"):
            with pytest.warns(UserWarning, match=rf"`nn.functional.{name}` is deprecated"):
                getattr(engine.nn.functional, name)(engine.ones(1, 1, 2, 2), scale_factor=2)


LAYERS: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "unfold": (lambda nn: nn.Unfold(2), (2, 3, 4, 5)),
    "unfold, all options": (lambda nn: nn.Unfold((2, 3), dilation=2, padding=(1, 2), stride=(2, 1)), (3, 4, 5)),
    "fold": (lambda nn: nn.Fold((4, 5), (2, 3)), (2, 12, 9)),
    "fold, all options": (lambda nn: nn.Fold(4, 2, dilation=(1, 2), padding=1, stride=2), (8, 6)),
    "pixel shuffle": (lambda nn: nn.PixelShuffle(2), (2, 8, 3, 4)),
    "pixel shuffle of one image": (lambda nn: nn.PixelShuffle(3), (9, 2, 2)),
    "pixel unshuffle": (lambda nn: nn.PixelUnshuffle(2), (2, 2, 4, 6)),
    "channel shuffle": (lambda nn: nn.ChannelShuffle(3), (2, 6, 2, 2)),
}


@pytest.mark.parametrize("case", LAYERS.values(), ids=LAYERS)
def test_layers_that_rearrange(case: Any) -> None:
    make, shape = case
    check_twins(make, numbers(*shape))


def test_a_convolution_is_a_product_with_unfolded_images() -> None:
    functional = minigrad.nn.functional
    x, w = minigrad.from_numpy(numbers(2, 3, 6, 5)), minigrad.from_numpy(numbers(4, 3, 3, 2))
    product = w.reshape(4, -1) @ functional.unfold(x, (3, 2))
    assert minigrad.allclose(product.reshape(2, 4, 4, 4), functional.conv2d(x, w))


@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
@pytest.mark.parametrize("padding_mode", ["zeros", "border", "reflection"])
def test_grids_far_outside_and_on_the_edges(mode: str, padding_mode: str) -> None:
    positions = np.array([-7.3, -1.0, -0.5, 0.0, 0.25, 1.0, 1.4, 9.1])
    grid = np.stack(np.meshgrid(positions, positions), -1)[None]
    x = numbers(1, 2, 3, 4)
    for corners in (True, False):
        results = []
        for engine in ENGINES:
            leaf, where = engine.from_numpy(x).requires_grad_(), engine.from_numpy(grid).requires_grad_()
            out = engine.nn.functional.grid_sample(leaf, where, mode, padding_mode, corners)
            (out * out).sum().backward()
            results.append([out.detach(), leaf.grad, where.grad])
        for theirs, mine in zip(*results, strict=True):
            np.testing.assert_allclose(mine.numpy(), theirs.numpy(), 1e-9, 1e-9)


def test_an_image_rotated_by_an_affine_grid() -> None:
    for engine in ENGINES:
        theta = engine.tensor([[[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]]])
        image = engine.arange(9.0).reshape(1, 1, 3, 3)
        grid = engine.nn.functional.affine_grid(theta, image.shape, align_corners=False)
        turned = engine.nn.functional.grid_sample(image, grid, align_corners=False)
        assert turned.round().tolist() == image.rot90(-1, (2, 3)).tolist()


def test_the_changed_default_of_align_corners_is_said() -> None:
    for engine in ENGINES:
        with pytest.warns(UserWarning, match="Default grid_sample and affine_grid behavior has changed"):
            grid = engine.nn.functional.affine_grid(engine.ones(1, 2, 3), (1, 1, 2, 2))
        with pytest.warns(UserWarning, match="Default grid_sample and affine_grid behavior has changed"):
            engine.nn.functional.grid_sample(engine.ones(1, 1, 2, 2), grid)


def resized(*args: Any, shape: tuple[int, ...] = (1, 1, 4, 4), **options: Any) -> Callable[[Any], Any]:
    """Ones in another size."""
    return lambda engine: engine.nn.functional.interpolate(engine.ones(shape), *args, **options)


def sampled(x: tuple[int, ...], grid: tuple[int, ...], *args: Any, dtype: str = "float32") -> Callable[[Any], Any]:
    """Ones looked at through a grid of ones."""
    return lambda engine: engine.nn.functional.grid_sample(
        engine.ones(x), engine.ones(grid, dtype=getattr(engine, dtype)), *args
    )


ERRORS: dict[str, tuple[Callable[[Any], Any], list[str]]] = {
    "no size": (resized(), ["either size or scale_factor should be defined"]),
    "two sizes": (resized(3, 2.0), ["only one of size or scale_factor should be defined"]),
    "a size too many": (resized((1, 2, 3)), ["same number of spatial dimensions", "[4, 4]", "(1, 2, 3)"]),
    "a factor too few": (resized(None, (2.0,)), ["same number of spatial dimensions", "(2.0,)"]),
    "a fractional size": (resized((2.5, 2)), ["expected size to be one of int or Tuple[int]"]),
    "corners of the nearest": (resized(3, align_corners=True), ["align_corners option can only be set"]),
    "a mode": (resized(3, mode="cubic"), ["cubic"]),
    "linear for images": (resized(3, mode="linear"), ["Got 4D input"]),
    "bilinear for rows": (resized(3, mode="bilinear", shape=(1, 1, 4)), ["Got 3D input"]),
    "antialias of the nearest": (resized(3, antialias=True), ["Anti-alias option is restricted"]),
    "an explicit size recomputed": (resized(3, recompute_scale_factor=True), ["not meaningful with an explicit size"]),
    "nothing left": (resized(None, 0.1), ["Input and output sizes should be greater than 0"]),
    "one dimension": (resized(3, shape=(4, 4)), []),
    "an empty unfolding": (lambda t: t.nn.functional.unfold(t.ones(0, 4, 4), 2), ["unfold", "[0, 4, 4]"]),
    "no window": (lambda t: t.nn.functional.unfold(t.ones(1, 4, 4), 5), ["sliding blocks", "must be at least one"]),
    "a folding of other windows": (
        lambda t: t.nn.functional.fold(t.ones(1, 4, 8), (4, 4), 2),
        ["3 * 3 = 9", "input.size(-1)=8"],
    ),
    "a folding of other channels": (lambda t: t.nn.functional.fold(t.ones(1, 5, 9), (4, 4), 2), ["divisible", "5"]),
    "pixels of too few channels": (lambda t: t.pixel_shuffle(t.ones(3, 2, 2), 2), ["divisible by the square"]),
    "pixels of a row": (lambda t: t.pixel_shuffle(t.ones(3), 2), ["at least 3 dimensions"]),
    "pixels of no factor": (lambda t: t.pixel_shuffle(t.ones(3, 2, 2), 0), ["positive upscale_factor"]),
    "pixels of a fraction": (lambda t: t.pixel_unshuffle(t.ones(3, 2, 2), 1.5), ["downscale_factor"]),
    "odd pixels": (lambda t: t.pixel_unshuffle(t.ones(3, 3, 2), 2), ["height to be divisible by downscale_factor"]),
    "channels without groups": (lambda t: t.channel_shuffle(t.ones(1, 3, 2), 2), ["must be divisible by groups"]),
    "no groups": (lambda t: t.channel_shuffle(t.ones(1, 3, 2), 0), ["must be positive"]),
    "a way to look": (sampled((1, 1, 2, 2), (1, 1, 1, 2), "cubic"), ["expected mode to be", "cubic"]),
    "a way to pad": (sampled((1, 1, 2, 2), (1, 1, 1, 2), "nearest", "wrap"), ["expected padding_mode to be", "wrap"]),
    "a grid of volumes": (sampled((1, 1, 2, 2), (1, 1, 1, 3), "nearest", "zeros", True), ["size 2 in last dimension"]),
    "a grid of another batch": (sampled((1, 1, 2, 2), (2, 1, 1, 2), "nearest", "zeros", True), ["same batch size"]),
    "a grid of another dtype": (
        sampled((1, 1, 2, 2), (1, 1, 1, 2), "nearest", "zeros", True, dtype="float64"),
        ["same dtype"],
    ),
    "bicubic volumes": (
        sampled((1, 1, 2, 2, 2), (1, 1, 1, 1, 3), "bicubic", "zeros", True),
        ["bicubic interpolation only supports 4D input"],
    ),
    "maps of other dimensions": (
        lambda t: t.nn.functional.affine_grid(t.ones(1, 3, 3), (1, 1, 2, 2), True),
        ["Expected a batch of 2D affine matrices of shape Nx2x3"],
    ),
    "a size of three": (
        lambda t: t.nn.functional.affine_grid(t.ones(1, 2, 3), (1, 2, 2), True),
        ["affine_grid only supports 4D and 5D sizes"],
    ),
}


@pytest.mark.parametrize("case", ERRORS.values(), ids=ERRORS)
def test_errors_are_of_pytorchs_types_and_say_what_is_wrong(case: Any) -> None:
    call, words = case
    check_error(call, *words)


def test_minigrad_looks_at_all_rows_of_what_becomes_one_element_wide() -> None:
    """PyTorch reads the first rows again and again, unless channels lie side by side."""
    x = minigrad.arange(12.0).reshape(1, 1, 4, 3)
    column = minigrad.nn.functional.interpolate(x, (2, 1), mode="bilinear", antialias=True)
    by_columns = torch.arange(12.0).reshape(1, 1, 4, 3).expand(1, 4, 4, 3).contiguous(memory_format=torch.channels_last)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = torch.nn.functional.interpolate(by_columns, (2, 1), mode="bilinear", antialias=True)
    np.testing.assert_allclose(column.numpy(), theirs[:, :1].numpy(), 1e-5)
