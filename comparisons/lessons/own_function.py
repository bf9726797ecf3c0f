"""An op of one's own: weights of -1 and +1 alone, which train because the op's backward looks the other way."""

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn

torch.manual_seed(1)

# 1. Two ops.  The first has an honest derivative, which gradcheck compares with finite differences.


class Cube(torch.autograd.Function):
    """x ** 3 and its derivative."""

    @staticmethod
    def forward(ctx, x):
        """The value; what backward needs is saved."""
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, grad_output):
        """The gradient of x, from that of the value."""
        (x,) = ctx.saved_tensors
        return grad_output * 3 * x**2


points = torch.tensor([-1.0, 0.5, 2.0], dtype=torch.float64, requires_grad=True)
print(f"Cube: gradcheck {torch.autograd.gradcheck(Cube.apply, (points,))}")


class Sign(torch.autograd.Function):
    """-1 or +1.  The true derivative is 0, and nothing would learn: so the gradient passes as if nothing was done."""

    @staticmethod
    def forward(ctx, x):
        """The sign, and +1 for 0."""
        ctx.save_for_backward(x)
        return torch.where(x < 0, -1.0, 1.0)

    @staticmethod
    def backward(ctx, grad_output):
        """The gradient itself, but none for a weight that is beyond -1 or 1 already."""
        (x,) = ctx.saved_tensors
        return grad_output * (x.abs() <= 1)


# 2. The data: digits of 64 pixels.

pixels, digits = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(pixels / 16, digits, test_size=0.25, random_state=42)
X_train, X_test = torch.FloatTensor(X_train), torch.FloatTensor(X_test)
y_train, y_test = torch.LongTensor(y_train), torch.LongTensor(y_test)

# 3. The model: the layers keep ordinary weights, which are changed little by little, and use their signs.


class SignLinear(nn.Linear):
    """A linear layer that multiplies by the signs of its weights."""

    def forward(self, x):
        """x: (N, in) -> (N, out)."""
        return F.linear(x, Sign.apply(self.weight), self.bias) / self.in_features**0.5


def network(layer):
    """64-128-10 with layers of a kind."""
    torch.manual_seed(1)
    return nn.Sequential(layer(64, 128), nn.ReLU(), layer(128, 10))


# 4. The training loop, for the two kinds.


def trained(model, epochs=120):
    """The losses, and the accuracy on the test images after each step."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9)
    losses, accuracies = [], []
    for _ in range(epochs):
        loss = F.cross_entropy(model(X_train), y_train)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        with torch.no_grad():
            accuracies.append((model(X_test).argmax(1) == y_test).float().mean().item())
    return losses, accuracies


results, models = {}, {"weights": network(nn.Linear), "signs": network(SignLinear)}
for name, model in models.items():
    results[name] = trained(model)
    losses, accuracies = results[name]
    print(f"With {name}: loss {losses[0]:.4f} -> {losses[-1]:.4f}, accuracy {accuracies[-1]:.4f}")
signs = Sign.apply(models["signs"][0].weight).detach()
print(f"The first layer's weights: {signs.unique().tolist()}")

# 5. The plots.

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
for (name, (losses, accuracies)), colour in zip(results.items(), ["tab:blue", "tab:orange"]):
    left.plot(losses, color=colour, linewidth=2, label=name)
    right.plot(accuracies, color=colour, linewidth=2, label=name)
left.set(title="Loss", xlabel="step", ylabel="cross-entropy")
right.set(title="Accuracy on the test images", xlabel="step", ylim=(0, 1))
for axes in (left, right):
    axes.grid(alpha=0.3)
    axes.legend()

figure, places = plt.subplots(2, 8, figsize=(8, 2.4), layout="constrained")
for axes, unit in zip(places.flat, signs):
    axes.imshow(unit.reshape(8, 8), cmap="gray", vmin=-1, vmax=1)
    axes.axis("off")
figure.suptitle("What sixteen hidden units look for: black -1, white +1")
plt.show()
