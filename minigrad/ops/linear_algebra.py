"""Matrix products, and the linear layer's fused form of one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from minigrad.arrays import SILENT, numpy_errors
from minigrad.dtypes import CLASS_NAMES
from minigrad.engine.graph import TensorBase, raw, record
from minigrad.engine.order import by_rows
from minigrad.ops.advice import converted, one_dtype
from minigrad.ops.arithmetic import add
from minigrad.ops.promotion import check_tensors
from minigrad.ops.shaping import squeeze, unsqueeze

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["matmul"]


def matmul(input: Tensor, other: Tensor) -> Tensor:
    """The matrix product (..., n, k) @ (..., k, m) -> (..., n, m); leading dimensions broadcast.

    A vector on the left is a row, one on the right a column, and that dimension goes away again.
    RuntimeError for sizes that do not fit or two dtypes.  https://docs.pytorch.org/docs/stable/generated/torch.matmul.html
    """
    errors = numpy_errors.set(SILENT)  # what `with quiet():` does, in no steps of a debugger's
    try:
        value = (a := raw(input)) @ (b := raw(other))
    except (ValueError, TypeError):
        raise matmul_error(input, other) from None
    finally:
        numpy_errors.reset(errors)
    if a.dtype != getattr(b, "dtype", None):
        raise matmul_error(input, other)
    name = PYTORCH_NAMES.get((a.ndim, b.ndim))
    if name is None:  # NumPy gives batches the order in memory that they have in an operand
        value, name = by_rows(value), "UnsafeViewBackward0"
    return record(value, (input, other), (matmul_da, matmul_db), a.ndim == 1, b.ndim == 1, name=name)


PYTORCH_NAMES = {(1, 1): "DotBackward0", (2, 1): "MvBackward0", (1, 2): "SqueezeBackward4", (2, 2): "MmBackward0"}
"""What PyTorch calls a product, by the dimensions of its operands."""


def matmul_da(g: Tensor, _out: Tensor, _a: Tensor, b: Tensor, a_is_row: bool, b_is_column: bool) -> Tensor:
    if b_is_column:
        g, b = unsqueeze(g, -1), unsqueeze(b, -1)
    if a_is_row:
        return squeeze(unsqueeze(g, -2) @ b.swapaxes(-2, -1), -2)
    return g @ b.swapaxes(-2, -1)


def matmul_db(g: Tensor, _out: Tensor, a: Tensor, _b: Tensor, a_is_row: bool, b_is_column: bool) -> Tensor:
    if a_is_row:
        g, a = unsqueeze(g, -1 if b_is_column else -2), unsqueeze(a, -2)
    if b_is_column:
        return squeeze(a.swapaxes(-2, -1) @ unsqueeze(g, -1), -1)
    return a.swapaxes(-2, -1) @ g


def matmul_error(a: Any, b: Any) -> Exception:
    """Why two operands have no matrix product, in PyTorch's exception types."""
    try:
        check_tensors("matmul", input=a, other=b)
    except (TypeError, RuntimeError) as error:
        return error
    x, y = raw(a), raw(b)
    if 0 in (x.ndim, y.ndim):
        return RuntimeError(
            f"both arguments to matmul need to be at least 1D, but they are {x.ndim}D and {y.ndim}D. "
            "Use * to multiply by a single number."
        )
    if x.dtype != y.dtype:
        return RuntimeError(
            f"expected m1 and m2 to have the same dtype, but got: {x.dtype} != {y.dtype} in matmul(). "
            f"{one_dtype(x, y)}."
        )
    if x.shape[-1] == y.shape[-2 if y.ndim > 1 else 0]:
        return RuntimeError(f"matmul(): the leading dimensions of {list(x.shape)} and {list(y.shape)} do not broadcast")
    shapes = " and ".join("x".join(map(str, s.shape)) for s in (x, y))
    return RuntimeError(
        f"matmul(): mat1 and mat2 shapes cannot be multiplied ({shapes}): the last size of the first must equal "
        f"the {'last but one' if y.ndim > 1 else 'only'} size of the second"
    )


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """input @ weight.T + bias, as one op.

    input: (..., in), weight: (out, in), bias: (out,) -> (..., out), or weight: (in,), bias: () -> (...,).
    RuntimeError for sizes that do not fit or two dtypes.
    """
    errors = numpy_errors.set(SILENT)  # as in matmul
    try:
        value = (x := raw(input)) @ (w := raw(weight)).T
        if (b := raw(bias)) is not None:
            value += b
    except (ValueError, TypeError, AttributeError):
        raise linear_error(input, weight, bias) from None
    finally:
        numpy_errors.reset(errors)
    if x is input or x.dtype != w.dtype or w.ndim != 2 or (b is not None and (b.dtype != w.dtype or b.ndim > 1)):
        return linear_of_one(input, weight, bias)
    if x.ndim > 3:
        value = by_rows(value)
    if b is None:
        name = "MmBackward0" if x.ndim == 2 else "UnsafeViewBackward0"
        return record(value, (input, weight), (linear_dinput, linear_dweight), name=name)
    name = "AddmmBackward0" if x.ndim == 2 else "ViewBackward0"
    return record(value, (input, weight, bias), (linear_dinput, linear_dweight, linear_dbias), name=name)


