"""Modules made of other modules, in order."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Any

from minigrad.nn.module import Module, indented


class _Numbered(Module):
    """Parts that are numbered: registered as "0", "1", ..."""

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def __getitem__(self, index: Any) -> Any:
        parts = list(self._modules.values())
        if isinstance(index, slice):
            return self._from(list(self._modules.items())[index])
        return parts[self._checked(index)]

    def __setitem__(self, index: int, module: Module) -> None:
        setattr(self, list(self._modules)[self._checked(index)], module)

    def __delitem__(self, index: Any) -> None:
        parts = list(self._modules.values())
        del parts[index if isinstance(index, slice) else self._checked(index)]
        self._renumber(parts)

    def _checked(self, index: Any) -> int:
        position = operator.index(index)
        if not -len(self) <= position < len(self):
            raise IndexError(f"index {position} is out of range")
        return position

    def _renumber(self, parts: Iterable[Any]) -> None:
        self._modules.clear()
        self._modules.update({str(i): module for i, module in enumerate(parts)})

    def _from(self, items: list[tuple[str, Any]]) -> Any:
        return type(self)([module for _, module in items])  # type: ignore[call-arg]

    def append(self, module: Module) -> Any:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Any:
        """Add modules at the end."""
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Any:
        """Put a module before the one at index."""
        parts = list(self._modules.values())
        parts.insert(index, module)
        self._renumber(parts)
        return self


class Sequential(_Numbered):
    """Modules one after the other: the output of each is the input of the next.

    Takes modules, or one OrderedDict of names and modules.

    >>> import minigrad as torch
    >>> torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.ReLU())
    Sequential(
      (0): Linear(in_features=2, out_features=8, bias=True)
      (1): ReLU()
    )
    """

    def __init__(self, *args: Any) -> None:
        super().__init__()
        named = args[0].items() if len(args) == 1 and isinstance(args[0], OrderedDict) else enumerate(args)
        for name, module in named:
            self.add_module(str(name), module)

    def forward(self, input: Any) -> Any:
        """The output of the last module."""
        for module in self._modules.values():
            input = module(input)  # type: ignore[misc]
        return input

    def _from(self, items: list[tuple[str, Any]]) -> Sequential:
        return Sequential(OrderedDict(items))

    def __add__(self, other: Sequential) -> Sequential:
        return Sequential(*self, *other)


class ModuleList(_Numbered):
    """A list of modules, all of whose parameters are known to the module that holds it."""

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        self.extend(modules or [])

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def __repr__(self) -> str:
        """As PyTorch: equal neighbours are printed once, with their number."""
        lines: list[tuple[int, int, str]] = []
        for i, module in enumerate(self):
            text = repr(module)
            if lines and lines[-1][2] == text:
                lines[-1] = (lines[-1][0], i, text)
            else:
                lines.append((i, i, text))
        if not lines:
            return "ModuleList()"
        shown = [
            f"({a}): {indented(text)}" if a == b else f"({a}-{b}): {b - a + 1} x {indented(text)}"
            for a, b, text in lines
        ]
        return "ModuleList(\n  " + "\n  ".join(shown) + "\n)"
