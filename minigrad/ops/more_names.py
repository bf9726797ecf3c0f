"""Functions of PyTorch that are methods here, or one line: asked of tensors and dtypes, and changes in place.

dtype, device and requires_grad are those of `minigrad.ops.creation`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import dtypes
from minigrad.engine.places import warn
from minigrad.ops import creation, in_place, memory, promotion, shaping
from minigrad.ops.arranging import diagonal
from minigrad.ops.in_place import fill_
from minigrad.ops.promotion import array_of, category, check_tensors

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = [
    *("can_cast", "clamp_", "detach", "detach_", "exp_", "fill_", "get_device", "is_complex", "is_floating_point"),
    *("is_nonzero", "is_same_size", "is_signed", "neg_", "numel", "promote_types", "range", "real", "relu_"),
    *("resize_as_", "result_type", "scalar_tensor", "sigmoid_", "sqrt_", "tanh_", "zero_"),
]

# Asked of tensors and dtypes ----------------------------------------------------------------------------------------


def numel(input: Tensor) -> int:
    """The number of elements, the product of all sizes."""
    number: int = array_of(input).size
    return number


def is_floating_point(input: Tensor) -> bool:
    """Whether the dtype is one of floats: float16, float32 or float64."""
    kind: str = array_of(input).dtype.kind
    return kind == "f"


def is_complex(input: Tensor) -> bool:
    """False of every tensor: there are no complex numbers."""
    array_of(input)
    return False


def is_signed(input: Tensor) -> bool:
    """Whether the dtype has numbers below 0."""
    kind: str = array_of(input).dtype.kind
    return kind in "if"


def is_nonzero(input: Tensor) -> bool:
    """Whether the one element is not 0.  RuntimeError for none, or several."""
    x = array_of(input)
    if x.size != 1:
        word = "no values" if not x.size else "more than one value"
        raise RuntimeError(f"Boolean value of Tensor with {word} is ambiguous")
    return bool(x.reshape(()) != 0)


def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors, input and other, have one shape."""
    check_tensors("is_same_size", input=input, other=other)
    return bool(array_of(input).shape == array_of(other).shape)


def get_device(input: Tensor) -> int:
    """The number of the GPU that a tensor is on; -1 on the CPU."""
    array_of(input)
    return input.get_device()


def promote_types(type1: dtypes.dtype, type2: dtypes.dtype) -> dtypes.dtype:
    """The dtype in which two others, type1 and type2, are computed with each other.  TypeError for what is no dtype."""
    common = promotion.common_dtype(promotion.numpy_dtype(type1), promotion.numpy_dtype(type2))
    return dtypes.from_numpy[common]


def result_type(tensor1: Any, tensor2: Any) -> dtypes.dtype:
    """The dtype in which two tensors or numbers are computed with each other.

    tensor1, tensor2: as the operands of `add`, whose rules it tells.  TypeError for anything else.
    """
    return dtypes.from_numpy[promotion.result_type(promotion.operand(tensor1), promotion.operand(tensor2))]


def can_cast(from_: dtypes.dtype, to: dtypes.dtype) -> bool:
    """Whether results of one dtype, from_, can be written to tensors of another, to.

    Not floats to integers, nor those to bools.  TypeError for what is no dtype.
    """
    return category(promotion.numpy_dtype(from_)) <= category(promotion.numpy_dtype(to))


# Tensors ------------------------------------------------------------------------------------------------------------


def detach(input: Tensor) -> Tensor:
    """The same memory as a tensor that is a constant to differentiation; changes of either show in both."""
    array_of(input)
    return input.detach()


def detach_(input: Tensor) -> Tensor:
    """Make a tensor itself a constant to differentiation.  RuntimeError for a view."""
    array_of(input)
    return input.detach_()


def real(input: Tensor) -> Tensor:
    """The tensor itself, for there are no complex numbers."""
    array_of(input)
    return input


def scalar_tensor(
    s: float, *, dtype: dtypes.dtype | None = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A number, s, as a 0-d tensor of the default dtype, unless one is given: as `full` of no sizes."""
    return creation.full((), s, dtype=dtype or dtypes.get_default_dtype(), device=device, requires_grad=requires_grad)


def range(
    start: float = 0,
    end: float | None = None,
    step: float = 1,
    *,
    dtype: dtypes.dtype | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The numbers start, start + step, ... up to end, which belongs to them: PyTorch's old `arange`, with a warning.

    RuntimeError for a step of 0 or in the wrong direction.
    """
    warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is inconsistent with "
        "Python's range builtin. Instead, use torch.arange, which produces values in [start, end)."
    )
    start, end = (0, start) if end is None else (start, end)
    to = promotion.numpy_dtype(dtype)
    if to.kind != "f":
        start, end, step = int(start), int(end), int(step)  # as in PyTorch
    if not step:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError(f"upper bound and lower bound inconsistent with step sign: range({start}, {end}, {step})")
    numbers = (start + np.arange(int((end - start) / step) + 1) * step).astype(to)
    return creation.finished(numbers, device, requires_grad)


# Changes in place -------------------------------------------------------------------------------------------------

clamp_, exp_, neg_, sqrt_ = in_place.clamp_, in_place.exp_, in_place.neg_, in_place.sqrt_
relu_, sigmoid_, tanh_, zero_ = in_place.relu_, in_place.sigmoid_, in_place.tanh_, in_place.zero_


def resize_as_(input: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """Give a tensor the shape of another, the_template, in place: as `Tensor.resize_`.

    memory_format: the order of its elements; by default that of rows.
    """
    options = {} if memory_format is None else {"memory_format": memory_format}
    return memory.resize_(input, *the_template.shape, **options)


def resize(self: Tensor, *sizes: int) -> Tensor:
    """A view of other sizes, of a copy where the elements do not lie in order; deprecated: `reshape` is the same.

    RuntimeError for sizes of another number of elements.
    """
    warn("non-inplace resize is deprecated: use reshape")
    wanted, given = "x".join(map(str, sizes)), "x".join(map(str, self.shape))
    if math.prod(sizes) != self.array.size:
        raise RuntimeError(
            f"requested resize to {wanted} ({math.prod(sizes)} elements in total), but the given tensor has a size of "
            f"{given} ({self.array.size} elements). resize can only change the shape, not the number of elements."
        )
    return shaping.view(memory.contiguous(self), *sizes)


def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """A number, fill_value, on the diagonal of a matrix, or of a tensor of equal sizes, in place.

    wrap: in a matrix of more rows than columns, also on further diagonals, a row between each two.  RuntimeError for
    fewer than two dimensions, and for three or more of unequal sizes.
    """
    x = array_of(self)
    if x.ndim < 2:
        raise RuntimeError("dimensions must larger than 1")
    if x.ndim > 2 and len(set(x.shape)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    rows, columns = x.shape[0], x.shape[-1]
    if x.ndim > 2:
        places: Any = np.arange(rows)
        self[(places,) * x.ndim] = fill_value
        return self
    starts = np.arange(0, rows, columns + 1) if wrap else [0]
    for start in starts:
        if start < rows:
            fill_(diagonal(self[int(start) :]), fill_value)
    return self


def new(self: Tensor, *args: Any, device: Any = None) -> Tensor:
    """A tensor of this one's dtype, by args: of a size with undefined values, or from a sequence."""
    creation.check_legacy_device(device, self.device.type)
    made: Tensor = creation.typed("new", self.dtype)(*args)
    return made.to(device or self.device)
