"""Numbers beside float16: PyTorch computes products and quotients in float32, and refuses what does not fit."""

from __future__ import annotations

import operator
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from engines import torch

import minigrad

NUMBERS = [70000, 1e-8, 3, 0.1, -2.5, 1e30, 6e-8, 1 / 3, 2049, 1e-30, -1]
ELEMENTS = [0.0, -0.0, 1.0, -1.5, 3.0, 0.1, 1000.0, 60000.0, -60000.0, 6e-8, 6e-5, 1e-3, float("inf"), float("nan")]

CALLS: dict[str, Any] = {
    "x * n": lambda _, x, n: x * n,
    "n * x": lambda _, x, n: n * x,
    "x / n": lambda _, x, n: x / n,
    "n / x": lambda _, x, n: n / x,
    "x + n": lambda _, x, n: x + n,
    "n - x": lambda _, x, n: n - x,
    "n ** x": lambda _, x, n: n**x,
    "x ** n": lambda _, x, n: x**n,
    "x * 0-d": lambda torch, x, n: x * torch.tensor(float(n)),
    "x / 0-d": lambda torch, x, n: x / torch.tensor(float(n), dtype=torch.float64),
    "x * 0-d int": lambda torch, x, n: x * torch.tensor(int(min(n, 1e6) * 10)),
    "0-d * x": lambda torch, x, n: torch.tensor(float(n)) * x,
    "0-d / x": lambda torch, x, n: torch.tensor(float(n)) / x,
    "clamp": lambda _, x, n: x.clamp(max=n),
    "hardtanh": lambda torch, x, n: torch.nn.functional.hardtanh(x, min(n, 0.1), 0.1),
    "threshold": lambda torch, x, n: torch.nn.functional.threshold(x, n, 2.0),
    "addcmul": lambda torch, x, n: torch.addcmul(x, x, x, value=n),
    "masked_fill, 0-d": lambda torch, x, n: x.masked_fill(x > 1, torch.tensor(float(n))),
    "linspace": lambda torch, x, n: x + torch.linspace(n, n, len(x), dtype=torch.float16),
    "add, alpha": lambda torch, x, n: torch.add(x, x, alpha=n),
    "leaky_relu": lambda torch, x, n: torch.nn.functional.leaky_relu(x, n),
}
WITHOUT_GRADIENT: dict[str, Any] = {
    "x // n": lambda _, x, n: x // n,
    "n // x": lambda _, x, n: n // x,
    "x % n": lambda _, x, n: x % n,
    "x.mul_(n)": lambda _, x, n: x.clone().mul_(n),
    "x.div_(n)": lambda _, x, n: x.clone().div_(n),
    "div, trunc": lambda torch, x, n: torch.div(x, n, rounding_mode="trunc"),
    "div, floor": lambda torch, x, n: torch.div(x, n, rounding_mode="floor"),
    "x ** 0-d": lambda torch, x, n: x ** torch.tensor(float(n)),
    "addmm": lambda torch, x, n: torch.addmm(x.reshape(7, 2), x.reshape(7, 2), torch.eye(2, dtype=x.dtype), alpha=n),
    "x > n": lambda _, x, n: x > n,
    "x == n": lambda _, x, n: x == n,
}


def outcome(engine: Any, call: Any, number: float, gradient: bool, create_graph: bool = False) -> list[Any]:
    x = engine.tensor(ELEMENTS, dtype=engine.float16, requires_grad=gradient)
    with suppress(RuntimeError):
        y = call(engine, x, number)
        if gradient:
            engine.autograd.backward(y, engine.ones_like(y), create_graph=create_graph)
        return [z.detach().numpy() for z in ([y, x.grad] if gradient else [y])]
    with pytest.raises(RuntimeError, match="without overflow"):
        call(engine, x, number)
    return ["does not fit"]


def check(call: Any, number: float, gradient: bool) -> None:
    expected = outcome(torch, call, number, gradient)
    for create_graph in (False, True)[: 1 + gradient]:
        for mine, theirs in zip(outcome(minigrad, call, number, gradient, create_graph), expected, strict=True):
            np.testing.assert_array_equal(mine, theirs, strict=isinstance(theirs, np.ndarray))


