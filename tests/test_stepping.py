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


MOST = {
    "a @ b": (55, 50),
    "x * x": (69, 64),
    "x + 1": (67, 62),
    "model(X)": (271, 256),
    "mse_loss": (99, 94),
    "binary_cross_entropy_with_logits": (124, 119),
    "cross_entropy": (219, 202),
    "backward": (88, 88),
    "SGD.step": (291, 138),
    "Adam.step": (708, 199),
    "a step of circles": (1217, 1043),
}
"""The most stops of pdb's `step`, the first time and later: what Python 3.11 has, and 2 or 3 in a hundred."""


@pytest.mark.parametrize("action", MOST)
def test_there_are_few_stops_and_none_elsewhere(action: str):
    first, later = counts_of(action)
    assert first["foreign"] == later["foreign"] == []
    assert first["stops"] <= MOST[action][0]
    assert later["stops"] <= MOST[action][1]


def test_a_product_is_forty_lines_the_first_time():
    assert counts_of("a @ b")[0]["lines"] <= 40
