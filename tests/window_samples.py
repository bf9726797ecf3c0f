"""Samples for convolution, padding, pooling and resizing over one, two or three dimensions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st
from op_samples import near
from samples import ALL, FLAG, FLOATS, OMITTED, Draw, Make, Options, Sample, array, one_of, perhaps


def images(draw: Draw, smooth: bool, channels: int, dims: int, least: int = 1) -> tuple[int, ...]:
    """The shape of images: a batch of them, or one; for wild values seldom an empty batch."""
    sizes = st.integers(max(least, 2), 3 if dims > 2 else 4) if smooth else st.integers(least, 5 if dims > 2 else 7)
    batch = draw(one_of((1,), (2,), ()) if smooth else one_of((2,), (1,), (3,), (), (0,)))
    return (*batch, channels, *(draw(sizes) for _ in range(dims)))


def some_sizes(*values: int, dims: int) -> st.SearchStrategy[Any]:
    """An option that is one number for all dimensions, or one for each, or left out."""
    several = st.tuples(*[one_of(*values)] * dims)
    return perhaps(st.one_of(one_of(*values), several, st.tuples(one_of(*values))))


def convolution(dims: int) -> Make:
    """Images, kernels, perhaps a bias, and the options of a convolution; seldom of sizes that do not fit."""

    def make(draw: Draw, smooth: bool) -> Sample:
        x, w, b, groups = with_kernels(draw, smooth, dims, transposed=False)
        options = {
            "stride": some_sizes(1, 2, dims=dims),
            "padding": st.one_of(some_sizes(0, 1, 2, dims=dims), one_of("same", "valid")),
            "dilation": some_sizes(1, 2, dims=dims),
        }
        drawn = Options(options).draw(draw, ()) | ({"groups": groups} if groups > 1 else {})
        return Sample((x, w, b)[: draw(one_of(2, 3))], drawn)

    return make


def convolution_of_images(draw: Draw, smooth: bool) -> Sample:
    """The same in two dimensions, with more of what the options can be."""
    x, w, b, groups = with_kernels(draw, smooth, 2, transposed=False)
    options = {
        "stride": perhaps(one_of(1, 2, (1, 2), (2,))),
        "padding": perhaps(one_of(1, (0, 2), "same", "valid", (1,))),
        "dilation": perhaps(one_of(1, 2, (1, 3))),
    }
    drawn = Options(options).draw(draw, (x, w, b)) | ({"groups": groups} if groups > 1 else {})
    return Sample((x, w, b)[: draw(one_of(2, 3))], drawn)


def transposed(dims: int) -> Make:
    """The same of a transposed convolution."""

    def make(draw: Draw, smooth: bool) -> Sample:
        x, w, b, groups = with_kernels(draw, smooth, dims, transposed=True)
        options = {
            "stride": some_sizes(1, 2, 3, dims=dims),
            "padding": some_sizes(0, 0, 1, dims=dims),
            "output_padding": some_sizes(0, 0, 1, dims=dims),
            "dilation": some_sizes(1, 2, dims=dims),
        }
        drawn = Options(options).draw(draw, ()) | ({"groups": groups} if groups > 1 else {})
        return Sample((x, w, b)[: draw(one_of(2, 3))], drawn)

    return make


def with_kernels(draw: Draw, smooth: bool, dims: int, transposed: bool) -> tuple[Any, Any, Any, int]:
    """Images, kernels, a bias, and how many groups they have."""
    groups = draw(one_of(1, 1, 2))
    channels, out = (groups * draw(st.integers(1, 2)) for _ in range(2))
    kernel = st.integers(1, 2) if smooth else st.integers(1, 3)
    wrong = not smooth and draw(one_of(*[False] * 7, True))
    dtype = "float64" if smooth else draw(one_of("float32", "float64", "float64", "int64"))
    of_kernels = (channels, out // groups) if transposed else (out, channels // groups)
    shapes = (
        images(draw, smooth, channels + wrong, dims),
        (*of_kernels, *(draw(kernel) for _ in range(dims))),
        (out,),
    )
    x, w, b = (near(draw, smooth, s, dtype) for s in shapes)
    return x, w, b, groups


def padded(mode: str) -> Make:
    """A tensor, how much is put around it or taken away, the mode, and perhaps the value."""

    def make(draw: Draw, smooth: bool) -> Sample:
        dims = draw(st.integers(1, 3))
        x = array(
            draw, smooth, images(draw, smooth, draw(st.integers(1, 2)), dims), ALL if mode == "constant" else FLOATS
        )
        number = draw(st.integers(0, x.ndim)) if mode == "constant" else dims
        sizes = one_of(1, 0, 1, 2, -1) if smooth else one_of(1, 0, 2, 1, 3, -1)
        around = tuple(draw(sizes) for _ in range(2 * number))
        value = Options({"value": perhaps(one_of(2, 0.5, -1.0, None))}).draw(draw, ()) if mode == "constant" else {}
        return Sample((x, around, mode), value)

    return make


# Pooling ----------------------------------------------------------------------------------------------------

WINDOWS = {
    "stride": perhaps(one_of(1, 2, (1, 2), (3, 1), None)),
    "padding": perhaps(one_of(0, 1, (1, 0))),
    "ceil_mode": FLAG,
}
"""The options that both poolings of images have."""


def some_dilation(draw: Draw, operands: tuple[Any, ...]) -> Any:
    """A dilation, not beyond the size of the images: PyTorch may crash where a window lies in the padding alone."""
    height, width = operands[0].shape[-2:]
    return draw(one_of(OMITTED, min(2, height, width), (1, min(2, width))))


def pooled_images(dtypes: tuple[str, ...], **options: Any) -> Make:
    """Images, the size of the windows, and the options of a pooling."""

    def make(draw: Draw, smooth: bool) -> Sample:
        x = array(draw, smooth, images(draw, smooth, draw(st.integers(1, 2)), 2), dtypes)
        size = draw(one_of(2, (2, 1), (1, 2)) if smooth else one_of(2, 3, (2, 3), (3, 1), 1, (2,)))
        return Sample((x, size), Options(WINDOWS | options).draw(draw, (x,)))

    return make


def pooled(dims: int, dtypes: tuple[str, ...], **options: Any) -> Make:
    """The same in so many dimensions, with fewer kinds of options."""

    def make(draw: Draw, smooth: bool) -> Sample:
        x = array(draw, smooth, images(draw, smooth, draw(st.integers(1, 2)), dims, least=2), dtypes)
        size = draw(one_of(2, (2,) * dims, (1, 2, 1)[:dims]) if smooth else one_of(2, 3, (2, 3, 1)[:dims], 1, (2,)))
        windows = {
            "stride": st.one_of(some_sizes(1, 2, 3, dims=dims), st.just(None)),
            "padding": some_sizes(0, 0, 1, dims=dims),
            "ceil_mode": FLAG,
        }
        return Sample((x, size), Options(windows | options).draw(draw, (x,)))

    return make


def shared(dims: int, dtypes: tuple[str, ...], **options: Any) -> Make:
    """Images, and how many windows shall share them; for wild values seldom none."""

    def make(draw: Draw, smooth: bool) -> Sample:
        x = array(draw, smooth, images(draw, smooth, draw(st.integers(1, 2)), dims), dtypes)
        number = one_of(1, 2, 3) if smooth else one_of(1, 2, 3, 5, 0)
        size = draw(number) if draw(one_of(True, False)) else tuple(draw(number) for _ in range(dims))
        if dims > 1 and isinstance(size, tuple) and draw(one_of(*[False] * 4, True)):
            size = (None, *size[1:])
        return Sample((x, size), Options(options).draw(draw, (x,)))

    return make


def by_powers(dims: int) -> Make:
    """Images, a power, the size of the windows, and the options of the pooling."""

    def make(draw: Draw, smooth: bool) -> Sample:
        x = array(draw, smooth, images(draw, smooth, 1, dims, least=2), ("float32", "float64"), far_apart)
        x = np.asarray(np.nan_to_num(x, nan=1, posinf=2, neginf=2) % 5 + 0.25).astype(x.dtype)
        size = draw(one_of(2, (2, 1, 2)[:dims] if dims > 1 else 2))
        options = {"stride": perhaps(one_of(1, 2)), "ceil_mode": FLAG}
        return Sample((x, draw(one_of(2, 1, 3, 1.5, math.inf, -math.inf)), size), Options(options).draw(draw, (x,)))

    return make


def far_apart(x: Any) -> Any:
    """Absolute values none of which are equal unless numbers are."""
    return x % 5


def taken_back(dims: int) -> Make:
    """Pooled images, an index for each element (seldom one that points outside), and the sizes of the pooling."""

    def make(draw: Draw, smooth: bool) -> Sample:
        shape = images(draw, smooth, draw(st.integers(1, 2)), dims)
        x = array(draw, smooth, shape, FLOATS)
        stride = {"stride": draw(one_of(2, 3))} if draw(st.booleans()) else {}
        full = [(n - 1) * stride.get("stride", 2) + 2 for n in shape[-dims:]]
        rng = np.random.default_rng(draw(st.integers(0, 999)))
        number = math.prod(shape[-dims:])
        each = [rng.permutation(math.prod(full))[:number] for _ in range(math.prod(shape[:-dims]))]
        indices = np.array(each, "int64").reshape(shape)
        if not smooth and draw(one_of(*[False] * 7, True)):
            indices = indices + math.prod(full)
        return Sample((x, indices, 2), stride)

    return make


# Rearranging and resizing -----------------------------------------------------------------------------------

SLIDING = {
    "dilation": perhaps(one_of(1, 2, (1, 2))),
    "padding": perhaps(one_of(0, 1, (1, 0))),
    "stride": perhaps(one_of(1, 2, (2, 1))),
}


def unfolded(draw: Draw, smooth: bool) -> Sample:
    """Images, the size of the windows, and their other sizes."""
    x = array(draw, smooth, images(draw, smooth, draw(st.integers(1, 2)), 2), (*FLOATS, "int64"))
    return Sample((x, draw(one_of(1, 2, (2, 1)))), Options(SLIDING).draw(draw, ()))


def folded(draw: Draw, smooth: bool) -> Sample:
    """The columns of windows (seldom too many), the size of the images, that of the windows, and the other sizes."""
    image = (draw(st.integers(2, 5)), draw(st.integers(2, 5)))
    kernel = draw(one_of((1, 1), (2, 2), (2, 1)))
    options = Options(SLIDING).draw(draw, ())
    gaps, before, steps = (
        np.resize(options.get(name, usual), 2) for name, usual in (("dilation", 1), ("padding", 0), ("stride", 1))
    )
    each = [(n + 2 * b - g * (k - 1) - 1) // s + 1 for n, k, g, b, s in zip(image, kernel, gaps, before, steps)]
    wrong = not smooth and draw(one_of(*[False] * 7, True))
    batch = draw(one_of((1,), (2,), ()))
    shape = (*batch, draw(st.integers(1, 2)) * math.prod(kernel), max(int(math.prod(each)), 1) + wrong)
    return Sample((near(draw, smooth, shape, "float64" if smooth else "float32"), image, kernel), options)


def shuffled(*factors: int, spread: bool) -> Make:
    """Images whose channels, or whose heights and widths, a factor divides (seldom not), and the factor."""

    def make(draw: Draw, smooth: bool) -> Sample:
        factor = draw(st.sampled_from(factors))
        wrong = not smooth and draw(one_of(*[False] * 7, True))
        channels, height, width = (draw(st.integers(1, 2)) for _ in range(3))
        if spread:
            channels = channels * factor**2 + wrong
        else:
            height, width = height * factor + wrong, width * factor
        batch = draw(one_of((2,), (1,), (), (2, 1)))
        return Sample((array(draw, smooth, (*batch, channels, height, width), ALL), factor))

    return make


def dealt(draw: Draw, smooth: bool) -> Sample:
    """Images whose channels a number of groups divides (seldom not), and the number."""
    groups = draw(one_of(1, 2, 3))
    wrong = not smooth and draw(one_of(*[False] * 7, True))
    shape = (draw(st.integers(1, 2)), groups * draw(st.integers(1, 2)) + wrong, 2, *draw(one_of((), (3,), (1, 2))))
    return Sample((array(draw, smooth, shape, FLOATS), groups))


MODES = {
    1: ("nearest", "nearest-exact", "linear", "area"),
    2: ("nearest", "nearest-exact", "bilinear", "bicubic", "area"),
    3: ("nearest", "nearest-exact", "trilinear", "area"),
}


def resized(dims: int, antialias: bool = False) -> Make:
    """Images, and how they are resized.

    Factors are such that PyTorch's kernels agree on what lies where: by nearest it takes several ways.
    """

    def make(draw: Draw, smooth: bool) -> Sample:
        batch, channels = draw(one_of(1, 2)), draw(one_of(1, 2))
        x = near(draw, smooth, (batch, channels, *(draw(st.integers(2, 6)) for _ in range(dims))), "float64")
        if not smooth and draw(st.booleans()):
            x = x.astype("float32")
        options: dict[str, Any] = {"mode": draw(one_of("bilinear", "bicubic") if antialias else one_of(*MODES[dims]))}
        if "linear" in options["mode"] or options["mode"] == "bicubic":
            options |= Options({"align_corners": FLAG}).draw(draw, ())
        if antialias:
            options["antialias"] = True
        if draw(st.booleans()):
            size = st.integers(2, 7)
            options["size"] = draw(size) if draw(st.booleans()) else tuple(draw(size) for _ in range(dims))
        else:
            options["scale_factor"] = draw(one_of(2, 0.5, 1.5, 3.0, (2.0, 1.5, 0.5)[:dims] if dims > 1 else 2.0))
            options |= Options({"recompute_scale_factor": FLAG}).draw(draw, ())
        return Sample((x,), options)

    return make


def enlarged(draw: Draw, smooth: bool) -> Sample:
    """Images, and a size or a factor."""
    x = near(draw, smooth, images(draw, smooth, 2, 2, least=2)[-3:], "float64")[None]
    return Sample((x,), {"size": draw(one_of(3, (2, 4)))} if draw(st.booleans()) else {"scale_factor": 2})


def looked_at(dims: int) -> Make:
    """Images, a grid of positions in and around them, and how to look at them."""

    def make(draw: Draw, smooth: bool) -> Sample:
        batch = draw(one_of(1, 2))
        size = st.integers(1, 3)
        dtype = "float64" if smooth else draw(one_of("float32", "float64"))
        x = near(draw, smooth, (batch, draw(one_of(1, 2)), *(draw(size) for _ in range(dims))), dtype)
        rng = np.random.default_rng(draw(st.integers(0, 999)))
        out = (batch, *(draw(one_of(1, 2)) for _ in range(dims)), dims)
        grid = rng.uniform(-0.9, 0.9, out) if smooth else rng.uniform(-2.5, 2.5, out)
        modes = one_of("bilinear", "bilinear", *(("bicubic",) if dims == 2 else ()), *(() if smooth else ("nearest",)))
        options = {
            "mode": perhaps(modes),
            "padding_mode": perhaps(one_of("zeros", "border", "reflection")),
            "align_corners": st.booleans(),
        }
        return Sample((x, grid.astype(dtype)), Options(options).draw(draw, ()))

    return make


def mapped(draw: Draw, smooth: bool) -> Sample:
    """Affine maps, the size of the images, and whether corners lie at the same places."""
    dims, batch = draw(one_of(2, 2, 3)), draw(one_of(1, 2))
    dtype = "float64" if smooth else draw(one_of("float32", "float64"))
    theta = near(draw, smooth, (batch, dims, dims + 1), dtype)
    size = (batch, 2, *(draw(one_of(1, 2, 3)) for _ in range(dims)))
    return Sample((theta, size), {"align_corners": draw(st.booleans())})


def at_random_places(dims: int) -> Make:
    """Images, the size of the windows, and how many of them."""

    def make(draw: Draw, smooth: bool) -> Sample:
        batch = draw(one_of((1,), (2,), ()) if smooth else one_of((1,), (2,), (), (0,)))
        shape = (*batch, draw(st.integers(1, 2)), *(draw(st.integers(5, 6)) for _ in range(dims)))
        x = array(draw, smooth, shape, ("float32", "float64"))
        number = {"output_size": draw(one_of(2, 3, 1))} if draw(st.booleans()) else {"output_ratio": (0.5,) * dims}
        return Sample((x, draw(one_of(2, 1))), number)

    return make
