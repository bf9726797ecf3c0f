"""MobileNetV2: convolutions of each channel for itself, between those of each pixel for itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minigrad.nn import BatchNorm2d, Conv2d, Dropout, Linear, Module, ReLU6, Sequential, functional, init
from minigrad.tensor import Tensor
from minigrad.vision.models.weights import builder, known

__all__ = ["MobileNetV2", "MobileNet_V2_Weights", "mobilenet_v2"]

MobileNet_V2_Weights: Any = known(
    __name__, "MobileNet_V2_Weights", 3504872, 1, "mobilenet_v2-b0353104.pth", "mobilenet_v2-7ebf99e0.pth"
)


class Conv2dNormActivation(Sequential):
    """A convolution that keeps height and width, but for its stride; a normalization; and ReLU6."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        groups: int = 1,
        norm_layer: Callable[..., Module] = BatchNorm2d,
    ) -> None:
        padding = (kernel_size - 1) // 2
        convolution = Conv2d(in_channels, out_channels, kernel_size, stride, padding, groups=groups, bias=False)
        super().__init__(convolution, norm_layer(out_channels), ReLU6(inplace=True))
        self.out_channels = out_channels


class InvertedResidual(Module):
    """To more channels, a convolution of each of them, and to fewer; added to what was given, where that fits."""

    def __init__(
        self,
        inp: int,
        oup: int,
        stride: int,
        expand_ratio: float,
        norm_layer: Callable[..., Module] | None = None,
    ) -> None:
        super().__init__()
        if stride not in (1, 2):
            raise ValueError(f"stride should be 1 or 2 instead of {stride}")
        norm_layer = norm_layer or BatchNorm2d
        hidden = round(inp * expand_ratio)
        self.stride = stride
        self.use_res_connect = stride == 1 and inp == oup
        more = [Conv2dNormActivation(inp, hidden, 1, norm_layer=norm_layer)] if expand_ratio != 1 else []
        self.conv = Sequential(
            *more,
            Conv2dNormActivation(hidden, hidden, 3, stride, hidden, norm_layer),
            Conv2d(hidden, oup, 1, bias=False),
            norm_layer(oup),
        )
        self.out_channels = oup

    def forward(self, x: Tensor) -> Any:
        """The channels, or the sum."""
        return x + self.conv(x) if self.use_res_connect else self.conv(x)


SETTING = (
    *((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2)),
    *((6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)),
)
"""Of each row of blocks: how many times more channels within, the channels, how many blocks, and the first stride."""


class MobileNetV2(Module):
    """Convolutions, their mean over all pixels, a linear layer: images (N, 3, H, W) -> (N, num_classes).

    width_mult: how many times as many channels.  inverted_residual_setting: the rows of blocks.  round_nearest: numbers
    of channels are multiples of it.  block, norm_layer: what makes a block and a normalization.

    Source: M. Sandler and others, MobileNetV2, arXiv:1801.04381
    """

    def __init__(
        self,
        num_classes: int = 1000,
        width_mult: float = 1.0,
        inverted_residual_setting: Sequence[Sequence[int]] | None = None,
        round_nearest: int = 8,
        block: Callable[..., Module] | None = None,
        norm_layer: Callable[..., Module] | None = None,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        block, norm_layer = block or InvertedResidual, norm_layer or BatchNorm2d
        setting = SETTING if inverted_residual_setting is None else inverted_residual_setting
        if len(setting) == 0 or len(setting[0]) != 4:
            raise ValueError(f"inverted_residual_setting should be non-empty or a 4-element list, got {setting}")
        channels = divisible(32 * width_mult, round_nearest)
        layers: list[Module] = [Conv2dNormActivation(3, channels, 3, 2, norm_layer=norm_layer)]
        for ratio, planes, number, stride in setting:
            wider = divisible(planes * width_mult, round_nearest)
            for index in range(number):
                step = stride if index == 0 else 1
                layers.append(block(channels, wider, step, expand_ratio=ratio, norm_layer=norm_layer))
                channels = wider
        self.last_channel = divisible(1280 * max(1.0, width_mult), round_nearest)
        layers.append(Conv2dNormActivation(channels, self.last_channel, 1, norm_layer=norm_layer))
        self.features = Sequential(*layers)
        self.classifier = Sequential(Dropout(dropout), Linear(self.last_channel, num_classes))
        for layer in self.modules():
            if isinstance(layer, Conv2d):
                init.kaiming_normal_(layer.weight, mode="fan_out")
            elif isinstance(layer, Linear):
                init.normal_(layer.weight, 0, 0.01)
                init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Any:
        """The scores of the classes."""
        return self.classifier(functional.adaptive_avg_pool2d(self.features(x), (1, 1)).flatten(1))


def divisible(number: float, divisor: int) -> int:
    """The nearest multiple of a divisor, of at least nine tenths of the number."""
    nearest = max(divisor, int(number + divisor / 2) // divisor * divisor)
    return nearest if nearest >= 0.9 * number else nearest + divisor


mobilenet_v2 = builder(MobileNetV2, __name__, "mobilenet_v2", "MobileNetV2", MobileNet_V2_Weights)
