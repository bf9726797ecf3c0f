"""The convolution layer."""

from __future__ import annotations

import math
from typing import Any

from minigrad.nn import functional, init
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.creation import empty
from minigrad.ops.windows import Sizes, sizes
from minigrad.tensor import Tensor


class _ConvNd(Module):
    """What the convolution layers have in common: sizes, and weights drawn as PyTorch draws them.

    dims: how many dimensions an image has.
    """

    dims: int
    transposed = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sizes,
        stride: int | Sizes = 1,
        padding: int | Sizes | str = 0,
        dilation: int | Sizes = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = self.sizes("kernel_size", kernel_size)
        self.stride = self.sizes("stride", stride)
        self.padding = padding if isinstance(padding, str) else self.sizes("padding", padding)
        self.dilation = self.sizes("dilation", dilation)
        self.output_padding: Sizes = (0,) * self.dims
        self.groups = groups
        self.padding_mode = padding_mode
        check_groups(in_channels, out_channels, groups)
        check_padding(padding, self.stride, padding_mode)
        self.weight = Parameter(empty(self.weight_shape(), device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def sizes(self, name: str, value: Any) -> Sizes:
        """An argument given as one int, or one for each dimension."""
        return sizes(type(self).__name__, name, value, self.dims)

    def weight_shape(self) -> Sizes:
        """The shape of the weight, of which each group has a part of the channels that come second."""
        if self.transposed:
            return self.in_channels, self.out_channels // self.groups, *self.kernel_size
        return self.out_channels, self.in_channels // self.groups, *self.kernel_size

    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in = math.prod(self.weight.shape[1:])
            bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def padded(self, input: Tensor) -> tuple[Tensor, Any]:
        """The input, with edges of its own elements if so asked, and the padding of zeros that remains to be done."""
        if self.padding_mode == "zeros":
            return input, self.padding
        around = [n for dim in reversed(range(self.dims)) for n in self.padding_along(dim)]
        return functional.pad(input, around, self.padding_mode), 0

    def padding_along(self, dim: int) -> Sizes:
        """How many elements are put before and after one of the dimensions."""
        if isinstance(self.padding, str):
            added = self.dilation[dim] * (self.kernel_size[dim] - 1) if self.padding == "same" else 0
            return added // 2, added - added // 2
        return self.padding[dim], self.padding[dim]

    def extra_repr(self) -> str:
        """The channels, the sizes, and what differs from its default."""
        shown = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding != (0,) * self.dims:
            shown += f", padding={self.padding}"
        if self.dilation != (1,) * self.dims:
            shown += f", dilation={self.dilation}"
        if self.output_padding != (0,) * self.dims:
            shown += f", output_padding={self.output_padding}"
        if self.groups != 1:
            shown += f", groups={self.groups}"
        if self.bias is None:
            shown += ", bias=False"
        return shown if self.padding_mode == "zeros" else f"{shown}, padding_mode={self.padding_mode}"


class Conv2d(_ConvNd):
    """Each of out_channels kernels laid over the images at every place: (N, in, height, width) -> (N, out, oh, ow).

    stride, padding, dilation and groups, and with them the sizes, are those of `functional.conv2d`.  weight
    (out_channels, in_channels / groups, *kernel_size) and bias (out_channels,) start uniform in +-1 / sqrt(fan_in),
    where fan_in = in_channels / groups * kh * kw, drawn as PyTorch draws them.  padding_mode: what is put around the
    images, "zeros", "reflect" (the image mirrored at its edges), "replicate" (its edges repeated) or "circular" (its
    opposite edges).

    ValueError for groups that do not divide the channels, a padding or a padding_mode that does not exist.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
    """

    dims = 2

    def forward(self, input: Tensor) -> Tensor:
        """The convolution of the input."""
        return self._conv_forward(input, self.weight, self.bias)

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        input, padding = self.padded(input)
        return functional.conv2d(input, weight, bias, self.stride, padding, self.dilation, self.groups)


def check_groups(in_channels: int, out_channels: int, groups: int) -> None:
    """ValueError for groups that do not divide the channels."""
    if groups <= 0:
        raise ValueError(f"groups must be a positive integer, not {groups}")
    check_divisible("in_channels", in_channels, groups)
    check_divisible("out_channels", out_channels, groups)


def check_divisible(name: str, channels: int, groups: int) -> None:
    """ValueError for channels that cannot be shared among groups."""
    if channels % groups:
        raise ValueError(f"{name} must be divisible by groups, but {channels} is not by {groups}")


def check_padding(padding: Any, stride: Sizes, padding_mode: str) -> None:
    """ValueError for a padding or a mode that does not exist."""
    if isinstance(padding, str) and padding not in ("same", "valid"):
        raise ValueError(f"Invalid padding string {padding!r}, should be one of 'same', 'valid'")
    if padding == "same" and max(stride) > 1:
        raise ValueError("padding='same' is not supported for strided convolutions: give padding as a number")
    if padding_mode not in ("zeros", "reflect", "replicate", "circular"):
        raise ValueError(
            "padding_mode must be one of 'zeros', 'reflect', 'replicate', 'circular', "
            f"but got padding_mode={padding_mode!r}"
        )
