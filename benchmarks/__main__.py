"""Time minigrad beside PyTorch.

Each engine runs in a process of its own, for the thread pools of NumPy's BLAS and of torch fight over cores in
one.  The processes take turns, a round at a time in random order, so that noise of the machine meets both; the
ratio is the median of the ratios within each round.  Both must have reached the same loss, or no time counts.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.workloads import WORKLOADS

ENGINES = ("torch", "minigrad")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"default: all of {', '.join(WORKLOADS)}")
    parser.add_argument("--rounds", type=int, default=15, help="default: %(default)s")
    parser.add_argument("--steps", type=int, default=100, help="steps in a round (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="of each engine (default: %(default)s)")
    parser.add_argument("--out", type=Path, help="write the figures to this JSON file")
    arguments = parser.parse_args()
    for name in arguments.workloads:
        if name not in WORKLOADS:
            parser.error(f"no workload {name!r}: choose from {', '.join(WORKLOADS)}")
    results = measure(arguments.workloads or list(WORKLOADS), arguments)
    report(results, arguments)
    return 0 if all(result["losses agree"] for result in results) else 1


def measure(names: list[str], arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Run all rounds of all workloads."""
    workers = {engine: start(engine, arguments.threads) for engine in ENGINES}
    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    try:
        for turn in track(range(arguments.rounds + 1), "rounds", console=Console(stderr=True), transient=True):
            for name in names:
                order = random.sample(ENGINES, len(ENGINES))
                times = {engine: ask(workers[engine], name, arguments.steps) for engine in order}
                if turn:  # the first round warms up
                    rounds[name].append(times)
    finally:
        for worker in workers.values():
            worker.kill()
    return [summary(name, rounds[name]) for name in names]


def start(engine: str, threads: int) -> subprocess.Popen[str]:
    """A worker process with a given number of threads."""
    environment = dict(os.environ)
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        environment.pop(name, None)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        environment[name] = str(threads)
    command = [sys.executable, "-m", "benchmarks.worker", engine, str(threads)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def ask(worker: subprocess.Popen[str], workload: str, steps: int) -> dict[str, float]:
    """Let a worker run some steps."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    print(json.dumps({"workload": workload, "steps": steps}), file=worker.stdin, flush=True)
    answer = worker.stdout.readline()
    if not answer:
        raise SystemExit(f"the worker of {worker.args[3]} failed at {workload}: see its error above")  # type: ignore[index]
    result: dict[str, float] = json.loads(answer)
    return result


def summary(name: str, rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """The medians of one workload."""
    divisor = WORKLOADS[name][1]
    ratios = sorted(times["minigrad"]["seconds"] / times["torch"]["seconds"] for times in rounds)
    last = [rounds[-1][engine]["loss"] for engine in ENGINES]
    return {
        "workload": name,
        **{
            f"{engine} us": 1e6 * statistics.median(times[engine]["seconds"] for times in rounds) / divisor
            for engine in ENGINES
        },
        "ratio": statistics.median(ratios),
        "ratio quartiles": [ratios[len(ratios) // 4], ratios[-1 - len(ratios) // 4]],
        "losses": last,
        "losses agree": abs(last[0] - last[1]) <= 1e-3 * max(abs(last[0]), 1e-3),
    }


def report(results: list[dict[str, Any]], arguments: argparse.Namespace) -> None:
    """Print the table, write the JSON."""
    table = Table(title=f"Time beside PyTorch ({arguments.threads} threads each, a process each, interleaved)")
    table.add_column("workload")
    table.add_column("time of")
    for header in ("torch", "minigrad", "ratio", "quartiles", "losses agree"):
        table.add_column(header, justify="right")
    for result in results:
        low, high = result["ratio quartiles"]
        table.add_row(
            result["workload"],
            WORKLOADS[result["workload"]][2],
            *(f"{result[f'{engine} us']:.2f} us" for engine in ENGINES),
            f"{result['ratio']:.2f}",
            f"{low:.2f}-{high:.2f}",
            "yes" if result["losses agree"] else f"NO {result['losses']}",
        )
    Console().print(table)
    print("OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE are unset for both. The ratio is minigrad / torch.")
    if arguments.out:
        arguments.out.write_text(
            json.dumps({"machine": machine(), "threads": arguments.threads, "results": results}, indent=2)
        )


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    import numpy
    import torch

    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "torch": torch.__version__,
    }


if __name__ == "__main__":
    sys.exit(main())
