"""One engine in a process of its own: told a workload and a number of steps, it answers with times.

Run by `python -m benchmarks`; speaks JSON, a line a request.
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
import time
from typing import Any

from benchmarks.workloads import WORKLOADS


def main() -> None:
    engine, threads = importlib.import_module(sys.argv[1]), int(sys.argv[2])
    if hasattr(engine, "set_num_threads"):
        engine.set_num_threads(threads)
    for line in sys.stdin:
        request = json.loads(line)
        # Anew each time: a model that is trained on and on ends in gradients so small (denormal numbers) that
        # any processor is slow with them, which no lesson meets.
        engine.manual_seed(42)
        step = WORKLOADS[request["workload"]][0](engine)
        print(json.dumps(timed(step, request["steps"])), flush=True)


def timed(step: Any, count: int) -> dict[str, float]:
    """The median seconds of `count` steps, and the last loss."""
    gc.collect()
    seconds, loss = [], None
    for _ in range(count):
        start = time.perf_counter()
        loss = step()
        seconds.append(time.perf_counter() - start)
    return {"seconds": sorted(seconds)[count // 2], "loss": float(loss.detach())}  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
