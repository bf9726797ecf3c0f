"""Losses where it matters: logits of any size, targets that are ignored, weights, reductions."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from engines import same, torch
from parity import check_equal

import minigrad

FAR = [0.0, 1e4, -1e4, 1e30, -1e30, 3e38, -3e38, 88.8, -104.0]


def on_both(call: Any, *arrays: Any, **options: Any) -> None:
    """A loss and the gradient of its first operand are PyTorch's, and finite where they are in PyTorch."""
    losses, gradients = [], []
    for engine in (minigrad, torch):
        tensors = [engine.from_numpy(np.array(x)) for x in arrays]
        tensors[0].requires_grad_()
        given = {
            name: engine.from_numpy(np.array(x)) if isinstance(x, np.ndarray) else x for name, x in options.items()
        }
        loss = call(engine.nn.functional, *tensors, **given)
        loss.sum().backward()
        losses.append(loss)
        gradients.append(tensors[0].grad)
    check_equal(*losses, (2e-6, 1e-7))
    check_equal(*gradients, (2e-6, 1e-7))


def bce_with_logits(functional: Any, *operands: Any, **options: Any) -> Any:
    return functional.binary_cross_entropy_with_logits(*operands, **options)


def cross_entropy(functional: Any, *operands: Any, **options: Any) -> Any:
    return functional.cross_entropy(*operands, **options)


def nll_loss(functional: Any, *operands: Any, **options: Any) -> Any:
    return functional.nll_loss(*operands, **options)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_binary_cross_entropy_of_far_logits(reduction: str) -> None:
    logits = np.array(FAR[:5] * 3, "float32")
    target = np.repeat(np.array([0, 1, 0.5], "float32"), 5)
    on_both(bce_with_logits, logits, target, reduction=reduction)
    on_both(bce_with_logits, logits, target, reduction=reduction, pos_weight=np.array([2.5], "float32"))


@pytest.mark.parametrize("logit", FAR)
def test_binary_cross_entropy_of_the_right_and_the_wrong_class(logit: float) -> None:
    for target in (0.0, 1.0):
        x = minigrad.tensor(logit, requires_grad=True)
        loss = minigrad.nn.functional.binary_cross_entropy_with_logits(x, minigrad.tensor(target))
        loss.backward()
        wrong = logit if target == 0 else -logit
        assert loss.item() == pytest.approx(max(wrong, 0), rel=1e-6, abs=0.7)
        assert abs(x.grad.item()) <= 1


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_of_far_logits(reduction: str, smoothing: float) -> None:
    logits = np.array(list(itertools.permutations(FAR[:4], 3)), "float32")
    target = np.arange(len(logits)) % 3
    on_both(cross_entropy, logits, target, reduction=reduction, label_smoothing=smoothing)


def test_softmax_of_far_logits() -> None:
    logits = np.array(list(itertools.permutations(FAR[:5], 3)), "float32")
    for name in ("softmax", "log_softmax"):
        mine, theirs = (getattr(engine, name)(engine.from_numpy(logits), 1) for engine in (minigrad, torch))
        check_equal(mine, theirs, (2e-6, 1e-7))
        assert np.isfinite(mine.numpy()).all()


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("loss", [cross_entropy, nll_loss])
@pytest.mark.parametrize("target", [[0, 2, 1], [0, 0, 1], [0, 0, 0]])
def test_an_ignored_target_counts_for_nothing(loss: Any, reduction: str, target: list[int]) -> None:
    logits = np.array([[1.0, 2, 3], [0.5, -1, 0], [2, 2, 2]], "float32")
    weight = np.array([0.3, 1.0, 2.0], "float32")
    for options in ({}, {"weight": weight}):
        on_both(loss, logits, np.array(target), reduction=reduction, ignore_index=0, **options)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_an_ignored_target_may_have_an_infinite_loss(reduction: str) -> None:
    logarithms = np.array([[-np.inf, 0.0], [-1.0, -2.0]], "float32")
    on_both(nll_loss, logarithms, np.array([-100, 1]), reduction=reduction)
    on_both(nll_loss, logarithms, np.array([0, 1]), reduction=reduction, ignore_index=0)


def test_a_class_that_is_not_there_may_be_ignored() -> None:
    logits = np.zeros((2, 3), "float32")
    on_both(cross_entropy, logits, np.array([255, 1]), ignore_index=255)


