"""What happens to the operands of an elementwise op first: one dtype for all, and shapes that broadcast.

PyTorch sorts dtypes into categories (bool < integer < float).  An operand raises the result's dtype only
within its own standing: tensors with dimensions stand above 0-d tensors, which stand above Python numbers.
https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray

from minigrad import dtypes
from minigrad.absent import advice
from minigrad.arrays import SILENT, array_module, gpu_of, numpy_errors, on_its_gpu, quiet
from minigrad.devices import as_array, device_of
from minigrad.engine.broadcasting import cast, cast_da
from minigrad.engine.changes import changes_of
from minigrad.engine.graph import TensorBase, node_of, raw, record, wrap
from minigrad.engine.order import agrees, axes_of_result, broadcast_strides, copied, empty_by_axes
from minigrad.engine.places import op_called
from minigrad.gpu.placement import check_devices
from minigrad.ops.advice import no_tensor, tensor_from
from minigrad.ops.moving import to_device

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

NUMBERS = (bool, int, float)
FACTORS = (*NUMBERS, TensorBase)


def operands(a: Any, b: Any, factors: tuple[type, ...] = ()) -> tuple[Any, Any]:
    """Both operands of an elementwise op, cast to their common dtype and known to broadcast.

    factors: what keeps its digits beside float16: numbers (`Factor`), and in a product or quotient also tensors without
    dimensions (`FactorArray`).  Raw arrays, which only the engine's own rules pass, are of one dtype already.
    """
    if isinstance(a, TensorBase):
        x = a.array
        if isinstance(b, TensorBase):
            y = b.array
            if x.dtype is y.dtype and (type(x) is type(y) is ndarray or gpu_of(x) == gpu_of(y)):
                return (a, b) if x.strides == y.strides and x.shape == y.shape else unlike(a, b)
            return promoted(a, b, factors)
        if x.dtype.char in "fd" and type(b) in (float, int):
            return a, b
        return promoted(a, b, factors)
    if isinstance(b, TensorBase):
        return promoted(a, b, factors)
    if not hasattr(a, "dtype") and not hasattr(b, "dtype"):
        raise no_tensor(op_called(), "input", a)
    return a, b


def promoted(a: Any, b: Any, factors: tuple[type, ...] = ()) -> tuple[Any, Any]:
    """The general case of `operands`: at least one of them is a Tensor."""
    a, b = on_one_device(operand(a), operand(b))
    dtype = result_type(a, b)
    if factors and dtype.char == "e":
        a, b = as_factor(a, dtype, factors), as_factor(b, dtype, factors)
    else:
        a, b = as_dtype(a, dtype), as_dtype(b, dtype)
    return unlike(a, b) if has_places(a) and has_places(b) else (a, b)


def has_places(x: Any) -> bool:
    """Whether an operand has elements that lie in some order: a number and a `FactorArray` have not."""
    return isinstance(x, TensorBase) and not isinstance(x.array, FactorArray)


def unlike(a: Any, b: Any) -> tuple[Any, Any]:
    """Two operands of unlike shapes or orders in memory: known to broadcast, and so that NumPy gives PyTorch's order.

    Where two orders meet, NumPy goes by rows; in PyTorch the operand that comes first has its way.
    """
    x, y = a.array, b.array
    if x.shape != y.shape:
        check_broadcast(x.shape, y.shape)
    if (x.flags.c_contiguous and y.flags.c_contiguous) or not (isinstance(x, ndarray) and isinstance(y, ndarray)):
        return a, b
    shape = x.shape if x.shape == y.shape else np.broadcast_shapes(x.shape, y.shape)
    if x.flags.c_contiguous and x.shape == shape:
        return a, b
    axes = axes_of_result(shape, x, y)
    if axes == list(reversed(range(len(shape)))):
        return a, b
    if not agrees(y, shape, axes):
        b = in_order(b, shape, axes)
    if not agrees(x, shape, axes) or 0 in broadcast_strides(x, shape):
        a = in_order(a, shape, axes)
    return a, b


def in_order(a: Any, shape: tuple[int, ...], axes: list[int]) -> Any:
    """A copy of a tensor, broadcast to a shape, whose elements lie in memory in the order of some axes."""
    copy = wrap(empty_by_axes(axes, shape, np, a.array.dtype))
    copy.array[...] = a.array
    copy.node, copy.changes = node_of(a), a.changes
    return copy


def arrays_of(*operands: Any) -> list[Any]:
    """The arrays of those operands that are tensors."""
    return [x.array for x in operands if isinstance(x, TensorBase)]


def operand(x: Any) -> Any:
    """A Tensor or a Python number: NumPy's arrays and scalars become these; TypeError for anything else."""
    if isinstance(x, TensorBase) or type(x) in NUMBERS:
        return x
    if isinstance(x, np.generic):
        return operand(x.item())
    if isinstance(x, np.ndarray) or hasattr(x, "__cuda_array_interface__"):
        array = as_array(x)
        return wrap(dtypes.canonical(array) if array.dtype in dtypes.from_numpy else array)
    if isinstance(x, NUMBERS):
        return x
    raise TypeError(f"{op_called()}(): an operand must be a Tensor or a number, not {type(x).__name__}{tensor_from(x)}")


