"""minigrad: tensors and automatic differentiation to read, step through and trust, spelled as in PyTorch."""

# First, since it binds the name `tensor` to the submodule; below, the function takes that name over.
from minigrad.tensor import Tensor, is_tensor  # isort: skip

from math import e, inf, nan, pi
from types import ModuleType
from typing import Any as _Any

from minigrad import accelerator as accelerator
from minigrad import autograd as autograd
from minigrad import cuda as cuda
from minigrad import nn as nn
from minigrad import on_use as _on_use
from minigrad import optim as optim
from minigrad import random as random
from minigrad import utils as utils
from minigrad.autograd.anomaly import is_anomaly_check_nan_enabled, is_anomaly_enabled
from minigrad.autograd.grad_mode import *
from minigrad.devices import *
from minigrad.dtypes import *
from minigrad.dtypes import bool_ as bool
from minigrad.dtypes import float32 as float
from minigrad.dtypes import int32 as int
from minigrad.engine.kept import learn_rules as _learn_rules
from minigrad.formats import *
from minigrad.memory import keep_freed_memory as _keep_freed_memory
from minigrad.ops.activations import *
from minigrad.ops.arithmetic import *
from minigrad.ops.comparison import *
from minigrad.ops.creation import *
from minigrad.ops.elementwise import *
from minigrad.ops.linear_algebra import *
from minigrad.ops.memory import *
from minigrad.ops.reductions import *
from minigrad.ops.sampling import *
from minigrad.ops.selection import *
from minigrad.ops.shaping import *
from minigrad.ops.softmax import *
from minigrad.printing import get_printoptions, set_printoptions
from minigrad.random import Generator, default_generator, get_rng_state, initial_seed, manual_seed, seed, set_rng_state
from minigrad.seeing import check, draw, explain, watch
from minigrad.serialization import load, save
from minigrad.size import Size
from minigrad.tensor_types import *

__version__ = "0.1.0"

newaxis = None


def load_ipython_extension(_shell: object) -> None:
    """`%load_ext minigrad`, in the first cell of a notebook: from then on `import torch` brings minigrad."""
    import sys

    from minigrad import launcher
    from minigrad.launcher import starting

    launcher.install()
    starting.run_again_in_processes(sys.modules["__main__"])


_SUBMODULES = "accelerator", "autograd", "cuda", "nn", "optim", "random", "utils"
"""Those that are PyTorch's too."""

_LATER = {
    "": "amp backends multiprocessing testing",
    "minigrad.amp.scaler": "GradScaler",
    "minigrad.amp.mode": "autocast get_autocast_dtype is_autocast_cache_enabled is_autocast_enabled",
    "minigrad.asking": "is_complex is_floating_point is_storage numel typename",
    "minigrad.compiling": "compile",
    "minigrad.limits": "finfo iinfo",
    "minigrad.switches": (
        "are_deterministic_algorithms_enabled get_deterministic_debug_mode get_float32_matmul_precision "
        "is_deterministic_algorithms_warn_only_enabled is_warn_always_enabled set_deterministic_debug_mode "
        "set_float32_matmul_precision set_flush_denormal set_warn_always use_deterministic_algorithms"
    ),
    "minigrad.tensor_types": "set_default_tensor_type",
    "minigrad.threads": "get_num_interop_threads get_num_threads set_num_interop_threads set_num_threads",
}
"""What is imported when it is first used: the names of PyTorch that scripts ask for, and no lesson does."""

_OWN = "ModuleType", "check", "draw", "explain", "load_ipython_extension", "watch"
"""Those that PyTorch has not."""

__all__ = [
    name
    for name, value in sorted(globals().items())
    if not name.startswith("_") and name not in _OWN and (name in _SUBMODULES or not isinstance(value, ModuleType))
]

__all__ += _on_use.names_in(_LATER)


def __getattr__(name: str) -> _Any:
    """What is imported when it is first used."""
    return _on_use.found(__name__, _LATER, name)


_learn_rules("minigrad.ops.", "minigrad.engine.")
_keep_freed_memory()
