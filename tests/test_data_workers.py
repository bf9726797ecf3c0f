"""Loaders with worker processes: the same batches, the same random numbers, and nothing left behind."""

from __future__ import annotations

import gc
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from multiprocessing import resource_tracker
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest
from engines import torch
from processes import LIMIT
from same_draws import bits, in_step
from test_data import CUSTOM, LIBRARIES, drawn_by, made, numbers, plain, same, through

import minigrad
from minigrad.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, get_worker_info


@pytest.fixture(autouse=True)
def nothing_left_behind():
    """No worker outlives its test, not as a zombie either."""
    yield
    gc.collect()
    assert multiprocessing.active_children() == []
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    assert set(map(int, children)) <= {resource_tracker._resource_tracker._pid}


class Calls(Dataset):
    """The samples are what a function gives for each index."""

    def __init__(self, function, size=8):
        self.function, self.size = function, size

    def __getitem__(self, index):
        return self.function(index)

    def __len__(self):
        return self.size


def plainly(samples):
    return samples


def loader(function, size=8, **options):
    return DataLoader(Calls(function, size), **{"collate_fn": plainly, "num_workers": 2, **options})


# Batches and random numbers ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"shuffle": True},
        {"shuffle": True, "drop_last": True, "prefetch_factor": 1},
        {"shuffle": True, "persistent_workers": True},
        {"shuffle": True, "persistent_workers": True, "take": 2},
        {"shuffle": True, "take": 1},
        {"shuffle": True, "batch_size": None},
    ],
    ids=str,
)
@pytest.mark.parametrize("seed", [None, 9])
def test_orders_and_draws_are_torchs(options, seed):
    options = {"batch_size": 3, "num_workers": 2, "epochs": 2, **options}
    assert isinstance(same(lambda lib: through(lib, 10, seed, **options)), tuple)


@pytest.mark.parametrize("custom", ["a sampler", "a sampler of samples", "batches of tuples", "numbers of NumPy"])
def test_samplers_of_the_users_own(custom):
    assert isinstance(same(lambda lib: through(lib, 7, None, num_workers=2, epochs=2, **CUSTOM[custom](lib))), tuple)


class Draws:
    """A dataset of either library: the numbers that are drawn in a worker, and what that knows of itself."""

    def __init__(self, lib):
        self.lib = lib

    def __getitem__(self, index):
        info = self.lib.utils.data.get_worker_info()
        drawn = self.lib.rand(2).tolist(), random.random(), np.random.random()
        return index, drawn, info.id, info.num_workers, info.seed, type(info.dataset).__name__

    def __len__(self):
        return 6


@pytest.mark.parametrize("persistent", [False, True])
@pytest.mark.parametrize("seed", [None, 2])
def test_random_numbers_in_workers_are_torchs(seed, persistent):
    def drawn(lib):
        options = {"batch_size": 2, "num_workers": 2, "collate_fn": plainly, "persistent_workers": persistent}
        batches = DataLoaderOf(lib)(Draws(lib), generator=made(lib, seed), **options)
        return [list(batches) for epoch in range(2)]

    _, epochs = same(drawn)
    assert epochs[0] != epochs[1]


def DataLoaderOf(lib):
    return lib.utils.data.DataLoader


def test_worker_init_fn_is_called_in_each_worker():
    def seeded(number):
        random.seed(100 + number)

    drawn = list(loader(lambda i: random.random(), size=4, worker_init_fn=seeded))
    assert drawn == [[random.Random(100).random()], [random.Random(101).random()], *drawn[2:]]
    assert get_worker_info() is None


@pytest.mark.parametrize("size", [0, 1, 5, 12])
def test_streams_in_workers(size):
    def batches(lib):
        class Shards(lib.utils.data.IterableDataset):
            def __iter__(self):
                info = lib.utils.data.get_worker_info()
                return iter(range(size)[info.id :: info.num_workers] if info.id else range(0, size, 3))

        options = {"batch_size": 2, "num_workers": 2}
        plain_, kept = ({**options, "persistent_workers": kept} for kept in (False, True))
        return [list(DataLoaderOf(lib)(Shards(), **plain_)) for _ in range(2)], [
            list(each) for each in [DataLoaderOf(lib)(Shards(), **kept)] * 2
        ]

    assert isinstance(same(batches), tuple)


def test_batches_of_workers_are_writable_and_keep_their_grad_flags():
    (x,), (y,) = DataLoader(TensorDataset(minigrad.ones(2, 3)), num_workers=2)
    x.add_(1)
    assert x.tolist() == [[2.0] * 3]
    assert y.tolist() == [[1.0] * 3]


def test_batches_larger_than_a_pipe():
    large = minigrad.arange(6 * 500_000.0).reshape(6, -1)
    batches = DataLoader(TensorDataset(large), batch_size=1, num_workers=2, prefetch_factor=3)
    assert [bits(x) for (x,) in batches] == [bits(row.reshape(1, -1)) for row in large]


