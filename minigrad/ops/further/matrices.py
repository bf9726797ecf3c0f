"""Triangular and other systems of equations, inverses and determinants: torch.linalg, by LAPACK through NumPy or CuPy.

The last two dimensions are those of matrices, all others batches of them; A, input: float32 or float64.  RuntimeError
for fewer dimensions, matrices that are not square where they have to be, sizes that do not fit, integers, and two
dtypes.  Results lie in memory column by column, as LAPACK leaves them.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import index
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from minigrad.arrays import array_module, gpu_of, quiet
from minigrad.dtypes import CLASS_NAMES
from minigrad.engine.graph import raw, record
from minigrad.formats import contiguous_format
from minigrad.gpu.placement import check_devices
from minigrad.ops.advice import no_tensor
from minigrad.ops.arranging import diagonal, diagonal_of, tril, triu
from minigrad.ops.linear_algebra import matmul
from minigrad.ops.products import vdot
from minigrad.ops.promotion import array_of, check_tensors
from minigrad.ops.results import printed
from minigrad.ops.rules import zero
from minigrad.ops.selection import where
from minigrad.ops.shaping import reshape, squeeze, stacked, unsqueeze

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = [
    *("cholesky_inverse", "cholesky_solve", "det", "inverse", "logdet", "matrix_power", "slogdet"),
]


class LinAlgError(RuntimeError):
    """A matrix that has no such result: singular, not positive-definite, or no convergence."""


# Matrices, transposed or in memory ----------------------------------------------------------------------------


Matrices = TypeVar("Matrices", bound=Any)
"""An array or a Tensor."""


def transposed(a: Matrices) -> Matrices:
    """Rows and columns of matrices swapped."""
    return a.swapaxes(-2, -1)  # type: ignore[no-any-return]


def by_columns(x: Any) -> Any:
    """A raw array of matrices whose columns are contiguous."""
    return transposed(array_module(x).ascontiguousarray(transposed(x)))


def matrices(op: str, input: Any, name: str = "A") -> Any:
    """The raw array of one or more matrices of floats; RuntimeError for anything else."""
    x = floats(op, input)
    if x.dtype.char == "e":
        raise RuntimeError(f"{op}: Low precision dtypes not supported. Got Half: convert with .float()")
    return two_dims(op, x, name)


def floats(op: str, input: Any) -> Any:
    """The raw array of a tensor of floats; RuntimeError for other dtypes."""
    x = array_of(input)
    if x.dtype.kind != "f":
        raise RuntimeError(
            f"{op}: Expected a floating point or complex tensor as input. Got {CLASS_NAMES[x.dtype.name]}"
        )
    return x


def two_dims(op: str, x: Any, name: str) -> Any:
    """The same raw array; RuntimeError for a vector or a single number."""
    if x.ndim < 2:
        raise RuntimeError(
            f"{op}: The input tensor {name} must have at least 2 dimensions, but its shape is {list(x.shape)}"
        )
    return x


def square(op: str, input: Any) -> Any:
    """The raw array of one or more square matrices of floats; RuntimeError for anything else."""
    return same_sides(op, matrices(op, input))


def same_sides(op: str, x: Any) -> Any:
    """The same raw array; RuntimeError for matrices that are not square."""
    if x.shape[-1] != x.shape[-2]:
        raise RuntimeError(
            f"{op}: A must be batches of square matrices, but they are {x.shape[-2]} by {x.shape[-1]} matrices"
        )
    return x


def by_lapack(message: str, compute: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """What a function of numpy.linalg returns; LinAlgError with a message where it finds no result."""
    try:
        with quiet():
            return compute(*args, **options)
    except np.linalg.LinAlgError as error:
        raise LinAlgError(f"{message} (NumPy: {error})") from None


def one_by_one(compute: Callable[[Any], Any], instead: Callable[[Any], Any], a: Any) -> Any:
    """What a function gives for matrices; if one has no such result, those for each, and something instead for it."""
    try:
        return compute(a)
    except LinAlgError:
        if raw(a).ndim == 2:
            return instead(a)
        return stacked([one_by_one(compute, instead, each) for each in a])


# Cholesky and triangular systems ------------------------------------------------------------------------------


def cholesky(input: Tensor, *, upper: bool = False) -> Tensor:
    """The lower triangular L with a positive diagonal and A = L L^T; upper: its transpose, of A's upper triangle.

    input: symmetric and positive-definite; only one triangle is read.  LinAlgError, a RuntimeError, if it is not
    positive-definite.  The gradient is symmetric.
    Source: I. Murray, "Differentiation of the Cholesky decomposition", arXiv:1602.07527 (2016).
    """
    return factored(input, upper, "LinalgCholeskyExBackward0")


def factored(input: Tensor, upper: bool, name: str) -> Tensor:
    """`cholesky` under the name that PyTorch prints for it."""
    x = square("linalg.cholesky", input)
    value = by_lapack(
        "linalg.cholesky: The factorization could not be completed because the input is not positive-definite",
        array_module(x).linalg.cholesky,
        transposed(x) if upper else x,
    )
    value = transposed(value) if upper else value
    return record(by_columns(value), (input,), (cholesky_da,), upper, name=name)


def cholesky_da(g: Tensor, out: Tensor, _a: Tensor, upper: bool) -> Tensor:
    if upper:
        g, out = transposed(g), transposed(out)
    inner = tril(transposed(out) @ g)
    half = (inner + transposed(tril(inner, -1))) / 2
    left = solve_triangular(transposed(out), half, upper=True)
    return solve_triangular(out, left, upper=False, left=False)


def solve_triangular(
    input: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Tensor:
    """The X with A X = B (or, with left=False, X A = B) for a triangular A, by substitution.

    upper: which triangle of A is read.  unitriangular: its diagonal counts as 1.  Batches broadcast; a zero on the
    diagonal gives infinities.
    """
    op = "linalg.solve_triangular"
    check_devices(input, B)
    x, y = square(op, input), matrices(op, B, "B")
    refuse_system(op, x, y, left)
    with quiet():
        if left:
            value = substituted(x, y, upper, unitriangular)
        else:
            value = transposed(substituted(transposed(x), transposed(y), not upper, unitriangular))
    rules = (solve_triangular_da, solve_triangular_db)
    return record(
        by_columns(value), (input, B), rules, upper, left, unitriangular, name="LinalgSolveTriangularBackward0"
    )


def substituted(a: Any, b: Any, upper: bool, unitriangular: bool) -> Any:
    """The solution of a triangular system, row by row: each from those that are there already."""
    n = a.shape[-1]
    x = array_module(a).empty((*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), *b.shape[-2:]), a.dtype)
    for i in reversed(range(n)) if upper else range(n):
        row, done = slice(i, i + 1), slice(i + 1, n) if upper else slice(0, i)
        rest = b[..., row, :] - a[..., row, done] @ x[..., done, :]
        x[..., row, :] = rest if unitriangular else rest / a[..., row, row]
    return x


def solve_triangular_da(
    g: Tensor, out: Tensor, a: Tensor, b: Tensor, upper: bool, left: bool, unitriangular: bool
) -> Tensor:
    moved = solve_triangular_db(g, out, a, b, upper, left, unitriangular)
    slope = -(moved @ transposed(out)) if left else -(transposed(out) @ moved)
    return triu(slope, int(unitriangular)) if upper else tril(slope, -int(unitriangular))


def solve_triangular_db(
    g: Tensor, _out: Tensor, a: Tensor, _b: Tensor, upper: bool, left: bool, unitriangular: bool
) -> Tensor:
    return solve_triangular(transposed(a), g, upper=not upper, left=left, unitriangular=unitriangular)


def refuse_system(op: str, x: Any, y: Any, left: bool) -> None:
    """RuntimeError for dtypes, sizes or batches of A and B that do not fit."""
    if x.dtype != y.dtype:
        first, second = CLASS_NAMES[x.dtype.name], CLASS_NAMES[y.dtype.name]
        raise RuntimeError(
            f"{op}: Expected A and B to have the same dtype, but found A of type {first} and B of type {second} instead"
        )
    if x.shape[-2] != y.shape[-2 if left else -1]:
        raise RuntimeError(
            f"{op}: Incompatible shapes of A and B for the equation {'AX = B' if left else 'XA = B'} "
            f"({x.shape[-2]}x{x.shape[-1]} and {y.shape[-2]}x{y.shape[-1]})"
        )
    try:
        np.broadcast_shapes(x.shape[:-2], y.shape[:-2])
    except ValueError:
        raise RuntimeError(f"{op}: the batches of A {list(x.shape)} and B {list(y.shape)} do not broadcast") from None


def cholesky_solve(input: Tensor, L: Tensor, upper: bool = False) -> Tensor:
    """The X with A X = input, for A = L L^T by its triangular factor L; upper: for A = L^T L.

    input: (..., n, k).
    """
    for name, x in (("b", input), ("u", L)):
        if array_of(x).ndim < 2:
            raise RuntimeError(f"{name} should have at least 2 dimensions, but has {raw(x).ndim} dimensions instead")
    check_devices(input, L)
    b, factor = raw(input), square("cholesky_solve", L)
    refuse_system("cholesky_solve", factor, b, True)
    value = by_columns(solved_by_factor(transposed(factor) if upper else factor, b))
    return record(value, (input, L), (cholesky_solve_dinput, cholesky_solve_dfactor), upper)


def solved_by_factor(lower: Any, b: Any) -> Any:
    """The solution of a raw system whose matrix is lower @ lower.T."""
    with quiet():
        return substituted(transposed(lower), substituted(lower, b, False, False), True, False)


def cholesky_solve_dinput(g: Tensor, _out: Tensor, _b: Tensor, factor: Tensor, upper: bool) -> Tensor:
    return cholesky_solve(g, factor, upper)


def cholesky_solve_dfactor(g: Tensor, out: Tensor, _b: Tensor, factor: Tensor, upper: bool) -> Tensor:
    return factor_slope(cholesky_solve(g, factor, upper) @ transposed(out), factor, upper)


def factor_slope(moved: Tensor, factor: Tensor, upper: bool) -> Tensor:
    """The gradient of a triangular factor, where -moved is that of the product with its transpose."""
    both = moved + transposed(moved)
    return -triu(triu(factor) @ both) if upper else -tril(both @ tril(factor))


def cholesky_inverse(input: Tensor, upper: bool = False) -> Tensor:
    """The inverse of A = L L^T by its triangular factor, input; upper: of A = R^T R by R.

    Only that triangle is read.
    """
    factor = square("cholesky_inverse", input)
    one = array_module(factor).eye(factor.shape[-1], dtype=factor.dtype)
    value = by_columns(solved_by_factor(transposed(factor) if upper else factor, one))
    return record(value, (input,), (cholesky_inverse_da,), upper)


def cholesky_inverse_da(g: Tensor, out: Tensor, factor: Tensor, upper: bool) -> Tensor:
    return factor_slope(out @ g @ out, factor, upper)


# Inverses and systems -----------------------------------------------------------------------------------------


def inv(A: Tensor) -> Tensor:
    """The inverse of square matrices; its differential is -out dA out.  LinAlgError, a RuntimeError, if singular."""
    x = square("linalg.inv", A)
    value = by_lapack(
        "linalg.inv: The inversion could not be completed because the input matrix is singular",
        array_module(x).linalg.inv,
        x,
    )
    return record(by_columns(value), (A,), (inv_da,), name="LinalgInvExBackward0")


def inv_da(g: Tensor, out: Tensor, _a: Tensor) -> Tensor:
    inverse = transposed(out)
    return -(inverse @ g @ inverse)


def inverse(input: Tensor) -> Tensor:
    """As `linalg.inv`."""
    return inv(input)


def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """The X with A X = B (or, with left=False, X A = B).  B: matrices, or as many vectors as A has matrices.

    LinAlgError, a RuntimeError, if an A is singular.
    """
    op = "linalg.solve"
    x = square(op, A)
    check_devices(A, B)
    y = array_of(B)
    is_vector = y.ndim == 1 or (y.ndim == x.ndim - 1 and y.shape == x.shape[:-1])
    if is_vector:
        if not left:
            raise RuntimeError(f"{op}: Vector broadcasting of the left hand side is not supported for left=False.")
        y = y[..., None]
    refuse_system(op, x, y if is_vector else matrices(op, B, "B"), left)
    value = by_lapack("torch.linalg.solve: The solver failed because the input matrix is singular.", solved, x, y, left)
    if is_vector:  # several lie in memory as the columns of a matrix
        value = value[..., 0] if y.ndim == 2 else by_columns(value[..., 0])
    return record(value, (A, B), (solve_da, solve_db), left, is_vector, name="LinalgSolveExBackward0")


def solved(x: Any, y: Any, left: bool) -> Any:
    """The solution of raw systems; its rows are contiguous with left=False."""
    compute = array_module(x).linalg.solve
    return by_columns(compute(x, y)) if left else transposed(by_columns(compute(transposed(x), transposed(y))))


def solve_da(g: Tensor, out: Tensor, a: Tensor, b: Tensor, left: bool, is_vector: bool) -> Tensor:
    moved = solve_db(g, out, a, b, left, is_vector)
    if is_vector:
        return -(unsqueeze(moved, -1) @ unsqueeze(out, -2))
    return -(moved @ transposed(out)) if left else -(transposed(out) @ moved)


def solve_db(g: Tensor, _out: Tensor, a: Tensor, _b: Tensor, left: bool, is_vector: bool) -> Tensor:
    if is_vector:
        return squeeze(solve(transposed(a), unsqueeze(g, -1)), -1)
    return solve(transposed(a), g, left=left)


def matrix_power(input: Tensor, n: int) -> Tensor:
    """The n-th power of square matrices, by repeated squaring; below 0 that of their inverse.

    Of integers too, unless n is below 0.  LinAlgError, a RuntimeError, if there is no inverse.
    """
    if isinstance(n, bool) or not hasattr(n, "__index__"):
        raise TypeError(f"linalg_matrix_power(): argument 'n' (position 2) must be int, not {type(n).__name__}")
    x, n = same_sides("linalg.matrix_power", two_dims("linalg.matrix_power", array_of(input), "A")), index(n)
    if n == 0:
        one = array_module(x).zeros_like(x, order="C")
        diagonal_of(one, 0, x.ndim - 2, x.ndim - 1)[...] = 1
        return record(one, (input,), (matrix_power_d0,), name="torch::autograd::CopyBackwards")
    if n == 1:
        return input.clone(memory_format=contiguous_format)
    if n < 0:
        input, n = inv(input), -n
    result, square_ = None, input
    while n:
        if n % 2:
            result = square_ if result is None else matmul(result, square_)
        n //= 2
        square_ = matmul(square_, square_) if n else square_
    return result  # type: ignore[return-value]


def matrix_power_d0(_g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return zero(a)


# Determinants -------------------------------------------------------------------------------------------------


def linalg_det(A: Tensor) -> Tensor:
    """The determinants of square matrices.  The differential is det * trace(A^-1 dA)."""
    x = square("linalg.det", A)
    with quiet():
        value = array_module(x).linalg.det(x)
    return record(value, (A,), (det_da,), name="LinalgDetBackward0")


def det_da(g: Tensor, out: Tensor, a: Tensor) -> Tensor:
    if gpu_of(raw(out)) is None and (raw(out) != 0).all():
        return (g * out)[..., None, None] * transposed(inv(a))
    return g[..., None, None] * cofactors(a)


def det(input: Tensor) -> Tensor:
    """As `linalg.det`."""
    return linalg_det(input)


def cofactors(a: Tensor) -> Tensor:
    """The derivatives of the determinant by each element, of singular matrices too; nan with nan or infinities."""
    return one_by_one(cofactors_by_svd, lambda a: a * float("nan"), a)  # type: ignore[no-any-return]


def cofactors_by_svd(a: Tensor) -> Tensor:
    """The cofactors: for A = U diag(s) V^T, det(U) det(V) U diag(c) V^T, c_i the product of all s but s_i."""
    from minigrad.ops.cumulative import products_of_others
    from minigrad.ops.further.decompositions import linalg_svd

    u, s, vh = linalg_svd(a, False)
    others = products_of_others(transposed_first(s))
    sign = det(u) * det(vh)
    return sign[..., None, None] * ((u * transposed_first(others)[..., None, :]) @ vh)  # type: ignore[no-any-return]


def transposed_first(a: Any) -> Any:
    """The last dimension first, or the first last: there are as many as one or two."""
    return a.swapaxes(0, -1)


class SignAndLog(NamedTuple):
    """What slogdet returns."""

    sign: Tensor
    logabsdet: Tensor

    def __repr__(self) -> str:
        return printed("linalg_slogdet", self)


class OldSignAndLog(NamedTuple):
    """What torch.slogdet returns."""

    sign: Tensor
    logabsdet: Tensor

    def __repr__(self) -> str:
        return printed("slogdet", self)


def linalg_slogdet(A: Tensor) -> SignAndLog:
    """The sign of the determinants and the logarithm of their size: (0, -inf) for a singular matrix.

    The gradient of a singular matrix is of infinities and nan: its cofactors over 0.
    """
    x = square("linalg.slogdet", A)
    with quiet():
        sign, log = array_module(x).linalg.slogdet(x)
    name = "LinalgSlogdetBackward0"
    return SignAndLog(record(sign, (A,), (slogdet_dsign,), name=name), record(log, (A,), (slogdet_da,), name=name))


def slogdet(input: Tensor) -> OldSignAndLog:
    """As `linalg.slogdet`."""
    return OldSignAndLog(*linalg_slogdet(input))


def slogdet_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g[..., None, None] * one_by_one(lambda a: transposed(inv(a)), lambda a: cofactors(a) / 0, a)  # type: ignore[no-any-return]


def slogdet_dsign(_g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return zero(a)


def logdet(input: Tensor) -> Tensor:
    """The logarithms of the determinants; nan for those below 0, -inf for 0."""
    sign, log = slogdet(input)
    return where(sign == -1, float("nan"), log)


# Of so many dimensions ----------------------------------------------------------------------------------------


def diagonals(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The diagonals of matrices, A, a view: as `torch.diagonal` in offset, dim1 and dim2; of integers too."""
    return diagonal(A, offset, dim1, dim2)


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """The sums of products of two tensors' elements, x and y, along dim; all other dimensions broadcast."""
    check_tensors("linalg.vecdot", x=x, y=y)
    first, second = floats("linalg.vecdot", x), raw(y)
    if first.dtype != second.dtype:
        names = CLASS_NAMES[first.dtype.name], CLASS_NAMES[second.dtype.name]
        raise RuntimeError(
            "linalg.vecdot: Expected x and y to have the same dtype, but found x of type {} and y of type {} "
            "instead".format(*names)
        )
    if first.ndim == second.ndim == 1:
        return vdot(x, y)
    return (x * y).sum(dim)


