"""What a training step costs, counted: a change that makes it dearer by more than the margin fails here."""

import shutil

import pytest

from benchmarks import cost


def check(counted: str, workload: str) -> None:
    known = cost.stored(counted)
    if not known:
        pytest.skip(f"no {counted} stored for {cost.versions(counted)}: `python -m benchmarks.cost` stores them")
    now = cost.COUNTS[counted](workload)
    most = known[workload] * (1 + cost.MARGIN)
    assert now <= most, (
        f"a step of {workload} took {known[workload]:,} {counted} and takes {now:,} now. Mend that, or, if it is "
        "worth it, store the new count by `python -m benchmarks.cost` and say why in the commit."
    )


@pytest.mark.parametrize("workload", cost.WORKLOADS)
def test_bytecodes_of_a_step(workload):
    check("bytecodes", workload)


@pytest.mark.skipif(not shutil.which("valgrind"), reason="valgrind is not installed")
@pytest.mark.parametrize("workload", cost.WORKLOADS)
def test_instructions_of_a_step(workload):
    check("instructions", workload)


def test_bytecodes_do_not_vary():
    assert cost.bytecodes("circles") == cost.bytecodes("circles")


def test_one_op_more_would_be_seen(monkeypatch):
    """The margin is smaller than a single op, forward and backward."""
    from minigrad import nn

    forward = nn.Linear.forward
    before = cost.bytecodes("circles")
    monkeypatch.setattr(nn.Linear, "forward", lambda self, x: forward(self, x) * 1.0)
    assert cost.bytecodes("circles") > before * (1 + cost.MARGIN)
