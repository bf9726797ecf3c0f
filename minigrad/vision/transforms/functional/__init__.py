"""What the transforms of images do, as functions: torchvision.transforms.functional.

An image is a PIL image, a NumPy array or a Tensor, as `minigrad.vision.images` says, and comes back as what it was.
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
