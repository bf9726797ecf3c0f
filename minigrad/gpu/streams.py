"""Streams, the queues in which a GPU works off what it is given, and events, the marks in them.

All work goes to the current stream.  Names and meanings are those of torch.cuda; CuPy's streams do the work.
https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-streams
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from minigrad import devices
from minigrad.gpu.finding import gpu


class Stream:
    """A queue of a GPU: work in one stream is done in order, work in two may overlap.

    device: a GPU (default: the current one).  priority: lower numbers go first.  RuntimeError without a GPU.
    """

    def __init__(self, device: Any = None, priority: int = 0) -> None:
        self.device = devices.checked_gpu(device)
        self.queue = devices.library_on(self.device).cuda.Stream(non_blocking=True, priority=priority)
        self.before: list[tuple[int, Stream]] = []

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
        """Let what comes into the stream from now on wait for an event (not for one that was never recorded)."""
        if event.mark is not None:
            self.queue.wait_event(event.mark)

    def wait_stream(self, stream: Stream) -> None:
        """Let what comes into the stream from now on wait for what is in another one now."""
        self.wait_event(stream.record_event())

    def __enter__(self) -> Stream:
        """Within `with s:` work goes to this stream, and "cuda" means its GPU."""
        self.before.append((devices.current.gpu, current_stream(self.device)))
        set_stream(self)
        return self

    def __exit__(self, *_error: object) -> None:
        gpu, stream = self.before.pop()
        set_stream(stream)
        devices.current.gpu = gpu

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Stream) and bool(self.queue == other.queue)

    def __hash__(self) -> int:
        return hash(self.queue)

    def __repr__(self) -> str:
        return f"<minigrad.cuda.Stream device={self.device} {self.queue!r}>"


class Event:
    """A mark in a stream: it happens when the work before it is done.  RuntimeError without a GPU.

    enable_timing: for `elapsed_time`.  blocking: waiting for it leaves the processor to others.  interprocess: another
    process may use it.
    """

    def __init__(self, enable_timing: bool = False, blocking: bool = False, interprocess: bool = False) -> None:
        gpu()
        self.options = {"block": blocking, "disable_timing": not enable_timing, "interprocess": interprocess}
        self.mark: Any = None  # made when it is first recorded, on the stream's GPU

    def record(self, stream: Stream | None = None) -> None:
        """Put the mark into a stream (default: the current one)."""
        stream = current_stream() if stream is None else stream
        cuda = devices.library_on(stream.device).cuda
        if self.mark is None:
            self.mark = cuda.Event(**self.options)
        self.mark.record(stream.queue)

    def wait(self, stream: Stream | None = None) -> None:
        """Let what comes into a stream (default: the current one) from now on wait for the event."""
        (current_stream() if stream is None else stream).wait_event(self)

    def query(self) -> bool:
        """Whether it has happened, or was never recorded."""
        return self.mark is None or bool(self.mark.done)

    def synchronize(self) -> None:
        """Wait until it has happened."""
        if self.mark is not None:
            self.mark.synchronize()

    def elapsed_time(self, end_event: Event) -> float:
        """Milliseconds from this event to a later one, end_event; both with enable_timing=True, and both have happened.

        RuntimeError for one that was never recorded.
        """
        if self.mark is None or end_event.mark is None:
            raise RuntimeError("Both events must be recorded before calculating elapsed time.")
        return float(gpu().cuda.get_elapsed_time(self.mark, end_event.mark))


def current_stream(device: Any = None) -> Stream:
    """The stream that a GPU's work goes to now."""
    place = devices.checked_gpu(device)
    return existing(place, devices.library_on(place).cuda.get_current_stream())


def default_stream(device: Any = None) -> Stream:
    """The stream that a GPU's work goes to unless another was set."""
    place = devices.checked_gpu(device)
    return existing(place, devices.library_on(place).cuda.Stream.null)


def existing(device: devices.device, queue: Any) -> Stream:
    """A stream that CuPy knows already."""
    stream = Stream.__new__(Stream)
    stream.device, stream.queue, stream.before = device, queue, []
    return stream


def set_stream(stream: Stream | None) -> None:
    """Let work go to a stream, and "cuda" mean its GPU; None changes nothing."""
    if stream is not None:
        devices.library_on(stream.device)
        stream.queue.use()
        devices.current.gpu = stream.device.index or 0


def stream(stream: Stream | None) -> AbstractContextManager[Stream | None]:
    """`with stream(s):` is `with s:`; None changes nothing."""
    return nullcontext() if stream is None else stream
