"""The pickle in a `.pth` file, read.

A pickle is a program: it may name any function of any module, and call it.  `Unpickler` runs only the
instructions that torch.save uses for tensors and plain values, and knows only the names in builders.py.
"""

from __future__ import annotations

import pickle
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any, ClassVar

from minigrad.serialization.builders import (
    NAMES,
    Builder,
    StorageType,
    checked_key,
    refuse_missing_dtype,
    set_attributes,
)
from minigrad.serialization.storage import Storage

RISK = (
    "weights_only=False loads such a file, and runs whatever code it names: a hostile file can then do all that you "
    "can do. Use it only if you trust whoever made the file."
)
Load = Callable[..., Storage]
"""Gives the storage for a key, a dtype, a location, a number of elements and, in old files, a part of the storage."""

PLAIN_INSTRUCTIONS = (
    "PROTO STOP MARK NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT BINUNICODE EMPTY_TUPLE TUPLE TUPLE1 "
    "TUPLE2 TUPLE3 EMPTY_LIST EMPTY_DICT BINGET LONG_BINGET BINPUT LONG_BINPUT GLOBAL BINPERSID "
    "SHORT_BINSTRING BINSTRING"
)
"""Pickle's instructions that only make plain values, move them about, or ask find_class and persistent_load.

Those of the last line are how Python 2 wrote texts.
"""


class Instructions(dict[int, Any]):
    """What is done for each instruction; UnpicklingError for any other."""

    def __missing__(self, code: int) -> Any:
        raise pickle.UnpicklingError(
            f"its instruction {bytes([code])!r} is not one that torch.save uses, with its default pickle_protocol=2"
        )


class TorchUnpickler(pickle._Unpickler):
    """Python's unpickler, with PyTorch's names and storages in it."""

    stack: list[Any]
    pop_mark: Callable[[], list[Any]]

    def __init__(self, file: Any, load_storage: Load, parts: int) -> None:
        super().__init__(file, encoding="utf-8")
        self.load_storage = load_storage
        self.parts = parts

    def persistent_load(self, pid: Any) -> Any:
        """The storage that a persistent id stands for, of so many parts."""
        if type(pid) is not tuple or len(pid) != self.parts or pid[0] != "storage":
            raise pickle.UnpicklingError("a persistent id is not that of a storage")
        kind, key, location, numel, *part = pid[1:]
        if type(kind) is not StorageType or type(key) is not str or type(location) is not str or type(numel) is not int:
            raise pickle.UnpicklingError("a storage is not given by type, key, location and number of elements")
        return self.load_storage(key, kind.dtype, location, numel, *part)


