"""EmbeddingBag: a vector for each bag of numbers of a vocabulary."""

from __future__ import annotations

from typing import Any

from minigrad.nn.embedding import _Vectors, sizes_of
from minigrad.ops.further import bags
from minigrad.tensor import Tensor


class EmbeddingBag(_Vectors):
    """Of each bag of rows of weight that the input names: their sum, mean or largest elements, by `mode`.

    int64 (bags, rows of each), or (rows,) with offsets (bags,) -> (bags, embedding_dim).  weight (num_embeddings,
    embedding_dim) starts standard normal, drawn as PyTorch draws it; the row padding_idx starts at 0 and is left out.
    max_norm, norm_type, scale_grad_by_freq, sparse and include_last_offset are those of `functional.embedding_bag`.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.EmbeddingBag.html
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
        self.take_or_draw(_weight, True, device, dtype)
        self.mode = mode
        self.include_last_offset = include_last_offset

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> EmbeddingBag:
        """An EmbeddingBag whose weight is given, embeddings (V, D), and (with freeze) not trained.

        AssertionError for a weight that is no matrix.
        """
        number, size = sizes_of(embeddings)
        bag = cls(
            number,
            size,
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            mode=mode,
            sparse=sparse,
            _weight=embeddings,
            include_last_offset=include_last_offset,
            padding_idx=padding_idx,
        )
        bag.weight.requires_grad_(not freeze)
        return bag

    def forward(self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None) -> Tensor:
        """The vectors of the bags."""
        return bags.embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    def extra_repr(self) -> str:
        """The sizes, and the options that are set."""
        words = [f"{self.num_embeddings}, {self.embedding_dim}"]
        for name, default in (("max_norm", None), ("norm_type", 2), ("scale_grad_by_freq", False)):
            if getattr(self, name) != default:
                words.append(f"{name}={getattr(self, name)!r}")
        words.append(f"mode={self.mode!r}")
        if self.padding_idx is not None:
            words.append(f"padding_idx={self.padding_idx}")
        return ", ".join(words)
