"""What the comparison found: a table for the terminal, and JSON."""

from __future__ import annotations

import json
import math
import os
import platform
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from comparisons.compare import KINDS, Comparison, failures
from comparisons.engines import ENGINES, THREADS, UNSET, Conditions
from comparisons.machine import processor

MEASURE = (
    "Differences are the norm |a - b| of an array, relative to the largest norm that this array (a loss, a "
    "gradient, a parameter) has had so far in the run; the largest of all steps is shown."
)
TIME = (
    "Time per step: the median from the end of an optimizer step to the end of the next, whatever the script "
    "does in between, less the recorder's own time."
)

ON_GPU = (
    "TF32 is off. Weights and dropout masks are drawn on the CPU and moved. In scripts that name no device each "
    "module called with tensors on the CPU computes on the GPU and its result returns, which the times include; the "
    "recorder waits for the GPU at each backward() and step(). Printed lines may differ in their decimals."
)


def print_report(console: Console, comparisons: dict[str, Comparison], conditions: Conditions) -> None:
    """Print the table and how to read it, then why each lesson that does not pass fails."""
    lessons = list(comparisons)
    for side_by_side in split(lessons, lessons_that_fit(console.width, lessons)):
        console.print(table({lesson: comparisons[lesson] for lesson in side_by_side}))
    for line in (MEASURE, TIME, described(conditions)):
        console.print(Text(line, style="dim"))
    for lesson, comparison in comparisons.items():
        print_remarks(console, lesson, comparison)


def print_remarks(console: Console, lesson: str, comparison: Comparison) -> None:
    """Print what the table cannot say: why a lesson fails, and the traceback of a script that failed."""
    if comparison.steps == [0, 0] and not any(run.exit_status for run in comparison.runs):
        console.print(Text(f"\n{lesson}: no optimizer step was made, so only the printed lines are compared."))
    for reason in failures(comparison):
        console.print(Text(f"\n{lesson}: {reason}", style="red"))
    for run in comparison.runs:
        if run.exit_status != 0:
            console.print(Text(f"\n{lesson} on {run.engine}:\n{run.errors.rstrip()}"), soft_wrap=True)


