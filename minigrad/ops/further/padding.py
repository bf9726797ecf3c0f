"""Padding: elements put around a tensor, a number or its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.arrays import array_module
from minigrad.engine.graph import raw, record
from minigrad.engine.order import copied
from minigrad.formats import contiguous_format, format_of, in_format
from minigrad.ops.further.weighing import Weighing, weighed
from minigrad.ops.promotion import check_tensors, fitting_number

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["pad"]

Edges = tuple[int, int]
"""How many elements are put before and after a dimension; below 0, so many are taken away."""


def pad(input: Tensor, pad: Any, mode: str = "constant", value: float | None = None) -> Tensor:
    """The input with elements put around it.

    pad: how many before and after the last dimension, then before and after the one before it, and so on; below 0, so
    many are taken away.  mode: "constant" (a number: `value`, 0 unless given), "reflect" (the input mirrored at its
    edges), "replicate" (its edges repeated) or "circular" (its opposite edges).  The last three are for the last one,
    two or three dimensions of inputs that have one or two more.

    RuntimeError for an odd number of sizes or too many, more of the input than there is, or too much taken away;
    NotImplementedError for other modes or dimensions.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html

    >>> import minigrad as torch
    >>> x = torch.tensor([[1.0, 2.0, 3.0]])
    >>> torch.nn.functional.pad(x, (2, 1), "reflect")
    tensor([[3., 2., 1., 2., 3., 2.]])
    >>> torch.nn.functional.pad(x, (0, -1, 1, 0), value=9.0)
    tensor([[9., 9.],
            [1., 2.]])
    """
    check_tensors("pad", input=input)
    around = edges_of(input.array.ndim, pad)
    if mode == "constant":
        return constant_pad_nd(input, around, 0 if value is None else value)
    if mode not in SOURCES:
        raise NotImplementedError(f"pad(): Unrecognised padding mode {mode!r}: it is constant, {', '.join(SOURCES)}")
    if value is not None and value != 0:
        raise RuntimeError(f'pad(): Padding mode "{mode}" doesn\'t take in value argument, but got {value}')
    if not 1 <= len(around) <= 3 or input.array.ndim - len(around) not in (1, 2):
        raise NotImplementedError(
            "pad(): Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now: one, two or three "
            f"dimensions of an input that has one or two more, not {len(around)} of {list(input.array.shape)}"
        )
    check_edges(mode, input.array.shape, around)
    weighings = [
        placed(-1 - i, n, np.array(SOURCES[mode](n, *edges)))
        for i, (n, edges) in enumerate(zip(reversed(input.array.shape), around))
    ]
    if mode == "circular":
        return weighed(input, tuple(weighings), format=contiguous_format)
    return weighed(input, tuple(weighings), NAMES[mode].format(len(around)))


def placed(dim: int, length: int, elements: Any) -> Weighing:
    """A dimension of these elements, one for each place."""
    return Weighing(dim, length, len(elements), np.arange(len(elements)), elements)


def edges_of(ndim: int, pad: Any) -> list[Edges]:
    """The sizes for each dimension, the last first.  TypeError for no ints, RuntimeError for a wrong number of them."""
    if not isinstance(pad, (tuple, list)) or any(isinstance(n, bool) or not hasattr(n, "__index__") for n in pad):
        raise TypeError(f"pad(): argument 'pad' must be tuple of ints, not {pad!r}")
    if len(pad) % 2:
        raise RuntimeError(f"pad(): Padding length must be divisible by 2, but there are {len(pad)} sizes: {pad}")
    if len(pad) > 2 * ndim:
        raise RuntimeError(
            "pad(): Padding length should be less than or equal to two times the input dimension but got padding "
            f"length {len(pad)} and input of dimension {ndim}"
        )
    return [(before.__index__(), after.__index__()) for before, after in zip(pad[::2], pad[1::2])]


# A number ---------------------------------------------------------------------------------------------------


def constant_pad_nd(input: Tensor, around: list[Edges], number: float) -> Tensor:
    """The input with a number around it."""
    x = raw(input)
    edges = [*[(0, 0)] * (x.ndim - len(around)), *reversed(around)]
    shape = tuple(n + before + after for n, (before, after) in zip(x.shape, edges))
    if min(shape, default=0) < 0:
        dim = next(i for i, n in enumerate(shape) if n < 0)
        raise RuntimeError(
            f"pad(): The input size {x.shape[dim]}, plus negative padding {edges[dim][0]} and {edges[dim][1]} resulted "
            f"in a negative output size, which is invalid. Check dimension {dim} of your input {list(x.shape)}."
        )
    kept = tuple(slice(max(-before, 0), n - max(-after, 0)) for n, (before, after) in zip(x.shape, edges))
    if any(each.stop < each.start for each in kept):
        taken = f"more of {list(x.shape)} is taken away than there is"
        raise RuntimeError(f"narrow(): length must be non-negative: {taken}.")
    if max(map(max, around), default=0) <= 0:
        value = copied(x[kept])
    else:
        number = fitting_number(float(number), x.dtype)
        value = in_format(array_module(x).full(shape, number, x.dtype), format_of(x))
        inside = tuple(slice(max(before, 0), n - max(after, 0)) for n, (before, after) in zip(shape, edges))
        value[inside] = x[kept]
    return record(value, (input,), (constant_pad_nd_dinput,), tuple(around))


def constant_pad_nd_dinput(g: Tensor, _out: Tensor, _input: Tensor, around: tuple[Edges, ...]) -> Tensor:
    return constant_pad_nd(g, [(-before, -after) for before, after in around], 0)


# Its own elements -------------------------------------------------------------------------------------------


def reflected(n: int, before: int, after: int) -> list[int]:
    """Which of n elements stands at each place, mirrored at the first and the last."""
    return [n - 1 - abs(n - 1 - abs(i)) for i in range(-before, n + after)]


def replicated(n: int, before: int, after: int) -> list[int]:
    """The same with the first and the last repeated."""
    return [min(max(i, 0), n - 1) for i in range(-before, n + after)]


def circular(n: int, before: int, after: int) -> list[int]:
    """The same in a circle; what is taken away is no part of it."""
    first, kept = max(-before, 0), n + min(before, 0) + min(after, 0)
    return [first + i % kept for i in range(-max(before, 0), kept + max(after, 0))]


SOURCES = {"reflect": reflected, "replicate": replicated, "circular": circular}
NAMES = {"reflect": "ReflectionPad{}DBackward0", "replicate": "ReplicationPad{}DBackward0"}


def check_edges(mode: str, shape: tuple[int, ...], around: list[Edges]) -> None:
    """RuntimeError for more of the input than there is, for an input without elements, and for an empty result."""
    dims = len(around)
    if 0 in shape[-dims - 1 :]:
        raise RuntimeError(
            f"pad(): Expected {dims + 1}D or {dims + 2}D (batch mode) tensor with possibly 0 batch size and other "
            f"non-zero dimensions for input, but got: {list(shape)}"
        )
    for dim, (before, after) in zip(reversed(range(len(shape))), around):
        n = shape[dim]
        if mode == "reflect" and max(before, after) >= n:
            raise RuntimeError(
                "pad(): Padding size should be less than the corresponding input dimension, but got: padding "
                f"({before}, {after}) at dimension {dim} of input {list(shape)} with mode 'reflect'"
            )
        if mode == "circular" and max(before, after) > n + min(before, 0) + min(after, 0):
            raise RuntimeError(
                f"pad(): Padding value causes wrapping around more than once: ({before}, {after}) at dimension {dim} "
                f"of input {list(shape)} with mode 'circular'"
            )
        if n + before + after <= 0:
            raise RuntimeError(
                f"pad(): input {list(shape)} is too small: padding ({before}, {after}) leaves no element of "
                f"dimension {dim}"
            )
