"""What the comparison found: a line for each script, all of it under --verbose, and JSON."""

from __future__ import annotations

import json
import math
import os
import platform
import textwrap
from pathlib import Path
from typing import Any

from minigrad.comparison.compare import KINDS, SPREAD, Comparison, beyond_own_spread, failures
from minigrad.comparison.engines import ENGINES, THREADS, UNSET, Conditions
from minigrad.comparison.machine import processor

ROUNDING = {"float64": 2.0**-52, "float32": 2.0**-23, "float16": 2.0**-10}
"""One rounding: the step from 1 to the next number."""

STEP = "A step begins with a backward() and ends before the next one."
MEASURE = (
    "Differences are the norm |a - b| of an array, relative to the largest norm that this array (a loss, a "
    "gradient, a parameter) has had so far in the run; the largest of all steps is shown."
)
TIME = (
    "Time per step: the median from the beginning of a step to the beginning of the next, whatever the script "
    "does in between, less the recorder's own time."
)
PRINTED = (
    "Printed lines: the same words, and numbers within the tolerance of losses, relative to the largest number in this "
    "place of these words so far, or one apart in the last place printed; counts are equal. An error message of "
    "minigrad's may say a sentence more. Not judged: times (0.1 s), dates, addresses, the library's own name, version "
    "and folder; and numbers that differ between PyTorch and itself, disturbed by one rounding."
)
PARTED = (
    "Rounding grows in a long run. Where a difference is above its tolerance, PyTorch is run once more with each "
    "element of each gradient moved up or down by one rounding, as another order of summation may. The runs pass if "
    f"they are never further apart than {SPREAD} times PyTorch from itself so far; what is printed after that step is "
    "not judged."
)
ON_GPU = (
    "TF32 is off. Weights and dropout masks are drawn on the CPU and moved. In scripts that name no device each "
    "module called with tensors on the CPU computes on the GPU and its result returns, which the times include; the "
    "recorder waits for the GPU before and after each backward()."
)


def head(width: int, torch_version: str) -> str:
    """The names of the columns."""
    return f"{'':{width}}  result  steps  difference  lines equal  time per step, minigrad / torch {torch_version}"


def row(label: str, comparison: Comparison) -> str:
    """What one line can say."""
    times = comparison.seconds_per_step
    close = "-" if comparison.closeness is None else scientific(comparison.closeness)
    equal = f"{comparison.printed.equal} of {comparison.printed.total}"
    cells = [f"{label}  {'FAILED' if failures(comparison) else 'passed'}", f"{comparison.steps[0]:5}", f"{close:>10}"]
    cells += [f"{equal:>11}", f"{ratio(times)}  ({milliseconds(times[1])} / {milliseconds(times[0])})"]
    return "  ".join(cells) if None not in times else "  ".join([*cells[:-1], "-"])


def notes(comparisons: dict[str, Comparison], conditions: Conditions, verbose: bool) -> str:
    """How to read the lines: in short, or with every rule."""
    dtypes = {comparison.dtype: comparison for comparison in comparisons.values()}
    allowed = " ".join(
        f"In {dtype} {c.tolerance():.0e} passes, of gradients {c.tolerance('gradient'):.0e}; one rounding is "
        f"{ROUNDING[dtype]:.1e}."
        for dtype, c in dtypes.items()
    )
    if not verbose:
        lines = [
            "difference: the largest of any loss or parameter at any step (a backward() and what follows), relative. "
            + allowed,
            "lines equal: of the printed lines, how many are equal to the last digit; the others are but for "
            "rounding, times and the like (--verbose: all rules).",
        ]
    else:
        lines = [STEP, MEASURE, allowed, PARTED, PRINTED, TIME, described(conditions)]
    return "\n".join(textwrap.fill(line, 100) for line in lines)


def remarks(comparison: Comparison, script: Path) -> list[str]:
    """What a line cannot say: why a script fails, that its runs have parted, that there is nothing to compare."""
    result = failures(comparison)
    if comparison.steps == [0, 0] and not result:
        result.append("the script calls no backward(): nothing is trained, so only the printed lines are compared.")
    if comparison.steps != [0, 0] and "seed" not in script.read_text(encoding="utf-8", errors="replace"):
        result.append(
            "the script sets no seed (torch.manual_seed), so each run gives other numbers; for the comparison both "
            "engines began with seed 0."
        )
    parted = comparison.parted
    if parted is not None and comparison.own is not None and comparison.parted_as_torch_from_itself:
        result.append(parting(comparison, parted.step))
    if comparison.printed.unrepeated and not failures(comparison):
        result.append(
            f"{comparison.printed.unrepeated} printed lines differ where PyTorch differs from itself after one "
            "rounding."
        )
    return result


def paragraph(text: str) -> str:
    """A text in lines of 100 characters; one that has its own lines stays as it is."""
    return text if "\n" in text else textwrap.fill(text, 100)


def parting(comparison: Comparison, step: int) -> str:
    """The statement for runs that have parted by rounding."""
    own = comparison.own
    assert own is not None
    where = f"from step {own.parted.step}" if own.parted else "never"
    lines = f" Of the lines printed after it {comparison.printed.unjudged} differ; these are not judged."
    return (
        f"equal within the tolerance for {step - 1} of {comparison.steps[0]} steps, then parted by rounding, up to "
        f"{scientific(comparison.closeness or 0)}. PyTorch parts from itself too when each gradient is moved by one "
        f"rounding: {where}, up to {scientific(own.closeness or 0)}.{lines if comparison.printed.unjudged else ''}"
    )


