"""Adafactor: steps divided by the gradient's size, of which only rows and columns are remembered."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from minigrad.arrays import array_module, quiet
from minigrad.optim.further.one_by_one import One, OneByOne, a_number
from minigrad.optim.optimizer import Group, check_learning_rate, check_range


class Adafactor(OneByOne):
    """Adafactor (Shazeer and Stern, 2018, https://arxiv.org/abs/1804.04235), as in PyTorch with a learning rate.

    For a parameter p with gradient g (-g to maximize), at step t, with w = t ** beta2_decay::

        p = p - lr * weight_decay * p
        r = (1 - w) * r + w * mean of g ** 2 over each row           row_var
        c = (1 - w) * c + w * mean of g ** 2 over each column        col_var
        v = r * c / max(mean of r, eps[0])
        u = g / max(sqrt(v), eps[0])
        u = u / max(1, rms(u) / d)
        p = p - min(lr, 1 / sqrt(t)) * max(eps[1], rms(p)) * u       rms(p) as it was before the step

    Rows and columns are those of the last two dimensions; for a parameter of one dimension, or none,
    v = (1 - w) * v + w * g ** 2 is remembered instead (variance).  rms is the root of the mean of the squares.
    eps[0] of None is the smallest step of the dtype, `finfo(p.dtype).eps`.  ValueError for options out of range.
    foreach is accepted and changes nothing.
    https://docs.pytorch.org/docs/stable/generated/torch.optim.Adafactor.html

    >>> import minigrad as torch
    >>> p = torch.tensor([[1.0, 2.0]], requires_grad=True)
    >>> optimizer = torch.optim.Adafactor([p], lr=0.1)
    >>> (p * p).sum().backward()
    >>> optimizer.step()
    >>> p
    tensor([[0.8419, 1.8419]], requires_grad=True)
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        check_learning_rate(lr, "Learning rate should be >= 0 but is:")
        check_range("beta2_decay should be <= 0 but is:", beta2_decay, lambda x: x <= 0)
        check_range("epsilon1 should be >= 0 but is:", 0 if eps[0] is None else eps[0])
        check_range("epsilon2 should be >= 0 but is:", eps[1])
        check_range("Clipping threshold d should be >= 1 but is:", d, lambda x: x >= 1)
        check_range("weight_decay should be >= 0 but is:", weight_decay)
        defaults = {
            "lr": lr,
            "beta2_decay": beta2_decay,
            "eps": eps,
            "d": d,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def first_state(self, one: One, group: Group) -> dict[str, Any]:  # noqa: ARG002
        """Nothing remembered yet."""
        shape = one.array.shape
        if len(shape) < 2:
            return {"step": a_number(0), "variance": one.zeros(*shape)}
        *outer, rows, columns = shape
        return {"step": a_number(0), "row_var": one.zeros(*outer, rows, 1), "col_var": one.zeros(*outer, 1, columns)}

    def update(self, one: One, group: Group) -> None:
        """One step for one parameter: the formula above."""
        t, lr, (eps1, eps2) = one.count_step(), float(group["lr"]), group["eps"]
        p, g = one.array, -one.gradient() if group["maximize"] else one.gradient()
        if eps1 is None:
            eps1 = float(np.finfo(p.dtype).eps)
        rate = max(eps2, rms(p)) * min(lr, 1 / t**0.5)
        if group["weight_decay"]:
            one.scale(1 - lr * group["weight_decay"])
        xp = array_module(p)
        v = variance(one, g, t ** group["beta2_decay"], eps1)
        u = g / xp.sqrt(xp.maximum(v, eps1 * eps1))
        p -= u * (rate / max(1.0, rms(u) / group["d"]))


def variance(one: One, g: Any, w: float, eps1: float) -> Any:
    """The estimate of g ** 2, from what is remembered, which is brought up to date; w is the share of the new."""
    if g.ndim < 2:
        v = one.kept("variance")
        v += (g * g - v) * w
        return v
    rows, columns = one.kept("row_var"), one.kept("col_var")
    rows += (mean_of_squares(g, -1) - rows) * w
    columns += (mean_of_squares(g, -2) - columns) * w
    return rows * columns / array_module(g).maximum(rows.mean(-2, keepdims=True), eps1)


def rms(x: Any) -> float:
    """The root of the mean of the squares."""
    return math.sqrt(mean_of_squares(x))


def mean_of_squares(x: Any, axis: int | None = None) -> Any:
    """The mean of x * x, in x's dtype; of float16 it is computed in float32, for the squares would be too large."""
    wide = x.astype(np.float32) if x.dtype.char == "e" else x
    with quiet():
        count = x.size if axis is None else x.shape[axis]
        return ((wide * wide).sum(axis, keepdims=axis is not None) / max(count, 1)).astype(x.dtype)
