"""torch.profiler: how long ops, rules and named ranges of code take; a thin form of `python -m minigrad --profile`.

What is measured is each op's function, each derivative rule and each optimizer's step, under minigrad's names
(`linear`, `linear_dweight`, `Adam.step`); what an op calls counts as its own time.  One thread, on the CPU: a call that
starts work on a GPU returns before that is done.
https://docs.pytorch.org/docs/stable/profiler.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import ContextDecorator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from time import perf_counter
from typing import Any

from minigrad.watch.profile import Profile

__all__ = ["ProfilerAction", "ProfilerActivity", "profile", "record_function", "schedule"]


class ProfilerActivity(Enum):
    """What can be measured: the CPU is, in any case."""

    CPU = 0
    CUDA = 1


class ProfilerAction(Enum):
    """What a `profile` does during a step: NONE, WARMUP, RECORD, RECORD_AND_SAVE."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0
) -> Callable[[int], ProfilerAction]:
    """Which steps are measured: after skip_first, rounds of `wait` and `warmup` that are not, then `active` that are.

    repeat: how many rounds; 0: for ever.  ValueError for a number below 0, or no active step.
    """
    if min(wait, warmup, active - 1, repeat, skip_first) < 0:
        raise ValueError("schedule(): wait, warmup, repeat and skip_first must not be negative, and active at least 1")

    def action(step: int) -> ProfilerAction:
        round_, place = divmod(step - skip_first, wait + warmup + active)
        if step < skip_first or (repeat and round_ >= repeat) or place < wait:
            return ProfilerAction.NONE
        if place < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD if place < wait + warmup + active - 1 else ProfilerAction.RECORD_AND_SAVE

    return action


@dataclass(frozen=True)
class Event:
    """Something that was measured: its name, when it began (seconds since the profile did) and how long it took."""

    name: str
    began: float
    seconds: float


@dataclass(frozen=True)
class FunctionEventAvg:
    """All events of a name: how many, and microseconds in all."""

    key: str
    count: int
    cpu_time_total: float

    @property
    def cpu_time(self) -> float:
        """Microseconds of one, on average."""
        return self.cpu_time_total / self.count


ORDERS = "cpu_time_total", "cpu_time", "count"


class EventList(list[FunctionEventAvg]):
    """What `profile.key_averages()` gives; `table()` is to be printed."""

    def table(self, sort_by: str | None = None, row_limit: int = 100) -> str:
        """A row for each name; sort_by: "cpu_time_total", "cpu_time" or "count".  ValueError for anything else."""
        order = (sort_by or "cpu_time_total").removeprefix("self_")
        if order not in ORDERS:
            raise ValueError(f"table(): sort_by must be one of {', '.join(ORDERS)} (a GPU's time is not measured)")
        events = sorted(self, key=lambda event: getattr(event, order), reverse=True)
        shown = events if row_limit < 0 else events[:row_limit]
        width = max([4, *(len(event.key) for event in shown)])
        rule = "-" * (width + 42)
        rows = [
            f"{each.key:<{width}} {milliseconds(each.cpu_time_total)} {milliseconds(each.cpu_time)} {each.count:>11,}"
            for each in shown
        ]
        return "\n".join(
            [rule, f"{'Name':<{width}} {'CPU total':>14} {'CPU time avg':>14} {'# of Calls':>11}", rule, *rows]
        )


def milliseconds(microseconds: float) -> str:
    return f"{microseconds / 1000:>11,.3f} ms"


class Recorder(Profile):
    """A `Profile` that keeps each event, not only sums."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Event] = []

    def called(self, name: str, seconds: float) -> None:
        """An op, rule or step of this name has just ended."""
        self.events.append(Event(name, perf_counter() - seconds - self.started, seconds))


ACTIVE: list[Recorder] = []
"""The recorders that are measuring."""


class profile:
    """Within `with profile() as prof:` this thread's ops, rules and optimizer steps are timed.

    activities, record_shapes, profile_memory, with_stack, with_flops, with_modules: taken, and without effect.
    schedule: by `prof.step()` which steps are measured, as `schedule(wait=1, warmup=1, active=3)`.  on_trace_ready: is
    called with the profile whenever a round of them is over.

    >>> import minigrad as torch
    >>> with profile() as prof:
    ...     with record_function("forward"):
    ...         y = torch.ones(2, 2) @ torch.ones(2, 2)
    >>> [(event.key, event.count) for event in prof.key_averages()]
    [('ones', 2), ('matmul', 1), ('forward', 1)]
    """

    def __init__(
        self,
        *,
        activities: Iterable[ProfilerActivity] | None = None,  # noqa: ARG002
        schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[[profile], Any] | None = None,
        record_shapes: bool = False,  # noqa: ARG002
        profile_memory: bool = False,  # noqa: ARG002
        with_stack: bool = False,  # noqa: ARG002
        with_flops: bool = False,  # noqa: ARG002
        with_modules: bool = False,  # noqa: ARG002
    ) -> None:
        self.schedule = schedule or (lambda _step: ProfilerAction.RECORD)
        self.on_trace_ready = on_trace_ready
        self.step_num = 0
        self.recorder: Recorder | None = None
        self.measured: list[Event] = []

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Begin."""
        self.act(self.schedule(self.step_num))

    def stop(self) -> None:
        """End: what was measured is handed to on_trace_ready."""
        if self.recorder is not None:
            self.pause()
            if self.on_trace_ready is not None:
                self.on_trace_ready(self)

    def step(self) -> None:
        """The next step of the training loop begins."""
        if self.schedule(self.step_num) is ProfilerAction.RECORD_AND_SAVE:
            self.stop()
        self.step_num += 1
        self.act(self.schedule(self.step_num))

    def act(self, action: ProfilerAction) -> None:
        """Measure from now on, or not."""
        measuring = action in (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE)
        if measuring and self.recorder is None:
            self.measured = []
            self.recorder = Recorder()
            self.recorder.__enter__()
            ACTIVE.append(self.recorder)
        elif not measuring and self.recorder is not None:
            self.pause()

    def pause(self) -> None:
        """Measure no more."""
        assert self.recorder is not None
        self.recorder.__exit__()
        ACTIVE.remove(self.recorder)
        self.measured, self.recorder = self.recorder.events, None

    def events(self) -> list[Event]:
        """All that was measured, in the order in which it ended."""
        return self.measured if self.recorder is None else self.recorder.events

    def key_averages(self) -> EventList:
        """Counts and times by name."""
        times: dict[str, list[float]] = {}
        for event in self.events():
            times.setdefault(event.name, []).append(event.seconds)
        return EventList(FunctionEventAvg(name, len(all_), 1e6 * sum(all_)) for name, all_ in times.items())

    def export_chrome_trace(self, path: str | Path) -> None:
        """Write the events as JSON to the file at path, for chrome://tracing and ui.perfetto.dev."""
        events = [
            {"name": each.name, "ph": "X", "ts": 1e6 * each.began, "dur": 1e6 * each.seconds, "pid": 0, "tid": 0}
            for each in self.events()
        ]
        Path(path).write_text(json.dumps({"traceEvents": events}), encoding="utf-8")


class record_function(ContextDecorator):
    """Give a range of code a name in the profile: `with record_function("forward"):`, or as a decorator."""

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name, self.args = name, args

    def __enter__(self) -> record_function:
        self.began = perf_counter()
        return self

    def __exit__(self, *_error: object) -> None:
        for recorder in ACTIVE:
            recorder.called(self.name, perf_counter() - self.began)
