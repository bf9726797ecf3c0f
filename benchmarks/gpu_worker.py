"""One engine on the GPU in a process of its own: told a workload and numbers of steps, it answers with times.

Run by `python -m benchmarks.gpu` with an engine's name and a device; speaks JSON, a line a request, as
benchmarks/worker.py.  On the device "cpu" it is there to be tested, and times by the processor's clock.
"""

from __future__ import annotations

import functools
import gc
import importlib
import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.gpu_workloads import Step, build
from minigrad.comparison.gpu import full_precision

Clock = Callable[[Step, int], float]
"""Runs a step so often, and gives the seconds that one took."""

CHUNK = 0.1
"""Seconds in which the steps of a chunk should be over: of the largest networks fewer are timed."""


def main() -> None:
    engine, device = sys.argv[1:]
    torch = importlib.import_module("minigrad" if engine == "minigrad" else "torch")
    if engine != "minigrad":
        full_precision(torch)
    if engine == "torch graph":
        for name in ("Adam", "Adadelta"):  # a graph needs the count of steps to be on the GPU
            setattr(torch.optim, name, functools.partial(getattr(torch.optim, name), capturable=True))
    clock = seconds_by_host if device == "cpu" else functools.partial(seconds_by_events, torch.cuda)
    worker = Worker(engine, torch, device, clock)
    for line in sys.stdin:
        print(json.dumps(worker.answer(json.loads(line))), flush=True)


class Worker:
    """An engine with a workload at hand, kept for the next rounds: to make a large one takes longer than its steps."""

    def __init__(self, engine: str, torch: Any, device: str, clock: Clock) -> None:
        self.engine, self.torch, self.device, self.clock = engine, torch, device, clock
        self.workload = ""

    def answer(self, request: dict[str, Any]) -> dict[str, float]:
        """Seconds of a step of a workload and its loss after the first steps; or the card's own rates."""
        if request["workload"] == "rates":
            return rates(self.torch, self.device, self.clock, request["size"])
        if request["workload"] != self.workload:
            self.take_up(request["workload"], request["warm"])
        steps = max(2, min(request["steps"], round(CHUNK / self.clock(self.step, 1))))
        chunks = [self.clock(self.step, steps) for _ in range(request["chunks"])]
        return {"seconds": statistics.median(chunks), "loss": self.loss}

    def take_up(self, workload: str, warm: int) -> None:
        """Make another workload and run its first steps; the memory of the last one is given back."""
        self.step: Step = int
        gc.collect()
        self.torch.cuda.empty_cache()
        self.torch.manual_seed(42)
        step = build(workload, self.torch, self.device)
        self.step = captured(self.torch, step, warm) if self.engine == "torch graph" else warmed(step, warm)
        self.workload, self.loss = workload, float(self.step().detach())


def warmed(step: Step, count: int) -> Step:
    """The same step after some runs: kernels compiled, memory taken."""
    for _ in range(count):
        step()
    return step


def captured(torch: Any, step: Step, count: int) -> Step:
    """The step as a CUDA graph, after some ordinary runs on another stream, as PyTorch's notes ask for.

    https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs
    """
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        warmed(step, count)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = step()

    def replay() -> Any:
        graph.replay()
        return loss

    return replay


def seconds_by_events(cuda: Any, step: Step, count: int) -> float:
    """By CUDA events around `count` steps; cuda: the engine's."""
    begin, end = (cuda.Event(enable_timing=True) for _ in range(2))
    cuda.synchronize()
    begin.record()
    warmed(step, count)
    end.record()
    end.synchronize()
    return float(begin.elapsed_time(end)) / 1000 / count


def seconds_by_host(step: Step, count: int) -> float:
    """By the processor's clock: no GPU."""
    began = time.perf_counter()
    warmed(step, count)
    return (time.perf_counter() - began) / count


def rates(torch: Any, device: str, clock: Clock, size: int) -> dict[str, float]:
    """What the card reaches: operations a second in a large matmul, bytes a second in a large copy (read and write)."""
    a, b = (torch.ones(size, size, device=device) for _ in range(2))
    target = torch.empty(size, size, device=device)
    matmul, copy = (lambda: torch.matmul(a, b)), (lambda: target.copy_(a))
    warmed(matmul, 3), warmed(copy, 3)
    return {
        "operations": 2 * size**3 / clock(matmul, 10),
        "bytes": 2 * 4 * size**2 / clock(copy, 50),
    }


if __name__ == "__main__":
    main()
