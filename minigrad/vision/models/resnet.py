"""Residual networks: each block adds to what it was given."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minigrad.nn import (
    AdaptiveAvgPool2d,
    BatchNorm2d,
    Conv2d,
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
    "ResNet",
    "ResNet101_Weights",
    "ResNet152_Weights",
    "ResNet18_Weights",
    "ResNet34_Weights",
    "ResNet50_Weights",
    "ResNeXt101_32X8D_Weights",
    "ResNeXt101_64X4D_Weights",
    "ResNeXt50_32X4D_Weights",
    "Wide_ResNet101_2_Weights",
    "Wide_ResNet50_2_Weights",
    "resnet101",
    "resnet152",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnext101_32x8d",
    "resnext101_64x4d",
    "resnext50_32x4d",
    "wide_resnet101_2",
    "wide_resnet50_2",
]


def conv3x3(in_planes: int, out_planes: int, stride: int = 1, groups: int = 1, dilation: int = 1) -> Conv2d:
    """A convolution of 3 x 3 pixels that keeps height and width, but for its stride."""
    return Conv2d(in_planes, out_planes, 3, stride, dilation, dilation, groups, bias=False)


def conv1x1(in_planes: int, out_planes: int, stride: int = 1) -> Conv2d:
    """A convolution of each pixel for itself."""
    return Conv2d(in_planes, out_planes, 1, stride, bias=False)


class BasicBlock(Module):
    """Two convolutions of 3 x 3 pixels, added to what they were given (downsample makes that fit)."""

    expansion = 1

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: Module | None = None,
        groups: int = 1,
        base_width: int = 64,
        dilation: int = 1,
        norm_layer: Callable[..., Module] | None = None,
    ) -> None:
        super().__init__()
        norm_layer = norm_layer or BatchNorm2d
        if groups != 1 or base_width != 64:
            raise ValueError("BasicBlock only supports groups=1 and base_width=64")
        if dilation > 1:
            raise NotImplementedError("Dilation > 1 not supported in BasicBlock")
        self.conv1 = conv3x3(inplanes, planes, stride)
        self.bn1 = norm_layer(planes)
        self.relu = ReLU(inplace=True)
        self.conv2 = conv3x3(planes, planes)
        self.bn2 = norm_layer(planes)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x: Tensor) -> Any:
        """The sum."""
        identity = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        return self.relu(self.bn2(self.conv2(out)) + identity)


class Bottleneck(Module):
    """A convolution of 3 x 3 pixels in fewer channels, between two of single pixels; added to what they were given."""

    expansion = 4

    def __init__(
        self,
        inplanes: int,
        planes: int,
        stride: int = 1,
        downsample: Module | None = None,
        groups: int = 1,
        base_width: int = 64,
        dilation: int = 1,
        norm_layer: Callable[..., Module] | None = None,
    ) -> None:
        super().__init__()
        norm_layer = norm_layer or BatchNorm2d
        width = int(planes * (base_width / 64.0)) * groups
        self.conv1 = conv1x1(inplanes, width)
        self.bn1 = norm_layer(width)
        self.conv2 = conv3x3(width, width, stride, groups, dilation)
        self.bn2 = norm_layer(width)
        self.conv3 = conv1x1(width, planes * self.expansion)
        self.bn3 = norm_layer(planes * self.expansion)
        self.relu = ReLU(inplace=True)
        self.downsample = downsample
        self.stride = stride

    def forward(self, x: Tensor) -> Any:
        """The sum."""
        identity = x if self.downsample is None else self.downsample(x)
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.relu(self.bn2(self.conv2(out)))
        return self.relu(self.bn3(self.conv3(out)) + identity)


class ResNet(Module):
    """A convolution, four layers of blocks, the mean over all pixels, a linear layer: (N, 3, H, W) -> (N, num_classes).

    block, layers: BasicBlock or Bottleneck, and how many in each layer.
    zero_init_residual: blocks begin as what adds nothing.
    groups, width_per_group: of the convolutions in blocks.
    replace_stride_with_dilation: in each of the last three layers, whether kernels are spread in place of halving.
    norm_layer: makes a normalization of so many channels; else BatchNorm2d.

    Source: K. He and others, Deep residual learning for image recognition, arXiv:1512.03385
    """

    def __init__(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        layers: Sequence[int],
        num_classes: int = 1000,
        zero_init_residual: bool = False,
        groups: int = 1,
        width_per_group: int = 64,
        replace_stride_with_dilation: Sequence[bool] | None = None,
        norm_layer: Callable[..., Module] | None = None,
    ) -> None:
        super().__init__()
        dilate = (False, False, False) if replace_stride_with_dilation is None else replace_stride_with_dilation
        if len(dilate) != 3:
            raise ValueError(f"replace_stride_with_dilation should be None or a 3-element tuple, got {dilate}")
        self._norm_layer = norm_layer or BatchNorm2d
        self.inplanes = 64
        self.dilation = 1
        self.groups = groups
        self.base_width = width_per_group
        self.conv1 = Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = self._norm_layer(64)
        self.relu = ReLU(inplace=True)
        self.maxpool = MaxPool2d(3, 2, 1)
        self.layer1 = self._make_layer(block, 64, layers[0])
        self.layer2 = self._make_layer(block, 128, layers[1], 2, dilate[0])
        self.layer3 = self._make_layer(block, 256, layers[2], 2, dilate[1])
        self.layer4 = self._make_layer(block, 512, layers[3], 2, dilate[2])
        self.avgpool = AdaptiveAvgPool2d((1, 1))
        self.fc = Linear(512 * block.expansion, num_classes)
        for layer in self.modules():
            if isinstance(layer, Conv2d):
                init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            elif zero_init_residual and isinstance(layer, (BasicBlock, Bottleneck)):
                last: Any = layer.bn3 if isinstance(layer, Bottleneck) else layer.bn2
                init.zeros_(last.weight)

    def _make_layer(
        self,
        block: type[BasicBlock] | type[Bottleneck],
        planes: int,
        blocks: int,
        stride: int = 1,
        dilate: bool = False,
    ) -> Sequential:
        """So many blocks, the first of which may halve height and width."""
        norm_layer, previous_dilation, out_planes = self._norm_layer, self.dilation, planes * block.expansion
        if dilate:
            self.dilation, stride = self.dilation * stride, 1
        downsample = None
        if stride != 1 or self.inplanes != out_planes:
            downsample = Sequential(conv1x1(self.inplanes, out_planes, stride), norm_layer(out_planes))
        how = (self.groups, self.base_width)
        first = block(self.inplanes, planes, stride, downsample, *how, previous_dilation, norm_layer)
        self.inplanes = out_planes
        others = [block(out_planes, planes, 1, None, *how, self.dilation, norm_layer) for _ in range(1, blocks)]
        return Sequential(first, *others)

    def forward(self, x: Tensor) -> Any:
        """The scores of the classes."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.avgpool(x).flatten(1))


