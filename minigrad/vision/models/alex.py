"""AlexNet, with which it began."""

from __future__ import annotations

from typing import Any

from minigrad.nn import AdaptiveAvgPool2d, Conv2d, Dropout, Linear, MaxPool2d, Module, ReLU, Sequential
from minigrad.tensor import Tensor
from minigrad.vision.models.weights import builder, known

__all__ = ["AlexNet", "AlexNet_Weights", "alexnet"]

AlexNet_Weights: Any = known(__name__, "AlexNet_Weights", 61100840, 63, "alexnet-owt-7be5be79.pth")


class AlexNet(Module):
    """Five convolutions and three linear layers: images (N, 3, 63 or more, 63 or more) -> (N, num_classes).

    Source: A. Krizhevsky, One weird trick for parallelizing convolutional neural networks, arXiv:1404.5997
    """

    def __init__(self, num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        self.features = Sequential(
            Conv2d(3, 64, 11, 4, 2),
            ReLU(inplace=True),
            MaxPool2d(3, 2),
            Conv2d(64, 192, 5, padding=2),
            ReLU(inplace=True),
            MaxPool2d(3, 2),
            Conv2d(192, 384, 3, padding=1),
            ReLU(inplace=True),
            Conv2d(384, 256, 3, padding=1),
            ReLU(inplace=True),
            Conv2d(256, 256, 3, padding=1),
            ReLU(inplace=True),
            MaxPool2d(3, 2),
        )
        self.avgpool = AdaptiveAvgPool2d((6, 6))
        self.classifier = Sequential(
            Dropout(dropout),
            Linear(256 * 6 * 6, 4096),
            ReLU(inplace=True),
            Dropout(dropout),
            Linear(4096, 4096),
            ReLU(inplace=True),
            Linear(4096, num_classes),
        )

    def forward(self, x: Tensor) -> Any:
        """The scores of the classes."""
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


alexnet = builder(AlexNet, __name__, "alexnet", "AlexNet", AlexNet_Weights)
