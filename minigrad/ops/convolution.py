"""Convolution of images: each window times a kernel, as one matrix product."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minigrad.arrays import quiet
from minigrad.engine.graph import raw, record
from minigrad.formats import channels_last, contiguous_format, format_of, in_format
from minigrad.ops.advice import converted
from minigrad.ops.promotion import check_tensors
from minigrad.ops.reductions import sum as sum_of
from minigrad.ops.shaping import squeeze, unsqueeze
from minigrad.ops.windows import Pair, Windows, col2im, im2col, pair

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["conv2d"]


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Each kernel of `weight` laid over the images at every place: the sum of the products, plus bias.

    input: (N, in, height, width) or (in, height, width), weight: (out, in / groups, kh, kw), bias: (out,)
    -> (N, out, oh, ow) or (out, oh, ow), where oh = (height + 2 padding - dilation (kh - 1) - 1) // stride + 1.
    stride, padding, dilation: one int, or one for the height and one for the width.  padding: zeros around the
    images, or "valid" (none) or "same" (as many as keep the size; with stride 1).  groups: the channels are
    split into so many groups, which have kernels of their own.

    RuntimeError for sizes that do not fit, two dtypes, or arguments out of range.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html

    >>> import minigrad as torch
    >>> image = torch.tensor([[[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]]])
    >>> torch.nn.functional.conv2d(image, torch.tensor([[[[-1.0, 1.0]]]]))
    tensor([[[ 1.,  2.],
             [ 8., 16.]]])
    """
    check_images(input, weight, bias)
    if input.array.ndim == 3:
        return squeeze(conv2d(unsqueeze(input, 0), weight, bias, stride, padding, dilation, groups), 0)
    x, w, b = raw(input), raw(weight), raw(bias)
    windows = convolution_windows(x, w, stride, padding, dilation, groups)
    check_channels(x, w, b, groups)
    with quiet():
        value = kernels(w, groups) @ columns(x, windows, groups)
        value = value.reshape(len(w), len(x), *windows.places).swapaxes(0, 1)
        value = in_format(value, channels_last if channels_last in (format_of(x), format_of(w)) else contiguous_format)
        if b is not None:
            value += b[:, None, None]
    rules = conv2d_dinput, conv2d_dweight, conv2d_dbias
    return record(value, (input, weight, bias), rules, windows, groups, name="ConvolutionBackward0")


def conv2d_dinput(
    g: Tensor, _out: Tensor, _input: Tensor, weight: Tensor, _bias: Any, windows: Windows, groups: int
) -> Tensor:
    products = kernels(weight, groups).swapaxes(1, 2) @ maps(g, groups)
    return col2im(products.reshape(groups * weight.shape[1], windows.positions, len(g), *windows.places), windows)


