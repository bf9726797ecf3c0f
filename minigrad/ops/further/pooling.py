"""Pooling over rows and volumes, to a given size, by powers, and back."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.arrays import array_module, quiet
from minigrad.engine.graph import raw, record, unrecorded
from minigrad.engine.order import by_rows
from minigrad.formats import in_format
from minigrad.ops.activations import relu
from minigrad.ops.elementwise import abs as absolute
from minigrad.ops.elementwise import neg, sign
from minigrad.ops.further.weighing import Weighing, weighed
from minigrad.ops.indexing import index, scatter
from minigrad.ops.pooling import (
    avg_pool2d,
    float_images,
    format_of_images,
    image_array,
    in_all_images,
    max_pool2d,
    max_pooled,
    means_of_windows,
    pooling_windows,
)
from minigrad.ops.promotion import check_tensors, widened
from minigrad.ops.reductions import mean
from minigrad.ops.shaping import squeeze, unsqueeze
from minigrad.ops.windows import Sizes, sizes

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = [
    *("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d"),
    *("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d"),
    *("adaptive_max_pool1d_with_indices", "adaptive_max_pool2d_with_indices", "adaptive_max_pool3d_with_indices"),
    *("avg_pool1d", "avg_pool3d", "lp_pool1d", "lp_pool2d", "lp_pool3d", "max_pool1d", "max_pool3d"),
    *("max_pool1d_with_indices", "max_pool2d_with_indices", "max_pool3d_with_indices"),
    *("max_unpool1d", "max_unpool2d", "max_unpool3d"),
]


def max_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of rows: (N, C, length) or (C, length).  All else is as in `max_pool2d`.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool1d.html

    >>> import minigrad as torch
    >>> torch.nn.functional.max_pool1d(torch.tensor([[1.0, 3.0, 2.0, 4.0]]), 2)
    tensor([[3., 4.]])
    """
    x = image_array("max_pool1d", input, 1)
    windows = pooling_windows("max_pool1d", x, 1, kernel_size, stride, padding, dilation, ceil_mode)
    kernel, steps, before, gaps = windows.kernel, windows.stride, windows.padding, windows.dilation
    row = unsqueeze(input, -2)
    made = max_pool2d(row, (1, *kernel), (1, *steps), (0, *before), (1, *gaps), ceil_mode, return_indices)
    if return_indices:
        return tuple(squeeze(y, -2) for y in made)
    maxima = squeeze(made, -2)
    return maxima if maxima.requires_grad else unrecorded(by_rows(raw(maxima)), input)  # PyTorch's short way, by rows


