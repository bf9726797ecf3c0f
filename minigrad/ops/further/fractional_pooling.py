"""Fractional pooling: the largest elements of windows at random places, so that images shrink by less than half.

B. Graham (2014), "Fractional max-pooling", https://arxiv.org/abs/1412.6071
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.arrays import array_module
from minigrad.engine.graph import raw, record, unrecorded
from minigrad.ops.further.pooling import adaptive_images, largest_of_each, shared_largest_dinput
from minigrad.ops.pooling import in_all_images
from minigrad.ops.promotion import check_tensors
from minigrad.ops.sampling import rand
from minigrad.ops.windows import Sizes, sizes

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = [
    "fractional_max_pool2d",
    "fractional_max_pool2d_with_indices",
    "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices",
]


def fractional_max_pool2d(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """The largest element of each of some windows, whose distances are drawn at random.

    input: (N, C, height, width) or (C, height, width).  kernel_size: that of the windows, one int or two.  output_size:
    that of the result, or output_ratio: its share of the input's.  return_indices: also where each is: int64 positions
    in the flattened image.  _random_samples: (N, C, 2), between 0 and 1, for the width and the height; drawn unless
    given.

    ValueError without a size; RuntimeError for windows that do not fit.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.FractionalMaxPool2d.html
    """
    given = kernel_size, output_size, output_ratio, return_indices, _random_samples
    return fractional("fractional_max_pool2d", 2, input, *given)


def fractional_max_pool3d(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,
    _random_samples: Tensor | None = None,
) -> Any:
    """The largest element of each of some windows of volumes, at random distances: as `fractional_max_pool2d`.

    _random_samples: (N, C, 3), for the depth, the height and the width.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.FractionalMaxPool3d.html
    """
    given = kernel_size, output_size, output_ratio, return_indices, _random_samples
    return fractional("fractional_max_pool3d", 3, input, *given)


def fractional_max_pool2d_with_indices(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,  # noqa: ARG001 - PyTorch takes it here too
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """As `fractional_max_pool2d`, with return_indices=True."""
    made: tuple[Tensor, Tensor] = fractional_max_pool2d(
        input, kernel_size, output_size, output_ratio, True, _random_samples
    )
    return made


def fractional_max_pool3d_with_indices(
    input: Tensor,
    kernel_size: Any,
    output_size: Any = None,
    output_ratio: Any = None,
    return_indices: bool = False,  # noqa: ARG001
    _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """As `fractional_max_pool3d`, with return_indices=True."""
    made: tuple[Tensor, Tensor] = fractional_max_pool3d(
        input, kernel_size, output_size, output_ratio, True, _random_samples
    )
    return made


def fractional(
    op: str,
    dims: int,
    input: Tensor,
    kernel_size: Any,
    output_size: Any,
    output_ratio: Any,
    return_indices: bool,
    samples: Tensor | None,
) -> Any:
    """A fractional pooling over the last dimensions."""
    x = adaptive_images(op, input, dims)
    if x.dtype.kind != "f":
        raise NotImplementedError(f"{op}(): not implemented for {x.dtype}. Convert it with .float() first.")
    image, kernel = x.shape[-dims:], sizes(op, "kernel_size", kernel_size, dims)
    wanted = size_of_result(op, image, output_size, output_ratio)
    check_windows(op, image, kernel, wanted)
    batch = x.shape[: -dims - 1] or (1,)
    if samples is None:
        samples = rand(*batch, x.shape[-dims - 1], dims, dtype=input.dtype, device=input.device)
    check_samples(op, samples, (*batch, x.shape[-dims - 1], dims), input)
    drawn = raw(samples).reshape(math.prod(x.shape[:-dims]), dims)
    drawn = drawn[:, ::-1] if dims == 2 else drawn
    positions = positions_in_images(image, kernel, wanted, drawn)
    shape = (*x.shape[:-dims], *wanted)
    in_row = x.reshape(len(drawn), math.prod(image))
    xp = array_module(x)
    flat = positions.reshape(len(drawn), math.prod(positions.shape[1:]))
    elements = xp.take_along_axis(in_row, flat, -1).reshape(positions.shape)
    value, chosen = largest_of_each(elements)
    where = xp.take_along_axis(positions, chosen[..., None], -1).reshape(shape)
    rules, name = (shared_largest_dinput,), f"FractionalMaxPool{dims}DBackward0"
    out = record(value.reshape(shape), (input,), rules, x.shape, saved=(in_all_images(where, image),), name=name)
    return (out, unrecorded(where, input)) if return_indices else out


def positions_in_images(image: Sizes, kernel: Sizes, wanted: Sizes, drawn: Any) -> Any:
    """Where the elements of each window are in the flattened image: (images, windows, elements of one)."""
    xp = array_module(drawn)
    positions = xp.zeros((len(drawn), 1, 1), np.int64)
    for dim, (n, k, number) in enumerate(zip(image, kernel, wanted)):
        along = starts_of_windows(n, k, number, drawn[:, dim])[..., None] + xp.arange(k)
        shape = (len(drawn), positions.shape[1] * number, positions.shape[2] * k)
        positions = (positions[:, :, None, :, None] * n + along[:, None, :, None]).reshape(shape)
    return positions


def starts_of_windows(n: int, k: int, number: int, drawn: Any) -> Any:
    """Where so many windows of k along n elements start: the last at the end, the others as it was drawn."""
    xp = array_module(drawn)
    last = xp.full((len(drawn), 1), n - k, np.int64)
    if number == 1:
        return last
    step = drawn.dtype.type(n - k) / drawn.dtype.type(number - 1)
    steps = xp.arange(number - 1).astype(drawn.dtype)
    first = ((steps + drawn[:, None]) * step).astype(np.int64) - (drawn[:, None] * step).astype(np.int64)
    return xp.concatenate([first, last], 1)


# Checks -----------------------------------------------------------------------------------------------------


def size_of_result(op: str, image: Sizes, output_size: Any, output_ratio: Any) -> Sizes:
    """The size of the result.  ValueError if neither it nor a ratio is given."""
    if output_size is not None:
        return sizes(op, "output_size", output_size, len(image))
    if output_ratio is None:
        raise ValueError(f"{op} requires specifying either an output_size or an output_ratio")
    ratios = output_ratio if isinstance(output_ratio, (tuple, list)) else (output_ratio,) * len(image)
    if len(ratios) != len(image):
        raise ValueError(f"{op} requires output_ratio to be one number, or {len(image)} of them, not {output_ratio}")
    return tuple(int(n * ratio) for n, ratio in zip(image, ratios))


def check_windows(op: str, image: Sizes, kernel: Sizes, wanted: Sizes) -> None:
    """RuntimeError for windows that do not fit, or a result without elements."""
    if min(kernel) <= 0 or min(wanted) <= 0:
        raise RuntimeError(f"{op}(): kernel_size {kernel} and output size {wanted} must be greater than 0")
    for n, k, number in zip(image, kernel, wanted):
        if number + k - 1 > n:
            raise RuntimeError(
                f"{op}(): pool {k} too large relative to input {n}: with a kernel_size of {kernel}, {wanted} windows "
                f"that start at different places do not fit on {tuple(image)}"
            )


def check_samples(op: str, samples: Any, shape: tuple[int, ...], input: Tensor) -> None:
    """RuntimeError for random samples of another shape or dtype."""
    check_tensors(op, _random_samples=samples, input=input)
    if samples.array.shape != shape or samples.dtype != input.dtype:
        raise RuntimeError(
            f"{op}(): Expected _random_samples of {input.dtype} and shape {list(shape)}, but got {samples.dtype} and "
            f"{list(samples.array.shape)}"
        )