def split(items: list[str], size: int) -> list[list[str]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def lessons_that_fit(width: int, lessons: list[str]) -> int:
    """How many columns of a table go into a terminal of this width."""
    column = max([12, *(len(lesson) for lesson in lessons)]) + 2
    return max(1, (width - 30) // column)


def table(comparisons: dict[str, Comparison]) -> Table:
    """One column for each lesson, one row for each quantity."""
    result = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    result.add_column("lesson", no_wrap=True)
    for lesson in comparisons:
        result.add_column(lesson, justify="right", overflow="fold")
    columns = [quantities(comparison) for comparison in comparisons.values()]
    for name in columns[0]:
        result.add_row(name, *(column[name] for column in columns))
    return result


def quantities(comparison: Comparison) -> dict[str, str | Text]:
    """One column of the table."""
    first, second = comparison.steps
    rows: dict[str, str | Text] = {
        "dtype": comparison.dtype,
        "optimizer steps": str(first) if first == second else f"{first} and {second}",
    }
    for engine, losses in zip(ENGINES, comparison.losses, strict=True):
        rows[f"final loss, {engine}"] = f"{losses[-1]:.6g}" if losses else "-"
    rows["largest relative difference"] = ""
    for kind in KINDS:
        largest = comparison.largest.get(kind)
        rows[f"  {kind}"] = scientific(largest.difference.relative) if largest else "-"
    rows["  tolerance"] = scientific(comparison.tolerance)
    rows["  tolerance, gradient"] = scientific(comparison.gradient_tolerance)
    rows["first step that differs"] = str(comparison.first_differing_step or "none")
    rows["initial weights"] = initial_weights(comparison.initial_equal)
    if comparison.runs[0].device != "cpu":
        for engine, places in zip(ENGINES, comparison.places, strict=True):
            rows[f"parameters on, {engine}"] = ", ".join(places) or "-"
    rows["printed lines equal"] = f"{comparison.printed_equal} of {comparison.printed_total}"
    times = comparison.seconds_per_step
    for engine, seconds in zip(ENGINES, times, strict=True):
        rows[f"time per step, {engine}"] = "-" if seconds is None else f"{seconds * 1000:.3f} ms"
    rows["  ratio"] = "-" if None in times else f"{times[1] / times[0]:.2f}"
    rows["result"] = Text("FAILED", "bold red") if failures(comparison) else Text("passed", "bold green")
    return rows


def initial_weights(equal: list[bool]) -> str:
    """What optimizers start from: bit-equal, or how many of them do (one that resumes starts from trained weights)."""
    if not equal:
        return "-"
    if all(equal):
        return "bit-equal"
    return f"{sum(equal)} of {len(equal)} bit-equal" if equal[0] else "differ"


def scientific(value: float) -> str:
    return "0" if value == 0 else f"{value:.1e}"


def described(conditions: Conditions) -> str:
    """The conditions of the run, in a sentence."""
    where = ""
    if conditions.device == "cuda":
        where = f"On cuda ({conditions.card}). {ON_GPU} "
    return where + (
        f"Each engine in its own process, one after the other, with {conditions.threads} threads "
        f"({', '.join(THREADS)}, torch.set_num_threads) and with {' and '.join(UNSET)} unset."
    )


def write_json(path: Path, comparisons: dict[str, Comparison], conditions: Conditions) -> None:
    """Write everything that was measured; numbers that JSON has no form for become null."""
    content = {
        "machine": {"processor": processor(), "cores": os.cpu_count(), "system": platform.platform()},
        "conditions": {
            "dtype": conditions.dtype,
            "device": conditions.device,
            "card": conditions.card or None,
            "threads": conditions.threads,
            "steps at most": conditions.steps,
            "in words": described(conditions),
        },
        "measure": MEASURE,
        "time": TIME,
        "lessons": {lesson: as_json(comparison) for lesson, comparison in comparisons.items()},
    }
    path.write_text(json.dumps(finite(content), indent=1, allow_nan=False) + "\n")


def as_json(comparison: Comparison) -> dict[str, Any]:
    """One lesson's figures."""

    def of_both(values: list[Any]) -> dict[str, Any]:
        return dict(zip(ENGINES, values, strict=True))

    times = comparison.seconds_per_step
    return {
        "passed": not failures(comparison),
        "failures": failures(comparison),
        "versions": of_both([run.versions for run in comparison.runs]),
        "exit status": of_both([run.exit_status for run in comparison.runs]),
        "steps": of_both(comparison.steps),
        "final loss": of_both([losses[-1] if losses else None for losses in comparison.losses]),
        "largest difference": {
            kind: {
                "relative": largest.difference.relative,
                "absolute": largest.difference.absolute,
                "step": largest.step,
                "place": largest.place,
            }
            for kind, largest in comparison.largest.items()
        },
        "dtype": comparison.dtype,
        "tolerance": comparison.tolerance,
        "gradient tolerance": comparison.gradient_tolerance,
        "parameters on": of_both(comparison.places),
        "first differing step": comparison.first_differing_step,
        "initial weights bit-equal": comparison.initial_bit_equal,
        "weights that each optimizer starts from bit-equal": comparison.initial_equal,
        "printed lines": {"equal": comparison.printed_equal, "total": comparison.printed_total},
        "seconds per step": of_both(times),
        "time ratio": None if None in times else times[1] / times[0],
        "each step": {
            "optimizer": comparison.optimizers,
            "loss": of_both(comparison.losses),
            "relative difference": comparison.relative,
        },
    }


def finite(value: Any) -> Any:
    """The same value with null for every number that is not finite."""
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
