"""Two lines, and all that a broadcast and a second use do to gradients."""

import torch

x = torch.tensor([[1.0, -4.0], [3.0, -8.0]])
w = torch.tensor([[0.5, 0.25]], requires_grad=True)
b = torch.tensor(0.5, requires_grad=True)

h = x * w + b
loss = (h * h).mean() + w.sum()
loss.backward()
