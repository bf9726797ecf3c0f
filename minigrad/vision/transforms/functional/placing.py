"""Parts, borders and mirror images: nothing that changes the value of a pixel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.ops.creation import as_tensor
from minigrad.tensor import Tensor
from minigrad.vision.images import dimensions, extent, is_picture, pillow

__all__ = [
    "center_crop",
    "crop",
    "erase",
    "five_crop",
    "get_dimensions",
    "get_image_num_channels",
    "get_image_size",
    "hflip",
    "pad",
    "ten_crop",
    "vflip",
]

PADDING_MODES = ("constant", "edge", "reflect", "symmetric")


def get_dimensions(img: Any) -> list[int]:
    """The number of channels, the height and the width of an image."""
    return list(dimensions(img))


def get_image_size(img: Any) -> list[int]:
    """The width and the height of an image."""
    _, height, width = dimensions(img)
    return [width, height]


def get_image_num_channels(img: Any) -> int:
    """The number of channels of an image: 1 for grey."""
    return dimensions(img)[0]


def hflip(img: Any) -> Any:
    """The image mirrored, left for right: its columns in reverse order.

    >>> import minigrad as torch
    >>> from minigrad.vision.transforms import functional
    >>> functional.hflip(torch.tensor([[1, 2, 3]]))
    tensor([[3, 2, 1]])
    """
    if is_picture(img):
        return img.transpose(pillow().Transpose.FLIP_LEFT_RIGHT)
    extent(img)
    return img.flip(-1) if isinstance(img, Tensor) else img[:, ::-1].copy()


def vflip(img: Any) -> Any:
    """The image upside down, mirrored: its rows in reverse order."""
    if is_picture(img):
        return img.transpose(pillow().Transpose.FLIP_TOP_BOTTOM)
    extent(img)
    return img.flip(-2) if isinstance(img, Tensor) else img[::-1].copy()


def crop(img: Any, top: int, left: int, height: int, width: int) -> Any:
    """The part of the image of this height and width, from row top and column left on; zeros where it is outside.

    >>> import minigrad as torch
    >>> from minigrad.vision.transforms import functional
    >>> functional.crop(torch.tensor([[1, 2, 3], [4, 5, 6]]), 0, 1, 3, 2)
    tensor([[2, 3],
            [5, 6],
            [0, 0]])
    """
    if is_picture(img):
        return img.crop((left, top, left + width, top + height))
    rows, columns = extent(img)
    outside = (max(-left, 0), max(-top, 0), max(left + width - columns, 0), max(top + height - rows, 0))
    if any(outside):
        img, left, top = bordered(img, *outside, 0, "constant"), max(left, 0), max(top, 0)
    return img[at(img, slice(top, top + height), slice(left, left + width))]


def pad(img: Any, padding: int | Sequence[int], fill: Any = 0, padding_mode: str = "constant") -> Any:
    """The image with columns and rows around it.

    padding: one number; two, for left and right, top and bottom; or four, for left, top, right, bottom.  Below zero,
        so many are cut off.
    fill: the value of what is added, or, but for a Tensor, one for each channel.
    padding_mode: what is added: "constant" (the value fill), "edge" (the outermost pixels again), "reflect" (the
        image mirrored at them) or "symmetric" (mirrored beside them).

    ValueError for another number of sides or mode, TypeError for several fills of a Tensor.
    """
    checked_mode(padding_mode)
    sides = each_side(padding)
    if is_picture(img):
        return picture_bordered(img, sides, fill, padding_mode)
    if isinstance(img, Tensor) and not isinstance(fill, (int, float, type(None))):
        raise TypeError(f"Got inappropriate fill arg: a Tensor is filled with one number, not {fill!r}")
    height, width = extent(img)
    left, top, right, bottom = (max(-side, 0) for side in sides)
    inside = img[at(img, slice(top, height - bottom), slice(left, width - right))]
    left, top, right, bottom = (max(side, 0) for side in sides)
    return bordered(inside, left, top, right, bottom, 0 if fill is None else fill, padding_mode)


def picture_bordered(image: Any, sides: tuple[int, int, int, int], fill: Any, mode: str) -> Any:
    """A PIL image with columns and rows around it."""
    if mode == "constant":
        bordered = pillow("ImageOps").expand(image, sides, picture_fill(fill, image))
    else:
        bordered = pillow().fromarray(pad(np.asarray(image), sides, padding_mode=mode))
    if image.mode == "P":
        bordered.putpalette(image.getpalette())
    return bordered


def picture_fill(fill: Any, image: Any) -> Any:
    """A value for new pixels of a PIL image, or one for each channel, as Pillow takes them."""
    channels = len(image.getbands())
    values = [0 if fill is None else fill] if isinstance(fill, (int, float, type(None))) else list(fill)
    if len(values) not in (1, channels):
        raise ValueError(
            "The number of elements in 'fill' does not match the number of channels of the image "
            f"({len(values)} != {channels})"
        )
    values = values if image.mode == "F" else [int(value) for value in values]
    return values[0] if channels == 1 else tuple(values * (channels // len(values)))


def center_crop(img: Any, output_size: int | Sequence[int]) -> Any:
    """The middle of the image, of output_size; zeros around it where the image is smaller.

    output_size: (height, width), or one for both.  ValueError for more than two sizes.
    """
    height, width = height_and_width(output_size)
    rows, columns = extent(img)
    down, across = max(height - rows, 0), max(width - columns, 0)
    if down or across:
        img = pad(img, (across // 2, down // 2, (across + 1) // 2, (down + 1) // 2))
    top, left = round((rows + down - height) / 2), round((columns + across - width) / 2)
    return crop(img, top, left, height, width)


def five_crop(img: Any, size: int | Sequence[int]) -> tuple[Any, ...]:
    """The four corners of the image, of size, and its middle.  ValueError when it is smaller.

    size: (height, width), or one for both.
    """
    height, width = height_and_width(size)
    rows, columns = extent(img)
    if height > rows or width > columns:
        raise ValueError(f"Requested crop size {(height, width)} is bigger than input size {(rows, columns)}")
    places = ((top, left) for top in (0, rows - height) for left in (0, columns - width))
    return (*(crop(img, *place, height, width) for place in places), center_crop(img, (height, width)))


def ten_crop(img: Any, size: int | Sequence[int], vertical_flip: bool = False) -> tuple[Any, ...]:
    """The five crops of the image, as `five_crop` has them, and those of its mirror image.

    That is mirrored left for right, or with vertical_flip upside down.
    """
    mirrored = vflip(img) if vertical_flip else hflip(img)
    return five_crop(img, size) + five_crop(mirrored, size)


def erase(img: Tensor, i: int, j: int, h: int, w: int, v: Any, inplace: bool = False) -> Tensor:
    """The image with the value v in h rows from i on and w columns from j on.  TypeError for what is no Tensor.

    inplace: change the Tensor itself.
    """
    if not isinstance(img, Tensor):
        raise TypeError(f"img should be Tensor Image. Got {type(img)}")
    erased = img if inplace else img.clone()
    erased[..., i : i + h, j : j + w] = v
    return erased


def height_and_width(size: int | Sequence[int]) -> tuple[int, int]:
    """A size as two numbers."""
    sizes = (int(size),) if isinstance(size, (int, float)) else tuple(size)
    if len(sizes) not in (1, 2):
        raise ValueError("Please provide only two dimensions (h, w) for size.")
    return sizes[0], sizes[-1]


def each_side(padding: int | Sequence[int]) -> tuple[int, int, int, int]:
    """A padding as four numbers: left, top, right, bottom."""
    if not isinstance(padding, (int, tuple, list)):
        raise TypeError(f"Got inappropriate padding arg: {padding!r}")
    sides = (padding,) if isinstance(padding, int) else tuple(padding)
    if len(sides) not in (1, 2, 4):
        raise ValueError(f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(sides)} element tuple")
    left, top, right, bottom = sides * (4 // len(sides))
    return left, top, right, bottom


def checked_mode(padding_mode: str) -> str:
    """A way to pad that there is.  ValueError for another."""
    if padding_mode not in PADDING_MODES:
        raise ValueError("Padding mode should be either constant, edge, reflect or symmetric")
    return padding_mode


# Arrays and Tensors


def bordered(image: Any, left: int, top: int, right: int, bottom: int, fill: Any, mode: Any) -> Any:
    """The image with rows and columns added, filled as numpy.pad does in the modes that torchvision has."""
    height, width = extent(image)
    if mode != "constant":
        rows = positions(image, np.pad(np.arange(height), (top, bottom), mode))
        columns = positions(image, np.pad(np.arange(width), (left, right), mode))
        return image[at(image, rows[:, None], columns)]
    inside = at(image, slice(top, top + height), slice(left, left + width))
    larger = filled(image, height + top + bottom, width + left + right, fill)
    larger[inside] = image
    return larger


def at(image: Any, rows: Any, columns: Any) -> tuple[Any, ...]:
    """The key that picks rows and columns of the image."""
    return (..., rows, columns) if isinstance(image, Tensor) else (rows, columns)


def positions(image: Any, numbers: Any) -> Any:
    """Numbers of rows or columns, as the image wants them in a key."""
    return as_tensor(numbers.copy(), device=image.device) if isinstance(image, Tensor) else numbers


def filled(image: Any, height: int, width: int, fill: Any) -> Any:
    """An image of another height and width, like another one else, filled with one value."""
    if isinstance(image, Tensor):
        return image.new_full((*image.shape[:-2], height, width), fill)
    return np.full((height, width, *image.shape[2:]), fill, image.dtype)
