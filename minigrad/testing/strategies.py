"""What ops are tried on, as strategies of hypothesis: tensors, several that broadcast, losses' inputs and targets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

import minigrad
from minigrad.testing.calls import is_tensor
from minigrad.testing.given import a_list
from minigrad.testing.samples import (
    Domain,
    Draw,
    Make,
    Options,
    Sample,
    anywhere,
    array,
    broadcast_shapes,
    dtype_of,
    perhaps,
    shape,
    with_ties,
)

__all__ = ["broadcastable", "losses_targets", "tensors"]

FLOATS = ("float32", "float64")
MAKES: dict[int, tuple[Any, Make]] = {}


def tensors(
    *,
    dtypes: Sequence[str] = FLOATS,
    domain: Domain = anywhere,
    shapes: Sequence[tuple[int, ...]] | None = None,
    least: int = 0,
    most: int = 3,
    smooth: bool = False,
) -> st.SearchStrategy[Any]:
    """Tensors: of `least` to `most` dimensions or of one of the shapes, empty ones among them, of one of the dtypes.

    Their numbers are ties, zeros, infinities, nan, large ones; smooth: all different, of float64.  domain: a function
    of arrays that moves them to where an op is defined, as `abs`.  They lie in memory in several orders.

    >>> from hypothesis import given
    >>> @given(tensors())
    ... def check(x):
    ...     assert (x + 0).shape == x.shape
    >>> check()
    """

    a_list("dtypes", dtypes, str, '["float32"]')
    if shapes is not None:
        a_list("shapes", shapes, (tuple, list), "[(2, 3), ()]")

    def make(draw: Draw, smooth: bool) -> Sample:
        size = shape(draw, smooth, least, most) if shapes is None else draw(st.sampled_from(list(shapes)))
        return Sample((array(draw, smooth, size, dtypes, domain),))

    return strategy(make, smooth, single=True)


def broadcastable(
    number: int = 2,
    *,
    dtypes: Sequence[str] = FLOATS,
    domains: Sequence[Domain] | None = None,
    unrelated: bool = False,
    smooth: bool = False,
) -> st.SearchStrategy[Any]:
    """So many tensors of one dtype that broadcast with each other, some of their numbers equal.

    unrelated: seldom also of shapes that do not broadcast, which an op should refuse.

    >>> from hypothesis import given
    >>> @given(broadcastable(2))
    ... def check(pair):
    ...     a, b = pair
    ...     assert (a + b).shape == (b + a).shape
    >>> check()
    """

    a_list("dtypes", dtypes, str, '["float32"]')

    def make(draw: Draw, smooth: bool) -> Sample:
        sizes = [shape(draw, smooth)] if number == 1 else broadcast_shapes(draw, smooth, number, unrelated)
        dtype = (dtype_of(draw, tuple(dtypes)),)
        operands = [array(draw, smooth, s, dtype, d) for s, d in zip(sizes, domains or [anywhere] * number)]
        if number > 1 and sizes[0] == sizes[1] and not smooth and draw(st.booleans()):
            operands[1] = with_ties(draw, operands[0], operands[1])
        return Sample(tuple(operands))

    return strategy(make, smooth, single=number == 1)


def losses_targets(
    kind: str = "numbers", *, dtypes: Sequence[str] = FLOATS, smooth: bool = False
) -> st.SearchStrategy[tuple[Any, Any]]:
    """Pairs of an input and a target, for a loss.

    kind: "numbers" (two tensors of one shape), "classes" (logits of shape (N, C) and N classes), "labels" (logits, and
    0 or 1 for each), "probabilities" (and 0 or 1).  ValueError for another.

    >>> from hypothesis import given
    >>> @given(losses_targets("classes"))
    ... def check(pair):
    ...     input, target = pair
    ...     assert input.shape[0] == len(target) and (target < input.shape[1]).all()
    >>> check()
    """
    if kind not in ("numbers", "classes", "labels", "probabilities"):
        raise ValueError(f'there is no kind {kind!r}: "numbers", "classes", "labels" and "probabilities"')

    def make(draw: Draw, smooth: bool) -> Sample:
        dtype = ("float64",) if smooth else (dtype_of(draw, tuple(dtypes)),)
        if kind == "classes":
            number, classes = draw(st.integers(1, 4)), draw(st.integers(1, 4))
            x = array(draw, smooth, (number, classes), dtype, extremes=False)
            rng = np.random.default_rng(draw(st.integers(0, 99)))
            return Sample((x, rng.integers(0, classes, number)))
        size = shape(draw, smooth)
        x = array(draw, smooth, size, dtype, inside if kind == "probabilities" else anywhere)
        if kind == "numbers":
            return Sample((x, array(draw, smooth, size, dtype)))
        rng = np.random.default_rng(draw(st.integers(0, 99)))
        return Sample((x, np.asarray(rng.integers(0, 2, size)).astype(x.dtype)))

    return strategy(make, smooth, single=False)


def inside(x: Any) -> Any:
    """Between 0 and 1, without them."""
    return 0.05 + 0.9 * (np.arctan(np.nan_to_num(x)) / np.pi + 0.5)


def strategy(make: Make, smooth: bool, single: bool) -> st.SearchStrategy[Any]:
    """A strategy of minigrad's tensors, of which `check_op` knows the arrays."""

    @st.composite
    def drawn(draw: Draw) -> Any:
        made = tuple(map(minigrad.from_numpy, make(draw, smooth).operands))
        return made[0] if single else made

    result = drawn()
    MAKES[id(result)] = result, make  # a strategy has no place for notes
    return result


