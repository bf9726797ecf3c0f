"""How long a statement takes, as torch.utils.benchmark.

>>> from minigrad.utils import benchmark
>>> timer = benchmark.Timer("x + 1", setup="x = torch.ones(3)")
>>> timer.timeit(100)  # doctest: +ELLIPSIS
<minigrad.utils.benchmark.Measurement object at 0x...>
x + 1
setup: x = torch.ones(3)
  ... us
  1 measurement, 100 runs , 1 thread
"""

from __future__ import annotations

import textwrap
import timeit
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

import minigrad
from minigrad import cuda
from minigrad.threads import get_num_threads, set_num_threads

__all__ = ["Measurement", "TaskSpec", "Timer", "timer"]


def timer() -> float:
    """The time in seconds, once a GPU has done all that it was given."""
    if cuda.is_initialized():
        cuda.synchronize()
    return timeit.default_timer()


@dataclass(repr=False, frozen=True)
class TaskSpec:
    """What a `Timer` runs, and how it is called.

    Its arguments stmt, setup, global_setup, label, sub_label, description, env and num_threads.
    """

    stmt: str
    setup: str
    global_setup: str = ""
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    env: str | None = None
    num_threads: int = 1

    @property
    def title(self) -> str:
        """The label, or the statement."""
        more = f": {self.sub_label}" if self.sub_label else ""
        if self.label is not None or "\n" not in self.stmt:
            return (self.stmt if self.label is None else self.label) + more
        inner = f" ({self.sub_label})" if self.sub_label else ""
        return f"stmt:{inner}\n{textwrap.indent(self.stmt, '  ')}"

    def setup_str(self) -> str:
        """The setup in words, if there is one."""
        if self.setup == "pass" or not self.setup:
            return ""
        return f"setup:\n{textwrap.indent(self.setup, '  ')}" if "\n" in self.setup else f"setup: {self.setup}"

    def summarize(self) -> str:
        """All of it in lines."""
        parts = [self.title, self.description or "", self.setup_str()]
        return "\n".join(f"{part}\n" if "\n" in part else part for part in parts if part)


@dataclass(repr=False)
class Measurement:
    """What a `Timer` measured: raw_times, seconds, of which each is that of number_per_run runs.

    times: the seconds of one run, of each measurement; median, mean, iqr: of these.  task_spec: what was run; metadata:
    notes.
    """

    number_per_run: int
    raw_times: list[float]
    task_spec: TaskSpec
    metadata: dict[Any, Any] | None = None

    def __getattr__(self, name: str) -> Any:
        if name in {field.name for field in fields(TaskSpec)}:
            return getattr(self.task_spec, name)
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    @property
    def times(self) -> list[float]:
        """Seconds of one run."""
        return [t / self.number_per_run for t in self.raw_times]

    @property
    def median(self) -> float:
        """The middle of `times`."""
        return self.quantile(0.5)

    @property
    def mean(self) -> float:
        """The mean of `times`."""
        return float(np.mean(self.times))

    @property
    def iqr(self) -> float:
        """How far the middle half of `times` reaches."""
        return self.quantile(0.75) - self.quantile(0.25)

    def quantile(self, q: float) -> float:
        """A quantile of `times`: the time that the share q of them does not exceed."""
        return float(np.quantile(self.times, q))

    def meets_confidence(self, threshold: float = 0.1) -> bool:
        """Whether iqr / median is below a threshold."""
        return self.iqr / self.median < threshold

    @property
    def has_warnings(self) -> bool:
        """Whether the times differ so much that something else was at work."""
        return not self.meets_confidence()

    @property
    def title(self) -> str:
        """The label, or the statement."""
        return self.task_spec.title

    def __repr__(self) -> str:
        n, (unit, scale) = len(self.raw_times), select_unit(self.median)
        low, high = self.quantile(0.25) / scale, self.quantile(0.75) / scale
        lines = [
            object.__repr__(self),
            self.task_spec.summarize(),
            f"  {'Median: ' if n > 1 else ''}{self.median / scale:.2f} {unit}",
        ]
        if n >= 4:
            lines.append(f"  IQR:    {self.iqr / scale:.2f} {unit} ({low:.2f} to {high:.2f})")
        runs = f"{self.number_per_run} runs {'per measurement,' if n > 1 else ','}"
        threads = self.task_spec.num_threads
        lines.append(f"  {n} measurement{'s' * (n > 1)}, {runs} {threads} thread{'s' * (threads > 1)}")
        if self.has_warnings:
            grossly = not self.meets_confidence(0.25)
            suggests = (
                "suggests significant environmental influence" if grossly else "could indicate system fluctuation"
            )
            lines.append(
                f"  WARNING: Interquartile range is {self.iqr / self.median * 100:.1f}% of the median measurement.\n"
                f"           This {suggests}."
            )
        return "\n".join(lines)


