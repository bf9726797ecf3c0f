"""Layers of attention and of a small network for each place, and stacks of them.

A. Vaswani et al. (2017), https://arxiv.org/abs/1706.03762
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

from minigrad import later
from minigrad.autograd.grad_mode import is_grad_enabled
from minigrad.backends import mha
from minigrad.engine.places import warn
from minigrad.nn import functional, init
from minigrad.nn.containers import ModuleList
from minigrad.nn.dropout import Dropout
from minigrad.nn.further.attention import MultiheadAttention
from minigrad.nn.layers import GELU, Linear, ReLU
from minigrad.nn.module import Module
from minigrad.nn.normalization import LayerNorm
from minigrad.ops.creation import full
from minigrad.ops.further.attention import float_mask
from minigrad.tensor import Tensor

Activation = str | Callable[[Tensor], Tensor]


class _Layer(Module):
    """What the layers of encoder and decoder share: the parts, and how a part's output joins its input."""

    normalizations: int
    """How many parts there are: one normalization and one dropout for each."""

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = functional.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        where = {"device": device, "dtype": dtype}
        for name in ("self_attn", "multihead_attn")[: self.normalizations - 1]:
            setattr(self, name, MultiheadAttention(d_model, nhead, dropout, bias, batch_first=batch_first, **where))
        self.linear1 = Linear(d_model, dim_feedforward, bias, **where)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias, **where)
        self.norm_first = norm_first
        numbers = range(1, self.normalizations + 1)
        for i in numbers:
            setattr(self, f"norm{i}", LayerNorm(d_model, layer_norm_eps, bias=bias, **where))
        for i in numbers:
            setattr(self, f"dropout{i}", Dropout(dropout))
        self.activation = named_activation(activation) if isinstance(activation, str) else activation

    def _with(self, x: Tensor, norm: Module, part: Callable[[Tensor], Tensor]) -> Tensor:
        """x and what a part makes of it, added; the normalization comes before the part, or after the sum."""
        return x + part(norm(x)) if self.norm_first else norm(x + part(x))

    def _ff_block(self, x: Tensor) -> Tensor:
        last_dropout = getattr(self, f"dropout{self.normalizations}")
        return last_dropout(self.linear2(self.dropout(self.activation(self.linear1(x)))))  # type: ignore[no-any-return]

    def _sa_block(
        self, x: Tensor, attn_mask: Tensor | None, key_padding_mask: Tensor | None, is_causal: bool = False
    ) -> Tensor:
        output, _ = self.self_attn(x, x, x, key_padding_mask, False, attn_mask, is_causal=is_causal)
        return self.dropout1(output)  # type: ignore[no-any-return]


class TransformerEncoderLayer(_Layer):
    """Self-attention, then two linear layers with an activation between them; each is added to its input.

    src (S, N, E), or with batch_first=True (N, S, E), or (S, E) -> the same; E is d_model, nhead the number of heads.
    x = norm1(x + attention(x)), x = norm2(x + linear2(activation(linear1(x)))), or with norm_first=True x = x +
    attention(norm1(x)) and so on.  linear1 has dim_feedforward outputs.  activation: "relu", "gelu" or a function.
    dropout: the share of attention's weights, and of what is added, that is dropped in training.  layer_norm_eps: that
    of the norms.  bias: of all parts.  For the masks see `MultiheadAttention`: bool ones are True for what is not
    looked at.

    RuntimeError for another activation, AssertionError for a d_model that nhead does not divide.
    A. Vaswani et al. (2017), https://arxiv.org/abs/1706.03762
    """

    normalizations = 2

    @property
    def activation_relu_or_gelu(self) -> int:
        """1 where the activation is ReLU, 2 where it is GELU, 0 for all else."""
        if self.activation is functional.relu or isinstance(self.activation, ReLU):
            return 1
        return 2 if self.activation is functional.gelu or isinstance(self.activation, GELU) else 0

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        """The output, like src."""
        padding = float_mask(src_key_padding_mask, "src_key_padding_mask", src, src_mask, "src_mask")
        mask = float_mask(src_mask, "src_mask", src)
        x = self._with(src, self.norm1, lambda x: self._sa_block(x, mask, padding, is_causal))
        return self._with(x, self.norm2, self._ff_block)


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to an encoder's output, then two linear layers; each is added to its input.

    tgt (T, N, E) and memory (S, N, E) -> (T, N, E), or as batch_first says.  All else is as in
    `TransformerEncoderLayer`.  https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerDecoderLayer.html
    """

    normalizations = 3

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The output, like tgt; memory: what the encoder gave."""

        def look_back(x: Tensor) -> Tensor:
            return self._sa_block(x, tgt_mask, tgt_key_padding_mask, tgt_is_causal)

        def look_over(x: Tensor) -> Tensor:
            return self._mha_block(x, memory, memory_mask, memory_key_padding_mask, memory_is_causal)

        x = self._with(tgt, self.norm1, look_back)
        x = self._with(x, self.norm2, look_over)
        return self._with(x, self.norm3, self._ff_block)

    def _mha_block(
        self,
        x: Tensor,
        mem: Tensor,
        attn_mask: Tensor | None,
        key_padding_mask: Tensor | None,
        is_causal: bool = False,
    ) -> Tensor:
        output, _ = self.multihead_attn(x, mem, mem, key_padding_mask, False, attn_mask, is_causal=is_causal)
        return self.dropout2(output)  # type: ignore[no-any-return]


