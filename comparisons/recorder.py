"""Records what a training script does at each optimizer step, without a change to the script."""

from __future__ import annotations

import importlib
import os
import pickle
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, TypeVar

import numpy as np

FULL_RECORD_BYTES = 10**9
"""Gradients and parameters of every step are kept up to this size, and those of every 100th step after it."""


Record = TypeVar("Record")


class Initial(NamedTuple):
    """What an optimizer starts from; recorded before its first step."""

    parameters: list[np.ndarray]
    """Its parameters, less those that an optimizer before it has already changed."""
    places: tuple[str, ...] = ("cpu",)
    """The devices that they are on."""


class Step(NamedTuple):
    """One optimizer step; recorded after it."""

    optimizer: int
    """The script's optimizers are counted from 1, in the order of their first step."""
    seconds: float | None
    """From the end of the step before to the end of this one, whatever the script does in between, less the
    recorder's own time.  None at the first step."""
    loss: np.ndarray | None
    """The tensor on which `backward()` was called last; None when there was none since the step before."""
    gradients: list[np.ndarray | None] | None
    """The gradients of this optimizer's parameters; None where they were not kept (FULL_RECORD_BYTES)."""
    parameters: list[np.ndarray] | None
    """This optimizer's parameters after the step; None where they were not kept."""


class EnoughSteps(BaseException):
    """Ends the script after the number of steps that was asked for; `except Exception` does not stop it."""


class Recorder:
    """Writes an Initial and many Step records to the file `records`, and a byte for each step to `steps`."""

    def __init__(self, torch: ModuleType, folder: Path, last_step: int | None) -> None:
        self.records = (folder / "records").open("wb")
        self.step_counter = os.open(folder / "steps", os.O_WRONLY | os.O_CREAT)
        self.last_step = last_step
        self.optimizers: list[Any] = []
        self.loss: np.ndarray | None = None
        self.steps = 0
        self.array_bytes = 0
        self.own_time = 0.0
        self.resumed: float | None = None
        self.wait = torch.cuda.synchronize if torch.cuda.is_available() else lambda: None
        """Waits for the GPU, so that what it still computes counts as the script's time and not as the recorder's."""
        self.hook_into(torch)

    def hook_into(self, torch: ModuleType) -> None:
        """Let every `backward()` and every `step()` of this process pass here."""
        backward = torch.Tensor.backward

        def recorded_backward(tensor: Any, *args: Any, **options: Any) -> Any:
            self.wait()
            began = time.perf_counter()
            self.loss = np.array(array_of(tensor))
            self.own_time += time.perf_counter() - began
            return backward(tensor, *args, **options)

        torch.Tensor.backward = recorded_backward
        hooks = importlib.import_module("torch.optim.optimizer")
        hooks.register_optimizer_step_pre_hook(self.before_step)
        hooks.register_optimizer_step_post_hook(self.after_step)

    def before_step(self, optimizer: Any, _args: Any, _options: Any) -> None:
        """Record the parameters that an optimizer starts from."""
        self.wait()
        began = time.perf_counter()
        if not any(optimizer is known for known in self.optimizers):
            known = {id(parameter) for other in self.optimizers for parameter in parameters_of(other)}
            new = [parameter for parameter in parameters_of(optimizer) if id(parameter) not in known]
            self.optimizers.append(optimizer)
            self.write(Initial([array_of(parameter) for parameter in new], places_of(new)))
        self.own_time += time.perf_counter() - began

    def after_step(self, optimizer: Any, _args: Any, _options: Any) -> None:
        """Record the step that was just made; stop the script when it was the last one asked for."""
        self.wait()
        seconds = None if self.resumed is None else time.perf_counter() - self.resumed - self.own_time
        number = next(i for i, known in enumerate(self.optimizers, start=1) if known is optimizer)
        gradients, parameters = None, None
        if self.array_bytes < FULL_RECORD_BYTES or self.steps % 100 == 0:
            gradients = [array_of(parameter.grad) for parameter in parameters_of(optimizer)]
            parameters = [array_of(parameter) for parameter in parameters_of(optimizer)]
            self.array_bytes += sum(array.nbytes for array in gradients + parameters if array is not None)
        self.write(Step(number, seconds, self.loss, gradients, parameters))
        self.loss = None
        self.steps += 1
        os.write(self.step_counter, b".")
        if self.steps == self.last_step:
            raise EnoughSteps
        self.own_time = 0.0
        self.resumed = time.perf_counter()

    def write(self, record: Initial | Step) -> None:
        """Append one record; it has left this process when this returns."""
        pickle.dump(record, self.records, protocol=5)
        self.records.flush()


def parameters_of(optimizer: Any) -> list[Any]:
    """All parameters of an optimizer, in its own order."""
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def places_of(parameters: list[Any]) -> tuple[str, ...]:
    """The devices that parameters are on, each once."""
    return tuple(sorted({str(parameter.device) for parameter in parameters}))


def array_of(tensor: Any) -> np.ndarray | None:
    """The values of a tensor as a NumPy array, which may share the tensor's memory; None for None."""
    return None if tensor is None else tensor.detach().cpu().numpy()


def read_records(path: Path, kind: type[Record]) -> Iterator[Record]:
    """The records of one kind, one at a time; a record that a crash cut short ends them."""
    if not path.exists():
        return
    with path.open("rb") as file:
        while True:
            try:
                record = pickle.load(file)
            except (EOFError, pickle.UnpicklingError):
                return
            if isinstance(record, kind):
                yield record
