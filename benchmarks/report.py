"""The tables that `python -m benchmarks` prints."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.contestants import CONTESTANTS
from benchmarks.tasks import GOALS, TASKS

Found = dict[str, Any]
UNITS = ("s", 1.0), ("ms", 1e-3), ("us", 1e-6)


def show(found: Found, console: Console) -> None:
    """All tables."""
    results = found["results"]
    training = [name for name in results if name in GOALS]
    if training:
        console.print(times(training, results, "Time of a training step"))
        console.print(ratios(training, results))
    others = [name for name in results if name not in GOALS]
    if others:
        console.print(beside_torch(others, results))
    if results:
        console.print(goals(results))
    if found["peak bytes"]:
        console.print(memory(found))
    machine = found["machine"]
    console.print(
        f"{machine['processor']}, {found['threads']} threads for each contestant, a process each, in turns. "
        "OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE are unset for all.",
        highlight=False,
    )


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
        if any(contestant in results[name]["seconds"] for name in names):
            table.add_row(contestant, *(time_of(contestant, results[name]) for name in names))
    return table


def time_of(contestant: str, result: Found) -> str:
    """A time, if there is one and it counts."""
    if contestant not in result["seconds"]:
        return ""
    if not result["losses agree"][contestant]:
        return f"loss {result['losses'][contestant]:.4g}"
    return readable(result["seconds"][contestant])


def readable(seconds: float) -> str:
    """Seconds with a unit, to three digits."""
    unit, size = next((each for each in UNITS if seconds >= each[1]), UNITS[-1])
    return f"{seconds / size:.3g} {unit}" if seconds / size < 1000 else f"{seconds / size:.0f} {unit}"


def ratios(names: list[str], results: Found) -> Table:
    """Minigrad's time divided by each other's."""
    table = new_table("minigrad's time / theirs (quartiles of the rounds)", "", *names)
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
    table = new_table("Other times", "", "of", "torch", "minigrad", "minigrad / torch")
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
    table = new_table("Goals: the largest ratio aimed at", "", "beside", "goal", "reached", "")
    for name, result in results.items():
        for contestant, goal in TASKS[name].goals.items():
            if contestant in result["ratio"] and result["losses agree"][contestant]:
                reached = result["ratio"][contestant]
                table.add_row(name, contestant, f"{goal:.2f}", f"{reached:.2f}", "yes" if reached <= goal else "no")
    return table


def memory(found: Found) -> Table:
    """Peaks of memory."""
    contestants = list(next(iter(found["peak bytes"].values())))
    table = new_table("Growth of memory at its peak, beyond the library (MB)", "", "data and weights", *contestants)
    for name, peaks in found["peak bytes"].items():
        table.add_row(name, *(f"{size / 1e6:.1f}" for size in (found["data bytes"][name], *peaks.values())))
    return table
