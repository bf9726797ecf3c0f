"""What a watched step answers: why a gradient is None, where gradients vanish, which units are dead, what differs."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import nn

# Why None ------------------------------------------------------------------------------------------------------


def leaf(*values: float) -> Any:
    return minigrad.tensor(values, requires_grad=True)


def test_a_parameter_that_no_op_used():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    with minigrad.watch() as step:
        model[0](minigrad.ones(1, 2)).sum().backward()
    reason = step.why_none(model[1].weight)
    assert reason == "Not reached: no recorded op of this step used it; its module model.1 recorded nothing."
    assert step.why_none(model[0].weight).startswith("Its .grad is not None: it has norm ")


def test_a_value_that_was_detached():
    model = nn.Linear(2, 2)
    other = leaf(1.0, 1.0)
    with minigrad.watch() as step:
        h = model(minigrad.ones(1, 2))
        cut = h.detach() * 2
        loss = (cut * other).sum()
        loss.backward()
    reason = step.why_none(model.weight)
    assert re.search(r"^Cut: it led to h \(test_watch_reports.py:\d+: h = model", reason)
    assert re.search(r"no gradient came: test_watch_reports.py:\d+: cut = h.detach\(\) \* 2 takes it out", reason)


def test_a_result_that_leads_to_no_loss():
    a, b = leaf(1.0), leaf(2.0)
    with minigrad.watch() as step:
        a * 3
        b.sum().backward()
    assert "Cut: it led to mul (test_watch_reports.py:" in step.why_none(a)
    assert step.why_none(a).endswith("no backward pass started from what was computed of it.")


def test_a_tensor_that_needs_no_gradient():
    x = minigrad.ones(2)
    with minigrad.watch() as step:
        (x * leaf(1.0, 2.0)).sum().backward()
    assert step.why_none(x).startswith("requires_grad is False")


def test_a_result_is_no_leaf():
    w = leaf(1.0, 2.0)
    with minigrad.watch() as step:
        h = w * 2
        h.sum().backward()
    assert re.match(r"It is the result of an op \(test_watch_reports.py:\d+: h = w \* 2\)", step.why_none(h))
    assert "retain_grad()" in step.why_none(h)


def test_a_gradient_that_was_set_to_none_again():
    model = nn.Linear(2, 1)
    with minigrad.watch() as step:
        model(minigrad.ones(1, 2)).sum().backward()
        model.zero_grad()
    reason = step.why_none(model.weight)
    assert "gave it a gradient of norm 1.41; after that .grad was set to None, as zero_grad() does" in reason


def test_a_gradient_that_was_returned():
    w = leaf(3.0, 4.0)
    with minigrad.watch() as step:
        minigrad.autograd.grad((w * w).sum(), w)
    assert step.why_none(w).startswith("autograd.grad (test_watch_reports.py:")
    assert "of norm 10, and fills no .grad: use backward()." in step.why_none(w)


def test_a_pass_that_asked_for_others():
    a, b = leaf(1.0), leaf(2.0)
    with minigrad.watch() as step:
        (a * b).sum().backward(inputs=[b])
    assert step.why_none(a).startswith("The backward pass was asked for the gradients of other tensors alone")


def test_no_pass_at_all():
    a = leaf(1.0)
    with minigrad.watch() as step:
        a * 2
    assert step.why_none(a) == "No backward pass was made in this step: call backward() on the loss."


# The flow ------------------------------------------------------------------------------------------------------


def test_a_vanishing_gradient_is_flagged():
    minigrad.manual_seed(0)
    layers = [part for _ in range(12) for part in (nn.Linear(4, 4), nn.Sigmoid())]
    model = nn.Sequential(*layers, nn.Linear(4, 1))
    with minigrad.watch() as step:
        model(minigrad.ones(8, 4)).sum().backward()
    rows = step.gradients().splitlines()
    first = next(row for row in rows if row.startswith("model.0.weight "))
    last = next(row for row in rows if row.startswith("model.24.weight "))
    assert first.endswith("vanishing: below 0.001 of the last layer's")
    assert last.endswith("###")
    assert f"{np.linalg.norm(model[0].weight.grad.numpy()):.3g}" in first


def test_what_is_zero_nan_or_none_says_so():
    a, b, c = leaf(0.0), leaf(-1.0), leaf(1.0)
    with minigrad.watch() as step:
        c * 2
        ((a * 0).sum() + b.sqrt().sum()).backward()
    rows = {row.split()[0]: row for row in step.gradients().splitlines()[1:]}
    assert rows["a"].endswith("all zeros: nothing arrives")
    assert rows["b"].endswith("holds 1 nan")
    assert " None  Cut: it led to mul" in rows["c"]


def test_a_unit_of_our_own_lesson_is_dead():
    """Unit 2 of the model with ReLU in comparisons/lessons/circles.py never lets anything by."""
    datasets, model_selection = pytest.importorskip("sklearn.datasets"), pytest.importorskip("sklearn.model_selection")
    X, y = datasets.make_circles(1000, noise=0.03, factor=0.5, random_state=42)
    X, y = minigrad.FloatTensor(X), minigrad.FloatTensor(y)
    X_train, _, y_train, _ = model_selection.train_test_split(X, y, test_size=0.2, random_state=42)
    minigrad.manual_seed(42)
    model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
    with minigrad.watch() as step:
        nn.functional.binary_cross_entropy_with_logits(model(X_train).squeeze(), y_train).backward()
    assert step.gradients().endswith("model.1: 1 of 8 units is 0 for all 800 rows (unit 2)")
    assert not model[0].weight.grad.numpy()[2].any()


def test_dead_channels_of_images():
    weight = minigrad.ones(3, 1, 1, 1)
    weight[1:] = -1.0
    weight.requires_grad_()
    with minigrad.watch() as step:
        minigrad.relu(nn.functional.conv2d(minigrad.ones(2, 1, 4, 4), weight)).sum().backward()
    assert step.gradients().endswith("(2) relu: 2 of 3 units are 0 for all 2 rows (units 1, 2)")


# The summary ---------------------------------------------------------------------------------------------------


def test_a_summary_goes_up_to_the_error():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(4, 1))
    with pytest.raises(RuntimeError), minigrad.watch() as step:
        model(minigrad.ones(5, 2))
    lines = [line.split() for line in step.summary().splitlines()]
    assert lines[:4] == [
        ["op", "takes", "makes", "parameters"],
        ["model.0", "(Linear)", "linear", "5x2", "5x3", "9"],
        ["model.1", "(ReLU)", "relu", "5x3", "5x3"],
        [],
    ]
    assert "Here the step ended: RuntimeError: linear(): mat1" in step.summary()


def test_a_summary_counts_each_parameter_once():
    model = nn.Linear(2, 2)
    with minigrad.watch() as step:
        model(model(minigrad.ones(1, 2)))
    assert step.summary().endswith("\n6 parameters")
    assert [line.split()[-1] for line in step.summary().splitlines()[1:3]] == ["6", "1x2"]


# Two steps -----------------------------------------------------------------------------------------------------


def watched(scale: float = 1.0, slope: float = 1.0) -> Any:
    w = leaf(1.0, 2.0)
    with minigrad.watch() as step:
        h = w * 3.0
        loss = (h * scale).sum() * 1.0
        loss.backward(minigrad.tensor(slope))
    return step


def test_the_same_step_twice():
    found = watched().first_difference(watched())
    assert found == "No difference above 1e-05 in 4 ops and 4 gradients (the largest: 0.0e+00)"


def test_the_first_op_that_differs():
    found = watched().first_difference(watched(scale=1.001))
    assert re.match(r"Op 2, mul of 2 at test_watch_reports.py:\d+: loss = ", found)
    assert found.endswith("differs by 1.0e-03: 6 here and 6.01 there at [1]")
    assert watched().first_difference(watched(scale=1.001), tolerance=1e-2).startswith("No difference above 0.01")


def test_the_first_gradient_that_differs():
    found = watched().first_difference(watched(slope=2.0))
    assert found.startswith("The gradient that mul_da sent at test_watch_reports.py:")
    assert found.endswith("differs by 5.0e-01: 1 here and 2 there")


def test_other_ops():
    w = leaf(1.0, 2.0)
    with minigrad.watch() as step:
        w.exp()
    assert re.match(
        r"Op 1 is another: exp of 2 at .*; in the other step mul of 2 at ", step.first_difference(watched())
    )


def test_nan_in_one_alone_is_a_difference():
    a, b = leaf(1.0), leaf(-1.0)
    with minigrad.watch() as one:
        a.sqrt()
    with minigrad.watch() as other:
        b.sqrt()
    assert "differs by inf: 1 here and nan there" in one.first_difference(other)
    assert other.first_difference(other).startswith("No difference")
