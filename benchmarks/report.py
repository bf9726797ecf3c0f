"""The tables that `python -m benchmarks` prints."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.contestants import CONTESTANTS
from benchmarks.tasks import GOALS, TASKS

Found = dict[str, Any]
COLUMNS = 4
UNITS = ("s", 1.0), ("ms", 1e-3), ("us", 1e-6)


def show(found: Found, console: Console) -> None:
    """All tables."""
    results = found["results"]
    show_training(results, console, f"{found['threads']} thread{'s'[: found['threads'] - 1]}")
    for threads, repeated in found["more threads"].items():
        show_training(repeated, console, f"{threads} threads, where that repeats")
    others = [name for name in results if name not in GOALS]
    if others:
        console.print(beside_torch(others, results))
    if results:
        console.print(goals(results))
    if found["peak bytes"]:
        console.print(memory(found))
    machine = found["machine"]
    console.print(
        f"{machine['processor']}. A process for each contestant, in turns. "
        "OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE are unset for all.",
        highlight=False,
    )


def show_training(results: Found, console: Console, threads: str) -> None:
    """The tables of training steps, few workloads in each: a table that is wider than a page cannot be read."""
    training = [name for name in results if name in GOALS]
    if training:
        console.print(
            f"A training step, {threads}: the fastest of all (the median); and minigrad's fastest divided by theirs "
            "(quartiles of the same for the medians of each round).",
            highlight=False,
        )
    for start in range(0, len(training), COLUMNS):
        names = training[start : start + COLUMNS]
        console.print(times(names, results, "fastest (median)"))
        console.print(ratios(names, results))


def new_table(title: str, *headers: str) -> Table:
    """A table whose first column is text, and the others are numbers."""
    table = Table(title=title)
    for header in headers:
        table.add_column(header, justify="left" if header == headers[0] else "right")
    return table


def times(names: list[str], results: Found, title: str) -> Table:
    """Seconds: a row for each contestant, a column for each workload."""
    table = new_table(title, "", *names)
    for contestant in CONTESTANTS:
        if any(contestant in results[name]["fastest"] for name in names):
            table.add_row(contestant, *(time_of(contestant, results[name]) for name in names))
    return table


def time_of(contestant: str, result: Found) -> str:
    """The fastest and the median time, if there is one and it counts."""
    if contestant not in result["fastest"]:
        return ""
    if not result["losses agree"][contestant]:
        return f"loss {result['losses'][contestant]:.4g}"
    return f"{readable(result['fastest'][contestant])} ({readable(result['median'][contestant])})"


def readable(seconds: float) -> str:
    """Seconds with a unit, to three digits."""
    unit, size = next((each for each in UNITS if seconds >= each[1]), UNITS[-1])
    return f"{seconds / size:.3g} {unit}" if seconds / size < 1000 else f"{seconds / size:.0f} {unit}"


def ratios(names: list[str], results: Found) -> Table:
    """Minigrad's time divided by each other's."""
    table = new_table("minigrad / theirs", "", *names)
    for contestant in CONTESTANTS:
        if contestant != "minigrad" and any(contestant in results[name]["ratio"] for name in names):
            table.add_row(contestant, *(ratio_of(contestant, results[name]) for name in names))
    return table


def ratio_of(contestant: str, result: Found) -> str:
    """A ratio with its quartiles, if the losses agree."""
    if contestant not in result["ratio"]:
        return ""
    if not (result["losses agree"][contestant] and result["losses agree"]["minigrad"]):
        return "-"
    low, high = result["quartiles"][contestant]
    return f"{result['ratio'][contestant]:.2f} ({low:.2f}-{high:.2f})"


def beside_torch(names: list[str], results: Found) -> Table:
    """What is timed on minigrad and PyTorch alone."""
    table = new_table("Other times: fastest (median)", "", "of", "torch", "minigrad", "minigrad / torch")
    for name in names:
        result = results[name]
        table.add_row(
            name,
            TASKS[name].title,
            time_of("torch", result),
            time_of("minigrad", result),
            ratio_of("torch", result),
        )
    return table


def goals(results: Found) -> Table:
    """What was aimed at and what was reached."""
    table = new_table("Goals: the largest ratio of the fastest times", "", "of", "beside", "goal", "reached", "")
    for name, result in results.items():
        for (mine, other), goal in TASKS[name].goals.items():
            if all(result["losses agree"].get(contestant) for contestant in (mine, other)):
                reached = result["fastest"][mine] / result["fastest"][other]
                met = "yes" if reached <= goal else "no"
                table.add_row(name, mine, other, f"{goal:.2f}", f"{reached:.2f}", met)
    return table


def memory(found: Found) -> Table:
    """Peaks of memory."""
    contestants = list(next(iter(found["peak bytes"].values())))
    table = new_table("Growth of memory at its peak, beyond the library (MB)", "", "data and weights", *contestants)
    for name, peaks in found["peak bytes"].items():
        table.add_row(name, *(f"{size / 1e6:.1f}" for size in (found["data bytes"][name], *peaks.values())))
    return table
