"""Look at: the sizes of the encoder and the decoder: 64 numbers, then 2, then 64 again.
Picture: the map.  Which digits lie apart, and which does it take for each other?
Exercise: an autoencoder whose decoder has the encoder's weights, the other way around.
"""

from comparisons.tasks import equal, expect, expect_tensor

START = '''
import torch
from torch import nn


class Tied(nn.Module):
    """code = tanh(x @ W.T + b), result = code @ W + c: one weight W, (codes, inputs), for both ways.

    Its parameters: weight (W), bias (b, as many as codes), output_bias (c, as many as inputs).
    """

    def __init__(self, inputs, codes):
        super().__init__()

    def forward(self, x):
        """x: (n, inputs) -> the same shape."""
'''


def check_parameters(answer, _torch):
    """It has three parameters of the right shapes."""
    shapes = {name: tuple(p.shape) for name, p in answer.Tied(5, 2).named_parameters()}
    expect(shapes, "It has no parameters. What makes a tensor one of a module's?")
    wanted = {"weight": (2, 5), "bias": (2,), "output_bias": (5,)}
    expect(
        shapes == wanted,
        f"Its parameters are {shapes}, and should be {wanted}: how many weights does it take to go there and back?",
    )
    expect(answer.Tied(5, 2).weight.detach().abs().max() > 0, "A weight of zeros cannot learn: begin with random ones.")


def check_value(answer, torch):
    """It computes the formula."""
    torch.manual_seed(0)
    model, x = answer.Tied(5, 2), torch.randn(3, 5)
    with torch.no_grad():
        model.bias += 0.3
        model.output_bias -= 0.2
        got = model(x)
        wanted = torch.tanh(x @ model.weight.T + model.bias) @ model.weight + model.output_bias
    expect_tensor(torch, got, (3, 5), "Its result")
    expect(equal(torch, got, wanted), "Its result is not that of the formula, with the parameters that it has.")


def check_gradient(answer, torch):
    """The weight's gradient comes from both ways."""
    torch.manual_seed(1)
    model, x = answer.Tied(4, 2).double(), torch.randn(3, 4, dtype=torch.float64)

    def loss(weight):
        with torch.no_grad():
            model.weight.copy_(weight)
        model.weight.grad = None
        return ((model(x) - x) ** 2).mean()

    start = model.weight.detach().clone()
    loss(start).backward()
    g, measured, eps = model.weight.grad.clone(), torch.zeros(2, 4, dtype=torch.float64), 1e-6
    for i in range(2):
        for j in range(4):
            step = torch.zeros(2, 4, dtype=torch.float64)
            step[i, j] = eps
            measured[i, j] = (loss(start + step) - loss(start - step)).detach() / (2 * eps)
    expect(
        equal(torch, g, measured),
        "The weight's gradient is not the measured one. Is the same parameter used on both ways, and not a copy of it?",
    )


def check_training(answer, torch):
    """Points that lie in a plane go through two numbers almost unharmed."""
    torch.manual_seed(2)
    x = torch.randn(100, 2) @ torch.randn(2, 6) / 4
    model = answer.Tied(6, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(400):
        loss = ((model(x) - x) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    without = ((x - x.mean(0)) ** 2).mean().item()
    expect(
        loss.item() < 0.2 * without, f"After training its loss is {loss.item():.3f}; the mean alone has {without:.3f}."
    )
