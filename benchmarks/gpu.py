"""Time minigrad on CuPy beside torch on CUDA: the lessons' training steps, and a sweep of widths and batches.

Three engines, each in a process with a memory pool of its own: minigrad, torch as written (eager), and torch with
the step captured in a CUDA graph.  They take turns, a round at a time in random order; CUDA events give the time,
and ratios are medians of those within each round.  All must have reached the same loss, or no time counts.
"""

from __future__ import annotations

import argparse
import json
import math
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

from benchmarks.gpu_workloads import BATCHES, LESSONS, WIDTHS, bytes_moved, operations, sweep_name
from benchmarks.measure import positive, quartiles
from minigrad.comparison import gpu
from minigrad.comparison.machine import processor

ENGINES = ("torch", "torch graph", "minigrad")
LARGE = 8192
"""The size of the matrices by which the card's own rates are measured."""


def main() -> int:
    arguments = parse_arguments()
    reason = gpu.missing()
    if reason:
        print(f"python -m benchmarks.gpu: nothing was measured, there is no GPU for both engines: {reason}")
        return 2
    sweep = {sweep_name(width, batch): (width, batch) for batch in arguments.batches for width in arguments.widths}
    results, rates = measure([*LESSONS, *sweep], arguments, "cuda")
    for name, size in sweep.items():
        results[name] |= achieved(size, results[name], rates)
    arguments.out.mkdir(parents=True, exist_ok=True)
    report = {"machine": machine(), "rates of the card": rates, "conditions": conditions(arguments), "results": results}
    (arguments.out / "benchmark.json").write_text(json.dumps(report, indent=1) + "\n")
    plot(arguments.out / "benchmark.png", sweep, results, report["machine"]["card"]["name"])
    print_tables(Console(width=None if sys.stdout.isatty() else 140), report)
    return 0 if all(result["losses agree"] for result in results.values()) else 1


def parse_arguments(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=positive, default=5, help="default: %(default)s")
    parser.add_argument("--chunks", type=positive, default=5, help="timed chunks in a round (default: %(default)s)")
    parser.add_argument("--steps", type=positive, default=20, help="the most steps in a chunk (default: %(default)s)")
    parser.add_argument("--widths", type=positive, nargs="*", default=list(WIDTHS), help="of the sweep's layers")
    parser.add_argument("--batches", type=positive, nargs="*", default=list(BATCHES), help="of the sweep")
    parser.add_argument("--out", type=Path, default=Path("out/gpu"), metavar="DIR", help="default: %(default)s")
    return parser.parse_args(words)


def conditions(arguments: argparse.Namespace) -> dict[str, int]:
    return {"rounds": arguments.rounds, "chunks": arguments.chunks, "steps": arguments.steps}


# Measuring ----------------------------------------------------------------------------------------------------


def measure(names: list[str], arguments: argparse.Namespace, device: str) -> tuple[dict[str, Any], dict[str, float]]:
    """All rounds of all workloads, and the card's rates."""
    workers = {engine: start(engine, device) for engine in ENGINES}
    request = {"warm": 5, "steps": arguments.steps, "chunks": arguments.chunks}
    rounds: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    try:
        rates = ask(workers["torch"], {"workload": "rates", "size": LARGE})
        for name in track(names, "workloads", console=Console(stderr=True), transient=True):
            for _ in range(arguments.rounds):
                order = random.sample(ENGINES, len(ENGINES))
                rounds[name].append({each: ask(workers[each], {"workload": name, **request}) for each in order})
    finally:
        for worker in workers.values():
            worker.kill()
    return {name: summary(rounds[name]) for name in names}, rates


def start(engine: str, device: str) -> subprocess.Popen[str]:
    """A worker process."""
    command = [sys.executable, "-m", "benchmarks.gpu_worker", engine, device]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(worker: subprocess.Popen[str], request: dict[str, Any]) -> dict[str, float]:
    """Let a worker run some steps."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    print(json.dumps(request), file=worker.stdin, flush=True)
    answer = worker.stdout.readline()
    if not answer:
        raise SystemExit(f"the worker of {worker.args[3]} failed at {request['workload']}: see its error above")  # type: ignore[index]
    result: dict[str, float] = json.loads(answer)
    return result


# The arithmetic of the report ---------------------------------------------------------------------------------


def summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians of one workload, and minigrad's time beside each of torch's within the rounds."""
    ratios = {
        other: [each["minigrad"]["seconds"] / each[other]["seconds"] for each in rounds]
        for other in ENGINES
        if other != "minigrad"
    }
    losses = {engine: rounds[-1][engine]["loss"] for engine in ENGINES}
    return {
        "seconds": {engine: statistics.median(each[engine]["seconds"] for each in rounds) for engine in ENGINES},
        "ratio": {other: statistics.median(values) for other, values in ratios.items()},
        "quartiles": {other: quartiles(values) for other, values in ratios.items()},
        "losses": losses,
        "losses agree": agree(list(losses.values())),
    }


