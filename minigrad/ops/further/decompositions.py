"""Matrices as products of others: QR, singular values, eigenvalues; and what is computed by them.

Matrices, batches and errors are those of `minigrad.ops.further.matrices`.  The rules compute a matrix's other factors
anew from the matrix, so that they can be differentiated again.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from minigrad.arrays import array_module, quiet
from minigrad.dtypes import CLASS_NAMES
from minigrad.engine.graph import raw, record, unrecorded, wrap
from minigrad.ops.arranging import tril
from minigrad.ops.further.matrices import (
    by_columns,
    by_lapack,
    factored,
    inv,
    matrices,
    one_by_one,
    solve_triangular,
    square,
    transposed,
)
from minigrad.ops.indexing import scatter
from minigrad.ops.mixing import nan_to_num
from minigrad.ops.norms import matrix_norm
from minigrad.ops.promotion import array_of, check_tensors, on_one_device
from minigrad.ops.results import printed
from minigrad.ops.rules import zero
from minigrad.ops.selection import where
from minigrad.ops.shaping import squeeze, unsqueeze

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["cholesky", "pinverse", "qr", "svd"]


class Factors(NamedTuple):
    """What linalg.qr returns."""

    Q: Tensor
    R: Tensor

    def __repr__(self) -> str:
        return printed("linalg_qr", self)


class Triple(NamedTuple):
    """What linalg.svd returns."""

    U: Tensor
    S: Tensor
    Vh: Tensor

    def __repr__(self) -> str:
        return printed("linalg_svd", self)


class OldTriple(NamedTuple):
    """What torch.svd returns."""

    U: Tensor
    S: Tensor
    V: Tensor

    def __repr__(self) -> str:
        return printed("svd", self)


class Eigen(NamedTuple):
    """What linalg.eigh returns."""

    eigenvalues: Tensor
    eigenvectors: Tensor

    def __repr__(self) -> str:
        return printed("linalg_eigh", self)


class LeastSquares(NamedTuple):
    """What linalg.lstsq returns."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor

    def __repr__(self) -> str:
        return printed("linalg_lstsq", self)


def cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """As `linalg.cholesky`."""
    return factored(input, upper, "CholeskyBackward0")


# QR -----------------------------------------------------------------------------------------------------------


def linalg_qr(A: Tensor, mode: str = "reduced") -> Factors:
    """A = Q R, with orthonormal columns in Q and an upper triangular R.

    A: (..., m, n).  mode: "reduced" has min(m, n) columns in Q, "complete" m, "r" no Q at all.  RuntimeError when a
    gradient comes to it in mode "r", or in mode "complete" where m > n.
    Source of the rule: M. Seeger et al., "Auto-differentiating linear algebra", arXiv:1710.08717 (2017).
    """
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(
            f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'"
        )
    x = matrices("linalg.qr", A)
    xp = array_module(x)
    with quiet():
        q, r = (xp.empty(0, x.dtype), xp.linalg.qr(x, "r")) if mode == "r" else xp.linalg.qr(x, mode)
    is_square = mode == "complete" and x.shape[-2] > x.shape[-1]
    first, second = (qr_dq, qr_dr) if not is_square else (qr_dcomplete, qr_dcomplete)
    if mode == "r":
        first = second = qr_dr_alone
    name = "LinalgQrBackward0"
    return Factors(
        record(q if mode == "r" else by_columns(q), (A,), (first,), name=name),
        record(by_columns(r), (A,), (second,), name=name),
    )


def qr_dq(g: Tensor, out: Tensor, a: Tensor) -> Tensor:
    n = out.shape[-1]
    r = transposed(out) @ a[..., :n]
    return in_columns(qr_slope(g, zero(r), out, r), slice(0, n), a)


def qr_dr(g: Tensor, out: Tensor, a: Tensor) -> Tensor:
    n = out.shape[-2]
    r, rest = out[..., :n], a[..., n:]
    q = solve_triangular(r, a[..., :n], upper=True, left=False)
    if n == a.shape[-1]:
        return qr_slope(zero(q), g, q, r)
    slope = qr_slope(rest @ transposed(g[..., n:]), g[..., :n], q, r)
    return in_columns(slope, slice(0, n), a) + in_columns(q @ g[..., n:], slice(n, None), a)


