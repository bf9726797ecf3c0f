"""Linear regression: a straight line through 50 points, MSE, SGD, 100 epochs; then a larger rate, until it fits."""

import matplotlib.pyplot as plt
import torch
from torch import nn

# 1. The data: points on the line y = 0.7 x + 0.3, in order: 70% to train, 15% to validate, 15% to test.

weight, bias = 0.7, 0.3
X = torch.arange(0, 1, 0.02).unsqueeze(1)
y = weight * X + bias

train_end, validation_end = int(0.70 * len(X)), int(0.85 * len(X))
X_train, y_train = X[:train_end], y[:train_end]
X_validation, y_validation = X[train_end:validation_end], y[train_end:validation_end]
X_test, y_test = X[validation_end:], y[validation_end:]
print(f"{len(X_train)} points to train, {len(X_validation)} to validate, {len(X_test)} to test")


# 2. The model: one weight and one bias, both random at first.


class LinearRegression(nn.Module):
    """A line with a slope (`weight`) and a height at zero (`bias`)."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(1))
        self.bias = nn.Parameter(torch.randn(1))

    def forward(self, x):
        """The height of the line at each x."""
        return self.weight * x + self.bias


torch.manual_seed(42)
model = LinearRegression()
print(f"Before training: weight {model.weight.item():.4f}, bias {model.bias.item():.4f}")

# 3. The loss to make small.

loss_function = nn.MSELoss()

# 4. The training loop, with the optimizer that makes the loss small.


def evaluate(model, X, y):
    """The loss on data that the model does not learn from."""
    model.eval()
    with torch.no_grad():
        return loss_function(model(X), y).item()


def train(learning_rate, epochs):
    """Train the model; return its losses of every epoch, on the points to train and to validate."""
    optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)
    train_losses, validation_losses = [], []
    for epoch in range(epochs):
        model.train()
        prediction = model(X_train)
        loss = loss_function(prediction, y_train)

        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

        train_losses.append(loss.item())
        validation_losses.append(evaluate(model, X_validation, y_validation))
        if epoch % (epochs // 5) == 0:
            validation_loss = validation_losses[-1]
            print(f"Epoch {epoch:3d} | train loss {loss.item():.4f} | validation loss {validation_loss:.4f}")
    return train_losses, validation_losses


def show_predictions():
    """What the model predicts for new points, and where the line through them lies."""
    print(f"weight {model.weight.item():.4f}, bias {model.bias.item():.4f}")
    print(f"Test loss {evaluate(model, X_test, y_test):.4f}")
    with torch.no_grad():
        y_new = model(X_new)
        fitted = model(X)
    for x, predicted in zip(X_new, y_new, strict=True):
        print(f"At x = {x.item():.2f}: predicted {predicted.item():.4f}, true {weight * x.item() + bias:.4f}")
    return y_new, fitted


X_new = torch.tensor([[0.25], [0.50], [0.75]])
epochs = 100
train_losses, validation_losses = train(0.01, epochs)
print("After 100 epochs with a learning rate of 0.01:", end=" ")
_, too_early = show_predictions()

# 5. The line does not fit yet: it is still falling.  It goes on with larger steps.

more_epochs = 200
more_train_losses, more_validation_losses = train(0.5, more_epochs)
print("After 200 more with 0.5:", end=" ")
y_new, fitted = show_predictions()

# 6. The plots.

plt.figure(figsize=(7, 4.5), layout="constrained")
plt.plot(train_losses + more_train_losses, color="tab:blue", linewidth=2, label="train")
plt.plot(validation_losses + more_validation_losses, color="tab:orange", linewidth=2, label="validation")
plt.axvline(epochs, color="tab:gray", linestyle=":", label="larger learning rate")
plt.title("Linear regression: loss")
plt.xlabel("epoch")
plt.ylabel("mean squared error")
plt.xlim(0, epochs + more_epochs - 1)
plt.yscale("log")
plt.legend()
plt.grid(alpha=0.3)

plt.figure(figsize=(8, 4.5), layout="constrained")
plt.scatter(X_train, y_train, s=18, color="tab:blue", label="train")
plt.scatter(X_validation, y_validation, s=18, color="tab:orange", label="validation")
plt.scatter(X_test, y_test, s=18, color="tab:green", label="test")
plt.plot(X, too_early, color="tab:red", linewidth=1, linestyle=":", label=f"line after {epochs} epochs")
plt.plot(X, fitted, color="tab:red", linewidth=2, label=f"fitted line, {more_epochs} epochs later")
plt.scatter(X_new, y_new, s=80, marker="X", color="tab:red", edgecolor="white", zorder=3, label="predictions")
plt.title(f"Fitted line: weight {model.weight.item():.3f}, bias {model.bias.item():.3f}")
plt.xlabel("x")
plt.ylabel("y")
plt.legend()
plt.grid(alpha=0.3)

plt.show()
