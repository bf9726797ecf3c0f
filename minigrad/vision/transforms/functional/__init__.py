"""What the transforms of images do, as functions: torchvision.transforms.functional.

An image is a PIL image, a NumPy array or a Tensor, as `minigrad.vision.images` says, and comes back as what it was.
"""

from typing import Any

from minigrad.on_use import found, names_in

FAMILIES = {
    "minigrad.vision.transforms.functional.placing": (
        "center_crop crop erase five_crop get_dimensions get_image_num_channels get_image_size hflip pad ten_crop vflip"
    ),
}
"""The functions of each module."""

__all__ = names_in(FAMILIES)


def __getattr__(name: str) -> Any:
    """What is imported when it is first used."""
    return found(__name__, FAMILIES, name)
