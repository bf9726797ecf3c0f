"""Images as the windows that slide over them, and back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from minigrad.arrays import copy_of
from minigrad.engine.graph import raw, record
from minigrad.engine.order import by_rows
from minigrad.ops.promotion import check_tensors
from minigrad.ops.windows import Sizes, Windows, col2im, im2col, sizes

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["fold", "unfold"]


def unfold(input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """The elements of each window of images below each other, one window a column.

    input: (N, C, height, width) or (C, height, width) -> (N, C kh kw, windows) or (C kh kw, windows).  kernel_size:
    (kh, kw), or one int for both; dilation, padding, stride: those of `conv2d`.  A convolution is the product of its
    kernels, as rows, and these columns.

    RuntimeError for other dimensions, an empty image, sizes out of range, or an image without a window.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Unfold.html

    >>> import minigrad as torch
    >>> torch.nn.functional.unfold(torch.tensor([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]), 2)
    tensor([[1., 2.],
            [2., 3.],
            [4., 5.],
            [5., 6.]])
    """
    check_tensors("unfold", input=input)
    shape = input.array.shape
    if len(shape) not in (3, 4) or 0 in shape[-3:]:
        raise RuntimeError(
            "unfold(): Expected 3D or 4D (batch mode) tensor with possibly 0 batch size and other non-zero dimensions "
            f"for input, but got: {list(shape)}"
        )
    windows = sliding("unfold", shape[-2:], kernel_size, dilation, padding, stride)
    return unfolded(input, windows)


def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """What `unfold` gave as images again: the elements of all windows added up where they lie.

    input: (N, C kh kw, windows) or (C kh kw, windows) -> (N, C, *output_size) or (C, *output_size).  kernel_size,
    dilation, padding, stride: as they were for `unfold`.

    RuntimeError for other dimensions, sizes out of range, or another number of rows or windows.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Fold.html
    """
    check_tensors("fold", input=input)
    shape, image = input.array.shape, sizes("fold", "output_size", output_size, 2)
    if len(shape) not in (2, 3) or 0 in shape[-2:]:
        raise RuntimeError(
            "fold(): Expected 2D or 3D (batch mode) tensor for input with possibly 0 batch size and other non-zero "
            f"dimensions for input, but got: {list(shape)}"
        )
    if min(image) <= 0:
        raise RuntimeError(f"fold(): Expected output spatial size to be positive, but got: output_size={list(image)}")
    windows = sliding("fold", image, kernel_size, dilation, padding, stride)
    if shape[-2] % windows.positions:
        raise RuntimeError(
            "fold(): Expected size of input's dimension 1 to be divisible by the product of kernel_size, but got "
            f"input.size(-2)={shape[-2]} and kernel_size={windows.kernel}."
        )
    number = math.prod(windows.places)
    if shape[-1] != number:
        raise RuntimeError(
            f"fold(): Given output_size={image}, kernel_size={windows.kernel}, dilation={windows.dilation}, "
            f"padding={windows.padding}, stride={windows.stride}, expected size of input's dimension 2 to match the "
            f"calculated number of sliding blocks {windows.places[0]} * {windows.places[1]} = {number}, but got "
            f"input.size(-1)={shape[-1]}."
        )
    return folded(input, windows)


def unfolded(a: Tensor, windows: Windows) -> Tensor:
    """Images as the columns of their windows."""
    x = raw(a)
    *batch, channels, _, _ = x.shape
    made: Any = im2col(x.reshape(math.prod(batch), channels, *windows.image), windows)
    value = copy_of(made.transpose(2, 0, 1, 3, 4)).reshape(
        *batch, channels * windows.positions, math.prod(windows.places)
    )
    return record(value, (a,), (unfolded_da,), windows, name="Im2ColBackward0")


def unfolded_da(g: Tensor, _out: Tensor, _a: Tensor, windows: Windows) -> Tensor:
    return folded(g, windows)


def folded(a: Tensor, windows: Windows) -> Tensor:
    """The columns of windows added up to images."""
    x = raw(a)
    *batch, rows, _ = x.shape
    channels = rows // windows.positions
    columns = x.reshape(math.prod(batch), channels, windows.positions, *windows.places).transpose(1, 2, 0, 3, 4)
    value = by_rows(col2im(columns, windows)).reshape(*batch, channels, *windows.image)
    return record(value, (a,), (folded_da,), windows, name="Col2ImBackward0")


def folded_da(g: Tensor, _out: Tensor, _a: Tensor, windows: Windows) -> Tensor:
    return unfolded(g, windows)


def sliding(op: str, image: Sizes, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> Windows:
    """Where the windows lie.  RuntimeError for sizes out of range, or an image without a window."""
    kernel, gaps = sizes(op, "kernel_size", kernel_size, 2), sizes(op, "dilation", dilation, 2)
    before, steps = sizes(op, "padding", padding, 2), sizes(op, "stride", stride, 2)
    for name, given in (("kernel size", kernel), ("dilation", gaps), ("stride", steps)):
        if min(given) <= 0:
            raise RuntimeError(f"{op}(): {name} should be greater than zero, but got {given}")
    if min(before) < 0:
        raise RuntimeError(f"{op}(): padding should be non-negative, but got {before}")
    along = zip(image, kernel, steps, before, gaps)
    places = tuple((n + 2 * pad - gap * (k - 1) - 1) // step + 1 for n, k, step, pad, gap in along)
    if min(places) < 1:
        raise RuntimeError(
            f"{op}(): Given input with spatial size {tuple(image)}, kernel_size={kernel}, dilation={gaps}, "
            f"padding={before}, stride={steps}, calculated shape of the array of sliding blocks as {places}, but its "
            "components must be at least one."
        )
    return Windows(tuple(image), kernel, steps, before, gaps, places)
