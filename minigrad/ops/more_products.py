"""Further products: of three-dimensional vectors, and of several matrices in the cheapest order."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from minigrad.arrays import array_module, quiet
from minigrad.engine.graph import raw, record
from minigrad.engine.order import by_rows
from minigrad.engine.places import warn
from minigrad.ops.dims import axis
from minigrad.ops.elementwise import clone
from minigrad.ops.products import check_dims, mm
from minigrad.ops.promotion import array_of, check_broadcast, check_tensors
from minigrad.ops.shaping import unsqueeze, view

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["chain_matmul", "cross"]

# Vectors ------------------------------------------------------------------------------------------------------


def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """The cross product of vectors of three numbers along dim: see `linalg.cross`.

    Without dim it is the first dimension of size 3, with a warning.
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

    RuntimeError for another size along dim, unequal numbers of dimensions, or two dtypes.
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
    """The product of matrices, in the order that takes the fewest multiplications, with a warning: see `multi_dot`.

    RuntimeError for none.
    """
    warn("torch.chain_matmul is deprecated: use torch.linalg.multi_dot, which takes a list of matrices")
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    named: dict[str, Any] = {f"matrix {i}": x for i, x in enumerate(matrices)}
    check_tensors("chain_matmul", **named)
    check_dims("chain_matmul", {name: (x, 2) for name, x in named.items()}, "must be a matrix")
    return multi_dot(matrices) if len(matrices) > 1 else clone(matrices[0])


def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """The product of two matrices or more, in the order that takes the fewest multiplications.

    The first may be a vector, which is a row, and the last one, which is a column.  RuntimeError for other dimensions,
    and for sizes or dtypes that do not fit.
    https://docs.pytorch.org/docs/stable/generated/torch.linalg.multi_dot.html
    """
    if len(tensors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(tensors)}")
    named: dict[str, Any] = {f"tensor {i}": x for i, x in enumerate(tensors)}
    check_tensors("multi_dot", **named)
    first, *between, last = tensors
    rows = [array_of(first).shape[0]] if array_of(first).ndim == 2 else []
    columns = [array_of(last).shape[1]] if array_of(last).ndim == 2 else []
    matrices = [first if rows else unsqueeze(first, 0), *between, last if columns else unsqueeze(last, 1)]
    check_chain(tensors, matrices)
    sizes = (raw(matrices[0]).shape[0], *(raw(x).shape[1] for x in matrices))
    return view(in_order(matrices, sizes, 0, len(matrices)), *rows, *columns)


def check_chain(tensors: Sequence[Tensor], matrices: list[Tensor]) -> None:
    """RuntimeError unless each matrix can be multiplied with the next."""
    for i, x in enumerate(tensors):
        most = "1D or 2D" if i in (0, len(tensors) - 1) else "2D"
        if raw(matrices[i]).ndim != 2:
            raise RuntimeError(f"multi_dot(): tensor {i} must be {most} but got {raw(x).ndim}D")
        if raw(x).dtype != raw(tensors[0]).dtype:
            raise RuntimeError(
                f"multi_dot(): all tensors must have be the same dtype but tensor 0 is {raw(tensors[0]).dtype} and "
                f"tensor {i} {raw(x).dtype}"
            )
    for i, (x, y) in enumerate(pairwise(matrices)):
        if raw(x).shape[1] != raw(y).shape[0]:
            raise RuntimeError(
                f"multi_dot(): tensors {i} and {i + 1} with shapes {list(raw(tensors[i]).shape)} and "
                f"{list(raw(tensors[i + 1]).shape)} cannot be multiplied"
            )


def in_order(matrices: list[Tensor], sizes: tuple[int, ...], start: int, stop: int) -> Tensor:
    """The product of some of the matrices."""
    if stop - start == 1:
        return matrices[start]
    middle = cheapest(sizes, start, stop)[1]
    return mm(in_order(matrices, sizes, start, middle), in_order(matrices, sizes, middle, stop))


@lru_cache(maxsize=1024)
def cheapest(sizes: tuple[int, ...], start: int, stop: int) -> tuple[int, int]:
    """How many multiplications a product of matrices takes at least, and where it is then cut in two.

    Matrix i is of sizes[i] rows and sizes[i + 1] columns.
    """
    if stop - start == 1:
        return 0, start
    return min(
        (
            cheapest(sizes, start, middle)[0]
            + cheapest(sizes, middle, stop)[0]
            + sizes[start] * sizes[middle] * sizes[stop],
            middle,
        )
        for middle in range(start + 1, stop)
    )
