"""All that is timed, by name: who takes part, how a step is built, and which ratio is aimed at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from operator import mul

from benchmarks import loops
from benchmarks.contestants import CONTESTANTS, training
from benchmarks.workloads import PERCEPTRONS, Step

BUFFERS = "NumPy, buffers"
TRAINERS = tuple(CONTESTANTS)
ENGINES = "minigrad", "torch"
OP_CONTESTANTS = "minigrad", "torch", "NumPy"


@dataclass(frozen=True)
class Task:
    """One row of the report.

    build: from a contestant's name to a step.  steps: in a round.  parts: by what a step's time is divided.
    goals: the largest ratio of minigrad's time to another's that is aimed at.  gives_seconds: the step itself says
    how long it took.
    """

    title: str
    build: Callable[[str], Step]
    contestants: tuple[str, ...]
    steps: int
    parts: int = 1
    goals: dict[str, float] = field(default_factory=dict)
    gives_seconds: bool = False


GOALS = {
    "linear-regression": (0.25, 1.7),
    "circles": (0.25, 1.7),
    "circles-relu": (0.25, 1.7),
    "blobs": (0.25, 1.7),
    "mnist-sgd": (0.7, 1.1),
    "mnist-adam": (0.6, 1.15),
    "width-2048": (0.6, 1.1),
}
"""Of training steps: against PyTorch, and against NumPy with reused buffers."""


def training_task(name: str) -> Task:
    workload = PERCEPTRONS[name]
    goals = dict(zip(("torch", BUFFERS), GOALS[name]))
    return Task(workload.title, partial(training, workload=workload), TRAINERS, workload.steps, goals=goals)


TASKS: dict[str, Task] = {
    **{name: training_task(name) for name in PERCEPTRONS},
    "mul": Task(
        "one op on 8 floats, forward and backward",
        partial(loops.op, function=mul),
        ENGINES,
        steps=50,
        parts=loops.CHAIN,
        goals={"torch": 0.75},
    ),
    "tanh": Task(
        "one op on 8 floats, forward and backward",
        partial(loops.op, function=lambda y, _w: y.tanh()),
        ENGINES,
        steps=50,
        parts=loops.CHAIN,
        goals={"torch": 0.75},
    ),
    "mnist-epoch": Task("938 batches by DataLoader", loops.epoch, ENGINES, steps=1, goals={"torch": 0.5}),
    "import": Task(
        "the library, in a new process", loops.seconds_to_import, ENGINES, 1, goals={"torch": 0.1}, gives_seconds=True
    ),
}
