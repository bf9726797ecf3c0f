"""Look at: the model of section 2, and what size the image has after each of its layers.
Picture: the digits that it takes for others.  Which would you?
Exercise: a convolution, by hand.
"""

from comparisons.tasks import equal, expect, expect_tensor, expect_without

START = '''
import torch


def convolved(images, weight, padding):
    """What conv2d(images, weight, padding=padding) gives.

    images: (n, in, height, width), weight: (out, in, rows, columns).  Loops over rows and columns of the weight are
    well enough.  Not by a convolution, and not by unfold.
    """
'''


def case(torch, channels=2, size=(5, 6), kernel=(3, 2), dtype=None):
    """Images and a weight."""
    torch.manual_seed(9)
    images = torch.randn(2, channels, *size, dtype=dtype or torch.float32)
    return images, torch.randn(3, channels, *kernel, dtype=images.dtype)


def check_by_hand(answer, _torch):
    """It is written by hand."""
    expect_without(answer, "conv", "Conv", "unfold", "Unfold")


def check_size(answer, torch):
    """The result has the right size, with padding and without."""
    images, weight = case(torch)
    expect_tensor(
        torch, answer.convolved(images, weight, 0), (2, 3, 3, 5), "Without padding the result of (2, 2, 5, 6)"
    )
    expect_tensor(torch, answer.convolved(images, weight, 1), (2, 3, 5, 7), "With a padding of 1 the result")


def check_values(answer, torch):
    """Its values are those of conv2d."""
    images, weight = case(torch, channels=1)
    got = answer.convolved(images, weight, 0)
    conv2d = torch.nn.functional.conv2d
    expect(
        not equal(torch, got, conv2d(images, weight.flip(2, 3))),
        "The weight is turned around: in a network's convolution its first row meets the first row of the image.",
    )
    expect(equal(torch, got, conv2d(images, weight)), "For one channel without padding it is not that of conv2d.")
    images, weight = case(torch)
    expect(
        equal(torch, answer.convolved(images, weight, 0), conv2d(images, weight)),
        "For one channel it is right, and for two it is not: what becomes of the channels?",
    )
    expect(
        equal(torch, answer.convolved(images, weight, 1), conv2d(images, weight, padding=1)),
        "Without padding it is right, and with it it is not: zeros stand around the image.",
    )


def check_gradients(answer, torch):
    """So are its gradients."""
    grads = []
    for by_hand in (True, False):
        images, weight = (x.requires_grad_() for x in case(torch))
        of = answer.convolved if by_hand else lambda x, w, p: torch.nn.functional.conv2d(x, w, padding=p)
        (of(images, weight, 1) ** 2).sum().backward()
        grads.append((images.grad, weight.grad))
    for name, got, wanted in zip(("images", "weight"), *grads):
        expect(got is not None, f"No gradient reaches the {name}.")
        expect(equal(torch, got, wanted, 1e-3), f"The gradient of the {name} is not that of conv2d.")
