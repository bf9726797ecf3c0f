"""Making a whole batch at once, where an object knows how, instead of one item after the other.

A dataset may have a method `__getbatch__(indices)`, and a transform of images a method `batch(images)`.  They give,
bit for bit, what collating the single items would give, and draw nothing from a generator.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def batch_at_once(dataset: Any, indices: Sequence[Any]) -> Any | None:
    """What collating the samples of a dataset gives, made at once; None where that takes each sample."""
    if not speaks_for(type(dataset), "__getbatch__", "__getitem__", "__getitems__"):
        return None
    if type(indices) is not list or set(map(type, indices)) != {int}:
        return None  # a sampler of the user's own kind; NumPy's indexing might take its indices for something else
    return dataset.__getbatch__(indices)


def speaks_for(cls: type, batch_method: str, *item_methods: str) -> bool:
    """Whether a class has the batch method, and no subclass since has redefined an item method alone."""
    for base in cls.__mro__:
        if batch_method in vars(base):
            return True
        if any(name in vars(base) for name in item_methods):
            return False
    return False
