"""Further methods that change a tensor in place, written by tests/tables/in_place.py.

What holds for all is said in `minigrad.ops.in_place`; errors of arguments are those of the op.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minigrad.ops import (
    arithmetic,
    arranging,
    comparison,
    cumulative,
    elementwise,
    functions,
    mixing,
    norms,
    picking,
    products,
    reducing,
    selection,
)
from minigrad.ops.in_place import apart, copy_, outside, write

if TYPE_CHECKING:
    from minigrad import dtypes
    from minigrad.tensor import Tensor

__all__ = [
    "abs_",
    "acos_",
    "acosh_",
    "addmv_",
    "arccos_",
    "arccosh_",
    "arcsin_",
    "arcsinh_",
    "arctan_",
    "arctanh_",
    "asin_",
    "asinh_",
    "atan_",
    "atanh_",
    "ceil_",
    "clamp_max_",
    "clamp_min_",
    "clip_",
    "cos_",
    "cosh_",
    "deg2rad_",
    "erf_",
    "erfc_",
    "exp2_",
    "expm1_",
    "fix_",
    "floor_",
    "frac_",
    "gcd_",
    "i0_",
    "index_put_",
    "lcm_",
    "ldexp_",
    "log10_",
    "log1p_",
    "log2_",
    "log_",
    "logit_",
    "nan_to_num_",
    "negative_",
    "rad2deg_",
    "reciprocal_",
    "round_",
    "rsqrt_",
    "sin_",
    "sinc_",
    "sinh_",
    "square_",
    "tan_",
    "trunc_",
    "xlogy_",
]


def replace(tensor: Tensor, result: Tensor) -> Tensor:
    """Write an op's result into a tensor.  Of one without a derivative nothing flows back to what the tensor was."""
    constant = result.node is None and tensor.node is not None
    return copy_(tensor, result) if constant else write(tensor, result)


def abs_(self: Tensor) -> Tensor:
    """As `abs`, in place."""
    return replace(self, elementwise.abs(self))


def absolute_(self: Tensor) -> Tensor:
    """As `abs`, in place."""
    return replace(self, elementwise.abs(self))


def acos_(self: Tensor) -> Tensor:
    """As `acos`, in place."""
    return replace(self, functions.acos(self))


def acosh_(self: Tensor) -> Tensor:
    """As `acosh`, in place."""
    return replace(self, functions.acosh(self))


