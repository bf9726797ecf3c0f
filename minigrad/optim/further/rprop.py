"""Rprop: each number has a step of its own, which grows as long as the gradient keeps its sign."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minigrad.kernels.fused import fused
from minigrad.optim.optimizer import Group, Optimizer, check_learning_rate
from minigrad.optim.packing import Block


class Rprop(Optimizer):
    """Rprop (Riedmiller and Braun, 1993, https://doi.org/10.1109/ICNN.1993.298623): for the gradient of all data.

    For a parameter p with gradient g (-g to maximize), at each step::

        s = s * etas[1] where g and the gradient before have the same sign       step_size, lr to begin
        s = s * etas[0] where they have not; there g = 0
        s = s, between step_sizes[0] and step_sizes[1]
        p = p - sign(g) * s                              g is kept for the next step: prev

    ValueError for options out of range.  foreach, capturable and differentiable are accepted and change nothing.
    https://docs.pytorch.org/docs/stable/generated/torch.optim.Rprop.html

    >>> import minigrad as torch
    >>> p = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = torch.optim.Rprop([p], lr=0.1)
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
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_learning_rate(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def state_names(self, group: Group) -> tuple[str, ...]:  # noqa: ARG002
        """What is kept for each parameter."""
        return ("prev", "step_size")

    def update(self, block: Block, group: Group) -> None:
        """One step for one block: the formula above."""
        block.count_step()
        sizes = block.state["step_size"]
        if block.is_new:
            sizes[...] = float(group["lr"])
            block.is_new = False
        g = -block.gradient() if group["maximize"] else block.gradient()
        rprop_step(g, block.state["prev"], sizes, block.scratch, *group["etas"], *group["step_sizes"])
        block.subtract_scratch()


@fused
def rprop_step(
    xp: Any, g: Any, before: Any, sizes: Any, scratch: Any, less: float, more: float, least: float, most: float
) -> None:
    """What to subtract from p into scratch; the steps' sizes and the gradient before brought up to date."""
    xp.multiply(g, before, out=scratch)
    unchanged = scratch * 0 + 1  # where scratch is 0; nan where it is nan
    sizes *= xp.where(scratch > 0, more, xp.where(scratch < 0, less, unchanged))
    xp.maximum(sizes, least, out=sizes)
    xp.minimum(sizes, most, out=sizes)

    before[...] = xp.where(scratch < 0, 0, g)
    xp.sign(before, out=scratch)
    scratch *= sizes
