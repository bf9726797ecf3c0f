"""A sine by an LSTM: it learns the next value of a curve, and then goes on by itself from what it said before."""

import matplotlib.pyplot as plt
import torch
from torch import nn

torch.manual_seed(0)

# 1. The data: waves that start anywhere, with a little noise; the target is the next value.

steps = torch.arange(81) / 20 * torch.pi  # two waves of 40 values
starts = torch.rand(32, 1) * 2 * torch.pi
waves = torch.sin(steps + starts) + 0.02 * torch.randn(32, 81)
X, y = waves[:, :-1].unsqueeze(-1), waves[:, 1:].unsqueeze(-1)
print(f"{len(X)} waves of {X.shape[1]} values")

# 2. The model: what an LSTM remembers after each value, and a linear layer that reads the next value from it.


class Forecaster(nn.Module):
    """For each value of a sequence, the one that may come next; and the state after the last."""

    def __init__(self, hidden=24):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.read = nn.Linear(hidden, 1)

    def forward(self, x, state=None):
        """x: (waves, values, 1) -> the same shape, and the state."""
        remembered, state = self.lstm(x, state)
        return self.read(remembered), state


model = Forecaster()
print(model)
loss_function = nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)

# 3. The training loop; gradients of long sequences may explode, so their norm is bounded.

history, norms = [], []
for step in range(150):
    predicted, _ = model(X)
    loss = loss_function(predicted, y)
    optimizer.zero_grad()
    loss.backward()
    norms.append(nn.utils.clip_grad_norm_(model.parameters(), 1.0).item())
    optimizer.step()
    history.append(loss.item())
    if step % 15 == 0 or step == 149:
        print(f"Step {step:3d} | loss {loss.item():.5f} | norm of the gradient {norms[-1]:.4f}")

# 4. Going on alone: the first 20 values are given, then each prediction is the next input.

model.eval()
given, total = 20, 120
truth = torch.sin(torch.arange(total) / 20 * torch.pi)
with torch.no_grad():
    predicted, state = model(truth[:given].reshape(1, given, 1))
    said = [predicted[:, -1:]]
    while len(said) < total - given:
        predicted, state = model(said[-1], state)
        said.append(predicted)
alone = torch.cat(said, dim=1).flatten()
print(f"Alone, the mean error of {len(alone)} values is {(alone - truth[given:]).abs().mean():.2f}")

# 5. The plots.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
left.plot(history, color="tab:blue", linewidth=2, label="loss")
left.plot(norms, color="tab:gray", linewidth=1, label="norm of the gradient")
left.axhline(0.02**2, color="tab:red", linewidth=1, linestyle=":", label="the noise alone")
left.set(title="A sine by an LSTM: training", xlabel="step", yscale="log")
left.grid(alpha=0.3)
left.legend()
right.plot(truth, color="tab:gray", linewidth=1, label="sine")
right.plot(range(given), truth[:given], color="black", linewidth=3, label="given")
right.plot(range(given, total), alone, color="tab:orange", linewidth=2, label="continued alone")
right.set(title="Given 20 values, it goes on alone", xlabel="step", ylim=(-1.2, 1.6))
right.grid(alpha=0.3)
right.legend(loc="upper center", ncols=3)
plt.show()