def select_unit(t: float) -> tuple[str, float]:
    """A unit in which a time has digits before the point, and its seconds."""
    unit = {-3: "ns", -2: "us", -1: "ms"}.get(int(np.log10(t) // 3), "s")
    return unit, {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}[unit]


class Timer:
    """Times a statement, stmt, given as text: timeit with a warm-up, and a choice of how often.

    setup: is run first; globals: the names that the statement finds, `torch` among them (minigrad).  timer: the clock.
    label, sub_label, description, env: for what is printed.  num_threads: for products, see `set_num_threads`.
    language: "py" or "python", else NotImplementedError; global_setup: C++'s, a ValueError.
    https://docs.pytorch.org/docs/stable/benchmark_utils.html
    """

    def __init__(
        self,
        stmt: str = "pass",
        setup: str = "pass",
        global_setup: str = "",
        timer: Callable[[], float] = timer,
        globals: dict[str, Any] | None = None,
        label: str | None = None,
        sub_label: str | None = None,
        description: str | None = None,
        env: str | None = None,
        num_threads: int = 1,
        language: Any = "python",
    ) -> None:
        if not isinstance(stmt, str):
            raise ValueError("Currently only a `str` stmt is supported.")
        if language not in ("py", "python"):
            raise NotImplementedError("minigrad's Timer times Python alone")
        if global_setup:
            raise ValueError(
                f"global_setup is C++ only, got `{global_setup}`. Most likely this code can simply be moved to `setup`."
            )
        stmt, setup = (textwrap.dedent(text).removeprefix("\n").rstrip() for text in (stmt, setup))
        names = {"torch": minigrad, **(globals or {})}
        self.timer = timeit.Timer(stmt, setup, timer, names)
        self.task = TaskSpec(stmt, setup, "", label, sub_label, description, env, num_threads)

    def timeit(self, number: int = 1000000) -> Measurement:
        """Run the statement so many times, after a warm-up of a hundredth of them."""
        with threads(self.task.num_threads):
            self.seconds(max(number // 100, 2))
            return Measurement(number, [self.seconds(number)], self.task)

    def blocked_autorange(self, callback: Any = None, min_run_time: float = 0.2) -> Measurement:
        """Measure for min_run_time seconds at least, in blocks so long that reading the clock takes no part of them.

        callback: called with the number of runs and the seconds of each block.
        """
        number = self.block_size(min_run_time)
        return self.measured(number, lambda _times: True, min_run_time, None, callback)

    def adaptive_autorange(
        self,
        threshold: float = 0.1,
        *,
        min_run_time: float = 0.01,
        max_run_time: float = 10.0,
        callback: Any = None,
    ) -> Measurement:
        """Measure until the times agree: iqr / median is below a threshold; or for max_run_time seconds.

        min_run_time: seconds at least.  callback: called with the number of runs and the seconds of each block.
        """
        number = self.block_size(0.05)

        def agree(times: list[float]) -> bool:
            return len(times) > 3 and Measurement(number, times, self.task).meets_confidence(threshold)

        return self.measured(number, agree, min_run_time, max_run_time, callback)

    def seconds(self, number: int) -> float:
        """The time of so many runs; no less than a nanosecond, so that one can divide by it."""
        return max(self.timer.timeit(number), 1e-9)

    def measured(self, number: int, stop: Any, at_least: float, at_most: float | None, callback: Any) -> Measurement:
        """Blocks of so many runs until the time is over and `stop` agrees."""
        times: list[float] = []
        with threads(self.task.num_threads):
            while sum(times) < at_least or not stop(times):
                times.append(self.seconds(number))
                if callback:
                    callback(number, times[-1])
                if at_most and sum(times) > at_most:
                    break
        return Measurement(number, times, self.task)

    def block_size(self, min_run_time: float) -> int:
        """How many runs take so long that the clock's own time is below a ten-thousandth of them."""
        with threads(self.task.num_threads):
            overhead = float(np.median([self.seconds(0) for _ in range(5)]))
            number = 1
            while True:
                taken = self.seconds(number)
                if (overhead / taken <= 1e-4 and taken >= min_run_time / 1000) or taken > min_run_time:
                    return number
                number *= 10


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Within it products use so many threads."""
    before = get_num_threads()
    try:
        set_num_threads(number)
        yield
    finally:
        set_num_threads(before)
