"""Transforms of images, as in torchvision.

An image is a PIL image, a NumPy array of shape (height, width) or (height, width, channels), as the datasets here have
them, or a Tensor of shape (..., channels, height, width), as `ToTensor` makes it.

A transform is called with one image.  Where it also has a method `batch`, that does the same to many at once: to a
NumPy array, or a Tensor, with one more dimension in front.  `batch_version` says whether there is one to use.
What a transform does is a function of torchvision.transforms.functional, to which it leads: that says the rest.

`interpolation`: an `InterpolationMode`, how values between pixels are found.  `fill`: the value of pixels from outside
of the image.  `antialias`: see `functional.resize`.  `p`: a probability.
https://docs.pytorch.org/vision/stable/transforms.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minigrad.nn.module import Module
from minigrad.on_use import found, names_in
from minigrad.ops.sampling import randint
from minigrad.tensor import Tensor
from minigrad.utils.data.whole_batches import speaks_for
from minigrad.vision.images import extent
from minigrad.vision.transforms.draws import Chance
from minigrad.vision.transforms.functional.converting import normalize, to_tensor, to_tensors
from minigrad.vision.transforms.functional.placing import checked_mode, crop, height_and_width, hflip, pad

LATER = {
    "": "functional v2",
    "minigrad.vision.transforms.sizes": "CenterCrop FiveCrop Pad RandomResizedCrop Resize TenCrop",
    "minigrad.vision.transforms.kinds": "ConvertImageDtype LinearTransformation PILToTensor ToPILImage",
    "minigrad.vision.transforms.chances": (
        "RandomAdjustSharpness RandomApply RandomAutocontrast RandomChoice RandomEqualize RandomErasing "
        "RandomGrayscale RandomInvert RandomOrder RandomPosterize RandomSolarize RandomVerticalFlip"
    ),
    "minigrad.vision.transforms.colors": "ColorJitter GaussianBlur Grayscale",
    "minigrad.vision.transforms.warps": "ElasticTransform RandomAffine RandomPerspective RandomRotation",
    "minigrad.vision.transforms.policies": "AutoAugment AutoAugmentPolicy RandAugment TrivialAugmentWide",
    "minigrad.vision.transforms.functional.resampling": "InterpolationMode",
}
"""What is imported when it is first used, by its module."""

__all__ = ["Compose", "Lambda", "Normalize", "RandomCrop", "RandomHorizontalFlip", "ToTensor"]
__all__ += names_in(LATER)


def __getattr__(name: str) -> Any:
    return found(__name__, LATER, name)


def batch_version(transform: Any) -> Callable[[Any], Any] | None:
    """The function that does to a whole batch what the transform does to each image; None where there is none.

    A transform whose class, or a subclass, redefines the call alone has none.
    """
    if not speaks_for(type(transform), "batch", "__call__", "forward"):
        return None
    if isinstance(transform, Compose) and None in map(batch_version, transform.transforms):
        return None
    version: Callable[[Any], Any] = transform.batch
    return version


class Compose:
    """Several transforms, one after the other: each gets what the one before gives.

    transforms: functions of an image; `batch` is theirs, one after the other, for many images at once.
    """

    def __init__(self, transforms: Sequence[Any]) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        """The image after all of them."""
        for transform in self.transforms:
            img = transform(img)
        return img

    def batch(self, images: Any) -> Any:
        """The same to many images at once."""
        for transform in self.transforms:
            images = transform.batch(images)
        return images

    def __repr__(self) -> str:
        return "\n    ".join([f"{type(self).__name__}(", *map(str, self.transforms)]) + "\n)"


class ToTensor:
    """A NumPy array or PIL image (height, width[, channels]) as a Tensor (channels, height, width).

    uint8 becomes the default float dtype, 0 to 255 becoming 0.0 to 1.0; other dtypes stay as they are.
    TypeError for anything else, ValueError for an array of another number of dimensions.

    >>> import numpy as np
    >>> from minigrad.vision import transforms
    >>> transforms.ToTensor()(np.array([[0, 255]], np.uint8))
    tensor([[[0., 1.]]])
    """

    def __call__(self, pic: Any) -> Tensor:
        """The image as a Tensor."""
        return to_tensor(pic)

    def batch(self, images: Any) -> Tensor:
        """The same to many images at once."""
        return to_tensors(images)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class Normalize(Module):
    """(image - mean) / std, for each channel, of a float Tensor (..., channels, height, width).

    mean, std: one number for each channel, or one for all.
    inplace: change the Tensor itself.

    TypeError for what is no float Tensor; ValueError for one of fewer than three dimensions, and for a std of zero;
    RuntimeError when there are neither one nor as many numbers as channels.
    """

    def __init__(self, mean: Any, std: Any, inplace: bool = False) -> None:
        super().__init__()
        self.mean = mean
        self.std = std
        self.inplace = inplace

    def forward(self, tensor: Tensor) -> Tensor:
        """The normalized image."""
        return normalize(tensor, self.mean, self.std, self.inplace)

    batch = forward

    def __repr__(self) -> str:
        return f"{type(self).__name__}(mean={self.mean}, std={self.std})"


class Lambda:
    """A function, lambd, as a transform: it is called with the image.  TypeError for what cannot be called."""

    def __init__(self, lambd: Callable[[Any], Any]) -> None:
        if not callable(lambd):
            raise TypeError(f"Argument lambd should be callable, got {type(lambd).__name__!r}")
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        """What the function makes of the image."""
        return self.lambd(img)

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class RandomCrop(Module):
    """A part of the given size, (height, width), at a random place of the image.

    size: two numbers, or one for both.
    padding: the columns and rows added around the image first, as `functional.pad` takes them, with fill and
        padding_mode.
    pad_if_needed: add on both sides as many as the image then lacks.

    The place comes from the default generator, as in torchvision: the row, then the column; none is drawn for an
    image of just this size.  ValueError when the image is smaller.
    """

    def __init__(
        self,
        size: int | Sequence[int],
        padding: int | Sequence[int] | None = None,
        pad_if_needed: bool = False,
        fill: Any = 0,
        padding_mode: str = "constant",
    ) -> None:
        super().__init__()
        self.size = height_and_width(size)
        self.padding = padding
        self.pad_if_needed = pad_if_needed
        self.fill = fill
        self.padding_mode = checked_mode(padding_mode)

    def forward(self, img: Any) -> Any:
        """A part of the image."""
        if self.padding is not None:
            img = pad(img, self.padding, self.fill, self.padding_mode)
        height, width = (max(0, wanted - there) for wanted, there in zip(self.size, extent(img)))
        if self.pad_if_needed and (height or width):
            img = pad(img, (width, height), self.fill, self.padding_mode)
        return crop(img, *self.get_params(img, self.size))

    @staticmethod
    def get_params(img: Any, output_size: tuple[int, int]) -> tuple[int, int, int, int]:
        """A random place in img for a part of output_size: its first row and column, its height and width.

        ValueError for a part larger than the image.
        """
        height, width = extent(img)
        down, right = height - output_size[0], width - output_size[1]
        if down < 0 or right < 0:
            raise ValueError(f"Required crop size {output_size} is larger than input image size {(height, width)}")
        if down == right == 0:
            return 0, 0, height, width
        row = randint(0, down + 1, (1,))
        column = randint(0, right + 1, (1,))
        return int(row), int(column), *output_size

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size}, padding={self.padding})"


class RandomHorizontalFlip(Chance):
    """The image mirrored, left for right, with probability p; else as it is.

    The draw comes from the default generator, as in torchvision: one number for each image.
    """

    def changed(self, img: Any) -> Any:
        """The mirror image."""
        return hflip(img)
