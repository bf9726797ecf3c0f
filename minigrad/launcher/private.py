"""`torch._C` under the launcher: of PyTorch's compiled part, what libraries call on their way."""

from __future__ import annotations

__all__: list[str] = []  # it is no part of PyTorch's public names


def _log_api_usage_once(event: str) -> None:
    """Tell PyTorch's makers that something is used: nobody is told."""


def _get_tracing_state() -> None:
    """What records calls for TorchScript: nothing."""
