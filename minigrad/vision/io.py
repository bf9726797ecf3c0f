"""Pictures in files as Tensors, and back: torchvision.io.

A picture is a uint8 Tensor (channels, height, width): one channel for grey, two for grey and opacity, three for red,
green and blue, four with opacity.  Pillow reads and writes the files.
https://docs.pytorch.org/vision/stable/io.html
"""

from __future__ import annotations

from enum import Enum
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.dtypes import uint8
from minigrad.engine.graph import wrap
from minigrad.tensor import Tensor
from minigrad.vision.images import pillow
from minigrad.vision.transforms.functional.converting import pil_to_tensor

__all__ = [
    "ImageReadMode",
    "decode_image",
    "decode_jpeg",
    "decode_png",
    "encode_jpeg",
    "encode_png",
    "read_file",
    "read_image",
    "write_file",
    "write_jpeg",
    "write_png",
]


class ImageReadMode(Enum):
    """The channels that a picture is to have: its own (UNCHANGED), GRAY, GRAY_ALPHA, RGB, or RGB_ALPHA, also RGBA."""

    UNCHANGED = 0
    GRAY = 1
    GRAY_ALPHA = 2
    RGB = 3
    RGB_ALPHA = 4
    RGBA = RGB_ALPHA


PIL_MODES = {
    ImageReadMode.GRAY: "L",
    ImageReadMode.GRAY_ALPHA: "LA",
    ImageReadMode.RGB: "RGB",
    ImageReadMode.RGB_ALPHA: "RGBA",
}

UNCHANGED = ("L", "LA", "RGB", "RGBA")
"""The modes of Pillow that are so many bytes for each pixel."""


def read_file(path: str | Path) -> Tensor:
    """The bytes of the file at path: uint8 (n,).  RuntimeError when it cannot be read."""
    try:
        return wrap(np.fromfile(path, np.uint8))
    except OSError as error:
        raise RuntimeError(str(error)) from None


def write_file(filename: str | Path, data: Tensor) -> None:
    """Write the bytes data, a uint8 Tensor (n,), to a file, filename.

    RuntimeError for another dtype, or more than one dimension.
    """
    if data.dtype is not uint8 or data.ndim != 1:
        raise RuntimeError(f"Input tensor should be of one dimension and uint8, got {data.ndim} and {data.dtype}")
    Path(filename).write_bytes(data.numpy().tobytes())


def decode_image(
    input: Tensor | str | Path,
    mode: ImageReadMode | str = ImageReadMode.UNCHANGED,
    apply_exif_orientation: bool = False,
) -> Tensor:
    """The picture in a file of any format that Pillow reads: uint8 (channels, height, width).

    input: the path of the file, or its bytes as a uint8 Tensor (n,).
    mode: the channels that the picture is to have.
    apply_exif_orientation: turn it as the camera noted.

    RuntimeError for bytes that are no picture, and for a picture of more than 8 bits a channel, where mode does not
    ask for fewer.
    """
    content = input if isinstance(input, Tensor) else read_file(input)
    if content.dtype is not uint8 or content.ndim != 1:
        raise RuntimeError(f"Expected a uint8 tensor of one dimension, got {content.dtype} and {content.ndim}")
    wanted = ImageReadMode[mode.upper()] if isinstance(mode, str) else mode
    try:
        image = pillow().open(BytesIO(content.numpy().tobytes()))
        if wanted is ImageReadMode.GRAY:
            image.draft("L", image.size)  # of a JPEG its brightness, as it is stored
        if apply_exif_orientation:
            image = pillow("ImageOps").exif_transpose(image)
        image = image.convert(PIL_MODES[wanted]) if wanted in PIL_MODES else with_bytes(image)
    except OSError as error:
        raise RuntimeError(f"Unsupported image file: {error}") from None
    return pil_to_tensor(image)


