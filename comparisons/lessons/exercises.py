"""Exercises of linear regression: optimizers compared, early stopping, MAE and R2, a rate lowered on a plateau."""

import matplotlib.pyplot as plt
import torch
from torch import nn

X = torch.arange(0, 1, 0.02).unsqueeze(1)
y = 0.7 * X + 0.3
train_end, validation_end = int(0.70 * len(X)), int(0.85 * len(X))
X_train, y_train = X[:train_end], y[:train_end]
X_validation, y_validation = X[train_end:validation_end], y[train_end:validation_end]
X_test, y_test = X[validation_end:], y[validation_end:]

loss_function = nn.MSELoss()


def new_model():
    """A line with the same random start for every exercise."""
    torch.manual_seed(42)
    return nn.Linear(1, 1)


def train_step(model, optimizer):
    """One step on all training points; return the loss before it."""
    model.train()
    loss = loss_function(model(X_train), y_train)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def validate(model):
    """The loss on the validation points."""
    model.eval()
    with torch.no_grad():
        return loss_function(model(X_validation), y_validation).item()


# Exercise 1: other optimizers.


optimizers = {
    "SGD": lambda parameters: torch.optim.SGD(parameters, lr=0.01),
    "SGD with momentum": lambda parameters: torch.optim.SGD(parameters, lr=0.01, momentum=0.9),
    "Adam": lambda parameters: torch.optim.Adam(parameters, lr=0.01),
    "RMSprop": lambda parameters: torch.optim.RMSprop(parameters, lr=0.01),
    "Adagrad": lambda parameters: torch.optim.Adagrad(parameters, lr=0.1),
    "Adadelta": lambda parameters: torch.optim.Adadelta(parameters, lr=1.0),
}
curves = {}

print("1. Optimizers, 200 epochs each")
for name, make in optimizers.items():
    model = new_model()
    optimizer = make(model.parameters())
    curves[name] = [train_step(model, optimizer) for _ in range(200)]
    print(f"{name:17s} | train loss {curves[name][-1]:.6f} | validation loss {validate(model):.6f}")

# Exercise 2: stop when the validation loss has not improved for `patience` epochs, and go back to the best weights.

print("2. Early stopping")
model = new_model()
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
patience, improvement = 10, 1e-6
best_loss, best_epoch, best_weights = float("inf"), 0, None
early_train, early_validation = [], []
for epoch in range(500):
    early_train.append(train_step(model, optimizer))
    early_validation.append(validate(model))
    if early_validation[-1] < best_loss - improvement:
        best_loss, best_epoch = early_validation[-1], epoch
        best_weights = {name: value.clone() for name, value in model.state_dict().items()}
    elif epoch - best_epoch >= patience:
        print(f"No improvement for {patience} epochs: stopped after epoch {epoch}")
        break
print(f"Best validation loss {best_loss:.2e} at epoch {best_epoch}")
print(model.load_state_dict(best_weights))

# Exercise 3: two more measures of a fit.


def mean_absolute_error(predicted, y):
    """How far off the predictions are on average, in y's own units."""
    return (predicted - y).abs().mean().item()


def r2_score(predicted, y):
    """The share of y's variance that the predictions explain: 1 is perfect, 0 is no better than the mean."""
    unexplained = ((y - predicted) ** 2).sum()
    total = ((y - y.mean()) ** 2).sum()
    return (1 - unexplained / total).item()


print("3. The test points")
model.eval()
with torch.no_grad():
    predicted = model(X_test)
print(f"MAE {mean_absolute_error(predicted, y_test):.4f}, R2 {r2_score(predicted, y_test):.4f}")

# Exercise 4: a learning rate that is too large, halved whenever the validation loss has stopped falling.

print("4. Learning rate lowered on a plateau")
model = new_model()
optimizer = torch.optim.SGD(model.parameters(), lr=0.95)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="min", factor=0.5, patience=10)
plateau_train, rates = [], []
for epoch in range(150):
    plateau_train.append(train_step(model, optimizer))
    scheduler.step(validate(model))
    rates.append(scheduler.get_last_lr()[0])
    if epoch % 25 == 0:
        print(f"Epoch {epoch:3d} | train loss {plateau_train[-1]:.6f} | learning rate {rates[-1]:g}")

# All curves.

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(14, 4.2), layout="constrained")
for name, losses in curves.items():
    left.plot(losses, linewidth=2, label=name)
left.set_title("Optimizers")
left.set_ylabel("mean squared error")
left.set_ylim(bottom=1e-10)  # room for the legend
left.legend(loc="lower left")

middle.plot(early_train, color="tab:blue", linewidth=2, label="train")
middle.plot(early_validation, color="tab:orange", linewidth=2, label="validation")
middle.axvline(best_epoch, color="tab:red", linestyle=":", label=f"best: epoch {best_epoch}")
middle.set_title("Early stopping")
middle.legend()

right.plot(plateau_train, color="tab:blue", linewidth=2, label="train loss")
right.plot(rates, color="tab:gray", drawstyle="steps-post", label="learning rate")
right.set_title("Learning rate lowered on a plateau")
right.legend()

for axes in (left, middle, right):
    axes.set_yscale("log")
    axes.set_xlabel("epoch")
    axes.grid(alpha=0.3)
plt.show()
