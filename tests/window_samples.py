"""Samples for convolution, padding, pooling and resizing over one, two or three dimensions."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from op_samples import near
from samples import ALL, FLOATS, Draw, Make, Options, Sample, array, one_of, perhaps


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
