"""Samples for attention: queries, keys, values, masks, weights of projections."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from layer_samples import float_dtype, perhaps_none, seldom_wrong
from op_samples import near
from samples import FLAG, OMITTED, Draw, Options, Sample, one_of, perhaps, stretched_to


def some_mask(draw: Draw, smooth: bool, full: tuple[int, ...], dtype: str) -> Any:
    """A bool mask that broadcasts to a shape (some rows of it False throughout), or a float one, or none."""
    kind = draw(one_of("none", "bool", "float"))
    if kind == "none":
        return None
    size = stretched_to(draw, full)
    size = size if len(size) > 1 else full[-2:]
    if kind == "float":
        return near(draw, smooth, size, dtype)
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    return np.asarray(rng.random(size) > draw(one_of(0.3, 0.7)))


def attended(draw: Draw, smooth: bool) -> Sample:
    """Query, key, value, a mask, and the options of attention; seldom sizes or a causal mask beside another."""
    dtype = float_dtype(draw, smooth)
    leading = draw(one_of((), (2,), (2, 2), (1, 3), (2, 1, 2)))
    length, seen, width = (draw(st.integers(1, 3)) for _ in range(3))
    out_width = draw(one_of(width, width, width + 1))
    sizes = (
        (*leading, length, width),
        (*leading, seldom_wrong(draw, smooth, seen), width),
        (*leading, seen, out_width),
    )
    shares_heads = len(leading) > 1 and draw(one_of(False, False, True))
    if shares_heads:
        sizes = ((*leading[:-1], 2 * leading[-1], length, width), *sizes[1:])
    operands = tuple(near(draw, smooth, size, dtype) for size in sizes)
    mask = some_mask(draw, smooth, (*sizes[0][:-1], seen), dtype)
    is_causal = draw(st.booleans()) if mask is None else draw(one_of(*[False] * 9, True))
    # PyTorch's kernel has the mask as a constant.
    options = Options({"scale": perhaps(one_of(None, 0.5, -0.3)), "enable_gqa": lambda *_: shares_heads or OMITTED})
    return Sample((*operands, mask, 0.0, is_causal), options.draw(draw, operands), () if draw(FLAG) is True else (3,))


def attended_and_dropped(draw: Draw, smooth: bool) -> Sample:
    """Query, key and value, and the share of the weights that is dropped."""
    sample = attended(draw, smooth)
    query, key, value, mask, _, is_causal = sample.operands
    return Sample(
        (query, key, value, mask, draw(one_of(0.3, 0.5, 1.0)), is_causal and mask is None), sample.options, (3,)
    )


def attended_by_heads(draw: Draw, smooth: bool) -> Sample:
    """The operands of attention by several heads: with or without a batch, biases, more keys, masks."""
    dtype = float_dtype(draw, smooth)
    heads, batch, length, seen = draw(one_of(1, 2)), *(draw(st.integers(1, 2)) for _ in range(3))
    width = 2 * heads
    is_batched, is_separate, more = draw(st.booleans()), draw(st.booleans()), draw(st.booleans())
    key_width, value_width = (width + 1, width + 2) if is_separate else (width, width)

    def tensor(*size: int) -> Any:
        return near(draw, smooth, size, dtype) / 2

    inputs = [
        tensor(n, *([batch] if is_batched else []), size)
        for n, size in ((length, width), (seldom_wrong(draw, smooth, seen), key_width), (seen, value_width))
    ]
    packed = None if is_separate else tensor(3 * width, width)
    further = (tensor(1, 1, width), tensor(1, 1, width)) if more else (None, None)
    operands = (
        *inputs,
        width,
        heads,
        packed,
        perhaps_none(draw, tensor(3 * width)),
        *further,
        draw(st.booleans()),
        0.0,
        tensor(width, width),
        perhaps_none(draw, tensor(width)),
    )
    samples = batch if is_batched else 1
    options = {"need_weights": FLAG, "average_attn_weights": FLAG}
    given = Options(options).draw(draw, operands)
    kind = draw(one_of("bool", "float"))
    for name, size in (
        ("key_padding_mask", (samples, seen) if is_batched else (seen,)),
        ("attn_mask", draw(one_of((length, seen), (samples * heads, length, seen)))),
    ):
        if draw(st.booleans()):
            numbers = near(draw, smooth, size, dtype)
            given[name] = numbers if kind == "float" else np.asarray(numbers > 1)
    if is_separate:
        names = ("q_proj_weight", "k_proj_weight", "v_proj_weight")
        sizes = (width, key_width, value_width)
        given |= {name: tensor(width, size) for name, size in zip(names, sizes, strict=True)}
        given["use_separate_proj_weight"] = True
    return Sample(operands, given)
