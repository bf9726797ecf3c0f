"""Sequences of different lengths for recurrent layers, as torch.nn.utils.rnn.

https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_padded_sequence.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from minigrad import dtypes
from minigrad.later import function
from minigrad.ops.creation import arange, as_tensor
from minigrad.ops.further import packing
from minigrad.ops.shaping import transpose
from minigrad.tensor import Tensor

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Packed):
    """Sequences without their padding: recurrent layers take it, and give one.  pack_sequence makes it.

    data: (rows, *), the first step of all sequences (the longest first), then the second of all that have one, ...
    batch_sizes: how many sequences have each step, int64 on the CPU.  sorted_indices: which sequence of the batch comes
    first, second, ...; unsorted_indices: where each of the batch went.  None for both where it was sorted before.
    """

    __slots__ = ()

    def __new__(
        cls,
        data: Tensor,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> PackedSequence:
        """Find the unsorted indices if they are not given.  data: also the pair (data, batch_sizes)."""
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:
            if not isinstance(data, (list, tuple)) or len(data) != 2:
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        elif batch_sizes.device.type != "cpu":
            raise ValueError(
                "batch_sizes should always be on CPU. Let pack_sequence or pack_padded_sequence make a PackedSequence."
            )
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The data in another dtype or on another device, the indices there too; itself if nothing changes."""
        return self._with(self.data.to(*args, **kwargs))

    def cuda(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same on a GPU."""
        return self._with(self.data.cuda(*args, **kwargs))

    def cpu(self) -> PackedSequence:
        """The same on the CPU."""
        return self._with(self.data.cpu())

    def _with(self, data: Tensor) -> PackedSequence:
        """Other data, and the indices where it is."""
        if data is self.data:
            return self
        indices = [None if at is None else at.to(data.device) for at in (self.sorted_indices, self.unsorted_indices)]
        return PackedSequence(data, self.batch_sizes, *indices)

    def double(self) -> PackedSequence:
        """The data in float64."""
        return self.to(dtypes.float64)

    def float(self) -> PackedSequence:
        """The data in float32."""
        return self.to(dtypes.float32)

    def half(self) -> PackedSequence:
        """The data in float16."""
        return self.to(dtypes.float16)

    def long(self) -> PackedSequence:
        """The data in int64."""
        return self.to(dtypes.int64)

    def int(self) -> PackedSequence:
        """The data in int32."""
        return self.to(dtypes.int32)

    def short(self) -> PackedSequence:
        """The data in int16."""
        return self.to(dtypes.int16)

    def char(self) -> PackedSequence:
        """The data in int8."""
        return self.to(dtypes.int8)

    def byte(self) -> PackedSequence:
        """The data in uint8."""
        return self.to(dtypes.uint8)

    def pin_memory(self) -> PackedSequence:
        """The data in page-locked memory."""
        return self._with(self.data.pin_memory())

    @property
    def is_cuda(self) -> bool:
        """Whether the data is on a GPU."""
        return self.data.is_cuda

    def is_pinned(self) -> bool:
        """Whether the data is in page-locked memory."""
        return self.data.is_pinned()


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes one; None for None."""
    if permutation is None:
        return None
    inverse = arange(permutation.numel(), device=permutation.device)
    inverse[permutation] = arange(permutation.numel(), device=permutation.device)
    return inverse


# Packing ----------------------------------------------------------------------------------------------------


def pack_padded_sequence(
    input: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Padded sequences without their padding, as a `PackedSequence`.

    input: (steps, sequences, *), or with batch_first (sequences, steps, *).  lengths: of each sequence, at least 1 and
    at most the steps.  enforce_sorted: they decrease; else the sequences are put in that order, and pad_packed_sequence
    gives them back in theirs.  RuntimeError for other lengths.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.rnn.pack_padded_sequence.html

    >>> import minigrad as torch
    >>> padded = torch.tensor([[1, 2, 3], [4, 0, 0]])
    >>> pack_padded_sequence(padded, [3, 1], batch_first=True).data
    tensor([1, 4, 2, 3])
    """
    number_of = as_tensor(lengths, dtype=dtypes.int64, device=None if isinstance(lengths, Tensor) else "cpu")
    if number_of.ndim != 1 or number_of.device.type != "cpu":
        raise RuntimeError(
            f"'lengths' argument should be a 1D CPU int64 tensor, but got {number_of.ndim}D {number_of.device} tensor"
        )
    if input.ndim < 2:
        raise IndexError(
            f"Dimension out of range: pack_padded_sequence() of {list(input.shape)} has no sequences side by side"
        )
    order, by_step = None, transpose(input, 0, 1) if batch_first else input
    if not enforce_sorted:
        check_number(by_step, len(number_of), at_least=True)
        number_of, order = function("sort")(number_of, descending=True)
        order = order.to(input.device)
        by_step = function("index_select")(by_step, 1, order)
    check_lengths(by_step, number_of.tolist())
    sizes = [int((number_of > step).sum()) for step in range(int(number_of[0]))]
    return PackedSequence(packing.packed(by_step, tuple(sizes)), as_tensor(sizes), order)


def check_lengths(by_step: Tensor, lengths: list[int]) -> None:
    """RuntimeError for lengths that do not belong to an input (steps, sequences, *), or do not decrease."""
    if by_step.numel() == 0:
        raise RuntimeError(f"Cannot pack empty tensors: pack_padded_sequence() of {list(by_step.shape)}")
    check_number(by_step, len(lengths))
    if min(lengths) <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if sorted(lengths, reverse=True) != lengths:
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence, which sorts the sequences itself."
        )
    if lengths[0] > len(by_step):
        raise RuntimeError(f"pack_padded_sequence(): a length of {lengths[0]} for an input of {len(by_step)} steps")


def check_number(by_step: Tensor, lengths: int, at_least: bool = False) -> None:
    """RuntimeError unless there are so many sequences; at_least: or more, of which the first ones are meant."""
    number = by_step.shape[1]
    if number < lengths or (number > lengths and not at_least):
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {lengths} (batch_size={number})"
        )


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """The tensors in a packed sequence with padding again, in the order that they had, and the length of each.

    sequence: a `PackedSequence` of S of them -> (steps, S, *), or with batch_first (S, steps, *), and int64 (S,).
    padding_value: what stands there.  total_length: how many steps to pad to (default: as many as the longest has);
    ValueError if that is fewer.

    >>> import minigrad as torch
    >>> packed = pack_sequence([torch.tensor([4]), torch.tensor([1, 2, 3])], enforce_sorted=False)
    >>> pad_packed_sequence(packed, batch_first=True)
    (tensor([[4, 0, 0],
            [1, 2, 3]]), tensor([1, 3]))
    """
    sizes = tuple(sequence.batch_sizes.tolist())
    if total_length is not None and total_length < len(sizes):
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={total_length} and max sequence length being {len(sizes)}"
        )
    output = packing.padded(sequence.data, sizes, total_length or len(sizes), padding_value)
    output = transpose(output, 0, 1) if batch_first else output
    lengths = as_tensor([sum(size > i for size in sizes) for i in range(sizes[0])])
    if sequence.unsorted_indices is None:
        return output, lengths
    output = function("index_select")(output, 0 if batch_first else 1, sequence.unsorted_indices)
    return output, lengths[sequence.unsorted_indices.cpu()]


# Padding ----------------------------------------------------------------------------------------------------


def pad_sequence(
    sequences: Iterable[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right"
) -> Tensor:
    """Tensors (length, *) side by side, padded to the longest -> (steps, sequences, *).

    batch_first: (sequences, steps, *).  padding_value: what stands where a tensor has nothing.  padding_side: "right",
    behind it, or "left".  RuntimeError for no tensors, and for sizes after the first that differ.

    >>> import minigrad as torch
    >>> pad_sequence([torch.tensor([1, 2, 3]), torch.tensor([4])], batch_first=True)
    tensor([[1, 2, 3],
            [4, 0, 0]])
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}"
        )
    return packing.pad_sequence(tuple(sequences), batch_first, padding_value, padding_side)


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """padded_sequences, (steps, sequences, *), as a list of tensors (length, *) without their padding.

    batch_first: they are (sequences, steps, *).  lengths: how many elements of each are kept.
    """
    rows = padded_sequences if batch_first else transpose(padded_sequences, 0, 1)
    steps = arange(rows.shape[1], device=lengths.device)
    return [row[steps < length] for row, length in zip(rows, lengths, strict=True)]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """sequences, tensors (length, *), packed: `pack_padded_sequence` of them, with the same enforce_sorted."""
    lengths = as_tensor([len(x) for x in sequences])
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """packed_sequences, one `PackedSequence`, as the list of tensors (length, *) that were packed."""
    return unpad_sequence(*pad_packed_sequence(packed_sequences, batch_first=True), batch_first=True)
