"""torch.multiprocessing and utils.benchmark beside PyTorch's."""

from __future__ import annotations

import importlib
import multiprocessing
import re

import pytest
from engines import error_of, needs_torch, same
from processes import python

import minigrad

SPAWNED = """
import torch, sys
import torch.multiprocessing as mp

def work(i, queue, start):
    queue.put((i, (torch.ones(2) * i + start).tolist()))

def fail(i):
    if i == 1:
        raise ValueError("number one")

def leave(i):
    sys.exit(3)

if __name__ == "__main__":
    queue = mp.get_context("spawn").SimpleQueue()
    mp.spawn(work, args=(queue, 5), nprocs=2)
    print(sorted(queue.get() for _ in range(2)))
    try:
        mp.spawn(fail, nprocs=2)
    except mp.ProcessRaisedException as error:
        print(error.error_index, "ValueError: number one" in str(error), str(error).splitlines()[2])
    context = mp.start_processes(leave, nprocs=1, join=False, start_method="fork")
    try:
        while not context.join():
            pass
    except mp.ProcessExitedException as error:
        print(error.exit_code, error)
"""


def test_spawn(tmp_path):
    script = tmp_path / "spawned.py"
    script.write_text(SPAWNED)
    needs_torch()
    theirs, ours = python(str(script)), python("-m", "minigrad", str(script))
    assert ours.stdout == theirs.stdout != "", ours.stderr


def test_it_is_pythons():
    assert minigrad.multiprocessing.Process is multiprocessing.Process
    assert minigrad.multiprocessing.Queue == multiprocessing.Queue
    assert minigrad.multiprocessing.cpu_count() == multiprocessing.cpu_count()


def timer_of(engine):
    return importlib.import_module(f"{engine.__name__}.utils.benchmark").Timer


def test_a_timer_prints_what_pytorchs_does():
    def scenario(engine):
        shown = []
        for options in (
            {"stmt": "x + 1", "setup": "x = torch.ones(3)"},
            {"stmt": "\n    y = x + 1\n    y * 2", "globals": {"x": engine.ones(3)}, "label": "add", "sub_label": "3"},
            {"stmt": "x + 1\nx", "setup": "x = 1\nz = 2", "description": "ints", "num_threads": 2},
        ):
            measurement = timer_of(engine)(**options).timeit(20)
            text = re.sub(r"[\d.]+ (ns|us|ms)", "TIME", str(measurement))
            shown.append([re.sub("0x[0-9a-f]+", "", line) for line in text.splitlines()[1:]])
            shown.append((measurement.number_per_run, len(measurement.times), measurement.stmt, measurement.title))
        return shown

    same(scenario)


def test_a_timer_measures():
    calls = []
    timer = minigrad.utils.benchmark.Timer("calls.append(1)", globals={"calls": calls})
    found = timer.timeit(50)
    assert len(calls) == 52
    assert 0 < found.median == found.mean < 0.01
    blocked = timer.blocked_autorange(min_run_time=0.02)
    assert sum(blocked.raw_times) >= 0.02
    assert blocked.number_per_run in (10**n for n in range(8))
    assert blocked.iqr >= 0
    adaptive = timer.adaptive_autorange(max_run_time=0.2)
    assert "Median: " in str(adaptive)


def test_timers_of_other_languages_are_refused():
    def scenario(engine):
        return error_of(timer_of(engine), 3), error_of(timer_of(engine), "x", global_setup="y")

    same(scenario)
    with pytest.raises(NotImplementedError, match="times Python alone"):
        minigrad.utils.benchmark.Timer("x", language="c++")
