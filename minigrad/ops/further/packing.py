"""Sequences of different lengths in one array: padded to the longest, or packed without the padding.

Packed, the rows are those of the first step of all sequences, then those of the second step of all that have one, and
so on; the longest sequence comes first.  sizes: how many sequences have each step.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.arrays import array_module
from minigrad.engine.broadcasting import broadcasts
from minigrad.engine.graph import raw, record
from minigrad.engine.views import COPY_SLICES
from minigrad.ops.indexing import getitem
from minigrad.ops.shaping import joinable

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__: list[str] = []

Sizes = tuple[int, ...]


def packed(input: Tensor, sizes: Sizes) -> Tensor:
    """The rows of (steps, sequences, *) that are no padding: (rows, *)."""
    x = raw(input)
    name = "PackPaddedSequenceBackward0"
    return record(x[places(x, sizes)], (input,), (packed_dinput,), sizes, len(x), name=name)


def packed_dinput(g: Tensor, _out: Tensor, _input: Tensor, sizes: Sizes, length: int) -> Tensor:
    return padded(g, sizes, length, 0.0)


def padded(data: Tensor, sizes: Sizes, length: int, value: float) -> Tensor:
    """Packed rows in (length, sequences, *), and the value where there are none."""
    x = raw(data)
    result = array_module(x).full((length, sizes[0], *x.shape[1:]), value, x.dtype)
    result[places(x, sizes)] = x
    return record(result, (data,), (padded_ddata,), sizes, name=COPY_SLICES)


def padded_ddata(g: Tensor, _out: Tensor, _data: Tensor, sizes: Sizes) -> Tensor:
    return packed(g, sizes)


def places(x: Any, sizes: Sizes) -> tuple[Any, Any]:
    """The step and the sequence of each packed row, where the array x is."""
    step, sequence = np.nonzero(np.arange(max(sizes)) < np.array(sizes)[:, None])
    xp = array_module(x)
    return xp.asarray(step), xp.asarray(sequence)


def pad_sequence(
    sequences: Sequence[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Tensors (length, *) of different lengths side by side, padded to the longest: see nn.utils.rnn.pad_sequence."""
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    joinable("pad_sequence", sequences)
    arrays = [raw(x) for x in sequences]
    check_sizes(arrays)
    longest = max(map(len, arrays))
    shape = (len(arrays), longest) if batch_first else (longest, len(arrays))
    value = array_module(arrays[0]).full((*shape, *arrays[0].shape[1:]), padding_value, arrays[0].dtype)
    rules = []
    for i, x in enumerate(arrays):
        at = slice(0, len(x)) if padding_side == "right" else slice(longest - len(x), longest)
        key = (i, at) if batch_first else (at, i)
        value[key] = x
        rules.append(partial(pad_sequence_dx, key=key))
    return record(value, tuple(sequences), tuple(rules), name=COPY_SLICES)


def pad_sequence_dx(g: Tensor, *_unread: Tensor, key: tuple[Any, ...]) -> Tensor:
    return getitem(g, key)


def check_sizes(arrays: Sequence[Any]) -> None:
    """RuntimeError for a number by itself, and for sizes after the first that do not broadcast to the first's."""
    first = arrays[0].shape
    for i, x in enumerate(arrays):
        if x.ndim == 0:
            raise RuntimeError(f"pad_sequence(): number {i} of the sequences is a number by itself, of no length")
        wanted = (len(x), *first[1:])
        if not broadcasts(x.shape, wanted):
            pairs = [(a, b, dim) for dim, (a, b) in enumerate(zip(wanted, x.shape)) if a != b]
            a, b, dim = pairs[0] if pairs else (len(wanted), x.ndim, 0)
            raise RuntimeError(
                f"The size of tensor a ({a}) must match the size of tensor b ({b}) at non-singleton dimension {dim}: "
                f"pad_sequence() of shapes {list(first)} and, number {i}, {list(x.shape)}"
            )
