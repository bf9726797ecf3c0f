"""The processor, as torch.backends.cpu."""

from __future__ import annotations

from importlib import import_module

__all__ = ["get_cpu_capability"]


def get_cpu_capability() -> str:
    """The widest instructions that NumPy uses here, in PyTorch's words: AVX512, AVX2 or DEFAULT."""
    features = import_module("numpy._core._multiarray_umath").__cpu_features__
    return "AVX512" if features.get("AVX512F") else "AVX2" if features.get("AVX2") else "DEFAULT"
