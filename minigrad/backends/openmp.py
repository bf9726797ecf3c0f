"""OpenMP, as torch.backends.openmp: neither minigrad nor NumPy uses it."""

from __future__ import annotations

__all__ = ["is_available"]


def is_available() -> bool:
    """Whether ops are spread over threads by it: no."""
    return False
