"""Series of random transforms that others found to serve well: AutoAugment, RandAugment, TrivialAugment."""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import Enum
from functools import lru_cache
from typing import Any

from minigrad.dtypes import dtype, get_default_dtype
from minigrad.nn.module import Module
from minigrad.ops.creation import arange, linspace, tensor
from minigrad.ops.sampling import rand, randint
from minigrad.tensor import Tensor
from minigrad.vision.images import extent
from minigrad.vision.transforms.functional import coloring, filtering
from minigrad.vision.transforms.functional.resampling import InterpolationMode
from minigrad.vision.transforms.functional.warping import affine, rotate

__all__ = ["AutoAugment", "AutoAugmentPolicy", "RandAugment", "TrivialAugmentWide"]

CHANGES: dict[str, Callable[..., Any]] = {
    "Identity": lambda img, _: img,
    "Brightness": lambda img, by: coloring.adjust_brightness(img, 1.0 + by),
    "Color": lambda img, by: coloring.adjust_saturation(img, 1.0 + by),
    "Contrast": lambda img, by: coloring.adjust_contrast(img, 1.0 + by),
    "Sharpness": lambda img, by: filtering.adjust_sharpness(img, 1.0 + by),
    "Posterize": lambda img, by: coloring.posterize(img, int(by)),
    "Solarize": coloring.solarize,
    "AutoContrast": lambda img, _: coloring.autocontrast(img),
    "Equalize": lambda img, _: coloring.equalize(img),
    "Invert": lambda img, _: coloring.invert(img),
}
"""What changes values, by so much."""

SIGNED = ("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate", "Brightness", "Color", "Contrast", "Sharpness")
"""What goes both ways."""


class Policy(Module):
    """What the three have in common: a change by its name and by how much."""

    interpolation: InterpolationMode
    fill: Any

    def changed(self, img: Any, name: str, by: float) -> Any:
        """The image after one change."""
        if name in CHANGES:
            return CHANGES[name](img, by)
        if name == "Rotate":
            return rotate(img, by, self.interpolation, fill=self.fill)
        across, down = (by, 0.0) if name.endswith("X") else (0.0, by)
        if name.startswith("Translate"):
            return affine(img, 0.0, (int(across), int(down)), 1.0, (0.0, 0.0), self.interpolation, self.fill)
        shear = tuple(math.degrees(math.atan(slope)) for slope in (across, down))
        return affine(img, 0.0, (0, 0), 1.0, shear, self.interpolation, self.fill, center=(0, 0))


def magnitudes(bins: int, reach: dict[str, float], fewest_bits: int, dtype: dtype) -> dict[str, Tensor]:
    """By how much each change can be: so many steps from nothing to its reach; one number for those that only are.

    The order is that in which torchvision draws from them.
    """
    table = {name: linspace(0.0, reach[name], bins, dtype=dtype) for name in SIGNED}
    table["Posterize"] = 8 - (arange(bins, dtype=dtype) / ((bins - 1) / (8 - fewest_bits))).round().int()
    table["Solarize"] = linspace(255.0, 0.0, bins, dtype=dtype)
    return {**table, "AutoContrast": tensor(0.0), "Equalize": tensor(0.0)}


@lru_cache(16)
def usual_magnitudes(bins: int, height: int, width: int, dtype: dtype) -> dict[str, Tensor]:
    """Those of AutoAugment and RandAugment, for an image of this size."""
    reach = {"ShearX": 0.3, "ShearY": 0.3, "TranslateX": 150.0 / 331.0 * width, "TranslateY": 150.0 / 331.0 * height}
    reach |= {"Rotate": 30.0, "Brightness": 0.9, "Color": 0.9, "Contrast": 0.9, "Sharpness": 0.9}
    return magnitudes(bins, reach, 4, dtype)


@lru_cache(16)
def wide_magnitudes(bins: int, dtype: dtype) -> dict[str, Tensor]:
    """Those of TrivialAugmentWide."""
    reach = dict.fromkeys(SIGNED, 0.99) | {"TranslateX": 32.0, "TranslateY": 32.0, "Rotate": 135.0}
    return magnitudes(bins, reach, 2, dtype)


def drawn_sign(name: str, by: float) -> float:
    """So much or its negative, for what goes both ways: one draw."""
    return -by if name in SIGNED and randint(2, (1,)) else by


