"""The convolution layer."""

from __future__ import annotations

import math
from typing import Any

from minigrad.nn import functional, init
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.creation import empty, tensor
from minigrad.ops.windows import Pair, pair
from minigrad.tensor import Tensor


class Conv2d(Module):
    """Each of out_channels kernels laid over the images at every place: (N, in, height, width) -> (N, out, oh, ow).

    Arguments and sizes are those of `functional.conv2d`.  weight (out_channels, in_channels / groups, *kernel_size)
    and bias (out_channels,) start uniform in +-1 / sqrt(fan_in), where fan_in = in_channels / groups * kh * kw,
    drawn as PyTorch draws them.  padding_mode: what is put around the images, "zeros", "reflect" (the image
    mirrored at its edges), "replicate" (its edges repeated) or "circular" (its opposite edges).

    ValueError for groups that do not divide the channels, a padding or a padding_mode that does not exist.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        stride: int | Pair = 1,
        padding: int | Pair | str = 0,
        dilation: int | Pair = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        check_groups(in_channels, out_channels, groups)
        check_padding(padding, stride, padding_mode)
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = pair("Conv2d", "kernel_size", kernel_size)
        self.stride = pair("Conv2d", "stride", stride)
        self.padding = padding if isinstance(padding, str) else pair("Conv2d", "padding", padding)
        self.dilation = pair("Conv2d", "dilation", dilation)
        self.groups = groups
        self.padding_mode = padding_mode
        size = (out_channels, in_channels // groups, *self.kernel_size)
        self.weight = Parameter(empty(size, device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in = self.weight[0].numel() if self.out_channels else 0
            bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """The convolution of the input."""
        padding = self.padding
        if self.padding_mode != "zeros":
            input, padding = self.with_edges(input), (0, 0)
        return functional.conv2d(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def with_edges(self, input: Tensor) -> Tensor:
        """The input with edges of its own elements."""
        rows, columns = (
            tensor(edges(self.padding_mode, n, *self.padding_along(dim)), device=input.device)
            for dim, n in enumerate(input.shape[-2:])
        )
        padded: Tensor = input[..., rows.unsqueeze(1), columns]
        return padded

    def padding_along(self, dim: int) -> Pair:
        """How many elements are put before and after the height (0) or the width (1)."""
        if isinstance(self.padding, str):
            added = self.dilation[dim] * (self.kernel_size[dim] - 1) if self.padding == "same" else 0
            return added // 2, added - added // 2
        return self.padding[dim], self.padding[dim]

    def extra_repr(self) -> str:
        """The channels, the sizes, and what differs from its default."""
        shown = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding != (0, 0):
            shown += f", padding={self.padding}"
        if self.dilation != (1, 1):
            shown += f", dilation={self.dilation}"
        if self.groups != 1:
            shown += f", groups={self.groups}"
        if self.bias is None:
            shown += ", bias=False"
        return shown if self.padding_mode == "zeros" else f"{shown}, padding_mode={self.padding_mode}"


def edges(mode: str, n: int, before: int, after: int) -> list[int]:
    """Which of n elements stands at each place of the padded row; RuntimeError for more padding than elements."""
    if max(before, after) > (n - 1 if mode == "reflect" else n) and mode != "replicate":
        raise RuntimeError(
            f"Conv2d(): Padding size should be less than the corresponding input dimension: {before} and {after} "
            f"are too much around {n} elements with padding_mode={mode!r}"
        )
    places = range(-before, n + after)
    if mode == "circular":
        return [i % n for i in places]
    if mode == "replicate":
        return [min(max(i, 0), n - 1) for i in places]
    return [n - 1 - abs(n - 1 - abs(i)) for i in places]


def check_groups(in_channels: int, out_channels: int, groups: int) -> None:
    """ValueError for groups that do not divide the channels."""
    if groups <= 0:
        raise ValueError(f"groups must be a positive integer, not {groups}")
    for name, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
        if channels % groups:
            raise ValueError(f"{name} must be divisible by groups, but {channels} is not by {groups}")


def check_padding(padding: Any, stride: Any, padding_mode: str) -> None:
    """ValueError for a padding or a mode that does not exist."""
    if isinstance(padding, str) and padding not in ("same", "valid"):
        raise ValueError(f"Invalid padding string {padding!r}, should be one of 'same', 'valid'")
    if padding == "same" and pair("Conv2d", "stride", stride) != (1, 1):
        raise ValueError("padding='same' is not supported for strided convolutions: give padding as a number")
    if padding_mode not in ("zeros", "reflect", "replicate", "circular"):
        raise ValueError(
            "padding_mode must be one of 'zeros', 'reflect', 'replicate', 'circular', "
            f"but got padding_mode={padding_mode!r}"
        )