def agree(losses: list[float]) -> bool:
    """Whether losses are finite and equal to a thousandth."""
    return all(map(math.isfinite, losses)) and max(losses) - min(losses) <= 1e-3 * max(*map(abs, losses), 1e-3)


def achieved(size: tuple[int, int], result: dict[str, Any], rates: dict[str, float]) -> dict[str, Any]:
    """Which fractions of the card's matmul rate and of its memory bandwidth a step of the sweep reaches."""
    return {
        "fraction of matmul rate": {
            engine: operations(*size) / seconds / rates["operations"] for engine, seconds in result["seconds"].items()
        },
        "fraction of bandwidth": {
            engine: bytes_moved(*size) / seconds / rates["bytes"] for engine, seconds in result["seconds"].items()
        },
    }


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    import numpy

    return {
        "card": gpu.card(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "numpy": numpy.__version__,
    }


# Table and plot -----------------------------------------------------------------------------------------------


def print_tables(console: Console, report: dict[str, Any]) -> None:
    """Print times and ratios, and what fraction of the card's rates the sweep reaches."""
    results, rates = report["results"], report["rates of the card"]
    table = Table(title=f"Time of a training step on {report['machine']['card']['name']}")
    for header in ("workload", *ENGINES, "minigrad / torch", "quartiles", "minigrad / graph", "quartiles", "losses"):
        table.add_column(header, justify="left" if header == "workload" else "right")
    for name, result in results.items():
        table.add_row(name, *cells(result))
    console.print(table)
    large = Table(title="Fraction of the card's measured rates: matrix products / memory")
    for header in ("workload", *ENGINES):
        large.add_column(header, justify="left" if header == "workload" else "right")
    for name, result in results.items():
        if "fraction of bandwidth" in result:
            matmul, memory = result["fraction of matmul rate"], result["fraction of bandwidth"]
            large.add_row(name, *(f"{matmul[engine]:.0%} / {memory[engine]:.0%}" for engine in ENGINES))
    console.print(large)
    console.print(
        f"The card's rates: {rates['operations'] / 1e12:.1f} Tflop/s in a float32 matmul of size {LARGE} without "
        f"TF32, {rates['bytes'] / 1e9:.0f} GB/s in a copy."
    )


def cells(result: dict[str, Any]) -> list[str]:
    """A row of the table; without agreement of the losses it has no times."""
    if not result["losses agree"]:
        return ["-"] * 7 + [f"DIFFER {result['losses']}"]
    row = [f"{1e6 * result['seconds'][engine]:.1f} us" for engine in ENGINES]
    for other in ("torch", "torch graph"):
        low, high = result["quartiles"][other]
        row += [f"{result['ratio'][other]:.2f}", f"{low:.2f}-{high:.2f}"]
    return [*row, "agree"]


def plot(path: Path, sweep: dict[str, tuple[int, int]], results: dict[str, Any], card: str) -> None:
    """Time of a step against the width, a panel for each batch size; what counts no time is left out."""
    from matplotlib.figure import Figure

    batches = sorted({batch for _, batch in sweep.values()})
    if not batches:
        return
    figure = Figure(figsize=(4.6 * len(batches), 4.2), layout="constrained")
    figure.suptitle(f"Training step of three linear layers on {card}")
    panels = figure.subplots(1, len(batches), sharey=True, squeeze=False)[0]
    for axes, batch in zip(panels, batches, strict=True):
        shown = sorted((size[0], name) for name, size in sweep.items() if size[1] == batch)
        shown = [(width, name) for width, name in shown if results[name]["losses agree"]]
        for engine, style in zip(ENGINES, ("o-", "s:", "^--"), strict=True):
            milliseconds = [1e3 * results[name]["seconds"][engine] for _, name in shown]
            axes.loglog([width for width, _ in shown], milliseconds, style, base=2, label=engine)
        axes.set_yscale("log", base=10)
        axes.set_title(f"batch {batch}")
        axes.set_xlabel("width")
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("time of a step (ms)")
    panels[0].legend()
    figure.savefig(path, dpi=130)


if __name__ == "__main__":
    sys.exit(main())
