"""Samples for sorting, cumulative ops and statistics."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from op_samples import near, some_dims
from picking_samples import seldom
from samples import (
    ALL,
    FLAG,
    INTEGERS,
    OMITTED,
    Draw,
    Make,
    Options,
    Sample,
    array,
    one_dim,
    one_of,
    perhaps,
    perhaps_one_dim,
    shape,
)


def distinct(draw: Draw, smooth: bool, size: tuple[int, ...]) -> Any:
    """A tensor of different values: PyTorch says not where it finds which of equal ones."""
    if smooth:
        return array(draw, smooth, size)
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    values = rng.permutation(int(np.prod(size))) - 3
    return np.asarray(values).astype(draw(one_of("float32", "float64", "int64", "float16"))).reshape(size)


def along(dim: Any = perhaps_one_dim, ties: bool = True, **options: Any) -> Make:
    """A tensor (with ties or without) and a dimension."""

    def make(draw: Draw, smooth: bool) -> Sample:
        size = shape(draw, smooth)
        x = array(draw, smooth, size, ALL) if ties else distinct(draw, smooth, size)
        drawn = Options({"dim": dim, **options}).draw(draw, (x,))
        if "dim" not in drawn:
            drawn.pop("keepdim", None)
        return Sample((x,), drawn)

    return make


def with_ties(draw: Draw, smooth: bool) -> Sample:
    """A tensor of at least one element."""
    return Sample((array(draw, smooth, tuple(max(n, 1) for n in shape(draw, smooth)), ALL),))


def without_nan(draw: Draw, smooth: bool) -> Sample:
    """What mode takes: which nan it finds is not said."""
    sample = along(keepdim=FLAG)(draw, smooth)
    return Sample((np.asarray(np.nan_to_num(sample.operands[0])),), sample.options)


def kth(draw: Draw, smooth: bool) -> Sample:
    """A tensor of different values, a place in their order, and a dimension."""
    x = distinct(draw, smooth, tuple(max(n, 1) for n in shape(draw, smooth)))
    options = Options({"dim": perhaps_one_dim}).draw(draw, (x,))
    size = x.shape[options.get("dim", -1)] if x.ndim else 1
    return Sample((x, draw(st.integers(1, size)) + seldom(draw, smooth) * 9), options)


def top(draw: Draw, smooth: bool) -> Sample:
    """What topk takes."""
    sample = kth(draw, smooth)
    return Sample(sample.operands, sample.options | Options({"largest": FLAG}).draw(draw, ()))


def quantiles(draw: Draw, smooth: bool) -> Sample:
    """A tensor, and one part or several of its order."""
    x = array(draw, smooth, tuple(max(n, 1) for n in shape(draw, smooth)), ("float32", "float64"))
    shares = draw(one_of(0.5, 0.25, 0.0, 1.0, np.array([0.1, 0.75], x.dtype), np.array(0.3, x.dtype)))
    ways = perhaps(one_of("linear", "lower", "higher", "midpoint"))
    options = Options({"dim": perhaps_one_dim, "keepdim": FLAG, "interpolation": ways}).draw(draw, (x,))
    return Sample((x, shares), options, constants=(1,))


def different_values(draw: Draw, smooth: bool) -> Sample:
    """What unique takes, without nan, which is different from itself."""
    x = np.asarray(np.nan_to_num(array(draw, smooth, shape(draw, smooth), ALL)))
    options = Options({"return_inverse": FLAG, "return_counts": FLAG}).draw(draw, (x,))
    if x.ndim and x.size and draw(st.booleans()):
        options["dim"] = one_dim(draw, (x,))
    return Sample((x,), options)


def counted(draw: Draw, smooth: bool) -> Sample:
    """What bincount takes."""
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    x = rng.integers(0, 5, draw(st.integers(0, 6))).astype(draw(st.sampled_from(INTEGERS)))
    operands = (x,) if draw(st.booleans()) else (x, rng.normal(size=x.shape).astype(draw(one_of("float32", "float64"))))
    return Sample(operands, Options({"minlength": perhaps(one_of(0, 7))}).draw(draw, ()))


def histogram(draw: Draw, smooth: bool) -> Sample:
    """What histc takes."""
    x = near(draw, smooth, shape(draw, smooth), draw(one_of("float32", "float64")))
    options = Options({"bins": perhaps(one_of(4, 7))}).draw(draw, ())
    return Sample((x,), options | draw(one_of({}, {"min": -2, "max": 2})))


def parts_counted(draw: Draw, smooth: bool) -> Sample:
    """What histogram takes: how many parts or their edges, and a weight for each element."""
    x = array(draw, smooth, shape(draw, smooth), ("float32", "float64"))
    edges = np.array([-3, -0.5, 0, 2, 4.5], x.dtype)
    options = Options({"density": FLAG}).draw(draw, ())
    if draw(st.booleans()):
        options["weight"] = near(draw, smooth, (*x.shape, 1 + seldom(draw, smooth)), x.dtype.name)
    if draw(st.booleans()):
        return Sample((x, edges), options)
    return Sample((x, draw(one_of(1, 4, 7))), options | draw(one_of({}, {"range": (-2.0, 2.0)}, {"range": (1.0, 1.0)})))


def searched(draw: Draw, smooth: bool) -> Sample:
    """What searchsorted takes."""
    dtype = draw(one_of("float32", "float64", "int64"))
    rows = draw(one_of((), (), (2,)))
    sequence = np.sort(near(draw, False, (*rows, 4), dtype))
    x = near(draw, False, (*rows, 3), dtype) if not draw(st.booleans()) else sequence[..., :3].copy()
    return Sample((sequence, x), Options({"right": FLAG, "out_int32": FLAG}).draw(draw, ()))


def bucketed(draw: Draw, smooth: bool) -> Sample:
    """What bucketize takes."""
    dtype = draw(one_of("float32", "float64", "int64"))
    boundaries = np.sort(near(draw, False, (3,), dtype))
    return Sample((near(draw, False, shape(draw, False), dtype), boundaries), Options({"right": FLAG}).draw(draw, ()))


def accumulated(draw: Draw, smooth: bool) -> Sample:
    """A tensor, a dimension, and perhaps a dtype."""
    x = array(draw, smooth, shape(draw, smooth), ALL)
    dtype = perhaps(one_of("float64", "int64")) if not smooth else st.just(OMITTED)
    return Sample((x, one_dim(draw, (x,))), Options({"dtype": dtype}).draw(draw, (x,)))


def multiplied(draw: Draw, smooth: bool) -> Sample:
    """As `accumulated`, of numbers whose products are not large, with zeros among them."""
    sample = accumulated(draw, smooth)
    x = with_zeros(draw, near(draw, smooth, sample.operands[0].shape, draw(one_of("float32", "float64", "int64"))))
    return Sample((x, sample.operands[1]), sample.options)


def multiplied_in_place(draw: Draw, smooth: bool) -> Sample:
    """As `multiplied`, without a dtype."""
    return Sample(multiplied(draw, smooth).operands)


def with_zeros(draw: Draw, x: Any) -> Any:
    """An array some of whose elements are 0 (mostly)."""
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    return np.asarray(np.where(rng.random(x.shape) < draw(one_of(0, 0.2, 0.5)), 0, x)).astype(x.dtype)


def product(draw: Draw, smooth: bool) -> Sample:
    """What prod takes."""
    x = with_zeros(draw, near(draw, smooth, shape(draw, smooth), draw(one_of("float32", "float64", "int64"))))
    options = Options({"dim": perhaps_one_dim, "keepdim": FLAG}).draw(draw, (x,))
    if "dim" not in options:
        options.pop("keepdim", None)
    return Sample((x,), options)


def finite(draw: Draw, smooth: bool) -> Sample:
    """A tensor of no large numbers, and a dimension."""
    x = near(draw, smooth, shape(draw, smooth), draw(one_of("float32", "float64")))
    return Sample((x, one_dim(draw, (x,))))


def with_one_number(draw: Draw, smooth: bool) -> Sample:
    """A tensor, and the number that is one of its elements (once `smoothed` has moved them)."""
    x = near(draw, smooth, tuple(max(n, 1) for n in shape(draw, smooth)), draw(one_of("float32", "float64")))
    number = x.reshape(-1)[draw(st.integers(0, x.size - 1))]
    return Sample((x, float(number + 0.04 if smooth else number)))


def neighbours(draw: Draw, smooth: bool) -> Sample:
    """What diff takes."""
    x = array(draw, smooth, tuple(max(n, 2) for n in shape(draw, smooth, least=1)), ALL)
    return Sample((x,), Options({"n": perhaps(one_of(1, 2)), "dim": perhaps_one_dim}).draw(draw, (x,)))


def observations(draw: Draw, smooth: bool) -> Sample:
    """What cov takes."""
    x = near(draw, smooth, (draw(st.integers(1, 3)), draw(st.integers(2, 4))), draw(one_of("float32", "float64")))
    options = Options({"correction": perhaps(one_of(0, 1))}).draw(draw, (x,))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    if draw(one_of(False, False, True)):
        options["fweights"] = rng.integers(1, 4, x.shape[-1])
    return Sample((x,), options)


def correlated(draw: Draw, smooth: bool) -> Sample:
    """What corrcoef takes."""
    n, m = draw(st.integers(2, 3)), draw(st.integers(3, 4))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    return Sample((rng.normal(size=draw(one_of((n, m), (n, m), (m,)))).astype("float64"),))


def extremes(draw: Draw, smooth: bool) -> Sample:
    """What aminmax takes."""
    x = array(draw, smooth, tuple(max(n, 1) for n in shape(draw, smooth)), ALL)
    return Sample((x,), Options({"dim": perhaps_one_dim, "keepdim": FLAG}).draw(draw, (x,)))


def zeros_counted(draw: Draw, smooth: bool) -> Sample:
    """What count_nonzero takes."""
    x = array(draw, smooth, shape(draw, smooth), ALL)
    return Sample((x,), {"dim": some_dims(draw, (x,))} if draw(st.booleans()) else {})