def linear_of_one(input: Any, weight: Any, bias: Any) -> Tensor:
    """`linear` with a vector for weight, of which there is one output: (...,).  Errors for all else."""
    if any(isinstance(x, TensorBase) and x.array.ndim != n for x, n in ((weight, 1), (bias, 0))):
        raise linear_error(input, weight, bias)
    product = matmul(input, weight)
    return product if bias is None else add(product, bias)


def linear_dinput(g: Tensor, _out: Tensor, _input: Tensor, weight: Tensor, _bias: Any = None) -> Tensor:
    if len(weight) == 1:  # an outer product: * along its long side takes a third of the time of @
        return (weight.swapaxes(-2, -1) * g.swapaxes(-2, -1)).swapaxes(-2, -1) if g.ndim > 1 else g * weight[0]
    return g @ weight


def linear_dweight(g: Tensor, _out: Tensor, input: Tensor, _weight: Tensor, _bias: Any = None) -> Tensor:
    if input.ndim != 2:
        g, input = as_matrix(g), as_matrix(input)
    return g.swapaxes(0, 1) @ input


def linear_dbias(g: Tensor, _out: Tensor, _input: Tensor, _weight: Tensor, _bias: Tensor) -> Tensor:
    return g


def as_matrix(a: Tensor) -> Tensor:
    """All dimensions but the last made one."""
    rows = 1
    for n in a.shape[:-1]:
        rows *= n
    return a.reshape(rows, a.shape[-1])


def linear_error(input: Any, weight: Any, bias: Any) -> Exception:
    """Why `linear` cannot compute, in PyTorch's exception types."""
    try:
        check_tensors("linear", ("bias",), input=input, weight=weight, bias=bias)
    except (TypeError, RuntimeError) as error:
        return error
    named = [("input", input), ("weight", weight), ("bias", bias)]
    shown = ", ".join(f"{name} {list(x.array.shape)} {x.dtype}" for name, x in named if x is not None)
    if len({x.array.dtype for _, x in named if x is not None}) > 1:
        names = [CLASS_NAMES[str(x.array.dtype)] for x in (input, weight)]
        return RuntimeError(
            f"mat1 and mat2 must have the same dtype, but got {' and '.join(names)}: linear() of {shown}. "
            f"{converted('input', input.array, weight.array.dtype)}."
        )
    shape, features = input.array.shape, weight.array.shape[-1]
    is_unflattened = len(shape) > 2 and math.prod(shape[1:]) == features
    advice = ". Flatten it before: nn.Flatten(), or x.flatten(1)" if is_unflattened else ""
    rows = "x".join(str(n) for n in shape)
    columns = "x".join(str(n) for n in reversed(weight.array.shape))
    return RuntimeError(
        f"linear(): mat1 and mat2 shapes cannot be multiplied ({rows} and {columns}): the last size of input "
        f"must equal the last of weight, and bias have weight's first. Got: {shown}{advice}"
    )
