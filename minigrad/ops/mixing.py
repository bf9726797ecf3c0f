"""Functions of each element that take three operands, or further arguments.

Of one operand they are as in `minigrad.ops.elementwise`; of several as in `minigrad.ops.arithmetic`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from minigrad import dtypes
from minigrad.arrays import array_module, quiet
from minigrad.engine.graph import TensorBase, raw, record, unrecorded
from minigrad.engine.order import copied, ordered
from minigrad.kernels import special as kernels
from minigrad.ops.arithmetic import division_operands, mul, pow
from minigrad.ops.promotion import (
    array_of,
    arrays_of,
    as_dtype,
    check_shapes,
    check_tensors,
    factor_for,
    fitting_number,
    floating,
    on_one_device,
    operand,
    result_type,
)
from minigrad.ops.results import printed
from minigrad.ops.selection import clamp, where

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = [
    *("addcdiv", "addcmul", "clamp_max", "clamp_min", "float_power", "fmod", "frexp", "ldexp", "lerp", "logit"),
    *("nan_to_num", "polygamma"),
]


def lerp(input: Tensor, end: Tensor, weight: Any) -> Tensor:
    """input + weight * (end - input): input for a weight of 0, end for 1.

    weight: a number or a tensor that broadcasts.  RuntimeError for two dtypes, NotImplementedError for integers.
    """
    check_tensors("lerp", input=input, end=end)
    for name, x in (("end", end), ("weight", weight)):
        if isinstance(x, TensorBase) and raw(x).dtype != array_of(input).dtype:
            raise RuntimeError(f"expected dtype {input.dtype} for `{name}` but got dtype {raw(x).dtype} in lerp()")
    if array_of(input).dtype.kind != "f":
        raise NotImplementedError(f"lerp(): not implemented for {input.dtype}: convert with .float()")
    input, end, weight = on_one_device(input, end, operand(weight))
    check_shapes(input, end, weight)
    x, y, w = (exact(raw(each)) for each in (input, end, weight))
    with quiet():
        near = x + w * (y - x)
        value = array_module(x).where(abs(array_module(x).asarray(w)) < 0.5, near, y - (y - x) * (1 - w))
        value = ordered(value.astype(raw(input).dtype, copy=False), *arrays_of(input, end, weight))
    name = "LerpBackward1" if isinstance(weight, TensorBase) else "LerpBackward0"
    return record(value, (input, end, weight), (lerp_da, lerp_db, lerp_dw), name=name)


def exact(x: Any) -> Any:
    """A raw operand in which the steps of a function are computed: float16 as float32."""
    return x.astype("float32") if getattr(x, "dtype", None) == "float16" else x


def lerp_da(g: Tensor, _out: Tensor, _a: Tensor, _b: Tensor, w: Tensor) -> Tensor:
    return g * (1 - w)


def lerp_db(g: Tensor, _out: Tensor, _a: Tensor, _b: Tensor, w: Tensor) -> Tensor:
    return g * w


def lerp_dw(g: Tensor, _out: Tensor, a: Tensor, b: Tensor, _w: Tensor) -> Tensor:
    return g * (b - a)


def addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """input + value * tensor1 * tensor2; all three broadcast, and meet in one dtype."""
    a, b, c = three("addcmul", input, tensor1, tensor2)
    refuse_fraction("addcmul", a, value)
    value = fitting_number(value, raw(a).dtype) if raw(a).dtype.kind in "iu" else value
    x, y, z = (exact(raw(each)) for each in (a, b, c))
    with quiet():
        result = x + y * z if value == 1 else x + y * value * z
        result = ordered(result.astype(raw(a).dtype, copy=False), raw(a), raw(b), raw(c))
    return record(result, (a, b, c), (addcmul_da, addcmul_db, addcmul_dc), value)


def addcmul_da(g: Tensor, _out: Tensor, _a: Tensor, _b: Tensor, _c: Tensor, _value: float) -> Tensor:
    return g


def addcmul_db(g: Tensor, _out: Tensor, _a: Tensor, _b: Tensor, c: Tensor, value: float) -> Tensor:
    return g * (c * factor_for(c, value))


def addcmul_dc(g: Tensor, _out: Tensor, _a: Tensor, b: Tensor, _c: Tensor, value: float) -> Tensor:
    return g * (b * factor_for(b, value))


def addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """input + value * tensor1 / tensor2; all three broadcast.  RuntimeError for integers to divide."""
    a, b, c = three("addcdiv", input, tensor1, tensor2)
    if raw(tensor1).dtype.kind != "f" and raw(tensor2).dtype.kind != "f":
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported, and in a future  release addcdiv will perform a "
            "true division of tensor1 and tensor2. Convert one of them with .float()."
        )
    x, y, z = (exact(raw(each)) for each in (a, b, c))
    with quiet():
        result = x + value * (y / z)
        result = ordered(result.astype(raw(a).dtype, copy=False), raw(a), raw(b), raw(c))
    return record(result, (a, b, c), (addcdiv_da, addcdiv_db, addcdiv_dc), value)


def addcdiv_da(g: Tensor, _out: Tensor, _a: Tensor, _b: Tensor, _c: Tensor, _value: float) -> Tensor:
    return g


def addcdiv_db(g: Tensor, _out: Tensor, _a: Tensor, _b: Tensor, c: Tensor, value: float) -> Tensor:
    return g * (value / c)


def addcdiv_dc(g: Tensor, _out: Tensor, _a: Tensor, b: Tensor, c: Tensor, value: float) -> Tensor:
    return -g * (value * b / (c * c))


def three(op: str, *tensors: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Three tensors that broadcast, in their common dtype."""
    check_tensors(op, (), **dict(zip(("input", "tensor1", "tensor2"), tensors)))
    check_shapes(*tensors)
    dtype = result_type(*tensors)
    a, b, c = (as_dtype(x, dtype) for x in tensors)
    return a, b, c


