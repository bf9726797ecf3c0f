"""PyTorch's shorter ways through layers of attention in evaluation, as torch.backends.mha: minigrad takes none.

While they are allowed, nn.TransformerEncoder gives 0 for padding where PyTorch's leaves it out.
"""

from __future__ import annotations

__all__ = ["get_fastpath_enabled", "set_fastpath_enabled"]

state = {"enabled": True}


def get_fastpath_enabled() -> bool:
    """Whether PyTorch's shorter ways are allowed: what `set_fastpath_enabled` was told last."""
    return state["enabled"]


def set_fastpath_enabled(value: bool) -> None:
    """Allow PyTorch's shorter ways (value=True), or not: then padding is computed as the rest is."""
    state["enabled"] = value
