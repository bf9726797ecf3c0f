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
import traceback
import weakref
from collections import deque
from dataclasses import dataclass
from itertools import cycle
from multiprocessing.connection import Connection, wait
from typing import Any

import numpy as np

from minigrad.random import manual_seed
from minigrad.utils.data import worker_info
from minigrad.utils.data.dataset import IterableDataset
from minigrad.utils.data.loader import Batches, DataLoader, fetcher

END_OF_STREAM = "end of stream"
RESTART = "restart"


# In the main process ----------------------------------------------------------------------------------------


class WorkersBatches(Batches):
    """One epoch of a loader, loaded by worker processes (and, if they persist, the epochs after it)."""

    def __init__(self, loader: DataLoader) -> None:
        super().__init__(loader)
        context = loader.multiprocessing_context or multiprocessing.get_context()
        self.workers: list[Worker] = []
        self.stop = weakref.finalize(self, stop, self.workers)
        for number in range(loader.num_workers):
            self.workers.append(Worker(context, loader, number, self.base_seed))
        self.hand_out()

    def make_fetch(self) -> Any:
        """The workers fetch."""
        return None

    def begin(self, loader: DataLoader) -> None:
        """Start another epoch with the same workers."""
        for worker in self.pending:  # what a `break` has left behind
            worker.receive(0)
        for worker in self.workers:
            worker.send(RESTART)
            worker.ended = False
        self.order = iter(loader._index_sampler)
        self.yielded = 0
        self.hand_out()

    def hand_out(self) -> None:
        """Give every worker its first batches to load."""
        self.turns = cycle(self.workers)
        self.pending: deque[Worker] = deque()
        for _ in range((self.loader.prefetch_factor or 1) * len(self.workers)):
            self.hand_out_next()

    def hand_out_next(self) -> None:
        """Give the indices of one more batch to the worker whose turn it is."""
        if all(worker.ended for worker in self.workers):
            return
        try:
            indices = next(self.order)
        except StopIteration:
            return
        worker = next(worker for worker in self.turns if not worker.ended)
        worker.send(indices)
        self.pending.append(worker)

    def next_batch(self) -> Any:
        """The next batch; an exception that a worker met is raised here."""
        while self.pending:
            worker = self.next_to_answer()
            try:
                answer = worker.receive(self.loader.timeout)
            except RuntimeError:
                self.stop()
                raise
            if answer is END_OF_STREAM:
                worker.ended = True
            self.hand_out_next()
            if isinstance(answer, Failure):
                raise answer.exception()
            if answer is not END_OF_STREAM:
                return answer
        if not self.loader.persistent_workers:
            self.stop()
        raise StopIteration

    def next_to_answer(self) -> Worker:
        """The worker with the next batch; with in_order=False any that has one."""
        if not self.loader.in_order:
            ready = wait([worker.batches for worker in self.pending], self.loader.timeout or None)
            for worker in self.pending:
                if worker.batches in ready:
                    self.pending.remove(worker)
                    return worker
        return self.pending.popleft()


class Worker:
    """A worker process as the main process sees it."""

    def __init__(self, context: Any, loader: DataLoader, number: int, base_seed: int) -> None:
        its_indices, self.indices = context.Pipe(duplex=False)
        self.batches, its_batches = context.Pipe(duplex=False)
        job = Job(
            loader.dataset,
            loader.batch_sampler is not None or None,
            loader.collate_fn,
            loader.drop_last,
            loader.worker_init_fn,
            number,
            loader.num_workers,
            base_seed,
        )
        ends = (its_indices, its_batches, self.indices, self.batches)
        self.process = context.Process(target=work, args=(job, *ends), daemon=True)
        self.process.start()
        # Left open here, these would hide from us that the worker is gone, and from later workers too.
        its_indices.close()
        its_batches.close()
        self.ended = False

    def send(self, task: Any) -> None:
        """Give it the indices of a batch."""
        try:
            self.indices.send_bytes(pickle.dumps(task))
        except BrokenPipeError:
            pass  # it is gone, which its answers will tell

    def receive(self, timeout: float) -> Any:
        """Its next batch.  RuntimeError if it has died, or takes longer than timeout seconds (0: no limit)."""
        if timeout and not self.batches.poll(timeout):
            raise RuntimeError(f"DataLoader timed out after {timeout} seconds")
        try:
            answer = pickle.loads(self.batches.recv_bytes())
        except (EOFError, ConnectionResetError):
            self.process.join()
            raise RuntimeError(
                f"DataLoader worker (pid(s) {self.process.pid}) exited unexpectedly: {ended_by(self.process.exitcode)}. "
                "Rerunning with num_workers=0 may give better error trace."
            ) from None
        return END_OF_STREAM if isinstance(answer, str) and answer == END_OF_STREAM else answer


