"""Norms and products of matrices, as in torch.linalg, of which only these are here."""

from minigrad.ops.linear_algebra import matmul
from minigrad.ops.norms import matrix_norm, vector_norm
from minigrad.ops.norms import matrix_or_vector_norm as norm

__all__ = ["matmul", "matrix_norm", "norm", "vector_norm"]