class RandAugment(Policy):
    """num_ops random changes of the image, each by the same magnitude, of num_magnitude_bins steps.

    Tensors are to be uint8.  Drawn by the default generator in torchvision's order.
    Source: E. D. Cubuk and others, RandAugment, https://arxiv.org/abs/1909.13719
    """

    def __init__(
        self,
        num_ops: int = 2,
        magnitude: int = 9,
        num_magnitude_bins: int = 31,
        interpolation: InterpolationMode = InterpolationMode.NEAREST,
        fill: Any = None,
    ) -> None:
        super().__init__()
        self.num_ops = num_ops
        self.magnitude = magnitude
        self.num_magnitude_bins = num_magnitude_bins
        self.interpolation = interpolation
        self.fill = fill

    def forward(self, img: Any) -> Any:
        """The image after the changes."""
        usual = usual_magnitudes(self.num_magnitude_bins, *extent(img), get_default_dtype())
        table = {"Identity": tensor(0.0), **usual}
        for _ in range(self.num_ops):
            name, steps = list(table.items())[int(randint(len(table), (1,)))]
            by = float(steps[self.magnitude]) if steps.ndim else 0.0
            img = self.changed(img, name, drawn_sign(name, by))
        return img

    def __repr__(self) -> str:
        names = ("num_ops", "magnitude", "num_magnitude_bins", "interpolation", "fill")
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)}' for name in names)})"


class TrivialAugmentWide(Policy):
    """One random change of the image, by a random magnitude of num_magnitude_bins steps.

    Tensors are to be uint8.  Drawn by the default generator in torchvision's order.
    Source: S. G. Müller, F. Hutter, TrivialAugment, https://arxiv.org/abs/2103.10158
    """

    def __init__(
        self,
        num_magnitude_bins: int = 31,
        interpolation: InterpolationMode = InterpolationMode.NEAREST,
        fill: Any = None,
    ) -> None:
        super().__init__()
        self.num_magnitude_bins = num_magnitude_bins
        self.interpolation = interpolation
        self.fill = fill

    def forward(self, img: Any) -> Any:
        """The image after the change."""
        table = {"Identity": tensor(0.0), **wide_magnitudes(self.num_magnitude_bins, get_default_dtype())}
        name, steps = list(table.items())[int(randint(len(table), (1,)))]
        by = float(steps[int(randint(len(steps), (1,)))]) if steps.ndim else 0.0
        return self.changed(img, name, drawn_sign(name, by))

    def __repr__(self) -> str:
        names = ("num_magnitude_bins", "interpolation", "fill")
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)}' for name in names)})"


class AutoAugmentPolicy(Enum):
    """The data on which a policy of AutoAugment was learned."""

    IMAGENET = "imagenet"
    CIFAR10 = "cifar10"
    SVHN = "svhn"


