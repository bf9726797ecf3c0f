"""MNIST with Adam: normalised images, 784-128-10, shuffled batches of 64.  `--full`: all 60,000 images."""

import sys

import matplotlib.pyplot as plt
import torch
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision import datasets, transforms

torch.manual_seed(1234)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

# 1. The data, normalised by the mean and the standard deviation of all training pixels.

transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
train_data = datasets.MNIST("data", train=True, download=True, transform=transform)
test_data = datasets.MNIST("data", train=False, download=True, transform=transform)
if "--full" not in sys.argv:
    train_data, test_data = Subset(train_data, range(6400)), Subset(test_data, range(1000))
pin_memory = torch.cuda.is_available()
train_loader = DataLoader(train_data, batch_size=64, shuffle=True, pin_memory=pin_memory)
test_loader = DataLoader(test_data, batch_size=1000, pin_memory=pin_memory)

# 2. The model, the loss, the optimizer.

model = nn.Sequential(nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10)).to(device)
loss_function = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
print(model)

# 3. The training loop.


def train():
    """One pass over the training images; return the mean loss and the accuracy on the way."""
    model.train()
    total, correct = 0.0, 0
    for images, digits in train_loader:
        images, digits = images.to(device), digits.to(device)
        optimizer.zero_grad()
        logits = model(images)
        loss = loss_function(logits, digits)
        loss.backward()
        optimizer.step()
        total += loss.item()
        correct += (logits.argmax(1) == digits).sum().item()
    return total / len(train_loader), correct / len(train_loader.dataset)


def test():
    """The mean loss and the accuracy on the test images."""
    model.eval()
    total, correct = 0.0, 0
    with torch.no_grad():
        for images, digits in test_loader:
            images, digits = images.to(device), digits.to(device)
            logits = model(images)
            total += loss_function(logits, digits).item()
            correct += (logits.argmax(1) == digits).sum().item()
    return total / len(test_loader), correct / len(test_loader.dataset)


history = {"train loss": [], "test loss": [], "train accuracy": [], "test accuracy": []}
for epoch in range(1, 6):
    measured = dict(zip(["train loss", "train accuracy"], train(), strict=True))
    measured |= dict(zip(["test loss", "test accuracy"], test(), strict=True))
    for name, value in measured.items():
        history[name].append(value)
    print(f"Epoch {epoch} | " + " | ".join(f"{name} {values[-1]:.4f}" for name, values in history.items()))

# 4. The plots.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
for axes, quantity in [(left, "loss"), (right, "accuracy")]:
    for part, colour in [("train", "tab:blue"), ("test", "tab:orange")]:
        axes.plot(range(1, 6), history[f"{part} {quantity}"], marker="o", color=colour, linewidth=2, label=part)
    axes.set_title(f"MNIST with Adam: {quantity}")
    axes.set_xlabel("epoch")
    axes.set_xticks(range(1, 6))
    axes.set_ylabel(quantity)
    axes.grid(alpha=0.3)
    axes.legend()
plt.show()
