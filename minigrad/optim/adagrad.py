"""Adagrad: steps divided by the size of all gradients so far."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from minigrad.arrays import array_module, quiet
from minigrad.engine.graph import wrap
from minigrad.kernels.fused import in_pieces
from minigrad.optim.optimizer import Group, Optimizer, check, check_learning_rate, number
from minigrad.optim.packing import Block
from minigrad.optim.sgd import direction


class Adagrad(Optimizer):
    """Adagrad (Duchi, Hazan and Singer, 2011, https://jmlr.org/papers/v12/duchi11a.html).

    For a parameter p with gradient g (-g to maximize), at step t::

        g = g + weight_decay * p
        s = s + g * g                                    the sum of g ** 2: sum
        p = p - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(s) + eps)

    The sum begins with the initial_accumulator_value that the optimizer was made with, in every group.
    ValueError for options out of range.  foreach, fused and differentiable are accepted and change nothing.
    https://docs.pytorch.org/docs/stable/generated/torch.optim.Adagrad.html

    >>> import minigrad as torch
    >>> p = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = torch.optim.Adagrad([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p
    tensor([0.9000, 1.9000], requires_grad=True)
    """

    counts_steps = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_learning_rate(lr)
        check("lr_decay value", lr_decay)
        check("weight_decay value", weight_decay)
        check("initial_accumulator_value value", initial_accumulator_value)
        check("epsilon value", eps)
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)

    def add_param_group(self, param_group: Group) -> None:
        """Optimize further parameters, those of the dict param_group, with options of their own.

        Their state is there before the first step.
        """
        super().add_param_group(param_group)
        for p in param_group["params"]:
            with quiet():
                sums = array_module(p.array).full_like(p.array, self.defaults["initial_accumulator_value"])
            self.state[p] = {"step": wrap(np.zeros((), np.float32)), "sum": wrap(sums)}

    def state_names(self, group: Group) -> tuple[str, ...]:  # noqa: ARG002
        """What is kept for each parameter."""
        return ("sum",)

    def update(self, block: Block, group: Group) -> None:
        """One step for one block: the formula above, without an array being made on the way."""
        t, s = block.count_step(), block.state["sum"]
        if block.is_new:  # the state was taken away since the optimizer was made
            s[...] = self.defaults["initial_accumulator_value"]
            block.is_new = False

        rate = number(group["lr"]) / (1 + (t - 1) * group["lr_decay"])
        adagrad_step(direction(block, group), s, block.scratch, rate, group["eps"])
        block.subtract_scratch()


@in_pieces
def adagrad_step(xp: Any, g: Any, s: Any, scratch: Any, rate: float, eps: float) -> None:
    """What to subtract from p into scratch, and the sum of squares brought up to date."""
    xp.multiply(g, g, out=scratch)
    s += scratch

    xp.sqrt(s, out=scratch)  # rate * g / (sqrt(s) + eps)
    scratch += eps
    xp.divide(g, scratch, out=scratch)
    scratch *= rate
