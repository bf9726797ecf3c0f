"""Layers that rearrange images: as their windows and back, between channels and pixels, between groups."""

from __future__ import annotations

from minigrad.nn.module import Module
from minigrad.ops.further.folding import fold, unfold
from minigrad.ops.further.shuffling import channel_shuffle, pixel_shuffle, pixel_unshuffle
from minigrad.ops.windows import Sizes
from minigrad.tensor import Tensor


class Unfold(Module):
    """The windows of images as columns, as `functional.unfold`: (N, C, height, width) -> (N, C kh kw, windows).

    kernel_size, dilation, padding, stride: those of the windows, one int or two each.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Unfold.html
    """

    def __init__(
        self,
        kernel_size: int | Sizes,
        dilation: int | Sizes = 1,
        padding: int | Sizes = 0,
        stride: int | Sizes = 1,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        """unfold(input)."""
        return unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """The sizes."""
        return f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, stride={self.stride}"


class Fold(Module):
    """The windows of images, as columns, added up to images, as `functional.fold`, which has the sizes.

    (N, C kh kw, windows) -> (N, C, *output_size).  kernel_size, dilation, padding, stride: those of the windows, one
    int or two each.  https://docs.pytorch.org/docs/stable/generated/torch.nn.Fold.html
    """

    def __init__(
        self,
        output_size: int | Sizes,
        kernel_size: int | Sizes,
        dilation: int | Sizes = 1,
        padding: int | Sizes = 0,
        stride: int | Sizes = 1,
    ) -> None:
        super().__init__()
        self.output_size = output_size
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        """fold(input)."""
        return fold(input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        """The sizes."""
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, dilation={self.dilation}, "
            f"padding={self.padding}, stride={self.stride}"
        )


class PixelShuffle(Module):
    """Channels as pixels, as `functional.pixel_shuffle`: (*, C r r, height, width) -> (*, C, height r, width r).

    r is the upscale_factor.  https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelShuffle.html
    """

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """pixel_shuffle(input)."""
        return pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        """The factor."""
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """Pixels as channels, as `functional.pixel_unshuffle`: (*, C, height r, width r) -> (*, C r r, height, width).

    r is the downscale_factor.  https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelUnshuffle.html
    """

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Tensor:
        """pixel_unshuffle(input)."""
        return pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        """The factor."""
        return f"downscale_factor={self.downscale_factor}"


class ChannelShuffle(Module):
    """The channels of so many groups dealt out, as `functional.channel_shuffle`: (N, C, ...) -> (N, C, ...).

    Channel i of group j comes to i * groups + j.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.ChannelShuffle.html
    """

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        """channel_shuffle(input)."""
        return channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        """The number of groups."""
        return f"groups={self.groups}"
