"""Look at: the shapes of the images after each layer of the network, and where most of its weights are.
Picture: that of the comparison, for the lesson draws none.  Why is the loss of a batch so much rougher than that of an
epoch?
Exercise: max pooling, by hand.
"""

from comparisons.tasks import equal, expect, expect_tensor, expect_without

START = '''
import torch


def pooled(images, size):
    """The largest number of each square of size by size: what max_pool2d(images, size) gives.

    images: (n, channels, height, width).  Rows and columns that fill no square are left out.  Not by a pooling.
    """
'''


def case(torch, height, width):
    """Images, no two numbers of which are the same."""
    torch.manual_seed(12)
    return torch.randperm(2 * 3 * height * width).float().reshape(2, 3, height, width).requires_grad_()


def check_by_hand(answer, _torch):
    """It is written by hand."""
    expect_without(answer, "pool", "Pool")


def check_values(answer, torch):
    """Its values are those of max_pool2d."""
    for height, width, size in ((4, 4, 2), (6, 4, 2), (6, 9, 3)):
        images = case(torch, height, width)
        got = answer.pooled(images, size)
        expect_tensor(torch, got, (2, 3, height // size, width // size), f"The result for {height} by {width}, {size}")
        expect(
            equal(torch, got, torch.nn.functional.max_pool2d(images, size)),
            f"For images of {height} by {width} and squares of {size} it is not that of max_pool2d. Which numbers "
            "stand in one square, and where does reshape put them?",
        )


def check_rest(answer, torch):
    """What fills no square is left out."""
    images = case(torch, 5, 7)
    got = answer.pooled(images, 2)
    expect_tensor(torch, got, (2, 3, 2, 3), "The result for 5 by 7, 2")
    expect(equal(torch, got, torch.nn.functional.max_pool2d(images, 2)), "For images of 5 by 7 it is not right.")


def check_gradient(answer, torch):
    """The gradient reaches the largest number of each square, and no other."""
    grads = []
    for by_hand in (True, False):
        images = case(torch, 4, 6)
        of = answer.pooled if by_hand else torch.nn.functional.max_pool2d
        out = of(images, 2)
        expect(out.requires_grad, "No gradient comes back through it.")
        (out * torch.arange(36.0).reshape(2, 3, 2, 3)).sum().backward()
        grads.append(images.grad)
    expect(equal(torch, *grads), "The gradient is not that of max_pool2d.")
