"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from minigrad.arrays import array_module
from minigrad.kernels.fused import blend, fused
from minigrad.optim.optimizer import Group, Optimizer, check, check_learning_rate, number
from minigrad.optim.packing import Block

if TYPE_CHECKING:
    from minigrad.optim.further.one_by_one import One


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if asked.

    For a parameter p with gradient g (-g to maximize), at each step::

        g = g + weight_decay * p
        b = g at the first step, then momentum * b + (1 - dampening) * g      with momentum
        g = g + momentum * b if nesterov else b                               with momentum
        p = p - lr * g

    ValueError for options out of range.  foreach, fused and differentiable are accepted and change nothing.
    https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html

    >>> import minigrad as torch
    >>> p = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = torch.optim.SGD([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p
    tensor([0.8000, 1.6000], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_learning_rate(lr)
        check("momentum value", momentum)
        check("weight_decay value", weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def state_names(self, group: Group) -> tuple[str, ...]:
        """Only momentum needs a memory."""
        return ("momentum_buffer",) if group["momentum"] else ()

    def update(self, block: Block, group: Group) -> None:
        """One step for one block of parameters."""
        g = direction(block, group)
        momentum = group["momentum"]
        if momentum:
            b = block.state["momentum_buffer"]
            if block.is_new:
                b[...] = g
                block.is_new = False
            else:
                blend(b, g, momentum, 1 - group["dampening"])
            g = looked_ahead(g, b, momentum) if group["nesterov"] else b
        array_module(g).multiply(g, number(group["lr"]), out=block.scratch)
        block.subtract_scratch()


@fused
def looked_ahead(_xp: Any, g: Any, b: Any, momentum: float) -> Any:
    """g + momentum * b: Nesterov's gradient."""
    return g + b * momentum


def direction(block: Block | One, group: Group) -> Any:
    """The gradient, negated to maximize, with the pull of weight decay."""
    g = -block.gradient() if group["maximize"] else block.gradient()
    if group["weight_decay"]:
        g = g + block.values() * group["weight_decay"]
    return g