def max_pool3d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window of volumes: (N, C, depth, height, width), as in `max_pool2d`.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool3d.html
    """
    return max_pooled("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool1d_with_indices(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,  # noqa: ARG001 - PyTorch takes it here too
) -> tuple[Tensor, Tensor]:
    """As `max_pool1d`, with return_indices=True."""
    return max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode, True)  # type: ignore[no-any-return]


def max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,  # noqa: ARG001
) -> tuple[Tensor, Tensor]:
    """As `max_pool2d`, with return_indices=True."""
    return max_pool2d(input, kernel_size, stride, padding, dilation, ceil_mode, True)  # type: ignore[no-any-return]


def max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,  # noqa: ARG001
) -> tuple[Tensor, Tensor]:
    """As `max_pool3d`, with return_indices=True."""
    return max_pool3d(input, kernel_size, stride, padding, dilation, ceil_mode, True)  # type: ignore[no-any-return]


def avg_pool1d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:
    """The mean of each window of rows: (N, C, length) or (C, length).  All else is as in `avg_pool2d`.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool1d.html
    """
    x = float_images("avg_pool1d", input, 1)
    windows = pooling_windows("avg_pool1d", x, 1, kernel_size, stride, padding, 1, ceil_mode)
    given = (1, *windows.kernel), (1, *windows.stride), (0, *windows.padding), ceil_mode, count_include_pad
    return squeeze(avg_pool2d(unsqueeze(input, -2), *given), -2)


def avg_pool3d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window of volumes: (N, C, depth, height, width) or without N.  All else is as in `avg_pool2d`.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool3d.html
    """
    return means_of_windows(
        "avg_pool3d", input, 3, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def lp_pool1d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """(sum of x ** norm_type) ** (1 / norm_type) of each window of rows; 0 where the sum is below 0.

    norm_type: any number but 0 (ZeroDivisionError); inf: the largest absolute value, -inf: the smallest.  All else is
    as in `avg_pool1d`.  https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool1d.html
    """
    return powers_pooled(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """(sum of x ** norm_type) ** (1 / norm_type) of each window of images: as `lp_pool1d`.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool2d.html

    >>> import minigrad as torch
    >>> torch.nn.functional.lp_pool2d(torch.tensor([[[3.0, 0.0], [0.0, 4.0]]]), 2, 2)
    tensor([[[5.]]])
    """
    return powers_pooled(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """(sum of x ** norm_type) ** (1 / norm_type) of each window of volumes: as `lp_pool1d`.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool3d.html
    """
    return powers_pooled(3, input, norm_type, kernel_size, stride, ceil_mode)


def powers_pooled(dims: int, input: Tensor, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool) -> Tensor:
    """The same over the last dimensions."""
    op = f"lp_pool{dims}d"
    check_tensors(op, input=input)
    kernel = sizes(op, "kernel_size", kernel_size, dims)
    largest = {1: max_pool1d, 2: max_pool2d, 3: max_pool3d}[dims]
    if norm_type == math.inf:
        return largest(absolute(input), kernel, stride, 0, 1, ceil_mode)  # type: ignore[no-any-return]
    if norm_type == -math.inf:
        return neg(largest(neg(absolute(input)), kernel, stride, 0, 1, ceil_mode))
    mean_of = {1: avg_pool1d, 2: avg_pool2d, 3: avg_pool3d}[dims]
    means = mean_of(input**norm_type, kernel, stride, 0, ceil_mode)
    return (sign(means) * relu(absolute(means))).mul(math.prod(kernel)) ** (1.0 / norm_type)


# To a given size --------------------------------------------------------------------------------------------


def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """The means of `output_size` windows that share a row among them: as `adaptive_avg_pool2d`, of rows.

    input: (N, C, length) or (C, length).
    https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool1d.html
    """
    adaptive_images("adaptive_avg_pool1d", input, 1, channels=False)
    wanted = wanted_size("adaptive_avg_pool1d", input, output_size, 1)
    return squeeze(adaptive_avg_pool2d(unsqueeze(input, -2), (1, *wanted)), -2)


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """The means of windows that share an image among them, so many that the result has a given size.

    input: (N, C, height, width) or (C, height, width) -> (N, C, oh, ow) or (C, oh, ow).  output_size: one int, or (oh,
    ow), of which None is the input's own.  Window i of n goes from floor(i size / n) to ceil((i + 1) size / n).

    RuntimeError for an empty image, a size below 0, or another number of sizes or dimensions.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html

    >>> import minigrad as torch
    >>> torch.nn.functional.adaptive_avg_pool2d(torch.arange(12.0).reshape(1, 2, 6), (1, 4))
    tensor([[[3.5000, 4.5000, 6.5000, 7.5000]]])
    """
    return shared_means("adaptive_avg_pool2d", input, output_size, 2)


def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """The means of windows that share a volume among them: as `adaptive_avg_pool2d`, of volumes.

    input: (N, C, depth, height, width) or (C, depth, height, width).
    https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool3d.html
    """
    return shared_means("adaptive_avg_pool3d", input, output_size, 3)


def shared_means(op: str, input: Tensor, output_size: Any, dims: int) -> Tensor:
    """The means of windows over the last dimensions; one window is a mean of all."""
    x = adaptive_images(op, input, dims, channels=False)
    wanted = wanted_size(op, input, output_size, dims)
    if set(wanted) == {1}:
        return mean(input, tuple(range(-dims, 0)), keepdim=True)
    if x.dtype.kind != "f":
        raise NotImplementedError(f"{op}(): not implemented for {x.dtype}. Convert it with .float() first.")
    return adaptive_means(input, wanted, f"AdaptiveAvgPool{dims}DBackward0")


def adaptive_means(input: Tensor, wanted: Sizes, name: str) -> Tensor:
    """The means of so many windows along each of the last dimensions."""
    x = raw(input)
    along = [windows_along(*sizes) for sizes in zip(x.shape[-len(wanted) :], wanted)]
    spread = [averaging(-1 - i, n, *bounds) for i, (n, bounds) in enumerate(zip(reversed(x.shape), reversed(along)))]
    number = np.ones((), np.int64)
    for starts, ends in along:
        number = number[..., None] * (ends - starts)
    value = widened(x)
    with quiet():
        for weighing in spread:
            value = weighing.unweighted.of(value)
        value = value / array_module(x).asarray(number, value.dtype)
        value = in_format(value.astype(x.dtype, copy=False), format_of_images(x, len(wanted)))
    return record(value, (input,), (adaptive_means_dinput,), tuple(spread), name=name)


def adaptive_means_dinput(g: Tensor, _out: Tensor, _input: Tensor, weighings: tuple[Weighing, ...]) -> Tensor:
    return weighed(g, tuple(weighing.transposed for weighing in reversed(weighings)))


def windows_along(n: int, number: int) -> tuple[Any, Any]:
    """Where each of so many windows along n elements starts and ends."""
    places = np.arange(number)
    return places * n // number, -(-(places + 1) * n // number)


def averaging(dim: int, n: int, starts: Any, ends: Any) -> Weighing:
    """The means of windows along a dimension of n elements."""
    spans = ends - starts
    places = np.repeat(np.arange(len(spans)), spans)
    elements = np.arange(spans.sum()) - (np.cumsum(spans) - spans - starts)[places]
    return Weighing(dim, n, len(spans), places, elements, (1 / spans)[places])


def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest elements of `output_size` windows that share a row: as `adaptive_max_pool2d`, of rows.

    input: (N, C, length) or (C, length).
    https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool1d.html
    """
    adaptive_images("adaptive_max_pool1d", input, 1)
    wanted = wanted_size("adaptive_max_pool1d", input, output_size, 1)
    made = adaptive_max_pool2d(unsqueeze(input, -2), (1, *wanted), return_indices)
    return tuple(squeeze(y, -2) for y in made) if return_indices else squeeze(made, -2)


def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest elements of windows that share an image among them: as `adaptive_avg_pool2d` in all else.

    return_indices: also where each is: int64 positions in the flattened image.  The first of equal ones gets the
    gradient; nan counts as largest.  https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool2d.html
    """
    return shared_largest("adaptive_max_pool2d", input, output_size, 2, return_indices)


def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest elements of windows that share a volume among them: as `adaptive_max_pool2d`, of volumes.

    input: (N, C, depth, height, width) or (C, depth, height, width).
    https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool3d.html
    """
    return shared_largest("adaptive_max_pool3d", input, output_size, 3, return_indices)


def adaptive_max_pool1d_with_indices(
    input: Tensor,
    output_size: Any,
    return_indices: bool = False,  # noqa: ARG001 - PyTorch takes it here too
) -> tuple[Tensor, Tensor]:
    """As `adaptive_max_pool1d`, with return_indices=True."""
    return adaptive_max_pool1d(input, output_size, True)  # type: ignore[no-any-return]


def adaptive_max_pool2d_with_indices(
    input: Tensor,
    output_size: Any,
    return_indices: bool = False,  # noqa: ARG001
) -> tuple[Tensor, Tensor]:
    """As `adaptive_max_pool2d`, with return_indices=True."""
    return adaptive_max_pool2d(input, output_size, True)  # type: ignore[no-any-return]


def adaptive_max_pool3d_with_indices(
    input: Tensor,
    output_size: Any,
    return_indices: bool = False,  # noqa: ARG001
) -> tuple[Tensor, Tensor]:
    """As `adaptive_max_pool3d`, with return_indices=True."""
    return adaptive_max_pool3d(input, output_size, True)  # type: ignore[no-any-return]


def shared_largest(op: str, input: Tensor, output_size: Any, dims: int, return_indices: bool) -> Any:
    """The largest elements of windows over the last dimensions."""
    x = adaptive_images(op, input, dims)
    wanted = wanted_size(op, input, output_size, dims)
    value, positions = largest_of_shares(x, wanted)
    format = format_of_images(x, dims)
    of_all = in_all_images(positions, x.shape[-dims:])
    name = f"AdaptiveMaxPool{dims}DBackward0"
    out = record(in_format(value, format), (input,), (shared_largest_dinput,), x.shape, saved=(of_all,), name=name)
    return (out, unrecorded(in_format(positions, format), input)) if return_indices else out


def shared_largest_dinput(g: Tensor, _out: Tensor, _input: Tensor, shape: tuple[int, ...], positions: Any) -> Tensor:
    return scatter(g.reshape(-1), (positions,), (math.prod(shape),)).reshape(shape)


def largest_of_shares(x: Any, wanted: Sizes) -> tuple[Any, Any]:
    """The largest element of each window of a raw array, and its position in the flattened image.

    The elements of each window are put side by side; where it is shorter than others, its last one is repeated.
    """
    xp, dims = array_module(x), len(wanted)
    image = x.shape[-dims:]
    along = positions_in_windows(image, wanted)
    in_order = np.array_equal(along.reshape(-1), np.arange(math.prod(image)))
    in_image = xp.asarray(along)
    in_row = x.reshape(*x.shape[:-dims], math.prod(image))
    elements = in_row.reshape(*in_row.shape[:-1], *along.shape) if in_order else xp.take(in_row, in_image, -1)
    value, chosen = largest_of_each(elements)
    positions = in_image[xp.arange(len(in_image)), chosen]
    shape = (*x.shape[:-dims], *wanted)
    return value.reshape(shape), positions.reshape(shape)


def largest_of_each(elements: Any) -> tuple[Any, Any]:
    """The largest along the last dimension and where it is: the first of equal ones, but the last nan."""
    xp = array_module(elements)
    chosen = elements.argmax(-1)
    value = xp.take_along_axis(elements, chosen[..., None], -1)[..., 0]
    if xp is not np or np.isnan(value).any():
        last_nan = elements.shape[-1] - 1 - (elements != elements)[..., ::-1].argmax(-1)
        chosen = xp.where(value != value, last_nan, chosen)
    return value, chosen


def positions_in_windows(image: Sizes, wanted: Sizes) -> Any:
    """Where the elements of each window are in the flattened image, one window a row, each with equally many."""
    positions = np.zeros((1, 1), np.int64)
    for n, number in zip(image, wanted):
        starts, ends = windows_along(n, number)
        along = np.minimum(starts[:, None] + np.arange((ends - starts).max(initial=1)), ends[:, None] - 1)
        positions = (positions[:, None, :, None] * n + along[:, None]).reshape(
            len(positions) * number, positions.shape[1] * along.shape[1]
        )
    return positions


# Back -------------------------------------------------------------------------------------------------------


def max_unpool1d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """Rows of zeros with the elements of pooled ones where they were: as `max_unpool2d`, of rows.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool1d.html
    """
    check_tensors("max_unpool1d", input=input, indices=indices)
    size = unpooled_size("max_unpool1d", input, kernel_size, stride, padding, output_size, 1)
    made = unpooled("max_unpool1d", 2, unsqueeze(input, -1), unsqueeze(indices, -1), (*size, 1))
    return squeeze(made, -1)


def max_unpool2d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """Images of zeros with the elements of pooled ones where they were.

    input, indices: (N, C, height, width) or (C, height, width), what `max_pool2d` gave with return_indices.
    kernel_size, stride, padding: those of the pooling.  output_size: its image's, where several come into question.

    ValueError for an output_size that does not; RuntimeError for an index outside of the image, or two shapes.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool2d.html

    >>> import minigrad as torch
    >>> F = torch.nn.functional
    >>> pooled, where = F.max_pool2d(torch.tensor([[[1.0, 2.0], [4.0, 3.0]]]), 2, return_indices=True)
    >>> F.max_unpool2d(pooled, where, 2)
    tensor([[[0., 0.],
             [4., 0.]]])
    """
    size = unpooled_size("max_unpool2d", input, kernel_size, stride, padding, output_size, 2)
    return unpooled("max_unpool2d", 2, input, indices, size)


def max_unpool3d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """Volumes of zeros with the elements of pooled ones where they were: as `max_unpool2d`, of volumes.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool3d.html
    """
    size = unpooled_size("max_unpool3d", input, kernel_size, stride, padding, output_size, 3)
    return unpooled("max_unpool3d", 3, input, indices, size)


def unpooled(op: str, dims: int, input: Tensor, indices: Tensor, size: Sizes) -> Tensor:
    """Zeros of a size with the elements of the input at the positions that indices give in it, flattened."""
    check_tensors(op, input=input, indices=indices)
    x, positions = raw(input), raw(indices)
    check_indices(op, dims, x, positions, size)
    in_row = in_all_images(positions.reshape(*x.shape[:-dims], math.prod(x.shape[-dims:])), (math.prod(size),))
    shape = (*x.shape[:-dims], *size)
    value = array_module(x).zeros(math.prod(shape), x.dtype)
    value[in_row] = x.reshape(-1)
    value = in_format(value.reshape(shape), format_of_images(x, dims))
    name = f"MaxUnpool{dims}DBackward0"
    return record(value, (input, indices), (unpooled_dinput, None), x.shape, saved=(in_row,), name=name)


def unpooled_dinput(
    g: Tensor, _out: Tensor, _input: Tensor, _indices: Any, shape: tuple[int, ...], positions: Any
) -> Tensor:
    return index(g.reshape(-1), (positions,)).reshape(shape)


def unpooled_size(
    op: str, input: Any, kernel_size: Any, stride: Any, padding: Any, output_size: Any, dims: int
) -> Sizes:
    """The size of the image that was pooled.  ValueError for one that cannot have been."""
    check_tensors(op, input=input)
    kernel, before = sizes(op, "kernel_size", kernel_size, dims), sizes(op, "padding", padding, dims)
    steps = kernel if stride is None else sizes(op, "stride", stride, dims)
    along = zip(input.shape[-dims:], kernel, steps, before)
    usual = tuple((n - 1) * step + k - 2 * pad for n, k, step, pad in along)
    if output_size is None:
        wanted = usual
    else:
        wanted = tuple(output_size)[2:] if len(output_size) == dims + 2 else tuple(output_size)
    if len(wanted) != dims:
        raise ValueError(
            f"{op}(): output_size should be a sequence containing {dims} or {dims + 2} elements, but it has a length "
            f"of {len(output_size)}"
        )
    for dim, (n, middle, step) in enumerate(zip(wanted, usual, steps)):
        if output_size is not None and not middle - step < n < middle + step:
            raise ValueError(
                f'{op}(): invalid output_size "{tuple(output_size)}" (dim {dim} must be between {middle - step} and '
                f"{middle + step})"
            )
        if n < 0:
            raise ValueError(
                f"{op}(): output_size must contain non-negative spatial dimensions, but got output_size[{dim}]={n}"
            )
    return wanted


# Checks -----------------------------------------------------------------------------------------------------


def check_indices(op: str, dims: int, x: Any, positions: Any, size: Sizes) -> None:
    """RuntimeError for indices of another dtype or shape, for a wrong number of dimensions, and for one outside."""
    if positions.dtype != np.int64:
        raise RuntimeError(f"{op}(): elements in indices should be type int64 but got: {positions.dtype}")
    if x.ndim not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"{op}(): Input to {op} should be a {dims + 1}d or {dims + 2}d Tensor, but got a tensor of shape "
            f"{list(x.shape)}"
        )
    if x.shape != positions.shape:
        raise RuntimeError(
            f"{op}(): Expected shape of indices to be same as that of the input tensor ({list(x.shape)}) but got "
            f"indices tensor with shape: {list(positions.shape)}"
        )
    if 0 in x.shape[1:]:
        raise RuntimeError(
            f"{op}(): Expected input to have non-zero size for non-batch dimensions, but got {list(x.shape)}"
        )
    if (
        isinstance(x, np.ndarray)
        and positions.size
        and not 0 <= int(positions.min()) <= int(positions.max()) < math.prod(size)
    ):
        worst = int(positions.min()) if positions.min() < 0 else int(positions.max())
        raise RuntimeError(f"{op}(): Found an invalid max index: {worst} (output volumes are of size {list(size)})")


def adaptive_images(op: str, input: Any, dims: int, channels: bool = True) -> Any:
    """The raw images.  RuntimeError for a wrong number of dimensions, or an empty image.

    channels: whether there must be any.
    """
    check_tensors(op, input=input)
    x = input.array
    if x.ndim not in (dims + 1, dims + 2):
        raise RuntimeError(f"{op}(): Expected {dims + 1}D or {dims + 2}D tensor, but got {list(x.shape)}")
    if 0 in x.shape[-dims - channels :]:
        raise RuntimeError(
            f"{op}(): Expected input to have non-zero size for non-batch dimensions, but input has sizes "
            f"{list(x.shape)}"
        )
    if x.dtype.kind == "b":
        raise NotImplementedError(f"{op}(): not implemented for bools. Convert them with .float() first.")
    return x


def wanted_size(op: str, input: Tensor, output_size: Any, dims: int) -> Sizes:
    """The size of the result: None stands for the input's.  RuntimeError for one below 0, or too many."""
    given = output_size if isinstance(output_size, (tuple, list)) else (output_size,)
    if len(given) not in (1, dims):
        raise RuntimeError(f"{op}(): output_size must be {dims}, but got {output_size!r}")
    filled = [n if size is None else size for n, size in zip(input.shape[-dims:], given * (dims // len(given)))]
    wanted = sizes(op, "output_size", filled, dims)
    if min(wanted) < 0:
        raise RuntimeError(
            f"{op}(): elements of output_size must be greater than or equal to 0 but received {list(wanted)}"
        )
    return wanted
