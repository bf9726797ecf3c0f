"""VGG: small convolutions, many of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minigrad.nn import (
    AdaptiveAvgPool2d,
    BatchNorm2d,
    Conv2d,
    Dropout,
    Linear,
    MaxPool2d,
    Module,
    ReLU,
    Sequential,
    init,
)
from minigrad.tensor import Tensor
from minigrad.vision.models.weights import builder, known

__all__ = [
    "VGG",
    "VGG11_BN_Weights",
    "VGG11_Weights",
    "VGG13_BN_Weights",
    "VGG13_Weights",
    "VGG16_BN_Weights",
    "VGG16_Weights",
    "VGG19_BN_Weights",
    "VGG19_Weights",
    "vgg11",
    "vgg11_bn",
    "vgg13",
    "vgg13_bn",
    "vgg16",
    "vgg16_bn",
    "vgg19",
    "vgg19_bn",
]

VGG11_Weights: Any = known(__name__, "VGG11_Weights", 132863336, 32, "vgg11-8a719046.pth")
VGG11_BN_Weights: Any = known(__name__, "VGG11_BN_Weights", 132868840, 32, "vgg11_bn-6002323d.pth")
VGG13_Weights: Any = known(__name__, "VGG13_Weights", 133047848, 32, "vgg13-19584684.pth")
VGG13_BN_Weights: Any = known(__name__, "VGG13_BN_Weights", 133053736, 32, "vgg13_bn-abd245e5.pth")
VGG16_Weights: Any = known(__name__, "VGG16_Weights", 138357544, 32, "vgg16-397923af.pth")
VGG16_BN_Weights: Any = known(__name__, "VGG16_BN_Weights", 138365992, 32, "vgg16_bn-6c64b313.pth")
VGG19_Weights: Any = known(__name__, "VGG19_Weights", 143667240, 32, "vgg19-dcbb9e9d.pth")
VGG19_BN_Weights: Any = known(__name__, "VGG19_BN_Weights", 143678248, 32, "vgg19_bn-c79401a0.pth")


class VGG(Module):
    """Convolutions, then three linear layers: images (N, 3, 32 or more, 32 or more) -> (N, num_classes).

    features: the convolutions, which give 512 channels.  init_weights: draw the weights as the paper has them, not as
    the layers do.  Source: K. Simonyan, A. Zisserman, Very deep convolutional networks, arXiv:1409.1556
    """

    def __init__(
        self, features: Module, num_classes: int = 1000, init_weights: bool = True, dropout: float = 0.5
    ) -> None:
        super().__init__()
        self.features = features
        self.avgpool = AdaptiveAvgPool2d((7, 7))
        self.classifier = Sequential(
            Linear(512 * 7 * 7, 4096),
            ReLU(inplace=True),
            Dropout(dropout),
            Linear(4096, 4096),
            ReLU(inplace=True),
            Dropout(dropout),
            Linear(4096, num_classes),
        )
        for layer in self.modules() if init_weights else ():
            draw(layer)

    def forward(self, x: Tensor) -> Any:
        """The scores of the classes."""
        return self.classifier(self.avgpool(self.features(x)).flatten(1))


def draw(layer: Module) -> None:
    """Draw the weights of a layer."""
    if isinstance(layer, Conv2d):
        init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
    elif isinstance(layer, Linear):
        init.normal_(layer.weight, 0, 0.01)
    elif isinstance(layer, BatchNorm2d):
        init.ones_(layer.weight)
    else:
        return
    if layer.bias is not None:
        init.zeros_(layer.bias)


PLANS = {
    11: "64 M 128 M 256 256 M 512 512 M 512 512 M",
    13: "64 64 M 128 128 M 256 256 M 512 512 M 512 512 M",
    16: "64 64 M 128 128 M 256 256 256 M 512 512 512 M 512 512 512 M",
    19: "64 64 M 128 128 M 256 256 256 256 M 512 512 512 512 M 512 512 512 512 M",
}
"""The channels of the convolutions; M halves height and width."""


def planned(plan: str, batch_norm: bool) -> Sequential:
    """The convolutions of a plan."""
    layers: list[Module] = []
    channels = 3
    for step in plan.split():
        if step == "M":
            layers.append(MaxPool2d(2, 2))
            continue
        layers.append(Conv2d(channels, int(step), 3, padding=1))
        channels = int(step)
        layers += [BatchNorm2d(channels)] if batch_norm else []
        layers.append(ReLU(inplace=True))
    return Sequential(*layers)


def vgg(depth: int, batch_norm: bool, weights: Any) -> Callable[..., VGG]:
    """The function that builds the network of so many layers."""
    name = f"vgg{depth}{'_bn' if batch_norm else ''}"
    about = f"VGG with {depth} layers that have weights{', and batch normalization' if batch_norm else ''}"

    def network(**options: Any) -> VGG:
        return VGG(planned(PLANS[depth], batch_norm), **options)

    return builder(network, __name__, name, about, weights)


vgg11 = vgg(11, False, VGG11_Weights)
vgg11_bn = vgg(11, True, VGG11_BN_Weights)
vgg13 = vgg(13, False, VGG13_Weights)
vgg13_bn = vgg(13, True, VGG13_BN_Weights)
vgg16 = vgg(16, False, VGG16_Weights)
vgg16_bn = vgg(16, True, VGG16_BN_Weights)
vgg19 = vgg(19, False, VGG19_Weights)
vgg19_bn = vgg(19, True, VGG19_BN_Weights)
