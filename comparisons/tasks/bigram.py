"""Look at: sections 2 and 3, two ways to one table: counting pairs, and gradient descent on their loss.
Picture: the two tables.  Where do they differ most, and how often does that letter come?
Exercise: count the pairs, and say how surprising words are.
"""

from comparisons.tasks import equal, expect, expect_tensor

START = '''
import torch


def table(words, letters):
    """Row a, column b: the probability that b follows a.  letters: a string that begins with ".".

    "." stands before and after each word.  Each pair counts once more than it comes, so that none is impossible.
    """


def loss(words, letters, probabilities):
    """The mean of -log(probability) over all pairs of all words, by such a table."""
'''
WORDS = ["ab", "ab", "b"]


def check_rows(answer, torch):
    """Each row sums to 1."""
    got = answer.table(WORDS, ".ab")
    expect_tensor(torch, got, (3, 3), "The table")
    sums = got.sum(dim=1)
    expect(equal(torch, sums, torch.ones(3)), f"Its rows sum to {[round(x, 3) for x in sums.tolist()]}.")


def wanted(torch, flipped=False):
    """The right table of WORDS; flipped: what it is with the second letter of a pair as the row."""
    counts = torch.tensor([[0.0, 2.0, 1.0], [0.0, 0.0, 2.0], [3.0, 0.0, 0.0]]) + 1
    counts = counts.T if flipped else counts
    return counts / counts.sum(1, keepdim=True)


def check_counts(answer, torch):
    """Its probabilities are those of the pairs."""
    got = answer.table(WORDS, ".ab")
    expect(
        not equal(torch, got, wanted(torch, flipped=True)),
        "Rows and columns are the wrong way around: the first letter of a pair is the row.",
    )
    for row, letter in ((1, "a"), (0, "."), (2, "b")):
        shown = [round(x, 3) for x in got[row].tolist()]
        hint = f'Row "{letter}" of the words ab, ab, b is {shown}. Write down all their pairs, and one more of each.'
        expect(equal(torch, got[row], wanted(torch)[row]), hint)


def check_loss(answer, torch):
    """The loss is the mean over pairs."""
    got = torch.as_tensor(answer.loss(["ab"], ".ab", wanted(torch)))
    right = -(wanted(torch)[[0, 1, 2], [1, 2, 0]]).log()
    expect(not equal(torch, got, right.sum()), "It is the sum. A long word is no more surprising than a short one.")
    expect(not equal(torch, got, -right.mean()), "It is negative. Of what number between 0 and 1 is the logarithm?")
    expect(equal(torch, got, right.mean()), f"Of ab it is {got.item():.4f}, and should be {right.mean().item():.4f}.")
    two = torch.as_tensor(answer.loss(["ab", ""], ".ab", wanted(torch)))
    with_empty = (right.sum() - wanted(torch)[0, 0].log()) / 4
    expect(equal(torch, two, with_empty), "Of two words it is not the mean over all their pairs.")
