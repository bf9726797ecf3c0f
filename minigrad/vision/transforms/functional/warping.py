"""Turned, shifted, sheared, seen from the side: images whose pixels come from other places.

For each pixel of the result a matrix says where it comes from.  Pillow counts places from the upper left corner of the
image; for Tensors they are counted from its middle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.nn import functional
from minigrad.ops.creation import linspace, tensor
from minigrad.ops.selection import where
from minigrad.ops.shaping import cat, stack
from minigrad.tensor import Tensor
from minigrad.vision.images import dimensions, extent, float_dtype, on_picture, pillow, through_floats
from minigrad.vision.transforms.functional.converting import through_tensor
from minigrad.vision.transforms.functional.placing import picture_fill
from minigrad.vision.transforms.functional.resampling import OF_PILLOW, InterpolationMode, interpolation_mode

__all__ = ["affine", "elastic_transform", "perspective", "rotate"]


def rotate(
    img: Any,
    angle: float,
    interpolation: InterpolationMode | int = InterpolationMode.NEAREST,
    expand: bool = False,
    center: Sequence[float] | None = None,
    fill: Any = None,
) -> Any:
    """The image turned by angle, in degrees against the clock.

    expand: make it so large that all of the turned image is in it.
    center: the point around which it is turned, across and down from the upper left corner; else the middle.
    fill: the value of pixels from outside the image, one or one for each channel; else 0.  TypeError for an angle that
    is no number, ValueError for an interpolation that Tensors do not have.
    """
    mode = interpolation_mode(interpolation)
    if not isinstance(angle, (int, float)):
        raise TypeError("Argument angle should be int or float")
    if not isinstance(img, Tensor):

        def turned(image: Any) -> Any:
            return image.rotate(angle, OF_PILLOW[mode], expand, center, fillcolor=picture_fill(fill, image))

        return on_picture(turned, img)
    matrix = origins(from_middle(center, img), -angle, (0, 0), 1.0, (0.0, 0.0))
    height, width = extent(img)
    size = extent_turned(matrix, height, width) if expand else (height, width)
    return sampled(img, affine_grid(matrix, img, *size), mode, fill)


def affine(
    img: Any,
    angle: float,
    translate: Sequence[float],
    scale: float,
    shear: float | Sequence[float],
    interpolation: InterpolationMode | int = InterpolationMode.NEAREST,
    fill: Any = None,
    center: Sequence[float] | None = None,
) -> Any:
    """The image turned with the clock, shifted, enlarged and sheared.

    angle: degrees.  translate: pixels, across and down.  scale: how many times as large.  shear: degrees, along the
    rows and along the columns.  fill, center: as for `rotate`.  TypeError for an angle that is no number, ValueError
    for a scale of 0 or below, and an interpolation that Tensors do not have.
    """
    mode = interpolation_mode(interpolation)
    if not isinstance(angle, (int, float)):
        raise TypeError("Argument angle should be int or float")
    if len(translate) != 2:
        raise ValueError("Argument translate should be a sequence of length 2")
    if scale <= 0.0:
        raise ValueError("Argument scale should be positive")
    shears = [shear, 0.0] if isinstance(shear, (int, float)) else list(shear)
    if len(shears) not in (1, 2):
        raise ValueError(f"Shear should be a sequence containing two values. Got {shear}")
    how = (float(angle), tuple(translate), scale, (shears[0], shears[-1]))
    height, width = extent(img)
    if isinstance(img, Tensor):
        matrix = origins(from_middle(center, img), *how)
        return sampled(img, affine_grid(matrix, img, height, width), mode, fill)
    matrix = origins((width * 0.5, height * 0.5) if center is None else tuple(center), *how)
    return on_picture(transformed, img, "AFFINE", matrix, mode, fill)


def transformed(image: Any, how: str, numbers: list[float], mode: InterpolationMode, fill: Any) -> Any:
    """A PIL image, transformed by Pillow."""
    method = getattr(pillow().Transform, how)
    return image.transform(image.size, method, numbers, OF_PILLOW[mode], fillcolor=picture_fill(fill, image))


def from_middle(center: Sequence[float] | None, image: Tensor) -> tuple[float, float]:
    """A point that is counted from the upper left corner, counted from the middle."""
    if center is None:
        return 0.0, 0.0
    height, width = extent(image)
    return center[0] - width * 0.5, center[1] - height * 0.5


def origins(
    center: tuple[float, ...], angle: float, translate: tuple[float, ...], scale: float, shear: tuple[float, float]
) -> list[float]:
    """The six numbers that say where a pixel comes from: those of the matrix that undoes what is asked for.

    What is asked for is T C R S H C^-1: shifted to the center and back (C), sheared (H), scaled (S), turned (R) and
    translated (T).
    """
    turn, shear_x, shear_y = (math.radians(degrees) for degrees in (angle, *shear))
    a = math.cos(turn - shear_y) / math.cos(shear_y)
    b = -math.cos(turn - shear_y) * math.tan(shear_x) / math.cos(shear_y) - math.sin(turn)
    c = math.sin(turn - shear_y) / math.cos(shear_y)
    d = -math.sin(turn - shear_y) * math.tan(shear_x) / math.cos(shear_y) + math.cos(turn)
    a, b, c, d = (number / scale for number in (d, -b, -c, a))  # the inverse, since a d - b c is 1
    x, y = -center[0] - translate[0], -center[1] - translate[1]
    return [a, b, a * x + b * y + center[0], c, d, c * x + d * y + center[1]]


def extent_turned(matrix: list[float], height: int, width: int) -> tuple[int, int]:
    """The height and width that all of a turned image needs, rounded up as Pillow does."""
    corners = np.array([[x * width, y * height, 1] for x in (-0.5, 0.5) for y in (-0.5, 0.5)], np.float32)
    turned = corners @ np.array(matrix, np.float32).reshape(2, 3).T
    half = np.array([width * 0.5, height * 0.5], np.float32)
    first, last = turned.min(0) + half, turned.max(0) + half
    precision = np.float32(1e-4)
    first, last = (np.trunc(bound / precision) * precision for bound in (first, last))
    columns, rows = np.ceil(last) - np.floor(first)
    return int(rows), int(columns)


def affine_grid(matrix: list[float], image: Tensor, height: int, width: int) -> Tensor:
    """The places that a matrix says, for an image of this height and width: (1, height, width, 2), from -1 to 1."""
    theta = tensor(matrix, dtype=float_dtype(image), device=image.device).reshape(2, 3)
    rows, columns = extent(image)
    scaled = theta.T / tensor([0.5 * columns, 0.5 * rows], dtype=theta.dtype, device=image.device)
    return mapped(scaled, height, width, -height * 0.5, -width * 0.5)


def mapped(matrix: Tensor, height: int, width: int, top: float, left: float) -> Tensor:
    """(x, y, 1) @ matrix of the middle of each pixel, of which the first lies at the top left: (1, height, width, n).

    Added up in PyTorch's order, since half a rounding error can decide which pixel is the nearest one.
    """
    options: dict[str, Any] = {"dtype": matrix.dtype, "device": matrix.device}
    x = linspace(left + 0.5, left + 0.5 + width - 1, width, **options).reshape(1, 1, width, 1)
    y = linspace(top + 0.5, top + 0.5 + height - 1, height, **options).reshape(1, height, 1, 1)
    places: Tensor = x * matrix[0] + y * matrix[1] + matrix[2]
    return places


def sampled(image: Tensor, grid: Tensor, mode: InterpolationMode, fill: Any) -> Tensor:
    """The image's values at the places of a grid, and fill where they are outside."""
    channels, _, _ = dimensions(image)
    fills = None if fill is None else [float(fill)] if isinstance(fill, (int, float)) else [float(f) for f in fill]
    if fills is not None and len(fills) not in (1, channels):
        raise ValueError(
            "The number of elements in 'fill' cannot broadcast to match the number of channels of the image "
            f"({len(fills)} != {channels})"
        )
    if mode not in (InterpolationMode.NEAREST, InterpolationMode.BILINEAR):
        raise ValueError(f"Interpolation mode '{mode.value}' is unsupported with Tensor input")

    def at_grid(images: Tensor) -> Any:
        places = grid.expand(len(images), *grid.shape[1:])
        if fills is None:
            return functional.grid_sample(images, places, mode=mode.value, align_corners=False)
        inside = images.new_ones((len(images), 1, *images.shape[-2:]))  # a channel that says how much is image
        values = functional.grid_sample(cat([images, inside], 1), places, mode=mode.value, align_corners=False)
        values, inside = values[:, :-1], values[:, -1:]
        outside = tensor(fills, dtype=images.dtype, device=images.device).reshape(1, -1, 1, 1)
        if mode is InterpolationMode.NEAREST:
            return where(inside < 0.5, outside, values)
        return values * inside + (1.0 - inside) * outside

    return through_floats(at_grid, image)


