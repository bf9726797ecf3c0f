"""Samples for layers of two inputs, for bags of rows, and for dropout that keeps mean and variance."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from layer_samples import float_dtype, perhaps_none, seldom_wrong
from op_samples import near, not_short
from samples import FLAG, Draw, Options, Sample, broadcast_shapes, one_of, perhaps, shape


def bilinear(draw: Draw, smooth: bool) -> Sample:
    """Two inputs, a weight and perhaps a bias; seldom of sizes that do not fit."""
    dtype, batch = float_dtype(draw, smooth), shape(draw, smooth, most=2)
    first, second, outputs = (draw(st.integers(1, 3)) for _ in range(3))
    sizes = ((*batch, seldom_wrong(draw, smooth, first)), (*batch, second), (outputs, first, second), (outputs,))
    x, y, weight, bias = (near(draw, smooth, size, dtype) for size in sizes)
    return Sample((x, y, weight, perhaps_none(draw, bias)))


def vectors(draw: Draw, smooth: bool) -> Sample:
    """Two tensors that broadcast, and the dimension of their vectors."""
    shapes = broadcast_shapes(draw, smooth, 2)
    x, y = (not_short(near(draw, smooth, size, float_dtype(draw, smooth))) for size in shapes)
    ndim = max(x.ndim, y.ndim, 1)
    eps = {} if smooth else {"eps": perhaps(one_of(0.5))}  # PyTorch's gradient of a length below eps is another's
    return Sample((x, y), {"dim": draw(st.integers(-ndim, ndim - 1)), **Options(eps).draw(draw, ())})


def points(draw: Draw, smooth: bool) -> Sample:
    """Two tensors that broadcast, and the order of the norm of their difference."""
    x, y = (near(draw, smooth, size, float_dtype(draw, smooth)) for size in broadcast_shapes(draw, smooth, 2))
    y = apart(y) if smooth else y
    options = {"p": perhaps(one_of(1.0, 2.0, 3.0, float("inf"))), "eps": perhaps(one_of(0.5)), "keepdim": FLAG}
    return Sample((x, y), Options(options).draw(draw, (x, y)))


def rows(draw: Draw, smooth: bool) -> Sample:
    """Rows, and the order of the norm of their differences."""
    size = shape(draw, smooth, least=2, most=2) if smooth or draw(one_of(*[True] * 9, False)) else shape(draw, smooth)
    if size[:1] == (0,):
        size = (1, *size[1:])  # PyTorch's derivative of no rows stops the process
    x = near(draw, smooth, size, float_dtype(draw, smooth))
    x = apart(x) if smooth else x
    return Sample((x,), Options({"p": perhaps(one_of(1.0, 2.0, 3.0, float("inf")))}).draw(draw, (x,)))


def apart(x: Any) -> Any:
    """An array whose columns are stretched unlike: where two differences are equal, the largest has no derivative."""
    return x * (1 + 0.137 * np.arange(x.shape[-1])) if x.ndim else x


def bags(draw: Draw, smooth: bool) -> Sample:
    """Numbers of rows, the rows, and the options of an embedding bag."""
    number, mode = draw(st.integers(1, 4)), draw(one_of("sum", "mean", "max"))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    options: dict[str, Any] = {"mode": mode} if mode != "mean" or draw(st.booleans()) else {}
    if draw(st.booleans()):
        numbers = rng.integers(0, number, (draw(st.integers(1, 3)), draw(st.integers(1, 4))))
    else:
        length = draw(st.integers(0, 5))
        numbers = rng.integers(0, seldom_wrong(draw, smooth, number), length)
        cuts = np.sort(rng.integers(0, length + 1, draw(st.integers(0, 3))))
        last = [length] if draw(st.booleans()) else []
        options |= {"offsets": np.array([0, *cuts, *last])} | ({"include_last_offset": True} if last else {})
    dtype = float_dtype(draw, smooth)
    if mode == "sum" and draw(st.booleans()):
        options["per_sample_weights"] = near(draw, smooth, numbers.shape, dtype)
    elif draw(st.booleans()):
        options["padding_idx"] = draw(st.integers(-number, number - 1))
    if mode != "max" and not smooth and draw(st.booleans()):  # no derivative for finite differences
        options["scale_grad_by_freq"] = True
    table = near(draw, smooth, (number, draw(st.integers(1, 3))), dtype)
    if mode == "max":  # the largest is one
        table = (rng.permutation(table.size) / 4).reshape(table.shape).astype(dtype)
    return Sample((np.asarray(numbers), table), options)
