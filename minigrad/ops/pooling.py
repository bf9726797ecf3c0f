"""Pooling: the largest element, or the mean, of each window of an image."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.arrays import array_module, quiet
from minigrad.engine.graph import TensorBase, raw, record, unrecorded
from minigrad.formats import contiguous_format, format_of, in_format, memory_format
from minigrad.ops.advice import no_tensor
from minigrad.ops.indexing import scatter
from minigrad.ops.windows import Sizes, Windows, sizes

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["avg_pool2d", "max_pool2d"]


def max_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest element of each window; the first of equal ones gets the gradient.  nan counts as largest.

    input: (N, C, height, width) or (C, height, width) -> (N, C, oh, ow) or (C, oh, ow), where
    oh = (height + 2 padding - dilation (kernel_size - 1) - 1) // stride + 1; with ceil_mode rounded up, unless the
    last window would begin outside.  All sizes: one int, or one for the height and one for the width.
    stride: kernel_size unless given.  padding: at most half of the kernel; never the largest.
    return_indices: also where each is: int64 positions in the flattened image.

    RuntimeError for an empty image, or arguments out of range.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html

    >>> import minigrad as torch
    >>> image = torch.tensor([[[1.0, 2.0, 3.0, 4.0], [8.0, 7.0, 6.0, 5.0]]])
    >>> torch.nn.functional.max_pool2d(image, 2)
    tensor([[[8., 6.]]])
    """
    return max_pooled("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pooled(
    op: str,
    dims: int,
    input: Tensor,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    dilation: Any,
    ceil_mode: bool,
    return_indices: bool,
) -> Any:
    """What `max_pool2d` says, over as many last dimensions."""
    x = image_array(op, input, dims)
    windows = pooling_windows(op, x, dims, kernel_size, stride, padding, dilation, ceil_mode)
    value, chosen = largest_of_windows(x, windows)
    format, name = format_of(x), f"MaxPool{dims}DWithIndicesBackward0"
    out = record(in_format(value, format), (input,), (max_pool2d_dinput,), windows, saved=(chosen,), name=name)
    return (out, unrecorded(in_format(positions_in_image(chosen, windows), format), input)) if return_indices else out


def max_pool2d_dinput(g: Tensor, _out: Tensor, _input: Tensor, windows: Windows, chosen: Any) -> Tensor:
    shape = (*g.shape[: -len(windows.image)], *windows.image)
    positions = all_positions(chosen, windows)
    return scatter(g.reshape(-1), (positions,), (math.prod(shape),)).reshape(shape)


def largest_of_windows(x: Any, windows: Windows) -> tuple[Any, Any]:
    """The largest element of each window, and at which position of the kernel it is: the first of equal ones.

    Of several nans it is the last, as in PyTorch.
    """
    xp = array_module(x)
    padded = windows.padded(x, -xp.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min)
    first, *others = windows.slices()
    values = padded[first].copy()
    number = np.min_scalar_type(windows.positions).type
    chosen = xp.empty(values.shape, number)
    chosen[...] = xp.asarray(first_inside(windows))
    for k, part in enumerate(others, 1):
        candidates = xp.ascontiguousarray(padded[part])
        larger = (candidates > values) | (candidates != candidates)
        xp.maximum(values, candidates, out=values)
        xp.maximum(chosen, larger * number(k), out=chosen)
    return values, chosen


