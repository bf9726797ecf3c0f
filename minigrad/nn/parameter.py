"""Parameters: tensors that a module trains."""

from __future__ import annotations

from typing import Any

from minigrad import printing
from minigrad.autograd.graph import leaf_node, new
from minigrad.tensor import Tensor


class Parameter(Tensor):
    """A tensor that a Module registers when it is assigned as an attribute.

    It shares the memory of `data` and requires grad, unless requires_grad=False.

    >>> import minigrad as torch
    >>> torch.nn.Parameter(torch.ones(2))
    Parameter containing:
    tensor([1., 1.], requires_grad=True)
    """

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Any:
        """Share the memory of data."""
        parameter = new(cls)
        if data is not None:
            if not isinstance(data, Tensor):
                raise TypeError(f"Parameter(): data must be a Tensor, not {type(data).__name__}")
            parameter.array = data.array
            if requires_grad:
                parameter.requires_grad_()
        return parameter

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        if data is None:
            super().__init__()
            if requires_grad:
                self.node = leaf_node(self)

    def __repr__(self) -> str:
        return printing.parameter_repr(self)

    def __format__(self, spec: str) -> str:
        return printing.parameter_format(self, spec)
