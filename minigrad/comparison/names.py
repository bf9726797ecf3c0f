"""What the script calls its leaves: `model.0.weight`, `w`, `params[1]`.  They have the same names on both engines."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from itertools import islice
from types import FrameType, ModuleType
from typing import Any

DEPTH = 3
WIDTH = 1000
"""How deep into containers and objects of the script, and how far along a list, a leaf is looked for."""


class Names:
    """Gives each leaf a name.

    A script that begins anew binds the same name to another model: `model.weight (2)`.  One that makes a new tensor
    for each step, `w = (w - lr * w.grad).detach().requires_grad_()`, goes on with the same.
    """

    def __init__(self, torch: ModuleType) -> None:
        self.torch = torch
        self.known: dict[int, tuple[weakref.ref[Any], str, str]] = {}
        """Of each leaf by its id: a reference, its name, and what follows the name of its model."""
        self.times: dict[str, list[int]] = {}
        """Of each name in the script: how many models have had it, and how many steps the last of them was met in."""

    def is_new(self, leaf: Any) -> bool:
        """Whether a leaf has no name yet."""
        return id(leaf) not in self.known or self.known[id(leaf)][0]() is not leaf

    def of(self, leaf: Any) -> str:
        """The name of a leaf."""
        _, name, again = self.known[id(leaf)]
        return name + again

    def model_of(self, leaves: list[Any]) -> str:
        """What these leaves belong to, and count the step for it."""
        models = set()
        for leaf in leaves:
            _, name, again = self.known[id(leaf)]
            self.times[name][1] += 1
            models.add(root(name) + again)
        return ", ".join(sorted(models))

    def learn(self, leaves: list[Any], frame: FrameType | None) -> None:
        """Name new leaves, from the variables of the frames that led to their `backward()`, the script's own first."""
        if not leaves:
            return
        found: dict[int, str] = {}
        wanted = {id(leaf) for leaf in leaves}
        for name, tensor in self.tensors_in(scopes(frame)):
            if id(tensor) in wanted:
                found.setdefault(id(tensor), name)
        nameless = [leaf for leaf in leaves if id(leaf) not in found]
        nameless.sort(key=lambda leaf: (tuple(leaf.shape), leaf.detach().cpu().numpy().tobytes()))
        found |= {id(leaf): f"leaf{number}" for number, leaf in enumerate(nameless, start=1)}
        for leaf in leaves:
            name = found[id(leaf)]
            times = self.times.setdefault(name, [0, 2])
            times[:] = [times[0] + (times[1] > 1), 0]
            again = f" ({times[0]})" if times[0] > 1 else ""
            self.known[id(leaf)] = (weakref.ref(leaf), name, again)

    def tensors_in(self, variables: Iterator[tuple[str, Any]], depth: int = 0) -> Iterator[tuple[str, Any]]:
        """The tensors among variables, in modules, containers and objects of the script's own classes."""
        for name, value in variables:
            if isinstance(value, self.torch.Tensor):
                yield name, value
            elif isinstance(value, self.torch.nn.Module):
                yield from ((f"{name}.{inner}", parameter) for inner, parameter in value.named_parameters())
            elif depth < DEPTH:
                yield from self.tensors_in(parts(name, value), depth + 1)


def scopes(frame: FrameType | None) -> Iterator[tuple[str, Any]]:
    """The variables of a frame and of those that called it, the outermost first."""
    frames = []
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    for each in reversed(frames):
        if str(each.f_globals.get("__name__")).partition(".")[0] not in ("torch", "minigrad"):
            yield from list(each.f_locals.items())


def parts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """What a container, or an object of a class of the script, holds."""
    if isinstance(value, (list, tuple)):
        yield from ((f"{name}[{i}]", each) for i, each in enumerate(islice(value, WIDTH)))
    elif isinstance(value, dict):
        yield from ((f"{name}[{key!r}]", each) for key, each in islice(list(value.items()), WIDTH))
    elif type(value).__module__ == "__main__" and hasattr(value, "__dict__"):
        yield from ((f"{name}.{key}", each) for key, each in list(vars(value).items()))


def root(name: str) -> str:
    """The variable that a name begins with."""
    return name.partition(".")[0].partition("[")[0]