@pytest.mark.filterwarnings("ignore:Using backward")
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_numbers_and_gradients(call: Any) -> None:
    for number in NUMBERS:
        check(call, number, gradient=True)


@pytest.mark.parametrize("call", WITHOUT_GRADIENT.values(), ids=WITHOUT_GRADIENT)
def test_numbers_where_there_is_no_gradient(call: Any) -> None:
    for number in NUMBERS:
        check(call, number, gradient=False)


@pytest.mark.filterwarnings("ignore:Using backward")
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
@pytest.mark.parametrize("call", [operator.mul, operator.truediv, lambda x, n: n * x, lambda x, n: n / x])
@pytest.mark.parametrize("needs_grad", [True, False])
def test_tensors_without_dimensions_and_gradients(call: Any, dtype: str, needs_grad: bool) -> None:
    """Beside float16 they keep their digits as the second operand, and in the gradient of the other."""
    for number in NUMBERS:
        ran = []
        for engine, create_graph in ((torch, False), (minigrad, False), (minigrad, True)):
            x = engine.tensor([*ELEMENTS, 0.3, 7e-7], dtype=engine.float16, requires_grad=True)
            n = engine.tensor(int(min(number, 1e6)) if dtype == "int64" else number, dtype=getattr(engine, dtype))
            leaves = [x, n.requires_grad_()] if needs_grad and dtype != "int64" else [x]
            y = call(x, n)
            g = engine.linspace(-1.7, 1.3, len(y), dtype=engine.float16)
            gradients = engine.autograd.grad(y, leaves, g, create_graph=create_graph)
            ran.append([z.detach().numpy() for z in (y, gradients[0])])
            ran[-1] += [z.item() for z in gradients[1:]]
        for mine in ran[1:]:
            for each_of_mine, each in zip(mine, ran[0], strict=True):
                np.testing.assert_array_equal(each_of_mine, each, strict=isinstance(each, np.ndarray))


@pytest.mark.parametrize("loss", ["mse_loss", "l1_loss"])
def test_means_of_many(loss: str) -> None:
    gradients = []
    for engine, create_graph in ((torch, False), (minigrad, False), (minigrad, True)):
        x = engine.arange(70000.0).remainder(7).to(engine.float16).requires_grad_()
        y = getattr(engine.nn.functional, loss)(x, engine.zeros(70000, dtype=engine.float16)) * 1000 + (x * 0.1).mean()
        gradients.append(engine.autograd.grad(y, x, create_graph=create_graph)[0].detach().numpy())
    np.testing.assert_allclose(gradients[1], gradients[0], rtol=2e-3)
    np.testing.assert_array_equal(gradients[1], gradients[2])


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32"])
@pytest.mark.parametrize("call", [lambda x: x.clamp(min=2**40), lambda x: operator.pow(x, 2**40)])
def test_integers_that_do_not_fit_are_refused(dtype: str, call: Any) -> None:
    for engine in (torch, minigrad):
        with pytest.raises(RuntimeError, match="without overflow"):
            call(engine.ones(2, dtype=getattr(engine, dtype)))


@pytest.mark.parametrize("create_graph", [False, True])
def test_numbers_in_the_backward_of_a_function(create_graph: bool) -> None:
    """It is the user's code, and no rule of minigrad's."""
    gradients = []
    for engine in (torch, minigrad):

        class Scaled(engine.autograd.Function):
            @staticmethod
            def forward(_ctx: Any, x: Any) -> Any:
                return x * 2

            @staticmethod
            def backward(_ctx: Any, g: Any) -> Any:
                return g * 1e-3 * 70000 * 1e-2

        x = engine.ones(3, dtype=engine.float16, requires_grad=True)
        (gradient,) = engine.autograd.grad(Scaled.apply(x).sum(), x, create_graph=create_graph)
        gradients.append(gradient.tolist())
    assert gradients[0] == gradients[1]
