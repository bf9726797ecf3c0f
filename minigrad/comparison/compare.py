"""Compares what two engines recorded while they ran the same script, and judges it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from statistics import median
from typing import Any

import numpy as np

from minigrad.comparison.engines import Run
from minigrad.comparison.measure import Difference, Ruler
from minigrad.comparison.printed import Printed, compare_printed
from minigrad.comparison.recorder import Arrays, Step, read_steps

TOLERANCE = {"float64": 1e-12, "float32": 1e-4, "float16": 1e-2}
"""The largest relative difference that passes, by the least precise dtype among the parameters.

In float32 rounding has made 1.2e-5 of it in the lessons on the processors tried, a rate that is off by 1 % makes 1e-3
within a few steps."""

GRADIENT_TOLERANCE = {"float64": 1e-12, "float32": 2e-2, "float16": 2e-1}
"""The same for gradients.  They jump where a ReLU's input comes within rounding of 0: open on one engine, shut on the
other, for one unit and one sample.  Loss and parameters, which follow from the gradients, show what is more than that;
and in float64 no input comes so near."""

SPREAD = 10
"""How many times further than PyTorch from itself, after one rounding more or less in each gradient, runs may be that
have parted.  The two libraries differ by more than one rounding in each gradient, so they part a little earlier."""

KINDS = ("loss", "gradient", "parameter")


@dataclass(frozen=True)
class Finding:
    """A difference, and where it was found."""

    difference: Difference
    step: int
    place: str = ""

    @property
    def relative(self) -> float:
        """How large it is."""
        return self.difference.relative


@dataclass
class Comparison:
    """Two runs of one script beside each other.  Steps are numbered from 1."""

    runs: tuple[Run, Run]
    dtype: str = "float32"
    starts: dict[str, Difference] = field(default_factory=dict)
    """How far apart each model is before its first step: drawn weights are equal to the bit, trained ones are not."""
    places: list[list[str]] = field(default_factory=lambda: [[], []])
    """The devices on which each run's parameters were trained."""
    steps: list[int] = field(default_factory=lambda: [0, 0])
    seconds: list[list[float]] = field(default_factory=lambda: [[], []])
    losses: list[list[float]] = field(default_factory=lambda: [[], []])
    models: list[str] = field(default_factory=list)
    """What each step trained, of the steps that both runs made."""
    relative: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    """The largest relative difference at each step that both runs made; NaN where it was not recorded."""
    largest: dict[str, Finding] = field(default_factory=dict)
    first_above_tolerance: dict[str, Finding] = field(default_factory=dict)
    printed_bytes: list[int] = field(default_factory=list)
    """How much the first run had printed when each step began."""
    printed: Printed = field(default_factory=Printed)
    own: Comparison | None = None
    """PyTorch beside itself with its gradients disturbed by one rounding, if that was needed to judge."""

    def tolerance(self, kind: str = "parameter") -> float:
        """The largest relative difference that passes."""
        return (GRADIENT_TOLERANCE if kind == "gradient" else TOLERANCE)[self.dtype]

    @property
    def seconds_per_step(self) -> list[float | None]:
        """The median time of a step on each engine."""
        return [median(seconds) if seconds else None for seconds in self.seconds]

    @property
    def closeness(self) -> float | None:
        """The largest relative difference of a loss or a parameter; None without any step."""
        found = [self.largest[kind].relative for kind in ("loss", "parameter") if kind in self.largest]
        return max(found, default=None)

    @property
    def parted(self) -> Finding | None:
        """The first difference above its tolerance; None when all are within."""
        return min(self.first_above_tolerance.values(), key=lambda finding: finding.step, default=None)

    @property
    def parted_as_torch_from_itself(self) -> bool:
        """Whether the runs have parted, and no further than a few times as far as PyTorch from itself by then.

        A script that PyTorch does not repeat draws numbers without a seed; there it is not rounding that grows.
        """
        if self.parted is None or self.own is None or beyond_own_spread(self):
            return False
        return repeats(self.own)


def compare(runs: tuple[Run, Run]) -> Comparison:
    """Compare two runs of the same script, as far as both of them went."""
    comparison = Comparison(runs)
    compare_steps(comparison, Ruler())
    comparison.printed = compare_printed(runs, comparison.tolerance())
    return comparison


def needs_own_spread(comparison: Comparison) -> bool:
    """Whether PyTorch has to be run once more, disturbed by one rounding, to judge: something differs, at the end of
    two whole runs."""
    differs = comparison.parted is not None or bool(comparison.printed.differing)
    whole = all(run.exit_status == 0 for run in comparison.runs) and comparison.steps[0] == comparison.steps[1]
    return differs and whole