def ended_by(status: int | None) -> str:
    """A process's exit status in words."""
    return f"killed by signal {-status}" if status is not None and status < 0 else f"exit status {status}"


def stop(workers: list[Worker]) -> None:
    """Let the workers go, and wait until they have gone."""
    for worker in workers:
        worker.indices.close()
        worker.batches.close()
    for worker in workers:
        worker.process.join(timeout=5)
        if worker.process.is_alive():
            worker.process.terminate()
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
    text: str
    number: int

    def exception(self) -> BaseException:
        """An exception of the same type, with the worker's traceback in its message."""
        message = f"Caught {self.kind.__name__} in DataLoader worker process {self.number}.\nOriginal {self.text}"
        try:
            return self.kind(Verbatim(message) if self.kind is KeyError else message)
        except Exception:
            return RuntimeError(message)  # an exception type that is not made of one message


class Verbatim(str):
    """Text that a KeyError shows as it is, with its line breaks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return self


def work(job: Job, indices: Connection, batches: Connection, *ends_of_main: Connection) -> None:
    """What a worker does: batch after batch, until the pipe of indices ends."""
    for end in ends_of_main:
        end.close()
    answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    sender = threading.Thread(target=send_all, args=(answers, batches), daemon=True)
    sender.start()
    try:
        make = Maker(job)
        while True:
            answers.put(make(pickle.loads(indices.recv_bytes())))
    except (EOFError, KeyboardInterrupt):
        answers.put(None)
        sender.join()


def send_all(answers: queue.SimpleQueue[bytes | None], batches: Connection) -> None:
    """Send answers while the next is being made; a batch that the pipe cannot hold would else hold up its worker."""
    try:
        while (answer := answers.get()) is not None:
            if answer:
                batches.send_bytes(answer)
    except BrokenPipeError:
        return


class Maker:
    """Makes a worker's batches, pickled; where that fails, a Failure."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.failure: Failure | None = None
        self.ended = False
        seed_everything(job)
        worker_info.current = worker_info.WorkerInfo(job.number, job.workers, job.base_seed + job.number, job.dataset)
        try:
            if job.worker_init_fn is not None:
                job.worker_init_fn(job.number)
            self.fetch = fetcher(job)
        except Exception as error:
            self.failure = failure_of(error, job.number)

    def __call__(self, task: Any) -> bytes:
        """An answer to a task: the batch of some indices.  To a restart there is none."""
        if isinstance(task, str) and task == RESTART:
            self.fetch = fetcher(self.job)
            self.ended = False
            return b""
        try:
            return pickle.dumps(self.batch(task), protocol=pickle.HIGHEST_PROTOCOL)
        except Exception as error:
            return dumped(failure_of(error, self.job.number))

    def batch(self, indices: Any) -> Any:
        """The batch, or that the stream has ended."""
        if self.failure is not None:
            failure, self.failure = self.failure, None
            return failure
        if self.ended:
            return END_OF_STREAM
        try:
            return self.fetch(indices)
        except StopIteration:
            if not isinstance(self.job.dataset, IterableDataset):
                raise
            self.ended = True
            return END_OF_STREAM


def failure_of(error: BaseException, number: int) -> Failure:
    """An exception as a Failure."""
    return Failure(type(error), "".join(traceback.format_exception(error)), number)


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
