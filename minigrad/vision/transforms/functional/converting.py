"""Images of one kind as images of another: PIL images, Tensors, and the range of their values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.dtypes import dtype, float32, float64, get_default_dtype, int32, int64
from minigrad.engine.graph import wrap
from minigrad.ops.creation import as_tensor
from minigrad.tensor import Tensor
from minigrad.vision.images import is_picture, largest, on_picture, pillow, pixels

__all__ = ["convert_image_dtype", "normalize", "pil_to_tensor", "to_pil_image", "to_tensor"]


def to_tensor(pic: Any) -> Tensor:
    """A PIL image or NumPy array (height, width[, channels]) as a Tensor (channels, height, width).

    uint8 becomes the default float dtype, 0 to 255 becoming 0.0 to 1.0; other dtypes stay as they are.
    TypeError for anything else, ValueError for an array of another number of dimensions.
    """
    return to_tensors(image_array(pic, "pic should be PIL Image or ndarray.")[None])[0]


def to_tensors(images: Any) -> Tensor:
    """The same to many arrays at once, (N, height, width[, channels])."""
    images = channels_first(images)
    if images.dtype != np.uint8:
        return wrap(images.copy())
    return wrap(images.astype(get_default_dtype().numpy, order="C") / 255)


def channels_first(images: Any) -> Any:
    """Arrays (N, height, width[, channels]) as (N, channels, height, width)."""
    return (images if images.ndim == 4 else images[..., None]).transpose(0, 3, 1, 2)


def pil_to_tensor(pic: Any) -> Tensor:
    """A PIL image or NumPy array as a Tensor (channels, height, width) with the same values.

    TypeError for anything else, and for pixels of 16 bits, which no dtype of minigrad has without a sign.
    """
    if is_picture(pic) and pic.mode.startswith("I;16"):
        raise TypeError(f"minigrad has no dtype uint16 for the pixels of a PIL image of mode {pic.mode}")
    array = image_array(np.array(pic) if is_picture(pic) else pic, "pic should be PIL Image.")
    return wrap(array.reshape(*array.shape[:2], -1).transpose(2, 0, 1).copy())


def image_array(pic: Any, wanted: str) -> Any:
    """The pixels of a PIL image, or an array of as many dimensions."""
    array = pixels(pic)
    if not isinstance(array, np.ndarray):
        raise TypeError(f"{wanted} Got {type(pic)}")
    if array.ndim not in (2, 3):
        raise ValueError(f"pic should be 2/3 dimensional. Got {array.ndim} dimensions.")
    return array


ONE_CHANNEL = {"uint8": "L", "int16": "I;16", "int32": "I", "float32": "F"}
"""The mode of Pillow for pixels that are one number."""

MORE_CHANNELS = {2: ("LA",), 3: ("RGB", "YCbCr", "HSV"), 4: ("RGBA", "CMYK", "RGBX")}
"""The modes of Pillow for pixels that are several bytes: the first, unless another one is asked for."""


def to_pil_image(pic: Any, mode: str | None = None) -> Any:
    """A Tensor (channels, height, width) or NumPy array (height, width, channels) as a PIL image; (H, W) for both.

    Floats from 0 to 1 become bytes from 0 to 255, cut off; with mode "F" they stay.  mode: what Pillow calls it.
    TypeError for anything else, and for dtypes of which Pillow has no images; ValueError for other shapes, and for
    modes that do not fit.
    """
    array = pic
    if isinstance(pic, Tensor):
        array = (pic.permute(1, 2, 0) if pic.ndim == 3 else pic).numpy(force=True)
    if not isinstance(array, np.ndarray):
        raise TypeError(f"pic should be Tensor or ndarray. Got {type(pic)}.")
    if array.ndim not in (2, 3):
        raise ValueError(f"pic should be 2/3 dimensional. Got {array.ndim} dimensions.")
    channels = array.shape[2] if array.ndim == 3 else 1
    if channels > 4:
        raise ValueError(f"pic should not have > 4 channels. Got {channels} channels.")
    if array.dtype.kind == "f" and mode != "F":
        array = (array * 255).astype(np.uint8)
    mode = fitting_mode(array.dtype, channels, mode)
    height, width = array.shape[:2]
    return pillow().frombuffer(mode, (width, height), array.tobytes(), "raw", mode, 0, 1)


def through_tensor(function: Callable[..., Any], image: Any, *arguments: Any) -> Any:
    """What a function of Tensors makes of a PIL image, in the mode that it has, or of an array."""

    def of_picture(picture: Any, *arguments: Any) -> Any:
        return to_pil_image(function(pil_to_tensor(picture), *arguments), picture.mode)

    return on_picture(of_picture, image, *arguments)


def fitting_mode(kind: Any, channels: int, mode: str | None) -> str:
    """The mode of Pillow for pixels of this dtype, which is to be the one asked for."""
    fitting: tuple[str, ...]
    if channels == 1:
        fitting = (ONE_CHANNEL[kind.name],) if kind.name in ONE_CHANNEL else ()
    else:
        fitting = MORE_CHANNELS[channels]
    if mode is not None and mode not in fitting:
        raise ValueError(f"Only modes {list(fitting)} are supported for {channels} channel(s) of {kind}, not {mode}")
    if not fitting or (channels > 1 and mode is None and kind != np.uint8):
        raise TypeError(f"Input type {kind} is not supported")
    return mode or fitting[0]


def convert_image_dtype(image: Tensor, dtype: dtype = float32) -> Tensor:
    """An image in another dtype, its values scaled: from 0 to 1 as floats, from 0 to the largest value as integers.

    RuntimeError for floats that cannot tell the integers apart.
    """
    if not isinstance(image, Tensor):
        raise TypeError("Input img should be Tensor Image")
    if image.dtype is dtype:
        return image
    if dtype.is_floating_point:
        floats: Tensor = image.to(dtype)
        return floats if image.is_floating_point() else floats / float(largest(image.dtype))
    if image.is_floating_point():
        if (image.dtype, dtype) in ((float32, int32), (float32, int64), (float64, int64)):
            raise RuntimeError(f"The cast from {image.dtype} to {dtype} cannot be performed safely.")
        just_below_one_more = largest(dtype) + 1.0 - 1e-3  # so that each integer has as wide a part of 0 to 1
        return image.mul(just_below_one_more).to(dtype)
    had, gets = largest(image.dtype), largest(dtype)
    if had > gets:
        return (image // ((had + 1) // (gets + 1))).to(dtype)
    return image.to(dtype) * ((gets + 1) // (had + 1))


def normalize(tensor: Tensor, mean: Any, std: Any, inplace: bool = False) -> Tensor:
    """(tensor - mean) / std, for each channel, of a float Tensor (..., channels, height, width).

    mean, std: one number for each channel, or one for all.
    inplace: change the Tensor itself.

    TypeError for what is no float Tensor; ValueError for one of fewer than three dimensions, and for a std of zero;
    RuntimeError when there are neither one nor as many numbers as channels.
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(tensor)}")
    if not tensor.is_floating_point():
        raise TypeError(f"Input tensor should be a float tensor. Got {tensor.dtype}.")
    if tensor.ndim < 3:
        raise ValueError(
            f"Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = {tensor.size()}"
        )
    mean, std = (per_channel(value, tensor) for value in (mean, std))
    if (std.array == 0).any():
        raise ValueError(f"std evaluated to zero after conversion to {std.dtype}, leading to division by zero.")
    if inplace:
        return tensor.sub_(mean).div_(std)
    normalized: Tensor = (tensor - mean) / std
    if normalized.shape != tensor.shape:
        raise RuntimeError(
            f"output with shape {list(tensor.shape)} doesn't match the broadcast shape {list(normalized.shape)}: "
            "Normalize takes one mean and std, or one for each channel of the image"
        )
    return normalized


def per_channel(value: Any, image: Tensor) -> Tensor:
    """A mean or std in the image's dtype, one for each channel, or one for all."""
    tensor = as_tensor(value, dtype=image.dtype, device=image.device)
    return tensor.reshape(-1, 1, 1) if tensor.ndim == 1 else tensor
