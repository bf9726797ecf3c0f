"""Images in another size: each element of the result is weighed from the elements of the input that lie around it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.places import warn
from minigrad.formats import contiguous_format, format_of
from minigrad.ops.further.pooling import adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d
from minigrad.ops.further.weighing import Weighing, weighed
from minigrad.ops.promotion import check_tensors

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["interpolate", "upsample", "upsample_bilinear", "upsample_nearest"]


def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """Rows, images or volumes (N, C, *image) in another size.

    size: that of the result, or scale_factor: how many times the input's; one number, or one for each dimension.
    mode: "nearest" (PyTorch's, which rounds down), "nearest-exact", "linear" (rows), "bilinear" or "bicubic" (images),
    "trilinear" (volumes): between the 2, 4 (16) or 8 around; or "area": means, as `adaptive_avg_pool2d`.
    align_corners: whether the first and last elements lie at the same places, in place of the outer edges.
    recompute_scale_factor: take the factor that the sizes give in place of the one that is given.
    antialias: with "bilinear", "bicubic" and "lanczos", smooth so much that what is made smaller keeps no pattern that
    it cannot show, as Pillow does.

    ValueError for arguments that do not fit together, NotImplementedError for dimensions that do not fit a mode or
    integers that would have to be rounded, RuntimeError for an empty image.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.interpolate.html

    >>> import minigrad as torch
    >>> x = torch.tensor([[[0.0, 4.0]]])
    >>> torch.nn.functional.interpolate(x, scale_factor=2)
    tensor([[[0., 0., 4., 4.]]])
    >>> torch.nn.functional.interpolate(x, size=4, mode="linear")
    tensor([[[0., 1., 3., 4.]]])
    """
    check_tensors("interpolate", input=input)
    check_mode(input, mode, align_corners, antialias)
    sizes, scales = sizes_and_scales(input, size, scale_factor, recompute_scale_factor or mode == "area")
    if recompute_scale_factor and size is not None:
        raise ValueError("interpolate(): recompute_scale_factor is not meaningful with an explicit size.")
    check_image(input, mode, sizes)
    if mode == "area":
        means = {1: adaptive_avg_pool1d, 2: adaptive_avg_pool2d, 3: adaptive_avg_pool3d}[len(sizes)]
        return means(input, sizes)
    x = input.array
    kind = np.float64 if x.dtype == np.float64 else np.float32
    weighing = antialiased if antialias else between
    weighings = [
        weighing(mode, kind, i - len(sizes), n, size, scale, bool(align_corners))
        for i, (n, size, scale) in enumerate(zip(x.shape[2:], sizes, scales))
    ]
    name = f"Upsample{NAMES[mode]}{len(sizes)}D{'Aa' if antialias else ''}Backward0"
    return weighed(input, tuple(reversed(weighings)), name, format_of(x) if x.ndim > 3 else contiguous_format)


NAMES = {
    "nearest": "Nearest",
    "nearest-exact": "NearestExact",
    "linear": "Linear",
    "bilinear": "Bilinear",
    "trilinear": "Trilinear",
    "bicubic": "Bicubic",
    "lanczos": "Lanczos",
}
DIMENSIONS = {"linear": (3,), "bilinear": (4,), "bicubic": (4,), "lanczos": (4,), "trilinear": (5,)}
"""Of inputs: those that a mode is for, where it is not for all."""


def upsample(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
) -> Tensor:
    """As `interpolate`, by its old name and with PyTorch's warning."""
    warn("`nn.functional.upsample` is deprecated. Use `nn.functional.interpolate` instead.")
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """As `interpolate` with mode="nearest", by its old name and with PyTorch's warning."""
    warn("`nn.functional.upsample_nearest` is deprecated. Use `nn.functional.interpolate` instead.")
    return interpolate(input, size, scale_factor, "nearest")


def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """As `interpolate` with mode="bilinear" and align_corners, by its old name and with PyTorch's warning."""
    warn("`nn.functional.upsample_bilinear` is deprecated. Use `nn.functional.interpolate` instead.")
    return interpolate(input, size, scale_factor, "bilinear", align_corners=True)


# Where elements come from -----------------------------------------------------------------------------------


def step_between(kind: Any, n: int, size: int, scale: float | None, align_corners: bool) -> Any:
    """How far, in elements of the input, two neighbours of the result lie apart."""
    if align_corners:
        return kind(n - 1) / kind(size - 1) if size > 1 else kind(0)
    return kind(1 / scale) if scale is not None and scale > 0 else kind(n) / kind(size)


def between(mode: str, kind: Any, dim: int, n: int, size: int, scale: float | None, align_corners: bool) -> Weighing:
    """The weights of the one, two or four elements around each place.  kind: the dtype to compute in, as PyTorch."""
    places = np.arange(size)
    step = step_between(kind, n, size, scale, align_corners)
    centres = places.astype(kind) * step if align_corners else (places.astype(kind) + kind(0.5)) * step - kind(0.5)
    if mode == "nearest":
        below = np.floor((places.astype(kind) * step).astype(np.float32)).astype(np.int64)
        return Weighing(dim, n, size, places, np.minimum(below, n - 1))
    if mode == "nearest-exact":
        nearest = np.floor((np.maximum(centres, 0) + kind(0.5)).astype(np.float32)).astype(np.int64)
        return Weighing(dim, n, size, places, np.minimum(nearest, n - 1))
    if mode == "bicubic":
        return around(dim, n, places, centres, range(-1, 3), cubic(-0.75))
    if n == size:
        return Weighing(dim, n, size, places, places)
    return around(dim, n, places, np.maximum(centres, 0), range(2), linear)


def around(dim: int, n: int, places: Any, centres: Any, offsets: range, weight: Callable[[Any], Any]) -> Weighing:
    """The elements at some offsets from the one below each centre, weighed by how far they are from it."""
    below = np.minimum(np.floor(centres).astype(np.int64), n - 1)
    share = np.clip(centres - below, 0, 1).astype(centres.dtype)
    elements = np.concatenate([np.clip(below + offset, 0, n - 1) for offset in offsets])
    weights = np.concatenate([weight(abs(share - offset)) for offset in offsets])
    return Weighing(dim, n, len(places), np.tile(places, len(offsets)), elements, weights)


def antialiased(
    mode: str, kind: Any, dim: int, n: int, size: int, scale: float | None, align_corners: bool
) -> Weighing:
    """The weights of all elements that a place of the result covers, widened by how much smaller the result is."""
    weight, reach = FILTERS[mode]
    step = step_between(kind, n, size, scale, align_corners)
    wider = max(step, kind(1))
    support = kind(reach) * wider
    half = kind(0.5)
    centres = step * (np.arange(size).astype(kind) + half)
    first = np.maximum((centres - support + half).astype(np.int64), 0)
    last = np.minimum((centres + support + half).astype(np.int64), n)
    covered = np.clip(last - first, 0, math.ceil(support) * 2 + 1)
    places = np.repeat(np.arange(size), covered)
    elements = np.arange(covered.sum()) - (np.cumsum(covered) - covered - first)[places]
    weights = weight(abs((elements - centres[places] + half) / wider))
    total = np.bincount(places, weights, minlength=size)
    return Weighing(dim, n, size, places, elements, weights / np.where(total == 0, 1, total)[places])


def linear(distance: Any) -> Any:
    """The weight of an element so far away: it falls to 0 at 1."""
    return np.maximum(1 - distance, 0)


def cubic(a: float) -> Callable[[Any], Any]:
    """The weight of an element so far away: two cubics, which fall to 0 at 2.

    R. Keys (1981), "Cubic convolution interpolation for digital image processing"
    """

    def weight(distance: Any) -> Any:
        near = ((a + 2) * distance - (a + 3)) * distance * distance + 1
        far = ((a * distance - 5 * a) * distance + 8 * a) * distance - 4 * a
        return np.where(distance < 1, near, np.where(distance < 2, far, 0)).astype(distance.dtype)

    return weight


def lanczos(distance: Any) -> Any:
    """The weight of an element so far away: a windowed sinc, which falls to 0 at 3."""
    return np.where(distance < 3, np.sinc(distance) * np.sinc(distance / 3), 0).astype(distance.dtype)


FILTERS: dict[str, tuple[Callable[[Any], Any], int]] = {
    "bilinear": (linear, 1),
    "bicubic": (cubic(-0.5), 2),
    "lanczos": (lanczos, 3),
}
"""The weight by the distance, and how far it reaches."""


# Arguments --------------------------------------------------------------------------------------------------


def sizes_and_scales(
    input: Tensor, size: Any, scale_factor: Any, recompute: bool
) -> tuple[list[int], list[float | None]]:
    """The size of the result along each dimension, and the scale that was given for it, if it counts."""
    if size is not None and scale_factor is not None:
        raise ValueError("interpolate(): only one of size or scale_factor should be defined")
    if size is None and scale_factor is None:
        raise ValueError("interpolate(): either size or scale_factor should be defined")
    image = input.shape[2:]
    name, given = ("size", size) if size is not None else ("scale_factor", scale_factor)
    each = list(given) if isinstance(given, (list, tuple)) else [given] * len(image)
    if len(each) != len(image):
        raise ValueError(
            f"interpolate(): Input and {'output' if name == 'size' else name} must have the same number of spatial "
            f"dimensions, but got input with spatial dimensions of {list(image)} and {name} of {given}. Give the input "
            f"as (N, C, d1, d2, ..., dK), and one number or K of them as {name}."
        )
    if name == "size":
        if any(isinstance(n, bool) or not hasattr(n, "__index__") for n in each):
            raise TypeError(
                "interpolate(): expected size to be one of int or Tuple[int] or Tuple[int, int] or "
                f"Tuple[int, int, int], but got {size!r}"
            )
        return [n.__index__() for n in each], [None] * len(image)
    sizes = [int(n * scale) for n, scale in zip(image, each)]
    return sizes, [None] * len(image) if recompute else [float(scale) for scale in each]


def check_mode(input: Tensor, mode: str, align_corners: bool | None, antialias: bool) -> None:
    """ValueError for options that a mode does not have; NotImplementedError for dimensions that it is not for."""
    ndim = input.array.ndim
    if mode in ("nearest", "nearest-exact", "area") and align_corners is not None:
        raise ValueError(
            "interpolate(): align_corners option can only be set with the interpolating modes: linear | bilinear | "
            f"bicubic | trilinear, not with {mode}"
        )
    if antialias and not (mode in FILTERS and ndim == 4):
        raise ValueError(
            "interpolate(): Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D "
            f"tensor as input, not mode {mode!r} and {list(input.array.shape)}"
        )
    if mode == "lanczos" and ndim == 4 and (align_corners or not antialias):
        raise ValueError("interpolate(): Lanczos mode requires antialias=True, and does not support align_corners=True")
    if (mode not in NAMES and mode != "area") or ndim not in DIMENSIONS.get(mode, (3, 4, 5)):
        raise NotImplementedError(
            f"interpolate(): Got {ndim}D input, for mode {mode!r}: Only 3D, 4D and 5D input Tensors supported, and "
            "linear needs 3D input, bilinear, bicubic and lanczos 4D, trilinear 5D; there are nearest, nearest-exact "
            "and area too"
        )


def check_image(input: Tensor, mode: str, sizes: list[int]) -> None:
    """RuntimeError for an image or a result without elements; NotImplementedError for numbers to be rounded."""
    x = input.array
    if 0 in x.shape[1:] or min(sizes) <= 0:
        raise RuntimeError(
            "interpolate(): Input and output sizes should be greater than 0, but got input "
            f"{list(x.shape)} and output {sizes}"
        )
    if x.dtype.kind != "f" and not mode.startswith("nearest"):
        raise NotImplementedError(
            f"interpolate(): mode {mode!r} is not implemented for {x.dtype}. Convert it with .float(), and round after"
        )
