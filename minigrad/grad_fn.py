"""The graph as PyTorch shows it: what `tensor.grad_fn` is, and the hooks of a node.  The engine needs none of this.

https://docs.pytorch.org/docs/stable/autograd.html#autograd-graph
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from minigrad.engine import graph
from minigrad.engine.broadcasting import NO_GRADIENT, fit
from minigrad.engine.graph import TensorBase, raw, wrap
from minigrad.hooks import RemovableHandle

__all__ = ["Node"]


class Node(graph.Node):
    """A recorded op, or the place where a leaf collects its gradient, with PyTorch's methods.

    `autograd.record` makes it, of an op's value, inputs, rules, static values, saved arrays and name; edges: the nodes
    of the inputs; kept: what the rules read of them; place: the user's line.

    >>> import minigrad as torch
    >>> x = torch.tensor(2.0, requires_grad=True)
    >>> node = (x * 3).grad_fn
    >>> type(node).__name__, [type(below).__name__ for below, _ in node.next_functions if below]
    ('MulBackward0', ['AccumulateGrad'])
    >>> node.next_functions[0][0].variable is x
    True
    """

    def name(self) -> str:
        """PyTorch's name of the op."""
        return super().name() if self.rules else "torch::autograd::AccumulateGrad"

    @property
    def next_functions(self) -> tuple[tuple[graph.Node | None, int], ...]:
        """The nodes that made this op's operands, each with 0: an op has one output."""
        return tuple((None if edge is None else as_shown(edge), 0) for edge in self.edges)

    @property
    def metadata(self) -> dict[Any, Any]:
        """A dictionary for notes of the user's."""
        notes: dict[Any, Any] = self.__dict__.setdefault("notes", {})
        return notes

    @property
    def variable(self) -> Any:
        """The leaf whose gradient is collected here.  AttributeError for an op."""
        if self.rules or self.receiver is None:
            raise AttributeError(f"'{type(self).__name__}' object has no attribute 'variable'")
        return self.receiver()

    def register_prehook(self, hook: Callable[[tuple[Any, ...]], Any]) -> RemovableHandle:
        """Call hook((gradient,)) when the gradient of the op's output is known; a tuple that it returns replaces it."""
        if self.hooks is None:
            self.hooks = {}

        def of_tensor(g: Any) -> Any:
            replaced = hook((g,))
            return replaced if replaced is None else replaced[0]

        return RemovableHandle(self.hooks, of_tensor)

    def register_hook(self, hook: Callable[[tuple[Any, ...], tuple[Any, ...]], Any]) -> RemovableHandle:
        """Call hook(gradients of the operands, (gradient of the output,)) when the op's rules have run.

        A tuple that it returns replaces the operands' gradients.  RuntimeError for a leaf, which has no operands.
        """
        if not self.rules:
            raise RuntimeError("a leaf's node has no operands: call register_hook of the tensor itself")
        if not isinstance(self.rules[0], Hooked):
            together = Together(self)
            self.rules = tuple(Hooked(together, i, rule) for i, rule in enumerate(self.rules))
        return RemovableHandle(self.rules[0].together.hooks, hook)


class Hooked:
    """A rule of a node with hooks: all rules of the node run before the first of them returns."""

    def __init__(self, together: Together, index: int, rule: Any) -> None:
        self.together, self.index, self.func = together, index, rule

    def __call__(self, *arguments: Any) -> Any:
        return self.together.gradient(self.index, arguments)


class Together:
    """The gradients of all operands of a node, which its hooks see at once."""

    def __init__(self, node: graph.Node) -> None:
        self.edges, self.rules = node.edges, node.rules
        self.hooks: dict[int, Any] = {}
        self.gradients: list[Any] = []
        self.asked = len(node.rules)

    def gradient(self, index: int, arguments: tuple[Any, ...]) -> Any:
        """That of an operand.  The rules are asked for in their order: with one before the last a new pass begins."""
        if index <= self.asked or not self.gradients:
            self.gradients = self.computed(arguments)
        self.asked = index
        gradient, self.gradients[index] = self.gradients[index], None
        return NO_GRADIENT if gradient is None else gradient

    def computed(self, arguments: tuple[Any, ...]) -> list[Any]:
        """All of them, after the hooks have seen them: arrays, or Tensors where the pass is recorded."""
        gradients = [
            None if edge is None else fit(rule(*arguments), edge, rule) for edge, rule in zip(self.edges, self.rules)
        ]
        for hook in list(self.hooks.values()):
            replaced = hook(tuple(map(as_tensor, gradients)), (as_tensor(arguments[0]),))
            if replaced is not None:
                if len(replaced) != len(gradients):
                    raise RuntimeError(
                        f"hook {getattr(hook, '__name__', hook)} has changed the size of value: it returned "
                        f"{len(replaced)} gradients for {len(gradients)} operands"
                    )
                recorded = isinstance(arguments[0], TensorBase)
                gradients = list(replaced) if recorded else list(map(raw, replaced))
        return gradients


def as_tensor(g: Any) -> Any:
    """A gradient as a Tensor; None as it is."""
    return g if g is None or isinstance(g, TensorBase) else wrap(g)


def as_shown(node: graph.Node) -> graph.Node:
    """A node of the engine's as PyTorch's class of that name: the same object."""
    if not isinstance(node, Node):
        node.__class__ = class_named(node.name().rpartition("::")[2])
    return node


@cache
def class_named(name: str) -> type[Node]:
    """The class of the nodes that PyTorch calls so."""
    return type(name, (Node,), {"__doc__": Node.__doc__, "__module__": __name__})
