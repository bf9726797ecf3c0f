"""Elements moved between channels and pixels, and between groups of channels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from minigrad.arrays import copy_of
from minigrad.engine.graph import raw, record
from minigrad.formats import format_of, in_format
from minigrad.ops.promotion import check_tensors

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["channel_shuffle", "pixel_shuffle", "pixel_unshuffle"]


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Channels as pixels: (..., C r r, height, width) -> (..., C, height r, width r), where r is upscale_factor.

    RuntimeError for fewer than three dimensions, or a factor whose square does not divide the channels.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelShuffle.html

    >>> import minigrad as torch
    >>> torch.pixel_shuffle(torch.tensor([[[1.0]], [[2.0]], [[3.0]], [[4.0]]]), 2)
    tensor([[[1., 2.],
             [3., 4.]]])
    """
    factor = checked_factor("pixel_shuffle", "upscale_factor", input, upscale_factor)
    channels = input.shape[-3]
    if channels % factor**2:
        raise RuntimeError(
            "pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, "
            f"but input.size(-3)={channels} is not divisible by {factor**2}"
        )
    return spread_out(input, factor)


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Pixels as channels: (..., C, height r, width r) -> (..., C r r, height, width), where r is downscale_factor.

    RuntimeError for fewer than three dimensions, or a factor that does not divide height and width.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelUnshuffle.html
    """
    factor = checked_factor("pixel_unshuffle", "downscale_factor", input, downscale_factor)
    for dim, name in ((-2, "height"), (-1, "width")):
        if input.shape[dim] % factor:
            raise RuntimeError(
                f"pixel_unshuffle expects {name} to be divisible by downscale_factor, but input.size({dim})="
                f"{input.shape[dim]} is not divisible by {factor}"
            )
    return gathered_in(input, factor)


def spread_out(a: Tensor, factor: int) -> Tensor:
    """Channels as pixels."""
    x = raw(a)
    *batch, channels, height, width = x.shape
    parts = x.reshape(math.prod(batch), channels // factor**2, factor, factor, height, width)
    value = copy_of(parts.transpose(0, 1, 4, 2, 5, 3)).reshape(
        *batch, channels // factor**2, height * factor, width * factor
    )
    return record(in_format(value, format_of(x)), (a,), (spread_out_da,), factor, name="PixelShuffleBackward0")


def spread_out_da(g: Tensor, _out: Tensor, _a: Tensor, factor: int) -> Tensor:
    return gathered_in(g, factor)


def gathered_in(a: Tensor, factor: int) -> Tensor:
    """Pixels as channels."""
    x = raw(a)
    *batch, channels, height, width = x.shape
    parts = x.reshape(math.prod(batch), channels, height // factor, factor, width // factor, factor)
    value = copy_of(parts.transpose(0, 1, 3, 5, 2, 4)).reshape(
        *batch, channels * factor**2, height // factor, width // factor
    )
    return record(in_format(value, format_of(x)), (a,), (gathered_in_da,), factor, name="PixelUnshuffleBackward0")


def gathered_in_da(g: Tensor, _out: Tensor, _a: Tensor, factor: int) -> Tensor:
    return spread_out(g, factor)


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """The channels of so many groups dealt out: the first of each group, then the second of each, and so on.

    input: (N, C, ...).  RuntimeError for fewer than three dimensions, or groups that do not divide the channels.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.ChannelShuffle.html
    """
    check_tensors("channel_shuffle", input=input)
    x = input.array
    if x.ndim < 3:
        raise RuntimeError(f"channel_shuffle expects input with > 2 dims, but got input with sizes {list(x.shape)}")
    if groups <= 0:
        raise RuntimeError(f"Number of groups to divide channels in must be positive. Value of groups:{groups}")
    if x.shape[1] % groups:
        raise RuntimeError(
            f"Number of channels must be divisible by groups. Got {x.shape[1]} channels and {groups} groups."
        )
    return dealt_out(input, groups)


def dealt_out(a: Tensor, groups: int) -> Tensor:
    """The channels of groups dealt out."""
    x = raw(a)
    number, channels, *image = x.shape
    value = copy_of(x.reshape(number, groups, channels // groups, *image).swapaxes(1, 2)).reshape(x.shape)
    return record(in_format(value, format_of(x)), (a,), (dealt_out_da,), groups, name="ChannelShuffleBackward0")


def dealt_out_da(g: Tensor, _out: Tensor, _a: Tensor, groups: int) -> Tensor:
    return dealt_out(g, g.shape[1] // groups)


def checked_factor(op: str, name: str, input: Any, factor: Any) -> int:
    """A factor.  TypeError for what is no int, RuntimeError for one that is not above 0, or too few dimensions."""
    check_tensors(op, input=input)
    if isinstance(factor, bool) or not hasattr(factor, "__index__"):
        raise TypeError(f"{op}(): argument '{name}' must be int, not {type(factor).__name__}")
    ndim = input.array.ndim
    if ndim < 3:
        raise RuntimeError(f"{op} expects input to have at least 3 dimensions, but got input with {ndim} dimension(s)")
    if factor <= 0:
        raise RuntimeError(f"{op} expects a positive {name}, but got {factor}")
    return int(factor.__index__())
