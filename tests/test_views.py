"""Views and in-place changes in a graph: values, gradients and refusals are PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engines import torch
from hypothesis import given
from hypothesis import strategies as st
from programs import CHANGES, STARTS, Running, Statement, programs

import minigrad

pytestmark = pytest.mark.filterwarnings("ignore")

# Random programs ----------------------------------------------------------------------------------------------


@pytest.mark.hypothesis
@given(programs(), st.booleans())
def test_programs_run_as_on_pytorch(program: list[Statement], look_at_each_line: bool) -> None:
    """look_at_each_line: whether views are asked in between, which has them look at their base anew."""
    mine, theirs = Running(minigrad, STARTS), Running(torch, STARTS)
    for statement in program:
        mine.error = theirs.error = None
        if freezes_a_leaf(statement, theirs) or reads_what_it_changes(statement, mine):
            continue
        refused = theirs.run(statement)
        if refused and REPEATED in str(theirs.error):
            continue
        if mine.run(statement) != refused:
            asked = statement.line in ("x.retain_grad()", "x.requires_grad_(False)")  # without effect in PyTorch
            known = "no_grad" in str(mine.error) if asked else REPEATED in str(mine.error)
            assert known, (statement, mine.error, theirs.error)
            return
        note = (statement, mine.error, theirs.error)
        if look_at_each_line:
            assert_same(mine.seen(), theirs.seen(), note)
    assert_same(mine.seen(), theirs.seen(), "at the end")
    ends = mine.end(), theirs.end()
    if ends[0] != "refused" or not any(x.requires_grad and x.node is None for x in mine.variables):
        assert_same(*ends, ("backward", mine.error, theirs.error))


REPEATED = "a single memory location"
"""Where PyTorch writes to such places all the same, its gradients are not those of the values."""


def reads_what_it_changes(statement: Statement, running: Running) -> bool:
    """Whether a line changes x in place by other places of x: what it reads then depends on the order."""
    x, y = (x.array for x in running.operands(statement))
    same = x.shape == y.shape and x.strides == y.strides and x.ctypes.data == y.ctypes.data
    return statement.line in CHANGES and "y" in statement.line and not same and np.shares_memory(x, y)


def freezes_a_leaf(statement: Statement, running: Running) -> bool:
    """Whether a line would have a leaf require grad no longer: what was computed from it still does."""
    x = running.variables[statement.x % len(running.variables)]
    return statement.line in ("x.detach_()", "x.requires_grad_(False)") and x.requires_grad and not x._is_view()


def assert_same(mine: Any, theirs: Any, note: Any, where: str = "") -> None:
    """Nested lists are equal, numbers but for rounding."""
    if isinstance(theirs, (list, tuple)):
        assert isinstance(mine, (list, tuple)), f"{note} {where}: {mine}, not {theirs}"
        assert len(mine) == len(theirs), f"{note} {where}: {mine}, not {theirs}"
        for i, (a, b) in enumerate(zip(mine, theirs, strict=True)):
            assert_same(a, b, note, f"{where}[{i}]")
    elif isinstance(theirs, float):
        assert mine == pytest.approx(theirs, rel=1e-9, abs=1e-12, nan_ok=True), f"{note} {where}"
    else:
        assert mine == theirs, f"{note} {where}: {mine}, not {theirs}"


@pytest.mark.hypothesis
@given(programs(cuts=False))
def test_gradients_are_those_of_finite_differences(program: list[Statement]) -> None:
    """A program, unless it is refused, is a function of its leaves."""
    running = computed(program, STARTS)
    for leaf in running.leaves:
        leaf.grad = None
    if running.end() == "refused":
        return
    for i, leaf in enumerate(running.leaves):
        starts = np.array(STARTS[i])
        for position in np.ndindex(starts.shape):
            slope = difference(program, i, position)
            got = leaf.grad[position].item() if leaf.grad is not None else 0.0
            assert got == pytest.approx(slope, rel=1e-4, abs=1e-6)


def computed(program: list[Statement], starts: list[Any]) -> Running:
    running = Running(minigrad, starts)
    for statement in program:
        if "backward" not in statement.line and not reads_what_it_changes(statement, running):
            running.run(statement)
    return running


def difference(program: list[Statement], i: int, position: tuple[int, ...]) -> float:
    """The slope of a program's loss along one element of a leaf."""
    losses = []
    for step in (1e-6, -1e-6):
        starts = [np.array(start) for start in STARTS]
        starts[i][position] += step
        losses.append(computed(program, [start.tolist() for start in starts]).loss().item())
    return (losses[0] - losses[1]) / 2e-6
