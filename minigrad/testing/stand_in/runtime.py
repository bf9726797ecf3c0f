"""The stand-in's devices, streams, memory, and the counts of what would hold a real GPU up.  No GPU is used."""

from collections import Counter
from contextlib import contextmanager
from time import perf_counter
from types import SimpleNamespace
from typing import ClassVar

import numpy as np

counts = Counter()
state = SimpleNamespace(device=0, device_count=1, synchronisation_allowed=True, fusing=False)
memory_in_use = Counter()


def synchronise(reason):
    """Note that the host waits for the device here; RuntimeError within `no_synchronisation()`."""
    if not state.synchronisation_allowed:
        raise RuntimeError(f"stand-in for CuPy: {reason} would make the host wait for the GPU")
    counts["synchronisations"] += 1


@contextmanager
def counting_synchronisations():
    """Count anew: "synchronisations", "transfers" (from host to device), and runs of fused functions by name."""
    counts.clear()
    yield counts


@contextmanager
def having(**values):
    """Something else in the state for a while."""
    before = {name: getattr(state, name) for name in values}
    vars(state).update(values)
    try:
        yield
    finally:
        vars(state).update(before)


def no_synchronisation():
    """Let whatever would make the host wait raise RuntimeError."""
    return having(synchronisation_allowed=False)


def fusing():
    """Within a function that CuPy would make a kernel of: arrays have no shapes there, only elements."""
    return having(fusing=True)


def refuse_in_kernels(name):
    if state.fusing:
        raise NotImplementedError(f"stand-in for CuPy: `{name}` is not supported in a fused function")


class Allocation:
    """The memory of one array and of its views; given back when the last of them goes."""

    def __init__(self, device, size):
        self.device, self.size = device, size
        memory_in_use[device] += size

    def __del__(self, memory_in_use=memory_in_use):  # the global name may be gone when Python ends
        memory_in_use[self.device] -= self.size


class MemoryPool:
    def used_bytes(self):
        return memory_in_use[state.device]

    total_bytes = used_bytes

    def free_bytes(self):
        return 0

    def n_free_blocks(self):
        return 0

    def free_all_blocks(self, stream=None):
        pass


memory_pool = MemoryPool()


class CUDARuntimeError(RuntimeError):
    """What a call to the CUDA runtime raises."""


class Device:
    """A pretended GPU, the current one where no number is given."""

    def __init__(self, device=None):
        self.id = state.device if device is None else int(device)
        self.before = []

    def use(self):
        if not 0 <= self.id < state.device_count:
            raise CUDARuntimeError("cudaErrorInvalidDevice: invalid device ordinal")
        state.device = self.id

    def __enter__(self):
        before = state.device
        self.use()
        self.before.append(before)
        return self

    def __exit__(self, *error):
        state.device = self.before.pop()

    def synchronize(self):
        synchronise("Device.synchronize()")

    def __eq__(self, other):
        return isinstance(other, Device) and self.id == other.id

    __hash__ = None  # as CuPy's

    def __int__(self):
        return self.id

    def __repr__(self):
        return f"<stand-in for CUDA Device {self.id}>"


class Stream:
    """A stream on which everything has already been done."""

    current: ClassVar[dict] = {}
    done = True

    def __init__(self, null=False, non_blocking=False, ptds=False, priority=None):
        self.null, self.non_blocking, self.priority = null, non_blocking, priority
        self.device_id = -1 if null else state.device
        self.ptr = 0 if null else id(self)

    def use(self):
        if self.device_id not in (-1, state.device):
            raise RuntimeError(f"The device that the stream is created on ({self.device_id}) is not the current device")
        Stream.current[state.device] = self
        return self

    def synchronize(self):
        synchronise("Stream.synchronize()")

    def wait_event(self, event):
        if not isinstance(event, Event):
            raise TypeError(f"stand-in for CuPy: not an event: {event!r}")


Stream.null = Stream(null=True)


def get_current_stream(device_id=None):
    return Stream.current.get(state.device if device_id is None else device_id, Stream.null)


class Event:
    """An event that has happened as soon as it is recorded."""

    def __init__(self, block=False, disable_timing=False, interprocess=False):
        self.timed, self.at, self.device_id = not disable_timing, None, state.device

    @property
    def done(self):
        return True

    def record(self, stream=None):
        devices = {self.device_id, state.device, state.device if stream is None else stream.device_id} - {-1}
        if len(devices) > 1:
            raise CUDARuntimeError("cudaErrorInvalidResourceHandle: invalid resource handle")
        self.at = perf_counter()

    def synchronize(self):
        synchronise("Event.synchronize()")


def get_elapsed_time(start, end):
    """Milliseconds between two events."""
    if not (start.timed and end.timed and start.at and end.at):
        raise CUDARuntimeError("cudaErrorInvalidResourceHandle: invalid resource handle")
    return (end.at - start.at) * 1000


def memGetInfo():
    return 0, 0


class PinnedMemoryPointer(bytearray):
    """Host memory that is said to be page-locked."""


def alloc_pinned_memory(size):
    return PinnedMemoryPointer(size)


def empty_pinned(shape, dtype=float, order="C"):
    """A NumPy array in pinned memory (cupyx.empty_pinned)."""
    count, dtype = int(np.prod(shape)), np.dtype(dtype)
    memory = alloc_pinned_memory(max(count * dtype.itemsize, 1))
    return np.frombuffer(memory, dtype, count).reshape(shape, order=order)


def getDeviceProperties(number):
    if not 0 <= number < state.device_count:
        raise CUDARuntimeError("cudaErrorInvalidDevice: invalid device ordinal")
    return {"name": b"stand-in for a GPU", "totalGlobalMem": 0, "major": 0, "minor": 0, "multiProcessorCount": 0}
