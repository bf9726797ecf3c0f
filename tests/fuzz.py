"""`make fuzz`: the property tests on examples drawn anew, round after round, until some minutes are over."""

from __future__ import annotations

import secrets
import signal
import subprocess
import sys
import time

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


def main(minutes: float) -> int:
    """Stop at the first failure, whose command to repeat it pytest prints, or when the time is up."""
    end = time.monotonic() + 60 * minutes
    rounds = 0
    while (left := end - time.monotonic()) > 0:
        seed = secrets.randbelow(2**32)
        print(f"Round {rounds + 1}, seed {seed}", flush=True)
        pytest = subprocess.Popen([sys.executable, "-m", "pytest", *ROUND, f"--hypothesis-seed={seed}"])
        try:
            if status := pytest.wait(left):
                return status
            rounds += 1
        except subprocess.TimeoutExpired:
            pytest.send_signal(signal.SIGINT)
            pytest.wait()
    print(f"\nNo failure in {minutes:g} minutes: {rounds} whole rounds, and a part of another.")
    return 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