def test_many_large_tasks_do_not_block():
    tasks = [list(range(60_000))] * 6  # each more than a pipe holds
    lengths = DataLoader(Calls(lambda i: i, 60_000), batch_sampler=tasks, num_workers=1, collate_fn=len)
    assert list(lengths) == [60_000] * 6


def test_out_of_order():
    others_are_here = multiprocessing.Event()

    def slow(index):
        if index == 0:
            others_are_here.wait(LIMIT)
        return index

    loading = iter(loader(slow, in_order=False))
    batches = [next(loading)[0] for _ in range(6)]
    others_are_here.set()
    batches += [batch for (batch,) in loading]
    assert sorted(batches) == list(range(8))
    assert batches[-2:] == [0, 2]  # the other worker has loaded all others meanwhile
    assert [batch for (batch,) in loader(lambda i: i, in_order=True)] == list(range(8))


@pytest.mark.parametrize("start", ["fork", "spawn", "forkserver"])
def test_ways_to_start_a_process(start):
    batches = list(DataLoader(numbers(minigrad, 4), 2, num_workers=1, multiprocessing_context=start))
    assert plain(batches) == plain(list(DataLoader(numbers(minigrad, 4), 2)))
    if start == "forkserver":
        from multiprocessing import forkserver

        forkserver._forkserver._stop()


def test_what_spawn_cannot_send_is_refused():
    with pytest.raises((AttributeError, TypeError), match=r"lambda|local object"):
        list(loader(lambda i: i, multiprocessing_context="spawn"))


# Workers come and go ----------------------------------------------------------------------------------------


def test_workers_are_gone_after_the_loop_and_after_a_break():
    batches = loader(lambda i: os.getpid())
    pids = {pid for (pid,) in batches}
    assert len(pids) == 2
    assert os.getpid() not in pids
    assert multiprocessing.active_children() == []
    for _ in batches:
        break
    assert multiprocessing.active_children() == []
    half = iter(batches)
    next(half)
    assert len(multiprocessing.active_children()) == 2
    del half
    assert multiprocessing.active_children() == []


def test_workers_are_gone_after_an_exception_in_the_loop():
    def stumble():
        for _ in loader(lambda i: i):
            raise ValueError("in the loop")

    with pytest.raises(ValueError, match="in the loop"):
        stumble()
    gc.collect()
    assert multiprocessing.active_children() == []


def test_persistent_workers_stay():
    batches = loader(lambda i: os.getpid(), persistent_workers=True)
    first = [pid for (pid,) in batches]
    for _ in batches:
        break
    assert [pid for (pid,) in batches] == first
    assert {process.pid for process in multiprocessing.active_children()} == set(first)
    gc.disable()
    try:
        del batches
        assert multiprocessing.active_children() == []
    finally:
        gc.enable()


def test_loaders_side_by_side_end_by_themselves(monkeypatch):
    first, second = (loader(lambda i: i, persistent_workers=True) for _ in range(2))
    list(first)
    workers = multiprocessing.active_children()
    list(second)
    join = BaseProcess.join
    monkeypatch.setattr(BaseProcess, "join", lambda process, timeout=None: join(process, LIMIT))
    del first  # whose pipes the workers of the second have been started with
    assert [worker.exitcode for worker in workers] == [0, 0], "they did not go, and were killed"
    assert len(multiprocessing.active_children()) == 2
    assert len(list(second)) == 8


# Exceptions -------------------------------------------------------------------------------------------------


class Odd(Exception):
    def __init__(self, one, two):
        super().__init__(one, two)


def raising(error):
    def sample(index):
        if index == 3:
            raise error
        return index

    return sample


@pytest.mark.parametrize(
    "error", [ValueError("no good"), KeyError("no good"), OSError(2, "no good"), EOFError("no good")]
)
def test_exceptions_keep_their_type_and_traceback(error):
    for batches in (loader(raising(error)), loader(raising(error), num_workers=1, persistent_workers=True)):
        with pytest.raises(type(error)) as caught:
            list(batches)
        assert type(caught.value) is type(error)
        text = str(caught.value)
        assert text.startswith(f"Caught {type(error).__name__} in DataLoader worker process ")
        assert "\nOriginal Traceback (most recent call last):\n" in text
        assert "in sample" in text
        assert "no good" in text


def test_an_exception_reads_as_torchs():
    texts = []
    for lib in LIBRARIES:
        with pytest.raises(ZeroDivisionError) as caught:
            list(DataLoaderOf(lib)(Calls(lambda i: 1 / 0), num_workers=1))
        texts.append(str(caught.value).splitlines())
    assert texts[0][:2] == texts[1][:2]
    assert texts[0][-1] == texts[1][-1] == "ZeroDivisionError: division by zero"


def test_exceptions_that_cannot_be_made_of_a_text_become_runtime_errors():
    class Unknown(Exception):
        pass

    for error in (Odd(1, 2), Unknown("here"), UnicodeDecodeError("utf-8", b"x", 0, 1, "bad")):
        with pytest.raises(RuntimeError, match=f"Caught {type(error).__name__} in DataLoader worker process"):
            list(loader(raising(error)))


