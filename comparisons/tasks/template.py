"""Look at: sections 4 and 5, what goes into the checkpoint and in which order it is taken out again.
Picture: the right figure.  What does the loss do where the learning rate falls, and what would it do without?
Exercise: save a training, and go on with it as if nothing had happened.
"""

import tempfile
from pathlib import Path

from comparisons.tasks import equal, expect

START = '''
import torch


def save(path, model, optimizer, epoch):
    """Write all that is needed to go on after this epoch."""


def resume(path, model, optimizer):
    """Put what was saved into a new model and a new optimizer; return the epoch."""
'''


def new(torch):
    """A model and its optimizer, which has momentum, and lowers no rate by itself."""
    model = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.BatchNorm1d(8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
    return model, torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)


def train(torch, model, optimizer, steps):
    """Some steps on the same points."""
    generator = torch.Generator().manual_seed(5)
    X = torch.randn(32, 3, generator=generator)
    y = X.sum(dim=1, keepdim=True)
    model.train()
    for _ in range(steps):
        loss = torch.nn.functional.mse_loss(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def interrupted(answer, torch):
    """A training of 5 steps, and another that was resumed from it: (model, optimizer), (model, optimizer), epoch."""
    torch.manual_seed(6)
    model, optimizer = new(torch)
    train(torch, model, optimizer, 5)
    optimizer.param_groups[0]["lr"] = 0.01  # as a scheduler does it
    resumed, its_optimizer = new(torch)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "checkpoint.pth"
        answer.save(path, model, optimizer, 5)
        expect(path.is_file(), "save wrote no file at the path that it was given.")
        epoch = answer.resume(path, resumed, its_optimizer)
    return (model, optimizer), (resumed, its_optimizer), epoch


def check_epoch(answer, torch):
    """The epoch is read back."""
    *_, epoch = interrupted(answer, torch)
    expect(epoch == 5, f"resume returned {epoch!r}, and 5 was saved.")


def check_weights(answer, torch):
    """The new model has the weights of the saved one, and what BatchNorm had averaged."""
    (model, _), (resumed, _), _ = interrupted(answer, torch)
    wanted = model.state_dict()
    for name, value in resumed.state_dict().items():
        expect(
            equal(torch, value.float(), wanted[name].float()),
            f"`{name}` of the resumed model is not what was saved. Which method of a module gives all that it knows?",
        )


def check_steps(answer, torch):
    """Three more steps of both give the same weights."""
    first, second, _ = interrupted(answer, torch)
    train(torch, *first, 3)
    train(torch, *second, 3)
    for (name, p), q in zip(first[0].named_parameters(), second[0].parameters()):
        expect(
            equal(torch, p, q, 1e-6),
            f"The weights were the same, but three steps later `{name}` differs. What else has changed since the "
            "training began, and who knows it?",
        )
