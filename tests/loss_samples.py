"""Samples for the losses of minigrad.ops.further."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from layer_samples import float_dtype, seldom_wrong
from op_samples import REDUCTION, absolute, near, not_short
from samples import (
    FLAG,
    FLOATS,
    Domain,
    Draw,
    Make,
    Options,
    Sample,
    anywhere,
    array,
    broadcast_shapes,
    one_of,
    perhaps,
    shape,
    stretched_to,
)


def numbers(dtypes: tuple[str, ...] = FLOATS, **options: Any) -> Make:
    """Input and target of a loss between numbers, which broadcast, in one dtype: PyTorch's derivatives need that."""

    def make(draw: Draw, smooth: bool) -> Sample:
        dtype = (draw(one_of(*dtypes)),)
        operands = tuple(array(draw, smooth, size, dtype) for size in broadcast_shapes(draw, smooth, 2))
        return Sample(operands, Options({"reduction": REDUCTION, **options}).draw(draw, operands))

    return make


def weighted_numbers(draw: Draw, smooth: bool) -> Sample:
    """Input, target and a weight of the input's shape, or seldom of another."""
    x, y = numbers(("float32", "float64"))(draw, smooth).operands
    size = (*x.shape[:-1], seldom_wrong(draw, smooth, x.shape[-1])) if x.ndim else ()
    weight = near(draw, smooth, size, x.dtype.name)
    return Sample((x, y), {"weight": weight} | Options({"reduction": REDUCTION}).draw(draw, ()))


def log_probabilities(draw: Draw, smooth: bool) -> Sample:
    """Input and target of kl_div: probabilities, or logarithms of them."""
    options = Options({"reduction": perhaps(one_of("batchmean", "mean", "sum", "none")), "log_target": FLAG})
    drawn, dtype = options.draw(draw, ()), float_dtype(draw, smooth)
    first, second = broadcast_shapes(draw, smooth, 2)
    y = near(draw, smooth, second, dtype)
    return Sample((near(draw, smooth, first, dtype), y if drawn.get("log_target") else absolute(y)), drawn)


def counts(draw: Draw, smooth: bool) -> Sample:
    """Rates or their logarithms, and counts, which need not be whole."""
    drawn = Options({"log_input": FLAG, "full": FLAG, "eps": perhaps(one_of(0.5, 1e-3)), "reduction": REDUCTION}).draw(
        draw, ()
    )
    dtype = float_dtype(draw, smooth)
    x, y = (near(draw, smooth, size, dtype) for size in broadcast_shapes(draw, smooth, 2))
    return Sample((x if drawn.get("log_input", True) else absolute(x), absolute(y)), drawn)


def with_variances(draw: Draw, smooth: bool) -> Sample:
    """Means, targets and variances of normal distributions, each in one of the shapes that it may have."""
    dtype, size = float_dtype(draw, smooth), shape(draw, smooth)
    of_variances = draw(one_of(size, size, size[:-1], (*size[:-1], 1)[: len(size)], (1, *size[1:])[: len(size)]))
    x, y = near(draw, smooth, size, dtype), near(draw, smooth, stretched_to(draw, size), dtype)
    negative = not smooth and draw(one_of(*[False] * 9, True))
    var = near(draw, smooth, of_variances, dtype) if negative else absolute(near(draw, smooth, of_variances, dtype))
    options = {"full": FLAG, "eps": perhaps(one_of(1e-3, 1e-2)), "reduction": REDUCTION}
    return Sample((x, y, var), Options(options).draw(draw, ()))


def signs(draw: Draw, smooth: bool, size: tuple[int, ...], dtype: str) -> Any:
    """Targets 1 and -1, seldom also 0."""
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    kind = "int64" if smooth else draw(one_of(dtype, "int64"))
    return np.asarray(rng.choice(np.array(draw(one_of([1, -1], [1, -1], [1, 0, -1]))), size)).astype(kind)


def signed(number: int, constant: bool = False, domain: Domain = anywhere, **options: Any) -> Make:
    """One or two inputs, and targets of 1 and -1; constant: they must not require grad."""

    def make(draw: Draw, smooth: bool) -> Sample:
        dtype, sizes = float_dtype(draw, smooth), broadcast_shapes(draw, smooth, number + 1)
        inputs = [array(draw, smooth, size, (dtype,), domain) for size in sizes[:-1]]
        constants = (number,) if constant else ()
        drawn = Options({"reduction": REDUCTION, **options}).draw(draw, ())
        return Sample((*inputs, signs(draw, smooth, sizes[-1], dtype)), drawn, constants)

    return make


def vectors(draw: Draw, smooth: bool) -> Sample:
    """Two batches of vectors, or two vectors, and targets of 1 and -1."""
    dtype, size = float_dtype(draw, smooth), shape(draw, smooth, least=1, most=2)
    other = stretched_to(draw, size) if len(size) > 1 and draw(one_of(False, False, True)) else size
    inputs = [not_short(near(draw, smooth, each, dtype)) for each in (size, other)]
    options = Options({"margin": perhaps(one_of(0.5, -0.5)), "reduction": REDUCTION}).draw(draw, ())
    return Sample((*inputs, signs(draw, smooth, size[:-1], dtype)), options)


