"""minigrad: tensors and automatic differentiation to read, step through and trust, spelled as in PyTorch."""

# First, since it binds the name `tensor` to the submodule; below, the function takes that name over.
from minigrad.tensor import Tensor, is_tensor  # isort: skip

from types import ModuleType
from typing import TYPE_CHECKING
from typing import Any as _Any

from minigrad import accelerator as accelerator
from minigrad import autograd as autograd
from minigrad import cuda as cuda
from minigrad import later as _later
from minigrad import nn as nn
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
from minigrad.spelling import spell as _spell

if TYPE_CHECKING:
    from minigrad.ops.arranging import *
    from minigrad.ops.cumulative import *
    from minigrad.ops.functions import *
    from minigrad.ops.mixing import *
    from minigrad.ops.more_in_place import *
    from minigrad.ops.norms import *
    from minigrad.ops.picking import *
    from minigrad.ops.products import *
    from minigrad.ops.sorting import *
    from minigrad.ops.statistics import *

_spell(globals())

__version__ = "0.1.0"


def load_ipython_extension(_shell: object) -> None:
    """`%load_ext minigrad`, in the first cell of a notebook: from then on `import torch` brings minigrad."""
    import sys

    from minigrad import launcher
    from minigrad.launcher import starting

    launcher.install()
    starting.run_again_in_processes(sys.modules["__main__"])


_SUBMODULES = "accelerator", "autograd", "cuda", "nn", "optim", "random", "utils"
"""Those that are PyTorch's too."""

_OWN = "ModuleType", "TYPE_CHECKING", "check", "draw", "explain", "load_ipython_extension", "watch"
"""Those that PyTorch has not."""

__all__ = [
    name
    for name, value in sorted(globals().items())
    if not name.startswith("_") and name not in _OWN and (name in _SUBMODULES or not isinstance(value, ModuleType))
]
__all__ += _later.NAMES

_learn_rules("minigrad.ops.", "minigrad.engine.")
_keep_freed_memory()


def __getattr__(name: str) -> _Any:
    """What is imported when it is first used: see minigrad.later."""
    globals()[name] = value = _later.function(name)
    return value
