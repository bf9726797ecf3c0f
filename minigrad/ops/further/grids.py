"""Images looked at where a grid of positions says: values between the elements around each position."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.arrays import array_module, quiet
from minigrad.engine.graph import raw, record
from minigrad.engine.order import by_rows
from minigrad.engine.places import warn
from minigrad.ops.arranging import movedim
from minigrad.ops.indexing import getitem, index, scatter
from minigrad.ops.promotion import check_tensors
from minigrad.ops.reductions import sum as sum_of
from minigrad.ops.selection import only_where

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["affine_grid", "grid_sample"]

DEFAULT_CHANGED = (
    "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please specify "
    "align_corners=True if the old behavior is desired. See the documentation of grid_sample for details."
)


@dataclass(frozen=True)
class Looking:
    """How an image is looked at."""

    mode: str
    padding_mode: str
    align_corners: bool


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """The values of images at positions: between the elements around each.

    input: (N, C, height, width) or (N, C, depth, height, width); grid: (N, *out, 2) or (N, *out, 3), the x, y (and z)
    of each position: -1 is the left, the upper (and the front) edge, 1 the other -> (N, C, *out).  mode: "bilinear"
    (of volumes: between 8), "nearest", or of images "bicubic".  padding_mode: what is outside, "zeros", "border" (the
    edge repeated) or "reflection" (mirrored).  align_corners: whether -1 and 1 are the centres of the outer elements,
    rather than their outer edges.

    ValueError for an unknown mode; RuntimeError for dtypes, devices and shapes that do not fit together.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.grid_sample.html

    >>> import minigrad as torch
    >>> image = torch.tensor([[[[0.0, 10.0], [20.0, 30.0]]]])
    >>> where = torch.tensor([[[[0.0, 0.0], [-0.5, 0.5]]]])
    >>> torch.nn.functional.grid_sample(image, where, align_corners=False)
    tensor([[[[15., 20.]]]])
    """
    if mode not in TAPS:
        raise ValueError(f"grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', but got: {mode!r}")
    if padding_mode not in ("zeros", "border", "reflection"):
        raise ValueError(
            f"grid_sample(): expected padding_mode to be 'zeros', 'border', or 'reflection', but got: {padding_mode!r}"
        )
    if align_corners is None:
        warn(DEFAULT_CHANGED)
    check_grid(input, grid, mode)
    looking = Looking(mode, padding_mode, bool(align_corners))
    x, where = raw(input), raw(grid)
    with quiet():
        value = looked_at(x, where, looking)
    name = f"GridSampler{x.ndim - 2}DBackward0"
    return record(value, (input, grid), (grid_sample_dinput, grid_sample_dgrid), looking, name=name)


def grid_sample_dinput(g: Tensor, _out: Tensor, input: Tensor, grid: Tensor, looking: Looking) -> Tensor:
    number, channels, *image = input.shape
    arrived = last_channels(g)
    total: Any = 0
    for rows, _, weights, _ in taps(image, grid, looking):
        weight = product_of(weights)[..., None]
        total = total + scatter(arrived * weight, (rows,), (number * math.prod(image) + 1, channels))
    return first_channels(total[:-1].reshape(number, *image, channels))  # type: ignore[no-any-return]


def grid_sample_dgrid(g: Tensor, _out: Tensor, input: Tensor, grid: Tensor, looking: Looking) -> Tensor:
    if looking.mode == "nearest":
        return only_where(array_module(raw(grid)).zeros(tuple(grid.shape), bool), grid)
    elements, arrived = elements_of(input), last_channels(g)
    total: Any = 0
    for rows, inside, weights, changes in taps(input.shape[2:], grid, looking):
        seen = only_where(inside, sum_of(arrived * index(elements, (rows,)), -1))
        for component, dim in enumerate(reversed(range(len(weights)))):  # x, the last dimension, comes first
            slope = product_of([*weights[:dim], *weights[dim + 1 :], changes[dim]])
            total = total + scatter(seen * slope, (..., component), tuple(grid.shape))
    return total  # type: ignore[no-any-return]


def looked_at(x: Any, grid: Any, looking: Looking) -> Any:
    """The values of raw images at the positions of a raw grid."""
    elements = elements_of(x)
    total: Any = 0
    for rows, _, weights, _ in taps(x.shape[2:], grid, looking):
        total = total + elements[rows] * product_of(weights)[..., None]
    return by_rows(first_channels(total))


def elements_of(x: Any) -> Any:
    """Images (N, C, *image) as a row of channels for each element, and at the end a row of zeros: what is outside."""
    rows = last_channels(x).reshape(-1, x.shape[1])
    return scatter(rows, (slice(-1),), (len(rows) + 1, x.shape[1]))


def last_channels(x: Any) -> Any:
    """(N, C, *image) as (N, *image, C)."""
    return movedim(x, 1, -1)


def first_channels(x: Any) -> Any:
    """(N, *image, C) as (N, C, *image)."""
    return movedim(x, -1, 1)


# Which elements each value is made of -----------------------------------------------------------------------


def taps(image: Any, grid: Any, looking: Looking) -> Any:
    """The elements around each position, one after the other.

    For each: its row among all `elements_of` the images, whether it is inside, its weights along the dimensions,
    whose product counts, and how each of these changes with its component of the grid.
    """
    where = raw(grid)
    xp, dims = array_module(where), len(image)
    batch = xp.arange(len(where)).reshape(-1, *[1] * (where.ndim - 2))
    along = [along_one(getitem(grid, (..., dims - 1 - dim)), n, looking) for dim, n in enumerate(image)]
    for chosen in product(*along):
        positions, insides, weights, changes = zip(*chosen)
        rows, inside = batch, True
        for position, one_inside, n in zip(positions, insides, image):
            rows, inside = rows * n + position, one_inside & inside
        yield xp.where(inside, rows, len(where) * math.prod(image)), inside, weights, changes


def product_of(factors: list[Any]) -> Any:
    """The product of a few factors."""
    total = factors[0]
    for factor in factors[1:]:
        total = total * factor
    return total


def along_one(component: Any, n: int, looking: Looking) -> list[tuple[Any, Any, Any, Any]]:
    """The elements along one dimension around each position, as in `taps`."""
    scale = (n - 1) / 2 if looking.align_corners else n / 2
    coordinate: Any = (component + 1) * scale  # rounded as in PyTorch: it can decide which element is the nearest one
    if not looking.align_corners:
        coordinate = coordinate - 0.5
    slope: Any = scale
    if looking.mode != "bicubic":
        factor, offset = folding(raw(coordinate), n, looking)
        coordinate, slope = only_where(factor != 0, coordinate) * factor + offset, factor * scale
    result = []
    for position, weight, change in TAPS[looking.mode](coordinate):
        if looking.mode == "bicubic":
            factor, offset = folding(position, n, looking)
            position = position * factor + offset
        xp = array_module(position)
        inside = (position >= 0) & (position <= n - 1)
        clipped = xp.clip(xp.where(inside, position, 0), 0, n - 1).astype(np.int64)
        result.append((clipped, inside, weight, change * slope))
    return result


def folding(x: Any, n: int, looking: Looking) -> tuple[Any, Any]:
    """What brings raw coordinates into the image: a factor (1, -1, or 0 where they stay at an edge) and an offset."""
    xp = array_module(x)
    factor, offset = xp.ones_like(x), xp.zeros_like(x)
    if looking.padding_mode == "zeros":
        return factor, offset
    if looking.padding_mode == "reflection":
        factor, offset = mirroring(x, *((0.0, n - 1.0) if looking.align_corners else (-0.5, n - 0.5)))
    place = x * factor + offset
    below, above = place <= 0, place >= n - 1
    offset = xp.where(below, 0, xp.where(above, n - 1, offset)).astype(x.dtype)
    return xp.where(below | above, 0, factor).astype(x.dtype), offset


def mirroring(x: Any, low: float, high: float) -> tuple[Any, Any]:
    """The same for coordinates that are mirrored at two edges, as often as it takes."""
    xp, span = array_module(x), high - low
    if span == 0:
        return xp.zeros_like(x), xp.zeros_like(x)
    sign = xp.where(x >= low, 1, -1).astype(x.dtype)
    flips = xp.floor((x - low) * sign / span)
    is_even = flips % 2 == 0
    offset = xp.where(is_even, low - flips * span - sign * low, low + (flips + 1) * span + sign * low)
    return xp.where(is_even, sign, -sign), offset


def linear_taps(coordinate: Any) -> list[tuple[Any, Any, Any]]:
    """The two elements around each coordinate: where, the weight, and its slope."""
    below = array_module(raw(coordinate)).floor(raw(coordinate))
    share = coordinate - below
    return [(below, 1 - share, -1), (below + 1, share, 1)]


def nearest_taps(coordinate: Any) -> list[tuple[Any, Any, Any]]:
    """The nearest element to each coordinate; of two the even one."""
    x = raw(coordinate)
    return [(array_module(x).rint(x), array_module(x).ones_like(x), 0)]


def cubic_taps(coordinate: Any) -> list[tuple[Any, Any, Any]]:
    """The four elements around each coordinate, weighed by the cubics of `resizing.cubic`, with a = -0.75."""
    below = array_module(raw(coordinate)).floor(raw(coordinate))
    share = coordinate - below
    made = []
    for offset in (-1, 0, 1, 2):
        sign = 1 if offset <= 0 else -1
        distance = (share - offset) * sign
        if offset in (0, 1):
            weight = (distance * 1.25 - 2.25) * distance * distance + 1
            change = (distance * 3.75 - 4.5) * distance
        else:
            weight = ((distance * -0.75 + 3.75) * distance - 6) * distance + 3
            change = (distance * -2.25 + 7.5) * distance - 6
        made.append((below + offset, weight, change * sign))
    return made


TAPS: dict[str, Callable[[Any], list[tuple[Any, Any, Any]]]] = {
    "bilinear": linear_taps,
    "nearest": nearest_taps,
    "bicubic": cubic_taps,
}


# Grids ------------------------------------------------------------------------------------------------------


def affine_grid(theta: Tensor, size: Any, align_corners: bool | None = None) -> Tensor:
    """Positions for `grid_sample`: those of all elements of images, moved by an affine map.

    theta: (N, 2, 3), the maps of images, or (N, 3, 4), of volumes; size: (N, C, height, width) or (N, C, depth, height,
    width) -> (N, height, width, 2) or (N, depth, height, width, 3).  align_corners: as for `grid_sample`.

    ValueError for shapes and dtypes that do not fit together, NotImplementedError for other dimensions.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.affine_grid.html

    >>> import minigrad as torch
    >>> torch.nn.functional.affine_grid(torch.tensor([[[1.0, 0.0, 0.5], [0.0, 1.0, 0.0]]]), (1, 1, 1, 2), False)
    tensor([[[[0., 0.],
              [1., 0.]]]])
    """
    check_tensors("affine_grid", theta=theta)
    if align_corners is None:
        warn(DEFAULT_CHANGED)
    shape, wanted = theta.array.shape, tuple(size)
    if theta.array.dtype.kind != "f":
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    if len(wanted) not in (4, 5):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. "
            f"Got size {wanted}."
        )
    dims = len(wanted) - 2
    if len(shape) != 3 or shape[1:] != (dims, dims + 1):
        raise ValueError(
            f"Expected a batch of {dims}D affine matrices of shape Nx{dims}x{dims + 1} for size {wanted}. "
            f"Got {tuple(shape)}."
        )
    if min(wanted) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {wanted}")
    if len(theta.array) != wanted[0]:
        raise RuntimeError(
            f"affine_grid(): Expected {wanted[0]} matrices for size {wanted}, but got {len(theta.array)}"
        )
    return mapped(theta, wanted[2:], bool(align_corners))


def mapped(theta: Tensor, image: tuple[int, ...], align_corners: bool) -> Tensor:
    """The positions of all elements of an image, moved by each of the maps."""
    x = raw(theta)
    with quiet():
        moved_by = x @ positions_of(x, image, align_corners).T
    value = moved_by.swapaxes(1, 2).reshape(len(x), *image, len(image))
    name = "AffineGridGeneratorBackward0"
    return record(by_rows(value), (theta,), (mapped_dtheta,), image, align_corners, name=name)


def mapped_dtheta(g: Tensor, _out: Tensor, theta: Tensor, image: tuple[int, ...], align_corners: bool) -> Tensor:
    positions = positions_of(raw(theta), image, align_corners)
    return g.reshape(len(g), len(positions), len(image)).swapaxes(1, 2) @ positions  # type: ignore[no-any-return]


def positions_of(like: Any, image: tuple[int, ...], align_corners: bool) -> Any:
    """The x, y (and z) of all elements of an image, and 1: a row for each element."""
    along = [np.linspace(-1, 1, n) * (1 if align_corners else (n - 1) / n) if n > 1 else np.zeros(1) for n in image]
    made = np.meshgrid(*along, np.ones(1), indexing="ij")
    rows = np.stack([part.reshape(-1) for part in (*reversed(made[:-1]), made[-1])], -1)
    return array_module(like).asarray(rows, like.dtype)


# Checks -----------------------------------------------------------------------------------------------------


def check_grid(input: Any, grid: Any, mode: str) -> None:
    """TypeError for what is no tensor; RuntimeError for dtypes, devices and shapes that do not fit together."""
    check_tensors("grid_sample", input=input, grid=grid)
    x, where = input.array, grid.array
    if x.dtype != where.dtype:
        raise RuntimeError(
            f"grid_sample(): expected input and grid to have same dtype, but input has {x.dtype} and grid has "
            f"{where.dtype}"
        )
    if x.dtype.kind != "f":
        raise NotImplementedError(f"grid_sample(): not implemented for {x.dtype}. Convert both with .float() first.")
    shapes = f"input with sizes {list(x.shape)} and grid with sizes {list(where.shape)}"
    if x.ndim not in (4, 5) or where.ndim != x.ndim:
        raise RuntimeError(
            f"grid_sample(): expected 4D or 5D input and grid with same number of dimensions, but got {shapes}"
        )
    if len(x) != len(where):
        raise RuntimeError(f"grid_sample(): expected grid and input to have same batch size, but got {shapes}")
    if where.shape[-1] != x.ndim - 2:
        raise RuntimeError(
            f"grid_sample(): expected grid to have size {x.ndim - 2} in last dimension, but got {shapes}"
        )
    if 0 in x.shape[2:]:
        raise RuntimeError(f"grid_sample(): expected input to have non-empty spatial dimensions, but got {shapes}")
    if mode == "bicubic" and x.ndim == 5:
        raise RuntimeError("grid_sample(): bicubic interpolation only supports 4D input")
