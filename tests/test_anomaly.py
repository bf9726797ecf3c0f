"""Where nan comes from: detect_anomaly raises where PyTorch does, and says what made it; a watch can stop there."""

from __future__ import annotations

import threading
import warnings
from typing import Any

import numpy as np
import pytest
from engines import ENGINES, error_of
from stand_in import installed

import minigrad
from minigrad.engine import backward as engine
from minigrad.engine import graph

pytestmark = pytest.mark.filterwarnings("ignore")


def second_root(torch: Any) -> Any:
    """The second example of https://github.com/pytorch/pytorch/issues/160016: PyTorch points at the second sqrt."""
    x = torch.tensor([1.0, 4.0], requires_grad=True)
    y = torch.sqrt(x - 2)
    y = torch.sqrt(y)
    return y.sum()


def length_of_zero(torch: Any) -> Any:
    p = torch.tensor([[3.0, 4.0], [0.0, 0.0]], requires_grad=True)
    return ((p * p).sum(1)).sqrt().sum()


def masked_logarithm(torch: Any) -> Any:
    x = torch.tensor([-1.0, 0.0, 2.0], requires_grad=True)
    return torch.where(x > 0, torch.log(x), x * 0).sum()


def zero_by_zero(torch: Any) -> Any:
    x = torch.tensor([0.0, 1.0], requires_grad=True)
    return (x / x).sum()


def layer_of_infinities(torch: Any) -> Any:
    layer = torch.nn.Linear(2, 2)
    return (layer(torch.full((1, 2), float("inf"))) * 0).sum()


def slope_of_a_slope(torch: Any) -> Any:
    """As in https://github.com/pytorch/pytorch/issues/43405: nan comes in the second pass."""
    x = torch.tensor(0.4, requires_grad=True)
    y = torch.tensor(0.0, requires_grad=True)
    (slope,) = torch.autograd.grad(x * y.sqrt(), (x,), create_graph=True)
    return slope * 0


RAISING = [second_root, length_of_zero, masked_logarithm, zero_by_zero, layer_of_infinities, slope_of_a_slope]


def differentiated(torch: Any, loss: Any) -> None:
    with torch.autograd.detect_anomaly():
        loss(torch).backward()


@pytest.mark.parametrize("loss", RAISING)
def test_it_raises_where_pytorch_does(loss):
    errors = [error_of(differentiated, torch, loss) for torch in ENGINES]
    assert errors[0] == errors[1]
    assert errors[1][0] == "RuntimeError"
    assert "returned nan values in its" in errors[1][1]


def note_of(loss: Any) -> str:
    with pytest.raises(RuntimeError, match="returned nan values") as info:
        differentiated(minigrad, loss)
    return "\n".join(info.value.__notes__)


def test_the_first_root_is_named():
    note = note_of(second_root)
    assert "sqrt made the first value not finite: 1 nan of 2\n" in note
    assert ": y = torch.sqrt(x - 2)\n" in note
    assert note.splitlines()[2].strip() == "~" * len("torch.sqrt(x - 2)")
    assert "\n    a[0] = -1\n    result[0] = nan\n" in note


def test_a_rule_that_made_infinity_is_named():
    note = note_of(length_of_zero)
    assert note.startswith("In the backward pass sqrt_da made the first gradient not finite: 1 inf of 2\n")
    assert "\n    g[1] = 1\n    out[1] = 0\n    result[1] = inf\n" in note


def test_data_that_was_not_finite_is_named():
    note = note_of(layer_of_infinities)
    assert "linear was given what is not finite (input has 2 inf of 2): it made " in note


def test_of_a_second_derivative_the_rule_is_named():
    note = note_of(slope_of_a_slope)
    assert note.startswith("In the backward pass sqrt_da made the first gradient not finite: 1 nan of 1\n")
    assert "y.sqrt()" in note


def test_an_op_of_a_pass_is_told_with_the_op_that_it_differentiates():
    x = minigrad.tensor([0.0, 1.0], requires_grad=True)
    with pytest.raises(FloatingPointError) as info, minigrad.watch(stop_at="nonfinite"):
        minigrad.autograd.grad(x.sqrt().sum(), x, create_graph=True)
    assert "recorded in a backward pass by sqrt_da, the derivative of" in str(info.value)