def perspective(
    img: Any,
    startpoints: Sequence[Sequence[int]],
    endpoints: Sequence[Sequence[int]],
    interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
    fill: Any = None,
) -> Any:
    """The image seen from the side: four points of it come to lie where others are.

    startpoints, endpoints: the points before and after, (x, y) each.  ValueError for other than four points.
    """
    mode = interpolation_mode(interpolation)
    numbers = perspective_numbers(startpoints, endpoints)
    if not isinstance(img, Tensor):
        return on_picture(transformed, img, "PERSPECTIVE", numbers, mode, fill)
    a, b, c, d, e, f, g, h = numbers
    height, width = extent(img)
    options: dict[str, Any] = {"dtype": float_dtype(img), "device": img.device}
    scaled = tensor([[a, b, c], [d, e, f]], **options).T / tensor([0.5 * width, 0.5 * height], **options)
    above = mapped(scaled, height, width, 0, 0)
    below = mapped(tensor([[g, h, 1.0], [g, h, 1.0]], **options).T, height, width, 0, 0)
    return sampled(img, above / below - 1.0, mode, fill)


def perspective_numbers(startpoints: Any, endpoints: Any) -> list[float]:
    """The eight numbers of a perspective: (x, y) comes from (a x + b y + c, d x + e y + f) / (g x + h y + 1)."""
    if len(startpoints) != 4 or len(endpoints) != 4:
        raise ValueError(
            f"Please provide exactly four corners, got {len(startpoints)} startpoints and {len(endpoints)} endpoints."
        )
    equations = []
    for (x, y), (u, v) in zip(endpoints, startpoints):
        equations += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    solution = np.linalg.solve(np.array(equations, np.float64), np.array(startpoints, np.float64).reshape(8))
    numbers: list[float] = solution.astype(np.float32).tolist()
    return numbers


def elastic_transform(
    img: Any,
    displacement: Tensor,
    interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
    fill: Any = None,
) -> Any:
    """The image with each pixel from a place beside its own.

    displacement: (1, height, width, 2), how far across and down, where the image goes from -1 to 1.  TypeError for a
    displacement that is no Tensor, ValueError for one of another shape.
    """
    mode = interpolation_mode(interpolation)
    if not isinstance(displacement, Tensor):
        raise TypeError("Argument displacement should be a Tensor")
    if not isinstance(img, Tensor):
        return through_tensor(elastic_transform, img, displacement, mode, fill)
    height, width = extent(img)
    if displacement.shape != (1, height, width, 2):
        raise ValueError(
            f"Argument displacement shape should be {(1, height, width, 2)}, but given {tuple(displacement.shape)}"
        )
    y, x = (linspace((1 - size) / size, (size - 1) / size, size, device=img.device) for size in (height, width))
    own = stack([x.expand(height, width), y.unsqueeze(-1).expand(height, width)], -1)[None]
    return sampled(img, own + displacement.to(img.device), mode, fill)
