"""Look at: section 2.  The three runs have the same start, data and loop, and differ in one number.
Picture: the curves.  With 0.001 and 0.01 those of training are straight lines on this scale: what does that say about
the factor by which the loss shrinks in each step?
Exercise: the largest learning rate with which gradient descent does not run away, for a line through 0.
"""

from comparisons.tasks import expect

START = '''
def largest_rate(X):
    """The learning rate above which ((weight * X - y) ** 2).mean() grows from step to step.  X: (n, 1)."""
'''


def distance(torch, X, learning_rate, steps=300):
    """How far from the right weight gradient descent ends, which began 1 away from it."""
    weight, y = torch.tensor(1.0), 2 * X
    for _ in range(steps):
        weight = weight - learning_rate * (2 * X * (weight * X - y)).mean()
    return abs(weight.item() - 2)


def check_rate(answer, torch):
    """With 95 % of the rate the weight arrives, with 105 % it runs away, for three sets of points."""
    for X in (torch.linspace(0, 1, 50), torch.linspace(-3, 3, 20), torch.tensor([10.0, 0.1])):
        X = X.unsqueeze(1)
        rate = float(answer.largest_rate(X))
        expect(rate > 0, "A learning rate is above 0.")
        scale = f"the points between {X.min().item():g} and {X.max().item():g}"
        expect(
            distance(torch, X, 0.95 * rate) < 1e-3,
            f"Too large for {scale}: with 95 % of it the weight does not arrive. Write one step down: by which number "
            "is the distance of the weight from the right one multiplied? Which numbers make it shrink?",
        )
        expect(
            not distance(torch, X, 1.05 * rate) < 1,
            f"Too small for {scale}: with 105 % of it the weight still arrives. May a step go beyond the right weight, "
            "and the next one come back?",
        )
