"""Adamax: steps divided by the largest of the recent gradients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minigrad.kernels.fused import in_pieces
from minigrad.optim.optimizer import Group, Optimizer, check, check_betas, check_learning_rate, number
from minigrad.optim.packing import Block
from minigrad.optim.sgd import direction


class Adamax(Optimizer):
    """Adamax (Kingma and Ba, 2014, https://arxiv.org/abs/1412.6980, section 7.1).

    For a parameter p with gradient g (-g to maximize), at step t::

        g = g + weight_decay * p
        m = beta1 * m + (1 - beta1) * g                  the running average of g: exp_avg
        u = max(beta2 * u, |g| + eps)                    the largest of the recent |g|: exp_inf
        p = p - lr / (1 - beta1 ** t) * m / u

    ValueError for options out of range.  foreach, capturable and differentiable are accepted and change nothing.
    https://docs.pytorch.org/docs/stable/generated/torch.optim.Adamax.html

    >>> import minigrad as torch
    >>> p = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = torch.optim.Adamax([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p
    tensor([0.9000, 1.9000], requires_grad=True)
    """

    counts_steps = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_learning_rate(lr)
        check("epsilon value", eps)
        check_betas(betas)
        check("weight_decay value", weight_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def state_names(self, group: Group) -> tuple[str, ...]:  # noqa: ARG002
        """What is kept for each parameter."""
        return ("exp_avg", "exp_inf")

    def update(self, block: Block, group: Group) -> None:
        """One step for one block: the formula above."""
        t, (beta1, beta2) = block.count_step(), group["betas"]
        adamax_step(
            direction(block, group),
            block.state["exp_avg"],
            block.state["exp_inf"],
            block.scratch,
            1 - beta1,
            beta2,
            group["eps"],
            number(group["lr"]) / (1 - beta1**t),
        )
        block.subtract_scratch()


@in_pieces
def adamax_step(
    xp: Any, g: Any, m: Any, u: Any, scratch: Any, share1: float, beta2: float, eps: float, rate: float
) -> None:
    """What to subtract from p into scratch, and m and u brought up to date; share1 is 1 - beta1."""
    xp.subtract(g, m, out=scratch)  # m += (1 - beta1) * (g - m)
    scratch *= share1
    m += scratch

    xp.absolute(g, out=scratch)  # u = max(beta2 * u, |g| + eps)
    scratch += eps
    u *= beta2
    xp.maximum(u, scratch, out=u)

    xp.divide(m, u, out=scratch)
    scratch *= rate
