"""The same numbers: the network of 10 trained by the ladder, by minigrad and by PyTorch from the same weights.

Shows: the losses of the three in one table, and how far their weights are apart in the end.
New: nothing.  It is how minigrad itself is held to PyTorch: op by op, and step by step in whole lessons.
Ends in: minigrad.comparison.command.run_all, which compares every loss, gradient and weight of a script's steps.

Prints:

    step     ladder   minigrad      torch
       0    0.69202    0.69202    0.69202
       1    0.67866    0.67866    0.67866
       2    0.66893    0.66893    0.66893
       5    0.64475    0.64475    0.64475
      10    0.60412    0.60412    0.60412
      19    0.52674    0.52674    0.52674
    weights of minigrad and the ladder differ by less than 0.000001: True
    weights of torch and the ladder differ by less than 0.000001: True
"""

# %% Answers to 10.  `contribution = sum_to(contribution, edge.shape)` in the pass: the bias was broadcast, so the
# gradients of its copies are added up.  Without relu accuracy ends at 52.0%: two linear layers are one straight line.

from importlib import import_module
from importlib.util import find_spec

import numpy as np

layers = import_module("10_layers")
rng = np.random.default_rng(1)
X = rng.normal(size=(100, 2)).astype(np.float32)
y = (X[:, :1] * X[:, 1:] > 0).astype(np.float32)  # whether both are on the same side of 0: no straight line tells
STEPS = 20

# %% 1. The ladder.  Its losses, and the weights before and after.


def train_ladder():
    """The losses of all steps, the first weights, the last weights."""
    model = layers.Network(np.random.default_rng(2))
    optimizer = layers.SGD(model.parameters(), lr=0.5)
    losses, first = [], [p.array.copy() for p in model.parameters()]
    for _ in range(STEPS):
        loss = layers.binary_cross_entropy_with_logits(model(layers.Tensor(X)), layers.Tensor(y))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.array))
    return losses, first, [p.array for p in model.parameters()]


# %% 2. PyTorch, or minigrad: one program, for it is given the library.


def train(torch, first):
    """The losses of all steps, and the last weights, from the given first ones."""
    model = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
    with torch.no_grad():
        for p, array in zip(model.parameters(), first):
            p.copy_(torch.tensor(array))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    loss_function = torch.nn.BCEWithLogitsLoss()
    losses, inputs, targets = [], torch.tensor(X), torch.tensor(y)
    for _ in range(STEPS):
        loss = loss_function(model(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, [p.detach().numpy() for p in model.parameters()]


# %% 3. The table.  What is not installed has no column.

losses, first, weights = train_ladder()
columns, ends = {"ladder": losses}, {}
for name in ("minigrad", "torch"):
    if find_spec(name) is not None:
        columns[name], ends[name] = train(import_module(name), first)
print("step" + "".join(f"{name:>11}" for name in columns))
for step in (0, 1, 2, 5, 10, 19):
    print(f"{step:4}" + "".join(f"{column[step]:11.5f}" for column in columns.values()))
for name, end in ends.items():
    apart = max(abs(ours - theirs).max() for ours, theirs in zip(weights, end))
    print(f"weights of {name} and the ladder differ by less than 0.000001: {apart < 1e-6}")

# %% Question: the last bits differ all the same.  Ladder and minigrad compute by the same formulas: what may differ?
#
# Break it: in `relu_da` of 10, write `out >= 0`, so that every gradient passes.  In which row does one see it first?
