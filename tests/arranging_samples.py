"""Samples for ops that arrange the elements anew."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from op_samples import some_dims
from picking_samples import seldom
from samples import ALL, FLAG, Draw, Make, Options, Sample, array, broadcast_shapes, one_dim, one_of, perhaps, shape


def repeated(draw: Draw, smooth: bool) -> Sample:
    """A tensor, and how often to repeat it along each dimension."""
    x = array(draw, smooth, shape(draw, smooth), ALL)
    counts = one_of(1, 2, 3) if smooth else one_of(1, 2, 0, 3)
    times = [draw(counts) for _ in range(x.ndim + draw(one_of(0, 0, 1)) - seldom(draw, smooth) * (x.ndim > 0))]
    return Sample((x, *times) if times and draw(st.booleans()) else (x, tuple(times)))


def tiled(draw: Draw, smooth: bool) -> Sample:
    """A tensor, and how often to repeat it along some dimensions."""
    x = array(draw, smooth, shape(draw, smooth), ALL)
    return Sample((x, tuple(draw(one_of(1, 2)) for _ in range(draw(st.integers(0, x.ndim + 1))))))


def interleaved(draw: Draw, smooth: bool) -> Sample:
    """A tensor, and how often to repeat each element or slice: a number, or a tensor of them."""
    x = array(draw, smooth, shape(draw, smooth), ALL)
    options = Options({"dim": perhaps(st.just(None))}).draw(draw, (x,))
    if draw(st.booleans()):
        options["dim"] = one_dim(draw, (x,))
    size = x.size if options.get("dim") is None else x.shape[options["dim"]] if x.ndim else 1
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    counts = rng.integers(0, 3, draw(one_of(size, size, 1)) + seldom(draw, smooth))
    return Sample((x, draw(one_of(2, 1, 3, 0)) if draw(st.booleans()) else counts), options)


def counted(draw: Draw, _smooth: bool) -> Sample:
    """How often each position shall come."""
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    return Sample((rng.integers(0, 3, draw(st.integers(0, 4))).astype(draw(one_of("int64", "int32"))),))


def flipped(draw: Draw, smooth: bool) -> Sample:
    """A tensor, and dimensions to turn round."""
    x = array(draw, smooth, shape(draw, smooth), ALL)
    dims = some_dims(draw, (x,)) if draw(one_of(True, True, True, False)) else ()
    return Sample((x, dims if isinstance(dims, tuple) else (dims,)))


def rolled(draw: Draw, smooth: bool) -> Sample:
    """A tensor, and by how many places to move it along which dimensions."""
    x = array(draw, smooth, shape(draw, smooth), ALL)
    places = one_of(1, -1, 2, 0, 7)
    if not x.ndim or draw(one_of(False, False, True)):
        return Sample((x, draw(places)))
    dims = some_dims(draw, (x,))
    if isinstance(dims, int):
        return Sample((x, draw(places), dims))
    return Sample((x, tuple(draw(places) for _ in range(len(dims) + seldom(draw, smooth))), dims))


def turned(draw: Draw, smooth: bool) -> Sample:
    """A tensor, how often to turn it, and between which dimensions."""
    x = array(draw, smooth, shape(draw, smooth, least=1 + smooth), ALL)
    options = Options({"k": perhaps(one_of(1, 2, 3, 4, -1, 0)), "dims": perhaps(one_of((0, 1), (1, 0), (-1, 0)))})
    return Sample((x,), options.draw(draw, (x,)))


def moved(draw: Draw, smooth: bool) -> Sample:
    """A tensor, dimensions to move, and where to."""
    x = array(draw, smooth, shape(draw, smooth, least=1), ALL)
    if draw(st.booleans()):
        return Sample((x, one_dim(draw, (x,)), one_dim(draw, (x,))))
    number = draw(st.integers(0, x.ndim))
    source, places = (tuple(draw(st.permutations(range(x.ndim)))[:number]) for _ in range(2))
    return Sample((x, source, places[: number - seldom(draw, smooth)]))


def on_diagonals(least: int, most: int, **options: Any) -> Make:
    """A tensor, and which diagonal of it."""

    def make(draw: Draw, smooth: bool) -> Sample:
        x = array(draw, smooth, shape(draw, smooth, least, most), ALL)
        return Sample((x,), Options(options).draw(draw, (x,)))

    return make


OFFSET = perhaps(one_of(0, 1, -1, 2, -3))


def two_dims(draw: Draw, smooth: bool) -> Sample:
    """A tensor and the diagonal of two of its dimensions."""
    x = array(draw, smooth, shape(draw, smooth, least=2), ALL)
    options = Options({"offset": OFFSET, "dim1": perhaps(one_of(0, 1)), "dim2": perhaps(one_of(-1, -2, 1))})
    return Sample((x,), options.draw(draw, (x,)))


def narrowed(draw: Draw, smooth: bool) -> Sample:
    """A tensor, and a piece of it along a dimension."""
    x = array(draw, smooth, shape(draw, smooth, least=1), ALL)
    dim = one_dim(draw, (x,))
    start = draw(st.integers(-x.shape[dim], x.shape[dim]))
    rest = x.shape[dim] - start if start >= 0 else -start
    return Sample((x, dim, start, draw(st.integers(0, rest)) + seldom(draw, smooth) * 9))


def one_selected(draw: Draw, smooth: bool) -> Sample:
    """A tensor, a dimension, and a position along it."""
    x = array(draw, smooth, shape(draw, smooth, least=1), ALL)
    dim = one_dim(draw, (x,))
    return Sample((x, dim, draw(st.integers(-x.shape[dim], max(x.shape[dim] - 1, 0))) + seldom(draw, smooth) * 9))


def windows(draw: Draw, smooth: bool) -> Sample:
    """A tensor, a dimension, and the size and the step of windows along it."""
    x = array(draw, smooth, shape(draw, smooth), ALL)
    dim = one_dim(draw, (x,))
    length = x.shape[dim] if x.ndim else 1
    return Sample((x, dim, draw(st.integers(min(1, length), length)) + seldom(draw, smooth), draw(one_of(1, 2, 3))))


def cut(draw: Draw, smooth: bool) -> Sample:
    """A tensor, into how many pieces or where to cut it, and along which dimension."""
    x = array(draw, smooth, shape(draw, smooth, least=1), ALL)
    options = {"dim": one_dim(draw, (x,))} if draw(st.booleans()) else {}
    return Sample((x, draw(one_of(1, 2, 3, 5, (1,), (1, 2), (2, 1), (-1,), (), (0, 9)))), options)


def cut_evenly(least: int) -> Make:
    """A tensor, and into how many pieces or where to cut it."""

    def make(draw: Draw, smooth: bool) -> Sample:
        x = array(draw, smooth, shape(draw, smooth, least=max(least - seldom(draw, smooth), 0)), ALL)
        return Sample((x, draw(one_of(1, 2, 3, (1,), (1, 2)))))

    return make


def rows_or_columns(draw: Draw, smooth: bool) -> Sample:
    """Tensors that fit beside each other (mostly)."""
    size = shape(draw, smooth)
    other = size if not seldom(draw, smooth) else shape(draw, smooth)
    dtypes = ALL if draw(st.booleans()) else ("float32",)
    tensors = [array(draw, smooth, size, dtypes) for _ in range(draw(one_of(1, 2)))]
    return Sample(([*tensors, array(draw, smooth, other, dtypes)],))


def several(most: int, least: int = 0, equal: bool = False) -> Make:
    """Tensors one by one, of one dtype."""

    def make(draw: Draw, smooth: bool) -> Sample:
        dtype = array(draw, smooth, (), ALL).dtype.name
        sizes = [shape(draw, smooth, least, most) for _ in range(draw(one_of(1, 2, 3)))]
        return Sample(tuple(array(draw, smooth, sizes[0] if equal else size, (dtype,)) for size in sizes))

    return make


def blocks(draw: Draw, _smooth: bool) -> Sample:
    """What block_diag takes; PyTorch's derivative is wrong for tensors without elements."""
    return several(2)(draw, True)


