"""Blocks: small parameters are updated together, as one flat array.

An update of 8 numbers costs NumPy as much as one of 800: almost all of it is the call.  So parameters are packed
until a block is as large as fits the processor's cache, and each call serves all of them.  A parameter larger
than that is a block of its own, and nothing is copied for it.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from minigrad.autograd.backward import mark_changed
from minigrad.autograd.graph import raw, user_place, wrap
from minigrad.devices import array_module
from minigrad.tensor import Tensor

LIMIT = 1 << 15
"""How many numbers a block of several parameters holds at most."""


class Block:
    """Some parameters, their gradients and their state, each as one flat array.

    `state[name]` is flat; the optimizer's `state[p][name]` are Tensors around its pieces, in p's shape.
    """

    def __init__(self, params: list[Tensor], states: list[Any], names: tuple[str, ...], step: int | None) -> None:
        self.params = params
        self.states = states
        self.names = names
        self.step = step
        self.is_new = not any(name in state for state in states for name in names)
        xp = array_module(params[0].array)
        size, dtype = sum(p.array.size for p in params), params[0].array.dtype
        self.scratch = xp.empty(size, dtype)
        self.scratch_pieces = self.pieces(self.scratch)
        self.gathered = xp.empty(size, dtype) if len(params) > 1 else None
        if step is not None:
            self.steps = np.full(len(params), step, np.float32)
            for i, state in enumerate(states):
                state["step"] = wrap(self.steps[i : i + 1].reshape(()))
        self.state = {name: self.packed(name, xp.zeros(size, dtype)) for name in names}

    def pieces(self, flat: Any) -> list[Any]:
        """The parts of a flat array that belong to the parameters, in their shapes."""
        result, start = [], 0
        for p in self.params:
            stop = start + p.array.size
            result.append(flat[start:stop].reshape(p.array.shape))
            start = stop
        return result

    def packed(self, name: str, flat: Any) -> Any:
        """A flat array with the parameters' state of a name, which from now on lives there."""
        for state, piece in zip(self.states, self.pieces(flat)):
            if name in state:
                piece[...] = raw(state[name])
            state[name] = wrap(piece)
        return flat

    def gradient(self) -> Any:
        """The gradients of all parameters.  Not to be changed: it may be a `.grad` itself."""
        arrays = [p._grad.array.reshape(-1) for p in self.params]  # type: ignore[union-attr]
        if self.gathered is None:
            return arrays[0]
        return array_module(self.gathered).concatenate(arrays, out=self.gathered)

    def values(self) -> Any:
        """The parameters themselves.  Not to be changed: change them by `subtract_scratch`."""
        arrays = [p.array.reshape(-1) for p in self.params]
        return arrays[0] if self.gathered is None else array_module(self.gathered).concatenate(arrays)

    def subtract_scratch(self) -> None:
        """p -= scratch for every parameter, in place."""
        subtract = array_module(self.scratch).subtract
        place = user_place(sys._getframe(1))
        for p, piece in zip(self.params, self.scratch_pieces):
            subtract(p.array, piece, p.array)
            mark_changed(p, place=place)

    def count_step(self) -> int:
        """Begin the next step: its number."""
        self.steps += 1
        self.step = (self.step or 0) + 1
        return self.step


def blocks_of(params: list[Tensor], state: Any, names: tuple[str, ...], counts_steps: bool) -> list[Block]:
    """Parameters in blocks, in their order: neighbours of one dtype that have made equally many steps."""

    def kind(p: Tensor) -> Any:
        if counts_steps:
            return p.array.dtype, int(raw(state[p].get("step", 0)))
        return p.array.dtype, bool(names) and all(name in state[p] for name in names)

    blocks: list[list[Tensor]] = []
    for p in params:
        fits = blocks and kind(p) == kind(blocks[-1][0])
        if fits and sum(q.array.size for q in blocks[-1]) + p.array.size <= LIMIT:
            blocks[-1].append(p)
        else:
            blocks.append([p])
    remembers = counts_steps or bool(names)
    return [
        Block(
            members,
            [state[p] if remembers else None for p in members],
            names,
            kind(members[0])[1] if counts_steps else None,
        )
        for members in blocks
    ]
