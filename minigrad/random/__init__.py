"""Random numbers: PyTorch's own CPU streams, bit for bit.  The same seed gives the same numbers.

From the source to the numbers: `engine` (raw words) -> `box_muller`, `integers`, `shuffle` (how words become
normal numbers, integers and permutations) -> `generator` (every distribution, and the state) ->
`minigrad.ops.sampling` (Tensors).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from minigrad.random.generator import Generator

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = [
    "Generator",
    "default_generator",
    "manual_seed",
    "seed",
    "initial_seed",
    "get_rng_state",
    "set_rng_state",
    "fork_rng",
]

default_generator = Generator()
"""What draws when no generator is given.  It starts from a seed that nobody can foresee."""
default_generator.seed()


def manual_seed(seed: Any) -> Generator:
    """Seed the default generator and return it; the seed may be anything that int() takes.

    ValueError when it is not in [-2^63, 2^64 - 1].

    >>> import minigrad
    >>> generator = minigrad.manual_seed(42)
    >>> minigrad.rand(3)
    tensor([0.8823, 0.9150, 0.3829])
    """
    return default_generator.manual_seed(int(seed))


def seed() -> int:
    """Seed the default generator with a number of 64 bits that nobody can foresee, and return that."""
    return default_generator.seed()


def initial_seed() -> int:
    """The seed that the default generator last started from."""
    return default_generator.initial_seed()


def get_rng_state() -> Tensor:
    """The state of the default generator: a uint8 tensor of 5056 bytes, as PyTorch's."""
    return default_generator.get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Let the default generator go on from a state, new_state, that `get_rng_state` gave.

    TypeError for what is no uint8 tensor, RuntimeError for one of another size.
    """
    default_generator.set_state(new_state)


@contextmanager
def fork_rng(devices: Any = None, enabled: bool = True) -> Iterator[None]:  # noqa: ARG001
    """Within a with block, draw without effect on what the default generator draws after it.

    enabled=False: do nothing.  devices: for PyTorch scripts; there is only the CPU's generator.

    >>> import minigrad
    >>> generator = minigrad.manual_seed(42)
    >>> with minigrad.random.fork_rng():
    ...     inside = minigrad.rand(1)
    >>> bool(inside == minigrad.rand(1))
    True
    """
    if not enabled:
        yield
        return
    state = get_rng_state()
    try:
        yield
    finally:
        set_rng_state(state)
