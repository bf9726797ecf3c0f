"""`minigrad.testing.check_op` finds what is wrong with an op, and says it so that one can mend it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wrong_ops
from engines import torch
from hypothesis import given
from hypothesis import strategies as st
from processes import python

import minigrad
from minigrad.testing import CheckError, broadcastable, check_op, losses_targets, tensors

TESTS = Path(__file__).parent

WRONG = {
    "wrong_sign": ("first", "x.grad is -0.826446, by finite differences 0.826446", "It has the wrong sign."),
    "wrong_factor": ("first", "b.grad is", "It is the right one times 0.5.", "the rule wrong_factor_db, "),
    "forgotten_broadcasting": ("runs", "backward pass raises RuntimeError: forgotten_broadcasting_dx returned"),
    "detached": ("first", "x.grad is", "def detached(x):"),
    "detached_whole": ("first", "x.grad is None, by finite differences 2", "No gradient arrives"),
    "changes_its_operand": ("unchanged", "it changes an operand in place (at "),
    "changes_the_gradient": (
        "unchanged",
        "its backward pass changes the gradient that arrives",
        "changes_the_gradient_dx, ",
    ),
    "shares_memory": ("memory", "its result shares memory with an operand"),
    "drifts": ("kept", "its result is float64, where the operands are float32"),
    "rule_drifts": ("rules", "a rule returns float64 for an operand of float32", "the rule rule_drifts_dx, "),
    "nan_at_zero": ("kinks", "x.grad is nan, by finite differences between -1 and 1", "0 / 0"),
    "constant_inside": ("second", "d(gradients)/dx is", "the rule constant_inside_dx, ", "Does the rule use a value"),
    "draws_numbers": ("repeatable", "it gives another number each time"),
    "other_under_create_graph": ("modes", "its gradient is another with create_graph=True", "x.grad is "),
    "numpys_alone": ("gpu", "on a GPU it raises TypeError: ", "numpy.tanh", "`minigrad.arrays.array_module(x)`"),
    "forgets_record": ("runs", "it returns ndarray, no tensor", "An op returns what `record("),
    "forgets_raw": ("runs", "record() takes an op's raw result, an array, and got Tensor: compute on raw(x)"),
    "forgets_a_rule": ("runs", "record() takes a tuple of operands and one of rules", "got 2 operands and 1 rules"),
    "rule_of_two": ("runs", "takes 2 positional arguments but 3 were given", "A rule is called with g, the result,"),
    "refuses_numbers": ("runs", "it raises ValueError: no number, please"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found(name: str) -> None:
    check, *said = WRONG[name]
    with pytest.raises(CheckError) as info:
        check_op(getattr(wrong_ops, name))
    assert info.value.check == check, info.value
    assert str(info.value).startswith(f"{name}: ")
    for part in said:
        assert part in str(info.value)


def test_what_is_right_passes() -> None:
    check_op(wrong_ops.softsign)
    check_op(wrong_ops.softsign, lambda x: x / (1 + np.abs(x)))


def test_a_reference_of_pytorch() -> None:
    check_op(wrong_ops.softsign, torch.nn.functional.softsign)
    with pytest.raises(CheckError, match=r"y is .*, by torch's softsign ") as info:
        check_op(wrong_ops.wrong_value, torch.nn.functional.softsign)
    assert info.value.check == "values"
    with pytest.raises(CheckError, match=r"a\.grad is 1, by torch's maximum 0.5") as info:
        check_op(wrong_ops.wrong_at_ties, torch.maximum)
    assert info.value.check == "gradients"


def test_what_is_checked_if_asked_for() -> None:
    check_op(minigrad.relu, torch.relu, also=["masked", "orders"], examples=20)

    for op, reference, check in (
        (wrong_ops.relu, torch.relu, "masked"),
        (wrong_ops.by_columns, torch.clone, "orders"),
    ):
        check_op(op, reference, without=["gpu"], examples=20)
        with pytest.raises(CheckError) as info:
            check_op(op, reference, also=[check], without=["gpu"])
        assert info.value.check == check


PROGRAMS = {
    "wrong_sign": "the gradient:       -0.82644628\nfinite differences: 0.82644628",
    "nan_at_zero": "the gradient:       nan\nslope to the left:  -1.0\nslope to the right: 1.0",
    "constant_inside": "the gradient:       None\nfinite differences: -1.5026",
}


def test_the_program_shows_both_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(TESTS))
    for name, prints in PROGRAMS.items():
        with pytest.raises(CheckError) as info:
            check_op(getattr(wrong_ops, name))
        assert info.value.program in "\n".join(line[4:] for line in str(info.value).splitlines())
        printed = python("-c", info.value.program).stdout
        digits = [line[:28] for line in prints.splitlines()]
        assert [line[: len(said)] for line, said in zip(printed.splitlines(), digits, strict=True)] == digits


def test_what_refuses_everything_is_not_taken_for_right() -> None:
    def refuse(_x):
        raise ValueError("no")

    with pytest.raises(CheckError, match="it refuses all 50 samples, the last with ValueError: no"):
        check_op(lambda x: refuse(x), lambda x: refuse(np.asarray(x)))
    with pytest.raises(CheckError, match="it refuses all 10 samples of float64, which finite differences need"):
        check_op(lambda x: x * 2 if x.dtype is minigrad.float32 else refuse(x), dtypes=["float32"])


def test_another_name_of_a_check_is_an_error() -> None:
    with pytest.raises(ValueError, match="there is no check ties: there are runs, "):
        check_op(wrong_ops.softsign, without=["ties"])
    check_op(wrong_ops.nan_at_zero, without=["kinks"], examples=10)


def test_a_function_of_pytorch_alone() -> None:
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            return g * 2 * ctx.saved_tensors[0] ** 2

    check_op(torch.sin, examples=10)
    with pytest.raises(CheckError, match="Cube: its gradient is wrong") as info:
        check_op(Cube.apply)
    assert "the rule " in str(info.value)
    assert "Cube.backward, " in str(info.value)
    assert "import torch\n" in info.value.program


def test_a_function_that_is_recorded_by_minigrad() -> None:
    with pytest.raises(CheckError, match=r"It is the right one times 0\.6667"):
        check_op(wrong_ops.Cube.apply)


OPTIONS = {"inputs": tensors(domain=abs, dtypes=["float64"]), "options": {"power": (1.5, 3)}}


def test_operands_and_options_of_ones_own() -> None:
    def power(x, power=2):
        return x**power

    def wrong_power(x, power=2):
        return x**2 + (0 if power == 2 else x.detach() ** power - x.detach() ** 2)

    check_op(power, lambda x, power=2: np.power(x, power), **OPTIONS)
    with pytest.raises(CheckError, match="power=") as info:
        check_op(wrong_power, **OPTIONS)
    assert info.value.check == "first"
    assert "def wrong_power(x, power=2):" in info.value.program
    check_op(minigrad.matmul, inputs=(tensors(shapes=[(2, 3), (3,)]), tensors(shapes=[(3, 2), (3,)])), examples=10)
    squares = st.integers(1, 3).map(lambda n: minigrad.ones(n, n))
    check_op(minigrad.trace, inputs=squares, examples=10)


@given(broadcastable(3), tensors(smooth=True), losses_targets("labels"))
def test_the_strategies_draw_tensors(three, x, pair) -> None:
    assert (three[0] + three[1] + three[2]).ndim == max(each.ndim for each in three)
    assert x.isfinite().all()
    assert pair[0].shape == pair[1].shape
    assert set(pair[1].reshape(-1).tolist()) <= {0.0, 1.0}


def test_each_check_is_a_test_for_pytest(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["minigrad.testing.plugin"]\n')
    (tmp_path / "test_mine.py").write_text(
        "import wrong_ops\n"
        "from minigrad.testing import op_checks\n"
        "right = op_checks(wrong_ops.softsign, examples=10)\n"
        "wrong = op_checks(wrong_ops.nan_at_zero)\n"
    )
    command = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path))
    ended = python(*command, env={**os.environ, "PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent}"})
    failed, passed = map(int, re.findall(r"(\d+) failed, (\d+) passed", ended.stdout)[0])
    assert (failed, passed) == (1, 21), ended.stdout
    assert "wrong: kinks" in ended.stdout
    assert "x.grad is nan, by finite differences between -1 and 1" in ended.stdout
    assert "Traceback" not in ended.stdout


def test_without_hypothesis_it_says_what_to_install() -> None:
    program = "import sys; sys.modules['hypothesis'] = None; import minigrad.testing as t; t.make_tensor; t.check_op"
    ended = python("-c", program, cwd=TESTS.parent)
    assert 'minigrad.testing.check_op needs hypothesis: pip install "minigrad[testing]"' in ended.stderr


def test_the_workflow_makes_what_the_page_says() -> None:
    docs = TESTS.parent / "docs"
    commands = re.findall(r"^ +- run: (.*)$", (docs / "prove.yml").read_text(), flags=re.MULTILINE)
    assert commands == ['pip install "./minigrad[testing]" pytest', "python -m pytest -q"]
    assert "\ntesting = [" in (TESTS.parent / "pyproject.toml").read_text()
    assert f"\n{commands[1]} " in (docs / "testing.md").read_text()


def test_a_reference_that_refuses_everything_proves_nothing() -> None:
    def refuses(x: Any) -> Any:
        raise ValueError("not today")

    with pytest.raises(CheckError, match="refuses refuses all 50 samples, the last with ValueError: not today"):
        check_op(minigrad.exp, reference=refuses)


OTHER_KINDS = {
    "check_op takes a function of tensors, and got None": lambda: check_op(None),
    r"Cube is the class of an autograd.Function: write check_op\(Cube.apply\)": lambda: check_op(wrong_ops.Cube),
    r"write check_module\(lambda: Linear\(\.\.\.\)\)": lambda: check_op(minigrad.nn.Linear),
    r"write check_optimizer\(SGD\)": lambda: check_op(torch.optim.SGD),
    "reference= takes a function of tensors, and got 3": lambda: check_op(minigrad.exp, reference=3),
    r"without= is a list, such as \[.runs": lambda: check_op(minigrad.exp, without="kinks"),
    "constants= is a list": lambda: check_op(minigrad.exp, constants=["x"]),
    "dtypes= is a list": lambda: check_op(minigrad.exp, dtypes=[minigrad.float64]),
    "shapes= is a list": lambda: tensors(shapes=(2, 3)),
    "inputs= takes strategies": lambda: check_op(minigrad.exp, inputs=minigrad.ones(2)),
}


@pytest.mark.parametrize("words", OTHER_KINDS)
def test_another_kind_of_thing_is_told_what_to_write(words: str) -> None:
    with pytest.raises(TypeError, match=words):
        OTHER_KINDS[words]()


def test_kinks_are_sought_where_the_operands_are_drawn() -> None:
    def above(pair: Any) -> Any:
        return pair[0], abs(pair[1]) + 0.1

    check_op(wrong_ops.shrunk, inputs=broadcastable(2).map(above))
    with pytest.raises(CheckError, match=r"x\.grad is 0, by finite differences 1") as info:
        check_op(wrong_ops.shrunk)
    assert info.value.check == "kinks"
    assert "It is 0 everywhere" not in str(info.value)
