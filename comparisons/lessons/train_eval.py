"""Train mode and eval mode: what Dropout and BatchNorm do in each, and why forgetting `eval()` hurts."""

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

# 1. Dropout: in train mode a random half of the numbers become 0 and the others are doubled; in eval mode nothing
#    happens.

torch.manual_seed(42)
dropout = nn.Dropout(0.5)
x = torch.ones(2, 8)
dropout.train()
print("Dropout, train:", dropout(x), "and again:", dropout(x), sep="\n")
dropout.eval()
print("Dropout, eval:", dropout(x), sep="\n")

# 2. BatchNorm: in train mode it uses mean and variance of the batch, and keeps running averages of them;
#    in eval mode it uses the averages.

norm = nn.BatchNorm1d(3)
batch = torch.randn(16, 3) * torch.tensor([1.0, 2.0, 3.0]) + torch.tensor([10.0, 20.0, 30.0])
norm.train()
out = norm(batch)
print(f"BatchNorm, train: mean {out.mean().abs().item():.4f}, variance {out.var(unbiased=False).item():.4f}")
for _ in range(50):
    norm(batch)
print("running mean", norm.running_mean)
print("running variance", norm.running_var)
print("batches seen", norm.num_batches_tracked)
norm.eval()
print("BatchNorm, eval, one row alone:", norm(batch[:1]))
norm.train()
try:
    norm(batch[:1])
except ValueError as error:
    print(f"BatchNorm, train, one row alone: {error}")

# 3. A model with both, and how well it does in each mode.

images, digits = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    torch.FloatTensor(images) / 16, torch.LongTensor(digits), test_size=0.25, random_state=42, stratify=digits
)
loader = DataLoader(TensorDataset(X_train, y_train), batch_size=64, shuffle=True)
model = nn.Sequential(
    nn.Linear(64, 128, bias=False), nn.BatchNorm1d(128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10)
)
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)


def accuracy():
    """The share of test digits that the model names rightly, in the mode that it is in."""
    with torch.no_grad():
        return (model(X_test).argmax(dim=1) == y_test).float().mean().item()


modes = {"eval": [], "train": []}
for epoch in range(15):
    model.train()
    for inputs, targets in loader:
        loss = nn.functional.cross_entropy(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    saved = {name: value.clone() for name, value in model.state_dict().items()}
    modes["train"].append(accuracy())  # the mistake: it also spoils the running averages with the test data
    model.load_state_dict(saved)
    model.eval()
    modes["eval"].append(accuracy())
    print(f"Epoch {epoch:2d} | accuracy in eval mode {modes['eval'][-1]:.2%} | in train mode {modes['train'][-1]:.2%}")

plt.figure(figsize=(7, 4.5), layout="constrained")
plt.plot(modes["eval"], color="tab:green", linewidth=2, label="model.eval()")
plt.plot(modes["train"], color="tab:red", linewidth=2, label="eval() forgotten")
plt.title("Test accuracy in the two modes")
plt.xlabel("epoch")
plt.ylabel("accuracy")
plt.legend()
plt.grid(alpha=0.3)
plt.show()