def resnet(
    name: str,
    block: type[BasicBlock] | type[Bottleneck],
    layers: Sequence[int],
    weights: Any,
    **fixed: Any,
) -> Callable[..., ResNet]:
    """The function that builds a network of so many blocks."""

    def network(**options: Any) -> ResNet:
        return ResNet(block, layers, **{**options, **fixed})

    return builder(network, __name__, name, f"A residual network of {sum(layers)} blocks", weights)


ResNet18_Weights: Any = known(__name__, "ResNet18_Weights", 11689512, 1, "resnet18-f37072fd.pth")
ResNet34_Weights: Any = known(__name__, "ResNet34_Weights", 21797672, 1, "resnet34-b627a593.pth")
ResNet50_Weights: Any = known(
    __name__, "ResNet50_Weights", 25557032, 1, "resnet50-0676ba61.pth", "resnet50-11ad3fa6.pth"
)
ResNet101_Weights: Any = known(
    __name__, "ResNet101_Weights", 44549160, 1, "resnet101-63fe2227.pth", "resnet101-cd907fc2.pth"
)
ResNet152_Weights: Any = known(
    __name__, "ResNet152_Weights", 60192808, 1, "resnet152-394f9c45.pth", "resnet152-f82ba261.pth"
)
ResNeXt50_32X4D_Weights: Any = known(
    __name__, "ResNeXt50_32X4D_Weights", 25028904, 1, "resnext50_32x4d-7cdf4587.pth", "resnext50_32x4d-1a0047aa.pth"
)
ResNeXt101_32X8D_Weights: Any = known(
    __name__, "ResNeXt101_32X8D_Weights", 88791336, 1, "resnext101_32x8d-8ba56ff5.pth", "resnext101_32x8d-110c445d.pth"
)
ResNeXt101_64X4D_Weights: Any = known(
    __name__, "ResNeXt101_64X4D_Weights", 83455272, 1, "resnext101_64x4d-173b62eb.pth", resize_size=232
)
Wide_ResNet50_2_Weights: Any = known(
    __name__, "Wide_ResNet50_2_Weights", 68883240, 1, "wide_resnet50_2-95faca4d.pth", "wide_resnet50_2-9ba9bcbe.pth"
)
Wide_ResNet101_2_Weights: Any = known(
    __name__, "Wide_ResNet101_2_Weights", 126886696, 1, "wide_resnet101_2-32ee1156.pth", "wide_resnet101_2-d733dc28.pth"
)

FIFTY, HUNDRED = (3, 4, 6, 3), (3, 4, 23, 3)

resnet18 = resnet("resnet18", BasicBlock, (2, 2, 2, 2), ResNet18_Weights)
resnet34 = resnet("resnet34", BasicBlock, FIFTY, ResNet34_Weights)
resnet50 = resnet("resnet50", Bottleneck, FIFTY, ResNet50_Weights)
resnet101 = resnet("resnet101", Bottleneck, HUNDRED, ResNet101_Weights)
resnet152 = resnet("resnet152", Bottleneck, (3, 8, 36, 3), ResNet152_Weights)
resnext50_32x4d = resnet("resnext50_32x4d", Bottleneck, FIFTY, ResNeXt50_32X4D_Weights, groups=32, width_per_group=4)
resnext101_32x8d = resnet(
    "resnext101_32x8d", Bottleneck, HUNDRED, ResNeXt101_32X8D_Weights, groups=32, width_per_group=8
)
resnext101_64x4d = resnet(
    "resnext101_64x4d", Bottleneck, HUNDRED, ResNeXt101_64X4D_Weights, groups=64, width_per_group=4
)
wide_resnet50_2 = resnet("wide_resnet50_2", Bottleneck, FIFTY, Wide_ResNet50_2_Weights, width_per_group=128)
wide_resnet101_2 = resnet("wide_resnet101_2", Bottleneck, HUNDRED, Wide_ResNet101_2_Weights, width_per_group=128)
