"""Transforms to other places: turned, shifted, seen from the side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad.nn.module import Module
from minigrad.ops.sampling import rand, randint
from minigrad.ops.shaping import cat
from minigrad.tensor import Tensor
from minigrad.vision.images import extent
from minigrad.vision.transforms.draws import Range, angles, check_length, checked_fill, uniform
from minigrad.vision.transforms.functional.filtering import gaussian_blur
from minigrad.vision.transforms.functional.resampling import InterpolationMode, interpolation_mode
from minigrad.vision.transforms.functional.warping import affine, elastic_transform, perspective, rotate

__all__ = ["ElasticTransform", "RandomAffine", "RandomPerspective", "RandomRotation"]


class RandomRotation(Module):
    """The image turned by a random angle: from -degrees to degrees, or of a range.

    interpolation, expand, center, fill: as for `functional.rotate`.  One number of the default generator.
    """

    def __init__(
        self,
        degrees: float | Sequence[float],
        interpolation: InterpolationMode | int = InterpolationMode.NEAREST,
        expand: bool = False,
        center: Sequence[float] | None = None,
        fill: Any = 0,
    ) -> None:
        super().__init__()
        self.degrees = angles(degrees, "degrees")
        if center is not None:
            check_length(center, "center")
        self.center = center
        self.interpolation = interpolation_mode(interpolation)
        self.expand = expand
        self.fill = checked_fill(fill)

    @staticmethod
    def get_params(degrees: Sequence[float]) -> float:
        """A random angle, in degrees: from, to."""
        return uniform(*degrees)

    def forward(self, img: Any) -> Any:
        """The turned image."""
        angle = self.get_params(self.degrees)
        return rotate(img, angle, self.interpolation, self.expand, self.center, self.fill)

    def __repr__(self) -> str:
        parts = [f"degrees={self.degrees}", f"interpolation={self.interpolation.value}", f"expand={self.expand}"]
        parts += [f"center={self.center}"] if self.center is not None else []
        return f"{type(self).__name__}({', '.join(parts)}, fill={self.fill})"


class RandomAffine(Module):
    """The image turned, shifted, enlarged and sheared at random.

    degrees: from -degrees to degrees, or a range.
    translate: how far at most, across and down, in parts of the image.
    scale: from, to.
    shear: from -shear to shear along the rows; or a range of that; or that and one along the columns.
    interpolation, fill, center: as for `functional.affine`.

    Drawn by the default generator in this order; none for what is None.
    """

    def __init__(
        self,
        degrees: float | Sequence[float],
        translate: Sequence[float] | None = None,
        scale: Sequence[float] | None = None,
        shear: float | Sequence[float] | None = None,
        interpolation: InterpolationMode | int = InterpolationMode.NEAREST,
        fill: Any = 0,
        center: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        self.degrees = angles(degrees, "degrees")
        for name, value in (("translate", translate), ("scale", scale), ("center", center)):
            if value is not None:
                check_length(value, name)
        if translate is not None and not all(0.0 <= part <= 1.0 for part in translate):
            raise ValueError("translation values should be between 0 and 1")
        if scale is not None and min(scale) <= 0:
            raise ValueError("scale values should be positive")
        self.translate = translate
        self.scale = scale
        self.shear = None if shear is None else angles(shear, "shear", (2, 4))
        self.interpolation = interpolation_mode(interpolation)
        self.fill = checked_fill(fill)
        self.center = center

    @staticmethod
    def get_params(
        degrees: Sequence[float],
        translate: Sequence[float] | None,
        scale_ranges: Sequence[float] | None,
        shears: Sequence[float] | None,
        img_size: Sequence[int],
    ) -> tuple[float, tuple[int, int], float, tuple[float, float]]:
        """A random angle, shift, scale (scale_ranges) and shear (shears) for an image of img_size, (width, height)."""
        angle = uniform(*degrees)
        far = [] if translate is None else [float(part * size) for part, size in zip(translate, img_size)]
        across, down = [round(uniform(-reach, reach)) for reach in far] or (0, 0)
        scale = 1.0 if scale_ranges is None else uniform(*scale_ranges)
        ranges = [shears[i : i + 2] for i in range(0, len(shears), 2)] if shears is not None else []
        shear_x, shear_y = ([uniform(*bounds) for bounds in ranges] + [0.0, 0.0])[:2]
        return angle, (across, down), scale, (shear_x, shear_y)

    def forward(self, img: Any) -> Any:
        """The image, elsewhere."""
        height, width = extent(img)
        how = self.get_params(self.degrees, self.translate, self.scale, self.shear, [width, height])
        return affine(img, *how, self.interpolation, self.fill, self.center)

    def __repr__(self) -> str:
        parts = [f"degrees={self.degrees}"]
        parts += [f"{name}={v}" for name in ("translate", "scale", "shear") if (v := getattr(self, name)) is not None]
        if self.interpolation is not InterpolationMode.NEAREST:
            parts.append(f"interpolation={self.interpolation.value}")
        parts += [f"fill={self.fill}"] if self.fill != 0 else []
        parts += [f"center={self.center}"] if self.center is not None else []
        return f"{type(self).__name__}({', '.join(parts)})"


class RandomPerspective(Module):
    """The image seen from a random side, with probability p.

    distortion_scale: how far its corners move at most, where 1 is half of the image.
    interpolation, fill: as for `functional.perspective`.
    """

    def __init__(
        self,
        distortion_scale: float = 0.5,
        p: float = 0.5,
        interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
        fill: Any = 0,
    ) -> None:
        super().__init__()
        self.p = p
        self.interpolation = interpolation_mode(interpolation)
        self.distortion_scale = distortion_scale
        self.fill = checked_fill(fill)

    @staticmethod
    def get_params(width: int, height: int, distortion_scale: float) -> tuple[list[list[int]], list[list[int]]]:
        """The corners of the image, and random places for them: (x, y) each, clockwise from the upper left one."""
        across, down = int(distortion_scale * (width // 2)), int(distortion_scale * (height // 2))
        left, right = (0, across + 1), (width - across - 1, width)
        top, bottom = (0, down + 1), (height - down - 1, height)
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        places = [[int(randint(low, high, (1,))) for low, high in corner] for corner in corners]
        return [[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], places

    def forward(self, img: Any) -> Any:
        """The image from a side, or the image."""
        height, width = extent(img)
        if not rand(1) < self.p:
            return img
        corners, places = self.get_params(width, height, self.distortion_scale)
        return perspective(img, corners, places, self.interpolation, self.fill)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


class ElasticTransform(Module):
    """The image as if printed on rubber: each pixel from a place nearby, its neighbours from places near that one.

    alpha: how far the places are; sigma: how smooth; both across and down, or one for both.
    """

    def __init__(
        self,
        alpha: float | Sequence[float] = 50.0,
        sigma: float | Sequence[float] = 5.0,
        interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
        fill: Any = 0,
    ) -> None:
        super().__init__()
        self.alpha = both_ways("alpha", alpha)
        self.sigma = both_ways("sigma", sigma)
        self.interpolation = interpolation_mode(interpolation)
        if not isinstance(fill, (int, float, list, tuple)):
            raise TypeError(f"fill should be int or float or a list or tuple of them. Got {type(fill)}")
        self.fill = [float(fill)] if isinstance(fill, (int, float)) else [float(value) for value in fill]

    @staticmethod
    def get_params(alpha: Sequence[float], sigma: Sequence[float], size: Sequence[int]) -> Tensor:
        """Random displacements (1, height, width, 2), smoothed, for an image of size (height, width)."""
        directions = []
        for strength, width, length in zip(alpha, sigma, reversed(size)):
            shifts = rand([1, 1, *size]) * 2 - 1
            if width > 0.0:
                shifts = gaussian_blur(shifts, int(8 * width + 1) | 1, list(sigma))
            directions.append(shifts * strength / length)
        displacement: Tensor = cat(directions, 1)
        return displacement.permute(0, 2, 3, 1)

    def forward(self, tensor: Any) -> Any:
        """The image on rubber."""
        displacement = self.get_params(self.alpha, self.sigma, extent(tensor))
        return elastic_transform(tensor, displacement, self.interpolation, self.fill)

    def __repr__(self) -> str:
        how = f"alpha={self.alpha}, sigma={self.sigma}, interpolation={self.interpolation}, fill={self.fill}"
        return f"{type(self).__name__}({how})"


def both_ways(name: str, value: Any) -> Range:
    """A float for both directions, or two floats."""
    if not isinstance(value, (float, Sequence)):
        raise TypeError(f"{name} should be float or a sequence of floats. Got {type(value)}")
    values = [value, value] if isinstance(value, float) else list(value)
    if len(values) != 2:
        raise ValueError(f"If {name} is a sequence its length should be 2. Got {len(values)}")
    if not all(isinstance(each, float) for each in values):
        raise TypeError(f"{name} should be a sequence of floats. Got {values}")
    return values  # type: ignore[return-value]  # a list, as torchvision prints it
