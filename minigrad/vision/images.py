"""What an image is: a PIL image, a NumPy array, or a Tensor.

A NumPy array has the rows first, then the columns: (height, width) or (height, width, channels).  It stands for the
PIL image of its pixels.  A Tensor has them last: (..., height, width).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from minigrad.dtypes import dtype, float16, float32, int8, int16, int32, int64, uint8
from minigrad.tensor import Tensor

PIL_DTYPES = {"I": np.int32, "I;16": np.int16, "F": np.float32}
"""The dtypes of PIL's modes that are not unsigned bytes."""


def pillow(part: str = "Image") -> Any:
    """A module of Pillow.  ModuleNotFoundError, with what to install, where it is missing."""
    try:
        return import_module(f"PIL.{part}")
    except ModuleNotFoundError:
        raise ModuleNotFoundError(
            'this needs Pillow, which is not installed: pip install Pillow, or pip install "minigrad[vision]"',
            name="PIL",
        ) from None


def is_picture(image: Any) -> bool:
    """Whether it is a PIL image."""
    pil = sys.modules.get("PIL.Image")  # not imported: there can be no such image
    return pil is not None and isinstance(image, pil.Image)


def pixels(image: Any) -> Any:
    """The image; if it is a PIL image, its pixels as a NumPy array."""
    if not is_picture(image):
        return image
    array = np.array(image, PIL_DTYPES.get(image.mode, np.uint8))
    return array * np.uint8(255) if image.mode == "1" else array


def picture(array: Any) -> Any:
    """The PIL image of an array's pixels.  TypeError for pixels of which there is none."""
    one_channel = array.ndim == 3 and array.shape[2] == 1
    try:
        return pillow().fromarray(array[..., 0] if one_channel else array)
    except TypeError:
        raise TypeError(
            f"there is no PIL image of an array of shape {array.shape} and dtype {array.dtype}: give uint8 of shape "
            "(H, W) or (H, W, 3), or a Tensor (..., C, H, W)"
        ) from None


def on_picture(function: Callable[..., Any], image: Any, *arguments: Any) -> Any:
    """What a function makes of a PIL image; of an array what it makes of its PIL image, as an array."""
    if isinstance(image, np.ndarray):
        return pixels(function(picture(image), *arguments))
    if not is_picture(image):
        raise no_image(image)
    return function(image, *arguments)


def dimensions(image: Any) -> tuple[int, int, int]:
    """The number of channels, the height and the width.  TypeError for what is no image."""
    if is_picture(image):
        return len(image.getbands()), image.height, image.width
    if not isinstance(image, (Tensor, np.ndarray)) or image.ndim < 2:
        raise no_image(image)
    if isinstance(image, Tensor):
        return (1 if image.ndim == 2 else image.shape[-3]), image.shape[-2], image.shape[-1]
    return (1 if image.ndim == 2 else image.shape[2]), image.shape[0], image.shape[1]


def extent(image: Any) -> tuple[int, int]:
    """Height and width.  TypeError for what is no image."""
    return dimensions(image)[1:]


def no_image(image: Any) -> TypeError:
    """The error for what is no image."""
    kind = f"a Tensor of {image.ndim} dimension(s)" if isinstance(image, Tensor) else type(image)
    return TypeError(f"Unexpected type {kind}: expected a PIL image, a NumPy array (H, W[, C]) or a Tensor (..., H, W)")


def float_dtype(image: Tensor) -> dtype:
    """The dtype in which to compute with a Tensor: its own, or float32 in place of integers."""
    return image.dtype if image.is_floating_point() else float32


def through_floats(function: Callable[[Tensor], Any], image: Tensor, *, half: bool = True) -> Tensor:
    """What a function makes of images (N, channels, height, width) of floats, from a Tensor of any dtype and back.

    Integers are rounded; float16 is computed in float32 where half is False.
    """
    floats = image.to(float32 if image.dtype is float16 and not half else float_dtype(image))
    result: Tensor = function(floats) if image.ndim > 3 else function(floats[None])[0]
    return (result if image.is_floating_point() else result.round()).to(image.dtype)


LARGEST = {uint8: 255, int8: 127, int16: 2**15 - 1, int32: 2**31 - 1, int64: 2**63 - 1}
"""The values that stand for full brightness; of other dtypes it is 1."""


def largest(kind: dtype) -> int:
    """The value that stands for full brightness."""
    return LARGEST.get(kind, 1)


def check_channels(image: Any) -> None:
    """TypeError for a Tensor that has neither one channel nor three."""
    channels, _, _ = dimensions(image)
    if channels not in (1, 3):
        raise TypeError(f"Input image tensor permitted channel values are [1, 3], but found {channels}")
