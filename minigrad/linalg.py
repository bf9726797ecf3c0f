"""Norms and products of matrices, as in torch.linalg, of which only these are here."""

from minigrad.ops.linear_algebra import matmul
from minigrad.ops.more_products import linalg_cross as cross
from minigrad.ops.more_products import multi_dot
from minigrad.ops.norms import matrix_norm, vector_norm
from minigrad.ops.norms import matrix_or_vector_norm as norm

__all__ = ["cross", "matmul", "matrix_norm", "multi_dot", "norm", "vector_norm"]
