"""The shape of a tensor: a tuple of integers that knows how many elements it stands for."""

from __future__ import annotations

import math
from collections.abc import Iterable
from operator import index
from typing import Any, SupportsIndex, overload


class Size(tuple[int, ...]):
    """The shape of a tensor, as `torch.Size`: a tuple whose slices, sums and repetitions are Sizes too.

    sizes: integers from any iterable.  TypeError when an item is not an integer.
    https://docs.pytorch.org/docs/stable/size.html

    >>> shape = Size([2, 3, 4])
    >>> shape[0], shape[1:], shape == (2, 3, 4)
    (2, minigrad.Size([3, 4]), True)
    >>> (5,) + shape
    minigrad.Size([5, 2, 3, 4])
    >>> Size([2, 0.5])
    Traceback (most recent call last):
        ...
    TypeError: minigrad.Size() takes an iterable of 'int' (item 1 is 'float')
    """

    __slots__ = ()

    def __new__(cls, sizes: Iterable[SupportsIndex] = (), /) -> Size:
        """Take the sizes from any iterable of integers."""
        items = tuple(sizes)
        try:
            return tuple.__new__(cls, map(index, items))
        except TypeError:
            position, item = next(pair for pair in enumerate(items) if not _is_integer(pair[1]))
            kind = type(item).__name__
            message = f"{_library()}.Size() takes an iterable of 'int' (item {position} is '{kind}')"
            raise TypeError(message) from None

    def numel(self) -> int:
        """The number of elements of a tensor of this shape: the product of the sizes, 1 for no dimensions.

        >>> Size([2, 3, 4]).numel(), Size([2, 0]).numel(), Size([]).numel()
        (24, 0, 1)
        """
        return math.prod(self)

    @overload
    def __getitem__(self, key: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, key: slice) -> Size: ...
    def __getitem__(self, key: SupportsIndex | slice) -> int | Size:
        found = super().__getitem__(key)
        return Size(found) if isinstance(found, tuple) else found

    def __add__(self, other: Any) -> Size:
        return Size(super().__add__(other)) if isinstance(other, tuple) else NotImplemented

    def __radd__(self, other: Any) -> Size:
        return Size(other + tuple(self)) if isinstance(other, tuple) else NotImplemented

    def __mul__(self, times: SupportsIndex) -> Size:
        return Size(super().__mul__(times))

    def __rmul__(self, times: SupportsIndex) -> Size:
        return self * times

    def __repr__(self) -> str:
        return f"{_library()}.Size({list(self)})"

    def __reduce__(self) -> Any:
        return _unpickled, tuple(self)  # not by the name of the class, which the launcher changes


def _unpickled(*sizes: int) -> Size:
    return Size(sizes)


def _library() -> str:
    """Where the class says that it is: in minigrad, or in torch under the launcher."""
    return Size.__module__.partition(".")[0]


def _is_integer(item: Any) -> bool:
    try:
        index(item)
    except TypeError:
        return False
    return True