def refuse_fraction(op: str, a: Tensor, value: float) -> None:
    """RuntimeError for a fraction to multiply integers with."""
    if raw(a).dtype.kind != "f" and isinstance(value, float):
        raise RuntimeError(f"{op}(): For integral input tensors, argument value must not be a floating point number.")


def fmod(input: Tensor, other: Any) -> Tensor:
    """What is left of input / other cut off, with input's sign.  RuntimeError for integers modulo 0 (on the CPU)."""
    a, b = division_operands(input, other)
    x, y = raw(a), raw(b)
    with quiet():
        value = array_module(x if hasattr(x, "dtype") else y).fmod(x, y)
    return record(value, (a, b), (fmod_da, fmod_db), name=f"FmodBackward{int(isinstance(b, TensorBase))}")


def fmod_da(g: Tensor, _out: Tensor, _a: Tensor, _b: Tensor) -> Tensor:
    return g


def fmod_db(g: Tensor, _out: Tensor, a: Tensor, b: Tensor) -> Tensor:
    quotient = raw(a) / raw(b)
    return -g * unrecorded(array_module(quotient).trunc(quotient), a, b)


def float_power(input: Any, exponent: Any) -> Tensor:
    """input ** exponent, computed in float64 whatever the operands are."""
    a, b = (as_dtype(x, dtypes.float64.numpy) if isinstance(x, TensorBase) else float(x) for x in (input, exponent))
    return pow(a, b)


def ldexp(input: Tensor, other: Tensor) -> Tensor:
    """input * 2 ** other; a float by integers in its own dtype, also where 2 ** other is none of it.

    TypeError for an other that is no tensor.
    """
    check_tensors("ldexp", input=input, other=other)
    if array_of(input).dtype.kind == "f" and raw(other).dtype.kind in "iu":
        input, other = on_one_device(input, other)
        check_shapes(input, other)
        return times_power(input, other)
    return mul(input, pow(2.0, other))


def times_power(a: Tensor, b: Tensor) -> Tensor:
    """A float times a power of two, whose exponent is an integer."""
    x, y = raw(a), raw(b)
    with quiet():
        value = array_module(x).ldexp(x, y.astype("int64"))
    return record(ordered(value, x, y), (a, b), (times_power_da, None), name="LdexpBackward0")


def times_power_da(g: Tensor, _out: Tensor, _a: Tensor, b: Tensor) -> Tensor:
    return times_power(g, b)


def logit(input: Tensor, eps: float | None = None) -> Tensor:
    """log(input / (1 - input)), the inverse of sigmoid; nan outside of [0, 1].  eps: to keep away from both."""
    a = floating(input)
    x = raw(a)
    with quiet():
        p = x if eps is None else array_module(x).clip(x, eps, 1 - eps)
        value = array_module(x).log(p / (1 - p))
    return record(value.astype(x.dtype, copy=False), (a,), (logit_da,), eps)


