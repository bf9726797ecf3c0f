"""Look at: section 1.  What forward saves, and what backward makes of it and of `grad_output`.
Picture: the losses.  The signs learn though their true derivative is 0: what would the orange curve be with it?
Exercise: an op of your own, x / (1 + abs(x)), with its derivative, as an autograd.Function.
"""

from comparisons.tasks import equal, expect, expect_derivative, expect_tensor

START = '''
import torch


class Softsign(torch.autograd.Function):
    """x / (1 + |x|), elementwise; called as Softsign.apply(x).  backward is by hand, and can be differentiated, too."""

    @staticmethod
    def forward(ctx, x):
        ...

    @staticmethod
    def backward(ctx, grad_output):
        ...
'''


def points(torch):
    """Some numbers, in float64."""
    return torch.tensor([-3.0, -0.7, 0.4, 2.0], dtype=torch.float64, requires_grad=True)


def check_value(answer, torch):
    """Its values are right."""
    x = points(torch).detach()
    got = answer.Softsign.apply(x)
    expect_tensor(torch, got, (4,), "The result")
    expect(equal(torch, got, x / (1 + x.abs())), "Its values are not x / (1 + |x|).")


def check_gradient(answer, torch):
    """Its gradient agrees with finite differences, where the loss is the sum of the results."""
    x = points(torch)
    answer.Softsign.apply(x).sum().backward()
    expect(x.grad is not None, "No gradient arrives: what does backward return?")
    measured = (softsign(x.detach() + 1e-6) - softsign(x.detach() - 1e-6)) / 2e-6
    expect(
        equal(torch, x.grad, measured),
        f"At -3 it is {x.grad[0].item():.4f}, and measured {measured[0].item():.4f}. By the rule for quotients, once "
        "for x above 0 and once below.",
    )


def softsign(x):
    """The values."""
    return x / (1 + x.abs())


def check_chain(answer, torch):
    """So it does within a larger formula."""
    hint = (
        "By itself its gradient is right, but not in sin(Softsign(x)) * 3. What comes from the ops after it, and where "
        "is that in your backward?"
    )
    expect_derivative(torch, lambda x: torch.sin(answer.Softsign.apply(x)) * 3, (points(torch),), hint)


def check_twice(answer, torch):
    """So does its second derivative."""
    try:
        agrees = torch.autograd.gradgradcheck(answer.Softsign.apply, (points(torch),), raise_exception=False)
    except RuntimeError:
        agrees = False
    expect(
        agrees,
        "Its second derivative is not right. backward is differentiated too: are what it reads tensors that were saved "
        "by save_for_backward, and inputs, or values that forward has computed on the way?",
    )
