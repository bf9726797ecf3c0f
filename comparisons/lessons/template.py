"""The complete template: batches, validation, schedulers, best model, early stopping, checkpoint and resume."""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn, optim
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(42)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
folder = tempfile.TemporaryDirectory()
best_file, checkpoint_file = Path(folder.name) / "best.pth", Path(folder.name) / "checkpoint.pth"

# 1. The data: 1797 handwritten digits of 8 x 8 pixels, 60% to train, 20% to validate, 20% to test.

images, digits = load_digits(return_X_y=True)
X, y = torch.FloatTensor(images) / 16, torch.LongTensor(digits)
X_train, X_rest, y_train, y_rest = train_test_split(X, y, test_size=0.4, random_state=42, stratify=y)
X_validation, X_test, y_validation, y_test = train_test_split(
    X_rest, y_rest, test_size=0.5, random_state=42, stratify=y_rest
)
train_loader = DataLoader(TensorDataset(X_train, y_train), batch_size=32, shuffle=True)
validation_loader = DataLoader(TensorDataset(X_validation, y_validation), batch_size=128)
test_loader = DataLoader(TensorDataset(X_test, y_test), batch_size=128)
print(f"{len(train_loader.dataset)} digits to train, in {len(train_loader)} batches")

# 2. The model, the loss, the optimizer.  For other tasks: BCEWithLogitsLoss for yes or no (and for several
#    labels at once), MSELoss or L1Loss for a number.


def new_model():
    """A classifier of 64 pixels into 10 digits; BatchNorm has a bias of its own, so the layer before needs none."""
    return nn.Sequential(
        nn.Linear(64, 64, bias=False), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 10)
    ).to(device)


model = new_model()
print(model)
loss_function = nn.CrossEntropyLoss()
optimizer = optim.Adam(model.parameters(), lr=0.001)
scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=10, gamma=0.1)

# 3. One pass over the data to train, one to validate.


def train_one_epoch(model, optimizer):
    """Train on every batch once; return the mean loss."""
    model.train()
    total = 0.0
    for inputs, targets in train_loader:
        inputs, targets = inputs.to(device), targets.to(device)
        loss = loss_function(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(inputs)
    return total / len(train_loader.dataset)


def evaluate(model, loader):
    """The mean loss and the accuracy on data that the model does not learn from."""
    model.eval()
    total, correct = 0.0, 0
    with torch.no_grad():
        for inputs, targets in loader:
            inputs, targets = inputs.to(device), targets.to(device)
            logits = model(inputs)
            total += loss_function(logits, targets).item() * len(inputs)
            correct += (logits.argmax(dim=1) == targets).sum().item()
    return total / len(loader.dataset), correct / len(loader.dataset)


# 4. The loop: keep the best model, lower the learning rate every 10 epochs, stop when nothing improves.

epochs, patience = 30, 5
best_loss, epochs_without_improvement = float("inf"), 0
history = {"train loss": [], "validation loss": [], "validation accuracy": [], "learning rate": []}

for epoch in range(1, epochs + 1):
    history["learning rate"].append(scheduler.get_last_lr()[0])
    train_loss = train_one_epoch(model, optimizer)
    validation_loss, accuracy = evaluate(model, validation_loader)
    scheduler.step()
    history["train loss"].append(train_loss)
    history["validation loss"].append(validation_loss)
    history["validation accuracy"].append(accuracy)
    print(
        f"Epoch {epoch:2d} | train loss {train_loss:.4f} | validation loss {validation_loss:.4f} | "
        f"accuracy {accuracy:.2%} | learning rate {history['learning rate'][-1]:g}"
    )

    if epoch == 8:
        torch.save(
            {
                "epoch": epoch,
                "model_state_dict": model.state_dict(),
                "optimizer_state_dict": optimizer.state_dict(),
                "scheduler_state_dict": scheduler.state_dict(),
                "loss": validation_loss,
            },
            checkpoint_file,
        )
    if validation_loss < best_loss:
        best_loss, epochs_without_improvement = validation_loss, 0
        torch.save(model.state_dict(), best_file)
    else:
        epochs_without_improvement += 1
        if epochs_without_improvement == patience:
            print(f"No improvement for {patience} epochs: stopped early")
            break

model.load_state_dict(torch.load(best_file, weights_only=True))
test_loss, accuracy = evaluate(model, test_loader)
print(f"Best model: test loss {test_loss:.4f}, accuracy {accuracy:.2%}")

# 5. Go on from the checkpoint in a new model, this time with a learning rate lowered on a plateau.

checkpoint = torch.load(checkpoint_file, weights_only=True)
resumed = new_model()
resumed.load_state_dict(checkpoint["model_state_dict"])
resumed_optimizer = optim.Adam(resumed.parameters(), lr=0.001)
resumed_optimizer.load_state_dict(checkpoint["optimizer_state_dict"])
plateau = optim.lr_scheduler.ReduceLROnPlateau(resumed_optimizer, mode="min", factor=0.1, patience=2)
print(f"Resumed after epoch {checkpoint['epoch']}, validation loss {checkpoint['loss']:.4f}")
for epoch in range(checkpoint["epoch"] + 1, checkpoint["epoch"] + 7):
    train_loss = train_one_epoch(resumed, resumed_optimizer)
    validation_loss, accuracy = evaluate(resumed, validation_loader)
    plateau.step(validation_loss)
    print(
        f"Epoch {epoch:2d} | train loss {train_loss:.4f} | validation loss {validation_loss:.4f} | "
        f"accuracy {accuracy:.2%} | learning rate {plateau.get_last_lr()[0]:g}"
    )

# 6. A whole model can be saved too; loading one runs what the file says, so it must be a file of your own.

whole_file = Path(folder.name) / "model.pth"
torch.save(resumed, whole_file)
reloaded = torch.load(whole_file, weights_only=False)
with torch.no_grad():
    resumed.eval()
    reloaded.eval()
    same = torch.equal(resumed(X_test.to(device)), reloaded(X_test.to(device)))
print(f"The reloaded model gives the same logits: {same}")

# 7. The plots.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
numbers = range(1, len(history["train loss"]) + 1)
left.plot(numbers, history["train loss"], color="tab:blue", linewidth=2, label="train")
left.plot(numbers, history["validation loss"], color="tab:orange", linewidth=2, label="validation")
left.axvline(8, color="tab:gray", linestyle=":", label="checkpoint")
left.set_title("Digits: loss")
left.set_ylabel("cross-entropy")
left.legend()
right.plot(numbers, history["validation accuracy"], color="tab:green", linewidth=2, label="validation accuracy")
right.set_title("Digits: accuracy and learning rate")
right.set_ylabel("accuracy")
rates = right.twinx()
rates.plot(numbers, history["learning rate"], color="tab:gray", drawstyle="steps-mid", label="learning rate")
rates.set_yscale("log")
rates.set_ylabel("learning rate")
for axes in (left, right):
    axes.set_xlabel("epoch")
    axes.grid(alpha=0.3)
(accuracy_line,), _ = right.get_legend_handles_labels()
(rate_line,), _ = rates.get_legend_handles_labels()
right.legend(handles=[accuracy_line, rate_line], loc="lower center")
plt.show()
