"""Convolution of rows and of volumes, and its transpose, which lays a kernel over the result for each input element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minigrad.arrays import quiet
from minigrad.engine.graph import raw, record
from minigrad.ops.convolution import (
    as_images,
    by,
    check_bias,
    check_channel_number,
    check_images,
    check_sizes,
    columns,
    conv2d_dbias,
    convolution,
    kernels,
    maps,
    numbers_of_padding,
)
from minigrad.ops.shaping import squeeze, unsqueeze
from minigrad.ops.windows import Sizes, Windows, col2im, sizes

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["conv1d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Each kernel of `weight` laid over the rows at every place: the sum of the products, plus bias.

    input: (N, in, length) or (in, length), weight: (out, in / groups, k), bias: (out,) -> (N, out, places) or (out,
    places).  stride, padding, dilation, groups and errors are those of `conv2d`, for one dimension.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html

    >>> import minigrad as torch
    >>> torch.nn.functional.conv1d(torch.tensor([[1.0, 2.0, 4.0, 8.0]]), torch.tensor([[[-1.0, 1.0]]]))
    tensor([[1., 2., 4.]])
    """
    return convolution("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Tensor:
    """Each kernel of `weight` laid over the volumes at every place: the sum of the products, plus bias.

    input: (N, in, depth, height, width) or without N, weight: (out, in / groups, kd, kh, kw), bias: (out,).  stride,
    padding, dilation, groups and errors are those of `conv2d`, for three dimensions.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv3d.html
    """
    return convolution("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


# Transposed -------------------------------------------------------------------------------------------------


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """The kernels of `weight`, each times an element of the input, added up where they lie: `conv_transpose2d` of rows.

    input: (N, in, length) or (in, length), weight: (in, out / groups, k), bias: (out,).  As `conv_transpose2d` in all
    else.  https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html
    """
    return transposed("conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """The kernels of `weight`, each times an element of the input, added up where they lie, plus bias.

    It is the gradient of `conv2d` with respect to its input: the images are what comes out.
    input: (N, in, height, width) or (in, height, width), weight: (in, out / groups, kh, kw), bias: (out,)
    -> (N, out, oh, ow) or (out, oh, ow), where
    oh = (height - 1) stride - 2 padding + dilation (kh - 1) + output_padding + 1.
    stride, dilation: how far the kernels, and the elements within one, lie apart.  padding: so much is cut off around
    the result.  output_padding: so much is added below and to the right; less than stride or dilation.

    RuntimeError for sizes that do not fit, two dtypes, or arguments out of range.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html

    >>> import minigrad as torch
    >>> image = torch.tensor([[[1.0, 10.0]]])
    >>> torch.nn.functional.conv_transpose2d(image, torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]), stride=2)
    tensor([[[ 1.,  2., 10., 20.],
             [ 3.,  4., 30., 40.]]])
    """
    return transposed("conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation)


def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> Tensor:
    """The kernels of `weight`, each times an element of the input, added up where they lie, in volumes.

    input: (N, in, depth, height, width) or without N, weight: (in, out / groups, kd, kh, kw), bias: (out,).  As
    `conv_transpose2d` in all else.  https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose3d.html
    """
    return transposed("conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups, dilation)


def transposed(
    op: str,
    dims: int,
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Any,
    padding: Any,
    output_padding: Any,
    groups: int,
    dilation: Any,
) -> Tensor:
    """A transposed convolution over the last dimensions."""
    check_images(op, dims, input, weight, bias)
    if input.array.ndim == dims + 1:
        one = unsqueeze(input, 0)
        return squeeze(transposed(op, dims, one, weight, bias, stride, padding, output_padding, groups, dilation), 0)
    x, w, b = raw(input), raw(weight), raw(bias)
    windows = transposed_windows(op, x, w, stride, padding, output_padding, groups, dilation)
    check_transposed_channels(op, x, w, b, groups)
    with quiet():
        value = kernels(w, groups).swapaxes(1, 2) @ maps(x, groups)
        value = value.reshape(groups * w.shape[1], windows.positions, len(x), *windows.places)
        value = as_images(col2im(value, windows), x, w, b)
    rules = transposed_dinput, transposed_dweight, conv2d_dbias
    return record(value, (input, weight, bias), rules, windows, groups, name="ConvolutionBackward0")


def transposed_dinput(
    g: Tensor, _out: Tensor, _input: Tensor, weight: Tensor, _bias: Any, windows: Windows, groups: int
) -> Tensor:
    products = kernels(weight, groups) @ columns(g, windows, groups)
    return products.reshape(len(weight), len(g), *windows.places).swapaxes(0, 1)


def transposed_dweight(
    g: Tensor, _out: Tensor, input: Tensor, _weight: Tensor, _bias: Any, windows: Windows, groups: int
) -> Tensor:
    products = maps(input, groups) @ columns(g, windows, groups).swapaxes(1, 2)
    return products.reshape(input.shape[1], g.shape[1] // groups, *windows.kernel)


# Checks -----------------------------------------------------------------------------------------------------


def transposed_windows(
    op: str, x: Any, w: Any, stride: Any, padding: Any, output_padding: Any, groups: int, dilation: Any
) -> Windows:
    """Where the kernels lie on the result.  RuntimeError for arguments out of range, or a result without elements."""
    dims = x.ndim - 2
    steps, gaps = sizes(op, "stride", stride, dims), sizes(op, "dilation", dilation, dims)
    check_sizes(op, x, w, steps, gaps, groups)
    before = numbers_of_padding(op, padding, dims)
    after = sizes(op, "output_padding", output_padding, dims)
    check_output_padding(op, after, steps, gaps)
    along = zip(x.shape[2:], steps, before, gaps, w.shape[2:], after)
    image = tuple((n - 1) * step - 2 * pad + gap * (k - 1) + more + 1 for n, step, pad, gap, k, more in along)
    if min(image) <= 0:
        raise RuntimeError(
            f"{op}(): Given input size per channel: {by(x.shape[2:])}. Calculated output size per channel: "
            f"{by(image)}. Output size is too small"
        )
    return Windows(image, w.shape[2:], steps, before, gaps, x.shape[2:])


def check_output_padding(op: str, after: Sizes, steps: Sizes, gaps: Sizes) -> None:
    """RuntimeError for an output_padding that is below 0, or not below stride or dilation."""
    if min(after) < 0:
        raise RuntimeError(f"{op}(): negative output_padding is not supported, but got output_padding={after}")
    if any(more >= max(step, gap) for more, step, gap in zip(after, steps, gaps)):
        raise RuntimeError(
            f"{op}(): output padding must be smaller than either stride or dilation, but got output_padding={after}, "
            f"stride={steps} and dilation={gaps}"
        )


def check_transposed_channels(op: str, x: Any, w: Any, b: Any, groups: int) -> None:
    """RuntimeError unless the channels of input, weight and bias fit together."""
    given = f"{op}(): Given transposed=1, groups={groups}, weight of size {list(w.shape)}"
    if len(w) < groups or len(w) % groups:
        raise RuntimeError(f"{given}, expected weight to be divisible by {groups} at dimension 0")
    check_channel_number(given, x, len(w))
    check_bias(given, b, w.shape[1] * groups)
