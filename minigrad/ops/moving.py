"""From one device to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minigrad.devices import device_of, moved
from minigrad.engine.graph import raw, record

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def to_device(a: Tensor, place: Any, non_blocking: bool = False) -> Tensor:
    """The same values on another device; the gradient goes back to where the operand is."""
    x = raw(a)
    copy = moved(x, place, non_blocking)
    return a if copy is x else record(copy, (a,), (to_device_da,), device_of(x), name="ToCopyBackward0")


def to_device_da(g: Tensor, _out: Tensor, _a: Tensor, place: Any) -> Tensor:
    return to_device(g, place)