@pytest.mark.parametrize("torch", ENGINES)
def test_a_loss_of_nan_is_no_error(torch):
    with torch.autograd.detect_anomaly():
        torch.log(-torch.tensor([1.0], requires_grad=True)).sum().backward()


def test_but_a_warning_says_where_it_is_from():
    """The third example of pytorch issue 160016: PyTorch says nothing."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with minigrad.autograd.detect_anomaly():
            minigrad.log(-minigrad.tensor([1.0], requires_grad=True)).sum().backward()
    assert str(caught[0].message).startswith("Anomaly Detection has been enabled.")
    text = str(caught[1].message)
    assert text.startswith("The backward pass starts from a value that is not finite. log made the first value")
    assert "a[0] = -1" in text
    assert caught[1].filename == __file__


@pytest.mark.parametrize("torch", ENGINES)
def test_switches(torch):
    assert not torch.is_anomaly_enabled()
    with torch.autograd.set_detect_anomaly(True, check_nan=False):
        assert torch.is_anomaly_enabled()
        assert not torch.is_anomaly_check_nan_enabled()
        second_root(torch).backward()
        with torch.autograd.detect_anomaly():
            assert torch.is_anomaly_check_nan_enabled()
        assert not torch.is_anomaly_check_nan_enabled()
    assert not torch.is_anomaly_enabled()
    assert torch.is_anomaly_check_nan_enabled()
    torch.autograd.set_detect_anomaly(True)
    assert torch.is_anomaly_enabled()
    torch.autograd.set_detect_anomaly(False)
    assert not torch.is_anomaly_enabled()


def test_it_is_on_in_all_threads_and_off_again():
    errors = []

    def elsewhere() -> None:
        try:
            second_root(minigrad).backward()
        except RuntimeError as error:
            errors.append(error)

    for _ in range(2):
        with minigrad.autograd.set_detect_anomaly(not errors):
            thread = threading.Thread(target=elsewhere)
            thread.start()
            thread.join()
    assert len(errors) == 1
    assert graph.new_node is graph.Node
    assert engine.observer is None


def test_no_grad_changes_where_it_raises():
    w = minigrad.tensor([1.0], requires_grad=True)
    x = minigrad.tensor([-1.0], requires_grad=True)
    with pytest.raises(RuntimeError), minigrad.autograd.detect_anomaly():
        (w.sum() + x.sqrt().sum()).backward()
    assert w.grad is None


def test_a_finite_pass_is_as_ever():
    x = minigrad.tensor([4.0], requires_grad=True)
    with minigrad.autograd.detect_anomaly():
        x.sqrt().sum().backward()
    assert x.grad.item() == 0.25


# Stopping ------------------------------------------------------------------------------------------------------


def test_a_watch_stops_at_the_first_value_that_is_not_finite():
    x = minigrad.tensor([1.0, 4.0], requires_grad=True)
    with pytest.raises(FloatingPointError) as info, minigrad.watch(stop_at="nonfinite") as step:
        (x - 2).log().exp()
    assert str(info.value).startswith("log made the first value not finite: 1 nan of 2\n")
    assert [op.name for op in step.tape.ops] == ["sub", "log"]
    assert "Here the step ended: FloatingPointError: log made" in step.explain()


def test_it_stops_at_a_gradient_too():
    x = minigrad.tensor([0.0, 4.0], requires_grad=True)
    with pytest.raises(FloatingPointError, match=r"sqrt_da made .* 1 inf of 2"), minigrad.watch(stop_at="nonfinite"):
        x.sqrt().sum().backward()
    assert x.grad is None


def test_with_nan_it_lets_infinity_pass():
    x = minigrad.tensor([0.0, 4.0], requires_grad=True)
    with minigrad.watch(stop_at="nan"):
        x.sqrt().sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [np.inf, 0.25])
    with pytest.raises(FloatingPointError, match="sqrt made"), minigrad.watch(stop_at="nan"):
        (x - 1).sqrt()


def test_on_a_gpu():
    with installed():
        x = minigrad.tensor([1.0, 4.0], device="cuda", requires_grad=True)
        with pytest.raises(FloatingPointError, match=r"a\[0\] = -1"), minigrad.watch(stop_at="nonfinite"):
            (x - 2).sqrt()


def test_other_words_for_it_are_refused():
    with pytest.raises(ValueError, match="stop_at must be 'nonfinite', 'nan' or None, but got 'inf'"):
        minigrad.watch(stop_at="inf")
