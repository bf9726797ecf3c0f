"""Look at: section 3, the first batch step by step, and what `optimizer.step()` has changed afterwards.
Picture: the losses of the two rates.  How far has the small one come when it ends, and when was the large one there?
Exercise: SGD with momentum as a class of your own.
"""

from comparisons.tasks import equal, expect

START = '''
import torch


class SGD:
    """b = momentum * b + gradient, which begins as the first gradient; p = p - lr * b."""

    def __init__(self, params, lr, momentum=0.0):
        ...

    def zero_grad(self):
        """No gradients are left."""

    def step(self):
        """Change each parameter in place; one without a gradient stays."""
'''


def trained(torch, make, steps, momentum):
    """A model's weights after some steps, the optimizer, and the parameters."""
    torch.manual_seed(10)
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1))
    unused = torch.nn.Parameter(torch.ones(2))
    X = torch.randn(16, 3)
    optimizer = make([*model.parameters(), unused], lr=0.1, momentum=momentum)
    for _ in range(steps):
        loss = ((model(X) - X[:, :1]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    params = list(model.parameters())
    return [p.detach().clone() for p in params], optimizer, params


def both(answer, torch, steps, momentum):
    """The weights by the answer's optimizer and by PyTorch's."""
    return (trained(torch, make, steps, momentum)[0] for make in (answer.SGD, torch.optim.SGD))


def expect_same(torch, got, wanted, hint):
    """NotYet where weights differ."""
    expect(all(equal(torch, a, b, 1e-5) for a, b in zip(got, wanted)), hint)


def check_in_place(answer, torch):
    """The model's own parameters are changed."""
    before, after = (trained(torch, answer.SGD, steps, 0.0)[0] for steps in (0, 1))
    expect(
        not equal(torch, before[0], after[0]), "The model's parameters have not changed: are new tensors made of them?"
    )


def check_step(answer, torch):
    """One step is that of torch.optim.SGD."""
    got, wanted = both(answer, torch, 1, 0.0)
    expect_same(torch, got, wanted, "After one step the weights are not p - lr * gradient.")


def check_zero_grad(answer, torch):
    """zero_grad leaves no gradients."""
    _, optimizer, params = trained(torch, answer.SGD, 1, 0.0)
    optimizer.zero_grad()
    expect(all(p.grad is None or not p.grad.any() for p in params), "After zero_grad there are gradients.")
    got, wanted = both(answer, torch, 3, 0.0)
    expect_same(torch, got, wanted, "One step is right, but three are not.")


def check_momentum(answer, torch):
    """Ten steps with momentum are those of torch.optim.SGD."""
    one, right = both(answer, torch, 1, 0.9)
    expect_same(torch, one, right, "With momentum the first step should be as without: what is b before it?")
    got, wanted = both(answer, torch, 10, 0.9)
    expect_same(
        torch, got, wanted, "With momentum the first step is right, and ten are not. Who remembers b, for each p?"
    )
