"""While a step is recorded, tensors, random numbers, nodes and optimizers tell the thread's tape."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad.compiled.library import Current, Recorded, here, plain, words
from minigrad.compiled.optimizers import recorded_step
from minigrad.compiled.tape import Tape
from minigrad.engine import backward as engine
from minigrad.engine import graph
from minigrad.engine.graph import Node, TensorBase
from minigrad.optim.optimizer import Optimizer
from minigrad.random.generator import Generator

DRAWS = words(
    "uniform normal exponential cauchy log_normal gamma geometric poisson binomial integers all_integers "
    "permutation bernoulli dropout_mask multinomial"
)
"""The methods of a Generator that a program calls again."""

RESEEDS = words("manual_seed seed get_state set_state clone_state drawn_seed")
"""Those that no program repeats."""


NONE = Tape()
NONE.refused = "nothing is recorded", None
Current.tape = NONE
one_at_a_time = threading.RLock()


def array_of_tensor(tensor: TensorBase) -> Any:
    """A tensor's array while some thread records."""
    try:
        array = tensor.__dict__["array"]
    except KeyError:
        raise AttributeError("array") from None
    tape = here.tape
    if tape.refused is not None or tape.paused:
        return plain(array)
    if type(array) is np.ndarray:
        return tape.touch(tensor, array)
    if not isinstance(array, Recorded):
        tape.refuse(f"a tensor whose array is of {type(array).__module__}")
    return array


def set_array_of_tensor(tensor: TensorBase, array: Any) -> None:
    """Give a tensor an array while some thread records."""
    if here.tape.refused is not None:
        tensor.__dict__["array"] = array
    else:
        here.tape.give(tensor, array)


def grad_of_tensor(tensor: TensorBase) -> Any:
    """A tensor's `.grad` while some thread records."""
    here.tape.grad_seen(tensor, True)
    return tensor.__dict__.get("_grad")


def set_grad_of_tensor(tensor: TensorBase, grad: Any) -> None:
    """Give a tensor a `.grad` while some thread records."""
    here.tape.grad_seen(tensor, False)
    tensor.__dict__["_grad"] = grad


def drawing(name: str, method: Any) -> Any:
    """A method of a Generator while some thread records: a program calls those again that draw, and no others."""

    def run(generator: Generator, *args: Any, **kwargs: Any) -> Any:
        if name in DRAWS:
            return here.tape.drawn(generator, name, method, args, kwargs)
        here.tape.refuse(f"Generator.{name}")
        return method(generator, *args, **kwargs)

    return run


def noted_node(value: Any, *rest: Any) -> Node:
    """The node of an op, of whose value the tape hears."""
    node = Node(value, *rest)
    if here.tape.refused is None:
        here.tape.nodes[node] = plain(value), here.tape.where(sys._getframe(1)).layer
    return node


@contextmanager
def recording(tape: Tape) -> Iterator[None]:
    """Within it this thread's tensors hand out recorded arrays.  Not called while somebody watches the engine."""
    with one_at_a_time:
        changes = [
            *((Generator, name, drawing(name, getattr(Generator, name))) for name in DRAWS | RESEEDS),
            (TensorBase, "array", property(array_of_tensor, set_array_of_tensor)),
            (TensorBase, "_grad", property(grad_of_tensor, set_grad_of_tensor)),
            (Optimizer, "step", recorded_step(Optimizer.step)),
            (graph, "new_node", noted_node),
            (engine, "observer", tape),
        ]
        before = [(owner, name, vars(owner)[name]) for owner, name, _ in changes if name in vars(owner)]
        for change in changes:
            setattr(*change)
        here.tape = tape
        try:
            yield
        finally:
            here.tape = NONE
            del TensorBase.array
            for change in before:
                setattr(*change)
            tape.restore()
