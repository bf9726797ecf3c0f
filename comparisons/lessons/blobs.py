"""Blobs: four clouds of points, a layer of 16 with ReLU, cross-entropy, Adam, 100 epochs."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.colors import ListedColormap
from sklearn.datasets import make_blobs
from sklearn.model_selection import train_test_split
from torch import nn

# 1. The data: 1000 points around four centres; the split keeps the share of each class (stratify).

X, y = make_blobs(1000, n_features=2, centers=4, random_state=42)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, stratify=y, random_state=42)
X_train, X_test = torch.FloatTensor(X_train), torch.FloatTensor(X_test)
y_train, y_test = torch.LongTensor(y_train), torch.LongTensor(y_test)
print(f"{len(X_train)} points to train, {len(X_test)} to test, 4 classes")

# 2. The model: two features in, one logit for each class out.

torch.manual_seed(42)
model = nn.Sequential(
    nn.Linear(2, 16),
    nn.ReLU(),
    nn.Linear(16, 4),
)
print(model)

# 3. The loss (it takes logits, not probabilities) and the optimizer.

loss_function = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)

# 4. The training loop: logits -> softmax -> probabilities -> argmax -> class.


def predicted_class(logits):
    """The class with the highest probability."""
    return torch.softmax(logits, dim=1).argmax(dim=1)


def accuracy(logits, y):
    """The share of points whose predicted class is the true one."""
    return (predicted_class(logits) == y).float().mean().item()


epochs = 100
history = {"train loss": [], "test loss": [], "train accuracy": [], "test accuracy": []}

for epoch in range(epochs):
    model.train()
    logits = model(X_train)
    loss = loss_function(logits, y_train)

    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

    model.eval()
    with torch.inference_mode():
        test_logits = model(X_test)
        test_loss = loss_function(test_logits, y_test)

    history["train loss"].append(loss.item())
    history["test loss"].append(test_loss.item())
    history["train accuracy"].append(accuracy(logits, y_train))
    history["test accuracy"].append(accuracy(test_logits, y_test))
    if epoch % 10 == 0 or epoch == epochs - 1:
        print(f"Epoch {epoch:2d} | " + " | ".join(f"{name} {h[-1]:.4f}" for name, h in history.items()))

# 5. The plots.

colours = ["tab:blue", "tab:orange", "tab:green", "tab:red"]  # of classes 0 to 3

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
for axes, quantity in [(left, "loss"), (right, "accuracy")]:
    axes.plot(history[f"train {quantity}"], color="tab:purple", linewidth=2, label="train")
    axes.plot(history[f"test {quantity}"], color="tab:purple", linewidth=2, linestyle=":", label="test")
    axes.set_title(f"Blobs: {quantity}")
    axes.set_xlabel("epoch")
    axes.set_ylabel(quantity)
    axes.set_xlim(0, epochs - 1)
    axes.grid(alpha=0.3)
    axes.legend()

x0, x1 = np.meshgrid(np.linspace(-13, 8, 300), np.linspace(-11, 13, 300))
plane = torch.FloatTensor(np.column_stack([x0.ravel(), x1.ravel()]))
model.eval()
with torch.inference_mode():
    classes = predicted_class(model(plane)).reshape(x0.shape)

plt.figure(figsize=(7, 5.2), layout="constrained")
plt.pcolormesh(x0, x1, classes, cmap=ListedColormap(colours), alpha=0.25, linewidth=0, rasterized=True)
for label, colour in enumerate(colours):
    points = X_test[y_test == label]
    plt.scatter(points[:, 0], points[:, 1], s=18, color=colour, label=f"class {label}")
plt.title(f"Blobs: test accuracy {history['test accuracy'][-1]:.1%}")
plt.xlabel("first feature")
plt.ylabel("second feature")
plt.legend()

plt.show()
