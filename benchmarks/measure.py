"""Let contestants take turns: a process each, rounds in random order, ratios within a round."""

from __future__ import annotations

import json
import math
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import track

from benchmarks.tasks import Task

Results = dict[str, dict[str, Any]]
UNSET = "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"
THREADS = "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"
TOLERANCE = 1e-3
LONG = 0.5
"""Seconds that a step takes of which one round is enough, if it is far behind."""
STARTS = 3
"""How often the processes are started anew for a task: each keeps the luck that its arrays' places in memory have."""
PAUSE = 0.03
"""Seconds between two turns: until the last one's idle threads have stopped looking for work."""


class Worker:
    """A contestant's process, which does one task at a time."""

    def __init__(self, contestant: str, threads: int) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in UNSET}
        environment |= {name: str(threads) for name in THREADS} | {"DEV": "CPU"}
        command = [sys.executable, "-m", "benchmarks.worker", contestant, str(threads)]
        self.contestant = contestant
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def ask(self, task: str, asks: str) -> float:
        """The "loss" of a task that begins, the "seconds" of its next steps, or its peak of "bytes" ("memory")."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps({"task": task, "asks": asks}), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.contestant} failed at {task}: see its error above")
        (answer,) = json.loads(line).values()
        return float(answer)


@contextmanager
def workers_of(contestants: Iterable[str], threads: int) -> Iterator[dict[str, Worker]]:
    """A process for each contestant, ended afterwards."""
    workers = {contestant: Worker(contestant, threads) for contestant in contestants}
    try:
        yield workers
    finally:
        for worker in workers.values():
            worker.process.kill()
            worker.process.communicate()


def measure(tasks: dict[str, Task], contestants: Iterable[str], rounds: int, threads: int) -> Results:
    """All rounds of all tasks, one task after the other, in processes that are started `STARTS` times."""
    results = {}
    for name, task in shown(tasks):
        racing = [each for each in task.contestants if each in contestants]
        losses: dict[str, float] = {}
        seconds: list[dict[str, float]] = []
        for start in range(min(STARTS, rounds)):
            racing = [each for each in racing if not is_far_behind(each, seconds)]
            with workers_of(racing, threads) as workers:
                losses = race(name, workers, share(rounds, start), seconds) | losses
        results[name] = summary(losses, seconds)
    return results


def share(rounds: int, start: int) -> int:
    """How many of the rounds are run by the processes of one start."""
    return rounds // STARTS + (start < rounds % STARTS)


def measure_together(tasks: dict[str, Task], contestants: Iterable[str], rounds: int, threads: int) -> Results:
    """The same in one process for each contestant: for many small tasks."""
    results = {}
    with workers_of(contestants, threads) as workers:
        for name, _ in shown(tasks):
            seconds: list[dict[str, float]] = []
            results[name] = summary(race(name, workers, rounds, seconds), seconds)
    return results


def shown(tasks: dict[str, Task]) -> Iterable[tuple[str, Task]]:
    """The tasks, with a progress bar."""
    return track(tasks.items(), "tasks", console=Console(stderr=True), transient=True)


def race(name: str, workers: dict[str, Worker], rounds: int, seconds: list[dict[str, float]]) -> dict[str, float]:
    """Everyone's loss after the same number of steps; then rounds of timing in turns, added to `seconds`."""
    losses = {contestant: worker.ask(name, "loss") for contestant, worker in workers.items()}
    for _ in range(rounds):
        racing = [contestant for contestant in workers if not is_far_behind(contestant, seconds)]
        times = {}
        for contestant in random.sample(racing, len(racing)):
            time.sleep(PAUSE)
            times[contestant] = workers[contestant].ask(name, "seconds")
        seconds.append(times)
    return losses


def is_far_behind(contestant: str, seconds: list[dict[str, float]]) -> bool:
    """Whether the first round is enough to know of a contestant: its steps are long, and far longer than minigrad's."""
    if not seconds:
        return False
    first = seconds[0]
    return first[contestant] > LONG and first[contestant] > 5 * first["minigrad"]


def summary(losses: dict[str, float], seconds: list[dict[str, float]]) -> dict[str, Any]:
    """Medians and quartiles: of the times, and of minigrad's time divided by each other's in the same round."""
    judge = "torch" if "torch" in losses else "minigrad"
    agree = {name: close(loss, losses[judge]) for name, loss in losses.items()}
    of = {name: [times for times in seconds if name in times] for name in losses}
    ratios = {name: [times["minigrad"] / times[name] for times in of[name]] for name in losses}
    return {
        "losses": losses,
        "losses agree": agree,
        "seconds": {name: statistics.median(times[name] for times in of[name]) for name in losses},
        "ratio": {name: statistics.median(values) for name, values in ratios.items()},
        "quartiles": {name: quartiles(values) for name, values in ratios.items()},
        "rounds": seconds,
    }


def close(a: float, b: float) -> bool:
    """Whether two losses agree: no time of one that does not counts."""
    return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE * 1e-3)


def quartiles(values: list[float]) -> list[float]:
    """The lower and the upper quartile."""
    values = sorted(values)
    return [values[len(values) // 4], values[-1 - len(values) // 4]]


def peaks(names: Iterable[str], contestants: Iterable[str], threads: int) -> dict[str, dict[str, float]]:
    """The peak of memory of each workload, each contestant in a new process."""
    result: dict[str, dict[str, float]] = {}
    for name in names:
        result[name] = {}
        for contestant in contestants:
            with workers_of([contestant], threads) as workers:
                result[name][contestant] = workers[contestant].ask(name, "memory")
    return result


def positive(text: str) -> int:
    """An integer above zero."""
    if int(text) < 1:
        raise ValueError
    return int(text)
