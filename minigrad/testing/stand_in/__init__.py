"""A strict stand-in for CuPy, for tests alone: it wraps NumPy arrays, and refuses what CuPy refuses.

It finds a NumPy call that slipped into the engine, a hidden synchronisation, a name that CuPy lacks.  It is not a
GPU, and nothing that runs on it counts as having run on one.
"""

import sys
from contextlib import contextmanager

from minigrad import devices

from . import runtime
from .functions import MODULES, cupy
from .runtime import counting_synchronisations, no_synchronisation


@contextmanager
def installed(device_count=1):
    """Let `import cupy` give the stand-in, with so many pretended devices."""
    before = {name: sys.modules.get(name) for name in MODULES}
    sys.modules.update(MODULES)
    runtime.state.device, runtime.state.device_count = 0, device_count
    runtime.Stream.current.clear()
    devices.forget_gpu()
    try:
        yield cupy
    finally:
        for name, module in before.items():
            if module is None:
                del sys.modules[name]
            else:
                sys.modules[name] = module
        runtime.state.device, runtime.state.device_count = 0, 1
        devices.forget_gpu()


__all__ = ["counting_synchronisations", "cupy", "installed", "no_synchronisation"]
