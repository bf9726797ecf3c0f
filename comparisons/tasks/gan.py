"""Look at: the two losses of a batch, and the `detach()` in the first.
Picture: the curves.  What are both losses where the discriminator can only guess?
Exercise: the two losses of a GAN.
"""

from comparisons.tasks import equal, expect, expect_tensor

START = '''
import torch


def losses(generator, discriminator, real, noise):
    """The discriminator's loss, and the generator's.

    The discriminator gives logits, (n, 1): of 1 for real, 0 for drawn.  Its loss is the mean of its binary
    cross-entropies on real and on drawn ones, and sends no gradient to the generator.  The generator wants that what
    it draws is taken for real.
    """
'''


def case(torch):
    """Two networks, real points, noise."""
    torch.manual_seed(6)
    return torch.nn.Linear(2, 3), torch.nn.Linear(3, 1), torch.randn(8, 3), torch.randn(8, 2)


def right_losses(torch, generator, discriminator, real, noise):
    """Both losses, with all gradients."""
    loss, fake = torch.nn.functional.binary_cross_entropy_with_logits, discriminator(generator(noise))
    ones, zeros = torch.ones(8, 1), torch.zeros(8, 1)
    return (loss(discriminator(real), ones) + loss(fake, zeros)) / 2, loss(fake, ones), loss(fake, zeros)


def check_discriminators_value(answer, torch):
    """The discriminator's loss is right."""
    given = case(torch)
    got = answer.losses(*given)
    expect(isinstance(got, tuple) and len(got) == 2, "It should return two losses.")
    for name, value in zip(("discriminator", "generator"), got):
        expect_tensor(torch, value, (), f"The loss of the {name}")
    wanted, _, _ = right_losses(torch, *given)
    expect(
        not equal(torch, got[0], 2 * wanted), "The discriminator's is twice too large: the mean of two, not the sum."
    )
    expect(equal(torch, got[0], wanted), "The discriminator's is not right. Which labels have real and drawn points?")


def check_generators_value(answer, torch):
    """The generator's loss is right."""
    given = case(torch)
    got, (_, wanted, against) = answer.losses(*given)[1], right_losses(torch, *given)
    expect(
        not equal(torch, got, -against),
        "The generator's is the discriminator's with a minus. Where the discriminator is sure, its slope is nearly 0, "
        "and the generator learns nothing: which label does it wish for?",
    )
    expect(not equal(torch, got, against), "The generator's falls where it is found out. Which label does it wish for?")
    expect(equal(torch, got, wanted), "The generator's is not right.")


def check_whom_they_teach(answer, torch):
    """The discriminator's loss sends nothing to the generator, and the generator's reaches it."""
    generator, discriminator, real, noise = case(torch)
    answer.losses(generator, discriminator, real, noise)[0].backward()
    expect(
        generator.weight.grad is None or not generator.weight.grad.any(),
        "The discriminator's loss sends a gradient to the generator: it would learn to be found out.",
    )
    expect(discriminator.weight.grad is not None, "The discriminator's loss does not reach the discriminator.")
    generator, discriminator, real, noise = case(torch)
    answer.losses(generator, discriminator, real, noise)[1].backward()
    expect(generator.weight.grad is not None, "The generator's loss does not reach the generator. Where is it cut off?")
