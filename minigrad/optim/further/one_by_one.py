"""For optimizers that look at each parameter as a whole: at its shape, or at numbers of its own."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.arrays import array_module, on_its_gpu
from minigrad.engine.graph import wrap
from minigrad.optim.optimizer import Group, Optimizer
from minigrad.tensor import Tensor


class One:
    """A parameter with a gradient, and its state: as a `Block` of it alone, but in its own shape."""

    def __init__(self, p: Tensor, state: dict[str, Any]) -> None:
        self.params = [p]
        self.state = state
        self.array = on_its_gpu(p.array)

    def gradient(self) -> Any:
        """The gradient.  Not to be changed: it may be the `.grad` itself."""
        return self.params[0]._grad.array  # type: ignore[union-attr]

    def values(self) -> Any:
        """The parameter itself."""
        return self.array

    def scale(self, factor: float) -> None:
        """p *= factor, in place."""
        self.array *= factor

    def scratch(self) -> Any:
        """An array of the parameter's shape to compute in."""
        return array_module(self.array).empty_like(self.array)

    def zeros(self, *shape: int) -> Tensor:
        """Zeros to begin a state with, in the parameter's dtype, where it lives."""
        return wrap(array_module(self.array).zeros(shape, self.array.dtype))

    def kept(self, name: str) -> Any:
        """The array of a state that is to be changed in place."""
        return on_its_gpu(self.state[name].array)

    def number(self, name: str) -> float:
        """A number of the state."""
        return float(self.state[name])

    def put_number(self, name: str, value: Any) -> None:
        """Keep a number, in the tensor that is there (files of older versions have none)."""
        if not isinstance(self.state.get(name), Tensor):
            self.state[name] = a_number(float(value))
        self.state[name].fill_(value)

    def count_step(self) -> int:
        """Begin the next step: its number."""
        self.put_number("step", self.number("step") + 1)
        return int(self.number("step"))


class OneByOne(Optimizer):
    """Base of the optimizers that update one parameter at a time: `update` gets a `One` in the place of a block."""

    def blocks(self, _number: int, group: Group) -> Any:
        """A group's parameters that have a gradient, each when its turn comes: CuPy works on its GPU from then on."""
        found = [p for p in group["params"] if p._grad is not None]
        if not found:
            self.warn_of_no_gradient()
        for p in found:
            one = One(p, self.state[p])
            if not one.state:
                one.state.update(self.first_state(one, group))
            yield one

    def first_state(self, one: One, group: Group) -> dict[str, Any]:
        """What is kept for a parameter, before its first step."""
        raise NotImplementedError


def a_number(value: float) -> Tensor:
    """A number of a state: a tensor of float32 on the CPU."""
    return wrap(np.asarray(value, np.float32))
