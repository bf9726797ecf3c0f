"""Modules made of other modules, in order."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import ItemsView, Iterable, Iterator, KeysView, Mapping, ValuesView
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
        if not isinstance(modules, Iterable):
            name = type(self).__name__
            raise TypeError(f"{name}.extend should be called with an iterable, but got {type(modules).__name__}")
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Any:
        """Put a module before the one at index; IndexError if there is none."""
        if not isinstance(module, Module):
            raise AssertionError(f"module should be of type: {Module}")
        if not -len(self) <= index <= len(self):
            raise IndexError(f"Index out of range: {index}")
        if index == len(self):
            return self.append(module)
        parts = list(self._modules.values())
        parts.insert(index, module)
        self._renumber(parts)
        return self

    def pop(self, key: Any) -> Any:
        """Take out the module at an index, or those of a slice."""
        removed = self[key]
        del self[key]
        return removed


class Sequential(_Numbered):
    """Modules one after the other: the output of each is the input of the next, and the last one's the result.

    Takes modules, named "0", "1", ..., or one OrderedDict of names and modules.  Has the methods and operators of a
    list (`model[1]`, `model[:2]`, `append`, `+`, `*`); a slice is a Sequential of the same modules.  TypeError for what
    is no module, IndexError for an index that there is not.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Sequential.html

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
        return type(self)(OrderedDict(items))

    def __add__(self, other: Sequential) -> Sequential:
        return Sequential(*self).__iadd__(other)

    def __iadd__(self, other: Sequential) -> Sequential:
        if not isinstance(other, Sequential):
            raise ValueError(f"add operator supports only objects of Sequential class, but {type(other)} is given.")
        self.extend(other)
        return self

    def __mul__(self, times: int) -> Sequential:
        return Sequential(*self).__imul__(times)

    __rmul__ = __mul__

    def __imul__(self, times: int) -> Sequential:
        if not isinstance(times, int):
            raise TypeError(f"unsupported operand type(s) for *: {type(self)} and {type(times)}")
        if times <= 0:
            raise ValueError(f"Non-positive multiplication factor {times} for {type(self)}")
        self.extend(list(self) * (times - 1))
        return self


class ModuleList(_Numbered):
    """A list of modules, all of whose parameters are known to the module that holds it.

    modules: what is in it first.  It is indexed, sliced and changed as a list; what holds it calls the modules, it is
    not called itself (NotImplementedError).  TypeError for what is no module, IndexError for an index that there is
    not.  https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleList.html

    >>> import minigrad as torch
    >>> heads = torch.nn.ModuleList(torch.nn.Linear(2, 1) for _ in range(3))
    >>> len(heads), [name for name, _ in heads[1:].named_parameters()]
    (3, ['0.weight', '0.bias', '1.weight', '1.bias'])
    """

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        self.extend(modules or [])

    def __add__(self, other: Iterable[Module]) -> ModuleList:
        return ModuleList([*self, *other])

    def __iadd__(self, other: Iterable[Module]) -> ModuleList:
        self.extend(other)
        return self

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
            return f"{self._get_name()}()"
        shown = [
            f"({a}): {indented(text)}" if a == b else f"({a}-{b}): {b - a + 1} x {indented(text)}"
            for a, b, text in lines
        ]
        return f"{self._get_name()}(\n  " + "\n  ".join(shown) + "\n)"


class ModuleDict(Module):
    """A dict of modules by name, all of whose parameters are known to the module that holds it.

    modules: a dict, or pairs of names and modules (TypeError for anything else, and for what is no module).  It has a
    dict's methods and keeps the order; it is not called itself (NotImplementedError).  KeyError for a name that is not
    there, and for one with a dot in it.  https://docs.pytorch.org/docs/stable/generated/torch.nn.ModuleDict.html

    >>> import minigrad as torch
    >>> heads = torch.nn.ModuleDict({"mean": torch.nn.Linear(8, 1), "class": torch.nn.Linear(8, 4)})
    >>> heads["class"]
    Linear(in_features=8, out_features=4, bias=True)
    """

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._modules.keys()

    def values(self) -> ValuesView[Any]:
        """The modules."""
        return self._modules.values()

    def items(self) -> ItemsView[str, Any]:
        """Names and modules."""
        return self._modules.items()

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | ModuleDict) -> None:
        """Add modules, or put them in the place of others of their names."""
        if not isinstance(modules, Iterable):
            raise TypeError(
                f"ModuleDict.update should be called with an iterable of key/value pairs, but got "
                f"{type(modules).__name__}"
            )
        for name, module in modules.items() if isinstance(modules, (Mapping, ModuleDict)) else modules:
            self[name] = module

    def pop(self, key: str) -> Any:
        """Take out the module under a name, key; KeyError if there is none."""
        return self._modules.pop(key)

    def clear(self) -> None:
        """Take out all modules."""
        self._modules.clear()