def first_inside(windows: Windows) -> Any:
    """The first position of the kernel that lies on the image itself, for each window.

    RuntimeError where there is none, so that nothing in the window could be the largest.
    """
    first: list[Any] = []
    along = zip(windows.image, windows.places, windows.stride, windows.padding, windows.dilation)
    for n, count, step, before, gap in along:
        starts = range(-before, count * step - before, step)
        first.append(np.array([max(0, -(start // gap)) for start in starts]))
        if any(start + position * gap >= n for start, position in zip(starts, first[-1])):
            raise RuntimeError(
                f"max_pool{len(windows.image)}d(): with padding {before} and dilation {gap} a window lies beside the "
                f"{n} elements of the image, in the padding alone. Use less of either."
            )
    return in_one_row(first, windows.kernel)


def in_one_row(along: Sequence[Any], sizes: Sequence[int]) -> Any:
    """Positions along each of some dimensions, all with all, as positions when elements lie in one row."""
    total = along[0]
    for positions, n in zip(along[1:], sizes[1:]):
        total = total[..., None] * n + positions
    return total


def positions_in_image(chosen: Any, windows: Windows) -> Any:
    """Positions of the kernel, one for each window, as int64 positions in the flattened image."""
    xp = array_module(chosen)
    in_kernel = [xp.arange(k) * gap for k, gap in zip(windows.kernel, windows.dilation)]
    along = zip(windows.places, windows.stride, windows.padding)
    starts = [xp.arange(count) * step - before for count, step, before in along]
    return in_one_row(in_kernel, windows.image).reshape(-1)[chosen] + in_one_row(starts, windows.image)


def all_positions(chosen: Any, windows: Windows) -> Any:
    """The same as positions among the elements of all images, in one row."""
    return in_all_images(positions_in_image(chosen, windows), windows.image)


def in_all_images(positions: Any, image: Sizes) -> Any:
    """Positions in the flattened image, for each image, as positions among the elements of all images in one row."""
    images, size = math.prod(positions.shape[: -len(image)]), math.prod(image)
    before = array_module(positions).arange(images) * size
    return (positions.reshape(images, math.prod(positions.shape[-len(image) :])) + before[:, None]).reshape(-1)


# Means ------------------------------------------------------------------------------------------------------


def avg_pool2d(
    input: Tensor,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Tensor:
    """The mean of each window.

    kernel_size, stride, padding, ceil_mode and shapes are those of `max_pool2d`.  count_include_pad: whether the zeros
    of the padding count in the mean.  divisor_override: divide the sums by this number instead.

    RuntimeError for an empty image, or arguments out of range; NotImplementedError for integers.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html
    """
    return means_of_windows(
        "avg_pool2d", input, 2, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def means_of_windows(
    op: str,
    input: Tensor,
    dims: int,
    kernel_size: Any,
    stride: Any,
    padding: Any,
    ceil_mode: bool,
    count_include_pad: bool,
    divisor_override: int | None,
) -> Tensor:
    """The same over the last dimensions, be they two or not."""
    x = float_images(op, input, dims)
    windows = pooling_windows(op, x, dims, kernel_size, stride, padding, 1, ceil_mode)
    divisor = divisor_override
    if divisor is None:
        with quiet():
            divisor = array_module(x).asarray(sizes_of(windows, count_include_pad), x.dtype)
    elif isinstance(divisor, bool) or not isinstance(divisor, int):
        raise TypeError(f"{op}(): argument 'divisor_override' must be int, not {type(divisor).__name__}")
    elif divisor == 0:
        raise RuntimeError(f"{op}(): divisor must be not zero")
    return means(input, divisor, windows)


def means(input: Tensor, divisor: Any, windows: Windows) -> Tensor:
    """The sum of each window, divided."""
    x = windows.padded(raw(input))
    exact = np.float32 if x.dtype.char == "e" else x.dtype
    dims = len(windows.image)
    total = array_module(x).zeros((*x.shape[:-dims], *windows.places), exact)
    with quiet():
        for part in windows.slices():
            total += x[part]
        value = in_format((total / divisor).astype(x.dtype, copy=False), format_of_images(raw(input), dims))
    return record(value, (input,), (means_dinput,), windows, saved=(divisor,), name=f"AvgPool{dims}DBackward0")


def means_dinput(g: Tensor, _out: Tensor, _input: Tensor, windows: Windows, divisor: Any) -> Tensor:
    return shared_out(g, divisor, windows)


def shared_out(g: Tensor, divisor: Any, windows: Windows) -> Tensor:
    """Images of zeros, with each window's g, divided, added to all of its elements."""
    x = raw(g) / divisor
    images = array_module(x).zeros((*x.shape[: -len(windows.image)], *windows.padded_image), x.dtype)
    for part in windows.slices():
        images[part] += x
    return record(windows.cropped(images), (g,), (shared_out_dg,), windows, saved=(divisor,))


def shared_out_dg(g: Tensor, _out: Tensor, _g: Tensor, windows: Windows, divisor: Any) -> Tensor:
    return means(g, divisor, windows)


def format_of_images(x: Any, dims: int) -> memory_format:
    """The format of raw images, in which their means are given; those of volumes lie by rows."""
    return format_of(x) if dims == 2 else contiguous_format


def sizes_of(windows: Windows, count_include_pad: bool) -> Any:
    """How many elements count in each window: what lies beyond the padding never does."""
    number = np.ones((), np.int64)
    for n, k, before, step, count in zip(
        windows.image, windows.kernel, windows.padding, windows.stride, windows.places
    ):
        starts = np.arange(count) * step - before
        inside = np.minimum(starts + k, n + before) - starts, np.minimum(starts + k, n) - np.maximum(starts, 0)
        number = number[..., None] * inside[0 if count_include_pad else 1]
    return number


# Checks -----------------------------------------------------------------------------------------------------


def image_array(op: str, input: Any, dims: int) -> Any:
    """The raw images.  RuntimeError for a wrong number of dimensions, or an empty image."""
    if not isinstance(input, TensorBase):
        raise no_tensor(op, "input", input)
    x = input.array
    if x.ndim not in (dims + 1, dims + 2) or 0 in x.shape[-dims - 1 :]:
        raise RuntimeError(
            f"{op}(): Expected {dims + 1}D or {dims + 2}D (batch mode) tensor with optional 0 dim batch size for "
            f"input, but got: {list(x.shape)}"
        )
    if x.dtype.kind == "b":
        raise NotImplementedError(f"{op}(): not implemented for bools. Convert them with .float() first.")
    return x


def float_images(op: str, input: Any, dims: int) -> Any:
    """The same; NotImplementedError for integers."""
    x = image_array(op, input, dims)
    if x.dtype.kind != "f":
        raise NotImplementedError(f"{op}(): not implemented for {x.dtype}. Convert it with .float() first.")
    return x


def pooling_windows(
    op: str, x: Any, dims: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool
) -> Windows:
    """Where the windows lie.  RuntimeError for arguments out of range, or a kernel larger than the image."""
    kernel = sizes(op, "kernel_size", kernel_size, dims)
    steps = kernel if stride is None or stride in ((), []) else sizes(op, "stride", stride, dims)
    before, gaps = sizes(op, "padding", padding, dims), sizes(op, "dilation", dilation, dims)
    for name, given in (("kernel_size", kernel), ("stride", steps), ("dilation", gaps)):
        if min(given) <= 0:
            raise RuntimeError(f"{op}(): {name} should be greater than zero, but got {list(given)}")
    if any(not 0 <= pad <= k // 2 for pad, k in zip(before, kernel)):
        raise RuntimeError(
            f"{op}(): pad should be at most half of effective kernel size, and not negative, but got "
            f"padding={list(before)} and kernel_size={list(kernel)}"
        )
    image = x.shape[-dims:]
    along = zip(image, kernel, steps, before, gaps)
    places = tuple(windows_along(n, (k - 1) * gap + 1, step, pad, ceil_mode) for n, k, step, pad, gap in along)
    if min(places) <= 0:
        shown, made = ("x".join(map(str, (x.shape[-dims - 1], *each))) for each in (image, places))
        raise RuntimeError(
            f"{op}(): Given input size: ({shown}). Calculated output size: ({made}). Output size is too small"
        )
    return Windows(image, kernel, steps, before, gaps, places)


def windows_along(n: int, span: int, step: int, pad: int, ceil_mode: bool) -> int:
    """How many windows lie along n elements; with ceil_mode also one that reaches beyond, if it begins before."""
    room = n + 2 * pad - span
    if not ceil_mode:
        return room // step + 1
    number = -(-room // step) + 1
    return number - 1 if (number - 1) * step >= n + pad else number
