"""Time minigrad beside PyTorch, hand-written NumPy and its peers.

Each contestant runs in a process of its own, with the same number of threads, from the same weights; they take
turns in random order, so that noise of the machine meets all.  Of each the fastest of all steps is told, which other
work on the machine cannot make faster, and the median.  By several threads a time counts only if processes that are
started anew repeat it.  All must have reached the same loss, or no time counts.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console

from benchmarks import figures, growth, report
from benchmarks.contestants import CONTESTANTS, missing
from benchmarks.machine import description
from benchmarks.measure import measure, only_repeated, peaks, positive
from benchmarks.ops import measure_ops
from benchmarks.tasks import BUFFERS, TASKS
from benchmarks.worker import data_bytes

MEMORY = "mnist-sgd", "mnist-adam", "width-2048"
"""The workloads whose peak of memory is measured."""


def main() -> int:
    arguments = parse_arguments()
    console = Console(width=None if sys.stdout.isatty() else 120)
    contestants = present(arguments.contestants, console)
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.ops:
        return measure_ops(arguments.rounds, arguments.threads[0], arguments.out, console)
    if arguments.growth:
        return growth.measure_growth(console)
    tasks = {name: TASKS[name] for name in arguments.workloads or TASKS}
    large = [name for name in MEMORY if name in tasks]
    threads, *more = arguments.threads
    of_memory = [name for name in ("minigrad", "torch", BUFFERS) if not missing(name)]
    found = {
        "machine": description(),
        "threads": threads,
        "results": measure(tasks, contestants, arguments.rounds, threads),
        "more threads": {each: only_repeated(measure(tasks, contestants, arguments.rounds, each)) for each in more},
        "peak bytes": peaks(large, of_memory, threads),
        "data bytes": {name: data_bytes(name) for name in large},
    }
    (arguments.out / "benchmarks.json").write_text(json.dumps(found, indent=1) + "\n")
    figures.draw(found, arguments.out)
    report.show(found, console)
    console.print(f"Times, losses and figures are in {arguments.out}/", highlight=False)
    return 0 if all(all(result["losses agree"].values()) for result in found["results"].values()) else 1


def parse_arguments(words: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=f"default: all of {', '.join(TASKS)}")
    parser.add_argument(
        "--contestants", nargs="+", metavar="NAME", help=f"minigrad and some of: {', '.join(CONTESTANTS)}"
    )
    parser.add_argument("--rounds", type=positive, default=15, help="default: %(default)s")
    parser.add_argument(
        "--threads", nargs="+", type=positive, default=[1], metavar="N",
        help="of each contestant (default: 1); of several numbers those after the first are told where they repeat",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, default=Path("out/benchmarks"), metavar="DIR", help="default: %(default)s")
    parser.add_argument("--ops", action="store_true", help="time single ops over sizes instead")
    parser.add_argument("--growth", action="store_true", help="fit how the cost of a step grows instead")
    arguments = parser.parse_args(words)
    for kind, given, known in (
        ("workload", arguments.workloads, TASKS),
        ("contestant", arguments.contestants or [], CONTESTANTS),
    ):
        for name in given:
            if name not in known:
                parser.error(f"no {kind} {name!r}: choose from {', '.join(known)}")
    return arguments


def present(asked_for: list[str] | None, console: Console) -> list[str]:
    """The contestants that can run here; says which cannot, and why."""
    contestants = list(dict.fromkeys(["minigrad", *(asked_for or CONTESTANTS)]))
    for name in contestants:
        if reason := missing(name):
            console.print(f"without {name}: {reason}", highlight=False)
    return [name for name in contestants if not missing(name)]


if __name__ == "__main__":
    sys.exit(main())
