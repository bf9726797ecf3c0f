"""Datasets in MNIST's format: Japanese letters, Latin letters and digits, and MNIST with all that was lost of it."""

from __future__ import annotations

import os
import string
from pathlib import Path
from typing import Any, ClassVar

from minigrad.vision import catalogue
from minigrad.vision.datasets.base import one_of
from minigrad.vision.datasets.mnist import MNIST
from minigrad.vision.idx import INTEGERS, read_idx

__all__ = ["EMNIST", "KMNIST", "QMNIST"]


class KMNIST(MNIST):
    """Japanese cursive letters, 28 x 28 grey pixels, in ten classes: made to take MNIST's place, and used alike.

    The files lie in root/KMNIST/raw.
    Source: T. Clanuwat and others, https://github.com/rois-codh/kmnist
    """

    published = catalogue.KMNIST
    classes: ClassVar[list[str]] = ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]


LETTERS_ALIKE = "cijklmopsuvwxyz"
"""The small letters that look as the capital ones, and are counted as them in some splits."""

ALL_CLASSES = sorted(string.digits + string.ascii_letters)
MERGED_CLASSES = [name for name in ALL_CLASSES if name not in LETTERS_ALIKE]


class EMNIST(MNIST):
    """Handwritten letters and digits, 28 x 28 grey pixels, columns first, as the files have them; used as MNIST.

    split: "byclass" (62 classes), "bymerge" and "balanced" (47: letters that look alike together), "letters" (26, from
        1 on), "digits" or "mnist".

    The files lie in root/EMNIST/raw.  ValueError for another split.
    Source: G. Cohen and others, https://www.nist.gov/itl/products-and-services/emnist-dataset
    """

    splits = ("byclass", "bymerge", "balanced", "letters", "digits", "mnist")
    classes_split_dict: ClassVar[dict[str, list[str]]] = {
        "byclass": ALL_CLASSES,
        "bymerge": MERGED_CLASSES,
        "balanced": MERGED_CLASSES,
        "letters": ["N/A", *string.ascii_lowercase],
        "digits": [*string.digits],
        "mnist": [*string.digits],
    }

    def __init__(self, root: str | Path, split: str, **kwargs: Any) -> None:
        self.split = one_of("split", split, self.splits)
        self.published = catalogue.emnist(split)
        super().__init__(root, **kwargs)
        self.classes = self.classes_split_dict[split]  # type: ignore[misc]

    def files(self) -> tuple[Path, Path]:
        """The file of the images and that of the labels."""
        start = os.path.join(self.raw_folder, f"emnist-{self.split}-{'train' if self.train else 'test'}")
        return Path(f"{start}-images-idx3-ubyte"), Path(f"{start}-labels-idx1-ubyte")


class QMNIST(MNIST):
    """MNIST made anew from its sources, with the 50,000 test images that were lost, and where each comes from.

    what: "train", "test" (60,000), "test10k" (those of MNIST), "test50k" (the others), or "nist" (all digits).
    compat: a target is the digit; else the eight numbers that are known of it.
    train: where what is not given, "train" or "test".

    The files lie in root/QMNIST/raw.  ValueError for another part.
    Source: C. Yadav, L. Bottou, https://github.com/facebookresearch/qmnist
    """

    subsets: ClassVar[dict[str, str]] = {
        "train": "train",
        "test": "test",
        "test10k": "test",
        "test50k": "test",
        "nist": "nist",
    }

    def __init__(
        self, root: str | Path, what: str | None = None, compat: bool = True, train: bool = True, **kwargs: Any
    ) -> None:
        self.what = one_of("what", ("train" if train else "test") if what is None else what, self.subsets)
        self.compat = compat
        self.published = catalogue.QMNIST[self.subsets[self.what]]
        super().__init__(root, train, **kwargs)

    def files(self) -> tuple[Path, Path]:
        """The file of the images and that of the labels."""
        images, labels = (Path(self.raw_folder, file.name) for file in self.published.files)
        return images, labels

    def read(self, images: Path, labels: Path) -> tuple[Any, Any]:
        """The arrays in both files: those of the part."""
        part = {"test10k": slice(None, 10000), "test50k": slice(10000, None)}.get(self.what, slice(None))
        return read_idx(images, 3)[part], read_idx(labels, 2, INTEGERS)[part]

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        known = self.targets[index]
        return self.transformed(self.data[index].numpy().copy(), int(known[0]) if self.compat else known)

    def extra_repr(self) -> str:
        """What the printed form says of the part."""
        return f"Split: {self.what}"
