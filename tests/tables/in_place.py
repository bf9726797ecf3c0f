"""From a list of ops to minigrad/ops/more_in_place.py: for each op its method that changes a tensor in place."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from tables.elementwise import formatted

FILE = Path(__file__).parents[2] / "minigrad" / "ops" / "more_in_place.py"

OPS = {
    "arithmetic": "div:divide div:true_divide mul:multiply sub:subtract",
    "arranging": "tril triu",
    "comparison": (
        "bitwise_not eq ge ge:greater_equal gt gt:greater le le:less_equal "
        "logical_and logical_not logical_or lt lt:less ne ne:not_equal"
    ),
    "cumulative": "cumprod cumsum",
    "elementwise": "abs abs:absolute ceil erf floor log log1p neg:negative reciprocal round sign square sin cos",
    "functions": (
        "acos arccos acosh arccosh asin arcsin asinh arcsinh atan arctan atan2 arctan2 atanh arctanh "
        "copysign cosh deg2rad digamma erfc erfinv exp2 expm1 fix frac gcd "
        "heaviside hypot i0 lcm lgamma log10 log2 logical_xor nextafter rad2deg rsqrt sgn sinc sinh tan trunc xlogy"
    ),
    "norms": "renorm",
    "mixing": "addcdiv addcmul clamp_max clamp_min fmod ldexp lerp logit nan_to_num polygamma",
    "picking": "index_add index_copy index_fill index_put masked_fill masked_scatter put scatter scatter_add",
    "reducing": "index_reduce scatter_reduce",
    "products": "addbmm addmm addmv addr baddbmm",
    "selection": "clamp:clip",
}
"""The ops by family, each with the name of its method if that is another."""

LEFT_OUT = {"true_divide_": "rounding_mode"}
"""Arguments that a method does not have."""

UNASKED = "addbmm addmm addmv baddbmm ldexp masked_fill masked_scatter"
"""Ops of which PyTorch does not ask whether an operand lies in a part of the memory that is changed."""

FUNCTIONS = (
    "abs_ acos_ acosh_ addmv_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ asin_ asinh_ atan_ atanh_ ceil_ "
    "clamp_max_ clamp_min_ clip_ cos_ cosh_ deg2rad_ erf_ erfc_ exp2_ expm1_ fix_ floor_ frac_ gcd_ i0_ "
    "index_put_ lcm_ ldexp_ "
    "log10_ "
    "log1p_ log2_ log_ logit_ nan_to_num_ negative_ rad2deg_ reciprocal_ round_ rsqrt_ sin_ sinc_ sinh_ square_ tan_ "
    "trunc_ xlogy_"
)
"""Those that are functions of torch too."""

HEADER = '''"""Further methods that change a tensor in place, written by tests/tables/in_place.py.

What holds for all is said in `minigrad.ops.in_place`; errors of arguments are those of the op.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minigrad.ops import {modules}
from minigrad.ops.in_place import apart, copy_, outside, write

if TYPE_CHECKING:
    from minigrad import dtypes
    from minigrad.tensor import Tensor

__all__ = [
{names}]


def replace(tensor: Tensor, result: Tensor) -> Tensor:
    """Write an op's result into a tensor.  Of one without a derivative nothing flows back to what the tensor was."""
    constant = result.node is None and tensor.node is not None
    return copy_(tensor, result) if constant else write(tensor, result)
'''


def source() -> str:
    """The whole file."""
    methods = sorted(entries())
    modules = ", ".join(sorted(OPS))
    names = "".join(f'    "{name}",\n' for name in FUNCTIONS.split())
    header = HEADER.format(modules=modules, names=names)
    return formatted("\n\n".join([header, *(method(*each) for each in methods)]))


def entries() -> Iterator[tuple[str, str, str]]:
    """Each method, the family of its op, and the op."""
    for family, ops in OPS.items():
        for each in ops.split():
            op, _, other = each.partition(":")
            yield f"{other or op}_", family, op


def method(name: str, family: str, op: str) -> str:
    """One method, with the parameters of its op."""
    signature = inspect.signature(getattr(import_module(f"minigrad.ops.{family}"), op))
    names = list(signature.parameters)
    itself = "input" if "input" in names else names[0]
    parameters, passed, starred = ["self: Tensor"], [], False
    for each in signature.parameters.values():
        if each.name == LEFT_OUT.get(name):
            continue
        keyword = each.kind is each.KEYWORD_ONLY
        if keyword and not starred:
            parameters.append("*")
            starred = True
        argument = "self" if each.name == itself else each.name
        if (
            argument != "self"
            and each.name != "value"
            and each.annotation in ("Tensor", "Any")
            and op not in UNASKED.split()
        ):
            argument = f"{'outside' if family in ('picking', 'reducing') else 'apart'}(self, {argument})"
        passed.append(f"{each.name}={argument}" if keyword else argument)
        if each.name != itself:
            default = "" if each.default is each.empty else f" = {each.default!r}"
            parameters.append(f"{each.name}: {each.annotation}{default}")
    head = f"def {name}({', '.join(parameters)}) -> Tensor:"
    if len(head) > 120:
        head = f"def {name}(\n    {', '.join(parameters)}\n) -> Tensor:"
    return f'{head}\n    """As `{op}`, in place."""\n    return replace(self, {family}.{op}({", ".join(passed)}))\n'
