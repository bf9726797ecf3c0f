"""What the transforms of images do, as functions: torchvision.transforms.functional.

An image, `img` or `pic`, is a PIL image, a NumPy array (height, width) or (height, width, channels), or a Tensor
(..., channels, height, width), and comes back as what it was; TypeError for anything else.

`interpolation`: an `InterpolationMode`, how values between pixels are found.  `fill`: the value of pixels from outside
of the image, one or one for each channel; else 0.
https://docs.pytorch.org/vision/stable/transforms.html#functional-transforms
"""

from typing import Any

from minigrad.on_use import found, names_in

FAMILIES = {
    "minigrad.vision.transforms.functional.converting": (
        "convert_image_dtype normalize pil_to_tensor to_pil_image to_tensor"
    ),
    "minigrad.vision.transforms.functional.placing": (
        "center_crop crop erase five_crop get_dimensions get_image_num_channels get_image_size hflip pad ten_crop vflip"
    ),
    "minigrad.vision.transforms.functional.resampling": "InterpolationMode resize resized_crop",
    "minigrad.vision.transforms.functional.warping": "affine elastic_transform perspective rotate",
    "minigrad.vision.transforms.functional.coloring": (
        "adjust_brightness adjust_contrast adjust_gamma adjust_hue adjust_saturation autocontrast equalize invert "
        "posterize rgb_to_grayscale solarize to_grayscale"
    ),
    "minigrad.vision.transforms.functional.filtering": "adjust_sharpness gaussian_blur",
}
"""The functions of each module."""

__all__ = names_in(FAMILIES)


def __getattr__(name: str) -> Any:
    """What is imported when it is first used."""
    return found(__name__, FAMILIES, name)