def test_losses_of_no_elements() -> None:
    for reduction in ("mean", "sum", "none"):
        on_both(cross_entropy, np.zeros((0, 3), "float32"), np.zeros(0, "int64"), reduction=reduction)
        on_both(bce_with_logits, np.zeros((0, 3), "float32"), np.zeros((0, 3), "float32"), reduction=reduction)


def test_nan_in_logits_is_nan_in_the_loss() -> None:
    logits = np.array([[np.nan, 1.0], [0.0, 1.0]], "float32")
    on_both(cross_entropy, logits, np.array([0, 1]), reduction="none")
    on_both(bce_with_logits, logits, np.ones((2, 2), "float32"), reduction="none")


def test_another_shape_of_target_is_warned_of() -> None:
    with pytest.warns(UserWarning, match=r"target size .*\[3, 1\].*input size .*\[3\]"):
        minigrad.nn.functional.mse_loss(minigrad.ones(3), minigrad.ones(3, 1))


@pytest.mark.parametrize("shape", [(64, 10), (300, 10), (300, 300)])
def test_targets_of_uint8_stand_for_every_class_and_place(shape):
    logits = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    targets = np.random.default_rng(1).integers(0, min(shape[1], 256), shape[0]).astype(np.uint8)
    for name in ("cross_entropy", "nll_loss"):
        losses = [
            getattr(lib.nn.functional, name)(lib.from_numpy(logits), lib.from_numpy(targets)).item()
            for lib in (torch, minigrad)
        ]
        assert losses[1] == pytest.approx(losses[0], rel=1e-5)


# Zeros ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_the_gradient_of_an_ignored_row_is_printed_as_zeros(name: str, reduction: str) -> None:
    printed = []
    for engine in (minigrad, torch):
        x = engine.zeros(3, 2, requires_grad=True)
        getattr(engine.nn.functional, name)(x, engine.tensor([1, -100, 0]), reduction=reduction).sum().backward()
        printed.append(str(x.grad))
    assert printed[0] == printed[1]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_a_class_of_weight_0_still_counts_where_labels_are_smoothed(reduction: str) -> None:
    x, classes = [[1.0, 2.0, 3.0], [0.0, 1.0, 5.0], [1.0, 0.0, 0.0]], [1, 2, -100]
    on_both(
        cross_entropy,
        np.array(x, "float32"),
        np.array(classes),
        weight=np.array([1, 0, 1], "float32"),
        label_smoothing=0.1,
        reduction=reduction,
    )


# float16 ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits"])
def test_the_mean_of_many_halves_does_not_overflow(name: str) -> None:
    values = []
    for engine in (minigrad, torch):
        x = engine.full((70000,), 0.5).half().requires_grad_()
        loss = getattr(engine.nn.functional, name)(x, engine.zeros(70000).half())
        loss.backward()
        values.append((loss.item(), x.grad[0].item()))
    np.testing.assert_allclose(*values, rtol=3e-3)


@pytest.mark.parametrize("options", [{}, {"weight": [2.0, 1.0]}, {"label_smoothing": 0.1}], ids=str)
def test_the_cross_entropy_of_many_halves(options: dict[str, Any]) -> None:
    """PyTorch's is 0 or inf: it adds up in float16."""
    weight = {"weight": minigrad.tensor(options["weight"]).half()} if "weight" in options else {}
    x = minigrad.full((70000, 2), 0.5).half().requires_grad_()
    loss = minigrad.nn.functional.cross_entropy(x, minigrad.zeros(70000).long(), **{**options, **weight})
    loss.backward()
    assert loss.item() == pytest.approx(np.log(2), rel=1e-3)
    assert abs(x.grad).min() > 6e-6


def test_sums_of_halves_go_on_beyond_2048() -> None:
    """2049 is no float16: in float16 itself a sum of ones ends there."""

    def scenario(torch: Any) -> Any:
        x, w = torch.ones(5000, 3).half(), torch.ones(3).half().requires_grad_()
        (x * w).sum().backward()
        many = torch.ones(70000).half().requires_grad_()
        many.mean().backward()
        spread = torch.tensor([300.0, -300.0]).half().std().item()
        return x.sum(0).tolist(), x.mean(0).tolist(), w.grad.tolist(), many.grad[0].item(), spread

    same(scenario)
