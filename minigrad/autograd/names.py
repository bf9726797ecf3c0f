"""The names that PyTorch prints for recorded ops: `grad_fn=<MulBackward0>`.

A rule is named after its op and input (`mul_da` is the derivative of mul by a), and PyTorch's name follows
from the op's, but for those below, which PyTorch names by the kernel that it picked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minigrad.autograd.graph import Node


def of(node: Node) -> str:
    """PyTorch's name for a node."""
    op = op_name(node)
    if op is None:
        return "AccumulateGrad"
    name = PYTORCH.get(op, camel_case(op) + "Backward0")
    return name if isinstance(name, str) else name(node)


def op_name(node: Node) -> str | None:
    """The op that recorded the node, as its rules are named after it; None for a leaf."""
    if not node.rules:
        return None
    rule: Any = next(filter(None, node.rules))
    name: str = getattr(rule, "func", rule).__name__
    return name.rpartition("_d")[0]


def camel_case(op: str) -> str:
    """binary_cross_entropy -> BinaryCrossEntropy."""
    return "".join(part.capitalize() for part in op.split("_"))


def reduced_some(op: str) -> Callable[[Node], str]:
    """PyTorch has one kernel for a reduction of everything and another for one along given dimensions."""
    return lambda node: f"{op}Backward{0 if node.static[-1] is None else 1}"


def matrix_product(node: Node) -> str:
    """By the number of dimensions of the two operands."""
    a_is_row, b_is_column = node.static
    if a_is_row and b_is_column:
        return "DotBackward0"
    if b_is_column and len(node.shape) == 1:
        return "MvBackward0"
    if a_is_row and len(node.shape) == 1:
        return "SqueezeBackward4"
    return "MmBackward0" if len(node.shape) == 2 else "UnsafeViewBackward0"


def linear_layer(node: Node) -> str:
    """With or without a bias; more or fewer than two dimensions are a view of a matrix product."""
    if len(node.shape) != 2:
        return "ViewBackward0" if len(node.rules) == 3 else "UnsafeViewBackward0"
    return "AddmmBackward0" if len(node.rules) == 3 else "MmBackward0"


def power(node: Node) -> str:
    """By which of base and exponent is a Python number."""
    base, exponent = node.static
    return "PowBackward" + ("0" if exponent else "2" if base else "1")


def squeezing(node: Node) -> str:
    """All dimensions, one, or several."""
    dim = node.static[1]
    return "SqueezeBackward" + ("0" if dim is None else "2" if isinstance(dim, (tuple, list)) else "1")


def l1_loss(node: Node) -> str:
    """PyTorch computes it by a chain of ops, of which the last is printed."""
    return {"mean": "MeanBackward0", "sum": "SumBackward0", "none": "AbsBackward0"}[node.static[-1]]


def distribution_cross_entropy(node: Node) -> str:
    """Likewise."""
    _dim, reduction, _scale = node.static
    return "DivBackward1" if reduction == "mean" else "NegBackward0"


def normalization(node: Node) -> str:
    """Of a batch or of a layer."""
    return f"Native{node.static[-1]}NormBackward0"


PYTORCH: dict[str, str | Callable[[Node], str]] = {
    "rsub": "RsubBackward1",
    "pow": power,
    "clamp": "ClampBackward1",
    "clone": "CloneBackward0",
    "cast": "ToCopyBackward0",
    "to_device": "ToCopyBackward0",
    "sum": reduced_some("Sum"),
    "mean": reduced_some("Mean"),
    "max": "MaxBackward1",
    "min": "MinBackward1",
    "max_along": "MaxBackward0",
    "min_along": "MinBackward0",
    "reshape": "ViewBackward0",
    "squeeze": squeezing,
    "unsqueeze_key": "UnsqueezeBackward0",
    "matmul": matrix_product,
    "linear": linear_layer,
    "cross_entropy": "NllLossBackward0",
    "cross_entropy_2d": "NllLoss2DBackward0",
    "nll_loss_2d": "NllLoss2DBackward0",
    "distribution_cross_entropy": distribution_cross_entropy,
    "l1_loss": l1_loss,
    "normalized": normalization,
    "known_batch_norm": "NativeBatchNormBackward0",
    "gelu_tanh": "GeluBackward0",
    "log1p": "Log1PBackward0",
    "conv2d": "ConvolutionBackward0",
    "max_pool2d": "MaxPool2DWithIndicesBackward0",
    "avg_pool2d": "AvgPool2DBackward0",
    "put": "torch::autograd::CopySlices",
    "overwritten": "torch::autograd::CopyBackwards",
}
"""What PyTorch calls an op, where its name does not follow from ours."""