def judge_by_own_spread(comparison: Comparison, disturbed: Run) -> None:
    """Judge again, knowing how far PyTorch is from itself."""
    comparison.own = compare((comparison.runs[0], disturbed))
    judged = float("inf")
    if comparison.parted is not None and comparison.parted_as_torch_from_itself:
        judged = comparison.printed_bytes[comparison.parted.step - 1]
    comparison.printed = compare_printed(comparison.runs, comparison.tolerance(), judged, disturbed)


def beyond_own_spread(comparison: Comparison) -> Finding | None:
    """The first difference that is above its tolerance and further than SPREAD times PyTorch from itself so far."""
    assert comparison.own is not None
    found = []
    for kind in comparison.first_above_tolerance:
        ours, own = (np.nan_to_num(each.relative[kind]) for each in (comparison, comparison.own))
        allowed = np.maximum(comparison.tolerance(kind), SPREAD * np.maximum.accumulate(own))
        beyond = np.flatnonzero(~(ours[: len(allowed)] <= allowed[: len(ours)]))
        if beyond.size:
            step = int(beyond[0])
            found.append(Finding(Difference(ours[step], np.nan, bit_equal=False), step + 1))
    return min(found, key=lambda finding: finding.step, default=None)


# The steps


def compare_steps(comparison: Comparison, ruler: Ruler) -> None:
    """Go through the steps of both runs together; nothing but the present step is held in memory."""
    recorded = [read_steps(run.records) for run in comparison.runs]
    for number, (ours, theirs) in enumerate(zip_longest(*recorded), start=1):
        for engine, step in enumerate((ours, theirs)):
            if step is not None:
                comparison.steps[engine] = number
                comparison.losses[engine].append(float(np.mean(step.loss)))
                comparison.seconds[engine] += [] if step.seconds is None else [step.seconds]
                comparison.places[engine] = sorted({*comparison.places[engine], *step.places})
        if ours is not None and theirs is not None:
            compare_step(comparison, ruler, number, ours, theirs)


def compare_step(comparison: Comparison, ruler: Ruler, number: int, ours: Step, theirs: Step) -> None:
    """Measure loss, gradients and parameters of one step."""
    if number == 1:
        comparison.dtype = least_precise_dtype([*ours.start.values(), *theirs.start.values()])
    comparison.models.append(ours.model)
    comparison.printed_bytes.append(ours.printed)
    started = [difference for _, difference in measured(ruler, "parameter", ours.start, theirs.start)]
    if started:
        furthest = max(started, key=lambda difference: (difference.relative, not difference.bit_equal))
        comparison.starts.setdefault(ours.model, furthest)
    for kind, pairs in [
        ("loss", measured(ruler, "loss", {ours.model: ours.loss}, {ours.model: theirs.loss})),
        ("gradient", measured(ruler, "gradient", ours.gradients, theirs.gradients)),
        ("parameter", measured(ruler, "parameter", ours.parameters, theirs.parameters)),
    ]:
        keep(comparison, kind, [Finding(difference, number, f" of {name}") for name, difference in pairs])


def measured(ruler: Ruler, kind: str, ours: Arrays | None, theirs: Arrays | None) -> Iterable[tuple[str, Difference]]:
    """The differences of the arrays of the same name; none when they were not recorded at this step."""
    if ours is None or theirs is None:
        return []
    names = dict.fromkeys([*ours, *theirs])
    return [(name, ruler.measure((kind, name), ours.get(name), theirs.get(name))) for name in names]


def keep(comparison: Comparison, kind: str, findings: list[Finding]) -> None:
    """Add what was found in one kind of quantity at one step."""
    worst = max(findings, key=lambda finding: finding.relative, default=None)
    comparison.relative[kind].append(np.nan if worst is None else worst.relative)
    if worst is None:
        return
    if kind not in comparison.largest or worst.relative > comparison.largest[kind].relative:
        comparison.largest[kind] = worst
    if worst.relative > comparison.tolerance(kind):
        comparison.first_above_tolerance.setdefault(kind, worst)


def least_precise_dtype(arrays: Sequence[Any]) -> str:
    """The dtype, of those with a tolerance, that allows the largest one; float32 where there is none."""
    names = {array.dtype.name for array in arrays} & TOLERANCE.keys()
    return max(names, key=TOLERANCE.__getitem__, default="float32")


