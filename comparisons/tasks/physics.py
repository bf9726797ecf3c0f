"""Look at: `derivative`, and how it is called twice.
Picture: the right figure.  Where on the curve does the net learn first, and what does it know there?
Exercise: the second derivative of a function at many points at once.
"""

from comparisons.tasks import NotYet, equal, expect, expect_tensor

START = '''
import torch


def second_derivative(f, x):
    """f'' at each of the points.  f: elementwise on tensors; x: (n,), requires grad.  The result can be
    differentiated itself."""
'''


def second(answer, torch, f, x):
    """The answer's result; NotYet where it raises what says that no graph was recorded."""
    try:
        got = answer.second_derivative(f, x)
    except RuntimeError as error:
        raise NotYet(
            f"It raises: {str(error).splitlines()[0][:120]}. Which graph is differentiated the second time?"
        ) from None
    expect_tensor(torch, got, (len(x),), "The second derivative")
    return got


def check_sine(answer, torch):
    """That of a sine is right at each point."""
    x = torch.linspace(-2, 2, 9, dtype=torch.float64, requires_grad=True)
    got = second(answer, torch, torch.sin, x)
    expect(not equal(torch, got, torch.cos(x)), "That is the first derivative.")
    expect(
        equal(torch, got, -torch.sin(x)),
        f"For a sine at -2 it is {got[0].item():.4f}, and should be {-torch.sin(x)[0].item():.4f}.",
    )


def check_constant(answer, torch):
    """That of 3 x ** 2 is 6 everywhere."""
    x = torch.tensor([1.0, 2.0, -1.0], requires_grad=True)
    got = second(answer, torch, lambda x: 3 * x**2, x)
    expect(equal(torch, got, torch.full((3,), 6.0)), f"For 3 x ** 2 it is {got.tolist()}.")


def check_no_grad_is_touched(answer, torch):
    """It leaves x.grad as it was."""
    x = torch.tensor([0.5], requires_grad=True)
    second(answer, torch, torch.sin, x)
    expect(
        x.grad is None, "It has put something into x.grad, where the gradient of a loss belongs. Who returns gradients?"
    )


def check_trains(answer, torch):
    """A weight learns through it: w in w * x ** 3 until f'' is 12 x."""
    w = torch.tensor(0.5, requires_grad=True)

    def cubic(x):
        return w * x**3

    for _ in range(50):
        x = torch.linspace(0, 1, 8, requires_grad=True)
        bend = second(answer, torch, cubic, x)
        expect(
            bend.requires_grad, "What it returns has no graph, so nothing can learn by it: record the second pass, too."
        )
        loss = ((bend - 12 * x.detach()) ** 2).mean()
        (g,) = torch.autograd.grad(loss, w)
        with torch.no_grad():
            w -= 0.02 * g
    expect(abs(w.item() - 2) < 0.01, f"w is {w.item():.3f} after 50 steps, and should be 2.")
