"""Memory formats: the orders in which elements may be asked to lie in memory, named as in PyTorch."""

from __future__ import annotations

from typing import Any, final

from minigrad.arrays import array_module
from minigrad.engine.order import by_rows, copied, empty_as, empty_by_axes, laid_out, steps_of

__all__ = ["channels_last", "channels_last_3d", "contiguous_format", "memory_format", "preserve_format"]


@final
class memory_format:
    """An order of elements in memory, such as `minigrad.channels_last`.  Programs make no others.

    name: as it is printed; axes: the dimensions from the smallest steps through memory to the largest.
    https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch.memory_format

    >>> import minigrad as torch
    >>> images = torch.zeros(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)
    >>> images.shape, images.stride()
    (minigrad.Size([2, 3, 4, 5]), (60, 1, 15, 3))
    """

    __slots__ = ("name", "axes")

    def __init__(self, name: str, axes: tuple[int, ...] | None = None) -> None:
        self.name = name
        self.axes = axes
        """From the smallest steps through memory to the largest, where the format says it."""

    def __repr__(self) -> str:
        return f"minigrad.{self.name}"

    def __reduce__(self) -> str:
        return self.name


contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last", (1, 3, 2, 0))
channels_last_3d = memory_format("channels_last_3d", (1, 4, 3, 2, 0))


def checked_format(op: str, asked: Any, ndim: int) -> memory_format:
    """A `memory_format=` argument; TypeError for what is none, RuntimeError for one of other dimensions."""
    if not isinstance(asked, memory_format):
        raise TypeError(f"{op}(): argument 'memory_format' must be torch.memory_format, not {type(asked).__name__}")
    if asked.axes is not None and len(asked.axes) != ndim:
        raise RuntimeError(f"required rank {len(asked.axes)} tensor to use {asked.name} format, not one of rank {ndim}")
    return asked


def empty_in_format(op: str, x: Any, dtype: Any, asked: Any, xp: Any = None) -> Any:
    """An array without gaps like a raw one, of a dtype, in the format that was asked for (None: the order of x).

    xp: the library to make it with (default: that of x).
    """
    format = checked_format(op, preserve_format if asked is None else asked, x.ndim)
    if format is preserve_format:
        return empty_as(x, dtype, xp)
    return empty_by_axes(format.axes or range(x.ndim)[::-1], x.shape, xp or array_module(x), dtype)


def copied_in_format(op: str, x: Any, asked: Any) -> Any:
    """A copy of a raw array in the format that was asked for (None: its own)."""
    if asked is None:
        return copied(x)
    value = empty_in_format(op, x, x.dtype, asked)
    value[...] = x
    return value


def is_in_format(x: Any, format: memory_format) -> bool:
    """Whether the elements of a raw array lie in a format, without gaps."""
    if format.axes is None:
        return bool(x.flags.c_contiguous)
    return len(format.axes) == x.ndim and bool(x.transpose(format.axes[::-1]).flags.c_contiguous)


def format_of(x: Any) -> memory_format:
    """In which format PyTorch gives what is made of raw images: channels_last (or _3d) if these seem to be.

    It goes by strides alone (is_channels_last_strides_2d), also where a dimension of length 1 has any.
    """
    if x.ndim not in (4, 5) or x.size == 0:
        return contiguous_format
    format = channels_last if x.ndim == 4 else channels_last_3d
    steps = steps_of(x)
    least = 0
    for axis in format.axes or ():
        if steps[axis] < least or steps[1] == 0 or (axis == 0 and least == steps[1]):
            return contiguous_format
        least = steps[axis] * x.shape[axis]
    return format


def common_format(*arrays: Any) -> memory_format:
    """The format of several raw arrays; by rows where they differ."""
    formats = {format_of(x) for x in arrays}
    return formats.pop() if len(formats) == 1 else contiguous_format


def in_format(value: Any, format: memory_format) -> Any:
    """A raw result in a format: itself, or a copy."""
    return by_rows(value) if format.axes is None else laid_out(value, format.axes)
