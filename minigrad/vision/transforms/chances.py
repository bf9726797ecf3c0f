"""Transforms that are done or not done, by chance."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from typing import Any

from minigrad.nn.module import Module
from minigrad.ops.creation import empty, tensor
from minigrad.ops.sampling import rand, randint
from minigrad.tensor import Tensor
from minigrad.vision.images import dimensions
from minigrad.vision.transforms.draws import Chance, Range, uniform, uniform_ratio
from minigrad.vision.transforms.functional import coloring, filtering, placing
from minigrad.vision.transforms.sizes import checked_range

__all__ = [
    "RandomAdjustSharpness",
    "RandomApply",
    "RandomAutocontrast",
    "RandomChoice",
    "RandomEqualize",
    "RandomErasing",
    "RandomGrayscale",
    "RandomInvert",
    "RandomOrder",
    "RandomPosterize",
    "RandomSolarize",
    "RandomVerticalFlip",
]


class RandomVerticalFlip(Chance):
    """The image upside down, mirrored, with probability p: `functional.vflip`."""

    def changed(self, img: Any) -> Any:
        """The mirror image."""
        return placing.vflip(img)


class RandomGrayscale(Chance):
    """The image in grey, in as many channels as it has, with probability p: `functional.rgb_to_grayscale`."""

    def __init__(self, p: float = 0.1) -> None:
        super().__init__(p)

    def changed(self, img: Any) -> Any:
        """The image in grey."""
        channels, _, _ = dimensions(img)
        return coloring.rgb_to_grayscale(img, channels)


class RandomInvert(Chance):
    """The negative of the image, with probability p: `functional.invert`."""

    def changed(self, img: Any) -> Any:
        """The negative."""
        return coloring.invert(img)


class RandomPosterize(Chance):
    """The image with only so many of the 8 bits of each value, with probability p: `functional.posterize`."""

    def __init__(self, bits: int, p: float = 0.5) -> None:
        super().__init__(p)
        self.bits = bits

    def changed(self, img: Any) -> Any:
        """The image with fewer bits."""
        return coloring.posterize(img, self.bits)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(bits={self.bits},p={self.p})"


class RandomSolarize(Chance):
    """The image with the values from the threshold on inverted, with probability p: `functional.solarize`."""

    def __init__(self, threshold: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.threshold = threshold

    def changed(self, img: Any) -> Any:
        """The image, partly inverted."""
        return coloring.solarize(img, self.threshold)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(threshold={self.threshold},p={self.p})"


class RandomAdjustSharpness(Chance):
    """The image smoothed (sharpness_factor below 1) or sharpened, with probability p: `functional.adjust_sharpness`."""

    def __init__(self, sharpness_factor: float, p: float = 0.5) -> None:
        super().__init__(p)
        self.sharpness_factor = sharpness_factor

    def changed(self, img: Any) -> Any:
        """The sharper image."""
        return filtering.adjust_sharpness(img, self.sharpness_factor)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(sharpness_factor={self.sharpness_factor},p={self.p})"


class RandomAutocontrast(Chance):
    """The image with each channel stretched from black to white, with probability p: `functional.autocontrast`."""

    def changed(self, img: Any) -> Any:
        """The stretched image."""
        return coloring.autocontrast(img)


class RandomEqualize(Chance):
    """The image with each channel's values evenly spread, with probability p: `functional.equalize`."""

    def changed(self, img: Any) -> Any:
        """The image with other values."""
        return coloring.equalize(img)


