"""Look at: `batch`, which makes one tensor of names of many lengths, and `ignore_index` in section 2.
Picture: the right figure.  Which pairs are the darkest squares, and do the names bear it out?
Exercise: the loss of names of many lengths, of which the padding is no part.
"""

from comparisons.tasks import equal, expect, expect_tensor

START = '''
import torch


def loss_of_names(logits, following, lengths):
    """The cross-entropy of a letter: the mean over all letters of all names.

    logits: (names, longest, letters).  following: (names, longest), the right letters; what stands beyond a name's
    length is any letter.  lengths: (names,).
    """
'''


def case(torch):
    """Logits, letters and lengths of three names."""
    torch.manual_seed(0)
    return torch.randn(3, 5, 4, requires_grad=True), torch.randint(4, (3, 5)), torch.tensor([5, 2, 3])


def of_each(torch, logits, following, lengths):
    """The losses of the letters of each name."""
    return [
        torch.nn.functional.cross_entropy(of_name[:n], right[:n], reduction="none")
        for of_name, right, n in zip(logits, following, lengths.tolist())
    ]


def check_padding(answer, torch):
    """What stands beyond a name's length changes nothing."""
    logits, following, lengths = case(torch)
    got = answer.loss_of_names(logits, following, lengths)
    expect_tensor(torch, got, (), "The loss")
    other = following.clone()
    other[1, 2:] = (other[1, 2:] + 1) % 4
    expect(
        equal(torch, got, answer.loss_of_names(logits, other, lengths)),
        "Another letter beyond the second name's end gives another loss. How do you tell which places are letters?",
    )


def check_value(answer, torch):
    """It is the mean over letters, so that long names count more."""
    logits, following, lengths = case(torch)
    got = answer.loss_of_names(logits, following, lengths)
    losses = of_each(torch, logits, following, lengths)
    of_names = torch.stack([each.mean() for each in losses]).mean()
    expect(not equal(torch, got, of_names), "It is the mean of the names' means. Each letter should count the same.")
    total = torch.cat(losses).sum()
    expect(not equal(torch, got, total / 15), "The sum is right, but it is divided by 15, and there are 10 letters.")
    expect(equal(torch, got, total / 10), f"It is {got.item():.4f}, and should be {(total / 10).item():.4f}.")


def check_gradient(answer, torch):
    """No gradient reaches the padding."""
    logits, following, lengths = case(torch)
    answer.loss_of_names(logits, following, lengths).backward()
    expect(logits.grad is not None, "No gradient comes back through it.")
    beyond = logits.grad[1, 2:].abs().max().item()
    expect(beyond == 0, f"A gradient of {beyond:.1e} reaches logits beyond the second name.")
    again, _, _ = case(torch)
    torch.cat(of_each(torch, again, following, lengths)).mean().backward()
    expect(equal(torch, logits.grad, again.grad), "The gradients are not those of the loss.")
