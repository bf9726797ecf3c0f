"""Look at: class BatchNorm.  From each number its mean is taken, and both mean and spread depend on the whole batch.
Picture: the histograms.  Why are those of both layers nearly the same, though the second sees what the first gives?
Exercise: the gradient of batch normalization, by hand.
"""

from comparisons.tasks import equal, expect, expect_tensor

START = '''
import torch


def gradient(g, x, eps=1e-5):
    """d loss / d x, for out = (x - x.mean(0)) / (x.var(0, unbiased=False) + eps).sqrt() and g = d loss / d out."""
'''


def normalized(x, eps=1e-5):
    """What batch normalization gives."""
    return (x - x.mean(0)) / (x.var(0, unbiased=False) + eps).sqrt()


def case(torch):
    """g, x, the answer that is right, and the output."""
    torch.manual_seed(1)
    x = (3 * torch.randn(6, 2, dtype=torch.float64) + 1).requires_grad_()
    g, out = torch.randn(6, 2, dtype=torch.float64), normalized(x)
    out.backward(g)
    return g, x.detach(), x.grad, out.detach()


def given(answer, torch, g, x):
    """The answer's gradient: without autograd."""
    with torch.no_grad():
        got = answer.gradient(g, x)
    expect_tensor(torch, got, (6, 2), "The gradient")
    return got


def check_shift(answer, torch):
    """It sums to 0 in each column."""
    g, x, _, _ = case(torch)
    sums = given(answer, torch, g, x).sum(0)
    expect(
        equal(torch, sums, torch.zeros_like(sums)),
        "If all numbers of a column grow by 1, the output stays: so what is the sum of their gradients? x is in the "
        "mean, too.",
    )


def check_scale(answer, torch):
    """Along the output itself it is 0, or nearly."""
    g, x, _, out = case(torch)
    along = (given(answer, torch, g, x) * out).sum(0)
    expect(
        bool((along.abs() < 1e-4).all()),
        "If a column becomes twice as wide, the output stays. So the gradient has no part along the output: x is in "
        "the spread, too.",
    )


def check_values(answer, torch):
    """Its values are those of autograd."""
    g, x, wanted, _ = case(torch)
    got = given(answer, torch, g, x)
    expect(
        equal(torch, got, wanted, 1e-6),
        f"Its direction may be right: its first number is {got[0, 0].item():.5f}, and that of autograd "
        f"{wanted[0, 0].item():.5f}. By what is everything divided?",
    )
