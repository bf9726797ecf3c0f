"""Two operands of a function of each element, as tensors of one dtype."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minigrad import dtypes
from minigrad.arrays import array_module
from minigrad.engine.graph import TensorBase, raw, wrap
from minigrad.ops.promotion import NUMBERS, as_dtype, fitting_number, operand, operands, result_type

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__: list[str] = []

REFUSED = {
    **dict.fromkeys(("hypot", "logaddexp", "logaddexp2", "nextafter"), "biu"),
    **dict.fromkeys(("gcd", "lcm", "bitwise_left_shift", "bitwise_right_shift"), "bf"),
}
"""The kinds of dtypes that an op has not."""


def floats(op: str, input: Any, other: Any) -> tuple[Tensor, Tensor]:
    """Both operands of a float-valued function in their common float dtype."""
    return pair(op, input, other, floating=True)


def numbers(op: str, input: Any, other: Any) -> tuple[Tensor, Tensor]:
    """Both operands in their common dtype; NotImplementedError for a dtype that the op has not."""
    return pair(op, input, other, floating=False)


def refuse_overflow(dtype: Any, *given: Any) -> None:
    """RuntimeError for a number that is none of an integer dtype: it would wrap around."""
    for x in given:
        if isinstance(x, NUMBERS):
            fitting_number(x, dtype)


def pair(op: str, input: Any, other: Any, floating: bool) -> tuple[Tensor, Tensor]:
    """Two operands that broadcast, of one dtype; numbers become 0-d tensors.  Raw arrays are of one dtype already."""
    if not isinstance(input, TensorBase) and not isinstance(other, TensorBase) and type(input) not in NUMBERS:
        return input, other  # NumPy's float64, of a raw array without dimensions, is a float too
    a, b = operands(input, other)
    dtype = result_type(a, b)
    if dtype.kind in REFUSED.get(op, ""):
        raise NotImplementedError(f"{op}(): not implemented for {dtype.name}: convert the operands first")
    if floating and dtype.kind != "f":  # of what was given: integers may have wrapped around, and lie otherwise
        dtype = dtypes.get_default_dtype().numpy
        a, b = map(operand, (input, other))
        a, b = (x if isinstance(x, NUMBERS) else as_dtype(x, dtype) for x in (a, b))
        a, b = operands(a, b)
    elif dtype.kind in "iu":
        refuse_overflow(dtype, input, other)
    xp = array_module(raw(a if isinstance(a, TensorBase) else b))
    a, b = (wrap(xp.asarray(x, dtype)) if isinstance(x, NUMBERS) else as_dtype(x, dtype) for x in (a, b))
    return a, b