# The verdict


def failures(comparison: Comparison) -> list[str]:
    """Why the comparison does not pass, the cause first and without what follows from it; empty when it passes."""
    if stopped := [run for run in comparison.runs if run.exit_status != 0]:
        return [how_it_stopped(stopped, comparison.runs)]
    reasons = []
    parted = comparison.parted
    if parted is not None and not comparison.parted_as_torch_from_itself:
        reasons.append(how_they_part(comparison, parted))
    if comparison.steps[0] != comparison.steps[1]:
        counts = [f"{n} on {run.engine}" for n, run in zip(comparison.steps, comparison.runs, strict=True)]
        reasons.append(f"the numbers of steps differ: {' and '.join(counts)}")
    if not reasons and comparison.printed.differing:
        reasons.append(how_lines_differ(comparison))
    return reasons


def how_it_stopped(stopped: list[Run], runs: tuple[Run, Run]) -> str:
    """The exception, in one paragraph."""
    told = [describe_end(run) for run in stopped]
    if len(stopped) == 2:
        if told[0].partition(":")[2] == told[1].partition(":")[2]:
            return told[0].replace("torch stops", "the script stops on both engines", 1)
        return "\n".join(["the script stops on both engines.", *told])
    other = next(run for run in runs if run not in stopped)
    return f"{told[0]}\n{other.engine} runs the script to its end."


def describe_end(run: Run) -> str:
    """Where and how a run stopped, with the user's line."""
    error = run.error
    if not error:
        tail = run.errors.rstrip().splitlines()[-3:]
        return "\n  ".join([f"{run.engine} stops: exit status {run.exit_status}", *tail])
    where = f" at {error['file']}, line {error['line']}" if error["line"] else ""
    lines = [
        f"{run.engine} stops{where}:",
        *([error["source"]] if error["source"] else []),
        *error["message"].splitlines(),
    ]
    return "\n    ".join(lines)


def how_they_part(comparison: Comparison, parted: Finding) -> str:
    """Where the first difference above its tolerance is, how large, and what may be the cause."""
    kind = next(kind for kind, finding in comparison.first_above_tolerance.items() if finding is parted)
    what = parted.difference.mismatch or (
        f"they differ by {parted.relative:.1e}, the tolerance is {comparison.tolerance(kind):.0e}"
    )
    before = [value for each in comparison.relative.values() for value in each[: parted.step - 1] if value == value]
    until = f"; up to then by {max(before):.1e} at most" if before else ""
    return f"step {parted.step}, {kind}{parted.place}: {what}{until}.{likely_cause(comparison, parted)}"


def likely_cause(comparison: Comparison, parted: Finding) -> str:
    """A hint, where there is one."""
    own = comparison.own
    if first_weights(comparison) > comparison.tolerance():
        if own is not None and first_weights(own) > own.tolerance():
            return (
                "\nThe first weights come from a random generator without a seed: PyTorch draws others itself when the "
                "script is run again. Set its seed, as torch.manual_seed(0) does for PyTorch's own."
            )
        return "\nThe weights differ before the first step: how does the script make them?"
    if own is not None and not repeats(own):
        return "\nPyTorch does not repeat this script itself: is there a random generator without a seed?"
    if own is not None:
        furthest = max(np.nanmax(values[: parted.step]) for values in own.relative.values())
        disturbed = f"PyTorch with each gradient moved by one rounding is {furthest:.1e} from itself by then"
        return f"\n{disturbed}: here is more than that."
    if comparison.dtype != "float64":
        return "\n--dtype float64 tells whether it is more than rounding that has grown."
    return ""


def repeats(own: Comparison) -> bool:
    """Whether PyTorch repeats a script's first step: the gradients are disturbed only after that step's loss."""
    return first_weights(own) == 0 and own.relative["loss"][0] == 0


def first_weights(comparison: Comparison) -> float:
    """How far apart the first model is before its first step."""
    return next((difference.relative for difference in comparison.starts.values()), 0.0)


def how_lines_differ(comparison: Comparison) -> str:
    """The first line that differs, on both engines."""
    number, *lines = comparison.printed.differing[0]
    more = len(comparison.printed.differing) - 1
    return "\n".join(
        [
            f"printed line {number} differs{f', and {more} more' if more else ''}:",
            *(
                f"    {run.engine + ':':9} {'(no such line)' if line is None else line}"
                for run, line in zip(comparison.runs, lines, strict=True)
            ),
        ]
    )
