"""Choosing between values, elementwise with broadcasting: where, maximum, minimum, clamp.

Shapes, dtypes and errors are those of `minigrad.ops.arithmetic`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minigrad import later
from minigrad.arrays import array_module, quiet
from minigrad.engine.graph import TensorBase, raw, record, unrecorded
from minigrad.engine.order import ordered
from minigrad.kernels.fused import selected
from minigrad.ops.advice import no_tensor
from minigrad.ops.promotion import (
    NUMBERS,
    arrays_of,
    as_dtype,
    check_shapes,
    fitting_number,
    on_one_device,
    operand,
    operands,
    result_type,
)

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["clamp", "maximum", "minimum", "where"]


def where(condition: Any, input: Any = None, other: Any = None) -> Tensor:
    """`input` where the condition is True, `other` where it is False.  With the condition alone, where it is not zero.

    condition: bool tensor.  RuntimeError for another dtype.
    """
    if input is None and other is None:
        return later.function("nonzero")(condition, as_tuple=True)  # type: ignore[no-any-return]
    if not hasattr(condition, "dtype"):
        raise no_tensor("where", "condition", condition)
    if isinstance(condition, TensorBase):
        condition, input, other, dtype = choices(condition, input, other)
        if not isinstance(input, TensorBase) and not isinstance(other, TensorBase):
            with quiet():
                numbers = array_module(condition.array).where(condition.array, input, other).astype(dtype)
            return unrecorded(numbers, condition)
    with quiet():
        value = array_module(raw(condition)).where(raw(condition), raw(input), raw(other))
    value = ordered(value, *arrays_of(condition, input, other))
    return record(value, (condition, input, other), (None, where_dinput, where_dother))


def where_dinput(g: Tensor, _out: Tensor, condition: Tensor, _input: Tensor, _other: Tensor) -> Tensor:
    return only_where(condition, g)


def where_dother(g: Tensor, _out: Tensor, condition: Tensor, _input: Tensor, _other: Tensor) -> Tensor:
    return only_where(~condition, g)


def only_where(condition: Tensor, g: Tensor) -> Tensor:
    """g where a bool tensor is True, else 0, whatever g is there: inf * 0 would be nan."""
    x = raw(g)
    return record(selected(array_module(x), raw(condition), x), (g,), (only_where_dg,), saved=(raw(condition),))


def only_where_dg(g: Tensor, _out: Tensor, _g: Tensor, condition: Any) -> Tensor:
    return only_where(condition, g)


def choices(condition: Any, input: Any, other: Any) -> tuple[Any, Any, Any, Any]:
    """The condition, the two values to choose from in one dtype, and that dtype; errors as PyTorch's."""
    if condition.array.dtype.kind != "b":
        raise RuntimeError(
            "where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{condition.dtype}. Compare first, as in where(x > 0, x, y)."
        )
    condition, input, other = on_one_device(condition, operand(input), operand(other))
    dtype = result_type(input, other)
    input, other = choice(input, dtype), choice(other, dtype)
    check_shapes(condition, input, other)
    return condition, input, other, dtype


def choice(x: Any, dtype: Any) -> Any:
    """A value to choose in a dtype.  RuntimeError for a number beyond its range, but in float16 it becomes inf."""
    return fitting_number(x, dtype) if type(x) in NUMBERS and dtype.char != "e" else as_dtype(x, dtype)


def maximum(input: Tensor, other: Tensor) -> Tensor:
    """The larger of two elements; nan if one is.  Equal ones share the gradient evenly.  TypeError for a number."""
    a, b = operands(floating_or_integer("maximum", input), floating_or_integer("maximum", other))
    return record(array_module(raw(a)).maximum(raw(a), raw(b)), (a, b), (maximum_da, maximum_db))


def maximum_da(g: Tensor, _out: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return where(a == b, g / 2, only_where(~(a < b), g))


def maximum_db(g: Tensor, _out: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return where(a == b, g / 2, only_where(~(a > b), g))


def minimum(input: Tensor, other: Tensor) -> Tensor:
    """The smaller of two elements; nan if one is.  Equal ones share the gradient evenly.  TypeError for a number."""
    a, b = operands(floating_or_integer("minimum", input), floating_or_integer("minimum", other))
    return record(array_module(raw(a)).minimum(raw(a), raw(b)), (a, b), (minimum_da, minimum_db))


def minimum_da(g: Tensor, _out: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return where(a == b, g / 2, only_where(~(a > b), g))


def minimum_db(g: Tensor, _out: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return where(a == b, g / 2, only_where(~(a < b), g))


def floating_or_integer(op: str, a: Any) -> Any:
    """maximum and minimum take tensors alone, as in PyTorch."""
    if isinstance(a, (bool, int, float)):
        raise TypeError(f"{op}(): argument 'other' must be Tensor, not {type(a).__name__}. Use clamp() for a number.")
    return a


def clamp(input: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """The elements moved into [min, max]; where min > max, max.

    min, max: numbers or tensors that broadcast, or None for no bound; the three meet in one dtype.  Elements on a bound
    keep their gradient.  RuntimeError when both are None.
    """
    if min is None and max is None:
        raise RuntimeError("clamp(): at least one of min and max must not be None")
    bounds = [operand(bound) for bound in (min, max) if bound is not None]
    if isinstance(input, TensorBase):
        input, *bounds = on_one_device(input, *bounds)
        dtype = result_type(input, *bounds)
        input = as_dtype(input, dtype)
        bounds = [fitting_number(x, dtype) if type(x) in NUMBERS else as_dtype(x, dtype) for x in bounds]
        check_shapes(input, *bounds)
    low, high = (bounds[0] if min is not None else None), (bounds[-1] if max is not None else None)
    value = raw(input)
    xp = array_module(value)
    with quiet():
        if low is not None:
            value = xp.maximum(value, raw(low))
        if high is not None:
            value = xp.minimum(value, raw(high))
    value = ordered(value, *arrays_of(input, *bounds))
    return record(value, (input, low, high), (clamp_da, clamp_dmin, clamp_dmax), name="ClampBackward1")


def clamp_da(g: Tensor, _out: Tensor, a: Tensor, low: Any, high: Any) -> Tensor:
    if high is None:
        return only_where(a >= low, g)
    if low is None:
        return only_where(a <= high, g)
    return only_where((a >= low) & (a <= high), g)


def clamp_dmin(g: Tensor, _out: Tensor, a: Tensor, low: Any, high: Any) -> Tensor:
    return only_where(a < low if high is None else (a < low) & (low < high), g)


def clamp_dmax(g: Tensor, _out: Tensor, a: Tensor, low: Any, high: Any) -> Tensor:
    return only_where(a > high if low is None else (a > high) | (high < low), g)
