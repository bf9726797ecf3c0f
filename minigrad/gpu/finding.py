"""Finding a GPU: CuPy is imported when one is first asked for, and tried; where it fails, the reason is kept."""

from __future__ import annotations

import warnings
from functools import lru_cache
from typing import Any

from minigrad.arrays import libraries, several_gpus

INSTALL_CUPY = 'Install it, in the folder of minigrad: pip install ".[cuda13]" (for a driver of CUDA 12: ".[cuda12]")'
OLD_CUPY = [str(major) for major in range(14)]  # their fused kernels compute in float64 where a number meets float32
NO_GPU = {
    "cudaErrorNoDevice": "there is no NVIDIA GPU in this machine, or CUDA_VISIBLE_DEVICES hides it",
    "cudaErrorInsufficientDriver": (
        "NVIDIA's driver is missing, or older than CuPy's CUDA. Install or update it: https://www.nvidia.com/drivers"
    ),
}
"""What the errors mean with which CUDA says that there is nothing to compute on."""


@lru_cache(maxsize=1)
def find_gpu() -> tuple[Any, str]:
    """CuPy, if it can compute here, and an empty string; else None, and why not, and what to install."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import cupy
    except ImportError as error:
        return None, f"CuPy cannot be imported ({error}). {INSTALL_CUPY}"
    except Exception as error:  # a broken CuPy raises anything
        return None, f"CuPy does not work here: importing it raised {type(error).__name__}: {error}. {INSTALL_CUPY}"
    version = getattr(cupy, "__version__", "")
    if version.partition(".")[0] in OLD_CUPY:
        return None, f"CuPy {version} is too old: minigrad needs 14. {INSTALL_CUPY}"
    try:
        if cupy.cuda.runtime.getDeviceCount() == 0:
            return None, NO_GPU["cudaErrorNoDevice"]
        matrix = cupy.ones((2, 2), "float32")
        int((matrix @ matrix).sum())
    except Exception as error:
        known = NO_GPU.get(str(error).partition(":")[0])
        return None, known or f"CuPy {version} does not work here: {type(error).__name__}: {error}. {INSTALL_CUPY}"
    libraries[cupy.ndarray] = cupy
    return cupy, ""


def gpu() -> Any:
    """CuPy; RuntimeError, with the reason, where it cannot compute."""
    cupy, reason = find_gpu()
    if cupy is None:
        raise RuntimeError(f"minigrad has no GPU to use: {reason}")
    return cupy


def forget() -> None:
    """Look for a GPU anew when one is next asked for."""
    find_gpu.cache_clear()
    several_gpus.cache_clear()
