"""SqueezeNet: as good as AlexNet with a fiftieth of the parameters."""

from __future__ import annotations

from typing import Any

from minigrad.nn import AdaptiveAvgPool2d, Conv2d, Dropout, MaxPool2d, Module, ReLU, Sequential, init
from minigrad.ops.shaping import cat
from minigrad.tensor import Tensor
from minigrad.vision.models.weights import builder, known

__all__ = ["SqueezeNet", "SqueezeNet1_0_Weights", "SqueezeNet1_1_Weights", "squeezenet1_0", "squeezenet1_1"]

SqueezeNet1_0_Weights: Any = known(__name__, "SqueezeNet1_0_Weights", 1248424, 21, "squeezenet1_0-b66bff10.pth")
SqueezeNet1_1_Weights: Any = known(__name__, "SqueezeNet1_1_Weights", 1235496, 17, "squeezenet1_1-b8a52dc0.pth")


class Fire(Module):
    """A convolution to few channels, then one of single pixels and one of 3 x 3 side by side."""

    def __init__(self, inplanes: int, squeeze_planes: int, expand1x1_planes: int, expand3x3_planes: int) -> None:
        super().__init__()
        self.inplanes = inplanes
        self.squeeze = Conv2d(inplanes, squeeze_planes, 1)
        self.squeeze_activation = ReLU(inplace=True)
        self.expand1x1 = Conv2d(squeeze_planes, expand1x1_planes, 1)
        self.expand1x1_activation = ReLU(inplace=True)
        self.expand3x3 = Conv2d(squeeze_planes, expand3x3_planes, 3, padding=1)
        self.expand3x3_activation = ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        """The channels of both."""
        x = self.squeeze_activation(self.squeeze(x))
        return cat([self.expand1x1_activation(self.expand1x1(x)), self.expand3x3_activation(self.expand3x3(x))], 1)


PLANS = {
    "1_0": (96, 7, "M 16-64 16-64 32-128 M 32-128 48-192 48-192 64-256 M 64-256"),
    "1_1": (64, 3, "M 16-64 16-64 M 32-128 32-128 M 48-192 48-192 64-256 64-256"),
}
"""The channels and the size of the first kernels; the channels of each Fire, few and expanded; M halves the image."""


class SqueezeNet(Module):
    """Convolutions and their mean over all pixels: images (N, 3, H, W) -> (N, num_classes).  ValueError for a version.

    Source: F. N. Iandola and others, SqueezeNet, arXiv:1602.07360
    """

    def __init__(self, version: str = "1_0", num_classes: int = 1000, dropout: float = 0.5) -> None:
        super().__init__()
        if version not in PLANS:
            raise ValueError(f"Unsupported SqueezeNet version {version}: 1_0 or 1_1 expected")
        self.num_classes = num_classes
        channels, kernel, plan = PLANS[version]
        layers: list[Module] = [Conv2d(3, channels, kernel, 2), ReLU(inplace=True)]
        for step in plan.split():
            if step == "M":
                layers.append(MaxPool2d(3, 2, ceil_mode=True))
                continue
            few, many = map(int, step.split("-"))
            layers.append(Fire(channels, few, many, many))
            channels = 2 * many
        self.features = Sequential(*layers)
        last = Conv2d(channels, num_classes, 1)
        self.classifier = Sequential(Dropout(dropout), last, ReLU(inplace=True), AdaptiveAvgPool2d((1, 1)))
        for layer in self.modules():
            if layer is last:
                init.normal_(last.weight, 0.0, 0.01)
            elif isinstance(layer, Conv2d):
                init.kaiming_uniform_(layer.weight)
            if isinstance(layer, Conv2d) and layer.bias is not None:
                init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Any:
        """The scores of the classes."""
        return self.classifier(self.features(x)).flatten(1)


def first(**options: Any) -> SqueezeNet:
    """The network of the paper."""
    return SqueezeNet("1_0", **options)


def second(**options: Any) -> SqueezeNet:
    """The network with less work and the same results."""
    return SqueezeNet("1_1", **options)


squeezenet1_0 = builder(first, __name__, "squeezenet1_0", "SqueezeNet as in the paper", SqueezeNet1_0_Weights)
squeezenet1_1 = builder(second, __name__, "squeezenet1_1", "SqueezeNet with less work", SqueezeNet1_1_Weights)
