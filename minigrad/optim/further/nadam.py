"""NAdam: Adam that looks ahead, as Nesterov's momentum does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minigrad.kernels.fused import fused
from minigrad.optim.adam import after_decay
from minigrad.optim.further.one_by_one import One, OneByOne, a_number
from minigrad.optim.optimizer import Group, check, check_betas, check_learning_rate, number


class NAdam(OneByOne):
    """NAdam (Dozat, 2016, https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ).

    For a parameter p with gradient g (-g to maximize), at step t::

        g = g + weight_decay * p
        m = beta1 * m + (1 - beta1) * g                  the running average of g:      exp_avg
        v = beta2 * v + (1 - beta2) * g * g              the running average of g ** 2: exp_avg_sq
        mu(t) = beta1 * (1 - 0.96 ** (t * momentum_decay) / 2)
        M = M * mu(t)                                    the product of all of them:    mu_product
        n = mu(t + 1) * m / (1 - M * mu(t + 1)) + (1 - mu(t)) * g / (1 - M)
        p = p - lr * n / (sqrt(v / (1 - beta2 ** t)) + eps)

    With decoupled_weight_decay the first line is p = p - lr * weight_decay * p instead.
    ValueError for options out of range.  foreach, capturable and differentiable are accepted and change nothing.
    https://docs.pytorch.org/docs/stable/generated/torch.optim.NAdam.html

    >>> import minigrad as torch
    >>> p = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = torch.optim.NAdam([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p
    tensor([0.8944, 1.8944], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
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
        check("momentum_decay value", momentum_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def first_state(self, one: One, group: Group) -> dict[str, Any]:  # noqa: ARG002
        """Nothing remembered yet."""
        return {
            "step": a_number(0),
            "mu_product": a_number(1),
            "exp_avg": one.zeros(*one.array.shape),
            "exp_avg_sq": one.zeros(*one.array.shape),
        }

    def update(self, one: One, group: Group) -> None:
        """One step for one parameter: the formula above."""
        t, lr, (beta1, beta2) = one.count_step(), number(group["lr"]), group["betas"]
        mu, mu_next = (beta1 * (1 - 0.5 * 0.96 ** (n * group["momentum_decay"])) for n in (t, t + 1))
        one.put_number("mu_product", one.state["mu_product"] * mu)
        product = one.number("mu_product")

        d = one.scratch()
        nadam_step(
            after_decay(one, group, lr),
            one.kept("exp_avg"),
            one.kept("exp_avg_sq"),
            d,
            one.scratch(),
            1 - beta1,
            1 - beta2,
            beta2,
            group["eps"],
            (1 - beta2**t) ** 0.5,
            lr * mu_next / (1 - product * mu_next),
            lr * (1 - mu) / (1 - product),
        )
        one.array -= d


@fused
def nadam_step(
    xp: Any,
    g: Any,
    m: Any,
    v: Any,
    d: Any,
    scratch: Any,
    share1: float,
    share2: float,
    beta2: float,
    eps: float,
    correction: float,
    rate_of_m: float,
    rate_of_g: float,
) -> None:
    """What to subtract from p into d, and the averages brought up to date.

    share1 and share2: 1 - beta1 and 1 - beta2.  correction: sqrt(1 - beta2 ** t).
    """
    xp.subtract(g, m, out=d)  # m += (1 - beta1) * (g - m)
    d *= share1
    m += d

    xp.multiply(g, share2, out=d)  # v = beta2 * v + (1 - beta2) * g * g
    d *= g
    v *= beta2
    v += d

    xp.multiply(m, rate_of_m, out=d)  # (rate_of_m * m + rate_of_g * g) / (sqrt(v) / correction + eps)
    xp.multiply(g, rate_of_g, out=scratch)
    d += scratch
    xp.sqrt(v, out=scratch)
    scratch /= correction
    scratch += eps
    d /= scratch