def with_bytes(image: Any) -> Any:
    """A PIL image in the nearest mode that has bytes."""
    if image.mode in UNCHANGED:
        return image
    if image.mode == "1":
        return image.convert("L")
    if image.mode in ("P", "PA"):
        return image.convert("RGBA" if image.mode == "PA" or "transparency" in image.info else "RGB")
    raise RuntimeError(
        f"the picture's pixels are of Pillow's mode {image.mode!r}, which minigrad has no dtype or channels for: "
        'ask for mode="RGB" or mode="GRAY"'
    )


def read_image(
    path: str | Path,
    mode: ImageReadMode | str = ImageReadMode.UNCHANGED,
    apply_exif_orientation: bool = False,
) -> Tensor:
    """The picture in a file: `decode_image` of its path."""
    return decode_image(read_file(path), mode, apply_exif_orientation)


def decode_png(
    input: Tensor, mode: ImageReadMode | str = ImageReadMode.UNCHANGED, apply_exif_orientation: bool = False
) -> Tensor:
    """The picture in the bytes of a PNG file: `decode_image` of them."""
    return decode_image(input, mode, apply_exif_orientation)


def decode_jpeg(
    input: Any,
    mode: ImageReadMode | str = ImageReadMode.UNCHANGED,
    device: Any = "cpu",
    apply_exif_orientation: bool = False,
) -> Any:
    """The picture in the bytes of a JPEG file, on a device: `decode_image` of them, or of each in a list."""
    if isinstance(input, list):
        return [decode_jpeg(each, mode, device, apply_exif_orientation) for each in input]
    return decode_image(input, mode, apply_exif_orientation).to(device)


def encode_png(input: Tensor, compression_level: int = 6) -> Tensor:
    """The bytes of a PNG file of input, a picture (1 or 3 channels, height, width): uint8 (n,).

    compression_level: from 0, fast, to 9, small.  RuntimeError for another level, dtype or number of channels.
    """
    if not 0 <= compression_level <= 9:
        raise RuntimeError("Compression level should be between 0 and 9")
    return encoded(input, "PNG", compress_level=compression_level)


def encode_jpeg(input: Any, quality: int = 75) -> Any:
    """The bytes of a JPEG file of input, a picture (1 or 3 channels, height, width), or of each in a list: uint8 (n,).

    quality: from 1 to 100; ValueError for another one.  RuntimeError for another dtype or number of channels.
    """
    if not 1 <= quality <= 100:
        raise ValueError("Image quality should be a positive number between 1 and 100")
    if isinstance(input, list):
        return [encode_jpeg(each, quality) for each in input]
    return encoded(input, "JPEG", quality=quality)


def encoded(input: Tensor, format: str, **options: Any) -> Tensor:
    """The bytes of a file of a picture."""
    if input.dtype is not uint8:
        raise RuntimeError(f"Input tensor dtype should be uint8, got {input.dtype}")
    if input.ndim != 3:
        raise RuntimeError(f"Input data should be a 3-dimensional tensor, got {input.ndim} dimensions")
    if len(input) not in (1, 3):
        raise RuntimeError(f"The number of channels should be 1 or 3, got: {len(input)}")
    array = input.permute(1, 2, 0).cpu().numpy()
    file = BytesIO()
    pillow().fromarray(array[..., 0] if len(input) == 1 else array).save(file, format, **options)
    return wrap(np.frombuffer(file.getvalue(), np.uint8).copy())


def write_png(input: Tensor, filename: str | Path, compression_level: int = 6) -> None:
    """Write input, a picture (1 or 3 channels, height, width), to a PNG file, filename, as `encode_png` makes it.

    compression_level and errors are those of it.
    """
    write_file(filename, encode_png(input, compression_level))


def write_jpeg(input: Tensor, filename: str | Path, quality: int = 75) -> None:
    """Write input, a picture (1 or 3 channels, height, width), to a JPEG file, filename, as `encode_jpeg` makes it.

    quality and errors are those of it.
    """
    write_file(filename, encode_jpeg(input, quality))
