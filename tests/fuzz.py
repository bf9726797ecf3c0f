"""`make fuzz`: the property tests on examples drawn anew, round after round, until some minutes are over."""

from __future__ import annotations

import secrets
import sys
import time

import pytest

ROUND = [
    "tests",
    "-q",
    "--no-header",
    "--exitfirst",
    "-n",
    "auto",
    "-m",
    "hypothesis and not slow",
    "--hypothesis-profile=anew",
]


class Clock:
    """Ends a round when the time is over; not after a failure, which pytest itself ends, and tells."""

    def __init__(self, minutes: float) -> None:
        self.end = time.monotonic() + 60 * minutes
        self.failures = 0

    @property
    def is_over(self) -> bool:
        """Whether the time is."""
        return time.monotonic() > self.end

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """After each part of each test."""
        self.failures += report.failed
        if self.is_over and not self.failures:
            pytest.exit("the time is over", returncode=0)


def main(minutes: float) -> int:
    """Stop at the first failure, whose command to repeat it pytest prints, or when the time is up."""
    clock, rounds = Clock(minutes), 0
    while not clock.is_over:
        seed = secrets.randbelow(2**32)
        print(f"Round {rounds + 1}, seed {seed}", flush=True)
        if status := pytest.main([*ROUND, f"--hypothesis-seed={seed}"], plugins=[clock]):
            return int(status)
        rounds += not clock.is_over
    print(f"\nNo failure in {minutes:g} minutes; whole rounds: {rounds}, and a part of another.")
    return 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
