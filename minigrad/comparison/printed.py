"""Compares what two runs printed, as a person reads it: the same words, and numbers that are equal but for rounding.

A number passes that differs by the run's tolerance at most, relative to the largest that the number in this place of
these words has been so far (as arrays are measured), or by one in the last place printed (2.3026 beside 2.3027).
Not judged are times (0.12 s, 3.4 ms/step, time: 5), clocks (12:30:59) and dates.  The library's own name, version and
folder, and addresses in memory (0x7f...), count as the same.  minigrad's line may go on where PyTorch's ends: its
error messages begin as PyTorch's do, and then say what to write.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import accumulate, zip_longest

from minigrad.comparison.engines import Run

NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?!\w)|(?<!\w)-?(?:nan|inf)\b")
TIME = re.compile(
    r"\b\d{4}-\d\d-\d\d\b(?:[ T](?=\d))?"
    r"|\b\d+:\d\d(?::\d\d)?(?:\.\d+)?\b"
    r"|[-+]?\b\d[\d.]*(?:e[-+]?\d+)?\s?(?:(?:s|secs?|seconds?|ms|us|µs|ns|min|mins|minutes?|h|hours?)\b|(?:it|\w+)?/s\b)"
    r"|(?<=\btime)[^\w.-]{1,4}\d[\d.]*|(?<=\belapsed)[^\w.-]{1,4}\d[\d.]*|(?<=\btook)[^\w.-]{1,4}\d[\d.]*",
    re.IGNORECASE,
)
ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")

Scales = defaultdict[tuple[tuple[str, ...], int], Decimal]
"""The largest number so far in a place of some words."""


@dataclass(frozen=True)
class Line:
    """A printed line in its parts: the words, with # for each number, and the numbers."""

    words: tuple[str, ...]
    numbers: tuple[Decimal, ...]
    places: tuple[Decimal, ...]
    """What a one in each number's last place is worth: 0.0001 in 2.3026; nothing in 2, which is a count."""


@dataclass
class Printed:
    """The printed lines of two runs beside each other."""

    total: int = 0
    equal: int = 0
    """How many are equal to the last character."""
    unrepeated: int = 0
    """How many differ, but PyTorch itself does not print them alike after one rounding more or less."""
    unjudged: int = 0
    """How many differ, and were printed when the runs had parted."""
    differing: list[tuple[int, str | None, str | None]] = field(default_factory=list)
    """The lines that make the comparison fail, with their numbers, counted from 1."""


def compare_printed(
    runs: tuple[Run, Run], tolerance: float, judged: float = float("inf"), again: Run | None = None
) -> Printed:
    """Compare line by line.

    judged: lines that the first run printed after so many bytes are not judged.  again: PyTorch's run with its
    gradients disturbed by one rounding; numbers that differ there too are not judged.
    """
    result, scales = Printed(), Scales(Decimal)
    lines = list(zip_longest(*map(lines_of, runs)))
    repeated = [*(lines_of(again) if again else []), *[None] * len(lines)]
    ends = [*accumulate(len(line.encode()) + 1 for line in runs[0].printed), *[0] * len(lines)]
    for number, ((a, b), c, end) in enumerate(zip(lines, repeated, ends), start=1):
        result.total += 1
        result.equal += a == b
        if a is not None and b is not None and (goes_on(a, b) or alike(parsed(a), parsed(b), tolerance, scales)):
            continue
        if end > judged:
            result.unjudged += 1
        elif a is not None and b is not None and c is not None and excused(parsed(a), parsed(b), parsed(c), tolerance):
            result.unrepeated += 1
        else:
            result.differing.append((number, a, b))
    return result


def lines_of(run: Run) -> list[str]:
    """The lines that a run printed, with what is the engine's own in PyTorch's words."""
    return [in_common_words(line, run.versions) for line in run.printed]


def in_common_words(line: str, versions: dict[str, str]) -> str:
    """A line with the engine's folder, version and name, and addresses, replaced by what both have."""
    for own, common in ((versions.get("folder"), "<folder>"), (versions.get("version"), "<version>")):
        line = line.replace(own, common) if own else line
    return ADDRESS.sub("0x...", re.sub(r"\bminigrad\b", "torch", line))


def parsed(line: str) -> Line:
    """A line in its parts; times and how many spaces stand between words do not count."""
    line = TIME.sub(" <time> ", line)
    numbers = tuple(NUMBER.findall(line))
    return Line(tuple(NUMBER.sub("#", line).split()), tuple(map(Decimal, numbers)), tuple(map(last_place, numbers)))


def last_place(number: str) -> Decimal:
    """What a one in the last place of a number is worth."""
    exponent = Decimal(number).as_tuple().exponent
    is_count = not re.search(r"[.eE]", number) or not isinstance(exponent, int)
    return Decimal(0) if is_count else Decimal(1).scaleb(exponent)  # type: ignore[arg-type]


def goes_on(a: str, b: str) -> bool:
    """Whether the second line is the first and then a sentence more."""
    return bool(a) and b.startswith(f"{a.rstrip('.')}. ")


def alike(a: Line, b: Line, tolerance: float, scales: Scales) -> bool:
    """Whether two lines say the same."""
    return a.words == b.words and all(numbers_alike(a, b, tolerance, scales))


def numbers_alike(a: Line, b: Line, tolerance: float, scales: Scales) -> list[bool]:
    """For each number of two lines with the same words, whether it is the same but for rounding."""
    result = []
    for place, (x, y) in enumerate(zip(a.numbers, b.numbers, strict=True)):
        if not (x.is_finite() and y.is_finite()):
            result.append(str(x) == str(y))
            continue
        key = (a.words, place)
        scales[key] = max(scales[key], abs(x), abs(y))
        allowed = max(Decimal(tolerance) * scales[key], min(a.places[place], b.places[place]))
        result.append(abs(x - y) <= allowed)
    return result


def excused(a: Line, b: Line, again: Line, tolerance: float) -> bool:
    """Whether two lines differ only where PyTorch differs from itself, after one rounding more or less."""
    if again.words != a.words:
        return True
    if a.words != b.words:
        return False
    ours, own = numbers_alike(a, b, tolerance, Scales(Decimal)), numbers_alike(a, again, tolerance, Scales(Decimal))
    return all(same or not repeats for same, repeats in zip(ours, own, strict=True))
