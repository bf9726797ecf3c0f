"""Which GPU the operands of an op are on: an op runs where they are, and two devices are an error."""

from __future__ import annotations

import sys
from typing import Any

from numpy import ndarray

from minigrad.arrays import gpu_of, on_its_gpu
from minigrad.devices import device_of
from minigrad.engine.graph import TensorBase
from minigrad.engine.places import line_of, op_called, user_frame


def check_devices(*operands: Any) -> None:
    """RuntimeError, naming them, for tensors on two devices; what is no tensor is left out.

    CuPy works on their GPU then.
    """
    for x in operands:
        if isinstance(x, TensorBase) and not isinstance(x.array, ndarray):
            break
    else:
        return
    tensors = [x for x in operands if isinstance(x, TensorBase)]
    if len({gpu_of(x.array) for x in tensors}) == 1:
        on_its_gpu(tensors[0].array)
        return
    places = list(dict.fromkeys(device_of(x.array) for x in tensors))
    caller = user_frame(sys._getframe(1))
    gpu = next(place for place in places if place.type == "cuda")
    raise RuntimeError(
        f"{op_called()}(): Expected all tensors to be on the same device, but found at least two devices, "
        f"{places[0]} and {places[1]}! The operands:{''.join(whereabouts(x, caller) for x in tensors)}\n"
        f"Move one of them with .to({str(gpu)!r})."
    )


def whereabouts(tensor: Any, caller: Any) -> str:
    """A tensor's shape and device, and its line: the one that made it, or of a plain tensor the caller's."""
    name = next((name for name, x in caller.f_locals.items() if x is tensor), "a tensor")
    line = line_of((caller.f_code, caller.f_lasti))
    known = f"made by {tensor.node.line}" if tensor.node else f"passed by {line}"
    return f"\n  {name} of shape {list(tensor.array.shape)} on {device_of(tensor.array)}, {known}"
