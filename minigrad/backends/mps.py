"""Apple's GPUs, as torch.backends.mps: minigrad does not compute on them."""

from __future__ import annotations

__all__ = ["is_available", "is_built"]


def is_built() -> bool:
    """Whether minigrad can compute on Apple's GPUs: no."""
    return False


def is_available() -> bool:
    """Whether one of Apple's GPUs can be used: no, minigrad knows only NVIDIA's."""
    return False
