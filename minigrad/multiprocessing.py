"""Processes, as torch.multiprocessing: Python's multiprocessing, and `spawn`.

Tensors that go to another process are copied: minigrad does not put them into memory that both share.
https://docs.pytorch.org/docs/stable/multiprocessing.html
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from multiprocessing import *  # noqa: F403
from pathlib import Path
from typing import Any

__all__ = [
    *multiprocessing.__all__,
    *("ProcessContext", "ProcessExitedException", "ProcessRaisedException", "spawn", "start_processes"),
]


class ProcessException(Exception):
    """A process that was started here failed: its number, and its process id."""

    def __init__(self, msg: str, error_index: int, error_pid: int) -> None:
        super().__init__(msg)
        self.msg, self.error_index, self.error_pid = msg, error_index, error_pid


class ProcessRaisedException(ProcessException):
    """A process failed by an exception, whose traceback is in the message.

    error_index, error_pid: its number, and its process id.
    """


class ProcessExitedException(ProcessException):
    """A process was killed by a signal, or exited with a status other than 0.

    error_index, error_pid: its number, and its process id; exit_code; signal_name: None where it exited.
    """

    def __init__(
        self, msg: str, error_index: int, error_pid: int, exit_code: int, signal_name: str | None = None
    ) -> None:
        super().__init__(msg, error_index, error_pid)
        self.exit_code, self.signal_name = exit_code, signal_name


def spawn(
    fn: Callable[..., Any],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",  # noqa: ARG001 - deprecated in PyTorch, which always spawns
) -> ProcessContext | None:
    """Run fn(i, *args) in nprocs new processes; i is the number of each, from 0 on.

    join: wait for them; else their context is returned.  daemon: they end when this process does.  start_method:
    accepted; it is always "spawn" here.  ProcessRaisedException, ProcessExitedException where one of them fails: then
    the others are ended.  https://docs.pytorch.org/docs/stable/multiprocessing.html#torch.multiprocessing.spawn.spawn
    """
    return start_processes(fn, args, nprocs, join, daemon, "spawn")


def start_processes(
    fn: Callable[..., Any],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """Run fn(i, *args) in nprocs new processes, as `spawn` does; start_method: "spawn", "fork" or "forkserver".

    ValueError for another start_method.
    """
    started: Any = multiprocessing.get_context(start_method)
    processes, files = [], []
    for i in range(nprocs):
        handle, file = tempfile.mkstemp(prefix="minigrad-error-")
        os.close(handle)
        process = started.Process(target=run_and_tell, args=(fn, i, args, file), daemon=daemon)
        process.start()
        processes.append(process)
        files.append(Path(file))
    context = ProcessContext(processes, files)
    if not join:
        return context
    while not context.join():
        pass
    return None


def run_and_tell(fn: Callable[..., Any], i: int, args: tuple[Any, ...], file: str) -> None:
    """What a process runs: an exception is written to a file."""
    try:
        fn(i, *args)
    except KeyboardInterrupt:
        pass  # from the process that started this one
    except Exception:
        Path(file).write_text(traceback.format_exc())
        sys.exit(1)


class ProcessContext:
    """Processes that were started together, as `start_processes` gives them.

    processes: Python's; error_files: the files into which each writes how it failed.
    """

    def __init__(self, processes: list[Any], error_files: list[Path]) -> None:
        self.processes, self.error_files = processes, error_files
        self.sentinels = {process.sentinel: index for index, process in enumerate(processes)}

    def pids(self) -> list[int]:
        """Their process ids."""
        return [int(process.pid) for process in self.processes]

    def join(self, timeout: float | None = None, grace_period: float | None = None) -> bool:
        """Wait until one of them ends, for timeout seconds at most; whether all have.

        Where one failed the others are ended, after a grace_period of seconds if it is given, and its error is raised.
        """
        if not self.sentinels:
            return True
        for sentinel in multiprocessing.connection.wait(list(self.sentinels), timeout):
            index = self.sentinels.pop(sentinel)
            self.processes[index].join()
            if self.processes[index].exitcode != 0:
                self.end_all(grace_period)
                raise self.error_of(index)
            self.error_files[index].unlink(missing_ok=True)
        return not self.sentinels

    def end_all(self, grace_period: float | None) -> None:
        """End the processes that still run: they are asked first, and killed where they do not listen."""
        if grace_period is not None:
            self.wait(grace_period)
        for process in self.processes:
            if process.is_alive():
                process.terminate()
        self.wait(30 if grace_period is None else grace_period)
        for process in self.processes:
            if process.is_alive():
                process.kill()
            process.join()

    def wait(self, seconds: float) -> None:
        """Wait for all of them, but no longer than some seconds."""
        end = time.monotonic() + seconds
        for process in self.processes:
            process.join(max(0, end - time.monotonic()))

    def error_of(self, index: int) -> ProcessException:
        """The error of a process that failed."""
        process, told = self.processes[index], self.error_files[index].read_text()
        for file in self.error_files:
            file.unlink(missing_ok=True)
        if told:
            message = f"\n\n-- Process {index:d} terminated with the following error:\n{told}"
            return ProcessRaisedException(message, index, process.pid)
        code = process.exitcode
        if code < 0:
            known = {each.value: each.name for each in signal.Signals}
            name = known.get(-code, f"<Unknown signal {-code}>")
            message = f"process {index:d} terminated with signal {name}"
            return ProcessExitedException(message, index, process.pid, code, name)
        return ProcessExitedException(f"process {index:d} terminated with exit code {code:d}", index, process.pid, code)
