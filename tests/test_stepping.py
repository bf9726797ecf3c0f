"""Stepping through minigrad in a debugger is a promise: few stops, and none outside minigrad and NumPy.

The first time counts, in a process of its own: a learner has no second one.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parent / "stepping.py"


def counts_of(action: str) -> Any:
    """What the script prints for an action."""
    ended = subprocess.run([sys.executable, str(SCRIPT), action], capture_output=True, text=True, timeout=600)
    assert ended.returncode == 0, ended.stderr[-2000:]
    return json.loads(ended.stdout)


def test_four_stops_lead_to_a_product_and_forty_to_its_derivative():
    ways = counts_of("ways")
    assert ways["a @ b"] == ways["linear"] == [4, 1]
    assert ways["matmul_da"][0] <= 40
    assert ways["matmul_da"][1] == ways["matmul_db"][1] == 3


STORED = {
    "a @ b": ((53, 39, 7), (48, 36, 6)),
    "x * x": ((67, 47, 10), (62, 44, 9)),
    "x + 1": ((65, 45, 10), (60, 42, 9)),
    "model(X)": ((263, 187, 38), (248, 178, 35)),
    "mse_loss": ((96, 64, 16), (91, 61, 15)),
    "binary_cross_entropy_with_logits": ((121, 83, 19), (116, 80, 18)),
    "cross_entropy": ((214, 136, 39), (197, 127, 35)),
    "backward": ((87, 63, 12), (87, 63, 12)),
    "SGD.step": ((289, 219, 35), (138, 96, 21)),
    "Adam.step": ((706, 467, 117), (205, 151, 27)),
    "a step of circles": ((1198, 870, 164), (1027, 739, 144)),
}
"""Stops of pdb's `step`, lines among them, and frames, the first time and later, on Python 3.11."""

MARGIN = 0.03
"""By which share there may be more: another Python has another few."""


@pytest.mark.parametrize("action", STORED)
def test_there_are_few_stops_and_none_elsewhere(action: str):
    for now, stored in zip(counts_of(action), STORED[action], strict=True):
        assert now["foreign"] == []
        for kind, number in zip(("stops", "lines", "frames"), stored, strict=True):
            assert now[kind] <= number * (1 + MARGIN) + 1, kind


def test_a_product_is_forty_lines_the_first_time():
    assert counts_of("a @ b")[0]["lines"] <= 40
