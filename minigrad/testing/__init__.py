"""For tests, as torch.testing: `assert_close`, and tensors of random numbers."""

from minigrad.testing.closeness import assert_allclose, assert_close
from minigrad.testing.making import make_tensor

__all__ = ["assert_allclose", "assert_close", "make_tensor"]