def addbmm_(self: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """As `addbmm`, in place."""
    return replace(self, products.addbmm(self, batch1, batch2, beta=beta, alpha=alpha))


def addcdiv_(self: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """As `addcdiv`, in place."""
    return replace(self, mixing.addcdiv(self, apart(self, tensor1), apart(self, tensor2), value=value))


def addcmul_(self: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: float = 1) -> Tensor:
    """As `addcmul`, in place."""
    return replace(self, mixing.addcmul(self, apart(self, tensor1), apart(self, tensor2), value=value))


def addmm_(self: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """As `addmm`, in place."""
    return replace(self, products.addmm(self, mat1, mat2, beta=beta, alpha=alpha))


def addmv_(self: Tensor, mat: Tensor, vec: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """As `addmv`, in place."""
    return replace(self, products.addmv(self, mat, vec, beta=beta, alpha=alpha))


def addr_(self: Tensor, vec1: Tensor, vec2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """As `addr`, in place."""
    return replace(self, products.addr(self, apart(self, vec1), apart(self, vec2), beta=beta, alpha=alpha))


def arccos_(self: Tensor) -> Tensor:
    """As `arccos`, in place."""
    return replace(self, functions.arccos(self))


def arccosh_(self: Tensor) -> Tensor:
    """As `arccosh`, in place."""
    return replace(self, functions.arccosh(self))


def arcsin_(self: Tensor) -> Tensor:
    """As `arcsin`, in place."""
    return replace(self, functions.arcsin(self))


def arcsinh_(self: Tensor) -> Tensor:
    """As `arcsinh`, in place."""
    return replace(self, functions.arcsinh(self))


def arctan2_(self: Tensor, other: Any) -> Tensor:
    """As `arctan2`, in place."""
    return replace(self, functions.arctan2(self, apart(self, other)))


def arctan_(self: Tensor) -> Tensor:
    """As `arctan`, in place."""
    return replace(self, functions.arctan(self))


def arctanh_(self: Tensor) -> Tensor:
    """As `arctanh`, in place."""
    return replace(self, functions.arctanh(self))


def asin_(self: Tensor) -> Tensor:
    """As `asin`, in place."""
    return replace(self, functions.asin(self))


def asinh_(self: Tensor) -> Tensor:
    """As `asinh`, in place."""
    return replace(self, functions.asinh(self))


def atan2_(self: Tensor, other: Any) -> Tensor:
    """As `atan2`, in place."""
    return replace(self, functions.atan2(self, apart(self, other)))


def atan_(self: Tensor) -> Tensor:
    """As `atan`, in place."""
    return replace(self, functions.atan(self))


def atanh_(self: Tensor) -> Tensor:
    """As `atanh`, in place."""
    return replace(self, functions.atanh(self))


def baddbmm_(self: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """As `baddbmm`, in place."""
    return replace(self, products.baddbmm(self, batch1, batch2, beta=beta, alpha=alpha))


def bitwise_not_(self: Tensor) -> Tensor:
    """As `bitwise_not`, in place."""
    return replace(self, comparison.bitwise_not(self))


def ceil_(self: Tensor) -> Tensor:
    """As `ceil`, in place."""
    return replace(self, elementwise.ceil(self))


def clamp_max_(self: Tensor, max: Any) -> Tensor:
    """As `clamp_max`, in place."""
    return replace(self, mixing.clamp_max(self, apart(self, max)))


def clamp_min_(self: Tensor, min: Any) -> Tensor:
    """As `clamp_min`, in place."""
    return replace(self, mixing.clamp_min(self, apart(self, min)))


def clip_(self: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """As `clamp`, in place."""
    return replace(self, selection.clamp(self, apart(self, min), apart(self, max)))


def copysign_(self: Tensor, other: Any) -> Tensor:
    """As `copysign`, in place."""
    return replace(self, functions.copysign(self, apart(self, other)))


def cos_(self: Tensor) -> Tensor:
    """As `cos`, in place."""
    return replace(self, elementwise.cos(self))


def cosh_(self: Tensor) -> Tensor:
    """As `cosh`, in place."""
    return replace(self, functions.cosh(self))


def cumprod_(self: Tensor, dim: int, *, dtype: dtypes.dtype | None = None) -> Tensor:
    """As `cumprod`, in place."""
    return replace(self, cumulative.cumprod(self, dim, dtype=dtype))


def cumsum_(self: Tensor, dim: int, *, dtype: dtypes.dtype | None = None) -> Tensor:
    """As `cumsum`, in place."""
    return replace(self, cumulative.cumsum(self, dim, dtype=dtype))


def deg2rad_(self: Tensor) -> Tensor:
    """As `deg2rad`, in place."""
    return replace(self, functions.deg2rad(self))


def digamma_(self: Tensor) -> Tensor:
    """As `digamma`, in place."""
    return replace(self, functions.digamma(self))


def divide_(self: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """As `div`, in place."""
    return replace(self, arithmetic.div(self, apart(self, other), rounding_mode=rounding_mode))


def eq_(self: Tensor, other: Any) -> Tensor:
    """As `eq`, in place."""
    return replace(self, comparison.eq(self, apart(self, other)))


def erf_(self: Tensor) -> Tensor:
    """As `erf`, in place."""
    return replace(self, elementwise.erf(self))


def erfc_(self: Tensor) -> Tensor:
    """As `erfc`, in place."""
    return replace(self, functions.erfc(self))


def erfinv_(self: Tensor) -> Tensor:
    """As `erfinv`, in place."""
    return replace(self, functions.erfinv(self))


def exp2_(self: Tensor) -> Tensor:
    """As `exp2`, in place."""
    return replace(self, functions.exp2(self))


def expm1_(self: Tensor) -> Tensor:
    """As `expm1`, in place."""
    return replace(self, functions.expm1(self))


def fix_(self: Tensor) -> Tensor:
    """As `fix`, in place."""
    return replace(self, functions.fix(self))


def floor_(self: Tensor) -> Tensor:
    """As `floor`, in place."""
    return replace(self, elementwise.floor(self))


def fmod_(self: Tensor, other: Any) -> Tensor:
    """As `fmod`, in place."""
    return replace(self, mixing.fmod(self, apart(self, other)))


def frac_(self: Tensor) -> Tensor:
    """As `frac`, in place."""
    return replace(self, functions.frac(self))


def gcd_(self: Tensor, other: Any) -> Tensor:
    """As `gcd`, in place."""
    return replace(self, functions.gcd(self, apart(self, other)))


def ge_(self: Tensor, other: Any) -> Tensor:
    """As `ge`, in place."""
    return replace(self, comparison.ge(self, apart(self, other)))


def greater_(self: Tensor, other: Any) -> Tensor:
    """As `gt`, in place."""
    return replace(self, comparison.gt(self, apart(self, other)))


def greater_equal_(self: Tensor, other: Any) -> Tensor:
    """As `ge`, in place."""
    return replace(self, comparison.ge(self, apart(self, other)))


def gt_(self: Tensor, other: Any) -> Tensor:
    """As `gt`, in place."""
    return replace(self, comparison.gt(self, apart(self, other)))


def heaviside_(self: Tensor, values: Any) -> Tensor:
    """As `heaviside`, in place."""
    return replace(self, functions.heaviside(self, apart(self, values)))


def hypot_(self: Tensor, other: Any) -> Tensor:
    """As `hypot`, in place."""
    return replace(self, functions.hypot(self, apart(self, other)))


def i0_(self: Tensor) -> Tensor:
    """As `i0`, in place."""
    return replace(self, functions.i0(self))


def index_add_(self: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
    """As `index_add`, in place."""
    return replace(self, picking.index_add(self, dim, outside(self, index), outside(self, source), alpha=alpha))


def index_copy_(self: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """As `index_copy`, in place."""
    return replace(self, picking.index_copy(self, dim, outside(self, index), outside(self, source)))


def index_fill_(self: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """As `index_fill`, in place."""
    return replace(self, picking.index_fill(self, dim, outside(self, index), value))


def index_put_(self: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """As `index_put`, in place."""
    return replace(self, picking.index_put(self, outside(self, indices), outside(self, values), accumulate))


def index_reduce_(
    self: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """As `index_reduce`, in place."""
    return replace(
        self,
        reducing.index_reduce(
            self, dim, outside(self, index), outside(self, source), reduce, include_self=include_self
        ),
    )


def lcm_(self: Tensor, other: Any) -> Tensor:
    """As `lcm`, in place."""
    return replace(self, functions.lcm(self, apart(self, other)))


def ldexp_(self: Tensor, other: Tensor) -> Tensor:
    """As `ldexp`, in place."""
    return replace(self, mixing.ldexp(self, other))


def le_(self: Tensor, other: Any) -> Tensor:
    """As `le`, in place."""
    return replace(self, comparison.le(self, apart(self, other)))


def lerp_(self: Tensor, end: Tensor, weight: Any) -> Tensor:
    """As `lerp`, in place."""
    return replace(self, mixing.lerp(self, apart(self, end), apart(self, weight)))


def less_(self: Tensor, other: Any) -> Tensor:
    """As `lt`, in place."""
    return replace(self, comparison.lt(self, apart(self, other)))


def less_equal_(self: Tensor, other: Any) -> Tensor:
    """As `le`, in place."""
    return replace(self, comparison.le(self, apart(self, other)))


def lgamma_(self: Tensor) -> Tensor:
    """As `lgamma`, in place."""
    return replace(self, functions.lgamma(self))


def log10_(self: Tensor) -> Tensor:
    """As `log10`, in place."""
    return replace(self, functions.log10(self))


def log1p_(self: Tensor) -> Tensor:
    """As `log1p`, in place."""
    return replace(self, elementwise.log1p(self))


def log2_(self: Tensor) -> Tensor:
    """As `log2`, in place."""
    return replace(self, functions.log2(self))


def log_(self: Tensor) -> Tensor:
    """As `log`, in place."""
    return replace(self, elementwise.log(self))


def logical_and_(self: Tensor, other: Any) -> Tensor:
    """As `logical_and`, in place."""
    return replace(self, comparison.logical_and(self, apart(self, other)))


def logical_not_(self: Tensor) -> Tensor:
    """As `logical_not`, in place."""
    return replace(self, comparison.logical_not(self))


def logical_or_(self: Tensor, other: Any) -> Tensor:
    """As `logical_or`, in place."""
    return replace(self, comparison.logical_or(self, apart(self, other)))


def logical_xor_(self: Tensor, other: Any) -> Tensor:
    """As `logical_xor`, in place."""
    return replace(self, functions.logical_xor(self, apart(self, other)))


def logit_(self: Tensor, eps: float | None = None) -> Tensor:
    """As `logit`, in place."""
    return replace(self, mixing.logit(self, eps))


def lt_(self: Tensor, other: Any) -> Tensor:
    """As `lt`, in place."""
    return replace(self, comparison.lt(self, apart(self, other)))


def masked_fill_(self: Tensor, mask: Tensor, value: Any) -> Tensor:
    """As `masked_fill`, in place."""
    return replace(self, picking.masked_fill(self, mask, value))


def masked_scatter_(self: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """As `masked_scatter`, in place."""
    return replace(self, picking.masked_scatter(self, mask, source))


def multiply_(self: Tensor, other: Any) -> Tensor:
    """As `mul`, in place."""
    return replace(self, arithmetic.mul(self, apart(self, other)))


def nan_to_num_(
    self: Tensor, nan: float | None = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """As `nan_to_num`, in place."""
    return replace(self, mixing.nan_to_num(self, nan, posinf, neginf))


def ne_(self: Tensor, other: Any) -> Tensor:
    """As `ne`, in place."""
    return replace(self, comparison.ne(self, apart(self, other)))


def negative_(self: Tensor) -> Tensor:
    """As `neg`, in place."""
    return replace(self, elementwise.neg(self))


def nextafter_(self: Tensor, other: Any) -> Tensor:
    """As `nextafter`, in place."""
    return replace(self, functions.nextafter(self, apart(self, other)))


def not_equal_(self: Tensor, other: Any) -> Tensor:
    """As `ne`, in place."""
    return replace(self, comparison.ne(self, apart(self, other)))


def polygamma_(self: Tensor, n: int) -> Tensor:
    """As `polygamma`, in place."""
    return replace(self, mixing.polygamma(n, self))


def put_(self: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """As `put`, in place."""
    return replace(self, picking.put(self, outside(self, index), outside(self, source), accumulate))


def rad2deg_(self: Tensor) -> Tensor:
    """As `rad2deg`, in place."""
    return replace(self, functions.rad2deg(self))


def reciprocal_(self: Tensor) -> Tensor:
    """As `reciprocal`, in place."""
    return replace(self, elementwise.reciprocal(self))


def renorm_(self: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """As `renorm`, in place."""
    return replace(self, norms.renorm(self, p, dim, maxnorm))


def round_(self: Tensor, *, decimals: int = 0) -> Tensor:
    """As `round`, in place."""
    return replace(self, elementwise.round(self, decimals=decimals))


def rsqrt_(self: Tensor) -> Tensor:
    """As `rsqrt`, in place."""
    return replace(self, functions.rsqrt(self))


def scatter_(
    self: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None
) -> Tensor:
    """As `scatter`, in place."""
    return replace(
        self, picking.scatter(self, dim, outside(self, index), outside(self, src), value=value, reduce=reduce)
    )


def scatter_add_(self: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """As `scatter_add`, in place."""
    return replace(self, picking.scatter_add(self, dim, outside(self, index), outside(self, src)))


def scatter_reduce_(
    self: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """As `scatter_reduce`, in place."""
    return replace(
        self,
        reducing.scatter_reduce(self, dim, outside(self, index), outside(self, src), reduce, include_self=include_self),
    )


def sgn_(self: Tensor) -> Tensor:
    """As `sgn`, in place."""
    return replace(self, functions.sgn(self))


def sign_(self: Tensor) -> Tensor:
    """As `sign`, in place."""
    return replace(self, elementwise.sign(self))


def sin_(self: Tensor) -> Tensor:
    """As `sin`, in place."""
    return replace(self, elementwise.sin(self))


def sinc_(self: Tensor) -> Tensor:
    """As `sinc`, in place."""
    return replace(self, functions.sinc(self))


def sinh_(self: Tensor) -> Tensor:
    """As `sinh`, in place."""
    return replace(self, functions.sinh(self))


def square_(self: Tensor) -> Tensor:
    """As `square`, in place."""
    return replace(self, elementwise.square(self))


def subtract_(self: Tensor, other: Any, *, alpha: float = 1) -> Tensor:
    """As `sub`, in place."""
    return replace(self, arithmetic.sub(self, apart(self, other), alpha=alpha))


def tan_(self: Tensor) -> Tensor:
    """As `tan`, in place."""
    return replace(self, functions.tan(self))


def tril_(self: Tensor, diagonal: int = 0) -> Tensor:
    """As `tril`, in place."""
    return replace(self, arranging.tril(self, diagonal))


def triu_(self: Tensor, diagonal: int = 0) -> Tensor:
    """As `triu`, in place."""
    return replace(self, arranging.triu(self, diagonal))


def true_divide_(self: Tensor, other: Any) -> Tensor:
    """As `div`, in place."""
    return replace(self, arithmetic.div(self, apart(self, other)))


def trunc_(self: Tensor) -> Tensor:
    """As `trunc`, in place."""
    return replace(self, functions.trunc(self))


def xlogy_(self: Tensor, other: Any) -> Tensor:
    """As `xlogy`, in place."""
    return replace(self, functions.xlogy(self, apart(self, other)))
