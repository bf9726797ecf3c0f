"""torchvision.transforms.v2, of one image at a time: the transforms of minigrad.vision.transforms, and two of its own.

Draws and pixels are those of v2, but that bytes of a resized Tensor may be one off; calls with labels and boxes beside
the image, and the classes for these, are not there, and the printed forms are those of torchvision.transforms.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.dtypes import dtype
from minigrad.engine.graph import wrap
from minigrad.nn.module import Module
from minigrad.on_use import found, names_in
from minigrad.tensor import Tensor
from minigrad.vision.images import largest
from minigrad.vision.transforms.functional.converting import channels_first, convert_image_dtype, pil_to_tensor

LATER = {
    "minigrad.vision.transforms": (
        "CenterCrop ColorJitter Compose FiveCrop GaussianBlur Grayscale InterpolationMode Lambda Normalize "
        "PILToTensor Pad RandomAdjustSharpness RandomAffine RandomAutocontrast RandomCrop RandomEqualize "
        "RandomGrayscale RandomHorizontalFlip RandomInvert RandomPerspective RandomPosterize RandomResizedCrop "
        "RandomRotation RandomSolarize RandomVerticalFlip Resize TenCrop ToPILImage ToTensor"
    )
}
"""What is there under the same names."""

__all__ = ["ToDtype", "ToImage"]
__all__ += names_in(LATER)


def __getattr__(name: str) -> Any:
    return found(__name__, LATER, name)


class ToImage(Module):
    """A PIL image or NumPy array as a Tensor (channels, height, width) with the same values; a Tensor as it is."""

    def forward(self, inpt: Any) -> Tensor:
        """The image as a Tensor."""
        return inpt if isinstance(inpt, Tensor) else pil_to_tensor(inpt)

    def batch(self, images: Any) -> Tensor:
        """The same to many arrays at once."""
        return wrap(np.ascontiguousarray(channels_first(images)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class ToDtype(Module):
    """A Tensor in another dtype; with scale its values from 0 to 1 as floats, from 0 to the largest value as integers.

    What is no Tensor stays as it is.  TypeError for a dict of dtypes, which minigrad does not have.
    """

    def __init__(self, dtype: dtype, scale: bool = False) -> None:
        super().__init__()
        if isinstance(dtype, dict):
            raise TypeError("ToDtype: minigrad takes one dtype, not one for each kind of input")
        self.dtype = dtype
        self.scale = scale

    def forward(self, inpt: Any) -> Any:
        """The image in that dtype."""
        if not isinstance(inpt, Tensor) or inpt.dtype is self.dtype:
            return inpt
        if not self.scale:
            return inpt.to(self.dtype)
        if self.dtype.is_floating_point and not inpt.is_floating_point():
            return inpt.to(self.dtype) * (1.0 / largest(inpt.dtype))  # v2 multiplies, where the first version divides
        return convert_image_dtype(inpt, self.dtype)

    batch = forward

    def __repr__(self) -> str:
        return f"{type(self).__name__}(scale={self.scale})"
