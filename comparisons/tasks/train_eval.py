"""Look at: section 1, what a Dropout of 0.5 makes of ones: zeros and twos, in other places each time.
Picture: the two curves.  By how much is the lower one lower, and why does it shake more?
Exercise: Dropout as a module of your own.
"""

from comparisons.tasks import equal, expect, expect_tensor

START = '''
import torch
from torch import nn


class Dropout(nn.Module):
    """In train mode each number becomes 0 with probability p, and the mean stays what it was; in eval mode nothing
    happens."""

    def __init__(self, p):
        super().__init__()

    def forward(self, x):
        ...
'''


def dropout(answer, torch, p):
    """A module of the answer's; NotYet if it is none."""
    module = answer.Dropout(p)
    expect(isinstance(module, torch.nn.Module), "Dropout should be an nn.Module.")
    return module


def check_eval(answer, torch):
    """In eval mode it returns its input."""
    module = dropout(answer, torch, 0.5).eval()
    x = torch.ones(100)
    got = module(x)
    expect_tensor(torch, got, (100,), "Its result")
    expect(equal(torch, got, x), "In eval mode it changes its input. What does `model.eval()` set in every module?")


def check_zeros(answer, torch):
    """In train mode about a share p becomes 0, in other places each time."""
    torch.manual_seed(0)
    for p in (0.2, 0.7):
        module = dropout(answer, torch, p).train()
        first, second = module(torch.ones(10_000)), module(torch.ones(10_000))
        share = (first == 0).float().mean().item()
        expect(abs(share - p) < 0.03, f"With p = {p}, {share:.0%} became 0. Is p the share that goes, or that stays?")
        expect(not equal(torch, first, second), "The same places became 0 twice: they should be drawn at each call.")


def check_mean(answer, torch):
    """The mean of the numbers stays what it was."""
    torch.manual_seed(1)
    for p in (0.2, 0.7):
        mean = dropout(answer, torch, p).train()(torch.ones(20_000)).mean().item()
        expect(
            abs(mean - 1) < 0.05,
            f"With p = {p} ones have the mean {mean:.2f} after it. What must those that stay be multiplied by, so that "
            "the next layer sees as much as in eval mode?",
        )


def check_gradient(answer, torch):
    """The gradient passes where a number passed, by the same factor."""
    torch.manual_seed(2)
    x = torch.ones(50, requires_grad=True)
    out = dropout(answer, torch, 0.4).train()(x)
    expect(out.requires_grad, "No gradient comes back through it. Is everything computed by torch, from x?")
    out.sum().backward()
    expect(equal(torch, x.grad, out.detach()), "For ones, the gradient should be what the output is: 0, or the factor.")


def check_all_and_nothing(answer, torch):
    """With p = 0 nothing happens, and nan is never made."""
    x = torch.tensor([1.0, -2.0, 3.0])
    expect(equal(torch, dropout(answer, torch, 0.0).train()(x), x), "With p = 0 it should return its input.")
