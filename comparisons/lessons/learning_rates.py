"""Learning rates: the straight line of linear_regression.py, trained with rates from 0.001 to 0.1."""

import matplotlib.pyplot as plt
import torch
from torch import nn

# 1. The data: 70% of the points to train, the next 15% to validate.

X = torch.arange(0, 1, 0.02).unsqueeze(1)
y = 0.7 * X + 0.3
train_end, validation_end = int(0.70 * len(X)), int(0.85 * len(X))
X_train, y_train = X[:train_end], y[:train_end]
X_validation, y_validation = X[train_end:validation_end], y[train_end:validation_end]

# 2. The same start and the same loop for every rate: only the size of the steps differs.

loss_function = nn.MSELoss()
epochs = 100


def train(learning_rate):
    """Train a new model; return it, and its losses of every epoch."""
    torch.manual_seed(42)
    model = nn.Linear(1, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    history = {"train": [], "validation": []}
    for _ in range(epochs):
        model.train()
        loss = loss_function(model(X_train), y_train)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

        model.eval()
        with torch.no_grad():
            validation_loss = loss_function(model(X_validation), y_validation)
        history["train"].append(loss.item())
        history["validation"].append(validation_loss.item())
    return model, history


histories = {}
for learning_rate in [0.001, 0.01, 0.1]:
    model, histories[learning_rate] = train(learning_rate)
    first, last = histories[learning_rate]["train"][0], histories[learning_rate]["train"][-1]
    print(f"Learning rate {learning_rate}: train loss {first:.4f} -> {last:.4f}")
    print(f"    validation loss {histories[learning_rate]['validation'][-1]:.4f}")
    print(f"    weight {model.weight.item():.4f}, bias {model.bias.item():.4f}")

best = min(histories, key=lambda rate: histories[rate]["validation"][-1])
print(f"The smallest validation loss after {epochs} epochs: learning rate {best}")

# 3. All curves on one graph.

plt.figure(figsize=(7, 4.5), layout="constrained")
for (learning_rate, history), colour in zip(histories.items(), ["tab:gray", "tab:orange", "tab:blue"], strict=True):
    plt.plot(history["train"], color=colour, linewidth=2, label=f"{learning_rate}, train")
    plt.plot(history["validation"], ":", color=colour, linewidth=2, label=f"{learning_rate}, validation")
plt.yscale("log")
plt.title("How fast three learning rates learn")
plt.xlabel("epoch")
plt.ylabel("mean squared error")
plt.xlim(0, epochs - 1)
plt.figlegend(title="learning rate", ncols=3, loc="outside lower center")
plt.grid(alpha=0.3)
plt.show()
