"""RAdam: Adam whose first steps, while little is known of the gradients, are those of momentum."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minigrad.kernels.fused import in_pieces
from minigrad.optim.adam import after_decay
from minigrad.optim.optimizer import Group, Optimizer, check, check_betas, check_learning_rate, number
from minigrad.optim.packing import Block


class RAdam(Optimizer):
    """RAdam (Liu and others, 2019, https://arxiv.org/abs/1908.03265).

    For a parameter p with gradient g (-g to maximize), at step t::

        g = g + weight_decay * p
        m = beta1 * m + (1 - beta1) * g                  the running average of g:      exp_avg
        v = beta2 * v + (1 - beta2) * g * g              the running average of g ** 2: exp_avg_sq
        n = 2 / (1 - beta2) - 1                          how many gradients v is of in the end
        k = n - 2 * t * beta2 ** t / (1 - beta2 ** t)    how many it is of now
        r = sqrt((k - 4) * (k - 2) * n / ((n - 4) * (n - 2) * k))
        d = r / (sqrt(v / (1 - beta2 ** t)) + eps) if k > 5 else 1
        p = p - lr * m / (1 - beta1 ** t) * d

    (With eps added to sqrt(v), as in PyTorch.)  With decoupled_weight_decay the first line is
    p = p - lr * weight_decay * p instead.  ValueError for options out of range.  foreach, capturable and
    differentiable are accepted and change nothing.
    https://docs.pytorch.org/docs/stable/generated/torch.optim.RAdam.html

    >>> import minigrad as torch
    >>> p = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = torch.optim.RAdam([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p
    tensor([0.8000, 1.6000], requires_grad=True)
    """

    counts_steps = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
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
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def state_names(self, group: Group) -> tuple[str, ...]:  # noqa: ARG002
        """What is kept for each parameter."""
        return ("exp_avg", "exp_avg_sq")

    def update(self, block: Block, group: Group) -> None:
        """One step for one block: the formula above."""
        t, lr, (beta1, beta2) = block.count_step(), number(group["lr"]), group["betas"]
        radam_step(
            after_decay(block, group, lr),
            block.state["exp_avg"],
            block.state["exp_avg_sq"],
            block.scratch,
            1 - beta1,
            1 - beta2,
            beta2,
            group["eps"],
            lr / (1 - beta1**t),
            rectification(t, beta2),
        )
        block.subtract_scratch()


def rectification(t: int, beta2: float) -> float | None:
    """r * sqrt(1 - beta2 ** t): by what to multiply m / sqrt(v) at step t; None while v is of too few gradients."""
    remaining = 1 - beta2**t
    n = 2 / (1 - beta2) - 1
    k = n - 2 * t * beta2**t / remaining
    if k <= 5.0:
        return None
    return float(((k - 4) * (k - 2) * n / ((n - 4) * (n - 2) * k)) ** 0.5 * remaining**0.5)


@in_pieces
def radam_step(
    xp: Any,
    g: Any,
    m: Any,
    v: Any,
    scratch: Any,
    share1: float,
    share2: float,
    beta2: float,
    eps: float,
    rate: float,
    rectified: float | None,
) -> None:
    """What to subtract from p into scratch, and the averages brought up to date.

    share1 and share2: 1 - beta1 and 1 - beta2.  rate: lr / (1 - beta1 ** t).  rectified: see `rectification`.
    """
    xp.subtract(g, m, out=scratch)  # m += (1 - beta1) * (g - m)
    scratch *= share1
    m += scratch

    xp.multiply(g, share2, out=scratch)  # v = beta2 * v + (1 - beta2) * g * g
    scratch *= g
    v *= beta2
    v += scratch

    if rectified is None:
        xp.multiply(m, rate, out=scratch)
    else:
        xp.sqrt(v, out=scratch)
        scratch += eps
        xp.divide(m, scratch, out=scratch)
        scratch *= rectified * rate