class TransformerEncoder(Module):
    """num_layers copies of an encoder layer, one after the other, and a normalization at the end if there is one.

    src (S, N, E), or as the encoder_layer takes it -> the same.  The copies start with the same weights.  norm: a
    module, or None.  enable_nested_tensor, mask_check: in evaluation PyTorch leaves out what src_key_padding_mask hides
    at the ends; here it is computed, and set to 0 where it is in PyTorch.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoder.html
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = copies(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.use_nested_tensor = enable_nested_tensor
        self.mask_check = mask_check
        reason = why_not_nested(encoder_layer)
        if enable_nested_tensor and reason:
            warn(f"enable_nested_tensor is True, but self.use_nested_tensor is False because encoder_layer{reason}")
            self.use_nested_tensor = False

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        """The output, like src.  is_causal: a hint that mask is causal; None: it is looked at."""
        padding = float_mask(src_key_padding_mask, "src_key_padding_mask", src, mask, "mask")
        mask = float_mask(mask, "mask", src)
        causal = is_causal_mask(mask, is_causal, length_of(src, self.layers[0]))
        output = src
        for layer in self.layers:
            output = layer(output, src_mask=mask, is_causal=causal, src_key_padding_mask=padding)
        if padding is not None and mask is None and self._leaves_out(src, padding):
            output = later.function("masked_fill")(output, (padding != 0).unsqueeze(-1), 0.0)
        return output if self.norm is None else self.norm(output)

    def _leaves_out(self, src: Tensor, padding: Tensor) -> bool:
        """Whether PyTorch leaves the padding out, and gives 0 for it."""
        if not mha.get_fastpath_enabled():
            return False
        if not self.use_nested_tensor or self.layers[0].training or src.ndim != 3:
            return False
        needs_gradient = is_grad_enabled() and any(x.requires_grad for x in (src, *self.layers[0].parameters()))
        shown = (padding == 0).int()
        return not needs_gradient and not (shown[:, 1:] > shown[:, :-1]).any()


class TransformerDecoder(Module):
    """num_layers copies of a decoder layer, one after the other, and a normalization at the end if there is one.

    tgt (T, N, E) and memory (S, N, E), or as the decoder_layer takes them -> like tgt.  The copies start with the same
    weights.  norm: a module, or None.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerDecoder.html
    """

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = copies(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The output, like tgt; memory: what the encoder gave.  tgt_is_causal: None: tgt_mask is looked at."""
        causal = is_causal_mask(tgt_mask, tgt_is_causal, length_of(tgt, self.layers[0]))
        output = tgt
        for layer in self.layers:
            output = layer(
                output,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=causal,
                memory_is_causal=memory_is_causal,
            )
        return output if self.norm is None else self.norm(output)


