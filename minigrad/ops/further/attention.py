"""Attention: each query is compared with all keys, and gets the mean of their values, weighted by how well they fit.

A. Vaswani et al. (2017), https://arxiv.org/abs/1706.03762
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import later, switches
from minigrad.arrays import array_module, quiet
from minigrad.engine.broadcasting import sum_to
from minigrad.engine.graph import node_of, raw, record, wrap
from minigrad.engine.order import axes_of_result, laid_out
from minigrad.engine.places import warn
from minigrad.gpu.placement import check_devices
from minigrad.ops.composed.dropout import dropout
from minigrad.ops.linear_algebra import linear, matmul, matmul_da, matmul_db
from minigrad.ops.promotion import check_tensors, in_single
from minigrad.ops.reductions import mean
from minigrad.ops.shaping import cat, chunk, expand, permute, reshape, squeeze, transpose, unsqueeze
from minigrad.ops.softmax import largest_along, softmax

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["multi_head_attention_forward", "scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """softmax(query @ key.mT * scale + mask) @ value: for each query the mean of the values, weighted by its scores.

    query: (..., L, E), key: (..., S, E), value: (..., S, V), of one float dtype -> (..., L, V); leading dimensions
    broadcast.  attn_mask: bool, False for what a query is not to look at, or float, added to the scores; it broadcasts
    to (..., L, S).  A query that may look at nothing gets 0.  is_causal: query i looks at the keys 0 to i.  dropout_p:
    the share of the weights that is dropped, in evaluation too.  scale: 1 / sqrt(E) unless given.  enable_gqa: each
    head of keys and values, in dimension -3, serves several heads of queries.

    RuntimeError for shapes and dtypes that do not fit, and (unless PyTorch's kernel takes it) a mask beside is_causal.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html
    """
    check_attention(query, key, value, attn_mask, enable_gqa)
    name = kernel(query, key, value, attn_mask, dropout_p)
    if is_causal and attn_mask is not None and name is None:
        raise RuntimeError(
            "_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True: give one of them"
        )
    if not 0 <= dropout_p <= 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {dropout_p}")
    operands: tuple[Any, ...] = query, key, value, attn_mask
    options: tuple[Any, ...] = dropout_p, is_causal, scale, enable_gqa, name
    if query.array.dtype.char == "e":
        return in_single(name or "ToCopyBackward0", attended, operands, *options)
    return attended(*operands, *options)


def attended(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None,
    dropout_p: float,
    is_causal: bool,
    scale: float | None,
    enable_gqa: bool,
    name: str | None,
) -> Tensor:
    """`scaled_dot_product_attention` of operands that were checked, by the name of PyTorch's kernel."""
    if enable_gqa:
        key, value = (repeated_heads(x, query.array.shape[-3]) for x in (key, value))
    factor = 1 / math.sqrt(query.array.shape[-1] or math.inf) if scale is None else scale
    scores = matmul(query * factor, transpose(key, -2, -1))
    for mask in (attn_mask, causal_mask(scores) if is_causal else None):
        if mask is not None:
            scores = scores + added_to_scores(mask, scores)
    weights = dropout(safe_softmax(scores), dropout_p)
    return weighted_mean(weights, value, query, name)


SINGLE = np.dtype(np.float32)

KERNEL = "ScaledDotProductFlashAttentionForCpuBackward0"
"""What PyTorch calls attention where it has a kernel of its own for it; else it is made of other ops, as it is here."""


def kernel(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, dropout_p: float) -> str | None:
    """The name of the kernel that PyTorch has for attention to these; RuntimeError where nothing else is allowed."""
    allowed = switches.attention
    if not allowed["flash"] and not allowed["math"]:
        raise RuntimeError(
            "No viable backend for scaled_dot_product_attention was found: on the CPU there are "
            "SDPBackend.FLASH_ATTENTION and SDPBackend.MATH, and both are turned off"
        )
    if allowed["flash"] and is_for_kernel(query, key, value, mask, dropout_p):
        return KERNEL
    if not allowed["math"]:
        raise RuntimeError("No available kernel.  Aborting execution.  SDPBackend.MATH takes these operands")
    return None


def is_for_kernel(query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, dropout_p: float) -> bool:
    """Whether PyTorch has a kernel for attention to these."""
    q, k, v = (x.array for x in (query, key, value))
    if q.ndim != 4 or dropout_p != 0 or 0 in (*q.shape, *k.shape, *v.shape) or len(k) != len(q):
        return False
    if any(x.shape[-1] != v.shape[-1] or x.strides[-1] != x.itemsize for x in (q, k, v)):
        return False
    return mask is None or (mask.array.ndim in (2, 4) and node_of(mask) is None)


def check_attention(query: Any, key: Any, value: Any, mask: Any, enable_gqa: bool) -> None:
    """Refuse what attention cannot be computed of."""
    check_tensors("scaled_dot_product_attention", ("attn_mask",), query=query, key=key, value=value, attn_mask=mask)
    check_devices(query, key, value, mask)
    q, k, v = (x.array for x in (query, key, value))
    if not q.dtype == k.dtype == v.dtype:
        raise RuntimeError(
            "Expected query, key, and value to have the same dtype, but got query.dtype: "
            f"{q.dtype} key.dtype: {k.dtype} and value.dtype: {v.dtype} instead."
        )
    if q.dtype.kind != "f":
        raise RuntimeError(
            f"expected scalar type Float but found {q.dtype}: scaled_dot_product_attention(), use query.float()"
        )
    if min(q.ndim, k.ndim, v.ndim) < 2:
        raise RuntimeError(
            "Expected query, key, and value to all be  at least 2 dimensional, but got query.dim: "
            f"{q.ndim} key.dim: {k.ndim} and value.dim: {v.ndim} instead."
        )
    if mask is not None and mask.array.dtype not in (bool, SINGLE, q.dtype):
        raise RuntimeError(
            "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
            f"{mask.array.dtype} and  query.dtype: {q.dtype} instead."
        )
    if q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        raise RuntimeError(
            "scaled_dot_product_attention(): the last size of query must equal that of key, and the last but one of "
            f"key that of value: the shapes are {list(q.shape)}, {list(k.shape)} and {list(v.shape)}"
        )
    if enable_gqa:
        check_heads(q, k, v)


def check_heads(q: Any, k: Any, v: Any) -> None:
    """Refuse heads of queries that cannot share those of keys and values."""
    if min(q.ndim, k.ndim, v.ndim) < 3:
        raise IndexError(
            "Dimension out of range (expected to be in range of [-2, 1], but got -3): enable_gqa needs heads in "
            f"dimension -3, the shapes are {list(q.shape)}, {list(k.shape)} and {list(v.shape)}"
        )
    if any(n == 0 or q.shape[-3] % n for n in (k.shape[-3], v.shape[-3])):
        raise RuntimeError(
            "Number of heads in key and value must divide the number of heads in query, but there are "
            f"{k.shape[-3]} and {v.shape[-3]} for {q.shape[-3]}"
        )


def repeated_heads(x: Tensor, heads: int) -> Tensor:
    """Keys or values whose heads, in dimension -3, are repeated until there are as many as wanted."""
    times = heads // x.array.shape[-3]
    return x if times == 1 else later.function("repeat_interleave")(x, times, -3)


def causal_mask(scores: Tensor) -> Tensor:
    """Which key each query may look at: those that do not come after it."""
    xp = array_module(scores.array)
    return wrap(xp.tri(*scores.array.shape[-2:], dtype=bool))


def added_to_scores(mask: Tensor, scores: Tensor) -> Tensor:
    """A mask as numbers to be added: 0 where a bool one is True, else -inf."""
    shape, m = scores.array.shape, mask.array
    if m.ndim > len(shape) or any(n not in (1, size) for n, size in zip(m.shape[::-1], shape[::-1])):
        raise RuntimeError(
            f"scaled_dot_product_attention(): The size of tensor a {list(shape)} must match the size of tensor b "
            f"{list(m.shape)}: attn_mask must broadcast to the scores"
        )
    if m.dtype.kind != "b":
        return mask
    number = scores.array.dtype.type
    return wrap(array_module(m).where(m, number(0), number(-math.inf)))


def safe_softmax(scores: Tensor) -> Tensor:
    """The softmax along the last dimension, but 0 in a row that is -inf throughout."""
    x = raw(scores)
    xp = array_module(x)
    if x.shape[-1] == 0:
        return record(xp.empty(x.shape, x.dtype), (scores,), (safe_softmax_da,))
    with quiet():
        most = largest_along(x, x.ndim - 1)
        most[most == -math.inf] = 0
        value = x - most
        xp.exp(value, out=value)
        sums = sum_to(value, most.shape)
        sums[sums == 0] = 1
        value /= sums
    return record(value, (scores,), (safe_softmax_da,))


def safe_softmax_da(g: Tensor, out: Tensor, _scores: Tensor) -> Tensor:
    return out * (g - sum_to(g * out, (*out.shape[:-1], 1)))


def weighted_mean(weights: Tensor, value: Tensor, query: Tensor, name: str | None) -> Tensor:
    """weights @ value; where PyTorch has a kernel, by its name and in the order in memory of the query."""
    if name is None:
        return matmul(weights, value)
    with quiet():
        product = raw(weights) @ raw(value)
    q = query.array
    product = laid_out(product, axes_of_result(q.shape, q))
    return record(product, (weights, value), (matmul_da, matmul_db), False, False, name=name)


# Several heads ------------------------------------------------------------------------------------------------


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Attention by several heads, each to its own projection of query, key and value; the heads are projected again.

    query: (L, N, E), key: (S, N, K), value: (S, N, V), or all without N -> (L, N, E), and if need_weights the weights,
    (N, L, S), or (N, heads, L, S) unless average_attn_weights.  embed_dim_to_check: E.  num_heads: how many heads,
    which share E.  in_proj_weight: (3 E, E), for query, key and value one below the other; with
    use_separate_proj_weight q_proj_weight (E, E), k_proj_weight (E, K) and v_proj_weight (E, V) in its place.
    in_proj_bias: (3 E,) or None.  out_proj_weight, out_proj_bias: (E, E), (E,) or None.

    key_padding_mask: (N, S), attn_mask: (L, S) or (N * heads, L, S): bool, *True* for what is not to be looked at, or
    float, added to the scores.  is_causal: a hint that attn_mask is causal.  bias_k, bias_v, add_zero_attn: one more
    key and value, learned or 0.  static_k, static_v: (N * heads, S, E / heads), in place of the projected ones.
    dropout_p: the share of the weights that is dropped in training, as said by training.

    AssertionError or RuntimeError, as in PyTorch, for shapes that do not fit; see nn.MultiheadAttention.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html
    """
    check_dims(query, key, value, key_padding_mask, attn_mask, num_heads)
    is_batched = query.ndim == 3
    if not is_batched:
        query, key, value = (unsqueeze(x, 1) for x in (query, key, value))
        key_padding_mask = None if key_padding_mask is None else unsqueeze(key_padding_mask, 0)
    check_sizes(query, key, value, embed_dim_to_check, num_heads, use_separate_proj_weight)
    padding, mask = masks(query, key, key_padding_mask, attn_mask, is_causal)
    is_causal = is_causal and padding is None and not need_weights
    mask = None if is_causal or mask is None else mask_by_heads(mask, query, key, num_heads)

    weights: tuple[Tensor | None, ...] = (q_proj_weight, k_proj_weight, v_proj_weight)
    if not use_separate_proj_weight:
        weights = (None,) * 3 if in_proj_weight is None else chunk(in_proj_weight, 3)
    q, k, v = projected((query, key, value), weights, in_proj_bias, use_separate_proj_weight)
    k, v = with_bias((k, v), (bias_k, bias_v), (static_k, static_v))
    q, k, v = (by_heads(x, num_heads) for x in (q, k, v))
    k = k if static_k is None else static(static_k, "static_k", q)
    v = v if static_v is None else static(static_v, "static_v", q)
    if add_zero_attn:
        k, v = (cat([x, zero_row(x)], 2) for x in (k, v))
    mask = merged(mask, padding, k.shape[2])

    attend = weighted_and_weights if need_weights else only_weighted
    heads, shares = attend(q, k, v, mask, dropout_p if training else 0.0, is_causal)
    length, batch, width = query.shape
    joined = reshape(permute(heads, 2, 0, 1, 3), length * batch, width)
    output = reshape(linear(joined, out_proj_weight, out_proj_bias), length, batch, len(out_proj_weight))
    if shares is not None and average_attn_weights:
        shares = mean(shares, 1)
    if is_batched:
        return output, shares
    return squeeze(output, 1), None if shares is None else squeeze(shares, 0)


def only_weighted(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, p: float, is_causal: bool
) -> tuple[Tensor, Tensor | None]:
    """What the heads give, by `scaled_dot_product_attention`, which does not give the weights."""
    return scaled_dot_product_attention(q, k, v, mask, p, is_causal), None


def weighted_and_weights(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, p: float, _is_causal: bool
) -> tuple[Tensor, Tensor | None]:
    """What the heads give, and their weights: nan for a query that may look at nothing, as in PyTorch."""
    scores = matmul(q * math.sqrt(1 / q.shape[-1]), transpose(k, -2, -1))
    shares = dropout(softmax(scores if mask is None else scores + mask, -1), p)
    return matmul(shares, v), shares


# Masks of several heads ---------------------------------------------------------------------------------------


def masks(
    query: Tensor, key: Tensor, padding: Tensor | None, mask: Tensor | None, is_causal: bool
) -> tuple[Tensor | None, Tensor | None]:
    """The two masks as numbers to be added.  RuntimeError for the hint that a mask is causal where there is none."""
    padding = float_mask(padding, "key_padding_mask", query, mask, "attn_mask")
    for dim, wanted in enumerate((query.shape[1], key.shape[0])):
        if padding is not None and padding.shape[dim] != wanted:
            raise AssertionError(f"Expected key_padded_mask.shape[{dim}] to be {wanted}, but got {padding.shape[dim]}")
    if is_causal and mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. nn.Transformer.generate_square_subsequent_mask makes one"
        )
    return padding, float_mask(mask, "attn_mask", query)


def float_mask(
    mask: Tensor | None, name: str, like: Tensor, other: Tensor | None = None, other_name: str = ""
) -> Tensor | None:
    """A mask as numbers to be added: a bool one gives -inf where it is True, else 0; a float one is taken as it is.

    AssertionError for another dtype.  A warning, as PyTorch's, where another mask is of another dtype.
    """
    if mask is None:
        return None
    m = mask.array
    if m.dtype.kind not in "bf":
        raise AssertionError(f"only bool and floating types of {name} are supported, not {mask.dtype}: use mask.bool()")
    if other is not None and other.array.dtype != m.dtype:
        warn(f"Support for mismatched {name} and {other_name} is deprecated. Use same type for both instead.")
    if m.dtype.kind == "f":
        return mask
    number = like.array.dtype.type
    return wrap(array_module(m).where(m, number(-math.inf), number(0)))


def mask_by_heads(mask: Tensor, query: Tensor, key: Tensor, heads: int) -> Tensor:
    """A mask (L, S) as (1, 1, L, S), one (N * heads, L, S) as (N, heads, L, S); RuntimeError for other sizes."""
    (length, batch, _), seen = query.shape, key.shape[0]
    wanted = (length, seen) if mask.ndim == 2 else (batch * heads, length, seen)
    if mask.shape != wanted:
        raise RuntimeError(f"The shape of the {mask.ndim}D attn_mask is {mask.shape}, but should be {wanted}.")
    return reshape(mask, *((1, 1) if mask.ndim == 2 else (batch, heads)), length, seen)


def merged(mask: Tensor | None, padding: Tensor | None, seen: int) -> Tensor | None:
    """Both masks in one, (N or 1, heads or 1, L or 1, seen); keys that were added to the others are not hidden."""
    if padding is not None:
        padding = reshape(padding, len(padding), 1, 1, padding.shape[1])
    given = [widened(x, seen) for x in (mask, padding) if x is not None]
    return None if not given else given[0] if len(given) == 1 else given[0] + given[1]


def widened(mask: Tensor, seen: int) -> Tensor:
    """A mask with zeros for the keys that it does not know."""
    missing = seen - mask.shape[-1]
    if missing == 0:
        return mask
    m = mask.array
    return cat([mask, wrap(array_module(m).zeros((*m.shape[:-1], missing), m.dtype))], -1)


# Keys and values of several heads -----------------------------------------------------------------------------


def projected(inputs: Any, weights: Any, bias: Tensor | None, are_separate: bool) -> list[Tensor]:
    """Query, key and value, each by its own weight and part of the bias."""
    biases = (None,) * 3 if bias is None else chunk(bias, 3)
    width = inputs[0].shape[-1]
    outputs = []
    for x, weight, b, name in zip(inputs, weights, biases, ("query", "key", "value"), strict=True):
        if weight is None:
            missing = f"{name[0]}_proj_weight" if are_separate else "in_proj_weight"
            raise AssertionError(f"use_separate_proj_weight is {are_separate} but {missing} is None")
        if are_separate and weight.shape != (width, x.shape[-1]):
            raise AssertionError(f"expecting {name} weights shape of {(width, x.shape[-1])}, but got {weight.shape}")
        outputs.append(linear(x, weight, b))
    return outputs


def by_heads(x: Tensor, heads: int) -> Tensor:
    """(L, N, E) as (N, heads, L, E / heads)."""
    length, batch, width = x.shape
    return permute(reshape(x, length, batch, heads, width // heads), 1, 2, 0, 3)


def with_bias(inputs: Any, biases: Any, statics: Any) -> Any:
    """Keys and values with one more, which is learned, behind them."""
    if biases == (None, None):
        return inputs
    for bias, name, other in zip(biases, ("bias_k", "bias_v"), ("bias_v", "bias_k")):
        if bias is None:
            raise AssertionError(f"{other} is set but {name} is None")
    for x, name in zip(statics, ("key", "value")):
        if x is not None:
            raise AssertionError(f"bias cannot be added to static {name}.")
    return [cat([x, expand(bias, 1, *x.shape[1:])]) for x, bias in zip(inputs, biases)]


def static(x: Tensor, name: str, q: Tensor) -> Tensor:
    """Keys or values that were given, (N * heads, S, E / heads), as (N, heads, S, E / heads)."""
    batch, heads, _, width = q.shape
    for dim, wanted in ((0, batch * heads), (2, width)):
        if x.shape[dim] != wanted:
            raise AssertionError(f"expecting {name}.size({dim}) of {wanted}, but got {x.shape[dim]}")
    return reshape(x, batch, heads, *x.shape[1:])


def zero_row(x: Tensor) -> Tensor:
    """One more key or value for each head: zeros."""
    a = x.array
    return wrap(array_module(a).zeros((*a.shape[:2], 1, a.shape[3]), a.dtype))


# Errors of several heads --------------------------------------------------------------------------------------


def check_dims(
    query: Tensor, key: Tensor, value: Tensor, padding: Tensor | None, mask: Tensor | None, heads: int
) -> None:
    """AssertionError unless all are of a batch, or none is."""
    check_tensors("multi_head_attention_forward", query=query, key=key, value=value)
    dims = query.ndim
    if dims not in (2, 3):
        raise AssertionError(f"query should be unbatched 2D or batched 3D tensor but received {dims}-D query tensor")
    kind = f"For {'' if dims == 3 else 'un'}batched ({dims}-D) `query`, expected"
    if key.ndim != dims or value.ndim != dims:
        raise AssertionError(
            f"{kind} `key` and `value` to be {dims}-D but found {key.ndim}-D and {value.ndim}-D tensors respectively"
        )
    if padding is not None and padding.ndim != dims - 1:
        raise AssertionError(
            f"{kind} `key_padding_mask` to be `None` or {dims - 1}-D but found {padding.ndim}-D tensor instead"
        )
    if mask is not None and mask.ndim not in (2, 3):
        raise AssertionError(f"{kind} `attn_mask` to be `None`, 2-D or 3-D but found {mask.ndim}-D tensor instead")
    if mask is not None and mask.ndim == 3 and dims == 2:
        wanted = (heads, query.shape[0], key.shape[0])
        if mask.shape != wanted:
            raise AssertionError(f"Expected `attn_mask` shape to be {wanted} but got {mask.shape}")


def check_sizes(query: Tensor, key: Tensor, value: Tensor, width: int, heads: int, are_separate: bool) -> None:
    """AssertionError for sizes of query, key and value that do not fit each other or the heads."""
    if query.shape[2] != width:
        raise AssertionError(f"was expecting embedding dimension of {width}, but got {query.shape[2]}")
    if width % heads:
        raise AssertionError(f"embed_dim {width} not divisible by num_heads {heads}")
    if are_separate and key.shape[:2] != value.shape[:2]:
        raise AssertionError(f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}")
    if not are_separate and key.shape != value.shape:
        raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")
