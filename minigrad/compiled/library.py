"""A third array library, beside NumPy and CuPy: its arrays compute as NumPy's do, and have each call noted on a tape.

What a program can repeat is listed here, and nothing else is noted: an attribute, a method or a function that is not
in the lists makes the tape refuse, and the step goes on as it would without.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

import numpy as np

from minigrad.arrays import libraries
from minigrad.compiled.numbers import Number


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


KNOWN = words("shape dtype ndim size itemsize nbytes strides flags plain base sum max min any all prod clip")
"""Attributes that tell nothing of the values, and methods that NumPy makes of functions of each element."""

VIEWS = words("T mT reshape transpose swapaxes squeeze view ravel")
"""Attributes and methods that look at the same memory, if they can."""

FUNCTIONS = words("mean var std round argmax argmin argsort cumsum cumprod take repeat searchsorted dot")
"""Methods that are functions of NumPy's too."""

CALLS = (
    "where mean var std sum prod all any max min round clip sort argsort argmax argmin cumsum cumprod dot einsum "
    "concatenate stack take take_along_axis repeat searchsorted tile tril triu roll flip isclose linalg.inv linalg.det "
    "linalg.solve linalg.cholesky broadcast_to broadcast_arrays transpose swapaxes moveaxis expand_dims squeeze "
    "reshape ravel copy shape ndim size result_type may_share_memory"
)
"""Functions whose result has a shape that the arguments' shapes decide."""

INTO = frozenset(map(np.__dict__.get, ("einsum", "concatenate", "stack", "dot", "take", "clip", "cumsum", "cumprod")))
"""Functions that write their result into a given array."""

NAMES: dict[Any, str] = {attrgetter(path)(np): f"np.{path}" for path in CALLS.split()}
"""How a program calls the functions that it may."""


class Current(threading.local):
    """The tape of the thread."""

    tape: Any = None


here = Current()


class Recorded(np.ndarray[Any, Any]):
    """An array that computes, and has noted that it did.  plain: the NumPy array that it stands for."""

    plain: Any
    is_scalar = False
    """Whether NumPy would give one of its numbers here."""

    def __pow__(self, other: Any, modulo: None = None) -> Any:
        _ = modulo
        if self.is_scalar and isinstance(other, (int, float)):
            return here.tape.power(self.plain, other)
        return super().__pow__(other)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return here.tape.elementwise(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        _ = types
        return here.tape.function(func, args, kwargs)

    def __getattribute__(self, name: str) -> Any:
        if name in KNOWN or name in OWN or name.startswith("__"):
            return super().__getattribute__(name)
        if name in VIEWS:
            return here.tape.looking(self.plain, name)
        if name in FUNCTIONS:
            return lambda *args, **kwargs: getattr(np, name)(self, *args, **kwargs)
        if hasattr(np.ndarray, name):
            here.tape.refuse(f"the array's `{name}`")
        return getattr(self.plain, name)

    def __getitem__(self, key: Any) -> Any:
        return here.tape.item(self.plain, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        here.tape.put(self.plain, key, value)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    @property
    def base(self) -> Any:
        """The array that owns the memory; None for one that does."""
        return None if self.plain.base is None else recorded(self.plain.base)

    def copy(self, order: Any = "C") -> Any:
        """A copy."""
        return here.tape.made(self.plain.copy(order), self.plain)

    def astype(  # type: ignore[override]
        self, dtype: Any, order: Any = "K", copy: bool = True, **_: Any
    ) -> Any:
        """A copy in another dtype."""
        if not copy and self.dtype == dtype:
            return self
        return here.tape.made(self.plain.astype(dtype, order), self.plain)

    def setflags(self, *flags: Any, **named: Any) -> None:
        """Whether it may be written to."""
        self.plain.setflags(*flags, **named)

    def __bool__(self) -> bool:
        return bool(here.tape.condition(self.plain))

    def __contains__(self, x: Any) -> bool:
        return bool((self == x).any())

    def item(self, *args: Any) -> Any:
        """An element as a Python number: a condition of a program where it is a bool, else not repeated by one."""
        if self.dtype == bool and self.size == 1 and not args:
            return here.tape.condition(self.plain)
        return self.read().item(*args)

    def read(self) -> Any:
        """The NumPy array, for Python to look at its values: no program can repeat what it does then."""
        here.tape.refuse("the values of a tensor are read as numbers (.item(), float(), int(), print)")
        return self.plain


def reading(name: str) -> Any:
    """A method that gives values to Python."""
    return lambda self, *args: getattr(self.read(), name)(*args)


for name in ("__float__", "__int__", "__index__", "__complex__", "tolist"):
    setattr(Recorded, name, reading(name))

OWN = frozenset(vars(Recorded))


def recorded(x: Any) -> Any:
    """A NumPy array as one that notes what is done to it; anything else as it is."""
    if type(x) is not np.ndarray:
        return x
    view = x.view(Recorded)
    view.plain = x
    return view


def plain(x: Any) -> Any:
    """NumPy's arrays in place of recorded ones, also in tuples, lists and dicts."""
    if isinstance(x, Recorded):
        return x.plain
    if isinstance(x, Number):
        return x.value
    if type(x) in (tuple, list):
        return type(x)(map(plain, x))
    return {key: plain(value) for key, value in x.items()} if type(x) is dict else x


class Library:
    """NumPy, as ops get it for recorded arrays: what it makes is recorded too."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(np, name)
        if name in MAKING:
            return lambda *args, **kwargs: here.tape.born(found(*args, **kwargs))
        if not (isinstance(found, (np.ufunc, type, float)) or name in PLAIN or (callable(found) and found in NAMES)):
            here.tape.refuse(f"np.{name}")
        return found

    @property
    def lib(self) -> Any:
        """The function that makes views of any steps through memory."""
        return SimpleNamespace(stride_tricks=SimpleNamespace(as_strided=as_strided))

    def empty(self, *args: Any, **kwargs: Any) -> Any:
        """A new array."""
        return here.tape.new(np.empty(*args, **kwargs))

    def asarray(self, x: Any, dtype: Any = None, **kwargs: Any) -> Any:
        """What is no array as one."""
        if isinstance(x, Recorded):
            return x if dtype is None else x.astype(dtype, copy=False)
        return here.tape.born(np.asarray(x, dtype, **kwargs))

    array = asarray

    def ascontiguousarray(self, x: Any) -> Any:
        """An array by rows."""
        return x if x.flags.c_contiguous else x.copy()

    def asfortranarray(self, x: Any) -> Any:
        """An array by columns."""
        return x if x.flags.f_contiguous else x.copy("F")


def as_strided(x: Any, shape: Any, strides: Any) -> Any:
    """A view of any steps through memory."""
    call = "np.lib.stride_tricks.as_strided("
    view = np.lib.stride_tricks.as_strided(plain(x), shape, strides)
    return here.tape.view(view, call, plain(x), f", {shape}, {tuple(map(int, strides))})")


MAKING = words("zeros ones full eye arange")
"""What makes arrays of constants."""

PLAIN = words(
    "iinfo finfo dtype promote_types broadcast_shapes pi inf nan newaxis linalg "
    "empty_like zeros_like ones_like full_like"
)
"""What ops ask NumPy for that has nothing to do with values."""


libraries[Recorded] = Library()