def details(name: str, comparison: Comparison) -> str:
    """All that was measured of one script."""
    first, second = comparison.steps
    rows: dict[str, str] = {
        "result": "FAILED" if failures(comparison) else "passed",
        "dtype": comparison.dtype,
        "steps": str(first) if first == second else f"{first} and {second}",
    }
    for engine, losses in zip(ENGINES, comparison.losses, strict=True):
        rows[f"loss, {engine}"] = f"{mean_of_last(losses):.6g} (mean of the last tenth of the steps)" if losses else "-"
    for kind in KINDS:
        largest = comparison.largest.get(kind)
        told = f"{scientific(largest.relative)}, at step {largest.step}{largest.place}" if largest else "-"
        own = comparison.own.largest.get(kind) if comparison.own else None
        beside = f"; PyTorch from itself {scientific(own.relative)}" if own else ""
        rows[f"{kind}, difference"] = f"{told}; tolerance {comparison.tolerance(kind):.0e}{beside}"
    for model, start in comparison.starts.items():
        rows[f"start of {model}"] = (
            "equal to the bit"
            if start.bit_equal
            else f"{scientific(start.relative)} apart: trained before, or not drawn"
        )
    if comparison.runs[0].device != "cpu":
        for engine, places in zip(ENGINES, comparison.places, strict=True):
            rows[f"parameters on, {engine}"] = ", ".join(places) or "-"
    printed = comparison.printed
    rows["printed lines"] = f"{printed.equal} of {printed.total} equal to the last digit"
    for engine, seconds in zip(ENGINES, comparison.seconds_per_step, strict=True):
        rows[f"time per step, {engine}"] = milliseconds(seconds)
    width = max(map(len, rows))
    return "\n".join([name, *(f"  {title:{width}}  {value}" for title, value in rows.items())])


def mean_of_last(losses: list[float]) -> float:
    """The mean loss of the last tenth of the steps: batches differ."""
    last = losses[-max(1, len(losses) // 10) :]
    return sum(last) / len(last)


def scientific(value: float) -> str:
    """0, or two digits and a power of ten."""
    return "0" if value == 0 else f"{value:.1e}"


def milliseconds(seconds: float | None) -> str:
    """A time of a step."""
    return "-" if seconds is None else f"{seconds * 1000:.3g} ms"


def ratio(times: list[float | None]) -> str:
    """The second engine's time divided by the first's."""
    return f"{times[1] / times[0]:.2f}" if times[0] and times[1] else "-"


def described(conditions: Conditions) -> str:
    """The conditions of the run, in a sentence."""
    where = ""
    if conditions.device == "cuda":
        where = f"On cuda ({conditions.card}). {ON_GPU} "
    return where + (
        f"Each engine in its own process, one after the other, with {conditions.threads} threads "
        f"({', '.join(THREADS)}, torch.set_num_threads), with {' and '.join(UNSET)} unset, and all random generators "
        "(torch, numpy, random) from seed 0 until the script sets its own."
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
        "rules": [STEP, MEASURE, PARTED, PRINTED, TIME],
        "scripts": {name: as_json(comparison) for name, comparison in comparisons.items()},
    }
    path.write_text(json.dumps(finite(content), indent=1, allow_nan=False) + "\n")


def as_json(comparison: Comparison) -> dict[str, Any]:
    """One script's figures."""

    def of_both(values: list[Any]) -> dict[str, Any]:
        return dict(zip(ENGINES, values, strict=True))

    times = comparison.seconds_per_step
    own, parted = comparison.own, comparison.parted
    beyond = beyond_own_spread(comparison) if own else None
    return {
        "passed": not failures(comparison),
        "failures": failures(comparison),
        "versions": of_both([run.versions for run in comparison.runs]),
        "exit status": of_both([run.exit_status for run in comparison.runs]),
        "steps": of_both(comparison.steps),
        "mean loss of the last tenth": of_both([mean_of_last(each) if each else None for each in comparison.losses]),
        "largest difference": {
            kind: {"relative": largest.relative, "step": largest.step, "place": largest.place}
            for kind, largest in comparison.largest.items()
        },
        "dtype": comparison.dtype,
        "tolerance": {kind: comparison.tolerance(kind) for kind in KINDS},
        "parted at step": parted.step if parted else None,
        "beyond PyTorch's own spread at step": beyond.step if beyond else None,
        "PyTorch from itself": {kind: each.relative for kind, each in own.largest.items()} if own else None,
        "parameters on": of_both(comparison.places),
        "starts": {
            model: {"relative": start.relative, "bit-equal": start.bit_equal}
            for model, start in comparison.starts.items()
        },
        "printed lines": {"equal": comparison.printed.equal, "total": comparison.printed.total},
        "seconds per step": of_both(times),
        "time ratio": times[1] / times[0] if times[0] and times[1] else None,
        "each step": {
            "model": comparison.models,
            "loss": of_both(comparison.losses),
            "relative difference": comparison.relative,
            "PyTorch from itself": own.relative if own else None,
        },
    }


def finite(value: Any) -> Any:
    """The same value with null for every number that is not finite."""
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
