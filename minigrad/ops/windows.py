"""Windows that slide over images: what convolution and pooling have in common.

A kernel of kh x kw positions is laid over the image at oh x ow places.  Seen from one position of the kernel,
these places are a strided slice of the image.  So all the loops here go over the positions of the kernel,
never over images or places.  An image may have one dimension or three as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from minigrad.arrays import array_module
from minigrad.engine.graph import raw, record

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

Sizes = tuple[int, ...]
"""One for each dimension of the images: of the height and the width, say."""


@dataclass(frozen=True)
class Windows:
    """Where the windows of a kernel lie on images (..., height, width).

    padding: what is added above and to the left.  Below and to the right there is as much as the last window needs.
    """

    image: Sizes
    kernel: Sizes
    stride: Sizes
    padding: Sizes
    dilation: Sizes
    places: Sizes
    """How many windows lie below, and beside, each other."""

    @property
    def positions(self) -> int:
        """How many elements a window has."""
        return math.prod(self.kernel)

    def slices(self) -> Iterator[tuple[Any, ...]]:
        """For each position of the kernel, row by row: where it lies on the padded image in all the windows."""
        along = [[self.slice_along(dim, position) for position in range(k)] for dim, k in enumerate(self.kernel)]
        for position in product(*along):
            yield (..., *position)

    def slice_along(self, dim: int, position: int) -> slice:
        """The same along one of the dimensions alone."""
        start, step = position * self.dilation[dim], self.stride[dim]
        return slice(start, start + step * (self.places[dim] - 1) + 1, step)

    def seen(self, padded: Any) -> Any:
        """A view of raw padded images (C, N, ...) that gives each window its own elements: (C, *kernel, N, *places)."""
        channels, images, *image = padded.strides
        shape = (len(padded), *self.kernel, padded.shape[1], *self.places)
        within = [gap * size for gap, size in zip(self.dilation, image)]
        between = [step * size for step, size in zip(self.stride, image)]
        strides = (channels, *within, images, *between)
        return array_module(padded).lib.stride_tricks.as_strided(padded, shape, strides)

    @property
    def padded_image(self) -> list[int]:
        """The sizes of images with their padding."""
        along = zip(self.image, self.padding, self.places, self.stride, self.kernel, self.dilation)
        return [max(n + before, (count - 1) * step + (k - 1) * gap + 1) for n, before, count, step, k, gap in along]

    def padded(self, x: Any, value: Any = 0) -> Any:
        """Raw images with their padding; the images themselves where there is none."""
        shape = (*x.shape[: -len(self.image)], *self.padded_image)
        if shape == x.shape:
            return x
        padded = array_module(x).full(shape, value, x.dtype)
        self.cropped(padded)[...] = x
        return padded

    def cropped(self, padded: Any) -> Any:
        """Raw images without their padding, as a view."""
        return padded[(..., *(slice(before, before + n) for before, n in zip(self.padding, self.image)))]


def im2col(input: Tensor, windows: Windows) -> Tensor:
    """Images (N, C, *image) as the columns of a matrix: each window's elements, below each other.

    -> (C, kernel positions, N, *places).  https://hal.science/inria-00112631 (Chellapilla et al., 2006)
    """
    x = windows.padded(raw(input)).swapaxes(0, 1)
    columns = windows.seen(x).reshape(len(x), windows.positions, x.shape[1], *windows.places)
    return record(columns, (input,), (im2col_da,), windows)


def im2col_da(g: Tensor, _out: Tensor, _a: Tensor, windows: Windows) -> Tensor:
    return col2im(g, windows)


def col2im(columns: Tensor, windows: Windows) -> Tensor:
    """The columns of `im2col` added up where they came from: (C, kernel positions, N, *places) -> (N, C, ...)."""
    x = raw(columns)
    images = array_module(x).zeros((x.shape[2], len(x), *windows.padded_image), x.dtype)
    by_channel = images.swapaxes(0, 1)
    for k, part in enumerate(windows.slices()):
        by_channel[part] += x[:, k]
    return record(windows.cropped(images), (columns,), (col2im_da,), windows)


def col2im_da(g: Tensor, _out: Tensor, _a: Tensor, windows: Windows) -> Tensor:
    return im2col(g, windows)


# Arguments --------------------------------------------------------------------------------------------------


NUMBERS = ("no", "one", "two", "three")


def sizes(op: str, name: str, value: Any, dims: int) -> Sizes:
    """An argument given as one int, or one for each dimension.  TypeError for no ints, RuntimeError for too many."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    if any(isinstance(n, bool) or not hasattr(n, "__index__") for n in values):
        raise TypeError(f"{op}(): argument '{name}' must be tuple of ints, not {value!r}")
    if len(values) not in (1, dims):
        raise RuntimeError(
            f"{op}: {name} must either be a single int, or a tuple of {NUMBERS[dims]} ints, not {value!r}"
        )
    return tuple(n.__index__() for n in (values if len(values) == dims else values * dims))
