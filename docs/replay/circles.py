"""Two rings of points, and a net that tells them apart: the first training step."""

import torch
from torch import nn

torch.manual_seed(42)
angle = torch.rand(200) * 6.2832
inner = (torch.arange(200) % 2).float()  # class 1 is the inner ring
radius = 1.0 - 0.5 * inner + 0.03 * torch.randn(200)
X = torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], 1)

model = nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))
loss_function = nn.BCEWithLogitsLoss()

logits = model(X).squeeze()
loss = loss_function(logits, inner)
loss.backward()
