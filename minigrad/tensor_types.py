"""PyTorch's names for a dtype on a device: `torch.FloatTensor`, which makes tensors, and of which tensors are.

>>> import minigrad as torch
>>> x = torch.FloatTensor([1, 2])
>>> x, isinstance(x, torch.FloatTensor), x.type(torch.LongTensor)
(tensor([1., 2.]), True, tensor([1, 2]))
"""

from __future__ import annotations

import warnings
from typing import Any

from minigrad import devices, dtypes
from minigrad.absent import advice
from minigrad.ops import creation
from minigrad.size import Size
from minigrad.tensor import Tensor

__all__ = [
    *("BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "HalfTensor", "IntTensor"),
    *("LongTensor", "ShortTensor"),
]


class TensorType(type):
    """The class of these names: a tensor of the dtype, on the device, is an instance."""

    dtype: dtypes.dtype
    is_cuda: bool
    make: Any

    def __call__(cls, *args: Any, device: Any = None) -> Any:
        """A tensor from a sequence or an array, or of a given size with undefined values."""
        wanted = devices.device(device or ("cuda" if cls.is_cuda else "cpu"))
        if wanted.type != ("cuda" if cls.is_cuda else "cpu"):
            raise RuntimeError(
                f"legacy constructor expects device type: {'cuda' if cls.is_cuda else 'cpu'} but device type: "
                f"{wanted.type} was passed"
            )
        if wanted.type == "cuda":
            check_available(cls)
        if len(args) == 1 and isinstance(args[0], Size):
            args = tuple(args[0])
        if len(args) == 1 and isinstance(args[0], Tensor) and args[0].dtype is not cls.dtype:
            raise TypeError(
                f"expected TensorOptions(dtype={IN_C[cls.dtype]}) (got TensorOptions(dtype={IN_C[args[0].dtype]})): "
                f"convert the tensor with .type(torch.{cls.__name__})"
            )
        made = creation.typed(cls.__name__, cls.dtype)(*args)
        return made if wanted == made.device else made.to(wanted)

    def __instancecheck__(cls, x: object) -> bool:
        return isinstance(x, Tensor) and x.dtype is cls.dtype and x.is_cuda == cls.is_cuda

    def __repr__(cls) -> str:
        return f"<class 'torch.{'cuda.' if cls.is_cuda else ''}{cls.__name__}'>"


def named(kind: str, dtype: dtypes.dtype, is_cuda: bool = False) -> Any:
    """The type of a dtype."""
    where = "on a GPU" if is_cuda else "on the CPU"
    doc = f"A tensor of {dtype.name} {where}, from a sequence or of a given size."
    return TensorType(f"{kind}Tensor", (), {"dtype": dtype, "is_cuda": is_cuda, "__doc__": doc, "__module__": "torch"})


BoolTensor = named("Bool", dtypes.bool_)
ByteTensor = named("Byte", dtypes.uint8)
CharTensor = named("Char", dtypes.int8)
DoubleTensor = named("Double", dtypes.float64)
FloatTensor = named("Float", dtypes.float32)
HalfTensor = named("Half", dtypes.float16)
IntTensor = named("Int", dtypes.int32)
LongTensor = named("Long", dtypes.int64)
ShortTensor = named("Short", dtypes.int16)

ON_CPU = {name: globals()[name] for name in __all__}
ON_GPU = {name: named(name.removesuffix("Tensor"), kind.dtype, is_cuda=True) for name, kind in ON_CPU.items()}


IN_C = {
    dtypes.bool_: "bool",
    dtypes.uint8: "unsigned char",
    dtypes.int8: "signed char",
    dtypes.int16: "short int",
    dtypes.int32: "int",
    dtypes.int64: "long int",
    dtypes.float16: "c10::Half",
    dtypes.float32: "float",
    dtypes.float64: "double",
}
"""What PyTorch's messages call the dtypes here."""


def check_available(kind: TensorType) -> None:
    """TypeError for a type of tensors on a GPU where there is none."""
    try:
        devices.checked_gpu(None)
    except RuntimeError as error:
        raise TypeError(f"type torch.cuda.{kind.__name__} not available. {error}") from None


def meaning(kind: Any) -> tuple[dtypes.dtype, str | None]:
    """The dtype that `tensor.type(kind)` asks for, and the kind of device; None for the one where it is.

    kind: a dtype, a type of this module or Tensor itself, or such a type's name.  ValueError for any other type or
    name, TypeError for anything else.
    """
    if isinstance(kind, dtypes.dtype):
        return kind, None
    if kind is Tensor or kind == "torch.Tensor":
        return dtypes.get_default_dtype(), "cpu"
    if isinstance(kind, str):
        first, _, name = kind.rpartition(".")
        found = {"torch": ON_CPU, "torch.cuda": ON_GPU}.get(first, {}).get(name)
        if found is None:
            raise ValueError(f"invalid type: '{kind}'")
        kind = found
    if isinstance(kind, TensorType):
        return kind.dtype, "cuda" if kind.is_cuda else "cpu"
    if isinstance(kind, type):
        raise ValueError(f"invalid type: '{kind.__name__}'")
    raise TypeError(f"dtype must be a type, str, or dtype object{advice(kind)}")


def set_default_tensor_type(t: Any, /) -> None:
    """Have tensors of floats be of the dtype of a type t, such as torch.DoubleTensor, and be where it is.

    TypeError for what is no such type, for integers, and for a GPU where there is none.  PyTorch's successors of it are
    `set_default_dtype` and `set_default_device`.
    """
    warnings.warn(
        "torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use torch.set_default_dtype() and "
        "torch.set_default_device() as alternatives.",
        stacklevel=2,
    )
    try:
        dtype, place = meaning(t)
    except (TypeError, ValueError):
        dtype, place = None, None
    if dtype is None or isinstance(t, dtypes.dtype):
        raise TypeError("invalid type object: only floating-point types are supported as the default type")
    if not dtype.is_floating_point:
        raise TypeError("only floating-point types are supported as the default type")
    if place == "cuda":
        check_available(ON_GPU[f"{dtypes.CLASS_NAMES[dtype.name]}Tensor"])
        devices.set_default_device("cuda")
    dtypes.set_default_dtype(dtype)