def test_loading_goes_on_after_an_exception():
    batches = iter(loader(raising(ValueError("once"))))
    found = []
    for _ in range(8):
        try:
            found += next(batches)
        except ValueError:
            found.append("error")
    assert found == [0, 1, 2, "error", 4, 5, 6, 7]
    assert next(batches, "end") == "end"


def test_a_batch_that_cannot_be_sent_is_an_error():
    with pytest.raises((AttributeError, TypeError), match="DataLoader worker process 0"):
        list(loader(lambda i: lambda: i))


def fail(number):
    raise ValueError(f"worker {number} cannot start")


def test_worker_init_fn_may_fail():
    with pytest.raises(ValueError, match="worker 0 cannot start"):
        list(loader(lambda i: i, worker_init_fn=fail))


@pytest.mark.parametrize("persistent", [False, True])
def test_a_stream_may_fail_to_start(persistent):
    class Broken(IterableDataset):
        def __iter__(self):
            raise ValueError("no stream today")

    batches = DataLoader(Broken(), num_workers=1, persistent_workers=persistent)
    for _ in range(2):
        with pytest.raises(ValueError, match="no stream today"):
            list(batches)


def test_a_worker_has_no_workers_of_its_own():
    with pytest.raises(AssertionError, match="daemonic processes are not allowed to have children"):
        list(loader(lambda i: list(loader(lambda j: j))))


# Death ------------------------------------------------------------------------------------------------------

FOR_EVER = 2 * LIMIT
"""Seconds of sleep: a loader that waited for them would be stopped by the time limit of the tests."""

DEATHS = {
    "killed by signal 9": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "killed by signal 15": lambda: os.kill(os.getpid(), signal.SIGTERM),
    "exit status 7": lambda: os._exit(7),
    "exit status 8": lambda: sys.exit(8),
}


@pytest.mark.parametrize("death", DEATHS)
@pytest.mark.parametrize("in_order", [True, False])
def test_a_dead_worker_is_reported_not_waited_for(death, in_order):
    def sample(index):
        if index == 3:
            DEATHS[death]()
        if index == 2:
            time.sleep(0.2 if in_order else FOR_EVER)
        return index

    batches = loader(sample, in_order=in_order, persistent_workers=True)
    with pytest.raises(RuntimeError, match=rf"DataLoader worker \(pid\(s\) \d+\) exited unexpectedly: {death}"):
        list(batches)
    assert multiprocessing.active_children() == []


def test_a_worker_killed_while_it_waits_or_sends():
    batches = iter(loader(lambda i: bytes(3_000_000), size=20))
    next(batches)
    time.sleep(0.2)  # they are in the middle of sending
    for process in multiprocessing.active_children():
        process.kill()
    with pytest.raises(RuntimeError, match="killed by signal 9"):
        list(batches)
    assert next(batches, "end") == "end"


def test_a_persistent_loader_starts_anew_after_a_death():
    batches = loader(lambda i: os.getpid(), persistent_workers=True)
    first = next(iter(batches))
    os.kill(first[0], signal.SIGKILL)
    with pytest.raises(RuntimeError, match="killed by signal 9"):
        list(batches)
    assert len(list(batches)) == 8


@pytest.mark.parametrize("in_order", [True, False])
def test_timeout(in_order):
    with pytest.raises(RuntimeError, match=r"DataLoader timed out after 0.5 seconds"):
        list(loader(lambda i: time.sleep(FOR_EVER), timeout=0.5, in_order=in_order))
    assert len(list(loader(lambda i: i, timeout=LIMIT, in_order=in_order))) == 8


SCRIPT = """
import os, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background processes ignore
from minigrad.utils.data import DataLoader, Dataset
class Slow(Dataset):
    def __getitem__(self, index):
        time.sleep(0.05 if index < 4 else 3600)
        return os.getpid()
    def __len__(self):
        return 100
for pids in DataLoader(Slow(), num_workers=2):
    print(int(pids), flush=True)
"""


def interrupted(sent, everyone):
    """A script's errors and exit status, after a signal while its workers load; and its workers."""
    script = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    workers = {int(script.stdout.readline()) for _ in range(4)}
    (os.killpg if everyone else os.kill)(script.pid, sent)
    _, errors = script.communicate(timeout=LIMIT)
    return errors, script.returncode, workers


def test_ctrl_c_shows_one_traceback():
    errors, status, workers = interrupted(signal.SIGINT, everyone=True)
    assert errors.count("Traceback") == 1
    assert errors.rstrip().endswith("KeyboardInterrupt")
    assert status == -signal.SIGINT
    assert not any(os.path.exists(f"/proc/{pid}") for pid in workers)


def test_the_batches_of_a_torch_worker_draw_nothing_here():
    minigrad.manual_seed(5), torch.manual_seed(5)
    for lib in LIBRARIES:
        list(DataLoaderOf(lib)(numbers(lib), shuffle=True, num_workers=1))
    in_step()
    assert drawn_by(made(minigrad, 1)) == drawn_by(made(torch, 1))