def logit_da(g: Tensor, _out: Tensor, a: Tensor, eps: float | None) -> Tensor:
    if eps is None:
        return where((a < 0) | (a > 1), math.nan, g / (a * (1 - a)))
    outside = (a < eps) | (a > 1 - eps)
    return where(outside, 0.0, g / where(outside, 1.0, a * (1 - a)))


def nan_to_num(
    input: Tensor, nan: float | None = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """input with numbers in place of nan, inf and -inf; integers are copied.

    nan, posinf, neginf: what to put there: 0, and the largest and the smallest number of the dtype unless given.
    """
    x = array_of(input)
    if x.dtype.kind != "f":
        return record(copied(x), (input,), (nan_to_num_da,))
    xp, limits = array_module(x), array_module(x).finfo(x.dtype)
    value = xp.where(x != x, x.dtype.type(0.0 if nan is None else nan), x)
    value = xp.where(x == math.inf, x.dtype.type(limits.max if posinf is None else posinf), value)
    value = xp.where(x == -math.inf, x.dtype.type(limits.min if neginf is None else neginf), value)
    return record(value, (input,), (nan_to_num_da,))


def nan_to_num_da(g: Tensor, _out: Tensor, a: Tensor) -> Tensor:
    return g * (a - a == 0)


def polygamma(n: int, input: Tensor) -> Tensor:
    """The n-th derivative of digamma; for n above 1 nan below -20.  RuntimeError for n below 0."""
    from minigrad.later import function

    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    if n == 0:
        digamma: Tensor = function("digamma")(input)
        return digamma
    a = floating(input)
    with quiet():
        value = ordered(kernels.polygamma(raw(a), n), raw(a))
    return record(value, (a,), (polygamma_da,), n)


def nth_derivative_of_digamma(input: Tensor, n: int) -> Tensor:
    """As `polygamma`: as a method it is called with n alone."""
    return polygamma(n, input)


def polygamma_da(g: Tensor, _out: Tensor, a: Tensor, n: int) -> Tensor:
    return g * polygamma(n + 1, a)


def bessel_i1(input: Tensor) -> Tensor:
    """The modified Bessel function of the first kind, of order 1: the derivative of i0."""
    return record(kernels.bessel(raw(input), 1), (input,), (bessel_i1_da,))


def bessel_i1_da(g: Tensor, out: Tensor, a: Tensor) -> Tensor:
    from minigrad.ops.functions import i0

    return g * (i0(a) - where(a == 0, 0.5, out / where(a == 0, 1.0, a)))


class Parts(NamedTuple):
    """What frexp returns."""

    mantissa: Any
    exponent: Any

    def __repr__(self) -> str:
        return printed("frexp", self)


def frexp(input: Tensor) -> Parts:
    """The mantissa, of a size from 0.5 up to 1, and the exponent, int32: input = mantissa * 2 ** exponent.

    RuntimeError for integers and bools.
    """
    x = array_of(input)
    if x.dtype.kind != "f":
        raise RuntimeError(f"torch.frexp() only supports floating-point dtypes, not {x.dtype}")
    xp = array_module(x)
    mantissa, exponent = xp.frexp(x)
    exponent = xp.where(xp.isfinite(x), exponent, 0).astype("int32")
    with quiet():
        scale = xp.exp2(exponent.astype(x.dtype))
    of_mantissa = record(ordered(mantissa, x), (input,), (frexp_da,), saved=(scale,))
    return Parts(of_mantissa, unrecorded(ordered(exponent, x), input))


def frexp_da(g: Tensor, _out: Tensor, _a: Tensor, scale: Tensor) -> Tensor:
    return g / scale


def nonzero_square(a: Tensor, b: Tensor) -> Tensor:
    """a ** 2 + b ** 2, and inf where that is 0: dividing by it gives 0."""
    total = a * a + b * b
    return where(total == 0, math.inf, total)


def clamp_min(input: Tensor, min: Any) -> Tensor:
    """The elements not below min, a number or a tensor."""
    return clamp(input, min=min)


def clamp_max(input: Tensor, max: Any) -> Tensor:
    """The elements not above max, a number or a tensor."""
    return clamp(input, max=max)
