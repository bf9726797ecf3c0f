"""Attention by several heads as a layer; minigrad.ops.further.attention has the formulas."""

from __future__ import annotations

from typing import Any

from minigrad.nn import functional, init
from minigrad.nn.layers import Linear
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.creation import empty
from minigrad.tensor import Tensor


class NonDynamicallyQuantizableLinear(Linear):
    """A Linear by the name that PyTorch has for it in an attention layer, whose printed form shows it."""


class MultiheadAttention(Module):
    """Attention by several heads, each to its own projection of query, key and value; then all are projected again.

    softmax(q @ k.mT / sqrt(width of a head) + mask) @ v for each head, where q = query @ Wq.T + bq, and so k and v.

    query (L, N, E), key (S, N, kdim) and value (S, N, vdim) -> output (L, N, E) and weights (N, L, S), the mean of all
    heads'; or with batch_first=True query (N, L, E) and so on, or all without N.  E is embed_dim, and num_heads divides
    it (AssertionError).  need_weights=False gives None in place of the weights, which is faster;
    average_attn_weights=False gives (N, heads, L, S).

    key_padding_mask: (N, S), attn_mask: (L, S) or (N * heads, L, S).  They are bool, *True* for what is not to be
    looked at (in scaled_dot_product_attention it is False), or float, and added to the scores.  is_causal: a hint that
    attn_mask is causal.  add_bias_kv: one more key and value, learned; add_zero_attn: one more, 0.  dropout: the share
    of the weights that is dropped in training.

    The weight of the projections (3E, E), or three of them where kdim or vdim is not E, starts Glorot-uniform, all
    biases 0.  A. Vaswani et al. (2017), https://arxiv.org/abs/1706.03762

    >>> import minigrad as torch
    >>> from minigrad import nn
    >>> output, weights = nn.MultiheadAttention(8, 2)(torch.ones(3, 5, 8), torch.ones(4, 5, 8), torch.ones(4, 5, 8))
    >>> list(output.shape), list(weights.shape)
    ([3, 5, 8], [5, 3, 4])
    """

    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                "embed_dim and num_heads must be greater than 0, got "
                f"embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        super().__init__()
        if embed_dim % num_heads:
            raise AssertionError(f"embed_dim must be divisible by num_heads: {embed_dim} is not by {num_heads}")
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        self.add_zero_attn = add_zero_attn

        def parameter(*shape: int) -> Parameter:
            return Parameter(empty(shape, device=device, dtype=dtype))

        for name, width in (("q", embed_dim), ("k", self.kdim), ("v", self.vdim)):
            weight = None if self._qkv_same_embed_dim else parameter(embed_dim, width)
            self.register_parameter(f"{name}_proj_weight", weight)
        packed = parameter(3 * embed_dim, embed_dim) if self._qkv_same_embed_dim else None
        self.register_parameter("in_proj_weight", packed)
        self.register_parameter("in_proj_bias", parameter(3 * embed_dim) if bias else None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias, device=device, dtype=dtype)
        for name in ("bias_k", "bias_v"):
            setattr(self, name, parameter(1, 1, embed_dim) if add_bias_kv else None)
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """The output, and the weights or None."""
        swap = self.batch_first and query.ndim == 3
        if swap:
            query, key, value = (x.transpose(0, 1) for x in (query, key, value))
        output, weights = functional.multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            self.training,
            key_padding_mask,
            need_weights,
            attn_mask,
            not self._qkv_same_embed_dim,
            self.q_proj_weight,
            self.k_proj_weight,
            self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return output.transpose(0, 1) if swap else output, weights
