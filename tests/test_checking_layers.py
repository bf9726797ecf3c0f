"""`check_module`, `check_loss` and `check_optimizer` find what is wrong, and let pass what is right."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
import wrong_layers
from engines import torch
from processes import python

import minigrad
from minigrad.testing import CheckError, check_loss, check_module, check_optimizer

SHAPES = [(3,), (4, 3), (0, 3), (2, 2, 3)]
RATES = {"lr": (0.1, 0.5)}

check_layer = partial(check_module, shapes=SHAPES)
check_steps = partial(check_optimizer, options=RATES)


def by_formula(p: Any, g: Any, state: dict[str, Any], lr: float = 0.5, momentum: float = 0.25) -> Any:
    state["v"] = momentum * state["v"] + g if state else g
    return p - lr * state["v"]


WRONG = {
    "WithDetachedScale": (check_layer, "used", "its parameter scale gets no gradient", "WithDetachedScale.forward, "),
    "WithUnusedScale": (check_layer, "used", "its parameter scale gets no gradient"),
    "WithLayersInAList": (check_layer, "registered", "layers is not registered", "nn.ModuleList"),
    "WithAPlainTensor": (check_layer, "registered", "factor is not registered: no optimizer", "register_buffer(name, "),
    "WithoutState": (check_layer, "state", "its state_dict is not all that its result depends on"),
    "ChangesItsInput": (check_layer, "unchanged", "it changes an operand in place"),
    "Forgets": (check_layer, "kept", "its result is float32, where the operands are float64"),
    "squared_error_of_rows": (check_loss, "reduction", 'by the mean() of reduction="none"'),
    "WrongMomentum": (
        partial(check_steps, reference=by_formula),
        "values",
        "its parameters are wrong after step 1",
        "parameters[0] is ",
        "by by_formula ",
    ),
    "SharesItsGradient": (check_steps, "owned", "its state 'velocity' of parameters[0] is the memory of its gradient"),
    "ForgetsItsState": (check_steps, "state", "its state_dict is not all that its steps depend on"),
    "MovesParameters": (check_steps, "in place", "parameters[0] is no longer in the memory where it was"),
    "ChangesGradients": (check_steps, "in place", "it changes the gradient of parameters[0]"),
    "OneRateForAll": (check_steps, "groups", "a group of parameters is not stepped with its own options"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found(name: str) -> None:
    check, which, *said = WRONG[name]
    with pytest.raises(CheckError) as info:
        check(getattr(wrong_layers, name))
    assert info.value.check == which, info.value
    for part in (f"{name}: ", *said):
        assert part in str(info.value)


def test_what_is_right_passes() -> None:
    check_layer(wrong_layers.Scaled)
    check_loss(wrong_layers.squared_error)
    check_optimizer(wrong_layers.Momentum, by_formula, options={**RATES, "momentum": (0.5,)})


def test_beside_pytorch() -> None:
    check_layer(lambda: minigrad.nn.Linear(3, 2), reference=lambda: torch.nn.Linear(3, 2))
    check_loss(wrong_layers.SquaredError, torch.nn.MSELoss)
    check_loss(wrong_layers.cross_entropy, torch.nn.functional.cross_entropy, "classes")
    check_optimizer(minigrad.optim.Adam, torch.optim.Adam, options={**RATES, "betas": [(0.5, 0.75)]})
    with pytest.raises(CheckError, match="by torch's cross_entropy"):
        check_loss(wrong_layers.cross_entropy_of_sums, torch.nn.functional.cross_entropy, "classes")
    with pytest.raises(CheckError, match=r"parameters\[0\] is .*, by torch's SGD"):
        check_optimizer(wrong_layers.WrongMomentum, torch.optim.SGD, options=RATES)


def test_what_is_of_pytorch_alone() -> None:
    check_module(lambda: torch.nn.Linear(3, 2), SHAPES, examples=5)
    check_optimizer(torch.optim.SGD, options=RATES, examples=5)


def test_the_programs_show_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    with pytest.raises(CheckError) as info:
        check_module(wrong_layers.Scaled, SHAPES, reference=lambda: torch.nn.Linear(3, 2))
    program, of_steps = info.value.program, ""
    assert '{"weight": weight, "bias": scale}' in program
    with pytest.raises(CheckError) as info:
        check_optimizer(wrong_layers.WrongMomentum, torch.optim.SGD, options=RATES)
    of_steps = info.value.program
    for each in (program, of_steps):
        ended = python("-c", each)
        assert ended.returncode == 0, ended.stderr
        assert len(set(ended.stdout.split("\n"))) > 2


def returns_nothing(_p: Any, _g: Any, _state: dict[str, Any]) -> None:
    pass


OTHER_KINDS = {
    "check_module takes .* this Linear is a layer: write check_module": lambda: check_module(minigrad.nn.Linear(3, 2)),
    r"Linear is .* write check_module\(lambda: Linear": lambda: check_module(minigrad.nn.Linear),
    r"check_module takes .* squared_error is a function of \(x, t": lambda: check_module(wrong_layers.squared_error),
    "check_module takes .* made None": lambda: check_module(lambda: None),
    r"shapes= is a list, such as \[": lambda: check_module(wrong_layers.Scaled, (3,)),
    "check_loss takes .* this SquaredError is a layer": lambda: check_loss(wrong_layers.SquaredError()),
    r"check_loss takes .* relu is a function of \(input\)": lambda: check_loss(minigrad.relu),
    r"check_loss takes .*Scaled\.forward is a function of \(self, x\)": lambda: check_loss(wrong_layers.Scaled),
    "check_optimizer takes .* got 'SGD'": lambda: check_optimizer("SGD"),
    r"check_optimizer takes .* write check_module\(": lambda: check_optimizer(wrong_layers.Scaled),
    "check_optimizer takes .* this SGD is": lambda: check_optimizer(torch.optim.SGD([torch.ones(1)])),
    "reference= takes .* got 'SGD'": lambda: check_optimizer(torch.optim.SGD, "SGD"),
    r"reference= takes .* relu is a function of": lambda: check_optimizer(torch.optim.SGD, minigrad.relu),
    "options= names the values": lambda: check_optimizer(torch.optim.SGD, options={"lr": 0.1}),
}


@pytest.mark.parametrize("words", OTHER_KINDS)
def test_another_kind_of_thing_is_told_what_to_write(words: str) -> None:
    with pytest.raises(TypeError, match=words):
        OTHER_KINDS[words]()


def test_a_formula_that_returns_nothing_is_named() -> None:
    with pytest.raises(CheckError, match="its reference returns_nothing returns None: is a `return` missing"):
        check_optimizer(torch.optim.SGD, returns_nothing)
