"""How an op can be called besides: with `out=`, and with NumPy's names of arguments, as PyTorch takes them.

A function of minigrad that takes more than its op is a wrapper of it, and so is a method with a dimension to name.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from types import FunctionType
from typing import Any

from minigrad.engine.kept import HAS_VARARGS

Op = Callable[..., Any]


def words(text: str) -> list[str]:
    """The words of a text."""
    return text.split()


CASTS = frozenset(
    words("""
acos acosh add addcdiv addcmul addr arange arccos arccosh arcsin arctan arctan2 arctanh asin atan atan2 atanh
bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor cat column_stack concat
concatenate copysign cos cosh cumprod cumsum deg2rad diff digamma div divide dstack empty eq erf erfc erfinv
exp exp2 expm1 eye floor_divide fmax fmin fmod full gcd ge ger greater greater_equal gt hstack hypot inner
kron lcm ldexp le less less_equal lgamma linspace log log10 log1p log2 logaddexp logaddexp2 logical_and
logical_not logical_or logical_xor logit logsumexp lt max maximum mean min minimum mul multiply nanmean nansum
ne nextafter not_equal ones outer polygamma pow prod rad2deg rand randint randn randperm reciprocal remainder
row_stack rsqrt sigmoid sin sinc sinh sqrt square stack std sub subtract sum tan tanh true_divide var vstack
xlogy zeros
""")
)
"""Functions whose result is converted to the dtype of `out`."""

KEEPS_DTYPE = frozenset(
    words("""
abs absolute addbmm addmm addmv all amax amin aminmax any argmax argmin argsort baddbmm bernoulli bmm
bucketize ceil clamp clamp_max clamp_min clip cummax cummin diag dot fix float_power floor frac gather
heaviside histc index_add index_copy index_select isneginf isposinf kthvalue lerp log_softmax logcumsumexp
masked_select matmul median mm mode msort multinomial mv nan_to_num nanmedian nanquantile neg negative nonzero
norm normal quantile round scatter scatter_add searchsorted sgn sign signbit softmax sort take take_along_dim
tensordot topk tril triu trunc vdot where
""")
)
"""Functions whose `out` must have the dtype of the result."""

NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim", "x": "input", "a": "input", "x1": "input", "x2": "other"}
"""NumPy's names of arguments, and PyTorch's."""

THEMSELVES = frozenset(("reshape", "squeeze", "view"))
"""Methods that are their op, whatever it takes: each lesson goes through them, and one step leads to the op."""


def spell(names: dict[str, Any]) -> None:
    """Have the ops among a module's names be their public functions."""
    ops = {name: op for name, op in names.items() if isinstance(op, FunctionType)}
    names.update({name: spelled(op) for name, op in ops.items() if op.__module__.startswith("minigrad.ops.")})


def spelled(op: Op) -> Op:
    """The public function of an op; the op itself if it takes neither `out` nor arguments by NumPy's names."""
    others, starred = other_names(op), starred_name(op)
    if op.__name__ not in CASTS and op.__name__ not in KEEPS_DTYPE:
        return with_names(op, others, starred)

    @wraps(op)
    def function(*args: Any, out: Any = None, **options: Any) -> Any:
        if options:
            args, options = in_own_names(op, others, starred, args, options)
        if out is None:
            return op(*args, **options)
        from minigrad.out import put_into

        return put_into(out, op, args, options)

    return function


def spelled_method(op: Op) -> Op:
    """The method of an op: it takes `axis` and `keepdims`, and a list of sizes or dimensions by its name."""
    if op.__name__ in THEMSELVES:
        return op
    others = {other: own for other, own in other_names(op).items() if own in ("dim", "keepdim")}
    return with_names(op, others, starred_name(op))


def with_names(op: Op, others: dict[str, str], starred: str | None) -> Op:
    """An op that takes arguments by other names too; the op itself if there are none."""
    if not others and starred is None:
        return op

    @wraps(op)
    def function(*args: Any, **options: Any) -> Any:
        if options:
            args, options = in_own_names(op, others, starred, args, options)
        return op(*args, **options)

    return function


def other_names(op: Op) -> dict[str, str]:
    """NumPy's names of an op's arguments, with its own."""
    own = parameters(op)
    return {other: name for other, name in NUMPY_NAMES.items() if name in own and other not in own}


def parameters(op: Op) -> tuple[str, ...]:
    """The names of an op's arguments."""
    code: Any = op.__code__
    names: tuple[str, ...] = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return names


def starred_name(op: Op) -> str | None:
    """The name of an op's sizes or dimensions that may be given one by one."""
    code: Any = op.__code__
    name = code.co_varnames[len(parameters(op))] if code.co_flags & HAS_VARARGS else None
    return "size" if op.__name__ == "expand" else name if name in ("dims", "size", "shape", "repeats") else None


def in_own_names(
    op: Op, others: dict[str, str], starred: str | None, args: tuple[Any, ...], options: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments as the op takes them.  TypeError for one that is given by both names."""
    options = dict(options)
    for other in options.keys() & others.keys():
        if others[other] in options:
            raise TypeError(f"{op.__name__}() got an unexpected keyword argument {other!r}")
        options[others[other]] = options.pop(other)
    if starred in options:
        args = (*args, options.pop(starred))
    if "input" in options and args:
        raise TypeError(f"{op.__name__}() got multiple values for argument 'input'")
    return args, options
