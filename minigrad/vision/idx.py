"""The IDX format, in which MNIST and its likes are published."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

UNSIGNED_BYTES = 8


def read_idx(path: str | Path, ndim: int) -> Any:
    """The array of unsigned bytes in an IDX file: a uint8 NumPy array of `ndim` dimensions.

    The file begins with two zero bytes, the type (8: unsigned bytes) and the number of dimensions; then come the
    sizes, as big-endian 32-bit integers, and the elements.  ValueError when the file is not that or not whole.
    Format: http://yann.lecun.com/exdb/mnist/
    """
    content = np.fromfile(path, np.uint8)
    start = 4 + 4 * ndim
    if len(content) < start or content[:4].tolist() != [0, 0, UNSIGNED_BYTES, ndim]:
        raise ValueError(f"{path} is not an IDX file of unsigned bytes with {ndim} dimension(s). {REMEDY}")
    shape = content[4:start].view(">u4").tolist()
    if len(content) != start + math.prod(shape):
        raise ValueError(
            f"{path} is not whole: its header announces {' x '.join(map(str, shape))} bytes, "
            f"and {len(content) - start} follow. {REMEDY}"
        )
    return content[start:].reshape(shape)


REMEDY = "Delete it, and let download=True bring it again."