def on_one_device(*operands: Any) -> tuple[Any, ...]:
    """Operands where they can meet: 0-d tensors on the CPU are moved to where the others are.

    RuntimeError for tensors on two devices.
    """
    tensors: list[Any] = [x for x in operands if isinstance(x, TensorBase)]
    on_gpus = [x for x in tensors if not isinstance(x.array, ndarray)]
    if not on_gpus:
        return operands
    check_devices(*(x for x in tensors if x.array.ndim or not isinstance(x.array, ndarray)))
    place = device_of(on_gpus[0].array)
    return tuple(to_device(x, place) if isinstance(x, TensorBase) else x for x in operands)  # type: ignore[arg-type]


def check_tensors(op: str, optional: tuple[str, ...] = (), **operands: Any) -> None:
    """TypeError for an operand that is no tensor (an optional one may be None), RuntimeError for two devices."""
    for name, x in operands.items():
        if not isinstance(x, TensorBase) and not (x is None and name in optional):
            raise no_tensor(op, name, x)
    check_devices(*operands.values())


def check_pair(op: str, input: Any, target: Any) -> None:
    """TypeError for an input or a target that is no tensor, RuntimeError for two devices."""
    for name, x in (("input", input), ("target", target)):
        if not isinstance(x, TensorBase):
            raise no_tensor(op, name, x)
    if not (isinstance(input.array, ndarray) and isinstance(target.array, ndarray)):
        check_devices(input, target)


def result_type(*operands: Any) -> np.dtype[Any]:
    """The NumPy dtype that PyTorch would compute in."""
    standings: list[np.dtype[Any] | None] = [None, None, None]  # numbers, 0-d tensors, other tensors
    for x in operands:
        if isinstance(x, TensorBase):
            standing, dtype = (2 if x.array.ndim else 1), x.array.dtype
        else:
            standing, dtype = 0, number_dtype(x)
        before = standings[standing]
        standings[standing] = dtype if before is None else common_dtype(before, dtype)
    result = None
    for dtype in filter(None, standings):
        if result is None or category(dtype) >= category(result):
            result = dtype
    assert result is not None
    return result


