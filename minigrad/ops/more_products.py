"""Further products: of three-dimensional vectors, and of several matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minigrad.arrays import array_module, quiet
from minigrad.engine.graph import raw, record
from minigrad.engine.order import by_rows
from minigrad.engine.places import warn
from minigrad.ops.dims import axis
from minigrad.ops.elementwise import clone
from minigrad.ops.further.matrices import multi_dot
from minigrad.ops.products import check_dims
from minigrad.ops.promotion import array_of, check_broadcast, check_tensors

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["chain_matmul", "cross"]

# Vectors ------------------------------------------------------------------------------------------------------


def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """The cross product of vectors of three numbers along dim: see `linalg.cross`.

    Without dim it is the first dimension of size 3, with a warning; RuntimeError if there is none.
    """
    check_tensors("cross", input=input, other=other)
    if dim is not None:
        return linalg_cross(input, other, dim=dim)
    warn(
        "Using torch.cross without specifying the dim arg is deprecated: pass dim, or use torch.linalg.cross, which "
        "takes the last dimension"
    )
    shape = array_of(input).shape
    if 3 not in shape:
        raise RuntimeError(f"no dimension of size 3 in input: cross() of {list(shape)}")
    return linalg_cross(input, other, dim=shape.index(3))


def linalg_cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The cross product of vectors of three numbers along dim; all other dimensions broadcast.

    (a1 b2 - a2 b1, a2 b0 - a0 b2, a0 b1 - a1 b0).  RuntimeError for another size along dim, unequal numbers of
    dimensions, or two dtypes; IndexError for a dim that there is not.
    """
    check_tensors("linalg.cross", input=input, other=other)
    x, y = array_of(input), raw(other)
    if x.ndim != y.ndim:
        raise RuntimeError(
            f"linalg.cross: inputs must have the same number of dimensions, not {list(x.shape)} and {list(y.shape)}."
        )
    at = axis(dim, x.ndim)
    if not x.ndim or x.shape[at] != 3 or y.shape[at] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {list(x.shape)} and {list(y.shape)}"
        )
    check_broadcast(x.shape, y.shape)
    if x.dtype != y.dtype:
        raise RuntimeError(f"expected scalar type {x.dtype} but found {y.dtype} in linalg.cross(): give both one dtype")
    if x.dtype.kind == "b":
        raise NotImplementedError("linalg.cross(): not implemented for bools")
    return cross_product(input, other, at)


def cross_product(a: Tensor, b: Tensor, dim: int) -> Tensor:
    """The cross product of tensors that fit."""
    x, y = raw(a), raw(b)
    roll = array_module(x).roll
    with quiet():
        value = roll(x, -1, dim) * roll(y, -2, dim) - roll(x, -2, dim) * roll(y, -1, dim)
    return record(by_rows(value), (a, b), (linalg_cross_da, linalg_cross_db), dim)


def linalg_cross_da(g: Tensor, _out: Tensor, _a: Tensor, b: Tensor, dim: int) -> Tensor:
    return cross_product(b, g, dim)


def linalg_cross_db(g: Tensor, _out: Tensor, a: Tensor, _b: Tensor, dim: int) -> Tensor:
    return cross_product(g, a, dim)


# Matrices -----------------------------------------------------------------------------------------------------


def chain_matmul(*matrices: Tensor) -> Tensor:
    """The product of matrices, one by one, in the order that multiplies least, with a warning: see `linalg.multi_dot`.

    RuntimeError for none.
    """
    warn("torch.chain_matmul is deprecated: use torch.linalg.multi_dot, which takes a list of matrices")
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    named: dict[str, Any] = {f"matrix {i}": x for i, x in enumerate(matrices)}
    check_tensors("chain_matmul", **named)
    check_dims("chain_matmul", {name: (x, 2) for name, x in named.items()}, "must be a matrix")
    return multi_dot(matrices) if len(matrices) > 1 else clone(matrices[0])
