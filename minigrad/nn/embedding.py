"""Embedding: a vector that is learned for each number of a vocabulary."""

from __future__ import annotations

from typing import Any

from minigrad.autograd.grad_mode import no_grad
from minigrad.nn import functional, init
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.creation import empty
from minigrad.ops.embedding import refuse_sparse
from minigrad.tensor import Tensor


class _Vectors(Module):
    """What Embedding and EmbeddingBag have in common: the vectors, one for each number of a vocabulary."""

    _padding_idx = "padding_idx"
    """How an error spells it, as in PyTorch."""

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None,
        max_norm: float | None,
        norm_type: float,
        scale_grad_by_freq: bool,
        sparse: bool,
    ) -> None:
        super().__init__()
        refuse_sparse(sparse)
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise AssertionError(f"{self._padding_idx} must be within num_embeddings")
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.padding_idx = None if padding_idx is None else padding_idx % num_embeddings
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.sparse = sparse

    def take_or_draw(self, weight: Tensor | None, is_trained: bool, device: Any, dtype: Any) -> None:
        """Have the vectors that are given, or draw them."""
        shape = (self.num_embeddings, self.embedding_dim)
        if weight is not None and tuple(weight.shape) != shape:
            raise AssertionError("Shape of weight does not match num_embeddings and embedding_dim")
        if weight is not None:
            self.weight = Parameter(weight, is_trained)
        else:
            self.weight = Parameter(empty(shape, device=device, dtype=dtype), is_trained)
            self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights anew."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx].fill_(0)


def sizes_of(embeddings: Tensor) -> tuple[int, ...]:
    """How many vectors are given, and how long they are."""
    if embeddings.ndim != 2:
        raise AssertionError("Embeddings parameter is expected to be 2-dimensional")
    return embeddings.shape


class Embedding(_Vectors):
    """The rows of weight that the input names: int64 or int32 (*) -> (*, embedding_dim).

    weight (num_embeddings, embedding_dim) starts standard normal, drawn as PyTorch draws it; the row padding_idx
    starts at 0 and gets no gradient.  max_norm, norm_type, scale_grad_by_freq and sparse are those of
    `functional.embedding`.  AssertionError for a padding_idx that is no row; IndexError for an input that names none.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html
    """

    _padding_idx = "Padding_idx"

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
        self.take_or_draw(_weight, not _freeze, device, dtype)

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Embedding:
        """An Embedding whose weight is given, embeddings (V, D), and (with freeze) not trained.

        AssertionError for a weight that is no matrix.
        """
        number, size = sizes_of(embeddings)
        return cls(
            number,
            size,
            padding_idx,
            max_norm,
            norm_type,
            scale_grad_by_freq,
            sparse,
            _weight=embeddings,
            _freeze=freeze,
        )

    def forward(self, input: Tensor) -> Tensor:
        """The rows that input names."""
        return functional.embedding(
            input,
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.sparse,
        )

    def extra_repr(self) -> str:
        """The sizes, and the options that are set."""
        words = [f"{self.num_embeddings}, {self.embedding_dim}"]
        for name, default in (
            ("padding_idx", None),
            ("max_norm", None),
            ("norm_type", 2),
            ("scale_grad_by_freq", False),
        ):
            if getattr(self, name) != default:
                words.append(f"{name}={getattr(self, name)}")
        return ", ".join(words)
