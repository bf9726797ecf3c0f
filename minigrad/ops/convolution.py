"""Convolution of images: each window times a kernel, as one matrix product."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from minigrad.arrays import quiet
from minigrad.engine.graph import raw, record
from minigrad.formats import channels_last, contiguous_format, format_of, in_format
from minigrad.ops.advice import converted
from minigrad.ops.promotion import check_tensors
from minigrad.ops.reductions import sum as sum_of
from minigrad.ops.shaping import squeeze, unsqueeze
from minigrad.ops.windows import Sizes, Windows, col2im, im2col, sizes

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
    return convolution("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def convolution(
    op: str,
    dims: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    groups: int,
) -> Tensor:
    """What `conv2d` says, over as many last dimensions."""
    check_images(op, dims, input, weight, bias)
    if input.array.ndim == dims + 1:
        return squeeze(convolution(op, dims, unsqueeze(input, 0), weight, bias, stride, padding, dilation, groups), 0)
    x, w, b = raw(input), raw(weight), raw(bias)
    windows = convolution_windows(op, x, w, stride, padding, dilation, groups)
    check_channels(op, x, w, b, groups)
    with quiet():
        value = kernels(w, groups) @ columns(x, windows, groups)
        value = as_images(value.reshape(len(w), len(x), *windows.places).swapaxes(0, 1), x, w, b)
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
    return sum_of(g, (0, *range(2, g.ndim)))


def as_images(value: Any, x: Any, w: Any, b: Any) -> Any:
    """Sums of products as raw images, with the bias added: channels_last if input or weight are; volumes by rows.

    Of rows an input that lies otherwise is not asked: PyTorch lays it out by rows first.
    """
    if value.ndim == 3:
        asked = x if x.flags.c_contiguous else w
        return as_images(value[:, :, None], asked[:, :, None], w[:, :, None], b)[:, :, 0]
    is_last = value.ndim == 4 and channels_last in (format_of(x), format_of(w))
    value = in_format(value, channels_last if is_last else contiguous_format)
    if b is not None:
        value += b.reshape(-1, *[1] * (value.ndim - 2))
    return value


def kernels(weight: Tensor, groups: int) -> Tensor:
    """Kernels as the rows of a matrix: (groups, out / groups, in / groups * kernel positions)."""
    out, *each = weight.shape
    return weight.reshape(groups, out // groups, math.prod(each))


def columns(input: Tensor, windows: Windows, groups: int) -> Tensor:
    """Windows as the columns of a matrix: (groups, in / groups * kernel positions, N * places)."""
    made = im2col(input, windows)
    channels, positions, *places = made.shape
    return made.reshape(groups, channels // groups * positions, math.prod(places))


def maps(g: Tensor, groups: int) -> Tensor:
    """Images as the rows of a matrix, one for each channel: (groups, out / groups, N * places)."""
    number, out, *places = g.shape
    return g.swapaxes(0, 1).reshape(groups, out // groups, number * math.prod(places))


# Checks -----------------------------------------------------------------------------------------------------


def convolution_windows(op: str, x: Any, w: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Windows:
    """Where the windows lie.  RuntimeError for arguments out of range, or a kernel larger than the image."""
    steps, gaps = sizes(op, "stride", stride, x.ndim - 2), sizes(op, "dilation", dilation, x.ndim - 2)
    check_sizes(op, x, w, steps, gaps, groups)
    spans = [gap * (k - 1) for gap, k in zip(gaps, w.shape[2:])]
    before, around = padding_of(op, padding, steps, spans)
    padded = [n + added for n, added in zip(x.shape[2:], around)]
    if any(n <= span for n, span in zip(padded, spans)):
        raise RuntimeError(
            f"{op}(): Calculated padded input size per channel: {by(padded)}. Kernel size: "
            f"{by(span + 1 for span in spans)}. Kernel size can't be greater than actual input size"
        )
    places = tuple((n - span - 1) // step + 1 for n, span, step in zip(padded, spans, steps))
    return Windows(x.shape[2:], w.shape[2:], steps, before, gaps, places)


def by(numbers: Iterable[int]) -> str:
    """Sizes in words: (5 x 5)."""
    return f"({' x '.join(map(str, numbers))})"


def check_sizes(op: str, x: Any, w: Any, steps: Sizes, gaps: Sizes, groups: int) -> None:
    """RuntimeError for groups, strides, dilations and kernels that are not above 0, and for an empty image."""
    if groups <= 0:
        raise RuntimeError(f"{op}(): non-positive groups is not supported, but got groups={groups}")
    if min(steps) <= 0:
        raise RuntimeError(f"{op}(): non-positive stride is not supported, but got stride={list(steps)}")
    if min(gaps) <= 0:
        raise RuntimeError(f"{op}(): dilation should be greater than zero, but got {list(gaps)}")
    if min(w.shape[2:]) <= 0:
        raise RuntimeError(f"{op}(): kernel size should be greater than zero, but weight has shape {list(w.shape)}")
    if min(x.shape[2:]) <= 0:
        raise RuntimeError(f"{op}(): Only zero batch or zero channel inputs are supported, not {list(x.shape)}")


def padding_of(op: str, padding: Any, steps: Sizes, spans: list[int]) -> tuple[Sizes, Sizes]:
    """How much is added above and to the left, and how much altogether."""
    if padding == "valid":
        return (0,) * len(spans), (0,) * len(spans)
    if padding == "same":
        if max(steps) > 1:
            raise RuntimeError(
                f"{op}(): padding='same' is not supported for strided convolutions: give padding as a number"
            )
        return tuple(span // 2 for span in spans), tuple(spans)
    if isinstance(padding, str):
        raise RuntimeError(f"{op}(): Invalid padding string: {padding!r}. It can be 'same' or 'valid', or a number.")
    before = numbers_of_padding(op, padding, len(spans))
    return before, tuple(2 * n for n in before)


def numbers_of_padding(op: str, padding: Any, dims: int) -> Sizes:
    """A padding given in numbers.  RuntimeError for one below 0."""
    before = sizes(op, "padding", padding, dims)
    if min(before) < 0:
        raise RuntimeError(f"{op}(): negative padding is not supported, but got padding={padding}")
    return before


def check_images(op: str, dims: int, input: Any, weight: Any, bias: Any) -> None:
    """TypeError for what is no tensor; RuntimeError for a wrong number of dimensions, or two dtypes."""
    named = [("input", input), ("weight", weight), ("bias", bias)]
    check_tensors(op, ("bias",), input=input, weight=weight, bias=bias)
    if weight.array.ndim != dims + 2:
        raise RuntimeError(
            f"{op}(): Expected weight of {dims + 2} dimensions, those of channels and of the kernel, but got "
            f"{list(weight.array.shape)}"
        )
    if input.array.ndim not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"Expected {dims + 1}D (unbatched) or {dims + 2}D (batched) input to {op}, but got input of size: "
            f"{list(input.array.shape)}"
        )
    if len({x.array.dtype for _, x in named if x is not None}) > 1:
        other, wanted = next((n, x.array.dtype) for n, x in named[::-1] if x is not None and x.dtype != input.dtype)
        types = [C_NAMES.get(dtype.name, dtype.name) for dtype in (input.array.dtype, wanted)]
        raise RuntimeError(
            f"Input type ({types[0]}) and {other} type ({types[1]}) should be the same: {op}() of "
            f"input {list(input.array.shape)}. {converted('input', input.array, wanted)}."
        )
    if input.array.dtype.kind == "b":
        raise NotImplementedError(f"{op}(): not implemented for bools. Convert them with .float().")


C_NAMES = {"float64": "double", "float32": "float", "uint8": "unsigned char"}
"""What PyTorch calls dtypes in the message about two of them."""


def check_channels(op: str, x: Any, w: Any, b: Any, groups: int) -> None:
    """RuntimeError unless the channels of input, weight and bias fit together."""
    given = f"{op}(): Given groups={groups}, weight of size {list(w.shape)}"
    if len(w) < groups:
        raise RuntimeError(f"{given}, expected weight to be at least {groups} at dimension 0")
    if len(w) % groups:
        raise RuntimeError(f"{given}, expected weight to be divisible by {groups} at dimension 0")
    check_channel_number(given, x, w.shape[1] * groups)
    check_bias(given, b, len(w))


def check_channel_number(given: str, x: Any, number: int) -> None:
    """RuntimeError unless images have so many channels."""
    if x.shape[1] != number:
        raise RuntimeError(
            f"{given}, expected input{list(x.shape)} to have {number} channels, but got {x.shape[1]} channels instead"
        )


def check_bias(given: str, b: Any, number: int) -> None:
    """RuntimeError unless a bias has so many elements."""
    if b is not None and b.shape != (number,):
        raise RuntimeError(
            f"{given}, expected bias to be 1-dimensional with {number} elements, "
            f"but got bias of size {list(b.shape)} instead"
        )
