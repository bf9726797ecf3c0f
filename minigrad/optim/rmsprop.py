"""RMSprop: steps divided by a running average of the gradient's size."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minigrad.kernels.fused import in_pieces
from minigrad.optim.optimizer import Group, Optimizer, check, check_learning_rate, number
from minigrad.optim.packing import Block
from minigrad.optim.sgd import direction


class RMSprop(Optimizer):
    """RMSprop (Hinton, 2012, https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf).

    For a parameter p with gradient g (-g to maximize), at each step::

        g = g + weight_decay * p
        v = alpha * v + (1 - alpha) * g * g              the running average of g ** 2: square_avg
        m = alpha * m + (1 - alpha) * g                  with centered:                 grad_avg
        d = g / (sqrt(v - m * m if centered else v) + eps)
        d = b = momentum * b + d                         with momentum:                 momentum_buffer
        p = p - lr * d

    ValueError for options out of range.  foreach, capturable and differentiable are accepted and change nothing.
    https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html

    >>> import minigrad as torch
    >>> p = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = torch.optim.RMSprop([p], lr=0.1, alpha=0.75)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p
    tensor([0.8000, 1.8000], requires_grad=True)
    """

    counts_steps = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_learning_rate(lr)
        check("epsilon value", eps)
        check("momentum value", momentum)
        check("weight_decay value", weight_decay)
        check("alpha value", alpha)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def state_names(self, group: Group) -> tuple[str, ...]:
        """What is kept for each parameter."""
        momentum_buffer = ("momentum_buffer",) if group["momentum"] > 0 else ()
        grad_avg = ("grad_avg",) if group["centered"] else ()
        return ("square_avg", *momentum_buffer, *grad_avg)

    def update(self, block: Block, group: Group) -> None:
        """One step for one block: the formula above, without an array being made on the way."""
        block.count_step()
        rmsprop_step(
            direction(block, group),
            block.state["square_avg"],
            block.state.get("grad_avg"),
            block.state.get("momentum_buffer"),
            block.scratch,
            number(group["lr"]),
            group["alpha"],
            1 - group["alpha"],
            group["eps"],
            group["momentum"],
        )
        block.subtract_scratch()


@in_pieces
def rmsprop_step(
    xp: Any,
    g: Any,
    v: Any,
    m: Any,
    b: Any,
    scratch: Any,
    lr: float,
    alpha: float,
    share: float,
    eps: float,
    momentum: float,
) -> None:
    """What to subtract from p into scratch, and the averages brought up to date.

    m: the average of the gradient if centered, b: the momentum's buffer if there is momentum, or None.
    share: 1 - alpha.
    """
    xp.multiply(g, share, out=scratch)  # v = alpha * v + (1 - alpha) * g * g
    scratch *= g
    v *= alpha
    v += scratch

    if m is not None:
        xp.subtract(g, m, out=scratch)  # m += (1 - alpha) * (g - m)
        scratch *= share
        m += scratch
        xp.multiply(m, m, out=scratch)
        v = xp.subtract(v, scratch, out=scratch)

    xp.sqrt(v, out=scratch)  # g / (sqrt(v) + eps)
    scratch += eps
    xp.divide(g, scratch, out=scratch)

    if b is not None:
        b *= momentum
        b += scratch
        scratch[...] = b
    scratch *= lr
