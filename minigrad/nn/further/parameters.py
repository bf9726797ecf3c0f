"""Lists and dicts of parameters, which the module that holds them knows."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, KeysView, Mapping
from typing import Any

from minigrad.asking import typename
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.creation import empty
from minigrad.tensor import Tensor


def registered(value: Any) -> Any:
    """What is kept of a value: a Parameter for a tensor."""
    return Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else value


def line_of(key: Any, value: Any, kind: str) -> str:
    """What is printed of an entry."""
    if not isinstance(value, Tensor):
        return f"  ({key}): Object of type: {type(value).__name__}"
    place = f" ({value.device})" if value.device.type == "cuda" else ""
    size = "x".join(map(str, value.shape))
    name = "Parameter" if isinstance(value, Parameter) else "Tensor"
    return f"  ({key}): {name} containing: [{kind} of size {size}{place}]"


class _BufferKind(type):
    """What makes tensors that Buffer() gave instances of it."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and getattr(instance, "_is_buffer", False)


class Buffer(metaclass=_BufferKind):
    """A tensor that a Module registers as a buffer when it is assigned as an attribute; persistent ones are saved.

    It shares the memory of `data`.

    >>> import minigrad as torch
    >>> layer = torch.nn.Module()
    >>> layer.mean = torch.nn.Buffer(torch.zeros(2))
    >>> list(layer.state_dict())
    ['mean']
    """

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Any:
        """A tensor of the same memory, marked."""
        data = empty(0) if data is None else data
        buffer: Any = data.detach().requires_grad_(data.requires_grad)
        buffer.persistent, buffer._is_buffer = persistent, True
        return buffer


class ParameterList(Module):
    """A list whose tensors become Parameters, known to the module that holds it; other values stay what they are.

    values: what is in it first.  It is indexed, sliced and changed as a list: IndexError for an index that there is
    not.  https://docs.pytorch.org/docs/stable/generated/torch.nn.ParameterList.html

    >>> import minigrad as torch
    >>> torch.nn.ParameterList([torch.ones(2), torch.ones(2, 3)])
    ParameterList(
        (0): Parameter containing: [minigrad.float32 of size 2]
        (1): Parameter containing: [minigrad.float32 of size 2x3]
    )
    """

    _tensors_taken = 1  # for extend() to refuse

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def _name(self, index: Any) -> str:
        position = operator.index(index)
        if not -len(self) <= position < len(self):
            raise IndexError(f"index {position} is out of range")
        return str(position % len(self))

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)([self[i] for i in range(*index.indices(len(self)))])
        return getattr(self, self._name(index))

    def __setitem__(self, index: int, value: Any) -> None:
        setattr(self, self._name(index), registered(value))

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return iter(self[i] for i in range(len(self)))

    def __iadd__(self, values: Iterable[Any]) -> ParameterList:
        return self.extend(values)

    def append(self, value: Any) -> ParameterList:
        """Add a value at the end."""
        self._size += 1
        self[self._size - 1] = value
        return self

    def extend(self, values: Iterable[Any]) -> ParameterList:
        """Add values at the end.  TypeError for a tensor, or what is no iterable."""
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            raise TypeError(f"ParameterList.extend should be called with an iterable, but got {type(values).__name__}")
        for value in values:
            self.append(value)
        return self

    def extra_repr(self) -> str:
        """A line for each value."""
        return "\n".join(line_of(i, x, getattr(x, "dtype", "")) for i, x in enumerate(self))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        """Refused: there is nothing to compute."""
        raise RuntimeError("ParameterList should not be called.")


class ParameterDict(Module):
    """A dict by name whose tensors become Parameters, known to the module that holds it; other values stay.

    parameters: a dict (of which, unless it is an OrderedDict, the names are sorted), or pairs of names and values.
    It has a dict's methods; as in PyTorch a name that is not there is an AttributeError.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.ParameterDict.html

    >>> import minigrad as torch
    >>> torch.nn.ParameterDict({"left": torch.ones(2), "right": torch.ones(3)})
    ParameterDict(
        (left): Parameter containing: [torch.FloatTensor of size 2]
        (right): Parameter containing: [torch.FloatTensor of size 3]
    )
    """

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def __getitem__(self, key: str) -> Any:
        return getattr(self, checked_key(key))

    def __setitem__(self, key: str, value: Any) -> None:
        setattr(self, checked_key(key), registered(value))
        self._keys[key] = None

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._keys)

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def __or__(self, other: Any) -> ParameterDict:
        return self.copy().__ior__(other)

    def __ror__(self, other: Any) -> ParameterDict:
        return ParameterDict(other).__ior__(self)

    def __ior__(self, other: Any) -> ParameterDict:
        self.update(other)
        return self

    def copy(self) -> ParameterDict:
        """Another dict of the same values."""
        return ParameterDict(OrderedDict(self.items()))

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of a name, key; if there is none, the default from now on."""
        if key not in self:
            self[key] = default
        return self[key]

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a name, key, or the default."""
        return self[key] if key in self else default  # noqa: SIM401

    def pop(self, key: str) -> Any:
        """Take out the value of a name, key."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take out the last name and its value."""
        key = next(reversed(self._keys))
        return key, self.pop(key)

    def clear(self) -> None:
        """Take out all."""
        for key in list(self._keys):
            del self[key]

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """Another dict, with one value, default, for several names, keys."""
        return ParameterDict((key, default) for key in keys)

    def keys(self) -> KeysView[str]:
        """The names."""
        return self._keys.keys()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Names and values."""
        return ((key, self[key]) for key in self._keys)

    def values(self) -> Iterable[Any]:
        """The values."""
        return (self[key] for key in self._keys)

    def update(self, parameters: Any) -> None:
        """Add values, or put them in the place of others of their names.  TypeError, ValueError for no pairs."""
        if not isinstance(parameters, Iterable):
            raise TypeError(
                "ParametersDict.update should be called with an iterable of key/value pairs, but got "
                f"{type(parameters).__name__}"
            )
        for key, value in pairs_of(parameters):
            self[key] = value

    def extra_repr(self) -> str:
        """A line for each value."""
        return "\n".join(line_of(k, x, typename(x)) for k, x in self.items())

    def __call__(self, input: Any) -> Any:  # noqa: ARG002
        """Refused: there is nothing to compute."""
        raise RuntimeError("ParameterDict should not be called.")


def pairs_of(parameters: Any) -> Iterable[tuple[str, Any]]:
    """Names and values, in PyTorch's order."""
    if isinstance(parameters, (OrderedDict, ParameterDict)):
        return parameters.items()
    if isinstance(parameters, Mapping):
        return sorted(parameters.items())
    pairs = list(parameters)
    for position, pair in enumerate(pairs):
        if not isinstance(pair, Iterable):
            raise TypeError(
                f"ParameterDict update sequence element #{position} should be Iterable; is {type(pair).__name__}"
            )
        if len(pair) != 2:  # type: ignore[arg-type]
            raise ValueError(
                f"ParameterDict update sequence element #{position} has length {len(pair)}; 2 is required"  # type: ignore
            )
    return pairs


def checked_key(key: Any) -> str:
    """A name; TypeError for anything else."""
    if not isinstance(key, str):
        raise TypeError(
            "Index given to ParameterDict cannot be used as a key as it is not a string (type is "
            f"'{type(key).__name__}'). Write str(...) around it."
        )
    return key
