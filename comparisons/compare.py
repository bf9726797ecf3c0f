"""Compares what two engines recorded while they ran the same script."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import zip_longest
from statistics import median

import numpy as np

from comparisons.engines import Run
from comparisons.measure import Array, Difference, Ruler
from comparisons.recorder import Initial, Step, read_records

TOLERANCE = {"float64": 1e-12, "float32": 1e-4, "float16": 1e-2}
"""The largest relative difference that passes, by the least precise dtype among the parameters.

In float32 rounding has made 1.2e-5 of it in the lessons on the processors tried, a rate that is off by 1 % makes 1e-3
within a few steps."""

GRADIENT_TOLERANCE = {"float64": 1e-12, "float32": 2e-2, "float16": 2e-1}
"""The same for gradients.  They jump where a ReLU's input comes within rounding of 0: open on one engine, shut on the
other, for one unit and one sample.  Loss and parameters, which follow from the gradients, show what is more than that;
and in float64 no input comes so near."""

KINDS = ("loss", "gradient", "parameter")


@dataclass(frozen=True)
class Finding:
    """A difference, and where it was found."""

    difference: Difference
    step: int
    place: str


@dataclass
class Comparison:
    """Two runs of one script beside each other.  Steps are numbered from 1; step 0 is the initial weights."""

    runs: tuple[Run, Run]
    dtype: str = "float32"
    initial_equal: list[bool] = field(default_factory=list)
    """Whether what each optimizer starts from is bit-equal: weights drawn are, trained ones to go on from are not."""
    places: list[list[str]] = field(default_factory=lambda: [[], []])
    """The devices on which each run's parameters were trained."""
    first_differing_step: int | None = None
    steps: list[int] = field(default_factory=lambda: [0, 0])
    seconds: list[list[float]] = field(default_factory=lambda: [[], []])
    losses: list[list[float]] = field(default_factory=lambda: [[], []])
    optimizers: list[int] = field(default_factory=list)
    """The optimizer that made each step, of the steps that both runs made."""
    relative: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    """The largest relative difference at each step that both runs made; NaN where it was not recorded."""
    largest: dict[str, Finding] = field(default_factory=dict)
    first_above_tolerance: dict[str, Finding] = field(default_factory=dict)
    printed_equal: int = 0
    printed_total: int = 0
    first_differing_line: tuple[int, str | None, str | None] | None = None

    @property
    def initial_bit_equal(self) -> bool | None:
        """Whether the first optimizer starts from bit-equal weights; None without one."""
        return self.initial_equal[0] if self.initial_equal else None

    @property
    def tolerance(self) -> float:
        """The largest relative difference of losses and parameters that passes."""
        return TOLERANCE[self.dtype]

    @property
    def gradient_tolerance(self) -> float:
        """The largest relative difference of gradients that passes."""
        return GRADIENT_TOLERANCE[self.dtype]

    @property
    def seconds_per_step(self) -> list[float | None]:
        """The median time of a step on each engine."""
        return [median(seconds) if seconds else None for seconds in self.seconds]


def compare(runs: tuple[Run, Run]) -> Comparison:
    """Compare two runs of the same script, as far as both of them went."""
    comparison = Comparison(runs)
    ruler = Ruler()
    compare_initial_weights(comparison, ruler)
    compare_steps(comparison, ruler)
    compare_printed_lines(comparison)
    return comparison


def compare_initial_weights(comparison: Comparison, ruler: Ruler) -> None:
    """Compare the weights before training bit for bit, and take the tolerance from their dtype."""
    records = [list(read_records(run.records, Initial)) for run in comparison.runs]
    comparison.places = [sorted({place for record in each for place in record.places}) for each in records]
    weights = [[record.parameters for record in each] for each in records]
    arrays = [array for each in weights for parameters in each for array in parameters]
    if not arrays:
        return
    comparison.dtype = least_precise_dtype(arrays)
    for ours, theirs in zip_longest(*weights, fillvalue=[]):
        differences = [ruler.measure("initial", a, b) for a, b in zip_longest(ours, theirs)]
        comparison.initial_equal.append(all(difference.bit_equal for difference in differences))


def least_precise_dtype(arrays: Sequence[np.ndarray]) -> str:
    """The dtype, of those with a tolerance, that allows the largest one; float32 where there is none."""
    names = {array.dtype.name for array in arrays} & TOLERANCE.keys()
    return max(names, key=TOLERANCE.__getitem__, default="float32")


def compare_steps(comparison: Comparison, ruler: Ruler) -> None:
    """Go through the steps of both runs together; nothing but the present step is held in memory."""
    recorded = [read_records(run.records, Step) for run in comparison.runs]
    for number, (ours, theirs) in enumerate(zip_longest(*recorded), start=1):
        for engine, step in enumerate((ours, theirs)):
            if step is not None:
                comparison.steps[engine] = number
                comparison.losses[engine].append(np.nan if step.loss is None else float(step.loss.mean()))
                comparison.seconds[engine] += [] if step.seconds is None else [step.seconds]
        if ours is not None and theirs is not None:
            compare_step(comparison, ruler, number, ours, theirs)


