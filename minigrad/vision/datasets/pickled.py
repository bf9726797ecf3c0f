"""The pickles of CIFAR, read: plain values and NumPy arrays of bytes, as Python 2 wrote them, and nothing else.

A pickle is a program.  `ArrayUnpickler` runs the instructions that `minigrad.serialization` runs, and knows four names.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np

from minigrad.serialization.builders import Builder
from minigrad.serialization.unpickling import Unpickler


@final
class Name:
    """What stands in a pickle for NumPy's class of arrays."""


@final
class Bytes:
    """What stands in a pickle for the dtype of unsigned bytes."""


@final
class Empty:
    """An array that has no elements yet."""


def empty(kind: Any, *_shape_and_code: Any) -> Empty:
    """An array that BUILD fills."""
    if type(kind) is not Name:
        raise pickle.UnpicklingError("an array is not made of NumPy's class")
    return Empty()


def bytes_dtype(code: Any, *_how: Any) -> Bytes:
    """The dtype of unsigned bytes."""
    if code != "u1":
        raise pickle.UnpicklingError(f"an array is one of {str(code)[:20]}, not of unsigned bytes")
    return Bytes()


def as_bytes(text: Any, encoding: Any) -> bytes:
    """Bytes, which Python 3 writes as text for Python 2."""
    if type(text) is not str or encoding != "latin1":
        raise pickle.UnpicklingError("bytes are not written as text in latin1")
    return text.encode("latin1")


NAMES = {
    "numpy.ndarray": Name(),
    "numpy.dtype": Builder(bytes_dtype),
    "numpy.core.multiarray._reconstruct": Builder(empty),
    "numpy._core.multiarray._reconstruct": Builder(empty),
    "_codecs.encode": Builder(as_bytes),
}


class ArrayUnpickler(Unpickler):
    """Python's unpickler, with these names alone."""

    dispatch: ClassVar[dict[int, Any]] = Unpickler.dispatch.copy()
    encoding: str

    def __init__(self, file: Any, size: int) -> None:
        super().__init__(file, no_storage, 0, size)
        self.encoding = "latin1"  # in which bytes of Python 2 become text and, of an array, bytes again

    def find_class(self, module: str, name: str) -> Any:
        """What stands for a name; UnpicklingError for one that is not in the list."""
        if f"{module}.{name}" not in NAMES:
            raise pickle.UnpicklingError(f"it names {module}.{name}"[:200] + ", which no file of CIFAR does")
        return NAMES[f"{module}.{name}"]

    def load_build(self) -> None:
        """BUILD: fill an array; what a dtype is told (its byte order) says nothing of bytes."""
        state, built = self.stack.pop(), self.stack[-1]
        if type(built) is Empty:
            self.stack[-1] = array_of(state)
        elif type(built) is not Bytes:
            raise pickle.UnpicklingError(f"it sets attributes of a {type(built).__name__}")

    dispatch[pickle.BUILD[0]] = load_build


def array_of(state: Any) -> Any:
    """The array of a version, a shape, a dtype, whether columns come first, and the bytes of the elements."""
    if type(state) is not tuple or len(state) != 5 or type(state[1]) is not tuple or type(state[2]) is not Bytes:
        raise pickle.UnpicklingError("an array is not made of a shape, a dtype and bytes")
    _, shape, _, columns_first, content = state
    if type(content) is str:
        content = content.encode("latin1")
    if type(content) is not bytes:
        raise pickle.UnpicklingError("the elements of an array are not bytes")
    return np.frombuffer(content, np.uint8).reshape(shape, order="F" if columns_first else "C")


def no_storage(*_: Any) -> Any:
    """For what asks for a part of a file of PyTorch's."""
    raise pickle.UnpicklingError("it holds a tensor")


def unpickled(path: Path) -> dict[str, Any]:
    """The dict in a file.  UnpicklingError for anything else."""
    with path.open("rb") as file:
        value = ArrayUnpickler(file, path.stat().st_size).load()
    if type(value) is not dict:
        raise pickle.UnpicklingError(f"it holds a {type(value).__name__}, not a dict")
    return value
