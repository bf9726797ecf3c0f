"""Linear algebra, as in torch.linalg: LAPACK through NumPy or CuPy, and the rules that differentiate it."""

from minigrad.ops.further.decompositions import cond, eigh, eigvalsh, lstsq, matrix_rank, pinv, svdvals
from minigrad.ops.further.decompositions import linalg_qr as qr
from minigrad.ops.further.decompositions import linalg_svd as svd
from minigrad.ops.further.matrices import (
    LinAlgError,
    cholesky,
    inv,
    matrix_power,
    multi_dot,
    solve,
    solve_triangular,
    vecdot,
)
from minigrad.ops.further.matrices import diagonals as diagonal
from minigrad.ops.further.matrices import linalg_det as det
from minigrad.ops.further.matrices import linalg_slogdet as slogdet
from minigrad.ops.linear_algebra import matmul
from minigrad.ops.more_products import linalg_cross as cross
from minigrad.ops.norms import matrix_norm, vector_norm
from minigrad.ops.norms import matrix_or_vector_norm as norm

__all__ = [
    "LinAlgError",
    "cholesky",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eigh",
    "eigvalsh",
    "inv",
    "lstsq",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
    "svdvals",
    "vecdot",
    "vector_norm",
]
