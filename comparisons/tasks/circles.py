"""Look at: section 3.  The model gives logits, numbers of any size, and the loss takes them as they are.
Picture: the two decision boundaries.  How many straight pieces does the right one have, at most, with 8 hidden units?
Exercise: the loss by hand, binary cross-entropy of logits, finite also for a logit of 1000.
"""

from comparisons.tasks import equal, expect, expect_derivative, expect_tensor, expect_without

START = '''
import torch


def loss_of_logits(logits, y):
    """The mean of -log(p) where y is 1 and of -log(1 - p) where y is 0, with p = sigmoid(logits).

    Not by binary_cross_entropy or logsigmoid, with or without logits.
    """
'''


def check_by_hand(answer, _torch):
    """It is written by hand."""
    expect_without(answer, "binary_cross_entropy", "BCE", "logsigmoid")


def check_value(answer, torch):
    """Its values are those of BCEWithLogitsLoss."""
    torch.manual_seed(0)
    logits, y = torch.randn(20) * 3, (torch.rand(20) > 0.5).float()
    got = answer.loss_of_logits(logits, y)
    expect_tensor(torch, got, (), "The loss")
    wanted = torch.nn.functional.binary_cross_entropy_with_logits(logits, y)
    expect(not equal(torch, got, 20 * wanted), "It is 20 times too large for 20 points: the mean is asked for.")
    expect(not equal(torch, got, -wanted), "It is negative: the logarithm of a probability is below 0.")
    mixed = torch.nn.functional.binary_cross_entropy_with_logits(logits, 1 - y)
    expect(not equal(torch, got, mixed), "It is small where the model is wrong. For which y is p to be large?")
    expect(equal(torch, got, wanted), f"It is {got.item():.4f} where BCEWithLogitsLoss gives {wanted.item():.4f}.")


def check_large(answer, torch):
    """It is right for logits of 1000 and -1000, where sigmoid gives exactly 1 and 0."""
    logits, y = torch.tensor([1000.0, -1000.0, 1000.0, -1000.0]), torch.tensor([1.0, 0.0, 0.0, 1.0])
    got = answer.loss_of_logits(logits, y).item()
    expect(
        abs(got - 500) < 0.01,
        f"It is {got} for logits of 1000 and -1000, of which half are right, and should be 500. Put sigmoid into the "
        "logarithm and simplify on paper before you compute; then look for e to the power of a large number.",
    )


def check_gradient(answer, torch):
    """Its gradient agrees with finite differences."""
    torch.manual_seed(1)
    logits = torch.randn(6, dtype=torch.float64, requires_grad=True)
    y = (torch.arange(6) % 2).double()
    hint = "Its gradient does not agree with finite differences. Is everything computed by torch, from the logits?"
    expect_derivative(torch, lambda logits: answer.loss_of_logits(logits, y), (logits,), hint)


def check_training(answer, torch):
    """A network trained with it tells two rings apart."""
    torch.manual_seed(0)
    angles, y = torch.rand(200) * 6.2832, (torch.arange(200) % 2).float()
    X = torch.stack([angles.cos(), angles.sin()], dim=1) * (1 - 0.5 * y).unsqueeze(1)
    model = torch.nn.Sequential(torch.nn.Linear(2, 16), torch.nn.ReLU(), torch.nn.Linear(16, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(100):
        loss = answer.loss_of_logits(model(X).squeeze(1), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    accuracy = ((model(X).squeeze(1) > 0).float() == y).float().mean().item()
    expect(accuracy > 0.97, f"Trained with it, a network names {accuracy:.0%} of the points rightly.")
