"""Parameters: tensors that a module trains."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from minigrad import on_use, printing
from minigrad.autograd.grad_mode import no_grad
from minigrad.engine import order
from minigrad.engine.graph import leaf_node, new
from minigrad.ops.advice import tensor_from
from minigrad.tensor import Tensor, copied, unpickled


class Parameter(Tensor):
    """A tensor that a Module registers when it is assigned as an attribute.

    It shares the memory of `data` and requires grad, unless requires_grad=False.  AttributeError for data that is no
    Tensor, RuntimeError for integers that are to require grad.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.parameter.Parameter.html

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
                kind = type(data).__name__
                raise AttributeError(
                    f"'{kind}' object has no attribute 'detach': Parameter() takes a Tensor{tensor_from(data)}"
                )
            parameter.array = data.array
            if requires_grad:
                parameter.requires_grad_()
        return parameter

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        if data is None:
            super().__init__()
            if requires_grad:
                self.node = leaf_node(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        """A parameter with memory of its own, and (as in PyTorch) without the gradient."""
        if id(self) not in memo:
            memo[id(self)] = copied(self, order.copied(self.array))
        result: Parameter = memo[id(self)]
        return result

    def __reduce__(self) -> Any:
        unpickled, (kind, *rest) = super().__reduce__()
        return (unpickled_parameter, tuple(rest)) if kind is Parameter else (unpickled, (kind, *rest))

    def __repr__(self) -> str:
        return printing.parameter_repr(self)

    def __format__(self, spec: str) -> str:
        return printing.parameter_format(self, spec)


def unpickled_parameter(*parts: Any) -> Tensor:
    """The parameter that was pickled: its class is not looked for by its name, which the launcher changes."""
    return unpickled(Parameter, *parts)


def clear_gradients(params: Iterable[Tensor], set_to_none: bool) -> None:
    """Forget the gradients; or keep their tensors, cut off from any graph and filled with zeros."""
    for p in params:
        if set_to_none:
            p._grad = None
        elif p._grad is not None:
            with no_grad():
                p._grad.detach_().zero_()


LATER = {
    "minigrad.nn.further.lazy": "UninitializedBuffer UninitializedParameter is_lazy",
    "minigrad.nn.further.parameters": "Buffer",
}


def __getattr__(name: str) -> Any:
    """What is imported when it is first used."""
    return on_use.found(__name__, LATER, name)
