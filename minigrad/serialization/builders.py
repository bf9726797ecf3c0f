"""The closed list of what a file may name when it is loaded with weights_only=True, and what builds each of them.

A builder takes arguments that a hostile file has chosen: it checks the exact type of each before it uses it, and
no message shows more of them than a few letters.
"""

from __future__ import annotations

import math
import pickle
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import Any, final

from minigrad import dtypes
from minigrad.devices import device
from minigrad.engine.graph import wrap
from minigrad.engine.order import elements
from minigrad.nn.parameter import Parameter
from minigrad.serialization.storage import BY_NAME, Storage
from minigrad.size import Size
from minigrad.tensor import Tensor


@final
class Builder:
    """A function that a pickle may call.  Only `find_class` puts one on the unpickler's stack."""

    def __init__(self, build: Callable[..., Any]) -> None:
        self.build = build

    def __call__(self, *arguments: Any) -> Any:
        """What the function builds."""
        return self.build(*arguments)


@final
class StorageType:
    """What stands in a pickle for a storage class of PyTorch's: its dtype."""

    def __init__(self, dtype: dtypes.dtype) -> None:
        self.dtype = dtype


def tensor(
    storage: Any,
    offset: Any,
    size: Any,
    strides: Any,
    requires_grad: Any = False,
    hooks: Any = None,  # noqa: ARG001  (PyTorch no longer writes any)
    metadata: Any = None,
) -> Tensor:
    """A tensor that looks at a storage: nothing outside of it."""
    if type(storage) is not Storage or type(size) not in (tuple, Size) or type(strides) not in (tuple, Size):
        raise pickle.UnpicklingError("a tensor is not made of a storage, a size and strides")
    if len(size) != len(strides) or len(size) > MAX_DIMS or not all(map(is_count, (offset, *size, *strides))):
        raise pickle.UnpicklingError("a tensor's size, strides and offset do not fit each other, or are not numbers")
    if metadata:
        raise pickle.UnpicklingError("a tensor is marked as conjugated or negated, which minigrad does not have")
    if requires_grad is True and not storage.dtype.is_floating_point:
        raise pickle.UnpicklingError(f"a tensor of {storage.dtype} requires grad")
    array = storage.array
    if math.prod(size) == 0:
        result = wrap(array[:0].reshape(size))
    else:
        last = offset + sum((n - 1) * stride for n, stride in zip(size, strides))
        if last >= array.size:
            which = f"of size {size}, strides {strides} and offset {offset}"[:200]
            raise pickle.UnpicklingError(f"a tensor {which} reaches outside of its storage of {array.size} elements")
        itemsize = array.itemsize
        result = wrap(elements(array, offset * itemsize, size, tuple(stride * itemsize for stride in strides)))
    return result.requires_grad_() if requires_grad is True else result


def is_count(number: Any) -> bool:
    """Whether it is an integer, and not negative."""
    return type(number) is int and number >= 0


def parameter(data: Any, requires_grad: Any, hooks: Any = None, state: Any = None) -> Parameter:  # noqa: ARG001
    """A Parameter around a tensor; state: attributes that were set on it."""
    if type(data) is not Tensor:
        raise pickle.UnpicklingError("a Parameter is not made of a tensor")
    result: Parameter = Parameter(data, requires_grad is True)
    if state:
        set_attributes(result, state)
    return result


def tensor_of_type(build: Any, kind: Any, arguments: Any, state: Any) -> Any:
    """A Tensor or Parameter with attributes that were set on it."""
    if type(build) is not Builder or build.build not in (tensor, parameter) or type(arguments) is not tuple:
        raise pickle.UnpicklingError("a tensor with attributes is not made of a tensor")
    result = build(*arguments)
    if type(result) is not kind:
        raise pickle.UnpicklingError("a tensor with attributes is neither a Tensor nor a Parameter")
    if state:
        set_attributes(result, state)
    return result


def set_attributes(obj: Any, state: Any) -> None:
    """Set attributes of new names: none that the class has, so that nothing changes how the object works."""
    if type(state) is not dict or not all(type(name) is str for name in state):
        raise pickle.UnpicklingError(f"the attributes of a {type(obj).__name__} are not a dict of names")
    for name in state:
        if hasattr(type(obj), name) or name in vars(obj):
            raise pickle.UnpicklingError(f"the file replaces the attribute {name[:80]!r} of a {type(obj).__name__}")
    vars(obj).update(state)


