"""Look at: how a code is drawn, and what the loss is made of.
Picture: the map of codes, beside that of the autoencoder.  Around which point do they lie, and which part of the loss
sees to that?
Exercise: draw a code so that gradients pass, and say how far its cloud is from the normal one.
"""

from comparisons.tasks import equal, expect, expect_tensor

START = '''
import torch


def drawn(mean, log_variance):
    """Numbers drawn at random, normal with these means and variances; gradients reach both.  All: (n, codes)."""


def divergence(mean, log_variance):
    """Of each row, (n,), the Kullback-Leibler divergence of its normal distribution from that of mean 0, variance 1."""
'''


def check_spread(answer, torch):
    """What is drawn has the mean and the variance."""
    torch.manual_seed(3)
    mean, variance = torch.full((20_000, 2), 1.5), torch.tensor([4.0, 0.25])
    got = answer.drawn(mean, variance.log().expand(20_000, 2))
    expect_tensor(torch, got, (20_000, 2), "What is drawn")
    expect(
        bool(((got.mean(0) - 1.5).abs() < 0.06).all()),
        f"With means of 1.5 the mean of what is drawn is {got.mean(0).tolist()}.",
    )
    found = got.var(0)
    expect(
        bool(((found / variance - 1).abs() < 0.06).all()),
        f"With variances of 4 and 0.25 those of what is drawn are {found[0].item():.2f} and {found[1].item():.2f}. "
        "What is given is a logarithm, and of the variance.",
    )


def check_gradients(answer, torch):
    """Gradients reach mean and log-variance."""
    torch.manual_seed(4)
    mean, log_variance = torch.zeros(50, 2, requires_grad=True), torch.zeros(50, 2, requires_grad=True)
    got = answer.drawn(mean, log_variance)
    expect(got.requires_grad, "No gradient comes back: draw noise that depends on nothing, and compute from it.")
    got.sum().backward()
    expect(
        mean.grad is not None and equal(torch, mean.grad, torch.ones(50, 2)), "The gradient by the mean should be 1."
    )
    expect(log_variance.grad is not None, "No gradient reaches the log-variance.")
    expect(
        equal(torch, log_variance.grad, got.detach() / 2),
        "The gradient by the log-variance is not that of noise times the standard deviation.",
    )


def check_divergence(answer, torch):
    """The divergence is that of normal distributions."""
    torch.manual_seed(5)
    mean, log_variance = torch.randn(4, 3), torch.randn(4, 3)
    got = answer.divergence(mean, log_variance)
    expect_tensor(torch, got, (4,), "The divergence")
    zero = answer.divergence(torch.zeros(1, 3), torch.zeros(1, 3)).item()
    expect(abs(zero) < 1e-6, f"Of the normal cloud itself it is {zero:.3f}, and should be 0.")
    one, other = (
        torch.distributions.Normal(*parts)
        for parts in ((mean, (log_variance / 2).exp()), (torch.zeros(4, 3), torch.ones(4, 3)))
    )
    wanted = torch.distributions.kl_divergence(one, other).sum(1)
    expect(not equal(torch, got, -wanted), "It is negative. No divergence is below 0.")
    expect(not equal(torch, got, wanted / 3), "It is the mean over the codes; it should be their sum.")
    expect(equal(torch, got, wanted), "It is not right. Which three terms has it for each code, in every textbook?")
