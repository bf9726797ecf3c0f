"""Worker processes of a DataLoader: each loads every so-manieth batch, ahead of time.

The main process hands out the indices of batches in turn, and takes the batches in the same order.  Each worker
has two pipes of its own, one for indices and one for batches; the end of a pipe tells either side that the
other is gone, so nobody waits for the dead.
"""

from __future__ import annotations

import multiprocessing
import pickle
import queue
import random
import threading
import time
import traceback
import weakref
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle, islice
from multiprocessing.connection import Connection, wait
from typing import Any

import numpy as np

from minigrad.random import manual_seed
from minigrad.utils.data import worker_info
from minigrad.utils.data.dataset import IterableDataset
from minigrad.utils.data.loader import Batches, DataLoader, fetcher


@dataclass(frozen=True)
class Restart:
    """A task: begin again, for another epoch."""


@dataclass(frozen=True)
class EndOfStream:
    """An answer: this worker's copy of the stream has no more samples."""


# In the main process ----------------------------------------------------------------------------------------


class WorkersBatches(Batches):
    """One epoch of a loader, loaded by worker processes (and, if they persist, the epochs after it)."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        self.batches_ahead = (loader.prefetch_factor or 1) * loader.num_workers
        self.timeout = loader.timeout
        self.in_order = loader.in_order
        self.persistent = loader.persistent_workers
        self.workers: list[Worker] = []
        self.stop = weakref.finalize(self, stop, self.workers)
        context = loader.multiprocessing_context or multiprocessing.get_context()
        for number in range(loader.num_workers):
            self.workers.append(Worker(context, loader, number, self.base_seed))
        self.hand_out()

    def make_fetch(self, _loader: DataLoader[Any]) -> Any:
        """The workers fetch."""
        return None

    def begin(self, loader: DataLoader[Any]) -> None:
        """Start another epoch with the same workers."""
        while self.pending:  # what a `break` has left behind
            self.next_answer()
        for worker in self.workers:
            worker.send(Restart())
            worker.ended = False
        self.yielded = 0
        self.length_told = loader._length_told
        self.hand_out()

    def hand_out(self) -> None:
        """Start an order, and give every worker its first batches to load."""
        self.order = iter(self.index_sampler)
        self.turns = cycle(self.workers)
        self.pending: deque[Worker] = deque()
        for _ in range(self.batches_ahead):
            self.hand_out_next()

    def hand_out_next(self) -> None:
        """Give the indices of one more batch to the worker whose turn it is, or that has least to do."""
        working = [worker for worker in self.workers if not worker.ended]
        if not working:
            return
        try:
            indices = next(self.order)
        except StopIteration:
            return
        if self.in_order:
            worker = next(worker for worker in self.turns if not worker.ended)
        else:
            worker = min(working, key=self.pending.count)
        worker.send(indices)
        self.pending.append(worker)

    def next_batch(self) -> Any:
        """The next batch; an exception that a worker met is raised here."""
        while self.pending:
            worker, answer = self.next_answer()
            worker.ended = isinstance(answer, EndOfStream)
            self.hand_out_next()
            if isinstance(answer, Failure):
                raise answer.exception()
            if not worker.ended:
                return answer
        if not self.persistent:
            self.stop()
        raise StopIteration

    def next_answer(self) -> tuple[Worker, Any]:
        """The next answer, and whose it is.  RuntimeError, and the end of all workers, if it cannot come."""
        try:
            worker = self.next_to_answer()
            self.pending.remove(worker)
            answer = worker.receive()
        except RuntimeError:
            self.pending.clear()
            for worker in self.workers:
                worker.process.kill()
            self.stop()
            raise
        return worker, pickle.loads(answer)

    def next_to_answer(self) -> Worker:
        """The worker that was asked first (with in_order=False: any), once it has answered or closed its pipe."""
        asked = {worker.batches: worker for worker in islice(self.pending, 1 if self.in_order else None)}
        last_moment = time.monotonic() + self.timeout
        while not (ready := wait(list(asked), min(self.timeout or 1, 1))):
            for worker in asked.values():
                if not worker.process.is_alive():  # its pipe may be open yet, in a process that it has started
                    raise worker.loss()
            if self.timeout and time.monotonic() >= last_moment:
                raise RuntimeError(f"DataLoader timed out after {self.timeout} seconds")
        return asked[ready[0]]


alive: weakref.WeakSet[Worker] = weakref.WeakSet()
"""The workers of this process, of all loaders."""


class Worker:
    """A worker process as the main process sees it."""

    def __init__(self, context: Any, loader: DataLoader[Any], number: int, base_seed: int) -> None:
        its_indices, self.indices = context.Pipe(duplex=False)
        self.batches, its_batches = context.Pipe(duplex=False)
        self.ended = False
        alive.add(self)
        job = Job(
            loader.dataset,
            loader.batch_sampler,
            loader.collate_fn,
            loader.drop_last,
            loader.worker_init_fn,
            number,
            loader.num_workers,
            base_seed,
        )
        self.process = context.Process(target=work, args=(job, its_indices, its_batches), daemon=True)
        self.process.start()
        # Left open here, these would hide from us that the worker is gone, and from later workers too.
        its_indices.close()
        its_batches.close()

    def send(self, task: Any) -> None:
        """Give it the indices of a batch."""
        with suppress(BrokenPipeError):  # it is gone, which its answers will tell
            self.indices.send_bytes(pickle.dumps(task))

    def receive(self) -> bytes:
        """Its next answer, pickled.  RuntimeError if it is gone."""
        try:
            answer: bytes = self.batches.recv_bytes()
        except (EOFError, OSError):  # between two answers, or in the middle of one
            raise self.loss() from None
        return answer

    def loss(self) -> RuntimeError:
        """What to raise when it is gone."""
        self.process.join()
        return RuntimeError(
            f"DataLoader worker (pid(s) {self.process.pid}) exited unexpectedly: {ended_by(self.process.exitcode)}. "
            "Rerunning with num_workers=0 may give better error trace."
        )

    def close(self) -> None:
        """Close this side of its pipes, which tells it to go."""
        self.indices.close()
        self.batches.close()


def ended_by(status: int | None) -> str:
    """A process's exit status in words."""
    return f"killed by signal {-status}" if status is not None and status < 0 else f"exit status {status}"


