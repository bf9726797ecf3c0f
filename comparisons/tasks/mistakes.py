"""Look at: what each mistake prints.  None of the first, second and fourth raises an error: the numbers alone tell.
Picture: the loss curves.  Which of the two wrong ones could be taken for a right one that is merely slow?
Exercise: a training loop with four mistakes, to be repaired.
"""

from comparisons.tasks import equal, expect

START = '''
import torch
from torch import nn


def train(model, X, y, epochs):
    """Train with SGD, a rate of 0.1 and momentum 0.9, on all points at once; the losses, as floats.

    model: gives logits.  It comes in whatever mode, is trained in train mode, and is left in eval mode.
    """
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    losses = []
    for _ in range(epochs):
        loss = nn.functional.cross_entropy(torch.softmax(model(X), dim=1), y)
        loss.backward()
        optimizer.step()
        losses.append(loss)
    return losses
'''


def data(torch):
    """Points of three classes, and a model that has a Dropout, in eval mode."""
    torch.manual_seed(3)
    y = torch.arange(60) % 3
    X = torch.randn(60, 2) + 2 * torch.stack([(y == 0).float(), (y == 1).float()], dim=1)
    layers = [torch.nn.Linear(2, 16), torch.nn.ReLU(), torch.nn.Dropout(0.2), torch.nn.Linear(16, 3)]
    return X, y, torch.nn.Sequential(*layers).eval()


def trained_rightly(torch, model, X, y, epochs):
    """The losses of the right loop, from the same start."""
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9), []
    model.train()
    for _ in range(epochs):
        loss = torch.nn.functional.cross_entropy(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def both(answer, torch, epochs):
    """The losses of the answer's loop and of the right one, and the answer's model."""
    X, y, model = data(torch)
    torch.manual_seed(4)
    got = answer.train(model, X, y, epochs)
    X, y, again = data(torch)
    torch.manual_seed(4)
    return got, trained_rightly(torch, again, X, y, epochs), model


def check_losses(answer, torch):
    """It returns a number for each epoch."""
    got, _, _ = both(answer, torch, 2)
    expect(isinstance(got, list) and len(got) == 2, "It should return a list of as many losses as epochs.")
    expect(
        all(isinstance(loss, float) for loss in got),
        "The losses should be floats. A tensor keeps the graph that it was computed by: what makes a number of it?",
    )


def check_first_loss(answer, torch):
    """The first loss is right: logits go into it, and Dropout was at work."""
    got, wanted, _ = both(answer, torch, 1)
    expect(
        abs(got[0] - wanted[0]) < 1e-5,
        f"The first loss is {got[0]:.4f}, and should be {wanted[0]:.4f}. What does cross_entropy do with what it is "
        "given, and in which mode is the model?",
    )


def check_steps(answer, torch):
    """So are those after it: each step goes by its own gradient."""
    got, wanted, _ = both(answer, torch, 10)
    expect(
        equal(torch, torch.tensor(got), torch.tensor(wanted)),
        f"The first loss is right, but after ten steps it is {got[-1]:.4f} and should be {wanted[-1]:.4f}. What is in "
        "`.grad` when the second backward() comes?",
    )


def check_mode(answer, torch):
    """The model is left in eval mode."""
    _, _, model = both(answer, torch, 2)
    expect(
        not model.training,
        "The model is left in train mode: whoever predicts with it now gets other numbers each time.",
    )
