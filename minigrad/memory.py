"""The memory of freed arrays is kept for the next ones.

A training step frees arrays and makes others of the same sizes, over and over.  The C library of Linux gives larger
pieces back to the system at once, and gets them anew page by page: with 4096 samples and layers of 256 that is 0.4 of
the time of a step.  So it is told to keep up to `KEPT` bytes, as PyTorch keeps a GPU's memory for the same reason.
https://man7.org/linux/man-pages/man3/mallopt.3.html
"""

from __future__ import annotations

import ctypes
import os

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""The settings of glibc: how much is kept free, and how large an array is that is mapped by itself and never kept."""

KEPT = 1 << 28
LARGEST = 1 << 25
"""glibc takes no larger one."""

OWN_SETTINGS = "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"
"""Environment variables by which a user has decided; then nothing is changed."""


def keep_freed_memory() -> None:
    """Set both; nothing happens where the C library is not glibc."""
    if any(name in os.environ for name in OWN_SETTINGS):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(M_MMAP_THRESHOLD, LARGEST)
    mallopt(M_TRIM_THRESHOLD, KEPT)
