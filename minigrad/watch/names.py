"""What the user calls things: the variables of their functions, the parts and parameters of their models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from minigrad.engine.graph import Node, TensorBase
from minigrad.nn.module import Module
from minigrad.watch.source import is_users

MANY = 200
"""Longer lists of tensors are not searched."""


class Names:
    """Names of tensors (by their node; by identity where they have none) and of modules."""

    def __init__(self) -> None:
        self._of_nodes: dict[Node, str] = {}
        self._of_constants: dict[int, tuple[str, Any]] = {}  # with the tensor itself, so that its id stays its own
        self._of_modules: dict[int, tuple[str, Module]] = {}
        self._of_parameters: dict[Node, str] = {}

    def look(self, frame: Any) -> None:
        """Learn the names of the tensors that variables hold, here and in the user's functions that led here."""
        for variables in reversed([frame.f_locals for frame in users_frames(frame)]):
            for name, value in list(variables.items()):
                if isinstance(value, TensorBase):
                    self._name(name, value)

    def look_closely(self, frame: Any) -> None:
        """Learn the names of modules too, of their parameters, and of what lists and `self` hold."""
        self.look(frame)
        for variables in reversed([frame.f_locals for frame in users_frames(frame)]):
            self.learn(variables)

    def learn(self, variables: Mapping[str, Any]) -> None:
        """Learn from variables what their modules, lists and `self` hold."""
        for name, value in list(within(variables)):
            if isinstance(value, TensorBase):
                self._name(name, value)
            elif isinstance(value, Module):
                self.learn_module(name, value)

    def learn_module(self, name: str, module: Module) -> None:
        """Learn the names of a model, its parts and their parameters."""
        for path, part in module.named_modules():
            self._of_modules.setdefault(id(part), (joined(name, path), part))
        for path, parameter in module.named_parameters():
            if parameter.node is not None:
                self._of_parameters.setdefault(parameter.node, joined(name, path))
        for path, tensor in module.named_buffers():
            self._name(joined(name, path), tensor)

    def _name(self, name: str, tensor: Any) -> None:
        if name.startswith("_"):
            return
        if tensor.node is None:
            self._of_constants.setdefault(id(tensor), (name, tensor))
        else:
            self._of_nodes.setdefault(tensor.node, name)

    def of_node(self, node: Node) -> str:
        """The name of what an op made, or of a leaf; empty for one without."""
        return self._of_parameters.get(node) or self._of_nodes.get(node, "")

    def of_constant(self, tensor: Any) -> str:
        """The name of a tensor that needs no gradient; empty for one without."""
        return self._of_constants.get(id(tensor), ("", None))[0]

    def of_module(self, module: Module) -> str:
        """The path of a module, such as model.0; its class where no variable leads to it."""
        return self._of_modules.get(id(module), (type(module).__name__, None))[0]

    def unique(self, nodes: Iterable[Node]) -> dict[Node, str]:
        """The names of nodes, without those that several of them have."""
        names = {node: self.of_node(node) for node in nodes}
        times = Counter(names.values())
        return {node: name for node, name in names.items() if name and times[name] == 1}


def users_frames(frame: Any) -> Iterator[Any]:
    """The frames of the user's own functions from here outwards, to the first of their script."""
    while frame is not None:
        if is_users(frame.f_code):
            yield frame
        if is_outermost(frame):
            return
        frame = frame.f_back


def joined(name: str, path: str) -> str:
    """The name of a part within a module."""
    return f"{name}.{path}" if path else name


def is_outermost(frame: Any) -> bool:
    """Whether a frame is that of the script itself."""
    return bool(frame.f_code.co_name == "<module>" and frame.f_globals.get("__name__") == "__main__")


def within(variables: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Variables, then what those of the kinds list, tuple and dict hold, and the attributes of `self`."""
    own = {name: value for name, value in variables.items() if not name.startswith("_")}
    yield from own.items()
    for name, value in own.items():
        if isinstance(value, (list, tuple)) and len(value) <= MANY:
            yield from ((f"{name}[{i}]", each) for i, each in enumerate(value))
        elif isinstance(value, dict) and len(value) <= MANY:
            yield from ((f"{name}[{key!r}]", each) for key, each in list(value.items()))
        elif name == "self" and not isinstance(value, Module):
            yield from ((f"self.{key}", each) for key, each in list(getattr(value, "__dict__", {}).items()))
