"""Circles: two rings of points, a linear model beside one with ReLU, BCE with logits, Adam, 100 epochs."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.datasets import make_circles
from sklearn.model_selection import train_test_split
from torch import nn

# 1. The data: an outer ring (class 0) and an inner ring (class 1), 80% to train, 20% to test.

X, y = make_circles(1000, noise=0.03, factor=0.5, random_state=42)
X = torch.FloatTensor(X)
y = torch.FloatTensor(y)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=42)
print(f"{len(X_train)} points to train, {len(X_test)} to test")

# 2. Two models: without an activation between its layers a network can only draw a straight boundary.


def linear_model():
    """Two linear layers: together they are one linear function."""
    return nn.Sequential(nn.Linear(2, 8), nn.Linear(8, 1))


def relu_model():
    """The same two layers with a bend between them."""
    return nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 1))


# 3. The training loop: logits -> sigmoid -> probability -> threshold 0.5 -> class.

loss_function = nn.BCEWithLogitsLoss()
epochs = 100


def predicted_class(logits):
    """1.0 where the probability of class 1 is above one half, else 0.0."""
    return (torch.sigmoid(logits) > 0.5).float()


def accuracy(logits, y):
    """The share of points whose predicted class is the true one."""
    return (predicted_class(logits) == y).float().mean().item()


def train(model):
    """Train the model on all training points at once; return losses and accuracies of every epoch."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    history = {"train loss": [], "test loss": [], "train accuracy": [], "test accuracy": []}

    for epoch in range(epochs):
        model.train()
        logits = model(X_train).squeeze()
        loss = loss_function(logits, y_train)

        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

        model.eval()
        with torch.inference_mode():
            test_logits = model(X_test).squeeze()
            test_loss = loss_function(test_logits, y_test)

        history["train loss"].append(loss.item())
        history["test loss"].append(test_loss.item())
        history["train accuracy"].append(accuracy(logits, y_train))
        history["test accuracy"].append(accuracy(test_logits, y_test))
        if epoch % 10 == 0 or epoch == epochs - 1:
            print(f"Epoch {epoch:2d} | " + " | ".join(f"{name} {h[-1]:.4f}" for name, h in history.items()))
    return history


print("Linear model")
torch.manual_seed(42)
linear = linear_model()
linear_history = train(linear)

print("Model with ReLU")
torch.manual_seed(42)
relu = relu_model()
relu_history = train(relu)

# 4. Dead units: where ReLU gives 0 for every point, no gradient comes back, and a unit never learns.

with torch.inference_mode():
    hidden = relu[:2](X_train)
dead = [unit for unit in range(8) if not (hidden[:, unit] != 0).any()]
print(f"Hidden units that are 0 for all {len(X_train)} points: {dead}")

# 5. The plots.

colours = ["tab:orange", "tab:blue"]  # of class 0 and class 1


def plot_curves(axes, quantity):
    """Train and test curves of both models."""
    for name, history, colour in [
        ("linear", linear_history, "tab:gray"),
        ("with ReLU", relu_history, "tab:green"),
    ]:
        for part, style in [("train", "-"), ("test", ":")]:
            axes.plot(history[f"{part} {quantity}"], style, color=colour, linewidth=2, label=f"{name}, {part}")
    axes.set_title(f"Circles: {quantity}")
    axes.set_xlabel("epoch")
    axes.set_ylabel(quantity)
    axes.set_xlim(0, epochs - 1)
    axes.grid(alpha=0.3)


def plot_decision_boundary(axes, model, title):
    """Colour the plane by the class that the model gives each place, and put the test points on it."""
    x0, x1 = np.meshgrid(np.linspace(-1.3, 1.3, 200), np.linspace(-1.3, 1.3, 200))
    plane = torch.FloatTensor(np.column_stack([x0.ravel(), x1.ravel()]))
    model.eval()
    with torch.inference_mode():
        classes = predicted_class(model(plane).squeeze()).reshape(x0.shape)
    axes.contourf(x0, x1, classes, levels=[-0.5, 0.5, 1.5], colors=colours, alpha=0.25)
    for label, ring in enumerate(["outer ring", "inner ring"]):
        points = X_test[y_test == label]
        axes.scatter(points[:, 0], points[:, 1], s=18, color=colours[label], label=ring)
    axes.set_title(title)
    axes.set_xlabel("first feature")
    axes.set_ylabel("second feature")
    axes.set_aspect("equal")


figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
plot_curves(left, "loss")
plot_curves(right, "accuracy")
right.legend()

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 5.2), layout="constrained")
plot_decision_boundary(left, linear, f"Linear model: test accuracy {linear_history['test accuracy'][-1]:.1%}")
plot_decision_boundary(right, relu, f"With ReLU: test accuracy {relu_history['test accuracy'][-1]:.1%}")
left.legend(loc="upper right")

plt.show()
