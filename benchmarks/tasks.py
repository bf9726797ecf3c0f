"""All that is timed, by name: who takes part, how a step is built, and which ratio is aimed at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from operator import mul

from benchmarks import loops
from benchmarks.contestants import CONTESTANTS, training
from benchmarks.nets import NETS
from benchmarks.workloads import PERCEPTRONS, Step

BUFFERS = "NumPy, buffers"
TRAINERS = tuple(CONTESTANTS)
ENGINES = "minigrad", "torch"
COMPILED = "minigrad compiled"
NET_TRAINERS = "minigrad", COMPILED, "torch", "torch.compile"
OP_CONTESTANTS = "minigrad", "torch", "NumPy"


Goals = dict[tuple[str, str], float]


@dataclass(frozen=True)
class Task:
    """One row of the report.

    build: from a contestant's name to a step.  steps: in a round.  parts: by what a step's time is divided.
    goals: by two contestants, the largest ratio of one's time to the other's that is aimed at.  gives_seconds: the step
    itself says how long it took.
    """

    title: str
    build: Callable[[str], Step]
    contestants: tuple[str, ...]
    steps: int
    parts: int = 1
    goals: Goals = field(default_factory=dict)
    gives_seconds: bool = False


SMALL: Goals = {("minigrad", "torch"): 0.4, (COMPILED, "torch"): 0.25, (COMPILED, "jax.jit"): 1.0}
WIDE: Goals = {(COMPILED, BUFFERS): 1.05}
GOALS: dict[str, Goals] = {
    "linear-regression": SMALL,
    "circles": SMALL,
    "circles-relu": SMALL,
    "blobs": SMALL,
    "mnist-sgd": WIDE,
    "mnist-adam": {(COMPILED, "torch"): 0.6},
    "width-2048": WIDE,
    "makemore": {(COMPILED, "torch"): 0.5},
    "lstm": {("minigrad", "torch"): 1.5},
    "transformer": {("minigrad", "torch"): 1.2},
    "mnist-cnn": {("minigrad", "torch"): 1.5},
}
"""Of training steps."""


def training_task(name: str) -> Task:
    workload = PERCEPTRONS.get(name) or NETS[name]
    contestants = TRAINERS if name in PERCEPTRONS else NET_TRAINERS
    build = partial(training, workload=workload)
    return Task(workload.title, build, contestants, workload.steps, goals=GOALS[name])


TASKS: dict[str, Task] = {
    **{name: training_task(name) for name in (*PERCEPTRONS, *NETS)},
    "mul": Task(
        "one op on 8 floats, forward and backward",
        partial(loops.op, function=mul),
        ENGINES,
        steps=50,
        parts=loops.CHAIN,
        goals={("minigrad", "torch"): 0.75},
    ),
    "tanh": Task(
        "one op on 8 floats, forward and backward",
        partial(loops.op, function=lambda y, _w: y.tanh()),
        ENGINES,
        steps=50,
        parts=loops.CHAIN,
        goals={("minigrad", "torch"): 0.75},
    ),
    "mnist-epoch": Task("938 batches by DataLoader", loops.epoch, ENGINES, steps=1, goals={("minigrad", "torch"): 0.5}),
    "import": Task(
        "the library, in a new process",
        loops.seconds_to_import,
        ENGINES,
        steps=1,
        goals={("minigrad", "torch"): 0.1},
        gives_seconds=True,
    ),
}