def make_of(inputs: Any, constants: Sequence[int], options: dict[str, Any]) -> Make:
    """What makes samples of the operands that strategies draw, and of options."""
    several = inputs if isinstance(inputs, (tuple, list)) else (inputs,)
    for each in several:
        if is_tensor(each) or isinstance(each, np.ndarray):
            raise TypeError("inputs= takes strategies: tensors(...), say; hypothesis' just(x) draws the tensor x alone")

    def make(draw: Draw, smooth: bool) -> Sample:
        operands: tuple[Any, ...] = ()
        for each in several:
            operands += of_dtype_of(operands, drawn_from(each, draw, smooth))
        return Sample(operands, Options(options).draw(draw, operands), tuple(constants))

    return make


def drawn_from(each: Any, draw: Draw, smooth: bool) -> tuple[Any, ...]:
    """The operands that one strategy draws, as arrays; of a strategy of others, too."""
    if not isinstance(each, st.SearchStrategy):
        return (each,)
    if id(each) in MAKES:
        return MAKES[id(each)][1](draw, smooth).operands
    drawn = draw(each)
    operands = drawn if isinstance(drawn, tuple) else (drawn,)
    return tuple(as_array(x, smooth) for x in operands)


def of_dtype_of(before: tuple[Any, ...], operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """Operands in the dtype of the floats before them: few ops take several."""
    floats = [x for x in before if isinstance(x, np.ndarray) and x.dtype.kind == "f"]
    if not floats:
        return operands
    dtype = floats[0].dtype
    return tuple(x.astype(dtype) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x for x in operands)


def as_array(x: Any, smooth: bool) -> Any:
    """A tensor's array, also in lists."""
    if isinstance(x, (list, tuple)):
        return type(x)(as_array(each, smooth) for each in x)
    if hasattr(x, "detach"):
        x = x.detach().numpy()
    if isinstance(x, np.ndarray) and x.dtype.kind == "f" and smooth:
        return np.nan_to_num(x.astype("float64"), nan=0.5, posinf=2, neginf=-2)
    return x


def perhaps_of(values: Any) -> Any:
    """An option's values, or none of them."""
    return perhaps(values if isinstance(values, st.SearchStrategy) else st.sampled_from(list(values)))