LEARNED = {
    AutoAugmentPolicy.IMAGENET: """
        Posterize 0.4 8 Rotate 0.6 9, Solarize 0.6 5 AutoContrast 0.6 -, Equalize 0.8 - Equalize 0.6 -,
        Posterize 0.6 7 Posterize 0.6 6, Equalize 0.4 - Solarize 0.2 4, Equalize 0.4 - Rotate 0.8 8,
        Solarize 0.6 3 Equalize 0.6 -, Posterize 0.8 5 Equalize 1.0 -, Rotate 0.2 3 Solarize 0.6 8,
        Equalize 0.6 - Posterize 0.4 6, Rotate 0.8 8 Color 0.4 0, Rotate 0.4 9 Equalize 0.6 -,
        Equalize 0.0 - Equalize 0.8 -, Invert 0.6 - Equalize 1.0 -, Color 0.6 4 Contrast 1.0 8,
        Rotate 0.8 8 Color 1.0 2, Color 0.8 8 Solarize 0.8 7, Sharpness 0.4 7 Invert 0.6 -,
        ShearX 0.6 5 Equalize 1.0 -, Color 0.4 0 Equalize 0.6 -, Equalize 0.4 - Solarize 0.2 4,
        Solarize 0.6 5 AutoContrast 0.6 -, Invert 0.6 - Equalize 1.0 -, Color 0.6 4 Contrast 1.0 8,
        Equalize 0.8 - Equalize 0.6 -
    """,
    AutoAugmentPolicy.CIFAR10: """
        Invert 0.1 - Contrast 0.2 6, Rotate 0.7 2 TranslateX 0.3 9, Sharpness 0.8 1 Sharpness 0.9 3,
        ShearY 0.5 8 TranslateY 0.7 9, AutoContrast 0.5 - Equalize 0.9 -, ShearY 0.2 7 Posterize 0.3 7,
        Color 0.4 3 Brightness 0.6 7, Sharpness 0.3 9 Brightness 0.7 9, Equalize 0.6 - Equalize 0.5 -,
        Contrast 0.6 7 Sharpness 0.6 5, Color 0.7 7 TranslateX 0.5 8, Equalize 0.3 - AutoContrast 0.4 -,
        TranslateY 0.4 3 Sharpness 0.2 6, Brightness 0.9 6 Color 0.2 8, Solarize 0.5 2 Invert 0.0 -,
        Equalize 0.2 - AutoContrast 0.6 -, Equalize 0.2 - Equalize 0.6 -, Color 0.9 9 Equalize 0.6 -,
        AutoContrast 0.8 - Solarize 0.2 8, Brightness 0.1 3 Color 0.7 0, Solarize 0.4 5 AutoContrast 0.9 -,
        TranslateY 0.9 9 TranslateY 0.7 9, AutoContrast 0.9 - Solarize 0.8 3, Equalize 0.8 - Invert 0.1 -,
        TranslateY 0.7 9 AutoContrast 0.9 -
    """,
    AutoAugmentPolicy.SVHN: """
        ShearX 0.9 4 Invert 0.2 -, ShearY 0.9 8 Invert 0.7 -, Equalize 0.6 - Solarize 0.6 6,
        Invert 0.9 - Equalize 0.6 -, Equalize 0.6 - Rotate 0.9 3, ShearX 0.9 4 AutoContrast 0.8 -,
        ShearY 0.9 8 Invert 0.4 -, ShearY 0.9 5 Solarize 0.2 6, Invert 0.9 - AutoContrast 0.8 -,
        Equalize 0.6 - Rotate 0.9 3, ShearX 0.9 4 Solarize 0.3 3, ShearY 0.8 8 Invert 0.7 -,
        Equalize 0.9 - TranslateY 0.6 6, Invert 0.9 - Equalize 0.6 -, Contrast 0.3 3 Rotate 0.8 4,
        Invert 0.8 - TranslateY 0.0 2, ShearY 0.7 6 Solarize 0.4 8, Invert 0.6 - Rotate 0.8 4,
        ShearY 0.3 7 TranslateX 0.9 3, ShearX 0.1 6 Invert 0.6 -, Solarize 0.7 2 TranslateY 0.6 7,
        ShearY 0.8 4 Invert 0.8 -, ShearX 0.7 9 TranslateY 0.8 3, ShearY 0.8 5 AutoContrast 0.7 -,
        ShearX 0.7 2 Invert 0.1 -
    """,
}
"""Pairs of changes: each with its name, its probability and the step of its magnitude."""

Change = tuple[str, float, int | None]


def learned(policy: AutoAugmentPolicy) -> list[tuple[Change, ...]]:
    """The pairs of a policy."""
    pairs = [pair.split() for pair in LEARNED[policy].split(",")]
    return [
        tuple((name, float(p), None if step == "-" else int(step)) for name, p, step in zip(*[iter(pair)] * 3))
        for pair in pairs
    ]


class AutoAugment(Policy):
    """A random pair of changes that was learned to serve well on some data, by policy: an `AutoAugmentPolicy`.

    Tensors are to be uint8.  Drawn by the default generator in torchvision's order.
    Source: E. D. Cubuk and others, AutoAugment, https://arxiv.org/abs/1805.09501
    """

    def __init__(
        self,
        policy: AutoAugmentPolicy = AutoAugmentPolicy.IMAGENET,
        interpolation: InterpolationMode = InterpolationMode.NEAREST,
        fill: Any = None,
    ) -> None:
        super().__init__()
        if not isinstance(policy, AutoAugmentPolicy):
            raise ValueError(f"The provided policy {policy} is not recognized.")
        self.policy = policy
        self.interpolation = interpolation
        self.fill = fill
        self.policies = learned(policy)

    @staticmethod
    def get_params(transform_num: int) -> tuple[int, Tensor, Tensor]:
        """Which of transform_num pairs, a number from 0 to 1 for each change, and its sign."""
        return int(randint(transform_num, (1,))), rand((2,)), randint(2, (2,))

    def forward(self, img: Any) -> Any:
        """The image after those changes of the pair whose turn it is."""
        number, chances, signs = self.get_params(len(self.policies))
        table = {**usual_magnitudes(10, *extent(img), get_default_dtype()), "Invert": tensor(0.0)}
        for (name, p, step), chance, sign in zip(self.policies[number], chances, signs):
            if chance <= p:
                by = 0.0 if step is None else float(table[name][step])
                img = self.changed(img, name, -by if name in SIGNED and sign == 0 else by)
        return img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(policy={self.policy}, fill={self.fill})"
