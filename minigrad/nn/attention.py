"""How attention may be computed, as torch.nn.attention.

minigrad has one way to compute it.  What is said here decides what is refused, as in PyTorch, and the name of the node.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any

from minigrad import switches

__all__ = ["SDPBackend", "sdpa_kernel"]


class SDPBackend(Enum):
    """Ways to compute `nn.functional.scaled_dot_product_attention`; on the CPU PyTorch has MATH, FLASH_ATTENTION."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4

    def __int__(self) -> int:
        return self.value


KERNELS = {
    "cudnn": SDPBackend.CUDNN_ATTENTION,
    "flash": SDPBackend.FLASH_ATTENTION,
    "mem_efficient": SDPBackend.EFFICIENT_ATTENTION,
    "math": SDPBackend.MATH,
    "overrideable": SDPBackend.OVERRIDEABLE,
}


@contextmanager
def sdpa_kernel(backends: Any, set_priority: bool = False) -> Iterator[dict[Any, Any]]:
    """Within it scaled_dot_product_attention may be computed in these ways only: an SDPBackend, or a list of them.

    Where none of them can, there is a RuntimeError.  set_priority: their order is that of preference, which has no
    effect on the CPU.  AssertionError for anything else than backends.

    >>> import minigrad as torch
    >>> from minigrad.nn.attention import SDPBackend, sdpa_kernel
    >>> q = torch.ones(1, 1, 2, 2, requires_grad=True)
    >>> with sdpa_kernel(SDPBackend.MATH):
    ...     torch.nn.functional.scaled_dot_product_attention(q, q, q).grad_fn.name()
    'UnsafeViewBackward0'
    """
    _ = set_priority
    if not isinstance(backends, (list, SDPBackend)):
        raise AssertionError(
            "Backend must be an instance of SDPBackend or a list of SDPBackend instances, "
            f"got {type(backends).__name__}"
        )
    wanted = backends if isinstance(backends, list) else [backends]
    before = dict(switches.attention)
    switches.attention.update({name: backend in wanted for name, backend in KERNELS.items()})
    try:
        yield {}
    finally:
        switches.attention.update(before)
