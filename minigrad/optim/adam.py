"""Adam and AdamW: steps sized by running averages of the gradient and its square."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from minigrad.kernels.fused import in_pieces
from minigrad.optim.optimizer import Group, Optimizer, check, check_betas, check_learning_rate, number
from minigrad.optim.packing import Block
from minigrad.optim.sgd import direction

if TYPE_CHECKING:
    from minigrad.optim.further.one_by_one import One


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2014, https://arxiv.org/abs/1412.6980).

    For a parameter p with gradient g (-g to maximize), at step t::

        g = g + weight_decay * p
        m = beta1 * m + (1 - beta1) * g                  the running average of g:      exp_avg
        v = beta2 * v + (1 - beta2) * g * g              the running average of g ** 2: exp_avg_sq
        w = max(w, v) if amsgrad else v                                                 max_exp_avg_sq
        p = p - lr * (m / (1 - beta1 ** t)) / (sqrt(w / (1 - beta2 ** t)) + eps)

    With decoupled_weight_decay the first line is p = p - lr * weight_decay * p instead (AdamW).
    ValueError for options out of range.  foreach, capturable, fused and differentiable are accepted and change
    nothing.  https://docs.pytorch.org/docs/stable/generated/torch.optim.Adam.html

    >>> import minigrad as torch
    >>> p = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = torch.optim.Adam([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p
    tensor([0.9000, 1.9000], requires_grad=True)
    """

    counts_steps = True

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
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
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)

    def state_names(self, group: Group) -> tuple[str, ...]:
        """What is kept for each parameter."""
        return ("exp_avg", "exp_avg_sq", "max_exp_avg_sq") if group["amsgrad"] else ("exp_avg", "exp_avg_sq")

    def update(self, block: Block, group: Group) -> None:
        """One step for one block: the formula above, without an array being made on the way."""
        t, lr, (beta1, beta2) = block.count_step(), number(group["lr"]), group["betas"]
        adam_step(
            after_decay(block, group, lr),
            block.state["exp_avg"],
            block.state["exp_avg_sq"],
            block.state.get("max_exp_avg_sq"),
            block.scratch,
            1 - beta1,
            1 - beta2,
            beta2,
            group["eps"],
            lr / (1 - beta1**t),
            (1 - beta2**t) ** 0.5,
        )
        block.subtract_scratch()


def after_decay(block: Block | One, group: Group, lr: float) -> Any:
    """The gradient to follow, after weight decay in one of its two forms."""
    if group["weight_decay"] and group["decoupled_weight_decay"]:
        block.scale(1 - lr * group["weight_decay"])
        return -block.gradient() if group["maximize"] else block.gradient()
    return direction(block, group)


@in_pieces
def adam_step(
    xp: Any,
    g: Any,
    m: Any,
    v: Any,
    most: Any,
    scratch: Any,
    share1: float,
    share2: float,
    beta2: float,
    eps: float,
    rate: float,
    correction: float,
) -> None:
    """What to subtract from p into scratch, and the averages brought up to date.

    most: the largest v so far, for amsgrad, or None.  share1 and share2: 1 - beta1 and 1 - beta2.
    rate: lr / (1 - beta1 ** t).  correction: sqrt(1 - beta2 ** t).
    """
    xp.subtract(g, m, out=scratch)  # m += (1 - beta1) * (g - m)
    scratch *= share1
    m += scratch

    xp.multiply(g, share2, out=scratch)  # v = beta2 * v + (1 - beta2) * g * g
    scratch *= g
    v *= beta2
    v += scratch

    if most is not None:
        v = xp.maximum(most, v, out=most)

    xp.sqrt(v, out=scratch)  # rate * m / (sqrt(v) / correction + eps)
    scratch /= correction
    scratch += eps
    xp.divide(m, scratch, out=scratch)
    scratch *= rate


class AdamW(Adam):
    """Adam with weight decay apart from the gradient (Loshchilov and Hutter, 2017).

    As `Adam` with decoupled_weight_decay=True and weight_decay=0.01: p shrinks by lr * weight_decay * p before
    the step of Adam.  https://docs.pytorch.org/docs/stable/generated/torch.optim.AdamW.html
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )
