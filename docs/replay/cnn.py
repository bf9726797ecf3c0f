"""Is it a ring or a cross?  A small convolutional net looks at twelve pictures: the first training step."""

import torch
from torch import nn

torch.manual_seed(0)
row, column = torch.arange(14).reshape(14, 1) - 6.5, torch.arange(14) - 6.5


def ring(size):
    """A picture of a ring."""
    return torch.exp(-((torch.sqrt(row**2 + column**2) - size) ** 2))


def cross(size):
    """A picture of a cross."""
    arms = torch.exp(-((row - column) ** 2) / 2) + torch.exp(-((row + column) ** 2) / 2)
    return arms.clamp(max=1.0) * (torch.sqrt(row**2 + column**2) < size + 2.5).float()


sizes = [2.5, 3.0, 3.5, 4.0, 4.5, 5.0]
pictures = torch.stack([draw(size) for size in sizes for draw in (ring, cross)]).unsqueeze(1)
kinds = torch.arange(12) % 2

model = nn.Sequential(
    nn.Conv2d(1, 6, 3),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(6 * 6 * 6, 2),
)
loss = nn.functional.cross_entropy(model(pictures), kinds)
loss.backward()
