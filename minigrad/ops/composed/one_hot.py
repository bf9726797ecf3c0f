"""Class indices as one-hot vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minigrad import dtypes
from minigrad.arrays import array_module
from minigrad.engine.graph import wrap
from minigrad.ops.promotion import array_of

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["one_hot"]


def one_hot(input: Tensor, num_classes: int = -1) -> Tensor:
    """Class indices (*), int64, as int64 vectors (*, num_classes): 1 at the index, else 0.

    num_classes -1 takes the largest index plus 1.  RuntimeError for another dtype, or an index out of range.
    """
    classes = array_of(input)
    if input.dtype is not dtypes.int64:
        raise RuntimeError(
            f"one_hot is only applicable to index tensor of type LongTensor, not {input.dtype}: use .long()"
        )
    if num_classes == -1 and not classes.size:
        raise RuntimeError("Can not infer total number of classes from empty tensor: give num_classes.")
    number = int(classes.max()) + 1 if num_classes == -1 else num_classes
    if (classes < 0).any():
        raise RuntimeError(f"Class values must be non-negative: there is {int(classes.min())}.")
    if (classes >= number).any():
        raise RuntimeError(
            f"Class values must be smaller than num_classes: {int(classes.max())} is not below {number}."
        )
    return (input.contiguous().unsqueeze(-1) == wrap(array_module(classes).arange(number))).long()