class RandomErasing(Module):
    """A Tensor with a random rectangle overwritten, with probability p: `functional.erase`.

    scale, ratio: how large it is, where the image is 1, and its height for each width: from, to.
    value: what is written there: a number, one for each channel, or "random", for normal numbers.
    inplace: change the Tensor itself.  Z. Zhong et al. (2017), https://arxiv.org/abs/1708.04896
    """

    def __init__(
        self,
        p: float = 0.5,
        scale: Range = (0.02, 0.33),
        ratio: Range = (0.3, 3.3),
        value: Any = 0,
        inplace: bool = False,
    ) -> None:
        super().__init__()
        if not isinstance(value, (int, float, str, tuple, list)):
            raise TypeError("Argument value should be either a number or str or a sequence")
        if isinstance(value, str) and value != "random":
            raise ValueError("If value is str, it should be 'random'")
        self.scale = checked_range("Scale", scale)
        self.ratio = checked_range("Ratio", ratio)
        if scale[0] < 0 or scale[1] > 1:
            raise ValueError("Scale should be between 0 and 1")
        if not 0 <= p <= 1:
            raise ValueError("Random erasing probability should be between 0 and 1")
        self.p = p
        self.value = value
        self.inplace = inplace

    @staticmethod
    def get_params(
        img: Tensor, scale: Range, ratio: Range, value: list[float] | None = None
    ) -> tuple[int, int, int, int, Tensor]:
        """A random rectangle of img: its first row and column, its height and width, and what is written there.

        After ten that did not fit it is the whole image, which then stays as it is.
        """
        channels, height, width = img.shape[-3:]
        for _ in range(10):
            area = height * width * uniform(*scale)
            shape = uniform_ratio(ratio)
            rows, columns = round(math.sqrt(area * shape)), round(math.sqrt(area / shape))
            if rows < height and columns < width:
                if value is None:
                    new = empty(channels, rows, columns).normal_()
                else:
                    new = tensor(value)[:, None, None]
                top, left = randint(0, height - rows + 1, (1,)), randint(0, width - columns + 1, (1,))
                return int(top), int(left), rows, columns, new
        return 0, 0, height, width, img

    def forward(self, img: Tensor) -> Tensor:
        """The image, or the image with a rectangle."""
        if not rand(1) < self.p:
            return img
        if isinstance(self.value, str):
            value = None
        else:
            value = [float(v) for v in (self.value if isinstance(self.value, (tuple, list)) else [self.value])]
        if value is not None and len(value) not in (1, img.shape[-3]):
            raise ValueError(
                "If value is a sequence, it should have either a single value or "
                f"{img.shape[-3]} (number of input channels)"
            )
        return placing.erase(img, *self.get_params(img, self.scale, self.ratio, value), self.inplace)

    def __repr__(self) -> str:
        what = f"value={self.value}, inplace={self.inplace}"
        return f"{type(self).__name__}(p={self.p}, scale={self.scale}, ratio={self.ratio}, {what})"


class RandomApply(Module):
    """Several transforms, one after the other, all of them with probability p, else none."""

    def __init__(self, transforms: Any, p: float = 0.5) -> None:
        super().__init__()
        self.transforms = transforms
        self.p = p

    def forward(self, img: Any) -> Any:
        """The image after all of them, or the image."""
        if self.p < rand(1):
            return img
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return "\n    ".join([f"{type(self).__name__}(", f"p={self.p}", *map(str, self.transforms)]) + "\n)"


class RandomOrder:
    """Several transforms, one after the other, in an order that Python's `random` draws.

    TypeError for transforms that are no sequence.
    """

    def __init__(self, transforms: Sequence[Any]) -> None:
        self.transforms = checked_transforms(transforms)

    def __call__(self, img: Any) -> Any:
        """The image after all of them."""
        order = list(range(len(self.transforms)))
        random.shuffle(order)
        for index in order:
            img = self.transforms[index](img)
        return img

    def __repr__(self) -> str:
        return "\n    ".join([f"{type(self).__name__}(", *map(str, self.transforms)]) + "\n)"


class RandomChoice:
    """One of several transforms, which Python's `random` draws; p: how likely each is, else all alike.

    TypeError for transforms that are no sequence.
    """

    def __init__(self, transforms: Sequence[Any], p: Sequence[float] | None = None) -> None:
        self.transforms = checked_transforms(transforms)
        if p is not None and not isinstance(p, Sequence):
            raise TypeError("Argument p should be a sequence")
        self.p = p

    def __call__(self, *args: Any) -> Any:
        """The image after one of them."""
        [transform] = random.choices(self.transforms, weights=self.p)
        return transform(*args)

    def __repr__(self) -> str:
        return "\n    ".join([f"{type(self).__name__}(", *map(str, self.transforms)]) + f"\n)(p={self.p})"


def checked_transforms(transforms: Any) -> Sequence[Any]:
    """Several transforms.  TypeError for what is no sequence."""
    if not isinstance(transforms, Sequence):
        raise TypeError("Argument transforms should be a sequence")
    return transforms
