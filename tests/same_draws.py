"""Do both libraries draw the same numbers?"""

import numpy as np
from engines import torch

import minigrad


def bits(tensor):
    """A tensor of either library: dtype, shape, and the bytes of its elements."""
    array = tensor.array if isinstance(tensor, minigrad.Tensor) else tensor.detach().numpy()
    return array.dtype, array.shape, np.ascontiguousarray(array).tobytes()


def in_step():
    """The default generators agree, and so has one drawn as often as the other."""
    assert bits(minigrad.get_rng_state()) == bits(torch.get_rng_state())
    assert bits(minigrad.rand(1)) == bits(torch.rand(1))


def agree(seed, *draws):
    """The draws give the same bits in both libraries, one after the other, from a seed on."""
    torch.manual_seed(seed)
    minigrad.manual_seed(seed)
    for draw in draws:
        assert bits(draw(minigrad)) == bits(draw(torch))
        in_step()


def empty(shape, dtype="float32"):
    return lambda lib: lib.empty(shape, dtype=getattr(lib, dtype))
