"""Look at: section 3, `to_come` and `usual`: a move is judged by what came after it, and beside what is usual.
Picture: the arrows.  From some places several ways are equally short: which does it take, and does it matter?
Exercise: what each move was followed by, and the loss that makes good moves more probable.
"""

from comparisons.tasks import equal, expect, expect_tensor

START = '''
import torch


def to_come(rewards, discount):
    """For each step the rewards from it on: its own, discount times the next, discount ** 2 times the one after ...

    rewards: (steps, walks) -> the same shape.
    """


def loss(log_probabilities, returns):
    """Its gradient makes moves more probable that were followed by more than the mean of all returns.

    Both: (steps, walks).  The sum over steps, the mean over walks.
    """
'''


def check_order(answer, torch):
    """Without a discount it is the sum from each step on."""
    rewards = torch.tensor([[1.0, 0.0], [2.0, 0.0], [3.0, 5.0]])
    got = answer.to_come(rewards, 1.0)
    expect_tensor(torch, got, (3, 2), "What is to come")
    expect(not equal(torch, got, rewards.cumsum(0)), "It is what came before, and should be what comes after.")
    expect(
        equal(torch, got, torch.tensor([[6.0, 5.0], [5.0, 5.0], [3.0, 5.0]])),
        f"Of the rewards 1, 2, 3 it is {got[:, 0].tolist()}: with a discount of 1, what comes from the first step on?",
    )


def check_discount(answer, torch):
    """A reward that comes later counts less."""
    got = answer.to_come(torch.tensor([[0.0], [0.0], [8.0]]), 0.5)[:, 0]
    expect(
        equal(torch, got, torch.tensor([2.0, 4.0, 8.0])),
        f"A reward of 8 in two steps, at a discount of 0.5, gives {got.tolist()} in place of 2, 4, 8.",
    )


def check_direction(answer, torch):
    """Moves that were followed by more than usual become more probable, others less."""
    log_probabilities = torch.full((2, 2), -1.0, requires_grad=True)
    got = answer.loss(log_probabilities, torch.tensor([[1.0, 3.0], [1.0, 3.0]]))
    expect_tensor(torch, got, (), "The loss")
    got.backward()
    g = log_probabilities.grad
    expect(g is not None, "No gradient reaches the probabilities.")
    expect(
        bool((g[:, 1] < 0).all()),
        "The gradient by a good move's log-probability is not below 0: a step goes against it.",
    )
    expect(
        bool((g[:, 0] > 0).all()),
        "Moves with a return of 1, where the mean is 2, should become less probable: compare with what is usual.",
    )


def check_value(answer, torch):
    """Its gradient is right."""
    torch.manual_seed(7)
    log_probabilities, returns = torch.randn(3, 4, requires_grad=True), torch.randn(3, 4)
    answer.loss(log_probabilities, returns).backward()
    expect(
        equal(torch, log_probabilities.grad, -(returns - returns.mean()) / 4),
        "Its size is not right: the sum over steps, and the mean over how many walks?",
    )
