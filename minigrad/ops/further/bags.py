"""Bags of rows that are looked up by their numbers: their sums, means or largest elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import dtypes
from minigrad.arrays import array_module, quiet
from minigrad.engine.graph import raw, record
from minigrad.ops.embedding import embedding
from minigrad.ops.indexing import add_at, index, scatter
from minigrad.ops.promotion import check_tensors
from minigrad.ops.selection import only_where

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__: list[str] = []


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """Of each bag of rows of weight: their sum, mean or largest elements (mode "sum", "mean" or "max").

    input: int64 or int32, the numbers of rows: (B, N), of B bags, or (N,), with offsets (B,), where each bag begins
    (with include_last_offset, (B + 1,): the last says where the last bag ends).  weight: (V, D).  Result: (B, D).
    per_sample_weights: like input; the rows are multiplied by them before they are added up.  padding_idx: a row that
    is left out.  max_norm, norm_type, scale_grad_by_freq: as in `embedding`.  An empty bag gives zeros.

    ValueError or RuntimeError for other shapes, dtypes, modes; NotImplementedError for per_sample_weights in another
    mode than "sum", and for sparse=True.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding_bag.html
    """
    check_tensors(
        "embedding_bag",
        ("offsets", "per_sample_weights"),
        input=input,
        weight=weight,
        offsets=offsets,
        per_sample_weights=per_sample_weights,
    )
    check_options(input, weight, offsets, mode, sparse, scale_grad_by_freq, per_sample_weights)
    starts = starts_of_bags(input, offsets, include_last_offset)
    rows = raw(input).reshape(-1).copy()
    xp = array_module(rows)
    check_numbers(rows, raw(weight).shape[0])
    bags = xp.searchsorted(starts, xp.arange(rows.size), side="right") - 1
    vectors = embedding(input.reshape(-1), weight, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
    if per_sample_weights is not None:
        vectors = vectors * per_sample_weights.reshape(-1, 1)
    padding = None if padding_idx is None else padding_idx % raw(weight).shape[0]
    kept = xp.ones(rows.shape, bool) if padding is None else rows != padding
    if mode == "max":
        return largest_of_bags(vectors, kept, bags, starts)
    if padding is not None:
        vectors = only_where(kept[:, None], vectors)
    sizes = xp.ones(starts.size)
    if mode == "mean":
        sizes = xp.zeros(starts.size)
        add_at(sizes, bags, kept.astype(sizes.dtype))  # bincount would wait for a GPU
        sizes = xp.maximum(sizes, 1)
    return sums_of_bags(vectors, bags, sizes.astype(raw(weight).dtype)[:, None])


def sums_of_bags(a: Tensor, bags: Any, sizes: Any) -> Tensor:
    """The sum of the rows (N, D) of each bag, divided by its size: (B, D)."""
    with quiet():
        value = scatter(raw(a), (bags,), (len(sizes), raw(a).shape[1])) / sizes
    return record(value, (a,), (sums_of_bags_da,), saved=(bags, sizes), name="EmbeddingBagBackward0")


def sums_of_bags_da(g: Tensor, _out: Tensor, _a: Tensor, bags: Any, sizes: Tensor) -> Tensor:
    return index(g / sizes, (bags,))


def largest_of_bags(a: Tensor, kept: Any, bags: Any, starts: Any) -> Tensor:
    """The largest elements of the rows (N, D) of each bag: (B, D); the first of equal ones has the gradient."""
    x = raw(a)
    xp = array_module(x)
    if not len(bags):
        return sums_of_bags(a, bags, xp.ones((len(starts), 1), x.dtype))
    places = xp.arange(len(bags)) - starts[bags]
    side_by_side = xp.full((len(starts), int(places.max()) + 1, x.shape[1]), -np.inf, x.dtype)
    side_by_side[bags[kept], places[kept]] = x[kept]
    rows = xp.minimum(side_by_side.argmax(1) + starts[:, None], len(bags) - 1)
    filled = (xp.bincount(bags[kept], minlength=len(starts)) > 0)[:, None]
    largest = index(a, (rows, xp.arange(x.shape[1])))
    value = xp.where(filled, raw(largest), x.dtype.type(0))
    return record(value, (largest,), (largest_of_bags_da,), saved=(filled,), name="EmbeddingBagBackward0")


def largest_of_bags_da(g: Tensor, _out: Tensor, _a: Tensor, filled: Any) -> Tensor:
    return only_where(filled, g)


def starts_of_bags(input: Tensor, offsets: Tensor | None, include_last_offset: bool) -> Any:
    """Where each bag begins in the flattened input; ValueError or RuntimeError for offsets that do not fit."""
    x = raw(input)
    if offsets is None:
        return array_module(x).arange(x.shape[0]) * x.shape[1]
    starts = raw(offsets).copy()
    if isinstance(starts, np.ndarray):
        check_offsets(starts, x.size, include_last_offset)
    return starts[:-1] if include_last_offset else starts


def check_numbers(rows: Any, number: int) -> None:
    """RuntimeError for a row that there is not."""
    if isinstance(rows, np.ndarray) and rows.size and (rows.min() < 0 or rows.max() >= number):
        wrong = rows[(rows < 0) | (rows >= number)]
        raise RuntimeError(
            f"embedding_bag: Expected idx >= 0 && idx < num_embeddings but found idx to be {wrong[0]}: the {number} "
            f"rows are 0 to {number - 1}"
        )


def check_offsets(starts: Any, length: int, include_last_offset: bool) -> None:
    """RuntimeError for offsets that name no bags."""
    if include_last_offset and not starts.size:
        raise RuntimeError("include_last_offset: number of offset should be at least 1")
    if starts.size and starts[0]:
        raise RuntimeError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, "
            f"got {starts[0]}"
        )
    if starts.size and starts[-1] > length:
        raise RuntimeError(
            f"offsets[-1] can not be greater than input's length {length} but got offsets[-1] of {starts[-1]}"
        )
    if (starts[1:] < starts[:-1]).any():
        raise RuntimeError(f"embedding_bag(): offsets must not go down: {starts.tolist()}")


def check_options(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None,
    mode: str,
    sparse: bool,
    scale_grad_by_freq: bool,
    per_sample_weights: Tensor | None,
) -> None:
    """Errors, PyTorch's, for operands and options that do not fit together."""
    if per_sample_weights is not None and input.shape != per_sample_weights.shape:
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({per_sample_weights.shape}) is not None, then it must have the "
            f"same shape as the input ({input.shape})"
        )
    if weight.ndim != 2:
        raise ValueError(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.ndim}")
    if input.ndim not in (1, 2):
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.ndim}")
    if input.ndim == 2 and offsets is not None:
        raise ValueError(
            "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length "
            f"sequences. However, found offsets of type {type(offsets)}"
        )
    if input.ndim == 1 and offsets is None:
        raise ValueError("offsets has to be a 1D Tensor but got None")
    if offsets is not None and offsets.ndim != 1:
        raise ValueError("offsets has to be a 1D Tensor")
    if offsets is not None and offsets.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(f"expected offsets of int64 or int32, but got {offsets.dtype}: use offsets.long()")
    if mode not in ("sum", "mean", "max"):
        raise ValueError("mode has to be one of sum, mean or max")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if mode == "max" and sparse:
        raise ValueError("max mode does not support sparse weights")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' (got "
            f"mode='{mode}')."
        )
