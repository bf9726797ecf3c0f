"""minigrad: tensors and automatic differentiation to read, step through and trust, spelled as in PyTorch."""

import warnings as _warnings

# First, since it binds the name `tensor` to the submodule; below, the function takes that name over.
from minigrad.tensor import Tensor  # isort: skip

from minigrad import autograd
from minigrad.autograd.grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from minigrad.devices import device
from minigrad.dtypes import bool_ as bool
from minigrad.dtypes import (
    double,
    dtype,
    float16,
    float32,
    float64,
    get_default_dtype,
    half,
    int8,
    int16,
    int32,
    int64,
    long,
    set_default_dtype,
    short,
    uint8,
)
from minigrad.dtypes import float32 as float
from minigrad.dtypes import int32 as int
from minigrad.ops.activations import log_softmax, sigmoid, softmax
from minigrad.ops.arithmetic import add, div, floor_divide, mul, pow, remainder, rsub, sub
from minigrad.ops.comparison import (
    all,
    allclose,
    any,
    bitwise_and,
    bitwise_not,
    bitwise_or,
    bitwise_xor,
    eq,
    equal,
    ge,
    gt,
    isclose,
    isfinite,
    isinf,
    isnan,
    le,
    logical_and,
    logical_not,
    logical_or,
    lt,
    ne,
)
from minigrad.ops.creation import (
    BoolTensor,
    ByteTensor,
    CharTensor,
    DoubleTensor,
    FloatTensor,
    HalfTensor,
    IntTensor,
    LongTensor,
    ShortTensor,
    arange,
    as_tensor,
    asarray,
    empty,
    empty_like,
    eye,
    from_numpy,
    full,
    full_like,
    linspace,
    ones,
    ones_like,
    tensor,
    zeros,
    zeros_like,
)
from minigrad.ops.elementwise import (
    abs,
    ceil,
    clone,
    cos,
    exp,
    floor,
    log,
    log1p,
    neg,
    reciprocal,
    round,
    sign,
    sin,
    sqrt,
    square,
    tanh,
)
from minigrad.ops.linear_algebra import matmul
from minigrad.ops.reductions import (
    amax,
    amin,
    argmax,
    argmin,
    logsumexp,
    max,
    mean,
    min,
    std,
    sum,
    var,
)
from minigrad.ops.selection import clamp, maximum, minimum, relu, where
from minigrad.ops.shaping import (
    broadcast_to,
    cat,
    chunk,
    flatten,
    permute,
    reshape,
    split,
    squeeze,
    stack,
    t,
    transpose,
    unbind,
    unsqueeze,
)
from minigrad.size import Size

__version__ = "0.1.0"

# As in PyTorch, log(0) is -inf and 0 / 0 is nan without a word.
_warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"minigrad\.(ops|autograd|optim)\.")
