"""DenseNet: each layer is given what all before it made."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from minigrad.nn import (
    AvgPool2d,
    BatchNorm2d,
    Conv2d,
    Linear,
    MaxPool2d,
    Module,
    ModuleDict,
    ReLU,
    Sequential,
    functional,
    init,
)
from minigrad.ops.shaping import cat
from minigrad.tensor import Tensor
from minigrad.vision.models.weights import builder, known

__all__ = [
    "DenseNet",
    "DenseNet121_Weights",
    "DenseNet161_Weights",
    "DenseNet169_Weights",
    "DenseNet201_Weights",
    "densenet121",
    "densenet161",
    "densenet169",
    "densenet201",
]

DenseNet121_Weights: Any = known(__name__, "DenseNet121_Weights", 7978856, 29, "densenet121-a639ec97.pth")
DenseNet161_Weights: Any = known(__name__, "DenseNet161_Weights", 28681000, 29, "densenet161-8d451a50.pth")
DenseNet169_Weights: Any = known(__name__, "DenseNet169_Weights", 14149480, 29, "densenet169-b2777c0a.pth")
DenseNet201_Weights: Any = known(__name__, "DenseNet201_Weights", 20013928, 29, "densenet201-c1103571.pth")


class _DenseLayer(Module):
    """A convolution to bn_size * growth_rate channels, then one of 3 x 3 pixels to growth_rate channels."""

    def __init__(self, num_input_features: int, growth_rate: int, bn_size: int, drop_rate: float) -> None:
        super().__init__()
        self.norm1 = BatchNorm2d(num_input_features)
        self.relu1 = ReLU(inplace=True)
        self.conv1 = Conv2d(num_input_features, bn_size * growth_rate, 1, bias=False)
        self.norm2 = BatchNorm2d(bn_size * growth_rate)
        self.relu2 = ReLU(inplace=True)
        self.conv2 = Conv2d(bn_size * growth_rate, growth_rate, 3, padding=1, bias=False)
        self.drop_rate = float(drop_rate)

    def forward(self, input: list[Tensor]) -> Any:
        """The new channels."""
        out = self.conv1(self.relu1(self.norm1(cat(input, 1))))
        out = self.conv2(self.relu2(self.norm2(out)))
        return functional.dropout(out, self.drop_rate, self.training) if self.drop_rate > 0 else out


class _DenseBlock(ModuleDict):
    """Layers each of which is given the channels of all before it."""

    def __init__(
        self, num_layers: int, num_input_features: int, bn_size: int, growth_rate: int, drop_rate: float
    ) -> None:
        super().__init__()
        for index in range(num_layers):
            channels = num_input_features + index * growth_rate
            self[f"denselayer{index + 1}"] = _DenseLayer(channels, growth_rate, bn_size, drop_rate)

    def forward(self, init_features: Tensor) -> Tensor:
        """All channels."""
        features = [init_features]
        for layer in self.values():
            features.append(layer(features))
        return cat(features, 1)


class _Transition(Sequential):
    """To fewer channels, of half the height and width."""

    def __init__(self, num_input_features: int, num_output_features: int) -> None:
        super().__init__()
        self.norm = BatchNorm2d(num_input_features)
        self.relu = ReLU(inplace=True)
        self.conv = Conv2d(num_input_features, num_output_features, 1, bias=False)
        self.pool = AvgPool2d(2, 2)


class DenseNet(Module):
    """A convolution, blocks, the mean over all pixels, a linear layer: images (N, 3, H, W) -> (N, num_classes).

    growth_rate: the channels that each layer adds.  block_config: the layers of each block.  num_init_features: the
    channels before.  bn_size: how many times growth_rate a layer has within.  drop_rate: of dropout after each layer.
    memory_efficient: NotImplementedError where it is asked for.

    Source: G. Huang and others, Densely connected convolutional networks, arXiv:1608.06993
    """

    def __init__(
        self,
        growth_rate: int = 32,
        block_config: Sequence[int] = (6, 12, 24, 16),
        num_init_features: int = 64,
        bn_size: int = 4,
        drop_rate: float = 0,
        num_classes: int = 1000,
        memory_efficient: bool = False,
    ) -> None:
        super().__init__()
        if memory_efficient:
            raise NotImplementedError("DenseNet: minigrad has no memory_efficient=True; leave it out")
        channels = num_init_features
        self.features = Sequential()
        self.features.add_module("conv0", Conv2d(3, channels, 7, 2, 3, bias=False))
        self.features.add_module("norm0", BatchNorm2d(channels))
        self.features.add_module("relu0", ReLU(inplace=True))
        self.features.add_module("pool0", MaxPool2d(3, 2, 1))
        for number, size in enumerate(block_config, start=1):
            block = _DenseBlock(size, channels, bn_size, growth_rate, drop_rate)
            self.features.add_module(f"denseblock{number}", block)
            channels += size * growth_rate
            if number < len(block_config):
                self.features.add_module(f"transition{number}", _Transition(channels, channels // 2))
                channels //= 2
        self.features.add_module("norm5", BatchNorm2d(channels))
        self.classifier = Linear(channels, num_classes)
        for layer in self.modules():
            if isinstance(layer, Conv2d):
                init.kaiming_normal_(layer.weight)
        init.zeros_(self.classifier.bias)

    def forward(self, x: Tensor) -> Any:
        """The scores of the classes."""
        features = functional.relu(self.features(x))
        return self.classifier(functional.adaptive_avg_pool2d(features, (1, 1)).flatten(1))

    def load_state_dict(self, state_dict: Any, *args: Any, **kwargs: Any) -> Any:
        """As that of any module; also of the old files, which write norm.1 for norm1."""
        old = re.compile(r"(.*denselayer\d+\.(?:norm|relu|conv))\.([12]\.\w+)")
        return super().load_state_dict({old.sub(r"\1\2", key): v for key, v in state_dict.items()}, *args, **kwargs)


def densenet(
    depth: int, growth_rate: int, block_config: Sequence[int], num_init_features: int, weights: Any
) -> Callable[..., DenseNet]:
    """The function that builds the network of so many layers."""

    def network(**options: Any) -> DenseNet:
        return DenseNet(growth_rate, block_config, num_init_features, **options)

    about = f"DenseNet with {depth} layers that have weights"
    return builder(network, __name__, f"densenet{depth}", about, weights)


densenet121 = densenet(121, 32, (6, 12, 24, 16), 64, DenseNet121_Weights)
densenet161 = densenet(161, 48, (6, 12, 36, 24), 96, DenseNet161_Weights)
densenet169 = densenet(169, 32, (6, 12, 32, 32), 64, DenseNet169_Weights)
densenet201 = densenet(201, 32, (6, 12, 48, 32), 64, DenseNet201_Weights)
