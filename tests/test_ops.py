"""Each op of the registry: equal to PyTorch in values and gradients, and differentiated right in any order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest
from differences import GRADIENTS, NAMES, NOT_FINITE, VALUES, differs
from engines import torch
from hypothesis import given, settings
from parity import Run, Tolerance, both_succeeded, results, run, tolerance
from registry import OPS, Call, Op
from samples import Sample

import minigrad
from minigrad.engine.changes import changes_of
from minigrad.testing import checks

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.hypothesis]  # of which `make fuzz` runs all


def every(ops: Iterable[Op]) -> pytest.MarkDecorator:
    """A test for each of these ops."""
    return pytest.mark.parametrize("op", [pytest.param(op, id=op.name) for op in ops])


EVERY_OP = every(OPS.values())
DIFFERENTIABLE = [op for op in OPS.values() if op.differentiable]
EVERY_DIFFERENTIABLE_OP = every(DIFFERENTIABLE)


def examples(quick: int) -> pytest.MarkDecorator:
    """How many samples an op is tried on: these few, or with `-m slow` twenty times as many."""
    return pytest.mark.parametrize("examples", [quick, pytest.param(20 * quick, marks=pytest.mark.slow)])


def for_samples(op: Op, examples: int, check: Callable[[Op, str, Sample], None], smooth: bool = False) -> None:
    """Check an op on drawn samples."""

    @settings(max_examples=examples)
    @given(op.samples(smooth))
    def check_sample(spelling_and_sample: tuple[str, Sample]) -> None:
        check(op, *spelling_and_sample)

    check_sample()


@EVERY_OP
@examples(40)
def test_values_are_those_of_pytorch(op: Op, examples: int) -> None:
    for_samples(op, examples, check_values)


def check_values(op: Op, spelling: str, sample: Sample) -> None:
    if not differs(op.name, sample, VALUES):
        compare_values(op, spelling, sample)


def compare_values(op: Op, spelling: str, sample: Sample) -> None:
    checks.check_values(subject(op, spelling), sample)


def subject(op: Op, spelling: str) -> checks.Subject:
    """What `minigrad.testing` checks: an op by one of its names."""
    return subject_of(op, op.calls[spelling])


def subject_of(op: Op, call: Call) -> checks.Subject:
    """An op by one of its calls, with PyTorch's for a reference."""

    def rounding(sample: Sample) -> Tolerance | None:
        return tolerance(sample, op.sums) if op.defined else None

    return checks.Subject(
        op.name, call, minigrad, call, torch, "PyTorch", both_succeeded=both_succeeded, rounding=rounding
    )


@EVERY_DIFFERENTIABLE_OP
@examples(60)
def test_gradients_are_those_of_pytorch(op: Op, examples: int) -> None:
    for_samples(op, examples, check_gradients)


def check_gradients(op: Op, spelling: str, sample: Sample) -> None:
    if not differs(op.name, sample, GRADIENTS):
        compare_gradients(op, spelling, sample)


def compare_gradients(op: Op, spelling: str, sample: Sample) -> None:
    ran = checks.check_gradients(subject(op, spelling), sample)
    if ran is not None and not differs(op.name, sample, NAMES):
        assert grad_fns(ran[0]) == grad_fns(ran[1])


@EVERY_DIFFERENTIABLE_OP
@examples(30)
def test_gradients_are_zero_where_they_are_in_pytorch_whatever_arrives(op: Op, examples: int) -> None:
    """Infinities and nans that arrive stop where an op does not depend on its input: 0 is chosen, not multiplied by."""
    for_samples(op, examples, check_not_finite)


def check_not_finite(op: Op, spelling: str, sample: Sample) -> None:
    if not differs(op.name, sample, [*GRADIENTS, *NOT_FINITE]):
        compare_not_finite(op, spelling, sample)


def compare_not_finite(op: Op, spelling: str, sample: Sample) -> None:
    checks.check_masked(subject(op, spelling), sample)


def grad_fns(ran: Run) -> list[str | None]:
    """The printed names of the nodes of a call's results."""
    return [y.grad_fn.name() if y.grad_fn is not None else None for y in results(ran.result)]


@every([op for op in DIFFERENTIABLE if op.exact and not op.rounds])
@examples(15)
def test_derivatives_are_those_of_finite_differences(op: Op, examples: int) -> None:
    for_samples(op, examples, check_derivatives, smooth=True)


def check_derivatives(op: Op, spelling: str, sample: Sample) -> None:
    checks.check_first(subject(op, spelling), sample)
    checks.check_second(subject(op, spelling), sample)


@EVERY_DIFFERENTIABLE_OP
@examples(25)
def test_gradients_are_equal_to_the_bit_in_both_modes_and_owned(op: Op, examples: int) -> None:
    for_samples(op, examples, check_modes)


def check_modes(op: Op, spelling: str, sample: Sample) -> None:
    checks.check_modes(subject(op, spelling), sample)


@EVERY_DIFFERENTIABLE_OP
@examples(10)
def test_rules_stay_in_their_dtype(op: Op, examples: int) -> None:
    for_samples(op, examples, check_dtype_of_rules)


def check_dtype_of_rules(op: Op, spelling: str, sample: Sample) -> None:
    checks.check_dtype_of_rules(subject(op, spelling), sample)


@EVERY_DIFFERENTIABLE_OP
@examples(5)
def test_operands_and_arriving_gradients_stay_as_they_are(op: Op, examples: int) -> None:
    for_samples(op, examples, check_unchanged)


def check_unchanged(op: Op, spelling: str, sample: Sample) -> None:
    if not updates_statistics(op, sample):
        checks.check_unchanged(subject(op, spelling), sample)


def updates_statistics(op: Op, sample: Sample) -> bool:
    """Whether an op is given running statistics to bring up to date, as an operand says."""
    return op.name in ("nn.functional.batch_norm", "nn.functional.instance_norm") and True in sample.operands[5:6]


@EVERY_OP
@examples(20)
def test_results_are_views_where_they_are_in_pytorch(op: Op, examples: int) -> None:
    for_samples(op, examples, check_memory)


def check_memory(op: Op, spelling: str, sample: Sample) -> None:
    """A result shares memory with an operand or not, and knows of in-place changes if it does."""
    kept: list[tuple[Any, Any]] = []

    def call(engine: Any, *operands: Any, **options: Any) -> Any:
        result = op.calls[spelling](engine, *operands, **options)
        tensors = [x for x in operands if isinstance(x, (minigrad.Tensor, torch.Tensor))]
        kept.append((tensors, list(results(result))))
        return result

    mine, theirs = (run(call, engine, sample) for engine in (minigrad, torch))
    if mine.error is not None or theirs.error is not None:
        return
    (operands, outputs), (torch_operands, torch_outputs) = kept
    for y, torch_y in zip(outputs, torch_outputs, strict=True):
        for x, torch_x in zip(operands, torch_operands, strict=True):
            if torch_y.numel():
                shared = torch_y.untyped_storage().data_ptr() == torch_x.untyped_storage().data_ptr()
                assert np.shares_memory(y.array, x.array) == shared
                assert (changes_of(y) is changes_of(x)) == shared