def triplets(**options: Any) -> Make:
    """Anchors, positives and negatives, of which some dimensions may be 1."""

    def make(draw: Draw, smooth: bool) -> Sample:
        dtype, size = float_dtype(draw, smooth), shape(draw, smooth, least=1)
        sizes = [tuple(1 if draw(one_of(*[False] * 5, True)) else n for n in size) for _ in range(3)]
        operands = tuple(near(draw, smooth, each, dtype) for each in sizes)
        shared = {"margin": perhaps(one_of(0.5, 3.0)), "swap": FLAG, "reduction": REDUCTION}
        return Sample(operands, Options({**shared, **options}).draw(draw, operands))

    return make


def of_one_class(draw: Draw, smooth: bool) -> Sample:
    """Scores, a target class for each row, and the options of multi_margin_loss; seldom a class that is none."""
    size = shape(draw, smooth, least=1, most=2)
    dtype, wrong = float_dtype(draw, smooth), seldom_wrong(draw, smooth, size[-1])
    x = array(draw, smooth, size, (dtype,))
    target = np.random.default_rng(draw(st.integers(0, 999))).integers(0, max(wrong, 1), size[:-1])
    drawn = Options({"p": perhaps(one_of(1, 2)), "margin": perhaps(one_of(0.5, 2)), "reduction": REDUCTION})
    options = drawn.draw(draw, ())
    if draw(st.booleans()):
        options["weight"] = near(draw, smooth, (seldom_wrong(draw, smooth, size[-1]),), dtype)
    return Sample((x, np.asarray(target)), options)


def of_several_classes(draw: Draw, smooth: bool) -> Sample:
    """Scores, and target classes of each row up to a -1, for multilabel_margin_loss; seldom a class that is none."""
    size = shape(draw, smooth, least=1, most=2)
    x = array(draw, smooth, size, (float_dtype(draw, smooth),))
    target = np.random.default_rng(draw(st.integers(0, 999))).integers(-1, seldom_wrong(draw, smooth, size[-1]), size)
    return Sample((x, np.asarray(target)), Options({"reduction": REDUCTION}).draw(draw, ()))


def sequences(logarithms: bool) -> Make:
    """Logits or log-probabilities, labels, lengths, and the options of ctc_loss; some labels are too many."""

    def make(draw: Draw, smooth: bool) -> Sample:
        rng = np.random.default_rng(draw(st.integers(0, 999)))
        times, number, labels = draw(st.integers(1, 4 if smooth else 6)), draw(st.integers(1, 2)), draw(one_of(2, 3))
        batched = number > 1 or draw(st.booleans())
        x = near(draw, smooth, (times, number, labels) if batched else (times, labels), float_dtype(draw, smooth))
        if logarithms:
            x = x - np.log(np.exp(x).sum(-1, keepdims=True))
        blank = draw(st.integers(0, labels - 1))
        longest = draw(st.integers(0, 3))
        targets = rng.integers(0, labels, (number, longest))
        inputs, outputs = rng.integers(times // 2, times + 1, number), rng.integers(0, longest + 1, number)
        if draw(st.booleans()) or not batched:
            targets = np.concatenate([row[:n] for row, n in zip(targets, outputs)])
        lengths = [inputs.tolist(), outputs.tolist()] if draw(st.booleans()) else [inputs, outputs]
        drawn = Options({"reduction": REDUCTION, "zero_infinity": st.just(True) if smooth else FLAG}).draw(draw, ())
        return Sample((x, targets, *lengths), {"blank": blank, **drawn})

    return make


def linear_and_classes(draw: Draw, smooth: bool) -> Sample:
    """Inputs, the weight and (perhaps) the bias of a linear layer, and classes, for linear_cross_entropy."""
    dtype, number, width = float_dtype(draw, smooth), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    sizes = (draw(st.integers(1, 3)), *draw(one_of((), (), (2,))))
    batch = (number,) if len(sizes) > 1 or draw(st.booleans()) else ()
    x, weight = near(draw, smooth, (*batch, width), dtype), near(draw, smooth, (*sizes, width), dtype)
    target = np.random.default_rng(draw(st.integers(0, 99))).integers(0, sizes[0], (*batch, *sizes[1:]))
    options = Options({"reduction": REDUCTION, "label_smoothing": perhaps(one_of(0.25))}).draw(draw, ())
    if draw(st.booleans()):
        options["linear_bias"] = near(draw, smooth, (*sizes[:-1], seldom_wrong(draw, smooth, sizes[-1])), dtype)
    if draw(st.booleans()):
        options["weight"] = absolute(near(draw, smooth, sizes[:1], dtype)) + np.array(0.125, dtype)
    return Sample((x, weight, np.asarray(target)), options)
