"""Many images as one picture, and pictures as files: torchvision.utils."""

from __future__ import annotations

import math
from typing import Any

from minigrad.autograd.grad_mode import no_grad
from minigrad.dtypes import uint8
from minigrad.ops.shaping import cat, stack
from minigrad.tensor import Tensor
from minigrad.vision.images import pillow

__all__ = ["make_grid", "save_image"]


@no_grad()
def make_grid(
    tensor: Tensor | list[Tensor],
    nrow: int = 8,
    padding: int = 2,
    normalize: bool = False,
    value_range: tuple[float, float] | None = None,
    scale_each: bool = False,
    pad_value: float = 0.0,
) -> Tensor:
    """Images side by side, nrow in each row: (N, channels, height, width) -> (channels, rows, columns).

    tensor: the images, or a list of images of one size; a single one, (H, W) or (C, H, W), comes back by itself.
        Grey images get three channels.
    padding, pad_value: so many pixels of this value stand between and around the images.
    normalize: the values of value_range, else from the least to the greatest one, become those from 0 to 1; with
        scale_each, of each image for itself.

    TypeError for what is no Tensor, and for a value_range that is no tuple.  It has no gradient.

    >>> import minigrad as torch
    >>> from minigrad.vision.utils import make_grid
    >>> list(make_grid(torch.ones(6, 1, 28, 28), nrow=3).shape)
    [3, 62, 92]
    """
    images = as_batch(tensor)
    if normalize:
        if value_range is not None and not isinstance(value_range, tuple):
            raise TypeError("value_range has to be a tuple (min, max) if specified. min and max are numbers")
        images = images.clone()
        for part in images if scale_each else [images]:
            stretch(part, *(value_range or (float(part.min()), float(part.max()))))
    if len(images) == 1:
        return images[0]
    columns = min(nrow, len(images))
    rows = math.ceil(len(images) / columns)
    channels, height, width = images.shape[1:]
    down, across = height + padding, width + padding
    grid: Tensor = images.new_full((channels, down * rows + padding, across * columns + padding), pad_value)
    for index, image in enumerate(images):
        top, left = index // columns * down + padding, index % columns * across + padding
        grid[:, top : top + height, left : left + width] = image
    return grid


def as_batch(tensor: Any) -> Tensor:
    """Images as (N, channels, height, width), with three channels where they have one."""
    for each in tensor if isinstance(tensor, list) else [tensor]:
        if not isinstance(each, Tensor):
            inside = "a list containing " if isinstance(tensor, list) else ""
            raise TypeError(f"tensor or list of tensors expected, got {inside}{type(each)}")
    images = stack(tensor) if isinstance(tensor, list) else tensor
    if images.ndim == 2:
        images = images[None]
    if images.ndim == 3:
        images = images[None]
    return cat([images] * 3, 1) if images.shape[1] == 1 else images


def stretch(images: Tensor, low: float, high: float) -> None:
    """Let low to high become 0 to 1, in place, and what lies outside 0 or 1."""
    images.clamp_(min=low, max=high)
    images.sub_(low).div_(max(high - low, 1e-5))


@no_grad()
def save_image(tensor: Tensor | list[Tensor], fp: Any, format: str | None = None, **kwargs: Any) -> None:
    """Write images, tensor, as one picture to a file: floats from 0 to 1 as bytes from 0 to 255, rounded.

    fp: a path or an open file; format: what Pillow calls the format, else the path's ending says it.
    kwargs: those of `make_grid`.
    """
    grid = make_grid(tensor, **kwargs)
    pixels = grid.mul(255).add_(0.5).clamp_(0, 255).permute(1, 2, 0).to("cpu", uint8).numpy()
    pillow().fromarray(pixels).save(fp, format=format)
