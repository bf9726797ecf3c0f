"""Datasets of images, as in torchvision, in torchvision's folders, so that a download is shared.

len(dataset) is the number of samples, dataset[i] one of them: (image, target), after `transform` and `target_transform`
where they are given.  https://docs.pytorch.org/vision/stable/datasets.html
"""

from typing import Any

from minigrad.on_use import found, names_in
from minigrad.vision.datasets.mnist import MNIST, FashionMNIST

LATER = {
    "minigrad.vision.datasets.mnist_likes": "EMNIST KMNIST QMNIST",
    "minigrad.vision.datasets.cifar": "CIFAR10 CIFAR100",
    "minigrad.vision.datasets.celeba": "CelebA",
    "minigrad.vision.datasets.stl10": "STL10",
    "minigrad.vision.datasets.svhn": "SVHN",
    "minigrad.vision.datasets.folders": "DatasetFolder ImageFolder",
    "minigrad.vision.datasets.fake": "FakeData",
    "minigrad.vision.datasets.base": "VisionDataset",
}
"""What is imported when it is first used, by its module."""

__all__ = ["FashionMNIST", "MNIST"]
__all__ += names_in(LATER)


def __getattr__(name: str) -> Any:
    return found(__name__, LATER, name)
