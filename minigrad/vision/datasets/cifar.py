"""CIFAR10 and CIFAR100: small photographs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, ClassVar

import numpy as np

from minigrad.ops.creation import tensor
from minigrad.vision import catalogue
from minigrad.vision.datasets.base import Transform
from minigrad.vision.datasets.pickled import unpickled
from minigrad.vision.datasets.published import PublishedDataset
from minigrad.vision.transforms import batch_version

__all__ = ["CIFAR10", "CIFAR100"]


class CIFAR10(PublishedDataset):
    """60,000 photographs of 32 x 32 pixels in ten classes, 50,000 of them for training.

    A sample is (image, target): a NumPy array of shape (32, 32, 3) and dtype uint8 (torchvision has a PIL image
    there; `PIL.Image.fromarray(image)` makes one), and an int.  `.data` is the array of all images, (n, 32, 32, 3),
    `.targets` the list of targets.

    root: the folder; the files lie in root/cifar-10-batches-py, as torchvision puts them.
    train: the training images, or the test images.
    download: bring the files that are missing.

    RuntimeError when files are missing or broken (with download: could not be brought either).
    Source: A. Krizhevsky, https://www.cs.toronto.edu/~kriz/cifar.html
    """

    published: catalogue.Publication = catalogue.CIFAR10
    base_folder = "cifar-10-batches-py"
    batches: ClassVar[dict[bool, tuple[str, ...]]] = {
        True: ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"),
        False: ("test_batch",),
    }
    labels = "labels"
    names: ClassVar[tuple[str, str]] = ("batches.meta", "label_names")

    def __init__(
        self,
        root: str | Path,
        train: bool = True,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, None, transform, target_transform)
        self.train = train
        if download:
            self.download()
        batches = [self.read(name) for name in self.batches[bool(train)]]
        data = np.concatenate([np.asarray(batch["data"]) for batch in batches])
        self.data: Any = np.ascontiguousarray(data.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))
        self.targets: Any = [target for batch in batches for target in batch[self.labels]]
        file, key = self.names
        self.classes = self.read(file)[key]
        self.class_to_idx = {name: index for index, name in enumerate(self.classes)}

    def read(self, name: str) -> dict[str, Any]:
        """What is pickled in a file."""
        path = self.whole(name)
        try:
            return unpickled(path)
        except UnpicklingError as error:
            raise RuntimeError(f"{path} cannot be read: {error}") from None

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.transformed(self.data[index].copy(), self.targets[index])

    def __getbatch__(self, indices: Sequence[int]) -> list[Any] | None:
        """What collating the samples of these indices gives, made at once; None where that takes each sample."""
        transform = batch_version(self.transform)
        if transform is None or self.target_transform is not None or not isinstance(self.data, np.ndarray):
            return None
        targets = [self.targets[index] for index in indices]
        if set(map(type, targets)) != {int}:
            return None
        return [transform(self.data[list(indices)]), tensor(targets)]

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        """What the printed form says of the split."""
        return f"Split: {'Train' if self.train is True else 'Test'}"


class CIFAR100(CIFAR10):
    """60,000 photographs of 32 x 32 pixels in a hundred classes, 50,000 of them for training; used as CIFAR10.

    The files lie in root/cifar-100-python.
    Source: A. Krizhevsky, https://www.cs.toronto.edu/~kriz/cifar.html
    """

    published = catalogue.CIFAR100
    base_folder = "cifar-100-python"
    batches: ClassVar[dict[bool, tuple[str, ...]]] = {True: ("train",), False: ("test",)}
    labels = "fine_labels"
    names: ClassVar[tuple[str, str]] = ("meta", "fine_label_names")
