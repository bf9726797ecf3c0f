"""Blocks: small parameters are updated together, as one flat array.

An update of 8 numbers costs NumPy as much as one of 800: almost all of it is the call.  So parameters are packed
until a block is as large as fits the processor's cache, and each call serves all of them.  A parameter larger
than that is a block of its own, and nothing is copied for it.
"""

from __future__ import annotations

from itertools import chain
from operator import attrgetter, is_
from types import SimpleNamespace
from typing import Any

import numpy as np

from minigrad.arrays import array_module, on_its_gpu
from minigrad.devices import overwrite
from minigrad.engine.graph import raw, wrap
from minigrad.tensor import Tensor

memory = attrgetter("array")

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
        self.is_new = not any(is_known(state, name) for state in states for name in names)
        xp = array_module(params[0].array)
        size, dtype = sum(map(attrgetter("array.size"), params)), params[0].array.dtype
        self.scratch = xp.empty(size, dtype)
        self.scratch_pieces = self.pieces(self.scratch)
        self.gathered = xp.empty(size, dtype) if len(params) > 1 else None
        self.steps = np.full(len(params), step or 0, np.float32)
        if step is not None:
            for state, piece in zip(states, self.steps.reshape(-1, 1)):
                keep_in(state, "step", piece.reshape(()))
        self.state = {name: self.packed(name, xp.zeros(size, dtype)) for name in names}
        # What may have been replaced when the next step begins:
        self.arrays = [*map(memory, params)]
        self.remembers = step is not None or bool(names)
        self.state_values = [value for state in states if state for value in state.values()]
        kept = names if step is None else (*names, "step")
        self.state_tensors = [state[name] for state in states for name in kept]
        self.state_arrays = [tensor.array for tensor in self.state_tensors]

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
            if is_known(state, name):
                saved = raw(state[name])
                if saved.shape != piece.shape:
                    raise RuntimeError(
                        f"The state {name!r} has shape {list(saved.shape)}, but its parameter has {list(piece.shape)}: "
                        "was it saved for other parameters?"
                    )
                overwrite(piece, saved)
            keep_in(state, name, piece)
        return flat

    def gradient(self) -> Any:
        """The gradients of all parameters.  Not to be changed: it may be a `.grad` itself."""
        arrays = [p._grad.array.reshape(-1) for p in self.params]  # type: ignore[union-attr]
        if self.gathered is None:
            return on_its_gpu(arrays[0])
        return array_module(self.gathered).concatenate(arrays, out=self.gathered)

    def values(self) -> Any:
        """The parameters themselves.  Not to be changed: change them by `subtract_scratch`."""
        arrays = [p.array.reshape(-1) for p in self.params]
        return arrays[0] if self.gathered is None else array_module(self.gathered).concatenate(arrays)

    def scale(self, factor: float) -> None:
        """p *= factor for every parameter, in place."""
        for p in self.params:
            array = on_its_gpu(p.array)
            array *= factor

    def subtract_scratch(self) -> None:
        """p -= scratch for every parameter, in place."""
        for p, piece in zip(self.params, self.scratch_pieces):
            p.array -= piece

    def count_step(self) -> int:
        """Begin the next step: its number."""
        self.steps += 1
        return int(self.steps[0])

    def is_intact(self, states: Any) -> bool:
        """Whether parameters and state live where they did, and all have made equally many steps.

        A user may have put others in their place.  states: the optimizer's.
        """
        if not all(map(is_, map(memory, self.params), self.arrays)):
            return False
        if not self.remembers:
            return True
        if not all(map(is_, map(states.get, self.params), self.states)):
            return False
        values = [value for state in self.states for value in state.values()]
        return (
            len(values) == len(self.state_values)
            and all(map(is_, values, self.state_values))
            and all(map(is_, map(memory, self.state_tensors), self.state_arrays))
            and len(set(self.steps.tolist())) == 1
        )


NOT_MADE_YET: Any = (SimpleNamespace(params=(None,)),)
"""In the place of blocks until there are some: they fit no parameters, not even none."""


def is_known(state: Any, name: str) -> bool:
    """Whether a parameter's state has a value of a name (PyTorch may save None for one that it lacks)."""
    return state.get(name) is not None


def keep_in(state: Any, name: str, array: Any) -> None:
    """Let a state's tensor live in an array: the tensor that is there already, which others may hold."""
    if isinstance(state.get(name), Tensor):
        state[name].array = array
    else:
        state[name] = wrap(array)


def still_fit(blocks: list[Block], params: list[Tensor], names: tuple[str, ...], states: Any) -> bool:
    """Whether blocks hold just these parameters, and neither their memory nor their state has been replaced."""
    members = [*chain.from_iterable(map(attrgetter("params"), blocks))]
    if len(members) != len(params) or not all(map(is_, members, params)):
        return False
    return all(block.names == names and block.is_intact(states) for block in blocks)


def blocks_of(params: list[Tensor], state: Any, names: tuple[str, ...], counts_steps: bool) -> list[Block]:
    """Parameters in blocks, in their order: neighbours alike in dtype, device and number of steps made."""
    remembers = counts_steps or bool(names)
    blocks: list[list[Tensor]] = []
    kind_before, room = None, 0
    for p in params:
        kind = p.array.dtype, p.array.device, history(state[p], names) if remembers else None
        room -= p.array.size
        if kind != kind_before or room < 0:
            blocks.append([])
            kind_before, room = kind, LIMIT - p.array.size
        blocks[-1].append(p)
    return [
        Block(
            members,
            [state[p] if remembers else None for p in members],
            names,
            history(state[members[0]], names)[0] if counts_steps else None,
        )
        for members in blocks
    ]


def history(state: Any, names: tuple[str, ...]) -> tuple[int, bool]:
    """How many steps a parameter's state has seen, and whether all of it is known."""
    return int(raw(state.get("step", 0))), all(is_known(state, name) for name in names)
