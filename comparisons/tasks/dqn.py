"""Look at: the four lines from `said` to `loss`: what the network says a move is worth, and what it turned out to be.
Picture: what places are worth.  Why is a place beside a hole not worth -1?
Exercise: what moves turned out to be worth, and the loss.
"""

from comparisons.tasks import equal, expect, expect_tensor

START = '''
import torch


def turned_out(rewards, over, next_worth, discount):
    """What moves are worth: the reward, and discount times the best of the next place, unless the walk is over.

    rewards, over (1.0 where it is): (n,); next_worth, of each move of the next place: (n, moves).  No gradient.
    """


def said(worth, actions):
    """Of each row of worth, (n, moves), the number of the move that was made; actions: (n,).  Gradients pass."""
'''


def case(torch):
    """Rewards, ends, and what the next moves are worth."""
    next_worth = torch.tensor([[1.0, 3.0], [2.0, 0.0], [-5.0, -4.0]], requires_grad=True)
    return torch.tensor([0.5, 1.0, 0.0]), torch.tensor([0.0, 1.0, 0.0]), next_worth


def check_best(answer, torch):
    """It counts the best move of the next place."""
    rewards, over, next_worth = case(torch)
    got = answer.turned_out(rewards, over, next_worth, 0.5)
    expect_tensor(torch, got, (3,), "What moves are worth")
    expect(
        equal(torch, got[[0, 2]], torch.tensor([2.0, -2.0])),
        f"With a discount of 0.5, a reward of 0.5 and next moves worth 1 and 3 it is {got[0].item():g}; with 0 and "
        f"next moves worth -5 and -4 {got[2].item():g}.",
    )


def check_end(answer, torch):
    """Where the walk is over, there is nothing after it."""
    got = answer.turned_out(*case(torch), 0.5)
    expect(
        equal(torch, got[1], torch.tensor(1.0)), f"The walk that is over, with a reward of 1, gives {got[1].item():g}."
    )


def check_constant(answer, torch):
    """It is a constant: the network is not taught to make the next place look like this one."""
    got = answer.turned_out(*case(torch), 0.5)
    expect(not got.requires_grad, "What moves turned out to be worth has a graph: the loss would change it, too.")


def check_said(answer, torch):
    """Of what was said, the move that was made is picked, and gets the gradient alone."""
    worth = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
    got = answer.said(worth, torch.tensor([2, 0]))
    expect_tensor(torch, got, (2,), "What was said")
    expect(
        equal(torch, got.detach(), torch.tensor([3.0, 4.0])), f"Moves 2 and 0 of 1 2 3 and 4 5 6 gave {got.tolist()}."
    )
    expect(got.requires_grad, "No gradient passes through what was said: so nothing can be learned.")
    got.sum().backward()
    wanted = torch.tensor([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]])
    expect(equal(torch, worth.grad, wanted), "The gradient reaches other moves than those that were made.")
