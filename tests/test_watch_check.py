"""The checklist for a loss that does not fall: each finding where it is due, and nothing is changed."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import nn

LINES = minigrad.linspace(-1, 1, 20).reshape(20, 1)


def fitting() -> Any:
    minigrad.manual_seed(0)
    model = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
    return model, nn.functional.mse_loss, LINES, LINES * 2 + 1


def classes(*after: Any) -> Any:
    minigrad.manual_seed(0)
    X = minigrad.randn(32, 2)
    return nn.Sequential(nn.Linear(2, 3), *after), nn.functional.cross_entropy, X, minigrad.randint(0, 3, (32,))


def test_nothing_is_found_where_all_is_well():
    model, loss, X, y = fitting()
    text = minigrad.check(model, loss, X, y, minigrad.optim.SGD(model.parameters(), lr=0.05))
    assert text.startswith("Nothing found.\nIn 100 steps of SGD on 8 rows the loss goes from ")


@pytest.mark.parametrize("name", ["NAdam", "LBFGS", "Adafactor"])
def test_the_other_optimizers_are_tried_too(name):
    model, loss, X, y = fitting()
    text = minigrad.check(model, loss, X, y, getattr(minigrad.optim, name)(model.parameters(), lr=0.05))
    assert f"\nIn 100 steps of {name} on 8 rows the loss goes from " in text
    assert "by heart" not in text


def test_nothing_is_changed():
    model, loss, X, y = fitting()
    optimizer = minigrad.optim.Adam(model.parameters(), lr=0.05)
    loss(model(X), y).backward()
    optimizer.step()
    before = copy.deepcopy((model.state_dict(), optimizer.state_dict(), [p.grad for p in model.parameters()]))
    random = minigrad.get_rng_state()
    minigrad.check(model, loss, X, y, optimizer)
    after = (model.state_dict(), optimizer.state_dict(), [p.grad for p in model.parameters()])
    assert repr(before) == repr(after)
    np.testing.assert_array_equal(minigrad.get_rng_state().numpy(), random.numpy())


def test_a_column_beside_a_row():
    model, loss, X, y = fitting()
    text = minigrad.check(model, loss, X, y.reshape(20))
    assert "model(X) is 20x1 and y 20: the loss is that of every prediction with every target." in text
    assert "loss_function(model(X).reshape(y.shape), y)" in text
    text = minigrad.check(model, nn.functional.binary_cross_entropy_with_logits, X, y.reshape(20))
    assert "model(X) is 20x1 and y 20: they do not fit." in text
    assert "The step ended in an error: ValueError:" in text


def test_softmax_before_cross_entropy():
    assert "cross_entropy is given probabilities" in minigrad.check(*classes(nn.Softmax(dim=1)))
    assert "cross_entropy is given" not in minigrad.check(*classes())


def test_sigmoid_before_the_loss_with_logits():
    model, _, X, _ = classes(nn.Sigmoid())
    y = minigrad.ones(32, 3)
    text = minigrad.check(model, nn.functional.binary_cross_entropy_with_logits, X, y)
    assert "binary_cross_entropy_with_logits is given probabilities" in text


def test_nll_loss_of_logits():
    model, _, X, y = classes()
    assert "nll_loss is given numbers above 0" in minigrad.check(model, nn.functional.nll_loss, X, y)


def test_evaluation_mode():
    model, loss, X, y = classes(nn.Dropout(0.1))
    assert "Evaluation mode is on (it matters to Dropout)." in minigrad.check(model.eval(), loss, X, y)
    model.train()
    model[1].eval()
    assert "Evaluation mode is on (it matters to Dropout)." in minigrad.check(model, loss, X, y)


class Forgetful(nn.Module):
    """Has a layer that it does not use, and one that it detaches."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.unused = nn.Linear(2, 3), nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x: Any) -> Any:
        h = self.first(x)
        return self.second(h.detach())


def test_parameters_without_a_gradient():
    _, loss, X, y = classes()
    text = minigrad.check(Forgetful(), loss, X, y)
    assert "model.unused.weight.grad is None. Not reached: no recorded op of this step used it" in text
    assert "model.first.weight.grad is None. Cut: it led to " in text


def test_nothing_to_learn():
    model, loss, X, y = classes()
    model.requires_grad_(False)
    text = minigrad.check(model, loss, X, y)
    assert "No parameter needs a gradient" in text
    assert "The step ended in an error: RuntimeError: element 0 of tensors does not require grad" in text


def test_dead_units_and_all_zeros():
    model, loss, X, y = fitting()
    model[0].bias.data.fill_(-100.0)
    text = minigrad.check(nn.Sequential(model[0], nn.ReLU(), model[2]), loss, X, y)
    assert "model.0.weight.grad is all zeros: it cannot learn." in text
    assert "model.1: 8 of 8 units are 0 for all 20 rows" in text


def test_gradients_that_vanish():
    layers = [part for _ in range(12) for part in (nn.Linear(4, 4), nn.Sigmoid())]
    model = nn.Sequential(nn.Linear(1, 4), *layers, nn.Linear(4, 1))
    _, loss, X, y = fitting()
    assert "below 0.001 of the last layer's: it hardly learns" in minigrad.check(model, loss, X, y)


@pytest.mark.parametrize(("lr", "words"), [(1e-9, "changes the weights by at most"), (100.0, "a smaller learning")])
def test_steps_too_small_and_too_large(lr, words):
    model, loss, X, y = fitting()
    assert words in minigrad.check(model, loss, X, y, minigrad.optim.SGD(model.parameters(), lr=lr))


def test_an_optimizer_that_lacks_a_layer():
    model, loss, X, y = fitting()
    text = minigrad.check(model, loss, X, y, minigrad.optim.SGD(model[0].parameters(), lr=0.1))
    assert "The optimizer does not have model.2.weight and 1 more." in text


def test_gradients_that_were_added_up():
    model, loss, X, y = fitting()
    for _ in range(5):
        loss(model(X), y).backward()
    text = minigrad.check(model, loss, X, y)
    assert "The model's gradients are 5.0 times as large" in text or "The model's gradients are 5 times" in text
    assert "optimizer.zero_grad()" in text


def test_data_that_is_not_finite_or_large():
    model, loss, X, y = fitting()
    X = X.clone()
    X[3] = float("nan")
    text = minigrad.check(model, loss, X, y * 1)
    assert "X holds 1 nan." in text
    assert "model.0.weight.grad holds 8 nan." in text
    assert "X holds numbers up to 255" in minigrad.check(model, loss, LINES * 255, y)


def test_rows_that_cannot_be_learnt_by_heart():
    _, loss, X, y = fitting()

    class Constant(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bias = nn.Parameter(minigrad.zeros(1))

        def forward(self, x: Any) -> Any:
            return x * 0 + self.bias * 1e-6

    assert "It cannot learn 8 rows by heart" in minigrad.check(Constant(), loss, X, y)
