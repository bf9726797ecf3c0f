"""`minigrad.testing.check_op` finds what is wrong with an op, and says it so that one can mend it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import wrong_ops
from engines import torch
from processes import python

from minigrad.testing import CheckError, check_op

TESTS = Path(__file__).parent

WRONG = {
    "wrong_sign": ("first", "x.grad is -0.826446, by finite differences 0.826446", "It has the wrong sign."),
    "wrong_factor": ("first", "b.grad is", "It is the right one times 0.5.", "the rule wrong_factor_db, "),
    "forgotten_broadcasting": ("runs", "backward pass raises RuntimeError: forgotten_broadcasting_dx returned"),
    "detached": ("first", "x.grad is", "def detached(x):"),
    "detached_whole": ("first", "x.grad is None, by finite differences 2", "No gradient arrives"),
    "changes_its_operand": ("unchanged", "it changes an operand in place (at "),
    "changes_the_gradient": ("unchanged", "its backward pass changes the gradient that arrives"),
    "shares_memory": ("memory", "its result shares memory with an operand"),
    "drifts": ("kept", "its result is float64, where the operands are float32"),
    "rule_drifts": ("rules", "a rule returns float64 for an operand of float32"),
    "nan_at_zero": ("kinks", "x.grad is nan, by finite differences between -1 and 1", "0 / 0"),
    "constant_inside": ("second", "d(gradients)/dx is", "the rule constant_inside_dx, ", "Does the rule use a value"),
    "draws_numbers": ("repeatable", "it gives another number each time"),
    "other_under_create_graph": ("modes", "its gradient is another with create_graph=True", "x.grad is "),
    "numpys_alone": ("gpu", "on a GPU it raises TypeError: ", "numpy.tanh", "`minigrad.arrays.array_module(x)`"),
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


PROGRAMS = {
    "wrong_sign": "the gradient:       -0.82644628\nfinite differences: 0.82644628",
    "nan_at_zero": "the gradient:       nan\nslope to the left:  -1.0\nslope to the right: 1.0",
    "constant_inside": "the gradient:       None\nfinite differences: -1.5026",
}


def test_the_program_shows_both_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(TESTS))
    for name, prints in PROGRAMS.items():
        with pytest.raises(CheckError) as info:
            check_op(getattr(wrong_ops, name))
        assert info.value.program in "\n".join(line[4:] for line in str(info.value).splitlines())
        printed = python("-c", info.value.program).stdout
        digits = [line[:28] for line in prints.splitlines()]
        assert [line[: len(said)] for line, said in zip(printed.splitlines(), digits, strict=True)] == digits, sys.path
