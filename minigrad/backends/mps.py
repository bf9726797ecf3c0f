"""Apple's GPUs, as torch.backends.mps: minigrad does not compute on them."""

from __future__ import annotations

__all__ = ["is_available", "is_built"]


def is_built() -> bool:
    """Whether minigrad can compute on them: no."""
    return False


def is_available() -> bool:
    """Whether one can be used: no."""
    return False
