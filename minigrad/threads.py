"""How many threads NumPy's matrix products use.

minigrad itself computes in the thread that it is called in; NumPy hands products of large matrices to a BLAS, which has
threads of its own.  It is told how many by OpenBLAS's own function, which is found in NumPy's wheels, else by
threadpoolctl, where that is installed.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.engine.places import warn

__all__ = ["get_num_interop_threads", "get_num_threads", "set_num_interop_threads", "set_num_threads"]

NAMES = ("scipy_openblas_{}64_", "scipy_openblas_{}", "openblas_{}64_", "openblas_{}")
"""What builds of OpenBLAS call their functions."""


def set_num_threads(num: int, /) -> None:
    """Use num threads for products of matrices.

    RuntimeError for what is no positive integer.  A BLAS that cannot be told is a warning, and keeps its number.
    """
    checked("set_num_threads", num)
    blas = blas_library()
    if blas is None:
        warn(
            "set_num_threads: NumPy's BLAS cannot be told how many threads to use. Set OMP_NUM_THREADS before Python "
            "starts, or install threadpoolctl."
        )
    else:
        blas.set_num_threads(num)


def get_num_threads() -> int:
    """How many threads products of matrices use: what the BLAS says."""
    blas = blas_library()
    return os.cpu_count() or 1 if blas is None else int(blas.get_num_threads())


interop = {"threads": 1, "set": 0}


def set_num_interop_threads(num: int, /) -> None:
    """How many ops may run at once, num: in minigrad always one, so that any other number is noted and does nothing.

    RuntimeError for what is no positive integer, and the second time.
    """
    checked("set_num_interop_threads", num)
    if interop["set"]:
        raise RuntimeError(
            "Error: cannot set number of interop threads after parallel work has started or set_num_interop_threads "
            "called"
        )
    interop.update(threads=num, set=1)


def get_num_interop_threads() -> int:
    """The number that was set; ops run one after the other."""
    return interop["threads"]


def checked(name: str, num: Any) -> None:
    """RuntimeError for what is no positive integer."""
    if type(num) is not int:
        raise RuntimeError(f"{name} expects an int, but got {type(num).__name__}")
    if num <= 0:
        raise RuntimeError(f"{name} expects a positive integer")


@cache
def blas_library() -> Any:
    """What sets and tells the number of threads of NumPy's BLAS; None where it cannot be reached.

    NumPy's own comes first: where SciPy is loaded too, threadpoolctl finds a second BLAS, in an order of its own.
    """
    return next(openblas(), None) or next(other_blas(), None)


class OpenBlas:
    """OpenBLAS, as NumPy's wheels bring it."""

    def __init__(self, library: Any, name: str) -> None:
        self.set_num_threads = getattr(library, name.format("set_num_threads"))
        self.get_num_threads = getattr(library, name.format("get_num_threads"))


def openblas() -> Iterator[OpenBlas]:
    """The libraries beside NumPy that are OpenBLAS: NumPy has loaded them, so these are the same ones."""
    package = Path(np.__file__).parent
    for folder in (package.parent / "numpy.libs", package / ".dylibs"):
        for file in sorted(folder.glob("*openblas*")):
            with suppress(OSError):
                library = ctypes.CDLL(str(file))
                yield from (
                    OpenBlas(library, name) for name in NAMES if hasattr(library, name.format("set_num_threads"))
                )


def other_blas() -> Iterator[Any]:
    """What threadpoolctl finds, where it is installed: for a NumPy that came with no OpenBLAS."""
    with suppress(ImportError):
        yield from import_module("threadpoolctl").ThreadpoolController().select(user_api="blas").lib_controllers
