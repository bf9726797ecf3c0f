"""One contestant in a process of its own: told a task, it answers with the fastest and the median time of a step.

Run by `python -m benchmarks`; speaks JSON, a line a request.  Contestants share nothing, for the thread pools of
NumPy's BLAS and of PyTorch would fight over the cores of one process.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import ops
from benchmarks.contestants import CONTESTANTS
from benchmarks.tasks import TASKS, Task
from benchmarks.workloads import PERCEPTRONS, Step, value

ALL = TASKS | ops.TASKS
WARM = 3
"""Steps before those that are timed, at most: the caches are another's after its turn."""


def main() -> None:
    contestant, threads = sys.argv[1], int(sys.argv[2])
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    if CONTESTANTS[contestant].library == "torch":
        importlib.import_module("torch").set_num_threads(threads)
    step: Step
    for line in sys.stdin:
        request = json.loads(line)
        task = ALL[request["task"]]
        if request["asks"] == "memory":
            answer: Any = memory(contestant, task)
        elif request["asks"] == "loss":
            step = task.build(contestant)
            answer = first_loss(step, task)
        else:
            answer = seconds(step, task)
        print(json.dumps(answer), flush=True)


def first_loss(step: Step, task: Task) -> float:
    """The loss after the steps of a round, by which contestants are compared before a time counts."""
    for _ in range(task.steps):
        loss = step()
    if task.gives_seconds:
        return 0.0
    return value(loss)


def seconds(step: Step, task: Task) -> tuple[float, float]:
    """The fastest and the median time of a round's steps."""
    gc.collect()
    if task.gives_seconds:
        times = [step() for _ in range(task.steps)]
        return min(times), statistics.median(times)
    for _ in range(min(WARM, task.steps // 2)):
        step()
    times = []
    for _ in range(task.steps):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return min(times) / task.parts, statistics.median(times) / task.parts


def memory(contestant: str, task: Task) -> int:
    """By how many bytes the process grew at most, from before a task's data was made until after some steps.

    A small task goes first, so that what a library loads and sets up once does not count.
    """
    for _ in range(5):
        TASKS["circles"].build(contestant)()
    gc.collect()
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    step = task.build(contestant)
    for _ in range(5):
        step()
    return resident("VmHWM") - before


def resident(name: str) -> int:
    """The process's memory now (VmRSS) or at its peak (VmHWM), in bytes."""
    fields: dict[str, Any] = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields[name].split()[0]) * 1024


def data_bytes(name: str) -> int:
    """What a workload's batches and parameters take themselves."""
    workload = PERCEPTRONS[name]
    return sum(array.nbytes for pair in workload.batches_of_data() + workload.parameters() for array in pair)


if __name__ == "__main__":
    main()
