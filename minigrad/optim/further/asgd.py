"""ASGD: gradient descent that remembers the average of where it has been."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minigrad.kernels.fused import fused
from minigrad.optim.further.one_by_one import One, OneByOne, a_number
from minigrad.optim.optimizer import Group, check, check_learning_rate
from minigrad.optim.sgd import direction


class ASGD(OneByOne):
    """Averaged stochastic gradient descent (Polyak and Juditsky, 1992, https://doi.org/10.1137/0330046).

    For a parameter p with gradient g (-g to maximize), at step t::

        g = g + weight_decay * p
        p = p - lambd * eta * p - eta * g
        a = a + mu * (p - a)                             the average, p itself while mu is 1: ax
        eta = lr / (1 + lambd * lr * t) ** alpha         for the next step, lr to begin:      eta
        mu = 1 / max(1, t - t0)                          for the next step, 1 to begin:       mu

    The average is in the state, `optimizer.state[p]["ax"]`; p itself is not averaged.
    ValueError for options out of range.  foreach, capturable and differentiable are accepted and change nothing.
    https://docs.pytorch.org/docs/stable/generated/torch.optim.ASGD.html

    >>> import minigrad as torch
    >>> p = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = torch.optim.ASGD([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p
    tensor([0.8000, 1.6000], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_learning_rate(lr)
        check("weight_decay value", weight_decay)
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def first_state(self, one: One, group: Group) -> dict[str, Any]:
        """Nothing averaged yet."""
        return {
            "step": a_number(0),
            "eta": a_number(float(group["lr"])),
            "mu": a_number(1),
            "ax": one.zeros(*one.array.shape),
        }

    def update(self, one: One, group: Group) -> None:
        """One step for one parameter: the formula above."""
        t, lr, lambd = one.count_step(), float(group["lr"]), group["lambd"]
        eta, mu = one.number("eta"), one.number("mu")
        asgd_step(one.array, direction(one, group), one.kept("ax"), 1 - lambd * eta, eta, mu)
        one.put_number("eta", a_number(lr / (1 + lambd * lr * t) ** group["alpha"]))
        one.put_number("mu", a_number(1 / max(1, t - group["t0"])))


@fused
def asgd_step(_xp: Any, p: Any, g: Any, average: Any, share_left: float, eta: float, mu: float) -> None:
    """p and the average brought up to date; share_left: 1 - lambd * eta."""
    p *= share_left
    p -= g * eta
    if mu == 1:
        average[...] = p
    else:
        average += (p - average) * mu
