"""Adadelta: steps as long as the recent ones, scaled by the recent gradients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minigrad.kernels.fused import in_pieces
from minigrad.optim.optimizer import Group, Optimizer, check, check_learning_rate, number
from minigrad.optim.packing import Block
from minigrad.optim.sgd import direction


class Adadelta(Optimizer):
    """Adadelta (Zeiler, 2012, https://arxiv.org/abs/1212.5701).

    For a parameter p with gradient g (-g to maximize), at each step::

        g = g + weight_decay * p
        v = rho * v + (1 - rho) * g * g                  the running average of g ** 2: square_avg
        d = sqrt(u + eps) / sqrt(v + eps) * g
        u = rho * u + (1 - rho) * d * d                  the running average of d ** 2: acc_delta
        p = p - lr * d

    ValueError for options out of range.  foreach, capturable and differentiable are accepted and change nothing.
    https://docs.pytorch.org/docs/stable/generated/torch.optim.Adadelta.html

    >>> import minigrad as torch
    >>> p = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = torch.optim.Adadelta([p], rho=0.75, eps=0.01)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p
    tensor([0.8010, 1.8002], requires_grad=True)
    """

    counts_steps = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_learning_rate(lr)
        check("rho value", rho, lambda x: 0.0 <= x <= 1.0)
        check("epsilon value", eps)
        check("weight_decay value", weight_decay)
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def state_names(self, group: Group) -> tuple[str, ...]:  # noqa: ARG002
        """What is kept for each parameter."""
        return ("square_avg", "acc_delta")

    def update(self, block: Block, group: Group) -> None:
        """One step for one block: the formula above."""
        block.count_step()
        v, u = block.state["square_avg"], block.state["acc_delta"]
        lr, rho = number(group["lr"]), group["rho"]
        adadelta_step(direction(block, group), v, u, block.scratch, lr, rho, 1 - rho, group["eps"])
        block.subtract_scratch()


@in_pieces
def adadelta_step(xp: Any, g: Any, v: Any, u: Any, d: Any, lr: float, rho: float, share: float, eps: float) -> None:
    """What to subtract from p into d, and the averages brought up to date; share is 1 - rho."""
    xp.multiply(g, share, out=d)  # v = rho * v + (1 - rho) * g * g
    d *= g
    v *= rho
    v += d

    xp.add(u, eps, out=d)  # d = sqrt(u + eps) / sqrt(v + eps) * g
    xp.sqrt(d, out=d)
    d /= xp.sqrt(v + eps)
    d *= g

    u *= rho  # u = rho * u + (1 - rho) * d * d
    u += d * share * d

    d *= lr
