"""`torch.distributed` under the launcher: there is one process, and libraries that ask are told so."""

from __future__ import annotations

__all__ = ["is_available", "is_initialized"]


def is_available() -> bool:
    """Whether processes can train together: no, minigrad computes in one."""
    return False


def is_initialized() -> bool:
    """Whether this process is one of a group: no."""
    return False
