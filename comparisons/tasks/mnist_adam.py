"""Look at: the normalisation in section 1.  Why are test images normalised by the numbers of the training images?
Picture: loss and accuracy.  How far are train and test apart after each epoch, and what would fewer images change?
Exercise: Adam as a class of your own.
"""

from comparisons.tasks import equal, expect
from comparisons.tasks.mnist_sgd import expect_same

START = '''
import torch


class Adam:
    """m = b1 * m + (1 - b1) * g;  v = b2 * v + (1 - b2) * g ** 2;  both begin as 0, and t counts the steps.

    p = p - lr * (m / (1 - b1 ** t)) / (sqrt(v / (1 - b2 ** t)) + eps)
    """

    def __init__(self, params, lr=0.001, betas=(0.9, 0.999), eps=1e-8):
        ...

    def zero_grad(self):
        """No gradients are left."""

    def step(self):
        """Change each parameter in place; one without a gradient stays."""
'''


def trained(torch, make, steps):
    """A model's weights after some steps."""
    torch.manual_seed(11)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
    X = torch.randn(16, 3)
    optimizer = make([*model.parameters(), torch.nn.Parameter(torch.ones(2))], lr=0.05)
    for _ in range(steps):
        loss = ((model(X) - X[:, :1]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return [p.detach().clone() for p in model.parameters()]


def check_first_step(answer, torch):
    """In the first step every weight goes by lr, whatever its gradient."""
    before, after = trained(torch, answer.Adam, 0), trained(torch, answer.Adam, 1)
    moved = (after[0] - before[0]).abs()
    expect(moved.any(), "The model's parameters have not changed: are new tensors made of them?")
    expect(
        equal(torch, moved, torch.full((4, 3), 0.05)),
        f"With lr = 0.05 the first weight went by {moved[0, 0].item():.4f}. Put t = 1 into the formula: what is left?",
    )


def check_steps(answer, torch):
    """Two steps are those of torch.optim.Adam, and ten."""
    got, wanted = (trained(torch, make, 2) for make in (answer.Adam, torch.optim.Adam))
    expect_same(
        torch, got, wanted, "The first step is right, the second is not. Which of m, v and t have changed by then?"
    )
    got, wanted = (trained(torch, make, 10) for make in (answer.Adam, torch.optim.Adam))
    expect_same(torch, got, wanted, "Two steps are right, and ten are not.")


def check_eps(answer, torch):
    """eps stands outside the root."""
    ends = []
    for make in (answer.Adam, torch.optim.Adam):
        p = torch.nn.Parameter(torch.tensor([1.0]))
        optimizer = make([p], lr=0.1, betas=(0.5, 0.5), eps=1.0)
        for _ in range(3):
            p.grad = torch.tensor([0.2])
            optimizer.step()
        ends.append(p.detach())
    expect(
        equal(torch, *ends), f"With eps = 1 and betas of 0.5 p ends at {ends[0].item():.4f}, not {ends[1].item():.4f}."
    )
