"""Four common mistakes: each runs beside the right way, and shows what goes wrong."""

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

images, digits = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(
    torch.FloatTensor(images) / 16, torch.LongTensor(digits), test_size=0.25, random_state=42, stratify=digits
)
loss_function = nn.CrossEntropyLoss()
epochs = 60


def new_model(*extra_layers):
    """The same random start every time."""
    torch.manual_seed(42)
    return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 10), *extra_layers)


def accuracy(model):
    """The share of test digits that the model names rightly, in the mode that it is in."""
    with torch.no_grad():
        return (model(X_test).argmax(dim=1) == y_test).float().mean().item()


def train(model, zero_grad=True):
    """Train on all digits at once; return the losses."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for _ in range(epochs):
        model.train()
        loss = loss_function(model(X_train), y_train)
        if zero_grad:
            optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


curves = {}
right = new_model()
curves["the right way"] = train(right)
right.eval()
print(f"The right way: loss {curves['the right way'][-1]:.4f}, accuracy {accuracy(right):.2%}")

# Mistake 1: no zero_grad.  `backward()` adds to the gradients, so each step follows the sum of all before it.

model = new_model()
curves["no zero_grad"] = train(model, zero_grad=False)
model.eval()
print(f"1. No zero_grad: loss {curves['no zero_grad'][-1]:.4f}, accuracy {accuracy(model):.2%}")
x = torch.tensor(3.0, requires_grad=True)
for time in ("first", "second", "third"):
    (x * x).backward()
    print(f"   gradient of x * x at 3 after the {time} backward: {x.grad}")

# Mistake 2: no eval().  Dropout goes on throwing numbers away, so that predictions are worse, and random.

right.train()
predictions = [right(X_test).argmax(dim=1) for _ in range(2)]
changed = (predictions[0] != predictions[1]).sum().item()
print(f"2. No eval(): accuracy {accuracy(right):.2%}; {changed} of {len(X_test)} predictions differ when asked again")
right.eval()
predictions = [right(X_test).argmax(dim=1) for _ in range(2)]
changed = (predictions[0] != predictions[1]).sum().item()
print(f"   With eval(): accuracy {accuracy(right):.2%}; {changed} differ")

# Mistake 3: the data on another device than the model.

if torch.cuda.is_available():
    try:
        right.to("cuda")(X_test)
    except RuntimeError as error:
        print(f"3. Data on another device: {type(error).__name__}")
    print(f"   With X_test.to('cuda'): {len(right(X_test.to('cuda')))} predictions")
    right.to("cpu")
else:
    print("3. Data on another device: this machine has only one, the CPU, so nothing can go wrong here")

# Mistake 4: softmax before CrossEntropyLoss, which takes logits and has a softmax of its own.

model = new_model(nn.Softmax(dim=1))
curves["softmax twice"] = train(model)
model.eval()
print(f"4. Softmax before CrossEntropyLoss: loss {curves['softmax twice'][-1]:.4f}, accuracy {accuracy(model):.2%}")
certain = torch.eye(10)[:1]
print(f"   the loss of a wholly certain, right answer is then {loss_function(certain, torch.tensor([0])).item():.4f}")

plt.figure(figsize=(7, 4.5), layout="constrained")
for (name, losses), colour in zip(curves.items(), ["tab:green", "tab:red", "tab:orange"], strict=True):
    plt.plot(losses, color=colour, linewidth=2, label=name)
plt.yscale("log")
plt.title("What two of the mistakes do to the loss")
plt.xlabel("epoch")
plt.ylabel("cross-entropy")
plt.xlim(0, epochs - 1)
plt.legend()
plt.grid(alpha=0.3)
plt.show()
