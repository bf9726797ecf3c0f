"""Norms: how large a vector or a matrix is, and how far apart two are.

dim and keepdim are those of `minigrad.ops.reductions`; dtype: the input is converted to it first.  Where a norm is 0,
so is its gradient, unless the norm is one of singular values.  RuntimeError for integers and bools.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from minigrad import dtypes
from minigrad.arrays import array_module, quiet
from minigrad.engine.graph import raw, record
from minigrad.engine.order import by_rows
from minigrad.ops.arithmetic import power
from minigrad.ops.dims import axis, kept_shape, reduced_axes
from minigrad.ops.elementwise import abs, reciprocal, sign
from minigrad.ops.promotion import array_of, as_dtype, check_tensors, numpy_dtype
from minigrad.ops.reductions import amax, amin, shared, sum
from minigrad.ops.rules import zero
from minigrad.ops.selection import where
from minigrad.ops.shaping import permute, unsqueeze

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["cdist", "dist", "norm", "renorm"]


def vector_norm(
    x: Tensor, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: dtypes.dtype | None = None
) -> Tensor:
    """sum(|x| ** ord) ** (1 / ord), over all dimensions or some; the largest |x| for inf, the smallest for -inf.

    For 0, how many elements are not 0.  RuntimeError for inf and -inf of no elements.
    """
    a = x if dtype is None else as_dtype(x, numpy_dtype(dtype))
    array = array_of(a)
    if array.dtype.kind != "f":
        raise RuntimeError(
            "linalg.vector_norm: Expected a floating point or complex tensor as input. Got "
            f"{dtypes.CLASS_NAMES[array.dtype.name]}. Convert it with .float() first."
        )
    axes = reduced_axes(a, dim)
    if (ord < 0 or ord == math.inf) and 0 in [array.shape[i] for i in axes]:
        raise RuntimeError(
            f"linalg.vector_norm cannot compute the {float(ord)} norm on an empty tensor because the operation does "
            f"not have an identity: its shape is {list(array.shape)}"
        )
    with quiet():
        value = by_rows(norm_of(array, float(ord), axes, keepdim).astype(array.dtype))
    static = float(ord), axes, kept_shape(array.shape, axes)
    return record(value, (a,), (vector_norm_da,), *static, name="LinalgVectorNormBackward0")


def norm_of(x: Any, p: float, axes: tuple[int, ...], keepdim: bool) -> Any:
    """The norm of a raw array, computed in float32 at least."""
    xp = array_module(x)
    x = xp.abs(x if x.dtype.itemsize > 2 else x.astype("float32"))
    if math.isinf(p):
        return x.max(axes, keepdims=keepdim) if p > 0 else x.min(axes, keepdims=keepdim)
    if p == 0:
        return (x != 0).sum(axes, x.dtype, keepdims=keepdim)
    if p == 1:
        return x.sum(axes, keepdims=keepdim)
    return xp.sqrt((x * x).sum(axes, keepdims=keepdim)) if p == 2 else (x**p).sum(axes, keepdims=keepdim) ** (1 / p)


def vector_norm_da(g: Tensor, out: Tensor, a: Tensor, p: float, axes: Any, kept: tuple[int, ...]) -> Tensor:
    g, out = g.reshape(kept), out.reshape(kept)
    if p == 0:
        return zero(a)
    if p == 1:
        return g * sign(a)
    if math.isinf(p):
        return shared(g, abs(a) == out, axes) * sign(a)
    if p == 2:
        return g * where(out == 0, 0.0, a / where(out == 0, 1.0, out))
    size, length = where(a == 0, 1.0, abs(a)), where(out == 0, 1.0, out)
    slope = where(a == 0, 0.0, sign(a) * power(size / length, p - 1))
    return g * where(out == 0, 0.0, slope) if p < 1 else where(out == 0, 0.0, g * slope)


def norm(
    input: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: dtypes.dtype | None = None
) -> Tensor:
    """The norm of all elements, or along dimensions: see `linalg.vector_norm`.

    p: a number, "fro" for 2, or "nuc" for the sum of a matrix's singular values.  RuntimeError for another word.
    """
    if p == "nuc":
        dims: Any = tuple(range(array_of(input).ndim)) if dim is None else dim
        return matrix_norm(input, p, dims, keepdim, dtype=dtype)
    if isinstance(p, str) and p != "fro":
        raise RuntimeError(f"norm(): p must be a number or 'fro', not {p!r}")
    if p == "fro" and isinstance(dim, (tuple, list)) and len(dim) > 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {list(dim)}: norm(p=2) takes more")
    return vector_norm(input, 2 if p in ("fro", None) else p, dim, keepdim, dtype=dtype)


def matrix_norm(
    input: Tensor,
    ord: Any = "fro",
    dim: tuple[int, int] = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: dtypes.dtype | None = None,
) -> Tensor:
    """The norm of matrices: "fro" of their elements; inf and -inf the largest and smallest sum of |elements| of a row.

    ord: these, or 1 and -1: of a column.  2 and -2: the largest and smallest singular value; "nuc": the sum of them.
    dim: the two dimensions of the matrices.  RuntimeError for another order, and for fewer dimensions.
    """
    a = input if dtype is None else as_dtype(input, numpy_dtype(dtype))
    x = array_of(a)
    if x.ndim < 2:
        raise RuntimeError(f"linalg.matrix_norm: The input tensor A must have at least 2 dimensions, not {x.ndim}")
    if ord == "fro":
        return vector_norm(a, 2, dim, keepdim)
    if ord in ("nuc", 2, -2):
        return singular_norm(a, ord, dim, keepdim)
    if ord not in (1, -1, math.inf, -math.inf):
        raise RuntimeError(f"linalg.matrix_norm: Order {ord} not supported.")
    rows, columns = (d % x.ndim for d in dim)
    if ord in (math.inf, -math.inf):
        rows, columns = columns, rows
    total = vector_norm(a, 1, rows, keepdim)
    columns -= not keepdim and columns > rows
    return amax(total, columns, keepdim) if ord > 0 else amin(total, columns, keepdim)


def matrix_or_vector_norm(
    input: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, dtype: dtypes.dtype | None = None
) -> Tensor:
    """`vector_norm`, or `matrix_norm` where two dimensions are meant and an order is given.

    ord: that of either; without one, 2 of all elements.  RuntimeError for an order of more than two dimensions, unless
    dim says which.
    """
    ndim = array_of(input).ndim
    dims: Any = dim if dim is None or isinstance(dim, int) else tuple(dim)
    if isinstance(ord, str) or (ord is not None and (isinstance(dims, tuple) and len(dims) == 2)):
        return matrix_norm(input, ord, (-2, -1) if dims is None else dims, keepdim, dtype=dtype)
    if ord is not None and dims is None and ndim == 2:
        return matrix_norm(input, ord, (-2, -1), keepdim, dtype=dtype)
    if ord is not None and dims is None and ndim != 1:
        raise RuntimeError(f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {ndim}D.")
    return vector_norm(input, 2 if ord is None else ord, dims, keepdim, dtype=dtype)


def singular_norm(a: Tensor, ord: Any, dim: tuple[int, int], keepdim: bool) -> Tensor:
    """The sum ("nuc"), the largest (2) or the smallest (-2) of the singular values."""
    from minigrad.ops.further.decompositions import svdvals

    if len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {list(dim)}")
    ndim = raw(a).ndim
    rows, columns = (axis(d, ndim) for d in dim)
    order = [*(d for d in range(ndim) if d not in (rows, columns)), rows, columns]
    values = svdvals(permute(a, order))
    norm = sum(values, -1, keepdim) if ord == "nuc" else (amax if ord > 0 else amin)(values, -1, keepdim)
    return permute(unsqueeze(norm, -1), [order.index(d) for d in range(ndim)]) if keepdim else norm


RENORM_EPS = 1e-7
"""What is added to a norm that is divided by."""


def renorm(input: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """The slices along dim, those whose norm of order p is above maxnorm scaled down to it.

    RuntimeError for fewer than two dimensions, p not above 0, or maxnorm below 0.
    """
    x = array_of(input)
    if p <= 0:
        raise RuntimeError(f"renorm: non-positive-norm not supported: p is {p}")
    if x.ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {x.ndim} dimensions")
    if not maxnorm >= 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    at = axis(dim, x.ndim)
    axes = tuple(i for i in range(x.ndim) if i != at)
    with quiet():
        norms: Any = vector_norm(x, p, axes, True)
        value = x * where(norms > maxnorm, maxnorm / (norms + RENORM_EPS), 1.0)
    return record(by_rows(value), (input,), (renorm_da,), float(p), axes, maxnorm)


def renorm_da(g: Tensor, _out: Tensor, a: Tensor, p: float, axes: tuple[int, ...], maxnorm: float) -> Tensor:
    norms = vector_norm(a, p, axes, True)
    inverse = reciprocal(norms + RENORM_EPS)
    of_norms = sum(g * a, axes, keepdim=True) * (inverse * inverse * -maxnorm)
    scaled = g * (inverse * maxnorm) + vector_norm_da(of_norms, norms, a, p, axes, raw(norms).shape)
    return where(raw(norms > maxnorm), scaled, g)


def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """The p-norm of input - other, which broadcast: sum(|input - other| ** p) ** (1 / p), a 0-d tensor."""
    check_tensors("dist", input=input, other=other)
    return vector_norm(input - other, p)


def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str | None = None) -> Tensor:  # noqa: ARG001
    """The p-norm of the difference of each row of x1 and each of x2: (..., n, k) and (..., m, k) -> (..., n, m).

    compute_mode is PyTorch's, for its speed: here distances are always computed from the differences.  RuntimeError for
    rows of two sizes, fewer than two dimensions, and p below 0.
    """
    check_tensors("cdist", x1=x1, x2=x2)
    x, y = array_of(x1), raw(x2)
    for name, z in (("X1", x), ("X2", y)):
        if z.dtype.kind != "f":
            raise RuntimeError(f"cdist only supports floating-point dtypes, {name} got: {z.dtype}")
        if z.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, {name} got: {z.ndim}D")
    if x.shape[-1] != y.shape[-1]:
        raise RuntimeError(
            f"X1 and X2 must have the same number of columns. X1: {x.shape[-1]} X2: {y.shape[-1]} in cdist()"
        )
    if p < 0:
        raise RuntimeError("cdist only supports non-negative p values")
    differences = unsqueeze(x1, -2) - unsqueeze(x2, -3)
    if not x.shape[-1]:
        return sum(differences, -1)
    return vector_norm(differences, p, -1)
