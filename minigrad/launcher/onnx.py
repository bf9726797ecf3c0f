"""`torch.onnx` under the launcher: nothing is exported, and libraries that ask are told so."""

from __future__ import annotations

__all__ = ["is_in_onnx_export"]


def is_in_onnx_export() -> bool:
    """Whether a model is being written in ONNX's format: no."""
    return False
