"""Where time goes: what is called how often, from which line, and what the graph holds."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from processes import python
from test_watch import SCRIPT

import minigrad
from minigrad.watch.profile import Profile


def by_text(profile: Profile) -> dict[str, Any]:
    """The lines by their source text."""
    return {profile.texts[key].split("  ", 1)[1]: line for key, line in profile.lines.items()}


def measured() -> Profile:
    x = minigrad.ones(100, 10)
    w = minigrad.ones(10, 10, requires_grad=True)
    optimizer = minigrad.optim.SGD([w], lr=0.1)
    with Profile() as profile:
        for _ in range(3):
            h = (x @ w).exp() + 1
            loss = h.sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return profile


def test_ops_rules_and_steps_are_counted_by_line():
    profile = measured()
    lines = by_text(profile)
    assert dict(lines["h = (x @ w).exp() + 1"].calls) == {
        "matmul": 3,
        "exp": 3,
        "add": 3,
        "matmul_db": 3,
        "exp_da": 3,
        "add_da": 3,
    }
    assert dict(lines["loss = h.sum()"].calls) == {"sum": 3, "sum_da": 3}
    assert dict(lines["optimizer.step()"].calls) == {"SGD.step": 3}
    assert profile.passes == 3


@pytest.mark.parametrize("name", ["SGD", "LBFGS"])
def test_what_a_closure_calls_is_counted_by_its_lines(name):
    x, w = minigrad.ones(100, 10), minigrad.ones(10, 10, requires_grad=True)
    optimizer = getattr(minigrad.optim, name)([w], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (x @ w).exp().sum()
        loss.backward()
        return loss

    with Profile() as profile:
        optimizer.step(closure)
    calls = by_text(profile)["loss = (x @ w).exp().sum()"].calls
    assert set(calls) == {"matmul", "exp", "sum", "matmul_db", "exp_da", "sum_da"}
    assert profile.passes == calls["matmul"] == calls["matmul_db"]


def test_times_are_parts_of_the_whole():
    profile = measured()
    own = sum(line.total for line in profile.lines.values())
    assert 0 < own < profile.seconds
    assert 0 < profile.in_rules < profile.in_passes < profile.seconds
    for line in profile.lines.values():
        assert 0 <= line.backward <= line.total


def test_what_the_graph_holds_by_line():
    lines = by_text(measured())
    x, result_of_exp = 100 * 10 * 4, 100 * 10 * 4  # w is the user's own, and a sum keeps nothing
    assert lines["h = (x @ w).exp() + 1"].held == x + result_of_exp
    assert lines["loss = h.sum()"].held == 0


def test_nothing_is_measured_afterwards():
    with pytest.raises(ZeroDivisionError), Profile():
        1 / 0  # noqa: B018
    assert sys.getprofile() is None


def test_on_the_command_line(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    ended = python("-m", "minigrad", "--profile", "script.py", cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert lines[:4] == ["epoch 0", "epoch 1", "epoch 2", "     forward     backward       held   line"]
    assert any(line.endswith("script.py:10  loss = model(x).pow(2).mean()") for line in lines)
    assert any(line.endswith(" linear x 6") for line in lines)
    assert any(line.endswith(" linear_dweight x 6") for line in lines)
    assert any(line.endswith(" SGD.step x 3") for line in lines)
    assert max(map(len, lines)) <= 100
    assert "in 3 backward passes beside their rules" in ended.stdout


def test_a_script_that_ends_in_an_error_is_measured_as_far_as_it_came(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT + "raise SystemExit(3)\n")
    ended = python("-m", "minigrad", "--profile", "script.py", cwd=tmp_path)
    assert ended.returncode == 3
    assert " linear x 6" in ended.stdout
