"""What the figures were measured on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from typing import Any

from minigrad.comparison.machine import processor

LIBRARIES = "numpy", "torch", "jax", "mygrad", "autograd", "tinygrad"


def description() -> dict[str, Any]:
    """Processor, cores, Python, NumPy's BLAS, versions of the contestants' libraries."""
    import numpy

    blas = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]  # type: ignore[index, call-overload]
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "blas of numpy": f"{blas['name']} {blas['version']}",
        **{library: version for library in LIBRARIES if (version := installed(library))},
    }


def installed(library: str) -> str | None:
    """A library's version, None if it is not there."""
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return None
