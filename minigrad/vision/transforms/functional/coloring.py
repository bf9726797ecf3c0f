"""Brighter, paler, grey: functions of each pixel, and of how bright the others are."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.dtypes import float32, int64, uint8
from minigrad.ops.selection import where
from minigrad.ops.shaping import cat, stack
from minigrad.tensor import Tensor
from minigrad.vision.images import check_channels, dimensions, float_dtype, largest, on_picture, pillow
from minigrad.vision.transforms.functional.converting import convert_image_dtype

__all__ = [
    "adjust_brightness",
    "adjust_contrast",
    "adjust_gamma",
    "adjust_hue",
    "adjust_saturation",
    "autocontrast",
    "equalize",
    "invert",
    "posterize",
    "rgb_to_grayscale",
    "solarize",
    "to_grayscale",
]


def adjust_brightness(img: Any, brightness_factor: float) -> Any:
    """The image times brightness_factor: 0 is black, 1 the image itself, 2 twice as bright.

    ValueError for a factor below 0.
    """
    if not isinstance(img, Tensor):
        return on_picture(enhanced, img, "Brightness", brightness_factor)
    check_factor("brightness_factor", brightness_factor)
    check_channels(img)
    return blend(img, img.new_zeros(img.shape), brightness_factor)


def adjust_contrast(img: Any, contrast_factor: float) -> Any:
    """The image between its mean grey and itself.

    contrast_factor: 0 is grey, 1 the image itself, 2 twice as far from grey.  ValueError for one below 0.
    """
    if not isinstance(img, Tensor):
        return on_picture(enhanced, img, "Contrast", contrast_factor)
    check_factor("contrast_factor", contrast_factor)
    check_channels(img)
    grey = rgb_to_grayscale(img) if dimensions(img)[0] == 3 else img
    mean = grey.to(float_dtype(img)).mean((-3, -2, -1), keepdim=True)
    return blend(img, mean, contrast_factor)


def adjust_saturation(img: Any, saturation_factor: float) -> Any:
    """The image between its grey version and itself.

    saturation_factor: 0 is grey, 1 the image itself, 2 twice as colourful.  ValueError for one below 0.
    """
    if not isinstance(img, Tensor):
        return on_picture(enhanced, img, "Color", saturation_factor)
    check_factor("saturation_factor", saturation_factor)
    check_channels(img)
    return img if dimensions(img)[0] == 1 else blend(img, rgb_to_grayscale(img), saturation_factor)


def enhanced(image: Any, what: str, factor: float) -> Any:
    """What Pillow makes of its image."""
    return getattr(pillow("ImageEnhance"), what)(image).enhance(factor)


def check_factor(name: str, factor: float) -> None:
    """ValueError for a factor below zero."""
    if factor < 0:
        raise ValueError(f"{name} ({factor}) is not non-negative.")


def blend(image: Tensor, other: Any, ratio: float) -> Tensor:
    """So much of one image, the rest of the other, within what the dtype stands for."""
    ratio = float(ratio)
    mixed: Tensor = ratio * image + (1.0 - ratio) * other
    return mixed.clamp(0, largest(image.dtype)).to(image.dtype)


def adjust_gamma(img: Any, gamma: float, gain: float = 1) -> Any:
    """gain * image ** gamma, for values from 0 to 1: above 1 shadows get darker, below 1 brighter.

    ValueError for a gamma below 0.
    """
    if gamma < 0:
        raise ValueError("Gamma should be a non-negative real number")
    if not isinstance(img, Tensor):
        return on_picture(picture_gamma, img, gamma, gain)
    check_channels(img)
    floats = convert_image_dtype(img, float_dtype(img))
    return convert_image_dtype((gain * floats.pow(gamma)).clamp(0, 1), img.dtype)


def picture_gamma(image: Any, gamma: float, gain: float) -> Any:
    """The same to a PIL image."""
    values = [int((255 + 1 - 1e-3) * gain * pow(value / 255.0, gamma)) for value in range(256)]
    return image.convert("RGB").point(values * 3).convert(image.mode)


def adjust_hue(img: Any, hue_factor: float) -> Any:
    """The image with its colours turned on the colour wheel.

    hue_factor: 0 is the image itself, 0.5 and -0.5 half a turn.  ValueError for more than half a turn.
    """
    if not -0.5 <= hue_factor <= 0.5:
        raise ValueError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    if not isinstance(img, Tensor):
        return on_picture(picture_hue, img, hue_factor)
    check_channels(img)
    if dimensions(img)[0] == 1:
        return img
    hue, saturation, value = to_hsv(convert_image_dtype(img, float32))
    return convert_image_dtype(from_hsv((hue + hue_factor) % 1.0, saturation, value), img.dtype)


def picture_hue(image: Any, hue_factor: float) -> Any:
    """The same to a PIL image: its hue, a byte, goes round."""
    if image.mode in ("L", "1", "I", "F"):
        return image
    hue, saturation, value = image.convert("HSV").split()
    turned = (np.array(hue, np.int64) + int(hue_factor * 255)).astype(np.uint8)
    hue = pillow().fromarray(turned)
    return pillow().merge("HSV", (hue, saturation, value)).convert(image.mode)


def to_hsv(image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Hue, saturation and value, each from 0 to 1, of red, green and blue.

    Source: A. R. Smith, Color gamut transform pairs, 1978
    """
    red, green, blue = image.unbind(-3)
    most, least = image.max(-3).values, image.min(-3).values
    grey = most == least
    spread = most - least
    divisor = where(grey, 1.0, spread)
    from_red, from_green, from_blue = ((most - channel) / divisor for channel in (red, green, blue))
    is_red = most == red
    is_green = (most == green) & ~is_red
    is_blue = (most != green) & ~is_red
    sixth = is_red * (from_blue - from_green)
    sixth = sixth + is_green * (2.0 + from_red - from_blue) + is_blue * (4.0 + from_green - from_red)
    return (sixth / 6.0 + 1.0).fmod(1.0), spread / where(grey, 1.0, most), most


