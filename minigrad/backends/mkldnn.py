"""Intel's oneDNN, as torch.backends.mkldnn: minigrad does not use it."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager

from minigrad.backends.flags import Flags, set_for_a_while

__all__ = ["flags", "is_available"]

FLAGS = {"enabled": (True, "set_enabled_mkldnn"), "deterministic": (False, "set_deterministic_mkldnn")}

enabled = True
deterministic = False
allow_tf32: bool | None = None


def is_available() -> bool:
    """Whether oneDNN is used: no, minigrad computes with NumPy."""
    return False


def flags(
    enabled: bool = False, deterministic: bool = False, allow_tf32: bool = True, fp32_precision: str = "none"
) -> AbstractContextManager[None]:
    """Within `with flags(...):` enabled and deterministic have these values, and change nothing.

    allow_tf32, fp32_precision: accepted.  RuntimeError for a flag that is no bool.
    """
    _ = allow_tf32, fp32_precision
    values = {"enabled": enabled, "deterministic": deterministic}
    return set_for_a_while(sys.modules[__name__], values)


sys.modules[__name__].__class__ = Flags
