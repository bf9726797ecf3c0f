"""What an image is, and parts and enlargements of it.

A NumPy array has the rows first, then the columns: (height, width) or (height, width, channels).  A Tensor has them
last: (..., height, width).
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from minigrad.ops.creation import as_tensor, full
from minigrad.tensor import Tensor

PIL_DTYPES = {"I": np.int32, "I;16": np.int16, "F": np.float32}
"""The dtypes of PIL's modes that are not unsigned bytes."""


def pixels(image: Any) -> Any:
    """The image; if it is a PIL image, its pixels as a NumPy array."""
    pil = sys.modules.get("PIL.Image")  # not imported: there can be no such image
    if pil is None or not isinstance(image, pil.Image):
        return image
    array = np.array(image, PIL_DTYPES.get(image.mode, np.uint8))
    return array * np.uint8(255) if image.mode == "1" else array


def extent(image: Any) -> tuple[int, int]:
    """Height and width.  TypeError for what is no image."""
    if not isinstance(image, (Tensor, np.ndarray)) or image.ndim < 2:
        raise TypeError(f"expected a PIL image, a NumPy array (H, W[, C]) or a Tensor (..., H, W), got {type(image)}")
    height, width = image.shape[-2:] if isinstance(image, Tensor) else image.shape[:2]
    return height, width


def cut_out(image: Any, rows: slice, columns: slice) -> Any:
    """Those rows and columns of the image."""
    return image[at(image, rows, columns)]


def mirrored(image: Any) -> Any:
    """The image with the columns in reverse order."""
    _, width = extent(image)
    return image[at(image, slice(None), positions(image, np.arange(width)[::-1]))]


def padded(image: Any, left: int, top: int, right: int, bottom: int, fill: Any, mode: Any) -> Any:
    """The image with rows and columns added, filled as numpy.pad does in the modes that torchvision has."""
    height, width = extent(image)
    if mode != "constant":
        rows = positions(image, np.pad(np.arange(height), (top, bottom), mode))
        columns = positions(image, np.pad(np.arange(width), (left, right), mode))
        return image[at(image, rows[:, None], columns)]
    inside = at(image, slice(top, top + height), slice(left, left + width))
    larger = filled(image, height + top + bottom, width + left + right, fill)
    larger[inside] = image
    return larger


def at(image: Any, rows: Any, columns: Any) -> tuple[Any, ...]:
    """The key that picks rows and columns of the image."""
    return (..., rows, columns) if isinstance(image, Tensor) else (rows, columns)


def positions(image: Any, numbers: Any) -> Any:
    """Numbers of rows or columns, as the image wants them in a key."""
    return as_tensor(numbers.copy(), device=image.device) if isinstance(image, Tensor) else numbers


def filled(image: Any, height: int, width: int, fill: Any) -> Any:
    """An image of another height and width, like another one else, filled with one value."""
    if isinstance(image, Tensor):
        return full((*image.shape[:-2], height, width), fill, dtype=image.dtype, device=image.device)
    return np.full((height, width, *image.shape[2:]), fill, image.dtype)
