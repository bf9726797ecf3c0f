"""Records what a training script does at each `backward()`, without a change to the script.

A step begins with a `backward()` and ends before the next one: in between, an optimizer or a line like
`w -= lr * w.grad` has changed the leaves that the gradients arrived at.
"""

from __future__ import annotations

import os
import pickle
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from minigrad.comparison.names import Names

FULL_RECORD_BYTES = 10**9
"""Gradients and parameters of every step are kept up to this size, and those of every 100th step after it."""

Arrays = dict[str, Any]
"""NumPy arrays by the names of the leaves; None for one without a gradient."""


class Step(NamedTuple):
    """One step; recorded when it has ended."""

    model: str
    """What is trained, by its name in the script: `model`; `model (2)` where the script has begun anew."""
    seconds: float | None
    """From this `backward()` to the next, whatever the script does in between, less the recorder's own time.  None at
    the last step."""
    printed: int
    """How many bytes the script had printed when the step began."""
    loss: Any
    """The tensor on which `backward()` was called."""
    start: Arrays
    """The values that leaves had which are met for the first time."""
    gradients: Arrays | None
    """The `.grad` of the leaves after the pass; None where they were not kept (FULL_RECORD_BYTES)."""
    parameters: Arrays | None
    """The leaves at the end of the step; None where they were not kept."""
    places: tuple[str, ...] = ("cpu",)
    """The devices that the leaves are on."""


class EnoughSteps(BaseException):
    """Ends the script after the number of steps that was asked for; `except Exception` does not stop it."""


class Recorder:
    """Writes the steps to the file `records`, and a byte for each to `steps`.

    last_step: after it the script is ended.  disturbed: move each element of each gradient up or down by one rounding,
    as another order of summation may: see `disturb`.
    """

    def __init__(self, torch: ModuleType, folder: Path, last_step: int | None = None, disturbed: bool = False) -> None:
        self.torch = torch
        self.records = (folder / "records").open("wb")
        self.step_counter = os.open(folder / "steps", os.O_WRONLY | os.O_CREAT)
        self.last_step = last_step
        self.random = np.random.default_rng(0) if disturbed else None
        self.names = Names(torch)
        self.step: Step | None = None
        """The step that has begun, without what is known at its end."""
        self.leaves: dict[str, Any] = {}
        """The leaves of that step."""
        self.steps = 0
        self.array_bytes = 0
        self.within = False
        self.resumed = 0.0
        self.wait: Callable[[], Any] = torch.cuda.synchronize if torch.cuda.is_available() else lambda: None
        """Waits for the GPU, so that what it still computes counts as the script's time and not as the recorder's."""
        torch.Tensor.backward = self.recorded(torch.Tensor.backward)
        torch.autograd.backward = self.recorded(torch.autograd.backward)

    def recorded(self, backward: Callable[..., None]) -> Callable[..., None]:
        """The same function, recorded; PyTorch calls one of the two within the other."""

        def recorded_backward(tensors: Any, *args: Any, **options: Any) -> None:
            if self.within:
                return backward(tensors, *args, **options)
            self.end_step()
            roots = tensors if isinstance(tensors, (list, tuple)) else [tensors]
            loss = np.array(array_of(roots[-1]))
            leaves = list(leaves_of(roots))
            before = [(leaf, array_of(leaf).copy()) for leaf in leaves if self.names.is_new(leaf)]
            self.within = True
            self.resumed = began = time.perf_counter()
            try:
                backward(tensors, *args, **options)
            finally:
                self.within = False
            self.wait()
            taken = time.perf_counter() - began
            self.begin_step(loss, leaves, before)
            self.resumed = time.perf_counter() - taken
            return None

        return recorded_backward

    def begin_step(self, loss: np.ndarray, leaves: list[Any], before: list[tuple[Any, np.ndarray]]) -> None:
        """Note what is there once the gradients have arrived."""
        self.names.learn([leaf for leaf, _ in before], sys._getframe(2))
        self.leaves = dict(sorted((self.names.of(leaf), leaf) for leaf in leaves))
        for leaf in leaves:
            self.disturb(leaf)
        kept = self.array_bytes < FULL_RECORD_BYTES or self.steps % 100 == 0
        sys.stdout.flush()
        self.step = Step(
            model=self.names.model_of(leaves),
            seconds=None,
            printed=os.fstat(1).st_size,
            loss=loss,
            start={self.names.of(leaf): value for leaf, value in before},
            gradients={name: copy_of(leaf.grad) for name, leaf in self.leaves.items()} if kept else None,
            parameters=None,
            places=tuple(sorted({str(leaf.device) for leaf in leaves})),
        )

    def disturb(self, leaf: Any) -> None:
        """Move each element of a gradient up or down by one rounding, if that was asked for.

        Of an element that is smaller than their root mean square, it is a rounding of that: its summands cancel, and
        their rounding stays.  A zero stays zero.
        """
        if self.random is None or leaf.grad is None:
            return
        g = array_of(leaf.grad)
        size = np.maximum(np.abs(g), np.sqrt(np.mean(g * g))) * (g != 0)
        moved = g + size * np.finfo(g.dtype).eps * self.random.choice(np.array([-1, 1], g.dtype), g.shape)
        with self.torch.no_grad():
            leaf.grad.copy_(self.torch.from_numpy(np.asarray(moved, g.dtype)))

    def end_step(self, last: bool = False) -> None:
        """Write the step that the next `backward()`, or the end of the script, has ended."""
        if self.step is None:
            return
        self.wait()
        seconds = None if last else time.perf_counter() - self.resumed
        parameters = {name: array_of(leaf) for name, leaf in self.leaves.items()}
        step = self.step._replace(seconds=seconds, parameters=None if self.step.gradients is None else parameters)
        for arrays in (step.gradients or {}, step.parameters or {}):
            self.array_bytes += sum(array.nbytes for array in arrays.values() if array is not None)
        pickle.dump(step, self.records, protocol=5)
        self.records.flush()  # it has left this process
        os.write(self.step_counter, b".")
        self.step, self.steps = None, self.steps + 1
        if self.steps == self.last_step and not last:
            raise EnoughSteps


def leaves_of(roots: Sequence[Any]) -> Iterator[Any]:
    """The tensors at which the gradients of a pass arrive, each once."""
    seen, waiting = set(), []
    for root in roots:
        if root.grad_fn is None:
            yield root
        else:
            waiting.append(root.grad_fn)
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        waiting += [edge for edge, _ in node.next_functions]
        if not node.next_functions:
            leaf = node.receiver() if hasattr(node, "receiver") else getattr(node, "variable", None)
            if leaf is not None:
                yield leaf


def array_of(tensor: Any) -> Any:
    """The values of a tensor as a NumPy array, which may share the tensor's memory; None for None."""
    return None if tensor is None else tensor.detach().cpu().numpy()


def copy_of(tensor: Any) -> Any:
    """The values of a tensor as a NumPy array of its own; None for None."""
    return None if tensor is None else array_of(tensor).copy()


def read_steps(path: Path) -> Iterator[Step]:
    """The recorded steps, one at a time; one that a crash cut short ends them."""
    if not path.exists():
        return
    with path.open("rb") as file:
        while True:
            try:
                yield pickle.load(file)
            except (EOFError, pickle.UnpicklingError):
                return
