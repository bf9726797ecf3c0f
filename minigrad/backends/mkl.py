"""Intel's Math Kernel Library, as torch.backends.mkl."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["is_available"]


def is_available() -> bool:
    """Whether NumPy multiplies matrices with it: its BLAS is MKL."""
    built: Any = np.show_config(mode="dicts")
    return "mkl" in str(built.get("Build Dependencies", {}).get("blas", {}).get("name", "")).lower()
