"""Linear algebra, as in torch.linalg: LAPACK through NumPy or CuPy, and the rules that differentiate it."""

__all__ = [
    *("LinAlgError", "cholesky", "cond", "det", "diagonal", "eigh", "eigvalsh", "inv", "lstsq", "matmul"),
    *("matrix_norm", "matrix_power", "matrix_rank", "multi_dot", "norm", "pinv", "qr", "slogdet", "solve"),
    *("solve_triangular", "svd", "svdvals", "vecdot", "vector_norm"),
]