def conv2d_dweight(
    g: Tensor, _out: Tensor, input: Tensor, _weight: Tensor, _bias: Any, windows: Windows, groups: int
) -> Tensor:
    products = columns(input, windows, groups) @ maps(g, groups).swapaxes(1, 2)
    return products.swapaxes(1, 2).reshape(g.shape[1], input.shape[1] // groups, *windows.kernel)


def conv2d_dbias(
    g: Tensor, _out: Tensor, _input: Tensor, _weight: Tensor, _bias: Tensor, _windows: Windows, _groups: int
) -> Tensor:
    return sum_of(g, (0, 2, 3))


def kernels(weight: Tensor, groups: int) -> Tensor:
    """Kernels as the rows of a matrix: (groups, out / groups, in / groups * kh * kw)."""
    out, channels, height, width = weight.shape
    return weight.reshape(groups, out // groups, channels * height * width)


def columns(input: Tensor, windows: Windows, groups: int) -> Tensor:
    """Windows as the columns of a matrix: (groups, in / groups * kh * kw, N * oh * ow)."""
    made = im2col(input, windows)
    channels, positions, number, height, width = made.shape
    return made.reshape(groups, channels // groups * positions, number * height * width)


def maps(g: Tensor, groups: int) -> Tensor:
    """Images as the rows of a matrix, one for each channel: (groups, out / groups, N * oh * ow)."""
    number, out, height, width = g.shape
    return g.swapaxes(0, 1).reshape(groups, out // groups, number * height * width)


# Checks -----------------------------------------------------------------------------------------------------


def convolution_windows(x: Any, w: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Windows:
    """Where the windows lie.  RuntimeError for arguments out of range, or a kernel larger than the image."""
    steps, gaps = pair("conv2d", "stride", stride), pair("conv2d", "dilation", dilation)
    if groups <= 0:
        raise RuntimeError(f"conv2d(): non-positive groups is not supported, but got groups={groups}")
    if min(steps) <= 0:
        raise RuntimeError(f"conv2d(): non-positive stride is not supported, but got stride={stride}")
    if min(gaps) <= 0:
        raise RuntimeError(f"conv2d(): dilation should be greater than zero, but got {dilation}")
    if min(w.shape[2:]) <= 0:
        raise RuntimeError(f"conv2d(): kernel size should be greater than zero, but weight has shape {list(w.shape)}")
    if min(x.shape[2:]) <= 0:
        raise RuntimeError(f"conv2d(): Only zero batch or zero channel inputs are supported, not {list(x.shape)}")
    spans = [gap * (k - 1) for gap, k in zip(gaps, w.shape[2:])]
    before, around = padding_of(padding, steps, spans)
    sizes = [n + added for n, added in zip(x.shape[2:], around)]
    if any(n <= span for n, span in zip(sizes, spans)):
        raise RuntimeError(
            f"conv2d(): Calculated padded input size per channel: ({sizes[0]} x {sizes[1]}). Kernel size: "
            f"({spans[0] + 1} x {spans[1] + 1}). Kernel size can't be greater than actual input size"
        )
    oh, ow = ((n - span - 1) // step + 1 for n, span, step in zip(sizes, spans, steps))
    return Windows(x.shape[2:], w.shape[2:], steps, before, gaps, (oh, ow))


def padding_of(padding: Any, steps: Pair, spans: list[int]) -> tuple[Pair, Pair]:
    """How much is added above and to the left, and how much altogether."""
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        if steps != (1, 1):
            raise RuntimeError(
                "conv2d(): padding='same' is not supported for strided convolutions: give padding as a number"
            )
        return (spans[0] // 2, spans[1] // 2), (spans[0], spans[1])
    if isinstance(padding, str):
        raise RuntimeError(f"conv2d(): Invalid padding string: {padding!r}. It can be 'same' or 'valid', or a number.")
    top, left = pair("conv2d", "padding", padding)
    if min(top, left) < 0:
        raise RuntimeError(f"conv2d(): negative padding is not supported, but got padding={padding}")
    return (top, left), (2 * top, 2 * left)


def check_images(input: Any, weight: Any, bias: Any) -> None:
    """TypeError for what is no tensor; RuntimeError for a wrong number of dimensions, or two dtypes."""
    named = [("input", input), ("weight", weight), ("bias", bias)]
    check_tensors("conv2d", ("bias",), input=input, weight=weight, bias=bias)
    if weight.array.ndim != 4:
        raise RuntimeError(
            f"conv2d(): Expected weight of shape [out, in / groups, height, width], but got {list(weight.array.shape)}"
        )
    if input.array.ndim not in (3, 4):
        raise RuntimeError(
            f"Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: {list(input.array.shape)}"
        )
    if len({x.array.dtype for _, x in named if x is not None}) > 1:
        other, wanted = next((n, x.array.dtype) for n, x in named[::-1] if x is not None and x.dtype != input.dtype)
        types = [C_NAMES.get(dtype.name, dtype.name) for dtype in (input.array.dtype, wanted)]
        raise RuntimeError(
            f"Input type ({types[0]}) and {other} type ({types[1]}) should be the same: conv2d() of "
            f"input {list(input.array.shape)}. {converted('input', input.array, wanted)}."
        )
    if input.array.dtype.kind == "b":
        raise NotImplementedError("conv2d(): not implemented for bools. Convert them with .float().")


C_NAMES = {"float64": "double", "float32": "float", "uint8": "unsigned char"}
"""What PyTorch calls dtypes in the message about two of them."""


def check_channels(x: Any, w: Any, b: Any, groups: int) -> None:
    """RuntimeError unless the channels of input, weight and bias fit together."""
    given = f"conv2d(): Given groups={groups}, weight of size {list(w.shape)}"
    if len(w) < groups:
        raise RuntimeError(f"{given}, expected weight to be at least {groups} at dimension 0")
    if len(w) % groups:
        raise RuntimeError(f"{given}, expected weight to be divisible by {groups} at dimension 0")
    if x.shape[1] != w.shape[1] * groups:
        raise RuntimeError(
            f"{given}, expected input{list(x.shape)} to have {w.shape[1] * groups} channels, "
            f"but got {x.shape[1]} channels instead"
        )
    if b is not None and b.shape != (len(w),):
        raise RuntimeError(
            f"{given}, expected bias to be 1-dimensional with {len(w)} elements, "
            f"but got bias of size {list(b.shape)} instead"
        )
