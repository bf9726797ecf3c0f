"""The IDX format, in which MNIST and its likes are published."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

UNSIGNED_BYTES, INTEGERS = 8, 12
"""The types of elements that there are here."""

ELEMENTS = {UNSIGNED_BYTES: ("u1", "unsigned bytes"), INTEGERS: (">i4", "integers")}


def read_idx(path: str | Path, ndim: int, kind: int = UNSIGNED_BYTES) -> Any:
    """The array in an IDX file: of `ndim` dimensions, uint8 for unsigned bytes, int32 for integers.

    The file begins with two zero bytes, the type (8: unsigned bytes, 12: integers) and the number of dimensions; then
    come the sizes, as big-endian 32-bit integers, and the elements.  ValueError when the file is not that or not whole.
    Format: http://yann.lecun.com/exdb/mnist/
    """
    dtype, elements = np.dtype(ELEMENTS[kind][0]), ELEMENTS[kind][1]
    content = np.fromfile(path, np.uint8)
    start = 4 + 4 * ndim
    if len(content) < start or content[:4].tolist() != [0, 0, kind, ndim]:
        raise ValueError(f"{path} is not an IDX file of {elements} with {ndim} dimension(s). {REMEDY}")
    shape = content[4:start].view(">u4").tolist()
    size = math.prod(shape) * dtype.itemsize
    if len(content) != start + size:
        raise ValueError(
            f"{path} is not whole: its header announces {size} bytes, and {len(content) - start} follow. {REMEDY}"
        )
    return content[start:].view(dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)


REMEDY = "Delete it, and let download=True bring it again."
