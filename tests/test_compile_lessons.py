"""The lessons' training steps, compiled: losses, parameters and gradients are those of the lessons, to the bit."""

import json
import os
from pathlib import Path

import pytest
from compiled_lessons import STEPS
from processes import python

from comparisons.__main__ import LESSONS

TESTS = Path(__file__).parent

REFUSED = {
    "exercises": "the values of a tensor are read as numbers (.item(), float(), int(), print)",
    "mlp_batchnorm": "sets the attribute `running_mean`",
    "names_rnn": "the values of a tensor are read as numbers (.item(), float(), int(), print)",
    "physics": "adds to gradients from before it",
    "sine_lstm": "the values of a tensor are read as numbers (.item(), float(), int(), print)",
    "transformer": "sets the attribute `weights`",
}
"""Lessons whose step is not captured, and what is said of it; all others are."""

REFUSED_LATER = {"mistakes": "adds to gradients from before it"}
"""One of whose steps, after the first ones, is not: the mistake that it shows is a lack of zero_grad()."""


def check(lessons, calls, refused):
    """Each lesson by itself and compiled, in one process; calls: after how many calls of the step it ends."""
    ended = python(
        TESTS / "compiled_lessons.py", str(calls), *lessons, env={**os.environ, "PYTHONPATH": str(TESTS.parent)}
    )
    assert ended.returncode == 0, ended.stderr
    outcomes = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [outcome["lesson"] for outcome in outcomes] == lessons
    for outcome in outcomes:
        assert outcome["calls"] >= min(calls, 20), outcome
        assert outcome["different"] == [], outcome
        said = refused.get(outcome["lesson"], "")
        assert len(outcome["said"]) == bool(said) == bool(outcome["not captured"]), outcome
        assert all(f"is not captured: {said}" in message for message in outcome["said"]), outcome


def test_every_lesson_has_its_step():
    assert [*STEPS] == [*LESSONS]


def test_the_first_steps_of_the_lessons():
    check([lesson for lesson in STEPS if lesson != "mnist_cnn"], 6, REFUSED)  # which takes as long as all others


@pytest.mark.slow
@pytest.mark.parametrize("lesson", STEPS)
def test_all_steps_of_a_lesson(lesson):
    check([lesson], 10**6, REFUSED | REFUSED_LATER)
