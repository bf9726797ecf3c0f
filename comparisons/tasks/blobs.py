"""Look at: sections 3 and 4.  CrossEntropyLoss takes the logits and the number of the right class of each point.
Picture: the decision regions.  Along which lines does the model hesitate, and what are its probabilities there?
Exercise: the gradient of the cross-entropy by the logits, by hand: what comes first in every backward pass of a
classifier.
"""

from comparisons.tasks import equal, expect, expect_tensor, factor

START = '''
import torch


def gradient(logits, y):
    """d loss / d logits, for the loss that cross_entropy(logits, y) gives.  logits: (n, classes), y: (n,) classes."""
'''


def case(torch, n=6, classes=4):
    """Logits, classes, and the gradient."""
    torch.manual_seed(n)
    logits = (2 * torch.randn(n, classes)).requires_grad_()
    y = torch.arange(n) % classes
    torch.nn.functional.cross_entropy(logits, y).backward()
    return logits.detach(), y, logits.grad


def check_sums(answer, torch):
    """In each row it sums to 0: what one class gains, the others lose."""
    logits, y, _ = case(torch)
    with torch.no_grad():
        got = answer.gradient(logits, y)
    expect_tensor(torch, got, (6, 4), "The gradient")
    sums = got.sum(dim=1)
    expect(
        equal(torch, sums, torch.zeros(6)),
        f"Its rows sum to {sums[0].item():.4f}, {sums[1].item():.4f}, ... If all logits of a point grow by 1, the loss "
        "stays: so what is the sum of its gradients?",
    )


def check_values(answer, torch):
    """Its values are those of autograd."""
    for n in (6, 9):
        logits, y, wanted = case(torch, n)
        with torch.no_grad():
            got = answer.gradient(logits, y)
        k = factor(torch, got, wanted)
        expect(
            k is None or abs(k - n) > 1e-3,
            f"It is {n} times too large, for {n} points. Is it that of the sum, or of the mean?",
        )
        expect(k is None or abs(k + 1) > 1e-3, "It has the wrong sign. Should the right class's logit grow or shrink?")
        expect(
            equal(torch, got, wanted),
            "It is not that of autograd. Take one point and two classes: how does the loss depend on the two "
            "probabilities, and they on the two logits?",
        )


def check_large(answer, torch):
    """It is finite for logits of 1000."""
    got = answer.gradient(torch.tensor([[1000.0, 0.0, -1000.0]]), torch.tensor([1]))
    wanted = torch.tensor([[1.0, -1.0, 0.0]])
    expect(equal(torch, got, wanted), "For logits of 1000, 0 and -1000 it overflows: which function of torch does not?")
