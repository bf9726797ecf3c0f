"""Blurred and sharpened: each pixel a weighted mean of those around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad.ops.convolution import conv2d
from minigrad.ops.creation import linspace, tensor
from minigrad.tensor import Tensor
from minigrad.vision.images import check_channels, extent, float_dtype, on_picture, through_floats
from minigrad.vision.transforms.functional.coloring import blend, check_factor, enhanced
from minigrad.vision.transforms.functional.converting import through_tensor
from minigrad.vision.transforms.functional.placing import pad

__all__ = ["adjust_sharpness", "gaussian_blur"]


def gaussian_blur(img: Any, kernel_size: int | Sequence[int], sigma: float | Sequence[float] | None = None) -> Any:
    """The image blurred by a Gaussian bell, mirrored at its edges.

    kernel_size: the width and the height that the bell is cut to, odd; or one for both.
    sigma: the bell's widths, across and down, or one for both; else 0.15 * kernel_size + 0.35.  ValueError for a
    kernel_size that is even, a sigma of 0 or below, and more than two numbers for either.
    """
    sizes = twice(kernel_size)
    if any(size % 2 == 0 or size < 0 for size in sizes):
        raise ValueError(f"kernel_size should have odd and positive integers. Got {kernel_size}")
    sigmas = [size * 0.15 + 0.35 for size in sizes] if sigma is None else twice(sigma)
    if min(sigmas) <= 0:
        raise ValueError(f"sigma should have positive values. Got {sigma}")
    if not isinstance(img, Tensor):
        return through_tensor(gaussian_blur, img, sizes, sigmas)
    extent(img)
    across, down = (bell(size, width, float_dtype(img), img.device) for size, width in zip(sizes, sigmas))
    edges = (sizes[0] // 2, sizes[1] // 2)
    return through_floats(lambda images: averaged(pad(images, edges, 0, "reflect"), down[:, None] @ across[None]), img)


def twice(value: Any) -> list[Any]:
    """One number for both directions, or two numbers.  ValueError for more."""
    values = [value] if isinstance(value, (int, float)) else list(value)
    if len(values) not in (1, 2):
        raise ValueError(f"If kernel_size or sigma is a sequence its length should be 2. Got {len(values)}")
    return [values[0], values[-1]]


def bell(size: int, sigma: float, dtype: Any, device: Any) -> Tensor:
    """The values of a Gaussian bell around its middle, which add up to 1."""
    reach = (size - 1) * 0.5
    places = linspace(-reach, reach, size, dtype=dtype, device=device)
    heights = (-0.5 * (places / sigma).pow(2)).exp()
    return heights / heights.sum()


def averaged(images: Tensor, weights: Tensor) -> Tensor:
    """Each channel's convolution with the same weights."""
    channels = images.shape[1]
    return conv2d(images, weights.expand(channels, 1, *weights.shape), groups=channels)


def adjust_sharpness(img: Any, sharpness_factor: float) -> Any:
    """The image between its smoothed version and itself.

    sharpness_factor: 0 is smooth, 1 the image itself, 2 twice as sharp.  ValueError for one below 0.
    """
    if not isinstance(img, Tensor):
        return on_picture(enhanced, img, "Sharpness", sharpness_factor)
    check_factor("sharpness_factor", sharpness_factor)
    check_channels(img)
    if min(extent(img)) <= 2:
        return img
    weights = tensor([[1, 1, 1], [1, 5, 1], [1, 1, 1]], dtype=float_dtype(img), device=img.device) / 13
    smooth = img.clone()
    smooth[..., 1:-1, 1:-1] = through_floats(lambda images: averaged(images, weights), img)
    return blend(img, smooth, sharpness_factor)
