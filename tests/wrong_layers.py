"""Layers, losses and optimizers that are wrong on purpose, and right ones: what `minigrad.testing` must find."""

from __future__ import annotations

import minigrad as torch
from minigrad import nn


class Scaled(nn.Module):
    """A linear layer with a scale."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(2, 3))
        self.scale = nn.Parameter(torch.ones(2))

    def forward(self, x):
        return self.scale * (x @ self.weight.T)


class WithDetachedScale(Scaled):
    def forward(self, x):
        return self.scale.detach() * (x @ self.weight.T)


class WithUnusedScale(Scaled):
    def forward(self, x):
        return x @ self.weight.T


class WithLayersInAList(Scaled):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(2, 2)]

    def forward(self, x):
        return self.layers[0](super().forward(x))


class WithoutState(Scaled):
    def __init__(self):
        super().__init__()
        self.offset = torch.randn(1).item()

    def forward(self, x):
        return super().forward(x) + self.offset


class WithAPlainTensor(Scaled):
    def __init__(self):
        super().__init__()
        self.factor = torch.ones(2)

    def forward(self, x):
        return super().forward(x) * self.factor


class ChangesItsInput(Scaled):
    def forward(self, x):
        x.data.mul_(0.5)
        return super().forward(x)


class Forgets(Scaled):
    def forward(self, x):
        return super().forward(x).float()


def squared_error(x, t, reduction="mean"):
    each = (x - t) ** 2
    return each if reduction == "none" else getattr(each, reduction)()


def squared_error_of_rows(x, t, reduction="mean"):
    each = (x - t) ** 2
    if reduction == "mean":
        return each.sum() / len(each) if each.ndim else each
    return each if reduction == "none" else each.sum()


class SquaredError(nn.Module):
    def __init__(self, reduction="mean"):
        super().__init__()
        self.reduction = reduction

    def forward(self, x, t):
        return squared_error(x, t, self.reduction)


def cross_entropy(x, t):
    return -x.log_softmax(1).gather(1, t.unsqueeze(1)).mean()


def cross_entropy_of_sums(x, t):
    return -x.log_softmax(1).gather(1, t.unsqueeze(1)).sum()


class Momentum(torch.optim.Optimizer):
    """SGD with momentum, right."""

    def __init__(self, params, lr=0.5, momentum=0.25):
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p, p.grad, group)

    def update(self, p, g, group):
        state = self.state[p]
        if "velocity" not in state:
            state["velocity"] = g.clone()
        else:
            state["velocity"].mul_(group["momentum"]).add_(g)
        p.add_(state["velocity"], alpha=-group["lr"])


class WrongMomentum(Momentum):
    def update(self, p, g, group):
        super().update(p, g * (1 - group["momentum"]), group)


class SharesItsGradient(Momentum):
    def update(self, p, g, group):
        self.state[p].setdefault("velocity", g)
        p.add_(g, alpha=-group["lr"])


class ForgetsItsState(Momentum):
    def __init__(self, params, lr=0.5):
        super().__init__(params, lr)
        self.steps = 0

    def update(self, p, g, group):
        self.steps += 1
        p.add_(g, alpha=-group["lr"] / self.steps)


class MovesParameters(Momentum):
    def update(self, p, g, group):
        p.data = p.data - g * group["lr"]


class ChangesGradients(Momentum):
    def update(self, p, g, group):
        p.add_(g.mul_(-group["lr"]))


class OneRateForAll(Momentum):
    def update(self, p, g, group):
        p.add_(g, alpha=-self.param_groups[0]["lr"])
