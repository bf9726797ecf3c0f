"""Mixed precision, as torch.amp: minigrad computes in the dtype of its tensors, so autocast is always off, and says so.

`GradScaler` does what PyTorch's does, on the CPU and on a GPU; without a GPU, "cuda" turns it off with a warning.
https://docs.pytorch.org/docs/stable/amp.html
"""

from minigrad.amp.mode import (
    autocast,
    custom_bwd,
    custom_fwd,
    get_autocast_dtype,
    is_autocast_available,
    is_autocast_cache_enabled,
    is_autocast_enabled,
)
from minigrad.amp.scaler import GradScaler, OptState

__all__ = [
    "GradScaler",
    "OptState",
    "autocast",
    "custom_bwd",
    "custom_fwd",
    "get_autocast_dtype",
    "is_autocast_available",
    "is_autocast_cache_enabled",
    "is_autocast_enabled",
]
