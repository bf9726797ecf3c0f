"""Look at: section 4, the four lines from `prediction` to `optimizer.step()`.  `loss.backward()` is the only one that
knows how the loss depends on the weight; how, can be written down by hand for a line.
Picture: the first figure, loss by epoch.  Why do both curves fall faster from the dotted line on, though nothing
but the learning rate has changed?
Exercise: the two gradients of the mean squared error of a line, without backward().
"""

from comparisons.tasks import equal, expect, expect_tensor, factor

START = '''
def gradients(weight, bias, X, y):
    """d loss / d weight and d loss / d bias, for loss = ((weight * X + bias - y) ** 2).mean()."""
'''


def case(torch, n):
    """A line that does not fit n points yet, and the gradients of its loss."""
    torch.manual_seed(n)
    X, y = torch.rand(n, 1), torch.rand(n, 1)
    weight, bias = torch.randn(1, requires_grad=True), torch.randn(1, requires_grad=True)
    ((weight * X + bias - y) ** 2).mean().backward()
    return (weight.detach(), bias.detach(), X, y), (weight.grad, bias.grad)


def check_values(answer, torch):
    """Both gradients are those of autograd, for 3 points and for 20."""
    for n in (3, 20):
        operands, wanted = case(torch, n)
        with torch.no_grad():
            got = answer.gradients(*operands)
        expect(isinstance(got, tuple) and len(got) == 2, "It should return two gradients: `return one, other`.")
        for name, g, right in zip(("weight", "bias"), got, wanted):
            expect_tensor(torch, g.reshape(-1) if hasattr(g, "reshape") else g, (1,), f"The gradient of {name}")
            expect(equal(torch, g.reshape(-1), right), hint(torch, name, g.reshape(-1), right, n))


def hint(torch, name, got, right, n):
    """What a wrong gradient looks like."""
    k = factor(torch, got, right)
    if k is not None and abs(k - 0.5) < 1e-3:
        return f"That of {name} is half of the right one. What is the derivative of a square?"
    if k is not None and abs(k + 1) < 1e-3:
        return f"That of {name} has the wrong sign. When the {name} grows a little, where does the loss go?"
    if k is not None and abs(k - n) < 1e-2:
        return f"That of {name} is {n} times the right one, and there are {n} points. What does mean() do?"
    return f"That of {name} is not right. Measure it: move the {name} by 0.001 up and down, and see how the loss moves."


def check_training(answer, torch):
    """Steps against the gradients lead to the line y = 0.7 x + 0.3."""
    X = torch.linspace(0, 1, 30).unsqueeze(1)
    weight, bias = torch.zeros(1), torch.zeros(1)
    for _ in range(500):
        g_weight, g_bias = answer.gradients(weight, bias, X, 0.7 * X + 0.3)
        weight, bias = weight - 0.5 * g_weight.reshape(1), bias - 0.5 * g_bias.reshape(1)
    expect(abs(weight.item() - 0.7) < 0.01 and abs(bias.item() - 0.3) < 0.01, "Trained with it, the line does not fit.")
