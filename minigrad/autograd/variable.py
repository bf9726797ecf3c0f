"""Variable, of scripts from before PyTorch 0.4: there a Tensor had to be wrapped to be differentiated."""

from __future__ import annotations

import warnings
from typing import Any

from minigrad.tensor import Tensor


class TensorsAreVariables(type):
    """Lets `isinstance(x, Variable)` be true of every Tensor."""

    def __instancecheck__(cls, x: object) -> bool:
        return isinstance(x, Tensor)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, Tensor)


class Variable(metaclass=TensorsAreVariables):
    """A Tensor around the memory of another, data, apart from its graph: `Variable(tensor, requires_grad=True)`.

    volatile: PyTorch's old word for `no_grad`, with a warning and without effect.
    TypeError for data that is no Tensor, RuntimeError for integers that are to require grad.
    https://docs.pytorch.org/docs/stable/autograd.html#variable-deprecated

    >>> import minigrad as torch
    >>> torch.autograd.Variable(torch.tensor([1.0, 2.0]), requires_grad=True)
    tensor([1., 2.], requires_grad=True)
    """

    def __new__(cls, data: Any = None, requires_grad: bool = False, volatile: bool | None = None) -> Any:
        """A Tensor: none is ever of this class itself."""
        if volatile is not None:
            warnings.warn(
                "volatile was removed and now has no effect. Use `with torch.no_grad():` instead.", stacklevel=2
            )
        if data is None:
            data = Tensor()
        if not isinstance(data, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        return data.detach().requires_grad_(bool(requires_grad))
