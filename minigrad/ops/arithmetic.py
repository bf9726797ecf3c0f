"""Arithmetic: + - * / ** and their kin, elementwise with broadcasting.

Operands are Tensors, Python numbers or NumPy arrays, at least one a Tensor: TypeError for anything else.  Their shapes
broadcast: RuntimeError for those that do not.  They meet in one dtype, of the highest kind among them (bool < integer <
float): tensors with dimensions decide first, a 0-d tensor or a number only by being of a higher kind.  The gradient of
an operand is summed to its shape.  https://docs.pytorch.org/docs/stable/tensor_attributes.html#type-promotion-doc
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.arrays import array_module, gpu_of, quiet, result_array
from minigrad.engine.graph import TensorBase, raw, record
from minigrad.engine.order import by_rows, ordered
from minigrad.ops.elementwise import log, reciprocal, sqrt, zeros_for
from minigrad.ops.promotion import (
    FACTORS,
    NUMBERS,
    Factor,
    FactorArray,
    arrays_of,
    as_dtype,
    factor_for,
    fitting_number,
    floating,
    in_float32,
    operand,
    operands,
)
from minigrad.ops.selection import only_where, where

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["add", "div", "floor_divide", "mul", "pow", "remainder", "rsub", "sub"]


def add(input: Any, other: Any, *, alpha: float = 1) -> Tensor:
    """input + alpha * other: what `x + y` calls.  RuntimeError for a fractional alpha of integers."""
    a, b = operands(input, other) if alpha == 1 else scaled_operands(input, other, alpha)
    with quiet():
        value = raw(a) + raw(b)
    return record(value, (a, b), (add_da, add_db))


def add_da(g: Tensor, _out: Tensor, _a: Tensor, _b: Tensor) -> Tensor:
    return g


def add_db(g: Tensor, _out: Tensor, _a: Tensor, _b: Tensor) -> Tensor:
    return g


def sub(input: Any, other: Any, *, alpha: float = 1) -> Tensor:
    """input - alpha * other.  RuntimeError for bools, and for a fractional alpha of integers."""
    refuse_bools(input, other)
    a, b = operands(input, other) if alpha == 1 else scaled_operands(input, other, alpha)
    with quiet():
        value = raw(a) - raw(b)
    return record(value, (a, b), (sub_da, sub_db))


def sub_da(g: Tensor, _out: Tensor, _a: Tensor, _b: Tensor) -> Tensor:
    return g


def sub_db(g: Tensor, _out: Tensor, _a: Tensor, _b: Tensor) -> Tensor:
    return -g


def rsub(input: Any, other: Any, *, alpha: float = 1) -> Tensor:
    """other - alpha * input: what `1 - x` calls.  RuntimeError for bools, and for a fractional alpha of integers."""
    refuse_bools(input, other)
    if alpha == 1:
        a, b = operands(input, other) if isinstance(other, NUMBERS) else operands(other, input)[::-1]
    else:
        a, b = scaled_operands(other, input, alpha)[::-1]
    with quiet():
        value = raw(b) - raw(a)
    return record(value, (a, b), (rsub_da, rsub_db), name="RsubBackward1")


def rsub_da(g: Tensor, _out: Tensor, _a: Tensor, _b: Tensor) -> Tensor:
    return -g


def rsub_db(g: Tensor, _out: Tensor, _a: Tensor, _b: Tensor) -> Tensor:
    return g


def scaled_operands(input: Any, other: Any, alpha: float) -> tuple[Any, Any]:
    """The operands of a sum, the second multiplied by alpha in their common dtype."""
    a, b = operands(input, other)
    dtype = dtype_of(a, b)
    if isinstance(alpha, float) and dtype.kind != "f":
        raise RuntimeError("For integral input tensors, argument alpha must not be a floating point number.")
    return operands(a, as_dtype(b * dtype.type(fitting_number(alpha, dtype)).item(), dtype))


def dtype_of(a: Any, b: Any) -> Any:
    """The NumPy dtype of two operands, one of which may be a Python number."""
    x = raw(a)
    return x.dtype if hasattr(x, "dtype") else raw(b).dtype


def refuse_bools(a: Any, b: Any) -> None:
    """PyTorch does not subtract bools: RuntimeError."""
    bools = [isinstance(x, bool) or (isinstance(x, TensorBase) and x.array.dtype.kind == "b") for x in (a, b)]
    if all(bools):
        raise RuntimeError(
            "sub(): Subtraction, the `-` operator, with two bool tensors is not supported. Use the `^` or "
            "`logical_xor()` operator instead."
        )
    for x in (a, b):
        if isinstance(x, bool) or (isinstance(x, TensorBase) and x.array.dtype.kind == "b"):
            raise RuntimeError(
                "sub(): Subtraction, the `-` operator, with a bool tensor is not supported. If you are trying "
                "to invert a mask, use the `~` or `logical_not()` operator instead."
            )


def mul(input: Any, other: Any) -> Tensor:
    """input * other: what `x * y` calls; of bools, whether both are True."""
    a, b = operands(input, other, factors=FACTORS)
    with quiet():
        value = raw(a) * raw(b)
    return record(value, (a, b), (mul_da, mul_db))


def mul_da(g: Tensor, _out: Tensor, _a: Tensor, b: Tensor) -> Tensor:
    return g * b


def mul_db(g: Tensor, _out: Tensor, a: Tensor, _b: Tensor) -> Tensor:
    return g * a


def div(input: Any, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """input / other: what `x / y` calls, in floats also for integers.

    rounding_mode: "trunc" rounds the quotient towards 0, "floor" down; integers then stay integers, the gradient is 0.
    RuntimeError for another, and for integers divided by 0 with one (on the CPU).
    """
    if rounding_mode is not None:
        return rounded_division(input, other, rounding_mode)
    a, b = operands(input, other, factors=FACTORS)
    if dtype_of(a, b).kind != "f":  # each becomes a float by itself: in their common dtype they might overflow
        a, b = operands(*(floating(x) if isinstance(x, TensorBase) else x for x in (operand(input), operand(other))))
    with quiet():
        value = raw(a) / raw(b)
    return record(value, (a, b), (div_da, div_db))


def div_da(g: Tensor, _out: Tensor, _a: Tensor, b: Tensor) -> Tensor:
    return g / b


def div_db(g: Tensor, _out: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return -g * (a / b / b)


def rdiv(input: Any, other: Any) -> Tensor:
    """other / input: what `1 / x` calls; PyTorch multiplies by the reciprocal."""
    return mul(reciprocal(input), other) if isinstance(other, NUMBERS) else div(other, input)


def rounded_division(input: Any, other: Any, rounding_mode: str) -> Tensor:
    """input / other rounded down ("floor") or towards zero ("trunc")."""
    if rounding_mode not in ("floor", "trunc"):
        raise RuntimeError(
            f"div expected rounding_mode to be one of None, 'trunc', or 'floor' but found '{rounding_mode}'"
        )
    a, b = division_operands(input, other, factors=FACTORS)
    value = floored(a, b) if rounding_mode == "floor" else truncated(a, b)
    return record(value, (a, b), (rounded_division_da, rounded_division_db), name="DivBackward2")


def rounded_division_da(g: Tensor, _out: Tensor, _a: Tensor, _b: Tensor) -> Tensor:
    return zeros_for(g)


def rounded_division_db(g: Tensor, _out: Tensor, _a: Tensor, _b: Tensor) -> Tensor:
    return zeros_for(g)


def truncated(a: Any, b: Any) -> Any:
    """The raw quotient of two operands rounded towards zero."""
    x, y = raw(a), raw(b)
    with quiet():
        if dtype_of(a, b).kind == "f":
            value = of_floats(truncated_quotient, x, y)
        else:
            value = x // y
            value = value + ((value < 0) & (value * y != x))
    return ordered(value, *arrays_of(a, b))


def floor_divide(input: Any, other: Any) -> Tensor:
    """input / other rounded down: what `x // y` calls.  RuntimeError for integers divided by 0 (on the CPU).

    As in PyTorch it has no derivative: a RuntimeError in the backward pass.  That of div(rounding_mode="floor") is 0.
    """
    a, b = division_operands(input, other, factors=FACTORS)
    return record(floored(a, b), (a, b), (floor_divide_da, floor_divide_db), name="NotImplemented")


def floor_divide_da(_g: Tensor, _out: Tensor, _a: Tensor, _b: Tensor) -> Tensor:
    raise RuntimeError(
        "derivative for aten::floor_divide is not implemented: use torch.div(a, b, rounding_mode='floor'), whose "
        "gradient is 0, or detach() an operand"
    )


def floor_divide_db(g: Tensor, out: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return floor_divide_da(g, out, a, b)


def floored(a: Any, b: Any) -> Any:
    """The raw quotient of two operands rounded down."""
    x, y = raw(a), raw(b)
    with quiet():
        value = of_floats(floored_quotient, x, y) if dtype_of(a, b).kind == "f" else x // y
    return ordered(value, *arrays_of(a, b))


def of_floats(quotient: Callable[..., Any], x: Any, y: Any) -> Any:
    """A quotient of raw floats; by a factor beside float16 in float32."""
    return in_float32(quotient, x, Factor(y)) if isinstance(y, (Factor, FactorArray)) else quotient(x, y)


def truncated_quotient(x: Any, y: Any) -> Any:
    """Floats divided and rounded towards zero."""
    return array_module(x if hasattr(x, "dtype") else y).trunc(x / y)


def floored_quotient(x: Any, y: Any) -> Any:
    """Floats divided and rounded down, exact also where the quotient is large: CuPy's // and % are not.

    x - fmod(x, y) is a multiple of y, as in PyTorch (and Python's float_divmod).
    """
    array = x if hasattr(x, "dtype") else y
    xp = array_module(array)
    x, y = xp.asarray(x, array.dtype), xp.asarray(y, array.dtype)
    quotient, rest = x / y, xp.fmod(x, y)
    multiple = (x - rest) / y
    multiple = xp.where((rest != 0) & ((rest < 0) != (y < 0)), multiple - 1, multiple)
    nearest = xp.floor(multiple)
    nearest = xp.where(multiple - nearest > 0.5, nearest + 1, nearest)
    return xp.where(y == 0, quotient, xp.where(multiple != 0, nearest, xp.copysign(multiple, quotient)))


def remainder_of_floats(x: Any, y: Any) -> Any:
    """What is left over of floats divided and rounded down, with y's sign."""
    xp = array_module(x if hasattr(x, "dtype") else y)
    rest = xp.fmod(x, y)
    return xp.where((rest != 0) & ((rest < 0) != (y < 0)), rest + y, rest)


def division_operands(input: Any, other: Any, factors: tuple[type, ...] = ()) -> tuple[Any, Any]:
    """The operands of a rounded division; errors for bools and, on the CPU, for integers divided by 0."""
    a, b = operands(input, other, factors)
    a = as_divided(a)
    kind = dtype_of(a, b).kind
    if kind == "b":
        raise NotImplementedError("a rounded division of bools is not implemented: convert one with .int()")
    divisor = raw(b)
    if kind in "iu" and gpu_of(divisor) is None and not np.all(divisor):  # a GPU's values are not waited for
        raise RuntimeError("ZeroDivisionError: a rounded division of integers by 0. Use / to get inf.")
    return a, b


def as_divided(a: Any) -> Any:
    """The first operand of a rounded division: of factors beside float16 only the divisor keeps its digits."""
    if isinstance(raw(a), FactorArray):
        return as_dtype(a, np.dtype(np.float16))
    return float(a) if isinstance(a, Factor) else a


def rfloor_divide(input: Any, other: Any) -> Tensor:
    """other / input rounded down: what `7 // x` calls."""
    return floor_divide(other, input)


def remainder(input: Any, other: Any) -> Tensor:
    """input modulo other, with the sign of other: as `x % y`.  RuntimeError for integers modulo 0 (on the CPU)."""
    a, b = division_operands(input, other)
    x, y = raw(a), raw(b)
    with quiet():
        value = remainder_of_floats(x, y) if dtype_of(a, b).kind == "f" else x % y
    return record(ordered(value, *arrays_of(a, b)), (a, b), (remainder_da, remainder_db))


def remainder_da(g: Tensor, _out: Tensor, _a: Tensor, _b: Tensor) -> Tensor:
    return g


def remainder_db(g: Tensor, _out: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return -g * div(a, b, rounding_mode="floor")


def rremainder(input: Any, other: Any) -> Tensor:
    """other modulo input: what `7 % x` calls."""
    return remainder(other, input)


def pow(input: Any, exponent: Any) -> Tensor:
    """input ** exponent: what `x ** y` calls; nan for a negative number to a fraction.

    RuntimeError for integers to a negative power.
    """
    a, b = operands(input, exponent, factors=NUMBERS)
    dtype = dtype_of(a, b)
    if dtype.kind != "f":
        refuse_powers(dtype, raw(exponent))
    numbers = isinstance(a, NUMBERS), isinstance(b, NUMBERS)
    name = "PowBackward0" if numbers[1] else "PowBackward2" if numbers[0] else "PowBackward1"
    with quiet():
        value = power(raw(a), b) if numbers[1] else powers(raw(a), raw(b))
    return record(by_rows(value) if numbers[0] else value, (a, b), (pow_da, pow_db), *numbers, name=name)


def power(a: Any, number: Any) -> Any:
    """a ** number.  Some are what they are in PyTorch: the same bits, and no slow powers of NumPy's.

    0.5 is a root (NumPy's ** sees to that), -0.5 is 1 / sqrt(a), and 3 is a product; but in float16 all are powers.  At
    -0.0 and -inf, that differs.
    """
    if raw(a).dtype.char == "e":
        return a ** Factor(number)
    if number == 3:
        return a * a * a
    return 1 / sqrt(a) if number == -0.5 else a**number


def powers(x: Any, y: Any) -> Any:
    """x ** y, of raw operands.  An exponent of one 0.5 is repeated: by itself NumPy would take a root, see `power`."""
    if isinstance(y, np.ndarray) and y.size == 1 and y.dtype.kind == "f" and y == 0.5:
        y = np.full(np.broadcast_shapes(np.shape(x), y.shape), y)
    return x**y


def pow_da(g: Tensor, _out: Tensor, a: Tensor, b: Any, _a_is_number: bool, b_is_number: bool) -> Tensor:
    if b_is_number:
        return zeros_for(g) if b == 0 else g * (b * power(a, b - 1))
    return only_where(b != 0, g * (b * pow(a, result_array(b - 1))))


def pow_db(g: Tensor, out: Tensor, a: Any, b: Tensor, a_is_number: bool, _b_is_number: bool) -> Tensor:
    if a_is_number:
        log_a = math.log(a) if a > 0 else (-math.inf if a == 0 else math.nan)
        slope = out * factor_for(out, log_a)
        return g * (where(b >= 0, 0.0, slope) if a == 0 else slope)
    return g * where((a == 0) & (b >= 0), 0.0, out * log(a))


def rpow(input: Any, base: Any) -> Tensor:
    """base ** input: what `2 ** x` calls."""
    return pow(base, input)


def refuse_powers(dtype: Any, exponent: Any) -> None:
    """RuntimeError for an integer's power that is no integer, or too large; bools have none (NotImplementedError)."""
    if dtype.kind == "b":
        raise NotImplementedError("pow(): not implemented for bools: convert one with .int()")
    if gpu_of(exponent) is None and np.any(exponent < 0):  # a GPU's values are not waited for
        raise RuntimeError("pow(): Integers to negative integer powers are not allowed. Convert with .float() first.")
    if isinstance(exponent, int):
        fitting_number(exponent, dtype)