class Unpickler(TorchUnpickler):
    """For weights_only=True: runs no code but what is in this file.

    Every instruction that is not plain is defined below.  It acts on exact types alone: list, dict, OrderedDict
    and Counter are filled; an OrderedDict gets attributes; builders are called.  There is no way from these to
    another function: find_class gives nothing but `NAMES`, and no instruction reads an attribute.
    """

    dispatch: ClassVar[dict[int, Any]] = Instructions(
        (code, pickle._Unpickler.dispatch[code])
        for code in (getattr(pickle, name)[0] for name in PLAIN_INSTRUCTIONS.split())
    )

    def __init__(self, file: Any, load_storage: Load, parts: int, size: int) -> None:
        super().__init__(file, load_storage, parts)
        self.budget = size

    def load(self) -> Any:
        """The object.  UnpicklingError for a pickle that is damaged, or does what is not allowed."""
        try:
            return super().load()
        except (pickle.UnpicklingError, RuntimeError):
            raise
        except Exception as error:  # a damaged pickle can make the unpickler stumble anywhere
            raise pickle.UnpicklingError(
                f"its pickle is damaged ({type(error).__name__}: {str(error)[:200]})"
            ) from error

    def find_class(self, module: str, name: str) -> Any:
        """What stands for a name; UnpicklingError for one that is not in the list."""
        full_name = f"{'builtins' if module == '__builtin__' else module}.{name}"
        if full_name not in NAMES:
            refuse_missing_dtype(module, name)
            raise pickle.UnpicklingError(
                f"Unsupported global: GLOBAL {full_name[:200]} was not an allowed global by default. With "
                f"weights_only=True only tensors and plain values are loaded. {RISK} If the file holds a whole model, "
                "it is better to save model.state_dict() and load that."
            )
        return NAMES[full_name]

    def load_reduce(self) -> None:
        """REDUCE: call a builder."""
        arguments, builder = self.stack.pop(), self.stack.pop()
        if type(builder) is not Builder or type(arguments) is not tuple:
            raise pickle.UnpicklingError("it calls what is not a function that may be called")
        self.spend(arguments)
        self.stack.append(builder(*arguments))

    def spend(self, arguments: tuple[Any, ...]) -> None:
        """Count the elements that will be copied: in all no more than the file is long.

        torch.save writes each once; but a small file could have one long text copied a million times.
        """
        self.budget -= sum(len(part) for part in arguments if isinstance(part, (str, bytes, tuple, list, dict)))
        if self.budget < 0:
            raise pickle.UnpicklingError("it copies the same values again and again")

    def load_build(self) -> None:
        """BUILD: set attributes of an OrderedDict (a state_dict has some)."""
        state, obj = self.stack.pop(), self.stack[-1]
        if type(obj) is not OrderedDict:
            raise pickle.UnpicklingError(f"it sets attributes of a {type(obj).__name__}")
        self.spend((state,))
        set_attributes(obj, state)

    def load_append(self) -> None:
        """APPEND: add one element to a list."""
        self.extend([self.stack.pop()])

    def load_appends(self) -> None:
        """APPENDS: add elements to a list."""
        self.extend(self.pop_mark())

    def extend(self, items: list[Any]) -> None:
        """Add to the list on top of the stack."""
        target = self.stack[-1]
        if type(target) is not list:
            raise pickle.UnpicklingError(f"it appends to a {type(target).__name__}")
        target.extend(items)

    def load_setitem(self) -> None:
        """SETITEM: put one value into a dict."""
        value, key = self.stack.pop(), self.stack.pop()
        self.update([key, value])

    def load_setitems(self) -> None:
        """SETITEMS: put values into a dict."""
        self.update(self.pop_mark())

    def update(self, items: list[Any]) -> None:
        """Put keys and values into the dict on top of the stack."""
        target = self.stack[-1]
        if type(target) not in (dict, OrderedDict, Counter):
            raise pickle.UnpicklingError(f"it puts items into a {type(target).__name__}")
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[checked_key(key)] = value

    dispatch |= {
        pickle.REDUCE[0]: load_reduce,
        pickle.BUILD[0]: load_build,
        pickle.APPEND[0]: load_append,
        pickle.APPENDS[0]: load_appends,
        pickle.SETITEM[0]: load_setitem,
        pickle.SETITEMS[0]: load_setitems,
    }


class TrustingUnpickler(TorchUnpickler):
    """For weights_only=False: imports and calls whatever the file names."""

    dispatch: ClassVar[dict[int, Any]] = dict(pickle._Unpickler.dispatch)

    def persistent_load(self, pid: Any) -> Any:
        """A storage; or the class of a module, which old files give with its source."""
        return pid[1] if type(pid) is tuple and pid[:1] == ("module",) else super().persistent_load(pid)

    def find_class(self, module: str, name: str) -> Any:
        """What a name stands for: PyTorch's tensors are minigrad's, its other classes are refused."""
        found = NAMES.get(f"{module}.{name}")
        if found is not None and module.partition(".")[0] == "torch":
            return found
        refuse_missing_dtype(module, name)
        if module.partition(".")[0] == "torch":
            raise pickle.UnpicklingError(
                f"it holds a {module}.{name}, a class of PyTorch's own, as in a whole model that PyTorch saved. Save "
                "model.state_dict() in PyTorch, and load that into the model built in minigrad."
            )
        return super().find_class(module, name)

    def load_build(self) -> None:
        """BUILD: as Python's, but not a module of PyTorch's making, which would be half of one here."""
        state, obj = self.stack[-1], self.stack[-2]
        if isinstance(state, dict) and "_non_persistent_buffers_set" in state:
            raise pickle.UnpicklingError(
                f"it holds a whole model, {type(obj).__name__}, that PyTorch saved. Save model.state_dict() in "
                "PyTorch, and load that into the model built in minigrad."
            )
        build: Any = pickle._Unpickler.dispatch[pickle.BUILD[0]]
        build(self)

    dispatch[pickle.BUILD[0]] = load_build


def unpickled(file: Any, size: int, name: str, load_storage: Load, parts: int, weights_only: bool) -> Any:
    """The object of a pickle in a file of a size and a name, which gets its storages from a function.

    parts: of how many parts their persistent ids are.
    """
    if weights_only:
        unpickler: TorchUnpickler = Unpickler(file, load_storage, parts, size)
    else:
        unpickler = TrustingUnpickler(file, load_storage, parts)
    try:
        return unpickler.load()
    except pickle.UnpicklingError as error:
        failed = "Weights only load failed. " if weights_only else ""
        raise pickle.UnpicklingError(f"{failed}{name} cannot be loaded: {error}") from None
    except Exception as error:
        error.add_note(f"The file that was being loaded: {name}")
        raise
