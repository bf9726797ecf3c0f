"""Images of another size."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any

from minigrad.dtypes import uint8
from minigrad.engine.places import warn
from minigrad.nn import functional
from minigrad.tensor import Tensor
from minigrad.vision.images import extent, on_picture, through_floats
from minigrad.vision.transforms.functional.placing import crop

__all__ = ["InterpolationMode", "resize", "resized_crop"]


class InterpolationMode(Enum):
    """How values between pixels are found: of the nearest one, or as a weighted mean of those around."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


OF_PILLOW = {
    InterpolationMode.NEAREST: 0,
    InterpolationMode.LANCZOS: 1,
    InterpolationMode.BILINEAR: 2,
    InterpolationMode.BICUBIC: 3,
    InterpolationMode.BOX: 4,
    InterpolationMode.HAMMING: 5,
    InterpolationMode.NEAREST_EXACT: 0,
}
"""The numbers that Pillow has for them."""


def interpolation_mode(interpolation: Any) -> InterpolationMode:
    """An InterpolationMode, also from Pillow's number for it.  TypeError for anything else."""
    if isinstance(interpolation, int):
        return next(mode for mode, number in OF_PILLOW.items() if number == interpolation)
    if not isinstance(interpolation, InterpolationMode):
        raise TypeError(
            "Argument interpolation should be a InterpolationMode or a corresponding Pillow integer constant"
        )
    return interpolation


def resize(
    img: Any,
    size: int | Sequence[int],
    interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
    max_size: int | None = None,
    antialias: bool | None = True,
) -> Any:
    """The image in another size.

    size: the height and the width; or one number, for the shorter side, the other one in proportion.
    interpolation: of PIL images and arrays Pillow's own; Tensors know the first four modes.
    max_size: so long the longer side may be, where size is one number.
    antialias: a Tensor that gets smaller becomes the weighted mean of all its pixels, not only of those beside the
        new ones; a PIL image always does.

    ValueError for more than two sizes, and a max_size that is not above the shorter side or stands beside two sizes;
    TypeError for another interpolation.

    >>> import minigrad as torch
    >>> from minigrad.vision.transforms import functional
    >>> functional.resize(torch.tensor([[[0.0, 4.0], [8.0, 4.0]]]), (1, 1))
    tensor([[[4.]]])
    """
    mode = interpolation_mode(interpolation)
    sizes = [size] if isinstance(size, int) else list(size)
    if len(sizes) not in (1, 2):
        raise ValueError(f"Size must be an int or a 1 or 2 element tuple/list, not a {len(sizes)} element tuple/list")
    if max_size is not None and len(sizes) != 1:
        raise ValueError(
            "max_size should only be passed if size specifies the length of the smaller edge, "
            "i.e. size should be an int or a sequence of length 1 in torchscript mode."
        )
    there = extent(img)
    height, width = sizes if len(sizes) == 2 else in_proportion(there, sizes[0], max_size)
    if there == (height, width):
        return img
    if isinstance(img, Tensor):
        return resized(img, height, width, mode.value, bool(antialias))
    if antialias is False:
        warn("Anti-alias option is always applied for PIL Image input. Argument antialias is ignored.")
    return on_picture(lambda picture: picture.resize((width, height), OF_PILLOW[mode]), img)


def in_proportion(extent: tuple[int, int], shorter: int, max_size: int | None) -> tuple[int, int]:
    """A height and a width, of which the shorter one is given, and the longer one at most max_size."""
    short, long = sorted(extent)
    longer = int(shorter * long / short)
    if max_size is not None:
        if max_size <= shorter:
            raise ValueError(
                f"max_size = {max_size} must be strictly greater than the requested "
                f"size for the smaller edge size = {shorter}"
            )
        if longer > max_size:
            shorter, longer = int(max_size * shorter / longer), max_size
    height, width = extent
    return (longer, shorter) if width <= height else (shorter, longer)


def resized(image: Tensor, height: int, width: int, mode: str, antialias: bool) -> Tensor:
    """A Tensor in another size."""
    weighted = mode in ("bilinear", "bicubic")
    options = {"align_corners": False, "antialias": antialias} if weighted else {}

    def larger(images: Tensor) -> Tensor:
        result: Tensor = functional.interpolate(images, size=[height, width], mode=mode, **options)
        return result.clamp(0, 255) if mode == "bicubic" and image.dtype is uint8 else result

    return through_floats(larger, image, half=False)


def resized_crop(
    img: Any,
    top: int,
    left: int,
    height: int,
    width: int,
    size: int | Sequence[int],
    interpolation: InterpolationMode | int = InterpolationMode.BILINEAR,
    antialias: bool | None = True,
) -> Any:
    """A part of the image, as `crop` takes it (top, left, height, width), in another size, as `resize` makes it."""
    return resize(crop(img, top, left, height, width), size, interpolation, antialias=antialias)