def from_hsv(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    """Red, green and blue of hue, saturation and value: in each sixth of the wheel one rises or falls."""
    sixth = (hue * 6.0).floor()
    part = hue * 6.0 - sixth
    low = (value * (1.0 - saturation)).clamp(0.0, 1.0)
    falling = (value * (1.0 - saturation * part)).clamp(0.0, 1.0)
    rising = (value * (1.0 - saturation * (1.0 - part))).clamp(0.0, 1.0)
    red = stack([value, falling, low, low, rising, value])
    green, blue = stack([rising, value, value, falling, low, low]), stack([low, low, rising, value, value, falling])
    which = sixth.to(int64)[None] % 6
    colours: Tensor = cat([channel.gather(0, which) for channel in (red, green, blue)]).movedim(0, -3)
    return colours


def rgb_to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """The image in grey, in num_output_channels, 1 or 3 equal ones: 0.2989 red + 0.587 green + 0.114 blue.

    TypeError for a Tensor of other than 1 or 3 channels, ValueError for another num_output_channels.
    """
    if not isinstance(img, Tensor):
        return on_picture(picture_grey, img, num_output_channels)
    check_image(img)
    check_grey(num_output_channels)
    grey = img.clone()
    if img.shape[-3] == 3:
        red, green, blue = img.unbind(-3)
        grey = (0.2989 * red + 0.587 * green + 0.114 * blue).to(img.dtype).unsqueeze(-3)
    return grey.expand(img.shape) if num_output_channels == 3 else grey


def to_grayscale(img: Any, num_output_channels: int = 1) -> Any:
    """The PIL image in grey, in num_output_channels, 1 or 3 equal ones.  TypeError for a Tensor."""
    if isinstance(img, Tensor):
        raise TypeError("Input should be PIL Image; of a Tensor take rgb_to_grayscale")
    return on_picture(picture_grey, img, num_output_channels)


def picture_grey(image: Any, channels: int) -> Any:
    """The same to a PIL image."""
    check_grey(channels)
    grey = image.convert("L")
    return grey if channels == 1 else pillow().merge("RGB", [grey] * 3)


def check_grey(channels: int) -> None:
    """ValueError for a number of channels that no grey image has."""
    if channels not in (1, 3):
        raise ValueError("num_output_channels should be either 1 or 3")


def invert(img: Any) -> Any:
    """The negative of the image: dark for bright.

    >>> import minigrad as torch
    >>> from minigrad.vision.transforms import functional
    >>> functional.invert(torch.tensor([[[0.0, 1.0, 0.25]]]))
    tensor([[[1.0000, 0.0000, 0.7500]]])
    """
    if not isinstance(img, Tensor):
        return on_picture(pillow("ImageOps").invert, img)
    check_image(img)
    return largest(img.dtype) - img


def posterize(img: Any, bits: int) -> Any:
    """The image with only so many of the 8 bits of each value.  ValueError for a number of bits that there is not."""
    if not 0 <= bits <= 8:
        raise ValueError(f"The number if bits should be between 0 and 8. Got {bits}")
    if not isinstance(img, Tensor):
        return on_picture(pillow("ImageOps").posterize, img, bits)
    check_bytes(img)
    step = 2 ** (8 - bits)
    return img - img % step if step < 256 else img * 0


def solarize(img: Any, threshold: float) -> Any:
    """The image with the values from the threshold on inverted.  TypeError for one that no value reaches."""
    if not isinstance(img, Tensor):
        return on_picture(pillow("ImageOps").solarize, img, threshold)
    check_image(img)
    if threshold > largest(img.dtype):
        raise TypeError("Threshold should be less than bound of img.")
    return where(img >= threshold, invert(img), img)


def autocontrast(img: Any) -> Any:
    """The image with each channel stretched, from its darkest value to black and from its brightest to white.

    TypeError for a Tensor of other than 1 or 3 channels.
    """
    if not isinstance(img, Tensor):
        return on_picture(pillow("ImageOps").autocontrast, img)
    check_image(img)
    floats = img.to(float_dtype(img))
    least, most = floats.amin((-2, -1), keepdim=True), floats.amax((-2, -1), keepdim=True)
    scale = largest(img.dtype) / (most - least)
    flat = ~scale.isfinite()
    stretched = (floats - where(flat, 0.0, least)) * where(flat, 1.0, scale)
    return stretched.clamp(0, largest(img.dtype)).to(img.dtype)


def equalize(img: Any) -> Any:
    """The image with each channel's values spread so that each range of them is as frequent.

    TypeError for a Tensor that is not uint8, or has other than 1 or 3 channels.
    """
    if not isinstance(img, Tensor):
        return on_picture(pillow("ImageOps").equalize, img)
    check_bytes(img)
    channels = img.reshape(-1, *img.shape[-2:])
    return stack([equalized(channel) for channel in channels]).reshape(img.shape)


def equalized(channel: Tensor) -> Tensor:
    """The same to one channel: each value becomes the part of the pixels that are darker."""
    counts = channel.flatten().bincount(minlength=256)
    step = counts[counts != 0][:-1].sum() // 255
    if step == 0:
        return channel
    darker = (counts.cumsum(0) + step // 2) // step
    values = cat([darker.new_zeros(1), darker[:-1]]).clamp(0, 255).to(uint8)
    return values[channel.to(int64)]


def check_image(img: Tensor) -> None:
    """TypeError for a Tensor that is no image of one channel or three."""
    if img.ndim < 3:
        raise TypeError(f"Input image tensor should have at least 3 dimensions, but found {img.ndim}")
    check_channels(img)


def check_bytes(img: Tensor) -> None:
    """TypeError for a Tensor that is no image of bytes."""
    check_image(img)
    if img.dtype is not uint8:
        raise TypeError(f"Only torch.uint8 image tensors are supported, but found {img.dtype}")
