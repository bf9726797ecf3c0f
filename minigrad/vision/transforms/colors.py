"""Transforms of the colours, and of how sharp they meet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad.nn.module import Module
from minigrad.ops.sampling import randperm
from minigrad.tensor import Tensor
from minigrad.vision.transforms.draws import Range, uniform
from minigrad.vision.transforms.functional.coloring import (
    adjust_brightness,
    adjust_contrast,
    adjust_hue,
    adjust_saturation,
    rgb_to_grayscale,
)
from minigrad.vision.transforms.functional.filtering import gaussian_blur
from minigrad.vision.transforms.functional.placing import height_and_width

__all__ = ["ColorJitter", "GaussianBlur", "Grayscale"]


class Grayscale(Module):
    """The image in grey, in num_output_channels channels, one or three equal ones: `functional.rgb_to_grayscale`."""

    def __init__(self, num_output_channels: int = 1) -> None:
        super().__init__()
        self.num_output_channels = num_output_channels

    def forward(self, img: Any) -> Any:
        """The image in grey."""
        return rgb_to_grayscale(img, self.num_output_channels)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(num_output_channels={self.num_output_channels})"


class ColorJitter(Module):
    """The image with another brightness, contrast, saturation and hue, in a random order.

    brightness, contrast, saturation: a number x, for factors from max(0, 1 - x) to 1 + x; or their range.
    hue: a number x up to 0.5, for turns from -x to x; or their range.

    The default generator gives the order, then the four numbers, but for what stays as it is.
    """

    def __init__(self, brightness: Any = 0, contrast: Any = 0, saturation: Any = 0, hue: Any = 0) -> None:
        super().__init__()
        self.brightness = factors("brightness", brightness)
        self.contrast = factors("contrast", contrast)
        self.saturation = factors("saturation", saturation)
        self.hue = turns("hue", hue)

    @staticmethod
    def get_params(
        brightness: Range | None, contrast: Range | None, saturation: Range | None, hue: Range | None
    ) -> tuple[Tensor, float | None, float | None, float | None, float | None]:
        """A random order of the four, and a number for each that has a range."""
        order = randperm(4)
        b, c, s, h = (bounds and uniform(*bounds) for bounds in (brightness, contrast, saturation, hue))
        return order, b, c, s, h

    def forward(self, img: Any) -> Any:
        """The image with other colours."""
        order, *numbers = self.get_params(self.brightness, self.contrast, self.saturation, self.hue)
        functions = (adjust_brightness, adjust_contrast, adjust_saturation, adjust_hue)
        for index in order.tolist():
            if numbers[index] is not None:
                img = functions[index](img, numbers[index])
        return img

    def __repr__(self) -> str:
        names = ("brightness", "contrast", "saturation", "hue")
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)}' for name in names)})"


def factors(name: str, value: Any) -> Range | None:
    """A range of factors around 1, none of them below 0; None where that is only 1."""
    return checked_bounds(name, value, 1.0, (0, float("inf")))


def turns(name: str, value: Any) -> Range | None:
    """A range of turns around 0, of half a turn at most; None where that is only 0."""
    return checked_bounds(name, value, 0.0, (-0.5, 0.5))


def checked_bounds(name: str, value: Any, center: float, limits: Range) -> Range | None:
    """A range within limits, of one number that far around the center; None where it is only the center."""
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be non negative.")
        low, high = center - float(value), center + float(value)
        low = max(low, 0.0) if center else low
    elif isinstance(value, (tuple, list)) and len(value) == 2:
        low, high = map(float, value)
    else:
        raise TypeError(f"{name} should be a single number or a list/tuple with length 2.")
    if not limits[0] <= low <= high <= limits[1]:
        raise ValueError(f"{name} values should be between {limits}, but got {[low, high]}.")
    return None if low == high == center else (low, high)


class GaussianBlur(Module):
    """The image blurred by a Gaussian bell, whose width the default generator draws.

    kernel_size: the width and height that the bell is cut to, odd; or one for both.
    sigma: the bell's width: from, to; or always the same.
    """

    def __init__(self, kernel_size: int | Sequence[int], sigma: Any = (0.1, 2.0)) -> None:
        super().__init__()
        self.kernel_size = height_and_width(kernel_size)
        if any(size <= 0 or size % 2 == 0 for size in self.kernel_size):
            raise ValueError("Kernel size value should be an odd and positive number.")
        if isinstance(sigma, (int, float)):
            if sigma <= 0:
                raise ValueError("If sigma is a single number, it must be positive.")
            sigma = (sigma, sigma)
        if not isinstance(sigma, Sequence) or len(sigma) != 2:
            raise ValueError("sigma should be a single number or a list/tuple with length 2.")
        if not 0.0 < sigma[0] <= sigma[1]:
            raise ValueError("sigma values should be positive and of the form (min, max).")
        self.sigma = sigma

    @staticmethod
    def get_params(sigma_min: float, sigma_max: float) -> float:
        """A random width of the bell, from sigma_min to sigma_max."""
        return uniform(sigma_min, sigma_max)

    def forward(self, img: Any) -> Any:
        """The blurred image."""
        sigma = self.get_params(*self.sigma)
        return gaussian_blur(img, self.kernel_size, [sigma, sigma])

    def __repr__(self) -> str:
        return f"{type(self).__name__}(kernel_size={self.kernel_size}, sigma={self.sigma})"
