"""The data types, named as in PyTorch, and its rules for mixing them.

A dtype here is a name around NumPy's dtype.  PyTorch sorts dtypes into categories (bool < integer < float):
an operand only raises the result's dtype within its own standing.  Tensors with dimensions stand above 0-d
tensors, which stand above Python numbers.
https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc
"""

from __future__ import annotations

from typing import Any, final

import numpy as np

from minigrad.absent import advice

__all__ = [
    *("double", "dtype", "float16", "float32", "float64", "get_default_dtype", "half", "int8", "int16", "int32"),
    *("int64", "long", "set_default_dtype", "short", "uint8"),
]


@final
class dtype:
    """A data type of tensors, such as `minigrad.float32`.  There are those that minigrad has: programs make no others.

    name: NumPy's; category: which of two wins in an op, bool, integers or floats.
    https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch.dtype

    >>> import minigrad
    >>> minigrad.float32, minigrad.float32.itemsize, minigrad.int64.is_floating_point
    (minigrad.float32, 4, False)
    """

    __slots__ = ("name", "numpy", "category", "itemsize")

    def __init__(self, name: str, category: int) -> None:
        self.name = name
        self.numpy: np.dtype[Any] = np.dtype(name)
        self.category = category
        self.itemsize = self.numpy.itemsize

    @property
    def is_floating_point(self) -> bool:
        """True for float16, float32 and float64."""
        return self.category == FLOAT

    @property
    def is_complex(self) -> bool:
        """Always False: minigrad has no complex dtypes."""
        return False

    @property
    def is_signed(self) -> bool:
        """True when values below zero can be held."""
        return self.numpy.kind in "if"

    def __repr__(self) -> str:
        return f"{dtype.__module__.partition('.')[0]}.{self.name}"  # the launcher says that it is in torch

    def __reduce__(self) -> Any:
        return named, (self.name,)

    def __deepcopy__(self, memo: dict[int, Any]) -> dtype:
        return self


BOOL, INTEGER, FLOAT = 0, 1, 2

float16 = half = dtype("float16", FLOAT)
float32 = float_ = dtype("float32", FLOAT)
float64 = double = dtype("float64", FLOAT)
int8 = dtype("int8", INTEGER)
int16 = short = dtype("int16", INTEGER)
int32 = int_ = dtype("int32", INTEGER)
int64 = long = dtype("int64", INTEGER)
uint8 = dtype("uint8", INTEGER)
bool_ = dtype("bool", BOOL)

of_python: dict[Any, dtype] = {float: float64, int: int64, bool: bool_}
"""What Python's types mean where a dtype is asked for."""

ALL = (float32, float64, float16, int64, int32, int16, int8, uint8, bool_)


CLASS_NAMES = {
    "bool": "Bool",
    "uint8": "Byte",
    "int8": "Char",
    "int16": "Short",
    "int32": "Int",
    "int64": "Long",
    "float16": "Half",
    "float32": "Float",
    "float64": "Double",
}
"""What PyTorch calls the dtypes in its messages, and in those of its tensor classes: FloatTensor."""


def named(name: str) -> dtype:
    """The dtype of a name: what unpickling one gives."""
    return next(each for each in ALL if each.name == name)


from_numpy: dict[np.dtype[Any], dtype] = {each.numpy: each for each in ALL}
"""The dtype around each of NumPy's."""


def canonical(array: Any) -> Any:
    """A raw array with the one dtype object that minigrad compares by: unpickled arrays have another, equal one.

    KeyError for a dtype that minigrad does not have.
    """
    known = from_numpy[array.dtype].numpy
    return array if array.dtype is known else array.view(known)


_default_dtype = float32


def get_default_dtype() -> dtype:
    """The dtype of tensors made from Python floats: float32, unless `set_default_dtype` chose another."""
    return _default_dtype


def set_default_dtype(d: dtype, /) -> None:
    """Make `d` (float16, float32 or float64) the dtype of tensors made from Python floats.

    Raises TypeError when `d` is not a floating-point dtype; the default then stays as it was.

    >>> import minigrad
    >>> set_default_dtype(minigrad.float64)
    >>> get_default_dtype()
    minigrad.float64
    >>> set_default_dtype(minigrad.float32)
    """
    if not isinstance(d, dtype):
        raise TypeError(f"invalid dtype object: only floating-point types are supported as the default type{advice(d)}")
    if not d.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    global _default_dtype
    _default_dtype = d