class Transformer(Module):
    """An encoder of one sequence, and a decoder that makes another of it.

    src (S, N, E) and tgt (T, N, E) -> (T, N, E), or with batch_first=True (N, S, E) and (N, T, E) -> (N, T, E), or all
    without N.  E is d_model.  num_encoder_layers, num_decoder_layers: how many layers each has; custom_encoder,
    custom_decoder: modules to take in place of them.  For the masks see `MultiheadAttention`; for the other options
    `TransformerEncoderLayer`.  Matrices start Glorot-uniform (`init.xavier_uniform_`).

    RuntimeError for inputs of other widths than d_model, or of two numbers of samples.
    A. Vaswani et al. (2017), https://arxiv.org/abs/1706.03762

    >>> import minigrad as torch
    >>> model = torch.nn.Transformer(8, 2, 1, 1, 16, batch_first=True)
    >>> list(model(torch.ones(3, 5, 8), torch.ones(3, 4, 8)).shape)
    [3, 4, 8]
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = functional.relu,
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        sizes = d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias
        where = {"device": device, "dtype": dtype}

        def norm() -> LayerNorm:
            return LayerNorm(d_model, layer_norm_eps, bias=bias, **where)

        if custom_encoder is None:
            layer = TransformerEncoderLayer(*sizes, **where)
            custom_encoder = TransformerEncoder(layer, num_encoder_layers, norm())
        self.encoder = custom_encoder
        if custom_decoder is None:
            custom_decoder = TransformerDecoder(TransformerDecoderLayer(*sizes, **where), num_decoder_layers, norm())
        self.decoder = custom_decoder
        self._reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def _reset_parameters(self) -> None:
        for p in self.parameters():
            if p.ndim > 1:
                init.xavier_uniform_(p)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        """The output, like tgt."""
        samples = 0 if self.batch_first else 1
        if src.ndim == 3 and src.shape[samples] != tgt.shape[samples]:
            raise RuntimeError(
                f"the batch number of src and tgt must be equal: the shapes are {list(src.shape)} and {list(tgt.shape)}"
            )
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise RuntimeError(
                f"the feature number of src and tgt must be equal to d_model, {self.d_model}: the shapes are "
                f"{list(src.shape)} and {list(tgt.shape)}"
            )
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal)
        return self.decoder(  # type: ignore[no-any-return]
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """The causal mask (sz, sz): 0 for the keys up to the query's own place, -inf for those after it."""
        return square_mask(sz, device, dtype)


def square_mask(size: int, device: Any, dtype: Any) -> Tensor:
    """See Transformer.generate_square_subsequent_mask."""
    hidden = full((size, size), -math.inf, device=device, dtype=dtype)
    return later.function("triu")(hidden, 1)  # type: ignore[no-any-return]


def is_causal_mask(mask: Tensor | None, hint: bool | None, size: int) -> bool:
    """What the hint says; without one, whether a mask is the causal one of this size."""
    if hint is not None or mask is None or mask.shape != (size, size):
        return hint is True
    return bool((mask == square_mask(size, mask.device, mask.dtype)).all())


def length_of(x: Tensor, layer: Module) -> int:
    """How many places a sequence has."""
    return int(x.shape[1 if x.ndim == 3 and layer.self_attn.batch_first else 0])


def copies(layer: Module, number: int) -> ModuleList:
    """Copies of a layer, all with its weights."""
    return ModuleList([copy.deepcopy(layer) for _ in range(number)])


def named_activation(name: str) -> Callable[[Tensor], Tensor]:
    """The activation of that name; RuntimeError for another."""
    if name not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu/gelu, not {name}")
    return functional.relu if name == "relu" else functional.gelu


def why_not_nested(layer: Any) -> str:
    """Why PyTorch would not leave out the padding of a stack of this layer, in its words; empty if it would."""
    if not isinstance(layer, TransformerEncoderLayer):
        return " was not TransformerEncoderLayer"
    attention = layer.self_attn
    if layer.norm_first:
        return ".norm_first was True"
    if not attention.batch_first:
        return ".self_attn.batch_first was not True(use batch_first for better inference performance)"
    if not attention._qkv_same_embed_dim:
        return ".self_attn._qkv_same_embed_dim was not True"
    if attention.in_proj_bias is None:
        return ".self_attn was passed bias=False"
    if not layer.activation_relu_or_gelu:
        return ".activation_relu_or_gelu was not True"
    if layer.norm1.eps != layer.norm2.eps:
        return ".norm1.eps was not equal to encoder_layer.norm2.eps"
    return ".self_attn.num_heads is odd" if attention.num_heads % 2 else ""