def in_columns(part: Tensor, columns: slice, a: Tensor) -> Tensor:
    """A gradient of some of a matrix's columns as one of the matrix."""
    return part if part.shape == a.shape else scatter(part, (Ellipsis, columns), tuple(a.shape))


def qr_slope(gq: Tensor, gr: Tensor, q: Tensor, r: Tensor) -> Tensor:
    """The gradient of a matrix with as many rows as columns or more by those of its factors."""
    inner = tril(r @ transposed(gr) - transposed(gq) @ q)
    moved = gq + q @ (inner + transposed(tril(inner, -1)))
    return solve_triangular(transposed(r), moved, upper=False, left=False)


def qr_dcomplete(_g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    raise RuntimeError("The QR decomposition is not differentiable when mode='complete' and nrows > ncols.")


def qr_dr_alone(_g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    raise RuntimeError(
        "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use "
        "linalg.qr(A, mode='reduced') if you are going to differentiate through linalg.qr."
    )


def qr(input: Tensor, some: bool = True) -> Factors:
    """As `linalg.qr`: reduced, or complete with some=False."""
    return linalg_qr(input, "reduced" if some else "complete")


# Singular values ----------------------------------------------------------------------------------------------


def linalg_svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None) -> Triple:  # noqa: ARG001
    """A = U diag(S) Vh, with orthonormal columns in U and rows in Vh, S in descending order.

    full_matrices: whether U and Vh are square.  The gradients of U and Vh are infinite where values of S are equal;
    RuntimeError when one comes to what full_matrices adds to U or Vh: it is open.  driver: PyTorch's on a GPU.
    LinAlgError, a RuntimeError, for a matrix with nan or infinities.
    Source of the rules: J. Townsend, "Differentiating the singular value decomposition" (2016).
    """
    x = matrices("linalg.svd", A)
    u, s, vh = by_lapack(NO_SVD, array_module(x).linalg.svd, x, full_matrices)
    name = "LinalgSvdBackward0"
    return Triple(
        record(by_columns(u), (A,), (svd_du,), full_matrices, name=name),
        record(s, (A,), (svdvals_da,), name=name),
        record(by_columns(vh), (A,), (svd_dvh,), full_matrices, name=name),
    )


NO_SVD = "linalg.svd: The algorithm failed to converge because the input matrix contained non-finite values."


def svd_du(g: Tensor, _out: Tensor, a: Tensor, full: bool) -> Tensor:
    u, s, vh = thin(a, full)
    g = determined("U", g, s.shape[-1])
    inner = transposed(u) @ g
    slope = u @ ((inner - transposed(inner)) / gaps(s * s) * s[..., None, :])
    if u.shape[-2] > u.shape[-1]:
        slope = slope + (g - u @ inner) / s[..., None, :]
    return slope @ vh


def svd_dvh(g: Tensor, _out: Tensor, a: Tensor, full: bool) -> Tensor:
    u, s, vh = thin(a, full)
    g = transposed(determined("Vh", transposed(g), s.shape[-1]))
    inner = g @ transposed(vh)
    slope = (s[..., None] * (transposed(inner) - inner) / gaps(s * s)) @ vh
    if vh.shape[-1] > vh.shape[-2]:
        slope = slope + (g - inner @ vh) / s[..., None]
    return u @ slope


def thin(a: Tensor, full: bool) -> tuple[Tensor, Tensor, Tensor]:
    """A matrix's factors without what full_matrices adds."""
    u, s, vh = linalg_svd(a, full)
    return u[..., : s.shape[-1]], s, vh[..., : s.shape[-1], :]


def determined(name: str, g: Tensor, columns: int) -> Tensor:
    """The gradient of the first columns; RuntimeError where there is one of the others."""
    if 0 < columns < g.shape[-1] and (raw(g)[..., columns:] != 0).any():
        raise RuntimeError(
            f"linalg.svd: the derivative of what full_matrices=True adds to {name} is not determined: use "
            "full_matrices=False"
        )
    return g[..., :columns]


def gaps(values: Tensor) -> Tensor:
    """values[j] - values[i], and 1 in place of the zeros on the diagonal."""
    x = raw(values)
    return values[..., None, :] - values[..., None] + array_module(x).eye(x.shape[-1], dtype=x.dtype)  # type: ignore[no-any-return]


def svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:  # noqa: ARG001
    """The singular values of matrices, in descending order: see `linalg.svd` for A and driver."""
    x = matrices("linalg.svdvals", A)
    value = by_lapack(NO_SVD, array_module(x).linalg.svd, x, compute_uv=False)
    return record(value, (A,), (svdvals_da,), name="LinalgSvdBackward0")


def svdvals_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    u, _, vh = linalg_svd(a, False)
    return (u * g[..., None, :]) @ vh


def svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> OldTriple:
    """A = U diag(S) V^T: as `linalg.svd`, with V in place of its transpose.

    some: U and V have as many columns as S has elements; else they are square.  compute_uv: else U and V are zeros.
    """
    u, s, vh = linalg_svd(input, not some)
    return OldTriple(u, s, transposed(vh)) if compute_uv else OldTriple(zero(u), s, zero(transposed(vh)))


# Eigenvalues --------------------------------------------------------------------------------------------------


def eigh(A: Tensor, UPLO: str = "L") -> Eigen:
    """A = V diag(L) V^T of symmetric matrices: the eigenvalues in ascending order, the eigenvectors as columns of V.

    UPLO: which triangle is read, "L" or "U"; RuntimeError for another.  The gradient of V is infinite where eigenvalues
    are equal.  LinAlgError, a RuntimeError, where LAPACK does not converge.
    """
    values, vectors = eigen(A, UPLO, "eigh")
    name = "LinalgEighBackward0"
    return Eigen(
        record(values, (A,), (eigh_dvalues,), UPLO, name=name),
        record(by_columns(vectors), (A,), (eigh_dvectors,), UPLO, name=name),
    )


def eigen(input: Tensor, UPLO: str, function: str) -> Any:
    """What numpy.linalg.eigh or eigvalsh returns for a tensor's array."""
    x = square("linalg.eigh", input)
    if UPLO.upper() not in ("L", "U"):
        raise RuntimeError(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")
    message = (
        "linalg.eigh: The algorithm failed to converge because the input matrix is ill-conditioned or has too many "
        "repeated eigenvalues"
    )
    return by_lapack(message, getattr(array_module(x).linalg, function), x, UPLO.upper())


def eigh_dvalues(g: Tensor, _out: Tensor, a: Tensor, UPLO: str) -> Tensor:
    _, vectors = eigh(a, UPLO)
    return (vectors * g[..., None, :]) @ transposed(vectors)


def eigh_dvectors(g: Tensor, _out: Tensor, a: Tensor, UPLO: str) -> Tensor:
    values, vectors = eigh(a, UPLO)
    inner = transposed(vectors) @ g / gaps(values)
    x = raw(inner)
    return vectors @ where(array_module(x).eye(x.shape[-1], dtype=bool), 0.0, inner) @ transposed(vectors)


def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """The eigenvalues of symmetric matrices, in ascending order: see `linalg.eigh` for A and UPLO."""
    return record(eigen(A, UPLO, "eigvalsh"), (A,), (eigh_dvalues,), UPLO, name="LinalgEighBackward0")


# What is computed by them -------------------------------------------------------------------------------------


def pinv(input: Tensor, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None) -> Tensor:
    """The pseudoinverse: V diag(1 / S) U^T, for A = U diag(S) V^T, over the singular values that are not 0.

    Those count as 0 that are not above max(atol, rtol * the largest); by default rtol is max(m, n) * eps, or 0 if atol
    is given.  rcond: another name of rtol.  hermitian: the matrices are symmetric; their lower triangle is read.
    Source of the rule: G. Golub and V. Pereyra, SIAM Journal on Numerical Analysis 10 (1973).
    """
    input, rcond, atol, rtol = on_one_device(input, rcond, atol, rtol)
    x = array_of(input)
    if x.dtype.char not in "fd" or x.ndim < 2:
        raise RuntimeError(
            f"linalg.pinv({CLASS_NAMES[x.dtype.name]}{{{list(x.shape)}}}): expected a tensor with 2 or more dimensions "
            "of float, double, cfloat or cdouble types"
        )
    linalg = array_module(x).linalg
    if hermitian:
        values, u = by_lapack(NO_SVD, linalg.eigh, x)
        vt = transposed(u)
    else:
        u, values, vt = by_lapack(NO_SVD, linalg.svd, x, False)
    with quiet():
        taken = above_tolerance(abs(values), x, atol, rtol if rcond is None else rcond)
        value = transposed(vt) @ (reciprocals(values, taken)[..., None] * transposed(u))
    return record(array_module(x).ascontiguousarray(value), (input,), (pinv_da,), name="LinalgPinvBackward0")


def pinv_da(g: Tensor, out: Tensor, a: Tensor) -> Tensor:
    inverse, gt = transposed(out), transposed(g)
    outer, inner = out @ inverse, inverse @ out
    rows, columns = gt @ outer, inner @ gt
    return rows - a @ (out @ rows) + columns - (columns @ out) @ a - inverse @ g @ inverse


def above_tolerance(sizes: Any, x: Any, atol: Any, rtol: Any) -> Any:
    """Which of raw singular values count as not 0."""
    xp = array_module(x)
    if rtol is None:
        default = max(x.shape[-2:]) * float(xp.finfo(x.dtype).eps)
        rtol = default if atol is None else xp.where(xp.asarray(raw(atol)) > 0, 0.0, default)
    least, share = (xp.asarray(raw(0.0 if each is None else each), x.dtype)[..., None] for each in (atol, rtol))
    largest = sizes.max(-1, keepdims=True) if sizes.size else sizes[..., :0].sum(-1, keepdims=True)
    return sizes > xp.maximum(least, share * largest)


def reciprocals(values: Any, taken: Any) -> Any:
    """1 / values where they are taken, else 0."""
    return array_module(values).where(taken, 1 / values, values.dtype.type(0))


def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """As `linalg.pinv`, with another tolerance, rcond."""
    return pinv(input, rcond)


def matrix_rank(
    input: Tensor, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None
) -> Tensor:
    """How many singular values are not 0, int64: see `linalg.pinv` for hermitian, atol and rtol.

    tol: another name of atol.
    """
    input, tol, atol, rtol = on_one_device(input, tol, atol, rtol)
    x = array_of(input)
    if x.ndim < 2:
        raise RuntimeError(
            f"torch.linalg.matrix_rank: The input tensor input must have at least 2 dimensions, not {x.ndim}"
        )
    linalg = array_module(matrices("linalg.matrix_rank", input)).linalg
    if hermitian:
        sizes = abs(by_lapack(NO_SVD, linalg.eigvalsh, x))
    else:
        sizes = by_lapack(NO_SVD, linalg.svd, x, compute_uv=False)
    if tol is not None:
        atol, rtol = tol, 0.0
    return unrecorded(above_tolerance(sizes, x, atol, rtol).sum(-1, dtype="int64"), input)


def lstsq(input: Tensor, b: Tensor, rcond: float | None = None, *, driver: str | None = None) -> LeastSquares:
    """The X with the least |A X - b|, and of those the least |X|: X = pinv(A) b, for A = input.

    b: matrices, or as many vectors as there are matrices.  Returns the solution, the sums of the squares of A X - b
    (empty with the default driver, or where A has not the rank n < m), the ranks, the singular values.  rcond: singular
    values not above its share of the largest count as 0.  driver: PyTorch's name of a method, "gelsy" by default: it
    only tells what is returned, for there is one method here.  RuntimeError for another, and for sizes that do not fit.
    """
    x = array_of(input)
    check_tensors("lstsq", input=input, b=b)
    if x.ndim < 2:
        raise RuntimeError("torch.linalg.lstsq: input must have at least 2 dimensions.")
    matrices("linalg.lstsq", input)
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(
            f"torch.linalg.lstsq: parameter `driver` should be one of (gels, gelsy, gelsd, gelss), not {driver!r}"
        )
    y = raw(b)
    is_vector = y.ndim == x.ndim - 1 and y.shape == x.shape[:-1]
    if is_vector:
        y = y[..., None]
    if y.ndim < 2 or x.shape[-2] != y.shape[-2]:
        raise RuntimeError(
            f"torch.linalg.lstsq: input.size(-2) should match other.size(-2), but they have shapes {list(x.shape)} and "
            f"{list(y.shape)}"
        )
    value, *others, rank, s = least_squares(x, y, rcond, driver)
    values = [value[..., 0] if is_vector else value, *others]
    rules = (lstsq_da, lstsq_db), (residuals_da, residuals_db)
    solution, residuals = (
        record(each, (input, b), pair, is_vector, name="LinalgLstsqBackward0") for each, pair in zip(values, rules)
    )
    return LeastSquares(solution, residuals, wrap(rank), wrap(s))


def least_squares(x: Any, y: Any, rcond: float | None, driver: str | None) -> tuple[Any, ...]:
    """The four parts of `lstsq` for raw matrices."""
    xp, (m, n) = array_module(x), x.shape[-2:]
    u, s, vt = by_lapack(NO_SVD, xp.linalg.svd, x, False)
    with quiet():
        taken = above_tolerance(s, x, None, rcond)
        value = transposed(vt) @ (reciprocals(s, taken)[..., None] * (transposed(u) @ y))
        room = xp.zeros((*value.shape[:-2], max(m, n), value.shape[-1]), x.dtype)  # LAPACK has it over B
        room[..., :n, :] = value
        rank, residuals = taken.sum(-1, dtype="int64"), xp.empty(0, x.dtype)
        if driver not in (None, "gelsy") and m > n and bool((rank == n).all()):
            residuals = ((x @ value - y) ** 2).sum(-2)
    rank, s = (
        rank if driver != "gels" else xp.empty(0, "int64"),
        s if driver in ("gelsd", "gelss") else xp.empty(0, x.dtype),
    )
    return by_columns(room)[..., :n, :], residuals, rank, s


def lstsq_da(g: Tensor, _out: Tensor, a: Tensor, b: Tensor, is_vector: bool) -> Tensor:
    g, b = (unsqueeze(g, -1), unsqueeze(b, -1)) if is_vector else (g, b)
    return pinv_da(g @ transposed(b), pinv(a), a)


def lstsq_db(g: Tensor, _out: Tensor, a: Tensor, _b: Tensor, is_vector: bool) -> Tensor:
    inverse = transposed(pinv(a))
    return squeeze(inverse @ unsqueeze(g, -1), -1) if is_vector else inverse @ g


def residuals_da(g: Tensor, _out: Tensor, a: Tensor, b: Tensor, is_vector: bool) -> Tensor:
    if not raw(g).size:
        return zero(a)
    solution, error = rest_of(a, b, is_vector)
    return (error * (2 * g[..., None, :])) @ transposed(solution)


def residuals_db(g: Tensor, _out: Tensor, a: Tensor, b: Tensor, is_vector: bool) -> Tensor:
    if not raw(g).size:
        return zero(b)
    slope = rest_of(a, b, is_vector)[1] * (-2 * g[..., None, :])
    return squeeze(slope, -1) if is_vector else slope


def rest_of(a: Tensor, b: Tensor, is_vector: bool) -> tuple[Tensor, Tensor]:
    """The least-squares solution X, and A X - B."""
    b = unsqueeze(b, -1) if is_vector else b
    solution = pinv(a) @ b
    return solution, a @ solution - b


def cond(input: Tensor, p: Any = None) -> Tensor:
    """The condition number: the largest singular value over the smallest, or for p = -2 the other way round.

    p: else the order of a matrix norm, of which those of A and its inverse are multiplied; inf for a singular matrix.
    """
    if array_of(input).ndim < 2:
        raise RuntimeError(f"linalg.cond: The input tensor must have at least 2 dimensions, not {raw(input).ndim}")
    if not raw(input).size:
        return input.sum((-2, -1))
    if p in (None, 2, -2):
        s = svdvals(input)
        largest, smallest = s[..., :1], s[..., -1:]
        return squeeze(smallest / largest if p == -2 else largest / smallest, -1)
    square(f"linalg.cond with p={p}", input)
    product = matrix_norm(input, p) * matrix_norm(inverse_or_infinities(input), p)
    return product if p == "nuc" else nan_to_num(product, math.inf, math.inf, -math.inf)


def inverse_or_infinities(a: Tensor) -> Tensor:
    """The inverses of matrices; a singular one's is all infinities."""
    return one_by_one(inv, lambda a: a.new_full(raw(a).shape, math.inf), a)  # type: ignore[no-any-return]
