"""What all datasets of images have in common: where they are, their transforms, and their printed form."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minigrad.utils.data import Dataset

__all__ = ["StandardTransform", "VisionDataset"]

Transform = Callable[[Any], Any]


class VisionDataset(Dataset[tuple[Any, Any]]):
    """A dataset of images in a folder.

    root: the folder.  transform, target_transform: applied to each image, and to each target.
    transforms: instead of both, a function of an image and its target that gives both.  ValueError for both ways.
    https://docs.pytorch.org/vision/stable/generated/torchvision.datasets.VisionDataset.html
    """

    def __init__(
        self,
        root: str | Path | None = None,
        transforms: Callable[[Any, Any], Any] | None = None,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
    ) -> None:
        separate = transform is not None or target_transform is not None
        if transforms is not None and separate:
            raise ValueError("Only transforms or transform/target_transform can be passed as argument")
        self.root: Any = os.path.expanduser(root) if isinstance(root, str) else root
        self.transform = transform
        self.target_transform = target_transform
        self.transforms = StandardTransform(transform, target_transform) if separate else transforms

    def transformed(self, image: Any, target: Any) -> tuple[Any, Any]:
        """The image and the target after transform and target_transform."""
        return StandardTransform(self.transform, self.target_transform)(image, target)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        raise NotImplementedError

    def __len__(self) -> int:
        raise NotImplementedError

    def extra_repr(self) -> str:
        """What the printed form says besides."""
        return ""

    def __repr__(self) -> str:
        lines = [f"Number of datapoints: {len(self)}"]
        if self.root is not None:
            lines.append(f"Root location: {self.root}")
        lines += self.extra_repr().splitlines()
        if self.transforms is not None:
            lines.append(repr(self.transforms))
        return "\n    ".join([f"Dataset {type(self).__name__}", *lines])


class StandardTransform:
    """transform of the image and target_transform of the target, as one function of both; None leaves one as it is."""

    def __init__(self, transform: Transform | None = None, target_transform: Transform | None = None) -> None:
        self.transform = transform
        self.target_transform = target_transform

    def __call__(self, input: Any, target: Any) -> tuple[Any, Any]:
        """The image and the target after their transforms."""
        if self.transform is not None:
            input = self.transform(input)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return input, target

    def __repr__(self) -> str:
        transforms = {"Transform": self.transform, "Target transform": self.target_transform}
        given = [hanging(f"{name}: ", repr(t)) for name, t in transforms.items() if t is not None]
        return "\n".join([type(self).__name__, *given])


def hanging(head: str, text: str) -> str:
    """A text after a head, its further lines indented by the head's length."""
    return head + text.replace("\n", "\n" + " " * len(head))


def one_of(name: str, value: str, known: Any) -> str:
    """A word that is one of those known; ValueError for another."""
    if value not in known:
        raise ValueError(
            f"Unknown value {value!r} for argument {name}. Valid values are {{{', '.join(map(repr, known))}}}."
        )
    return value


def not_found(folder: str | Path) -> RuntimeError:
    """The error for files that are missing or broken."""
    return RuntimeError(f"Dataset not found or corrupted in {folder}. You can use download=True to download it")