def common_dtype(a: np.dtype[Any], b: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype of two tensors of equal standing: the higher category's, else the one that holds both."""
    if category(a) == category(b):
        return np.promote_types(a, b)
    return a if category(a) > category(b) else b


def category(dtype: np.dtype[Any]) -> int:
    """0 for bool, 1 for integers, 2 for floats."""
    return "biuf".index(dtype.kind) - (dtype.kind in "uf")


def number_dtype(x: Any) -> np.dtype[Any]:
    """The dtype of a Python number."""
    if isinstance(x, bool):
        return dtypes.bool_.numpy
    return dtypes.int64.numpy if isinstance(x, int) else dtypes.get_default_dtype().numpy


def numpy_dtype(dtype: Any) -> np.dtype[Any]:
    """The NumPy dtype that a `dtype` argument means: None is the default, Python's float is float64, int is int64.

    TypeError for what is no dtype.
    """
    if dtype is None:
        dtype = dtypes.get_default_dtype()
    dtype = dtypes.of_python.get(dtype, dtype) if isinstance(dtype, type) else dtype
    if not isinstance(dtype, dtypes.dtype):
        raise TypeError(
            f"{op_called()}(): argument 'dtype' must be a dtype such as {dtypes.float32}, not {dtype!r}{advice(dtype)}"
        )
    return dtype.numpy


def as_dtype(x: Any, dtype: np.dtype[Any]) -> Any:
    """A Tensor cast (and the cast recorded), a number made to fit: integers wrap around as in PyTorch."""
    if isinstance(x, TensorBase):
        return x if x.array.dtype == dtype else cast(x, dtype)  # type: ignore[arg-type]
    if dtype.kind in "iu" and not np.iinfo(dtype).min <= x <= np.iinfo(dtype).max:
        return int(np.array(x).astype(dtype))
    return bool(x) if dtype.kind == "b" else x


def in_single(name: str, function: Callable[..., Any], operands: tuple[Any, ...], *options: Any) -> Tensor:
    """What a function gives of operands of float16, computed in float32: a sum of squares above 65504 would be inf.

    What is no tensor of float16, as None or a mask, is given as it is.  name: of the result's grad_fn.
    """
    single = [x if x is None or raw(x).dtype.char != "e" else as_dtype(x, np.dtype(np.float32)) for x in operands]
    result = function(*single, *options)
    with quiet():
        value = raw(result).astype(np.float16)
    return record(value, (result,), (cast_da,), raw(result).dtype, name=name)


class Factor(float):
    """A number that multiplies or divides float16 arrays in float32, as in PyTorch; as an exponent it is a float16.

    NumPy would make it a float16 first: 70000 would be inf, and 1e-8 would be 0.
    """

    __array_ufunc__ = None  # so NumPy's and CuPy's arrays leave their operators to this class

    def __mul__(self, x: Any) -> Any:
        return in_float32(operator.mul, self, x)

    def __rmul__(self, x: Any) -> Any:
        return in_float32(operator.mul, x, self)

    def __truediv__(self, x: Any) -> Any:
        return in_float32(operator.truediv, self, x)

    def __rtruediv__(self, x: Any) -> Any:
        return in_float32(operator.truediv, x, self)

    def __pow__(self, x: Any, _modulus: None = None) -> Any:
        return NotImplemented if isinstance(x, TensorBase) else float(self) ** x

    def __rpow__(self, x: Any, _modulus: None = None) -> Any:
        if not is_float16(x):
            return x ** float(self)
        return array_module(x).power(x, fitting_number(float(self), x.dtype))  # NumPy's ** 0.5 is a root


class FactorArray(np.ndarray):
    """A float32 array without dimensions that multiplies or divides float16 arrays in float32, as in PyTorch.

    As the first operand it is a float16; the rule for the other operand multiplies by it, and has all its digits.
    """

    def __mul__(self, x: Any) -> Any:
        return np.float16(self) * x

    def __rmul__(self, x: Any) -> Any:
        return in_float32(operator.mul, x, Factor(self))

    def __truediv__(self, x: Any) -> Any:
        return np.float16(self) / x

    def __rtruediv__(self, x: Any) -> Any:
        return in_float32(operator.truediv, x, Factor(self))


def in_float32(operation: Callable[..., Any], x: Any, y: Any) -> Any:
    """What an operator or formula gives of raw operands, one of them a `Factor`: of two numbers again a Factor."""
    if isinstance(x, TensorBase) or isinstance(y, TensorBase):
        return NotImplemented
    if not hasattr(x, "dtype") and not hasattr(y, "dtype"):
        return Factor(operation(float(x), float(y)))
    if is_float16(x) or is_float16(y):
        numbers = (np.float32(z) if isinstance(z, Factor) else widened(z) for z in (x, y))
        return operation(*numbers).astype(np.float16)
    return operation(*(float(z) if isinstance(z, Factor) else z for z in (x, y)))


def is_float16(x: Any) -> bool:
    """Whether a raw operand is an array of float16."""
    return hasattr(x, "dtype") and not isinstance(x, TensorBase) and bool(x.dtype.char == "e")


def in_a_rule() -> bool:
    """Whether a pass is under way: with Tensors its rules compute as with arrays, where NumPy treats a number."""
    return numpy_errors.get() is SILENT


def as_factor(x: Any, dtype: np.dtype[Any], kinds: tuple[type, ...]) -> Any:
    """An operand beside float16: a number is a `Factor`, a tensor without dimensions a `FactorArray`.

    kinds: of operands that may be one.  In a rule a number is what it is to NumPy.
    """
    if not isinstance(x, TensorBase):
        return x if in_a_rule() else Factor(x)
    if x.array.ndim or x.array.dtype == dtype or not isinstance(x, kinds) or not isinstance(x.array, ndarray):
        return as_dtype(x, dtype)
    factor = wrap(x.array.astype(np.float32).view(FactorArray))
    factor.node, factor.changes = node_of(x), changes_of(x)
    return factor


def factor_for(x: Any, number: float) -> float:
    """A number to multiply or divide a Tensor or raw array by in a rule: see `Factor`."""
    return Factor(number) if raw(x).dtype.char == "e" else number


def widened(x: Any) -> Any:
    """A raw array in which to compute with numbers: float16 as float32."""
    if x.dtype.char != "e":
        return x
    return x.astype(np.float32) if x.flags.c_contiguous else copied(x, np.float32)


def fitting_number(x: Any, dtype: np.dtype[Any]) -> Any:
    """A Python number (or NumPy's) as an element of a dtype: RuntimeError for one beyond its range.

    Integers below 0 wrap around in unsigned dtypes, as in PyTorch.
    """
    x = x.item() if hasattr(x, "item") else x
    if dtype.kind == "f":
        fits = abs(x) <= float(np.finfo(dtype).max) or x - x != 0  # inf and nan fit
    elif dtype.kind in "iu":
        limits = np.iinfo(dtype)
        wraps = dtype.kind == "u" and isinstance(x, int)
        fits = (-limits.max if wraps else limits.min) <= x <= limits.max
        x = int(np.array(int(x)).astype(dtype)) if fits else x
    else:
        fits = True
    if not fits:
        raise RuntimeError(f"{op_called()}(): value {x} cannot be converted to type {dtype} without overflow")
    return x


def filling_number(x: Any, dtype: np.dtype[Any], size: int) -> Any:
    """A number that fills a tensor of so many elements: in PyTorch a single element of float16 may become inf."""
    return fitting_number(x, np.dtype(np.float64) if size == 1 and dtype.char == "e" else dtype)


def array_of(input: Any) -> Any:
    """The array of an op's operand; TypeError for what is neither a Tensor nor an array."""
    array = input.array if isinstance(input, TensorBase) else input
    if isinstance(array, ndarray):
        return array
    if not hasattr(array, "dtype"):
        raise no_tensor(op_called(), "input", input)
    return on_its_gpu(array)


def floating(a: Any) -> Any:
    """The operand of a float-valued function: integers and bools become the default float dtype."""
    if isinstance(a, TensorBase) and a.array.dtype.kind != "f":
        return cast(a, dtypes.get_default_dtype().numpy)  # type: ignore[arg-type]
    if isinstance(a, TensorBase) or hasattr(a, "dtype"):
        return a
    raise no_tensor(op_called(), "input", a)


def check_shapes(*operands: Any) -> None:
    """RuntimeError unless all tensors among the operands are on one device and their shapes broadcast."""
    check_devices(*operands)
    for a, b in combinations({x.array.shape for x in operands if isinstance(x, TensorBase)}, 2):
        check_broadcast(a, b)


def check_broadcast(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    """RuntimeError, as PyTorch's, for two shapes that do not broadcast."""
    for from_last, (n, m) in enumerate(zip(a[::-1], b[::-1]), 1):
        if n != m and n != 1 and m != 1:
            dim = max(len(a), len(b)) - from_last
            raise RuntimeError(
                f"{op_called()}(): The size of tensor a ({n}) must match the size of tensor b ({m}) at "
                f"non-singleton dimension {dim}: the shapes are {list(a)} and {list(b)}. reshape() or "
                "unsqueeze() one of them so that these sizes are equal or 1."
            )