def compare_step(comparison: Comparison, ruler: Ruler, number: int, ours: Step, theirs: Step) -> None:
    """Measure loss, gradients and parameters of one step."""
    comparison.optimizers.append(ours.optimizer)
    for kind, pairs in [
        ("loss", [(ours.loss, theirs.loss)]),
        ("gradient", pairs_of(ours.gradients, theirs.gradients)),
        ("parameter", pairs_of(ours.parameters, theirs.parameters)),
    ]:
        findings = []
        for index, (a, b) in enumerate(pairs, start=1):
            difference = ruler.measure((kind, ours.optimizer, index), a, b)
            place = "" if kind == "loss" else f", parameter {index} of optimizer {ours.optimizer}"
            findings.append(Finding(difference, number, place))
        keep(comparison, kind, findings)


def keep(comparison: Comparison, kind: str, findings: list[Finding]) -> None:
    """Add what was found in one kind of quantity at one step."""
    worst = max(findings, key=relative, default=None)
    comparison.relative[kind].append(np.nan if worst is None else relative(worst))
    if worst is None:
        return
    if kind not in comparison.largest or relative(worst) > relative(comparison.largest[kind]):
        comparison.largest[kind] = worst
    if relative(worst) > (comparison.gradient_tolerance if kind == "gradient" else comparison.tolerance):
        comparison.first_above_tolerance.setdefault(kind, worst)
    if comparison.first_differing_step is None and not all(each.difference.bit_equal for each in findings):
        comparison.first_differing_step = worst.step


def relative(finding: Finding) -> float:
    return finding.difference.relative


def pairs_of(ours: Sequence[Array] | None, theirs: Sequence[Array] | None) -> list[tuple[Array, Array]]:
    """The arrays of both runs side by side; none when they were not recorded at this step."""
    return [] if ours is None or theirs is None else list(zip_longest(ours, theirs))


def compare_printed_lines(comparison: Comparison) -> None:
    """Compare what was printed, line by line; minigrad's own name counts as torch's."""
    ours, theirs = ([in_torchs_name(line) for line in run.printed] for run in comparison.runs)
    alike = same_but_for_decimals if on_gpu(comparison) else same_but_for_last_digits
    for number, (a, b) in enumerate(zip_longest(ours, theirs), start=1):
        comparison.printed_total = number
        if a == b:
            comparison.printed_equal += 1
        elif comparison.first_differing_line is None and not alike(a, b):
            comparison.first_differing_line = (number, a, b)


def on_gpu(comparison: Comparison) -> bool:
    return comparison.runs[0].device == "cuda"


DECIMAL = re.compile(r"-?\d+\.\d*(?:e[+-]?\d+)?")


def same_but_for_decimals(a: str | None, b: str | None) -> bool:
    """Whether two printed lines differ in decimals alone: two GPU libraries round sums in other orders."""
    return a is not None and b is not None and DECIMAL.sub("#", a).split() == DECIMAL.sub("#", b).split()


def same_but_for_last_digits(a: str | None, b: str | None) -> bool:
    """Whether two printed lines differ by one in the last digits of decimals alone.

    10.71415, computed by one engine a little below and by the other a little above, is printed as 10.7141 and 10.7142.
    """
    if a is None or b is None or not same_but_for_decimals(a, b):
        return False
    pairs = zip(DECIMAL.findall(a), DECIMAL.findall(b), strict=True)
    return all(abs(Decimal(x) - Decimal(y)) <= min(last_digit(x), last_digit(y)) for x, y in pairs)


def last_digit(number: str) -> Decimal:
    """What a one in a number's last place after the point is worth: 0.0001 in 2.3026; nothing in 2."""
    places = Decimal(number).as_tuple().exponent
    return Decimal(10) ** places if places < 0 else Decimal(0)


def in_torchs_name(line: str) -> str:
    """`minigrad.float32` is what torch prints as `torch.float32`."""
    return re.sub(r"\bminigrad\.", "torch.", line)


def failures(comparison: Comparison) -> list[str]:
    """Why the comparison does not pass, in the user's words; empty when it does."""
    engines = [run.engine for run in comparison.runs]
    reasons = [
        f"the script failed on {run.engine} (exit status {run.exit_status})"
        for run in comparison.runs
        if run.exit_status != 0
    ]
    if comparison.steps[0] != comparison.steps[1]:
        counts = [f"{steps} on {engine}" for steps, engine in zip(comparison.steps, engines, strict=True)]
        reasons.append(f"the numbers of optimizer steps differ: {' and '.join(counts)}")
    for kind, finding in comparison.first_above_tolerance.items():
        what = finding.difference.mismatch or f"relative difference {relative(finding):.1e}"
        reasons.append(f"{kind} at step {finding.step}{finding.place}: {what}")
    if comparison.first_above_tolerance and comparison.initial_bit_equal is False:
        reasons.append("the initial weights differ: does the script set a seed (torch.manual_seed)?")
    elif comparison.first_above_tolerance and comparison.dtype != "float64":
        reasons.append("rounding grows over a long run: --dtype float64 tells whether it is more than that")
    if comparison.first_differing_line is not None:
        number, *lines = comparison.first_differing_line
        shown = [
            f"\n  {engine}: {'(no such line)' if line is None else line}"
            for engine, line in zip(engines, lines, strict=True)
        ]
        reasons.append(f"printed line {number} differs:{''.join(shown)}")
    return reasons