def stop(workers: list[Worker]) -> None:
    """Let the workers go, and wait until they have gone: five seconds, then they are killed."""
    for worker in workers:
        worker.close()
    last_moment = time.monotonic() + 5
    for worker in workers:
        worker.process.join(timeout=max(0, last_moment - time.monotonic()))
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()


# In a worker ------------------------------------------------------------------------------------------------


@dataclass
class Job:
    """What a worker is told at its start."""

    dataset: Any
    batch_sampler: Any
    collate_fn: Any
    drop_last: bool
    worker_init_fn: Any
    number: int
    workers: int
    base_seed: int


@dataclass
class Failure:
    """An exception of a worker, on its way to the main process."""

    kind: type[BaseException]
    name: str
    text: str
    number: int

    def exception(self) -> BaseException:
        """An exception of the same type, with the worker's traceback in its message."""
        message = f"Caught {self.name} in DataLoader worker process {self.number}.\nOriginal {self.text}"
        try:
            return self.kind(Verbatim(message) if self.kind is KeyError else message)
        except Exception:
            return RuntimeError(message)  # an exception type that is not made of one message


class Verbatim(str):
    """Text that a KeyError shows as it is, with its line breaks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return self


def work(job: Job, indices: Connection, batches: Connection) -> None:
    """What a worker does: batch after batch, until the pipe of indices ends."""
    for worker in list(alive):  # a fork has copies of these pipes, which would hide that the main process is gone
        worker.close()
    answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=send_all, args=(answers, batches), daemon=True).start()
    try:
        make = Maker(job)
        while True:
            task = pickle.loads(indices.recv_bytes())
            if isinstance(task, Restart):
                make.begin()
            else:
                answers.put(make(task))
    except (EOFError, KeyboardInterrupt):
        return


def send_all(answers: queue.SimpleQueue[bytes], batches: Connection) -> None:
    """Send answers while the next is being made; a batch that the pipe cannot hold would else hold up its worker."""
    try:
        while True:
            batches.send_bytes(answers.get())
    except BrokenPipeError:
        return


class Maker:
    """Makes a worker's batches, pickled; where that fails, a Failure."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.failure: Failure | None = None
        seed_everything(job)
        worker_info.current = worker_info.WorkerInfo(job.number, job.workers, job.base_seed + job.number, job.dataset)
        try:
            if job.worker_init_fn is not None:
                job.worker_init_fn(job.number)
        except Exception as error:
            self.failure = failure_of(error, job.number)
        else:
            self.begin()

    def begin(self) -> None:
        """Start an epoch.  What fails is the answer to each task."""
        self.ended = False
        try:
            self.fetch = fetcher(self.job)
        except Exception as error:
            self.failure = failure_of(error, self.job.number)

    def __call__(self, indices: Any) -> bytes:
        """The batch of some indices."""
        try:
            return pickle.dumps(self.batch(indices), protocol=pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            return dumped(failure_of(error, self.job.number))

    def batch(self, indices: Any) -> Any:
        """The batch, or that the stream has ended."""
        if self.failure is not None:
            return self.failure
        if self.ended:
            return EndOfStream()
        try:
            return self.fetch(indices)
        except StopIteration:
            if not isinstance(self.job.dataset, IterableDataset):
                raise
            self.ended = True
            return EndOfStream()


def failure_of(error: BaseException, number: int) -> Failure:
    """An exception as a Failure."""
    return Failure(type(error), type(error).__name__, "".join(traceback.format_exception(error)), number)


def dumped(failure: Failure) -> bytes:
    """A Failure pickled; one whose type cannot travel becomes a RuntimeError."""
    try:
        pickle.loads(pickle.dumps(failure))
    except Exception:
        failure.kind = RuntimeError
    return pickle.dumps(failure)


def seed_everything(job: Job) -> None:
    """Seeds as in PyTorch's workers, for Python's, minigrad's and NumPy's random numbers."""
    seed = job.base_seed + job.number
    random.seed(seed)
    manual_seed(seed)
    entropy = [job.number, job.base_seed & 0xFFFFFFFF, job.base_seed >> 32, 0]
    np.random.seed(np.random.SeedSequence(entropy).generate_state(4))