def multi_dot(tensors: Any) -> Tensor:
    """The product of several matrices, in the order of multiplying that takes the fewest operations; of integers too.

    tensors: a sequence, two at least; the first may be a row and the last a column: vectors.  RuntimeError for others.
    The order is found as in T. Cormen et al., Introduction to Algorithms, "Matrix-chain multiplication".
    """
    if len(tensors) < 2:
        raise RuntimeError(f"multi_dot(): expected at least 2 tensors but got {len(tensors)}")
    for i, x in enumerate(tensors):
        if not hasattr(x, "array"):
            raise no_tensor("multi_dot", f"tensors[{i}]", x)
        if raw(x).ndim != 2 and not (raw(x).ndim == 1 and i in (0, len(tensors) - 1)):
            raise RuntimeError(
                f"multi_dot(): tensor {i} must be 2D, the first and last also 1D, but got {raw(x).ndim}D"
            )
    rows, columns = raw(tensors[0]).ndim == 1, raw(tensors[-1]).ndim == 1
    chain = list(tensors)
    chain[0] = unsqueeze(chain[0], 0) if rows else chain[0]
    chain[-1] = unsqueeze(chain[-1], -1) if columns else chain[-1]
    sizes = [raw(x).shape[0] for x in chain] + [raw(chain[-1]).shape[1]]
    product = in_best_order(chain, sizes, best_splits(sizes), 0, len(chain) - 1)
    return reshape(product, sizes[:1] * (not rows) + sizes[-1:] * (not columns))


def best_splits(sizes: list[int]) -> dict[tuple[int, int], int]:
    """Where to split each part of a chain of matrices: the last product of the cheapest order comes there."""
    count = len(sizes) - 1
    cost: dict[tuple[int, int], int] = {(i, i): 0 for i in range(count)}
    split: dict[tuple[int, int], int] = {}
    for length in range(1, count):
        for i in range(count - length):
            j = i + length
            costs = {k: cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1] for k in range(i, j)}
            split[i, j] = min(costs, key=costs.__getitem__)
            cost[i, j] = costs[split[i, j]]
    return split


def in_best_order(chain: list[Any], sizes: list[int], split: dict[tuple[int, int], int], i: int, j: int) -> Tensor:
    """The product of the matrices i to j."""
    if i == j:
        return chain[i]  # type: ignore[no-any-return]
    k = split[i, j]
    return matmul(in_best_order(chain, sizes, split, i, k), in_best_order(chain, sizes, split, k + 1, j))
