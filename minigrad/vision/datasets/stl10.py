"""STL10: photographs, few of them with a class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from minigrad.vision import catalogue
from minigrad.vision.datasets.base import Transform, one_of
from minigrad.vision.datasets.published import LabelledImages

__all__ = ["STL10"]

PARTS = {
    "train": ("train",),
    "train+unlabeled": ("train", "unlabeled"),
    "unlabeled": ("unlabeled",),
    "test": ("test",),
}
"""The files of each split: their names begin so."""


class STL10(LabelledImages):
    """113,000 photographs of 96 x 96 pixels, 13,000 of them in ten classes.

    A sample is (image, target): a NumPy array of shape (96, 96, 3) and dtype uint8 (torchvision has a PIL image
    there), and an int, -1 where there is no class.  `.data` is the array of all images, (n, 3, 96, 96), `.labels` that
    of the targets.

    root: the folder; the files lie in root/stl10_binary, as torchvision puts them.
    split: "train" (5,000), "test" (8,000), "unlabeled" (100,000) or "train+unlabeled".
    folds: of the training images only those of one of the ten folds, 0 to 9.
    download: bring the files that are missing.

    RuntimeError when files are missing or broken (with download: could not be brought either), ValueError for another
    split or fold.
    Source: A. Coates, H. Lee, A. Y. Ng, https://cs.stanford.edu/~acoates/stl10/
    """

    published: catalogue.Publication = catalogue.STL10
    base_folder = "stl10_binary"

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        folds: int | None = None,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, None, transform, target_transform)
        self.split = one_of("split", split, PARTS)
        if folds is not None and folds not in range(10):
            raise ValueError(f"Value for argument folds should be in the range [0, 10), but got {folds}.")
        self.folds = folds
        if download:
            self.download()
        parts = [self.part(name) for name in PARTS[split]]
        self.data = np.concatenate([images for images, _ in parts])
        self.labels = np.concatenate([labels for _, labels in parts])
        names = self.folder / "class_names.txt"
        if names.is_file():
            self.classes = names.read_text().splitlines()

    def part(self, name: str) -> tuple[Any, Any]:
        """The images and the targets of the files whose names begin so."""
        images = self.read(f"{name}_X.bin").reshape(-1, 3, 96, 96).transpose(0, 1, 3, 2)
        if name == "unlabeled":
            return images, np.full(len(images), -1)
        labels = self.read(f"{name}_y.bin") - np.uint8(1)  # the file counts from 1
        if name != "train" or self.folds is None:
            return images, labels
        fold = (self.folder / "fold_indices.txt").read_text().splitlines()[self.folds]
        chosen = np.array(fold.split(), np.int64)
        return images[chosen], labels[chosen]

    def read(self, name: str) -> Any:
        """The bytes in a file."""
        return np.fromfile(self.whole(name), np.uint8)
