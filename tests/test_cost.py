"""What a training step costs, counted: a change that makes it dearer by more than the margin fails here."""

import pytest

from benchmarks import cost


@pytest.mark.skipif(not cost.stored(), reason=f"no bytecodes of {cost.PYTHON}: `python -m benchmarks.cost` stores them")
@pytest.mark.parametrize("workload", [*cost.WORKLOADS, cost.COMPILED])
def test_bytecodes_of_a_step(workload):
    known, now = cost.stored()[workload], cost.bytecodes(workload)
    assert now <= known * (1 + cost.MARGIN), (
        f"a step of {workload} took {known:,} bytecodes and takes {now:,} now. Mend that, or, if it is "
        "worth it, store the new count by `python -m benchmarks.cost` and say why in the commit."
    )


def test_bytecodes_do_not_vary():
    assert cost.bytecodes("circles") == cost.bytecodes("circles")


def test_a_compiled_step_runs_its_program():
    """Most of its bytecodes are those of its program."""
    assert cost.bytecodes(cost.COMPILED) < cost.bytecodes("circles") / 3


def test_one_op_more_would_be_seen(monkeypatch):
    """The margin is smaller than a single op, forward and backward."""
    from minigrad import nn

    forward = nn.Linear.forward
    before = cost.bytecodes("circles")
    monkeypatch.setattr(nn.Linear, "forward", lambda self, x: forward(self, x) * 1.0)
    assert cost.bytecodes("circles") > before * (1 + cost.MARGIN)
