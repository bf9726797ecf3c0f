"""Windows that slide over images: what convolution and pooling have in common.

A kernel of kh x kw positions is laid over the image at oh x ow places.  Seen from one position of the kernel,
these places are a strided slice of the image.  So all the loops here go over the positions of the kernel,
never over images or places.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minigrad.arrays import array_module
from minigrad.engine.graph import raw, record

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

Pair = tuple[int, int]
"""Of the height and the width."""


@dataclass(frozen=True)
class Windows:
    """Where the windows of a kernel lie on images (..., height, width).

    padding: what is added above and to the left.  Below and to the right there is as much as the last window needs.
    """

    image: Pair
    kernel: Pair
    stride: Pair
    padding: Pair
    dilation: Pair
    places: Pair
    """How many windows lie below, and beside, each other."""

    @property
    def positions(self) -> int:
        """How many elements a window has."""
        return math.prod(self.kernel)

    def slices(self) -> Iterator[tuple[Any, ...]]:
        """For each position of the kernel, row by row: where it lies on the padded image in all the windows."""
        for row in range(self.kernel[0]):
            for column in range(self.kernel[1]):
                yield (..., self.slice_along(0, row), self.slice_along(1, column))

    def slice_along(self, dim: int, position: int) -> slice:
        """The same along the height (0) or the width (1) alone."""
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
        """The height and the width of images with their padding."""
        along = zip(self.image, self.padding, self.places, self.stride, self.kernel, self.dilation)
        return [max(n + before, (count - 1) * step + (k - 1) * gap + 1) for n, before, count, step, k, gap in along]

    def padded(self, x: Any, value: Any = 0) -> Any:
        """Raw images with their padding; the images themselves where there is none."""
        shape = (*x.shape[:-2], *self.padded_image)
        if shape == x.shape:
            return x
        padded = array_module(x).full(shape, value, x.dtype)
        self.cropped(padded)[...] = x
        return padded

    def cropped(self, padded: Any) -> Any:
        """Raw images without their padding, as a view."""
        (top, left), (height, width) = self.padding, self.image
        return padded[..., top : top + height, left : left + width]


def im2col(input: Tensor, windows: Windows) -> Tensor:
    """Images (N, C, height, width) as the columns of a matrix: each window's elements, below each other.

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


def pair(op: str, name: str, value: Any) -> Pair:
    """An argument given as one int or two.  TypeError for no ints, RuntimeError for more or fewer of them."""
    values = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    if any(isinstance(n, bool) or not hasattr(n, "__index__") for n in values):
        raise TypeError(f"{op}(): argument '{name}' must be tuple of ints, not {value!r}")
    if len(values) not in (1, 2):
        raise RuntimeError(f"{op}: {name} must either be a single int, or a tuple of two ints, not {value!r}")
    return values[0].__index__(), values[-1].__index__()
