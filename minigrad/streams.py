"""Streams, the queues in which a GPU works off what it is given, and events, the marks in them.

All work goes to the current stream.  Names and meanings are those of torch.cuda; CuPy's streams do the work.
https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-streams
"""

from __future__ import annotations

from typing import Any

from minigrad import devices


class Stream:
    """A queue of a GPU: work in one stream is done in order, work in two may overlap.

    device: a GPU (default: the current one).  priority: lower numbers go first.  RuntimeError without a GPU.
    """

    def __init__(self, device: Any = None, priority: int = 0) -> None:
        self.device = devices.checked_gpu(device)
        self.queue = devices.library_on(self.device).cuda.Stream(non_blocking=True, priority=priority)
        self.before: list[Stream] = []

    def synchronize(self) -> None:
        """Wait until all work in the stream is done."""
        self.queue.synchronize()

    def query(self) -> bool:
        """Whether all work in the stream is done."""
        return bool(self.queue.done)

    def record_event(self, event: Event | None = None) -> Event:
        """An event that happens when what is in the stream now is done."""
        event = Event() if event is None else event
        event.record(self)
        return event

    def wait_event(self, event: Event) -> None:
        """Let what comes into the stream from now on wait for an event."""
        self.queue.wait_event(event.mark)

    def wait_stream(self, stream: Stream) -> None:
        """Let what comes into the stream from now on wait for what is in another one now."""
        self.wait_event(stream.record_event())

    def __enter__(self) -> Stream:
        self.before.append(current_stream(self.device))
        set_stream(self)
        return self

    def __exit__(self, *_error: object) -> None:
        set_stream(self.before.pop())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream) and bool(self.queue == other.queue)

    def __hash__(self) -> int:
        return hash(self.queue)

    def __repr__(self) -> str:
        return f"<minigrad.cuda.Stream device={self.device} {self.queue!r}>"


class Event:
    """A mark in a stream: it happens when the work before it is done.  enable_timing: for `elapsed_time`."""

    def __init__(self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False) -> None:
        cuda = devices.gpu().cuda
        self.mark = cuda.Event(block=blocking, disable_timing=not enable_timing, interprocess=interprocess)

    def record(self, stream: Stream | None = None) -> None:
        """Put the mark into a stream (default: the current one)."""
        stream = current_stream() if stream is None else stream
        devices.library_on(stream.device)
        self.mark.record(stream.queue)

    def wait(self, stream: Stream | None = None) -> None:
        """Let what comes into a stream (default: the current one) from now on wait for the event."""
        (current_stream() if stream is None else stream).wait_event(self)

    def query(self) -> bool:
        """Whether it has happened."""
        return bool(self.mark.done)

    def synchronize(self) -> None:
        """Wait until it has happened."""
        self.mark.synchronize()

    def elapsed_time(self, end_event: Event) -> float:
        """Milliseconds from this event to a later one; both with enable_timing=True, and both have happened."""
        return float(devices.gpu().cuda.get_elapsed_time(self.mark, end_event.mark))


def current_stream(device: Any = None) -> Stream:
    """The stream that a GPU's work goes to now."""
    stream = Stream.__new__(Stream)
    stream.device, stream.before = devices.checked_gpu(device), []
    stream.queue = devices.library_on(stream.device).cuda.get_current_stream()
    return stream


def set_stream(stream: Stream) -> None:
    """Let the work of a stream's GPU go to that stream."""
    devices.library_on(stream.device)
    stream.queue.use()


def stream(stream: Stream) -> Stream:
    """`with stream(s):` is `with s:`."""
    return stream
