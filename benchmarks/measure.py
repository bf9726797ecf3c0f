"""Let contestants take turns: a process each, rounds in random order.

A round gives the fastest and the median time of many steps.  On a machine that does other work too the fastest of all
is what the code costs, and the medians say how much of that a user saw.
"""

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
from typing import Any, NamedTuple

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
REPEATS = 1.1
"""Times by several threads count if the fastest of each start of the processes differ by this factor at most."""
PAUSE = 0.03
"""Seconds between two turns: until the last one's idle threads have stopped looking for work."""


class Times(NamedTuple):
    """Seconds of a step in one round."""

    fastest: float
    median: float


Rounds = list[dict[str, Times]]
"""The times of each contestant in each round."""


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

    def ask(self, task: str, asks: str) -> Any:
        """The "loss" of a task that begins, the "seconds" of its next steps (Times), or its peak of "memory"."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(json.dumps({"task": task, "asks": asks}), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.contestant} failed at {task}: see its error above")
        return json.loads(line)


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
        seconds: Rounds = []
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
            seconds: Rounds = []
            results[name] = summary(race(name, workers, rounds, seconds), seconds)
    return results


def shown(tasks: dict[str, Task]) -> Iterable[tuple[str, Task]]:
    """The tasks, with a progress bar."""
    return track(tasks.items(), "tasks", console=Console(stderr=True), transient=True)


def race(name: str, workers: dict[str, Worker], rounds: int, seconds: Rounds) -> dict[str, float]:
    """Everyone's loss after the same number of steps; then rounds of timing in turns, added to `seconds`."""
    losses = {contestant: worker.ask(name, "loss") for contestant, worker in workers.items()}
    for _ in range(rounds):
        racing = [contestant for contestant in workers if not is_far_behind(contestant, seconds)]
        times = {}
        for contestant in random.sample(racing, len(racing)):
            time.sleep(PAUSE)
            times[contestant] = Times(*workers[contestant].ask(name, "seconds"))
        seconds.append(times)
    return losses


def is_far_behind(contestant: str, seconds: Rounds) -> bool:
    """Whether the first round is enough to know of a contestant: its steps are long, and far longer than minigrad's."""
    if not seconds:
        return False
    first, ours = seconds[0][contestant].median, seconds[0]["minigrad"].median
    return first > LONG and first > 5 * ours


def summary(losses: dict[str, float], seconds: Rounds) -> dict[str, Any]:
    """Of all rounds: each one's fastest and median time, minigrad's divided by each other's, and what repeats.

    ratio: of the fastest times.  quartiles: of the ratios of the medians of one round.
    """
    judge = "torch" if "torch" in losses else "minigrad"
    agree = {name: close(loss, losses[judge]) for name, loss in losses.items()}
    of = {name: [times for times in seconds if name in times] for name in losses}
    ratios = {name: [times["minigrad"].median / times[name].median for times in of[name]] for name in losses}
    fastest = {name: min(times[name].fastest for times in of[name]) for name in losses}
    return {
        "losses": losses,
        "losses agree": agree,
        "fastest": fastest,
        "median": {name: statistics.median(times[name].median for times in of[name]) for name in losses},
        "ratio": {name: fastest["minigrad"] / fastest[name] for name in losses},
        "quartiles": {name: quartiles(values) for name, values in ratios.items()},
        "repeats": {name: repeats([times[name].fastest for times in of[name]]) for name in losses},
        "rounds": seconds,
    }


def repeats(fastest: list[float]) -> bool:
    """Whether each start of the processes came to nearly the same time, given that of each round."""
    shares = [share(len(fastest), start) for start in range(STARTS)]
    of_starts = [min(fastest[sum(shares[:start]) :][:size]) for start, size in enumerate(shares) if size]
    return len(of_starts) > 1 and max(of_starts) <= REPEATS * min(of_starts)


def only_repeated(results: Results) -> Results:
    """The results without the times that do not repeat: those by several threads depend on what else is running."""
    return {name: without_varying(result) for name, result in results.items()}


def without_varying(result: dict[str, Any]) -> dict[str, Any]:
    """A result without contestants whose times do not repeat, and without ratios where minigrad's do not."""
    kept = {name for name, repeated in result["repeats"].items() if repeated}
    of_times = {key: {name: result[key][name] for name in kept} for key in ("fastest", "median")}
    compared = kept if "minigrad" in kept else ()
    return {
        **result,
        **of_times,
        **{key: {name: result[key][name] for name in compared} for key in ("ratio", "quartiles")},
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
