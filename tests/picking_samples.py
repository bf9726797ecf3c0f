"""Samples for ops that pick elements by index tensors and masks."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from samples import (
    ALL,
    FLAG,
    NUMERIC,
    PYTHON_NUMBERS,
    Draw,
    Make,
    Options,
    Sample,
    array,
    broadcast_shapes,
    one_dim,
    one_of,
    perhaps,
    shape,
    stretched_to,
)


def seldom(draw: Draw, smooth: bool) -> bool:
    """Whether this sample shall be a wrong one."""
    return not smooth and draw(one_of(*[False] * 7, True))


def indices(draw: Draw, size: tuple[int, ...], length: int, wrong: bool = False, from_end: bool = False) -> Any:
    """Positions along a dimension of some length (seldom beyond it), of int64 or int32."""
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    low = -length if from_end else 0
    drawn = rng.integers(low, max(length, low + 1), size) + (length + 1) * wrong
    dtype = draw(one_of("int64", "int64", "int64", "int32"))
    return np.asarray(drawn).astype(dtype)


def distinct(draw: Draw, size: tuple[int, ...], length: int, dim: int) -> Any:
    """Positions along dim of which no two in a row are equal."""
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    order = rng.random((*size[:dim], length, *size[dim + 1 :])).argsort(dim)
    return np.asarray(order.take(range(size[dim]), dim))


def tensor_dim_index(draw: Draw, smooth: bool, unique: bool = False) -> tuple[Any, int, Any]:
    """A tensor, a dimension of it, and positions along it for some of the other places."""
    x = array(draw, smooth, shape(draw, smooth), ALL)
    dim = one_dim(draw, (x,))
    if not x.ndim:
        return x, dim, indices(draw, draw(one_of((), (1,))), 1)
    length = x.shape[dim]
    wrong = seldom(draw, smooth)
    size = [draw(st.integers(0 if not smooth else 1, n)) if n else 0 for n in x.shape]
    size[dim] = draw(st.integers(0, length)) if unique or not length else draw(st.integers(1, 4))
    if unique and not wrong:
        return x, dim, distinct(draw, tuple(size), length, dim % x.ndim)
    return x, dim, indices(draw, tuple(size) if not wrong else draw(one_of(tuple(size), (2,))), length, wrong)


def gathered(draw: Draw, smooth: bool) -> Sample:
    """What gather takes."""
    return Sample(tensor_dim_index(draw, smooth))


def scattered(draw: Draw, smooth: bool) -> Sample:
    """What scatter takes: a source or a number, and no place twice, for which of two wins is undefined."""
    x, dim, index = tensor_dim_index(draw, smooth, unique=True)
    if draw(one_of(False, False, True)):
        number = draw(st.sampled_from((2, 0.5) if smooth else PYTHON_NUMBERS))
        return Sample((x, dim, index, number))
    return Sample((x, dim, index, source(draw, smooth, x, index)))


def scatter_added(draw: Draw, smooth: bool) -> Sample:
    """What scatter_add takes."""
    x, dim, index = tensor_dim_index(draw, smooth)
    return Sample((x, dim, index, source(draw, smooth, x, index)))


def source(draw: Draw, smooth: bool, x: Any, index: Any) -> Any:
    """A tensor as large as an index or (where there is no gradient to compare) larger; seldom of another dtype."""
    larger = not smooth and x.dtype.kind != "f"
    size = tuple(n + larger * draw(st.integers(0, 1)) for n in index.shape)
    return array(draw, smooth, size, ALL if seldom(draw, smooth) else (x.dtype.name,))


def taken_along(draw: Draw, smooth: bool) -> Sample:
    """What take_along_dim takes, whose indices broadcast; and no dimension."""
    x = array(draw, smooth, shape(draw, smooth, least=1), ALL)
    if draw(one_of(False, False, True)):
        x = np.array(x, order="C")  # PyTorch's derivative fails for others
        return Sample((x, indices(draw, draw(one_of((2,), (1, 3), ())), x.size, not x.size)))
    dim = one_dim(draw, (x,))
    size = [draw(one_of(n, n, 1)) for n in x.shape]
    size[dim] = draw(st.integers(1, 4)) if x.shape[dim] else 0
    return Sample((x, indices(draw, tuple(size), x.shape[dim], from_end=True)), {"dim": dim})


def slices(draw: Draw, smooth: bool, from_end: bool = False, unique: bool = False) -> tuple[Any, int, Any]:
    """A tensor, a dimension of it, and positions of slices along it."""
    x = array(draw, smooth, shape(draw, smooth), ALL)
    dim = one_dim(draw, (x,))
    length = x.shape[dim] if x.ndim else 1
    number = 1 if not x.ndim else draw(st.integers(0, 4)) if length else 0
    if unique:
        rng = np.random.default_rng(draw(st.integers(0, 999)))
        return x, dim, rng.permutation(length)[:number]
    size = draw(one_of((number,), (number,), (1,) if length else (0,), ()))
    size = (number,) if not length or (x.ndim == 0 and size == (0,)) else size
    return x, dim, indices(draw, size, length, seldom(draw, smooth) and bool(length) and x.ndim > 0, from_end)


def slices_selected(draw: Draw, smooth: bool) -> Sample:
    """What index_select takes."""
    return Sample(slices(draw, smooth))


def put_by_tensors(draw: Draw, smooth: bool) -> Sample:
    """What index_put takes: positions for the first dimensions or a mask; values; whether they are added."""
    x = array(draw, smooth, shape(draw, smooth, least=1), ALL)
    accumulate = draw(st.booleans())
    number = draw(st.integers(1, x.ndim))
    wrong = seldom(draw, smooth)
    if draw(one_of(False, False, True)):
        mask = np.random.default_rng(draw(st.integers(0, 99))).random(x.shape[:number]) < 0.5
        positions, size = [mask], (int(mask.sum()), *x.shape[number:])
    elif accumulate and all(x.shape):
        several = draw(one_of((3,), (2, 2), ()))
        positions = [indices(draw, several, n, wrong, from_end=True).astype("int64") for n in x.shape[:number]]
        size = (*several, *x.shape[number:])
    else:
        order = np.random.default_rng(draw(st.integers(0, 99))).permutation(x.shape[0])[: draw(st.integers(0, 3))]
        positions, size = [order], (order.size, *x.shape[1:])
    values = array(draw, smooth, stretched_to(draw, size), ALL if wrong else (x.dtype.name,))
    return Sample((x, tuple(positions), values), {"accumulate": True} if accumulate else {})


def reduced_there(slices_alone: bool) -> Make:
    """What scatter_reduce or index_reduce takes."""

    def make(draw: Draw, smooth: bool) -> Sample:
        ways = ("prod", "mean", "amax", "amin") if slices_alone else ("sum", "prod", "mean", "amax", "amin")
        way = draw(one_of(*ways))
        if slices_alone:
            x, dim, index = slices(draw, smooth)
            index, size = index.astype("int64"), list(x.shape)
            if size:
                size[dim] = index.size
            src = array(draw, smooth, tuple(size), (x.dtype.name,))
        else:
            x, dim, index = tensor_dim_index(draw, smooth)
            src = source(draw, smooth, x, index)
        if x.dtype.kind == "b":
            x, src = x.astype("int64"), src.astype("int64")
        return Sample((x, dim, index, src, way), Options({"include_self": FLAG}).draw(draw, ()))

    return make


def slices_filled(draw: Draw, smooth: bool) -> Sample:
    """What index_fill takes: a number or a tensor without dimensions."""
    number = draw(st.booleans())  # with a tensor PyTorch's derivative fails for positions below 0
    x, dim, index = slices(draw, smooth, from_end=number)
    value = array(draw, smooth, (), NUMERIC) if not number else draw(st.sampled_from(PYTHON_NUMBERS))
    return Sample((x, dim, index.astype("int64"), value), constants=() if x.dtype.kind == "f" else (3,))


def slices_added(alpha: bool) -> Make:
    """What index_add and (without alpha) index_copy take."""

    def make(draw: Draw, smooth: bool) -> Sample:
        x, dim, index = slices(draw, smooth, unique=not alpha)
        size = list(x.shape)
        if size:
            size[dim] = index.size + seldom(draw, smooth)
        values = array(draw, smooth, tuple(size), ALL if seldom(draw, smooth) else (x.dtype.name,))
        scale = one_of(2, -1) if x.dtype.kind != "f" else one_of(2, -1, 0.5)
        numbers = {"alpha": perhaps(scale)} if alpha and x.dtype.kind != "b" else {}
        return Sample((x, dim, index, values), Options(numbers).draw(draw, (x,)))

    return make


def masked(draw: Draw, smooth: bool) -> tuple[Any, Any]:
    """A tensor and a mask that broadcast; seldom one that is no mask."""
    shapes = broadcast_shapes(draw, smooth, 2)
    x = array(draw, smooth, shapes[0], ALL)
    kinds = ("uint8", "float32") if seldom(draw, smooth) else ("bool",)
    return x, array(draw, False, shapes[1], kinds)


def masked_filled(draw: Draw, smooth: bool) -> Sample:
    """What masked_fill takes."""
    x, mask = masked(draw, smooth)
    tensor = array(draw, smooth, (), (x.dtype.name,))
    value = tensor if draw(st.booleans()) else draw(st.sampled_from(PYTHON_NUMBERS))
    return Sample((x, mask, value), constants=() if x.dtype.kind == "f" else (2,))


def masked_filled_in_place(draw: Draw, smooth: bool) -> Sample:
    """As `masked_filled`, with a mask that broadcasts to the tensor."""
    sample = masked_filled(draw, smooth)
    x, mask, value = sample.operands
    if mask.ndim > x.ndim or any(n == 1 != m for n, m in zip(x.shape[::-1], mask.shape[::-1])):
        mask = mask.reshape(-1)[: min(mask.size, 1)].reshape([1] * (mask.size == 1))
    return Sample((x, mask, value), constants=sample.constants)


def masked_selected(draw: Draw, smooth: bool) -> Sample:
    """What masked_select takes."""
    return Sample(masked(draw, smooth))


def masked_scattered(draw: Draw, smooth: bool) -> Sample:
    """What masked_scatter takes."""
    x, mask = masked(draw, smooth)
    number = max(x.size * mask.size, 1) if not seldom(draw, smooth) else 0
    return Sample((x, mask.astype("bool"), array(draw, smooth, (number,), (x.dtype.name,))))


def taken(draw: Draw, smooth: bool) -> Sample:
    """What take takes."""
    x = array(draw, smooth, shape(draw, smooth), ALL)
    size = draw(one_of((2,), (1, 3), (), (0,)))
    return Sample((x, indices(draw, size, x.size, seldom(draw, smooth) or not x.size, from_end=True).astype("int64")))


def put_among_all(draw: Draw, smooth: bool) -> Sample:
    """What put takes: no place twice unless values are added, for which of two wins is undefined."""
    x = array(draw, smooth, shape(draw, smooth), ALL)
    accumulate = draw(st.booleans())
    wrong = seldom(draw, smooth)
    if accumulate and x.size:
        index = indices(draw, draw(one_of((3,), (1, 3), (), (0,))), x.size, wrong, from_end=True)
    else:
        order = np.random.default_rng(draw(st.integers(0, 99))).permutation(x.size)[: draw(st.integers(0, 3))]
        index = order - x.size * draw(one_of(0, 0, 1))
    size = (index.size + (wrong and draw(st.booleans())),)
    values = array(draw, smooth, size, ALL if wrong else (x.dtype.name,))
    return Sample((x, index.astype("int64"), values), {"accumulate": True} if accumulate else {})


def where_not_zero(draw: Draw, smooth: bool) -> Sample:
    """What nonzero takes."""
    return Sample((array(draw, smooth, shape(draw, smooth), ALL),), Options({"as_tuple": FLAG}).draw(draw, ()))
