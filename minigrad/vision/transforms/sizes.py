"""Transforms to other sizes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from minigrad.engine.places import warn
from minigrad.nn.module import Module
from minigrad.ops.sampling import randint
from minigrad.vision.images import extent
from minigrad.vision.transforms.draws import Range, uniform, uniform_ratio
from minigrad.vision.transforms.functional.placing import (
    center_crop,
    checked_mode,
    each_side,
    five_crop,
    height_and_width,
    pad,
    ten_crop,
)
from minigrad.vision.transforms.functional.resampling import (
    InterpolationMode,
    interpolation_mode,
    resize,
    resized_crop,
)

__all__ = ["CenterCrop", "FiveCrop", "Pad", "RandomResizedCrop", "Resize", "TenCrop"]


class Resize(Module):
    """The image in another size, as `functional.resize` makes it: (height, width), or the length of the shorter side.

    TypeError for a size that is neither a number nor a sequence, ValueError for one of more than two numbers.
    """

    def __init__(
        self,
        size: int | Sequence[int],
        interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
        max_size: int | None = None,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        if not isinstance(size, (int, Sequence)):
            raise TypeError(f"Size should be int or sequence. Got {type(size)}")
        if isinstance(size, Sequence) and len(size) not in (1, 2):
            raise ValueError("If size is a sequence, it should have 1 or 2 values")
        self.size = size
        self.max_size = max_size
        self.interpolation = interpolation_mode(interpolation)
        self.antialias = antialias

    def forward(self, img: Any) -> Any:
        """The image in that size."""
        return resize(img, self.size, self.interpolation, self.max_size, self.antialias)

    def __repr__(self) -> str:
        how = f"interpolation={self.interpolation.value}, max_size={self.max_size}, antialias={self.antialias}"
        return f"{type(self).__name__}(size={self.size}, {how})"


class CenterCrop(Module):
    """The middle of the image, of size (height, width) or one for both, as `functional.center_crop` takes it."""

    def __init__(self, size: int | Sequence[int]) -> None:
        super().__init__()
        self.size = height_and_width(size)

    def forward(self, img: Any) -> Any:
        """The middle of the image."""
        return center_crop(img, self.size)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size})"


class Pad(Module):
    """The image with columns and rows around it, as `functional.pad` puts them."""

    def __init__(self, padding: int | Sequence[int], fill: Any = 0, padding_mode: str = "constant") -> None:
        super().__init__()
        each_side(padding)
        if not isinstance(fill, (int, float, tuple, list)):
            raise TypeError("Got inappropriate fill arg")
        self.padding = padding
        self.fill = fill
        self.padding_mode = checked_mode(padding_mode)

    def forward(self, img: Any) -> Any:
        """The image with a border."""
        return pad(img, self.padding, self.fill, self.padding_mode)

    def __repr__(self) -> str:
        how = f"fill={self.fill}, padding_mode={self.padding_mode}"
        return f"{type(self).__name__}(padding={self.padding}, {how})"


class FiveCrop(Module):
    """The four corners of the image, of size (height, width) or one for both, and its middle: a tuple.

    As `functional.five_crop`: ValueError when the image is smaller.
    """

    def __init__(self, size: int | Sequence[int]) -> None:
        super().__init__()
        self.size = height_and_width(size)

    def forward(self, img: Any) -> tuple[Any, ...]:
        """The five parts."""
        return five_crop(img, self.size)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size})"


class TenCrop(Module):
    """The five crops of `functional.five_crop`, and those of the mirror image: a tuple, as `functional.ten_crop` gives.

    size: (height, width), or one for both.  vertical_flip: upside down, not left for right.
    """

    def __init__(self, size: int | Sequence[int], vertical_flip: bool = False) -> None:
        super().__init__()
        self.size = height_and_width(size)
        self.vertical_flip = vertical_flip

    def forward(self, img: Any) -> tuple[Any, ...]:
        """The ten parts."""
        return ten_crop(img, self.size, self.vertical_flip)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size}, vertical_flip={self.vertical_flip})"


class RandomResizedCrop(Module):
    """A random part of the image, in the given size, (height, width).

    scale: how large the part is, at least and at most, where the image is 1.
    ratio: its width for each height, at least and at most.

    Drawn until it fits into the image, ten times at most, from the default generator in torchvision's order; then it
    is the middle of the image, as large as the ratio allows.
    """

    def __init__(
        self,
        size: int | Sequence[int],
        scale: Range = (0.08, 1.0),
        ratio: Range = (3.0 / 4.0, 4.0 / 3.0),
        interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
        antialias: bool | None = True,
    ) -> None:
        super().__init__()
        self.size = height_and_width(size)
        self.scale = checked_range("Scale", scale)
        self.ratio = checked_range("Ratio", ratio)
        self.interpolation = interpolation_mode(interpolation)
        self.antialias = antialias

    @staticmethod
    def get_params(img: Any, scale: Range, ratio: Range) -> tuple[int, int, int, int]:
        """A random part of img: its first row and column, its height and width."""
        height, width = extent(img)
        for _ in range(10):
            area = height * width * uniform(*scale)
            shape = uniform_ratio(ratio)
            columns, rows = round(math.sqrt(area * shape)), round(math.sqrt(area / shape))
            if 0 < columns <= width and 0 < rows <= height:
                top, left = randint(0, height - rows + 1, (1,)), randint(0, width - columns + 1, (1,))
                return int(top), int(left), rows, columns
        rows, columns = height, width
        if width / height < min(ratio):
            rows = round(width / min(ratio))
        elif width / height > max(ratio):
            columns = round(height * max(ratio))
        return (height - rows) // 2, (width - columns) // 2, rows, columns

    def forward(self, img: Any) -> Any:
        """The part of the image, in that size."""
        part = self.get_params(img, self.scale, self.ratio)
        return resized_crop(img, *part, self.size, self.interpolation, self.antialias)

    def __repr__(self) -> str:
        scale, ratio = (tuple(round(bound, 4) for bound in bounds) for bounds in (self.scale, self.ratio))
        how = f"interpolation={self.interpolation.value}, antialias={self.antialias}"
        return f"{type(self).__name__}(size={self.size}, scale={scale}, ratio={ratio}, {how})"


def checked_range(name: str, bounds: Any) -> Range:
    """A least and a greatest number.  TypeError for what is no sequence; a warning where the least is greater."""
    if not isinstance(bounds, Sequence):
        raise TypeError(f"{name} should be a sequence")
    if bounds[0] > bounds[1]:
        warn("Scale and ratio should be of kind (min, max)")
    low, high = bounds
    return low, high
