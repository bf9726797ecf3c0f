"""Looking rows up by their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import dtypes
from minigrad.arrays import array_module, quiet
from minigrad.engine.changes import mark_changed
from minigrad.engine.graph import raw, record
from minigrad.ops.indexing import add_at, scatter
from minigrad.ops.promotion import check_tensors
from minigrad.ops.selection import only_where

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["embedding"]


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of weight that input names: weight[input].

    input: int64 or int32 (*).  weight: (V, D).  Result: (*, D).  padding_idx: a row that gets no gradient, counted
    from either end.  max_norm: rows that are named and whose norm_type-norm is larger are first scaled down to it,
    in place.  scale_grad_by_freq: the gradient of a row is divided by how often it is named.

    IndexError: no such row.  RuntimeError: other shapes and dtypes.  NotImplementedError: sparse=True.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.embedding.html
    """
    refuse_sparse(sparse)
    rows, table = checked_rows(input, weight)
    number = table.shape[0]
    if padding_idx is not None:
        if not -number <= padding_idx < number:
            raise AssertionError(f"Padding_idx must be within num_embeddings: {padding_idx} of {number}")
        padding_idx %= number
    if max_norm is not None:
        shorten(weight, rows, max_norm, norm_type)
    rows = rows.copy()  # the derivative needs them as they are now
    static = number, padding_idx, scale_grad_by_freq
    return record(table[rows], (input, weight), (None, embedding_dweight), *static, saved=(rows,))


def embedding_dweight(
    g: Tensor, _out: Tensor, _input: Tensor, _weight: Tensor, number: int, padding: Any, by_frequency: bool, rows: Any
) -> Tensor:
    if by_frequency:
        g = g * shares(rows, number, raw(g).dtype)
    if padding is not None:
        g = only_where((rows != padding)[..., None], g)
    return scatter(g, (rows,), (number, raw(g).shape[-1]))


def shares(rows: Any, number: int, dtype: Any) -> Any:
    """For each row looked up, 1 over how often it is."""
    counts = array_module(rows).zeros(number)
    add_at(counts, rows.reshape(-1), 1.0)  # bincount would wait for a GPU
    return (1 / counts).astype(dtype)[rows][..., None]


def shorten(weight: Tensor, rows: Any, max_norm: float, norm_type: float) -> None:
    """Scale the rows that are named down to a norm of max_norm, in place, where theirs is larger."""
    table = weight.array
    xp = array_module(table)
    named = rows.reshape(-1)
    vectors = table[named]
    with quiet():
        norms = (xp.abs(vectors) ** norm_type).sum(1, keepdims=True) ** (1 / norm_type)
        table[named] = vectors * xp.where(norms > max_norm, max_norm / (norms + 1e-7), 1).astype(table.dtype)
    mark_changed(weight)


def checked_rows(input: Any, weight: Any) -> tuple[Any, Any]:
    """The raw arrays of both; errors for what cannot be looked up."""
    check_tensors("embedding", indices=input, weight=weight)
    rows, table = input.array, weight.array
    if table.ndim != 2:
        raise RuntimeError(f"'weight' must be 2-D, but has shape {list(table.shape)}")
    if input.dtype not in (dtypes.int64, dtypes.int32):
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"{input.dtype} instead (while checking arguments for embedding). Use input.long()."
        )
    if isinstance(rows, np.ndarray) and rows.size and (rows.min() < 0 or rows.max() >= table.shape[0]):
        wrong = rows[(rows < 0) | (rows >= table.shape[0])]
        raise IndexError(
            f"index out of range in self: there is no row {int(wrong[0])}, the {table.shape[0]} rows are 0 to "
            f"{table.shape[0] - 1}"
        )
    return rows, table


def refuse_sparse(sparse: bool) -> None:
    """NotImplementedError for gradients that would only have the rows looked up."""
    if sparse:
        raise NotImplementedError("embedding(): minigrad has no sparse gradients: leave sparse=False")
