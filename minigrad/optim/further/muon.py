"""Muon: momentum whose steps are made as long in one direction as in any other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from minigrad.arrays import array_module
from minigrad.optim.further.one_by_one import One, OneByOne
from minigrad.optim.optimizer import Group, check_learning_rate, check_range


class Muon(OneByOne):
    """Muon (Jordan and others, 2024, https://kellerjordan.github.io/posts/muon/), for matrices.

    For a parameter p with gradient g, at each step::

        b = momentum * b + (1 - momentum) * g            momentum_buffer
        u = momentum * b + (1 - momentum) * g if nesterov else b
        p = p - lr * weight_decay * p - lr * adjusted * orthogonal(u)

    orthogonal: about U @ V.T of the decomposition u = U @ S @ V.T, by ns_steps of an iteration (Newton and Schulz)
    with ns_coefficients, in the digits of bfloat16 as in PyTorch: two or three of ten.
    adjusted, for a matrix of A rows and B columns: sqrt(max(1, A / B)), with adjust_lr_fn="match_rms_adamw"
    0.2 * sqrt(max(A, B)) (https://arxiv.org/abs/2502.16982).
    ValueError for options out of range, and for parameters of other than two dimensions.
    https://docs.pytorch.org/docs/stable/generated/torch.optim.Muon.html
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        check_learning_rate(lr, "Learning rate should be >= 0 but is:")
        check_range("momentum should be >= 0 but is:", momentum)
        check_range("weight decay should be >= 0 but is:", weight_decay)
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)
        for p in self._params():
            if p.ndim != 2:
                raise ValueError(f"Muon only supports 2D parameters whereas we found a parameter with size: {p.size()}")

    def first_state(self, one: One, group: Group) -> dict[str, Any]:  # noqa: ARG002
        """No momentum yet."""
        return {"momentum_buffer": one.zeros(*one.array.shape)}

    def update(self, one: One, group: Group) -> None:
        """One step for one parameter: the formula above."""
        check_iteration(group)
        lr, momentum = float(group["lr"]), group["momentum"]
        p, g, b = one.array, one.gradient(), one.kept("momentum_buffer")
        b += (g - b) * (1 - momentum)
        u = g + (b - g) * momentum if group["nesterov"] else b
        u = orthogonal(u, group["ns_coefficients"], group["ns_steps"], group["eps"]).astype(p.dtype)
        one.scale(1 - lr * group["weight_decay"])
        p -= u * (lr * adjusted(group["adjust_lr_fn"], *p.shape))


def check_iteration(group: Group) -> None:
    """ValueError for an iteration that is too long, or lacks a coefficient."""
    if group["ns_steps"] >= 100:
        raise ValueError("Number of steps must be less than 100 for computational efficiency")
    if len(group["ns_coefficients"]) != 3:
        raise ValueError("Coefficients must be a tuple of exactly 3 values")


def adjusted(adjust_lr_fn: str | None, rows: int, columns: int) -> float:
    """By what the rate is multiplied for a matrix of this shape."""
    if adjust_lr_fn == "match_rms_adamw":
        return float(0.2 * max(rows, columns) ** 0.5)
    return float(max(1, rows / columns) ** 0.5)


def orthogonal(u: Any, coefficients: tuple[float, float, float], steps: int, eps: float) -> Any:
    """A matrix with the directions of u, all about as long: x = a * x + (b * G + c * G @ G) @ x with G = x @ x.T.

    Singular values of x, at most 1 to begin with, come near to 1: each goes to a * s + b * s ** 3 + c * s ** 5.
    All is rounded to the digits of bfloat16.  A matrix of more rows than columns is turned, for smaller products.
    """
    xp, (a, b, c) = array_module(u), coefficients
    is_tall = u.shape[0] > u.shape[1]
    x = bfloat16((u.T if is_tall else u).astype(np.float32))
    norm = bfloat16(xp.sqrt((x * x).sum(keepdims=True)))
    x = bfloat16(x / xp.maximum(norm, bfloat16(xp.full_like(norm, eps))))
    for _ in range(steps):
        gram = bfloat16(x @ x.T)
        update = bfloat16(gram * b + (gram @ gram) * c)
        x = bfloat16(x * a + update @ x)
    return x.T if is_tall else x


def bfloat16(x: Any) -> Any:
    """Numbers of float32 rounded to bfloat16: to the nearest, or the even one of two, with the first 16 of 32 bits."""
    bits = x.view(np.uint32)
    result = bits >> 16
    result &= 1
    result += 0x7FFF
    result += bits
    result &= 0xFFFF0000
    return result.view(np.float32)
