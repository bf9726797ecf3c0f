"""A variational autoencoder: each digit is a cloud of codes, so that a code drawn at random is a digit too."""

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torchvision.utils import make_grid

torch.manual_seed(5)

# 1. The data: 1797 images of 8 by 8 pixels between 0 and 1.

pixels, digits = load_digits(return_X_y=True)
images, digits = torch.tensor(pixels, dtype=torch.float32) / 16, torch.tensor(digits)
loader = DataLoader(TensorDataset(images), batch_size=64, shuffle=True)

# 2. The model.


class VAE(nn.Module):
    """An image -> the mean and the log-variance of its codes -> a code drawn of them -> the logits of pixels."""

    def __init__(self, hidden=128, codes=2):
        super().__init__()
        self.hidden = nn.Linear(64, hidden)
        self.mean, self.log_variance = nn.Linear(hidden, codes), nn.Linear(hidden, codes)
        self.decoder = nn.Sequential(nn.Linear(codes, hidden), nn.ReLU(), nn.Linear(hidden, 64))

    def encode(self, x):
        """The mean and the log-variance of an image's codes."""
        hidden = F.relu(self.hidden(x))
        return self.mean(hidden), self.log_variance(hidden)

    def forward(self, x):
        """The logits of the pixels, and what `encode` gives."""
        mean, log_variance = self.encode(x)
        code = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)  # so the gradient reaches both
        return self.decoder(code), mean, log_variance


def losses(logits, x, mean, log_variance):
    """The mean over the images of what a restoration costs, and of the divergence of codes from the standard normal."""
    restoration = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    divergence = -0.5 * (1 + log_variance - mean**2 - log_variance.exp()).sum()
    return restoration / len(x), divergence / len(x)


model = VAE()
print(model)
optimizer = torch.optim.Adam(model.parameters(), lr=0.003)

# 3. The training loop.

history = {"restoration": [], "divergence": []}
for epoch in range(50):
    totals = torch.zeros(2)
    for (x,) in loader:
        logits, mean, log_variance = model(x)
        restoration, divergence = losses(logits, x, mean, log_variance)
        optimizer.zero_grad()
        (restoration + divergence).backward()
        optimizer.step()
        totals += torch.tensor([restoration.item(), divergence.item()])
    for name, value in zip(history, totals / len(loader)):
        history[name].append(value.item())
    if epoch % 10 == 0 or epoch == 49:
        print(f"Epoch {epoch:2d} | " + " | ".join(f"{name} {values[-1]:.3f}" for name, values in history.items()))

# 4. The plots: the curves, the clouds' middles, and the digits that stand at each place of the map.

model.eval()
axis = torch.linspace(-2, 2, 15)
down, across = torch.meshgrid(-axis, axis, indexing="ij")
with torch.no_grad():
    middles, _ = model.encode(images)
    drawn = torch.sigmoid(model.decoder(torch.stack([across, down], dim=-1).reshape(-1, 2)))

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.6), layout="constrained")
for name, colour in [("restoration", "tab:blue"), ("divergence", "tab:orange")]:
    left.plot(history[name], color=colour, linewidth=2, label=name)
left.set(title="Variational autoencoder: the two losses", xlabel="epoch", ylabel="nats per image")
left.grid(alpha=0.3)
left.legend()
points = right.scatter(middles[:, 0], middles[:, 1], c=digits, cmap="tab10", s=6, vmin=-0.5, vmax=9.5)
right.set(title="The middle of each image's codes", xlabel="first", ylabel="second")
figure.colorbar(points, ax=right, ticks=range(10), label="digit")

plt.figure(figsize=(6.4, 6.8), layout="constrained")
plt.imshow(
    make_grid(drawn.reshape(-1, 1, 8, 8), nrow=15, padding=1, pad_value=0)[0], cmap="gray_r", extent=(-2, 2, -2, 2)
)
plt.title("What stands at each place of the map")
plt.xlabel("first")
plt.ylabel("second")
plt.show()