def grid(draw: Draw, smooth: bool) -> Sample:
    """What meshgrid takes."""
    return Sample(several(1)(draw, smooth).operands, {"indexing": draw(one_of("ij", "xy"))})


def together(draw: Draw, smooth: bool) -> Sample:
    """Tensors that broadcast (mostly)."""
    return Sample(tuple(array(draw, smooth, size, ALL) for size in broadcast_shapes(draw, smooth, 2)))


def chosen(draw: Draw, smooth: bool) -> Sample:
    """What combinations takes."""
    x = array(draw, smooth, shape(draw, smooth, 1, 1), ALL)
    return Sample((x,), Options({"r": perhaps(one_of(1, 2, 3)), "with_replacement": FLAG}).draw(draw, (x,)))


def triangle(draw: Draw, _smooth: bool) -> Sample:
    """What tril_indices takes."""
    return Sample((draw(st.integers(0, 4)), draw(st.integers(0, 4))), Options({"offset": OFFSET}).draw(draw, ()))


def like(*sizes: Any) -> Make:
    """A tensor, and what a new one like it is made from."""

    def make(draw: Draw, smooth: bool) -> Sample:
        x = array(draw, smooth, shape(draw, smooth), ALL)
        return Sample((x, *draw(one_of(*sizes))), Options({"dtype": perhaps(one_of(*ALL))}).draw(draw, (x,)))

    return make