def size_of(sizes: Any) -> Size:
    """A Size."""
    return Size(of_kind(sizes, tuple))


def device_named(kind: Any, index: Any = None) -> device:
    """A device."""
    return device(of_kind(kind, str), None if index is None else of_kind(index, int))


def ordered_dict(items: Any = ()) -> OrderedDict[Any, Any]:
    """An OrderedDict."""
    return OrderedDict((checked_key(key), value) for key, value in of_kind(items, tuple, list))


def counter(counts: Any) -> Counter[Any]:
    """A Counter."""
    return Counter(of_kind(counts, dict))


def set_of(items: Any) -> set[Any]:
    """A set."""
    return set(map(checked_key, of_kind(items, list)))


def bytes_of(text: Any, encoding: Any) -> bytes:
    """Bytes, which protocol 2 writes as text."""
    if encoding != "latin1":
        raise pickle.UnpicklingError("bytes are not written as text in latin1")
    return bytes(of_kind(text, str).encode("latin1"))


def no_bytes() -> bytes:
    """No bytes, which protocol 2 writes so; `bytes` itself would also take a length, and memory for it."""
    return b""


def bytearray_of(data: Any = b"") -> bytearray:
    """A bytearray; not of a given length."""
    return bytearray(of_kind(data, bytes))


def complex_of(real: Any, imaginary: Any) -> complex:
    """A complex number."""
    return complex(of_kind(real, float), of_kind(imaginary, float))


def of_kind(argument: Any, *kinds: type) -> Any:
    """An argument, if it is just of one of these types: the constructors would take much else."""
    if type(argument) not in kinds:
        raise pickle.UnpicklingError(f"a builder gets a {type(argument).__name__}, not a {kinds[0].__name__}")
    return argument


def checked_key(key: Any) -> Any:
    """A key of a dict or element of a set, if it is a plain value or a short tuple of plain values.

    To hash tuples within tuples can take a time exponential in their depth.
    """
    parts = key if isinstance(key, tuple) else (key,)
    if len(parts) <= MAX_DIMS and all(isinstance(part, PLAIN) for part in parts):
        return key
    raise pickle.UnpicklingError(f"a key of a dict is a {type(key).__name__}, not a plain value or a tuple of those")


MAX_DIMS = 64  # NumPy's limit
PLAIN = (str, int, float, complex, bytes, type(None), dtypes.dtype, device, Tensor)

BUILDERS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": tensor,
    "torch._utils._rebuild_tensor_v2": tensor,
    "torch._utils._rebuild_parameter": parameter,
    "torch._utils._rebuild_parameter_with_state": parameter,
    "torch._tensor._rebuild_from_type_v2": tensor_of_type,
    "torch.Size": size_of,
    "torch.device": device_named,
    "collections.OrderedDict": ordered_dict,
    "collections.Counter": counter,
    "_codecs.encode": bytes_of,
    "builtins.bytes": no_bytes,
    "builtins.bytearray": bytearray_of,
    "builtins.set": set_of,
    "builtins.complex": complex_of,
}
NAMES: dict[str, Any] = {
    **{name: Builder(build) for name, build in BUILDERS.items()},
    **{f"torch.{name}": StorageType(dtype) for name, dtype in BY_NAME.items()},
    **{f"torch.{dtype.name}": dtype for dtype in dtypes.ALL},
    "torch.Tensor": Tensor,
    "torch.nn.parameter.Parameter": Parameter,
}
"""All that a pickle may name."""


def refuse_missing_dtype(module: str, name: str) -> None:
    """UnpicklingError for a dtype that only PyTorch has."""
    if module == "torch" and (name.endswith("Storage") or name.startswith(("bfloat", "complex", "float", "uint"))):
        raise pickle.UnpicklingError(
            f"it needs torch.{name[:80]}, which minigrad does not have. Convert the tensors in PyTorch first, for "
            "example with .float(), and save them again."
        )
