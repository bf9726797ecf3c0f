"""Every op of minigrad: how it is called, and on what it is tried.

An op is called alike on both engines: `call(torch, *operands, **options)`, where `torch` is PyTorch or minigrad.
It has a call for each of its spellings, such as `exp`, `Tensor.exp` or `Tensor.__add__` (`a + b`).
test_ops.py checks each op in this list, and that the list is complete.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import activation_samples
import arranging_samples
import attention_samples
import further_samples
import layer_samples
import loss_samples
import matrix_samples
import norm_samples
import op_samples
import order_samples
import pair_samples
import picking_samples
import product_samples
import recurrent_samples
import samples
import window_samples
from hypothesis import strategies as st
from samples import (
    ALL,
    FLAG,
    FLOATS,
    INTEGERS,
    Draw,
    Make,
    Sample,
    binary,
    number_and_tensor,
    one_of,
    perhaps,
    smoothed,
    unary,
)
from tables import in_place as in_place_table

from minigrad.later import MODULE_OF

Call = Callable[..., Any]


@dataclass(frozen=True)
class Op:
    """One op in all its spellings."""

    name: str
    calls: dict[str, Call]
    make: Make
    differentiable: bool = True
    rounds: bool = False
    """Whether it rounds its operand, so that finite differences say nothing."""
    exact: bool = True
    """Whether its gradient is that of finite differences (that of `ctc_loss` is so behind log_softmax alone)."""
    sums: bool = False
    """Whether it adds numbers up, so that its rounding depends on their size."""
    defined: bool = True
    """Whether its values are (those of `empty` are not)."""
    regular: bool = False
    """Whether it asks for matrices of full rank, with singular values that are apart."""

    def samples(self, smooth: bool = False) -> st.SearchStrategy[tuple[str, Sample]]:
        """A spelling, and what to call it with."""

        @st.composite
        def drawn(draw: Draw) -> tuple[str, Sample]:
            sample = self.make(draw, smooth)
            return draw(st.sampled_from(tuple(self.calls))), smoothed(sample) if smooth else sample

        return drawn()


OPS: dict[str, Op] = {}


def op(*spellings: str, make: Make, **facts: Any) -> None:
    """Register an op under names that both engines have, as `exp` or `Tensor.exp`; the first is its name."""
    register({spelling: named(spelling) for spelling in spellings}, make, **facts)


def register(calls: dict[str, Call], make: Make, **facts: Any) -> None:
    """Register an op by its calls."""
    name = next(iter(calls))
    assert name not in OPS, f"{name} is registered twice"
    OPS[name] = Op(name, calls, make, **facts)


def named(spelling: str) -> Call:
    """The function of that name in either engine."""
    return lambda torch, *operands, **options: operator.attrgetter(spelling)(torch)(*operands, **options)


def operators(**functions: Callable[..., Any]) -> dict[str, Call]:
    """Python's operators by the names of their methods."""
    return {f"Tensor.__{name}__": lambda _, *operands, f=f: f(*operands) for name, f in functions.items()}


def reversed_operands(symbol: str) -> Callable[..., Any]:
    """An operator with its operands in the other order."""
    return lambda x, n: getattr(operator, symbol)(n, x)


def changing(spelling: str, method: Callable[..., Any] | None = None) -> dict[str, Call]:
    """An in-place method (or operator) on a copy of its first operand, which it must return."""

    def call(torch: Any, x: Any, *operands: Any, **options: Any) -> Any:
        copy = x.clone()
        result = (method or operator.attrgetter(spelling)(torch))(copy, *operands, **options)
        assert result is copy
        return copy

    return {spelling: call}


def in_place(spelling: str) -> Call:
    """A function with the option `inplace`, on a copy of its operand."""
    return lambda torch, x, **options: named(spelling)(torch, x.clone(), inplace=True, **options)


def seeded(spelling: str) -> Call:
    """A function that draws random numbers, the same in each call."""
    return with_seed(named(spelling))


def with_seed(call: Call) -> Call:
    """A call that draws random numbers, the same each time."""

    def seeded_call(torch: Any, *operands: Any, **options: Any) -> Any:
        torch.manual_seed(1)
        return call(torch, *operands, **options)

    return seeded_call


def torch_too(name: str) -> list[str]:
    """The name, where it is one of torch's own too."""
    return [name] if name in MODULE_OF else []


def without_none(spelling: str) -> Call:
    """A function that gives several results, some of them None, which are left out."""
    return lambda torch, *operands, **options: tuple(
        x for x in named(spelling)(torch, *operands, **options) if x is not None
    )


# Arithmetic -------------------------------------------------------------------------------------------------

two = binary(number="second")
scaled_sum = binary(number="second", alpha=perhaps(one_of(2, -1, 0.5)))
divided = binary(number="second", extremes=False)  # PyTorch dies of the smallest int64 // -1
rounded_division = binary(number="second", extremes=False, rounding_mode=perhaps(one_of("floor", "trunc")))
number_first = number_and_tensor()
number_divided = number_and_tensor(extremes=False)

op("add", "Tensor.add", make=scaled_sum)
op("sub", "Tensor.sub", "subtract", "Tensor.subtract", make=scaled_sum)
op("rsub", make=scaled_sum)
op("mul", "Tensor.mul", "multiply", "Tensor.multiply", make=two)
op("div", "Tensor.div", "divide", "Tensor.divide", make=rounded_division)
op("true_divide", "Tensor.true_divide", make=two)
op("floor_divide", "Tensor.floor_divide", make=divided, differentiable=False)
op("remainder", "Tensor.remainder", make=divided)
op("pow", "Tensor.pow", make=op_samples.powers)

register(operators(add=operator.add), two)
register(operators(sub=operator.sub), two)
register(operators(mul=operator.mul), two)
register(operators(truediv=operator.truediv), two)
register(operators(floordiv=operator.floordiv), divided, differentiable=False)
register(operators(mod=operator.mod), divided)
register(operators(pow=operator.pow), op_samples.powers)
register(operators(radd=lambda x, n: n + x), number_first)
register(operators(rsub=lambda x, n: n - x), number_first)
register(operators(rmul=lambda x, n: n * x), number_first)
register(operators(rtruediv=lambda x, n: n / x), number_first)
register(operators(rfloordiv=lambda x, n: n // x), number_divided, differentiable=False)
register(operators(rmod=lambda x, n: n % x), number_divided)
register(operators(rpow=lambda x, n: n**x), number_and_tensor(numbers=op_samples.FRACTIONS_AND_INTS))

for spelling in ("Tensor.add_", "Tensor.sub_"):
    register(changing(spelling), scaled_sum)
register(changing("Tensor.mul_"), two)
register(changing("Tensor.div_"), rounded_division)
register(changing("Tensor.floor_divide_"), divided, differentiable=False)
register(changing("Tensor.remainder_"), divided)
register(changing("Tensor.pow_"), op_samples.powers)
for name in ("iadd", "isub", "imul", "itruediv"):
    register(changing(f"Tensor.__{name}__", getattr(operator, name)), two)
register(changing("Tensor.__ipow__", operator.ipow), op_samples.powers)
register(changing("Tensor.__ifloordiv__", operator.ifloordiv), divided, differentiable=False)
register(changing("Tensor.__imod__", operator.imod), divided)

# Functions of each element ----------------------------------------------------------------------------------

op("neg", "Tensor.neg", "negative", "Tensor.negative", make=unary())
op("positive", "Tensor.positive", make=unary())
op("abs", "Tensor.abs", "absolute", "Tensor.absolute", make=unary())
register(operators(neg=operator.neg), unary())
register(operators(pos=operator.pos), unary())
register(operators(abs=operator.abs), unary())
for name in ("sign", "floor", "ceil", "exp", "sin", "cos", "tanh", "reciprocal", "square"):
    op(name, f"Tensor.{name}", make=unary())
op("round", "Tensor.round", make=op_samples.rounded)
for name in ("log", "log1p", "sqrt"):
    op(name, f"Tensor.{name}", make=unary(domain=samples.positive))
op("clone", "Tensor.clone", make=unary(memory_format=op_samples.SOME_FORMAT, most=4))
op("sigmoid", "Tensor.sigmoid", "nn.functional.sigmoid", make=unary())
op("relu", "Tensor.relu", "nn.functional.relu", make=unary())
register({"nn.functional.relu, in place": in_place("nn.functional.relu")}, unary())
register(changing("nn.functional.relu_"), unary())
op("nn.functional.one_hot", make=op_samples.classes, differentiable=False)
op("nn.functional.tanh", make=unary())
op("erf", "Tensor.erf", make=unary())
for name, options in {
    "leaky_relu": {"negative_slope": perhaps(one_of(0.5, 0.0))},
    "elu": {"alpha": perhaps(one_of(0.5, 2.0))},
    "silu": {},
}.items():
    op(f"nn.functional.{name}", make=unary(**options))
    register({f"nn.functional.{name}, in place": in_place(f"nn.functional.{name}")}, unary(**options))
op("nn.functional.gelu", make=unary(approximate=perhaps(one_of("none", "tanh"))))
op("nn.functional.softplus", make=unary(beta=perhaps(one_of(2, 0.5)), threshold=perhaps(one_of(1, 30))))
for name in ("softmax", "log_softmax"):
    dim_and_dtype = unary(dim=samples.one_dim, dtype=perhaps(one_of("float64", "float32")))
    op(name, f"Tensor.{name}", f"nn.functional.{name}", make=dim_and_dtype)
for name in ("neg_", "exp_", "tanh_", "sigmoid_", "relu_"):
    register(changing(f"Tensor.{name}") | changing(name), unary())
register(changing("Tensor.sqrt_") | changing("sqrt_"), unary(domain=samples.positive))

# More activations -------------------------------------------------------------------------------------------

for name, options in {
    **{name: {} for name in ("relu6", "hardsigmoid", "hardswish", "mish", "selu")},
    "celu": {"alpha": perhaps(one_of(0.5, 2.0))},
}.items():
    op(f"nn.functional.{name}", *(torch_too(name)), make=unary(**options))
    register({f"nn.functional.{name}, in place": in_place(f"nn.functional.{name}")}, unary(**options))
op("nn.functional.hardtanh", make=activation_samples.bounded)
register({"nn.functional.hardtanh, in place": in_place("nn.functional.hardtanh")}, activation_samples.bounded)
op("nn.functional.threshold", "threshold", make=activation_samples.above_threshold)
register({"nn.functional.threshold, in place": in_place("nn.functional.threshold")}, activation_samples.above_threshold)
for name, make in {
    "hardtanh_": activation_samples.bounded,
    "threshold_": activation_samples.above_threshold,
    "elu_": unary(alpha=perhaps(one_of(0.5, 2.0))),
    "celu_": unary(alpha=perhaps(one_of(0.5, 2.0))),
    "selu_": unary(),
    "leaky_relu_": unary(negative_slope=perhaps(one_of(0.5, 0.0))),
}.items():
    register(changing(f"nn.functional.{name}") | {n: c for n in torch_too(name) for n, c in changing(n).items()}, make)
for name in ("hardshrink", "softshrink"):
    shrunk = [name, f"Tensor.{name}"] if name == "hardshrink" else []
    op(f"nn.functional.{name}", *shrunk, make=unary(lambd=perhaps(one_of(0.25, 1.0, 0.0))))
for name in ("logsigmoid", "softsign", "tanhshrink"):
    op(f"nn.functional.{name}", make=unary())
op("nn.functional.softmin", make=unary(dim=samples.one_dim, dtype=perhaps(one_of("float64", "float32"))))
op("nn.functional.glu", make=activation_samples.in_halves)
op("nn.functional.prelu", "prelu", "Tensor.prelu", make=activation_samples.with_slopes, sums=True)
register(
    {spelling: seeded(spelling) for spelling in ("nn.functional.rrelu", "rrelu")}, activation_samples.random_slopes
)
for spelling in ("nn.functional.rrelu_", "rrelu_"):
    ((_, call),) = changing(spelling).items()
    register({spelling: with_seed(call)}, activation_samples.random_slopes)
register({"nn.functional.gumbel_softmax": seeded("nn.functional.gumbel_softmax")}, activation_samples.choices)

# Choosing ---------------------------------------------------------------------------------------------------

op("maximum", "Tensor.maximum", make=binary())
op("minimum", "Tensor.minimum", make=binary())
op("clamp", "Tensor.clamp", "clip", "Tensor.clip", make=op_samples.clamped)
register(changing("Tensor.clamp_") | changing("clamp_"), op_samples.clamped)
register({"clamp, by tensors": named("clamp")}, op_samples.clamped_by_tensors)
op("where", make=op_samples.chosen)
register({"Tensor.where": lambda _, condition, x, other: x.where(condition, other)}, op_samples.chosen_by_method)

# Comparisons and logic --------------------------------------------------------------------------------------

bits = (*INTEGERS, "bool", "bool", "float32")
SPELLED_OUT = {"ne": "not_equal", "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal"}
for name in ("eq", "ne", "lt", "le", "gt", "ge"):
    words = [SPELLED_OUT[name], f"Tensor.{SPELLED_OUT[name]}"] if name in SPELLED_OUT else []
    op(name, f"Tensor.{name}", *words, make=two, differentiable=False)
    register(operators(**{name: getattr(operator, name)}), two, differentiable=False)
op("logical_not", "Tensor.logical_not", make=unary(), differentiable=False)
op("logical_and", "Tensor.logical_and", make=binary(), differentiable=False)
op("logical_or", "Tensor.logical_or", make=binary(), differentiable=False)
for name, function in {"and": operator.and_, "or": operator.or_, "xor": operator.xor}.items():
    op(f"bitwise_{name}", f"Tensor.bitwise_{name}", make=binary(bits, number="second"), differentiable=False)
    register(changing(f"Tensor.bitwise_{name}_"), binary(bits, number="second"), differentiable=False)
    augmented = getattr(operator, f"i{name}")
    register(changing(f"Tensor.__i{name}__", augmented), binary(bits, number="second"), differentiable=False)
    register(operators(**{name: function}), binary(bits, number="second"), differentiable=False)
    flipped = {f"r{name}": lambda x, n, function=function: function(n, x)}
    register(operators(**flipped), number_and_tensor(bits), differentiable=False)
shifts = binary(bits, number="second")
for name, symbol in {"left_shift": "lshift", "right_shift": "rshift"}.items():
    op(f"bitwise_{name}", f"Tensor.bitwise_{name}", make=shifts, differentiable=False)
    register(changing(f"Tensor.bitwise_{name}_"), shifts, differentiable=False)
    register(operators(**{symbol: getattr(operator, symbol)}), shifts, differentiable=False)
    register(operators(**{f"r{symbol}": reversed_operands(symbol)}), number_and_tensor(bits), differentiable=False)
    register(changing(f"Tensor.__i{symbol}__", getattr(operator, f"i{symbol}")), shifts, differentiable=False)
op("bitwise_not", "Tensor.bitwise_not", make=unary(bits), differentiable=False)
register(operators(invert=operator.invert), unary(bits), differentiable=False)
for name in ("isnan", "isinf", "isfinite"):
    op(name, f"Tensor.{name}", make=unary(), differentiable=False)
for name in ("isclose", "allclose"):
    tolerances = {"rtol": perhaps(one_of(0.5, 0.0)), "atol": perhaps(one_of(1.0, 0.0)), "equal_nan": samples.FLAG}
    op(name, f"Tensor.{name}", make=binary(mixed=False, **tolerances), differentiable=False)
op("equal", "Tensor.equal", make=binary(mixed=False), differentiable=False)
register(operators(contains=operator.contains), number_first, differentiable=False)

# Reductions -------------------------------------------------------------------------------------------------

over_dims = op_samples.reduction()
over_dims_in_dtype = op_samples.reduction(dtype=perhaps(one_of("float64", "float32", "int64")))
op("sum", "Tensor.sum", make=over_dims_in_dtype, sums=True)
op("mean", "Tensor.mean", make=over_dims_in_dtype, sums=True)
for name in ("amax", "amin"):
    op(name, f"Tensor.{name}", make=over_dims)
for name in ("all", "any"):
    op(name, f"Tensor.{name}", make=over_dims, differentiable=False)
for name in ("max", "min"):
    op(name, f"Tensor.{name}", make=op_samples.reduction(samples.perhaps_one_dim))
    register({f"{name}, of two": named(name)}, binary())
for name in ("argmax", "argmin"):
    op(name, f"Tensor.{name}", make=op_samples.reduction(samples.perhaps_one_dim), differentiable=False)
for name in ("var", "std"):
    op(name, f"Tensor.{name}", make=op_samples.spread, sums=True)
    register({f"{name}, unbiased or not": named(name)}, op_samples.spread_unbiased, sums=True)
op("logsumexp", "Tensor.logsumexp", make=op_samples.reduction(op_samples.some_dims))

# Order and statistics ---------------------------------------------------------------------------------------

op("sort", "Tensor.sort", make=order_samples.along(stable=perhaps(st.just(True)), descending=FLAG))
op(
    "argsort",
    "Tensor.argsort",
    make=order_samples.along(stable=perhaps(st.just(True)), descending=FLAG),
    differentiable=False,
)
op("msort", "Tensor.msort", make=unary(least=1))
op("topk", "Tensor.topk", make=order_samples.top)
op("kthvalue", "Tensor.kthvalue", make=order_samples.kth)
for name in ("median", "nanmedian"):
    op(name, f"Tensor.{name}", make=order_samples.along(ties=False, keepdim=FLAG))
    register({f"{name}, of ties": named(name)}, order_samples.with_ties)
op("mode", "Tensor.mode", make=order_samples.without_nan)
for name in ("quantile", "nanquantile"):
    op(name, f"Tensor.{name}", make=order_samples.quantiles, sums=True)
op("unique", "Tensor.unique", make=order_samples.different_values, differentiable=False)
op("unique_consecutive", "Tensor.unique_consecutive", make=order_samples.different_values, differentiable=False)
op("bincount", "Tensor.bincount", make=order_samples.counted, differentiable=False)
op("histc", "Tensor.histc", make=order_samples.histogram, differentiable=False)
op("histogram", "Tensor.histogram", make=order_samples.parts_counted, differentiable=False, sums=True)
op("searchsorted", make=order_samples.searched, differentiable=False)
op("bucketize", make=order_samples.bucketed, differentiable=False)
op("cumsum", "Tensor.cumsum", make=order_samples.accumulated, sums=True)
op("cumprod", "Tensor.cumprod", make=order_samples.multiplied, sums=True)
for name in ("cummax", "cummin"):
    op(name, f"Tensor.{name}", make=order_samples.along(samples.one_dim))
op("logcumsumexp", "Tensor.logcumsumexp", make=order_samples.finite, sums=True)
op("diff", "Tensor.diff", make=order_samples.neighbours)
for name in ("trapezoid", "trapz", "cumulative_trapezoid"):
    op(name, make=further_samples.sampled, sums=True)
op("vander", make=further_samples.powers_of_a_vector, sums=True)
op("prod", "Tensor.prod", make=order_samples.product, sums=True)
register({"prod, with a zero": lambda _, x, number: (x - number).prod()}, order_samples.with_one_number, sums=True)
register(
    {"cumprod, with a zero": lambda _, x, number: (x - number).cumprod(-1)}, order_samples.with_one_number, sums=True
)
op("nansum", "Tensor.nansum", make=over_dims, sums=True)
op("nanmean", "Tensor.nanmean", make=over_dims, sums=True)
op("count_nonzero", "Tensor.count_nonzero", make=order_samples.zeros_counted, differentiable=False)
for name in ("std_mean", "var_mean"):
    op(name, make=op_samples.spread, sums=True)
op("cov", "Tensor.cov", make=order_samples.observations, sums=True)
op("corrcoef", "Tensor.corrcoef", make=order_samples.correlated, sums=True)
op("aminmax", "Tensor.aminmax", make=order_samples.extremes)

# Shapes -----------------------------------------------------------------------------------------------------

op("reshape", "Tensor.reshape", make=op_samples.reshaped)
op("Tensor.view", make=op_samples.reshaped)
for name in ("reshape_as", "view_as"):
    op(f"Tensor.{name}", make=op_samples.reshaped_like)
op("flatten", "Tensor.flatten", make=op_samples.flattened)
op("unflatten", "Tensor.unflatten", make=layer_samples.unflattened)
op("squeeze", "Tensor.squeeze", make=unary(dim=op_samples.squeezed_dims))
op("unsqueeze", "Tensor.unsqueeze", make=unary(dim=op_samples.new_dim))
two_of_them = unary(dim0=samples.one_dim, dim1=samples.one_dim)
op("transpose", "Tensor.transpose", "swapdims", "Tensor.swapdims", make=two_of_them)
op("swapaxes", "Tensor.swapaxes", make=unary(axis0=samples.one_dim, axis1=samples.one_dim))
op("permute", "Tensor.permute", make=op_samples.permuted)
op("t", "Tensor.t", make=unary())
for name, sizes in {"T": {"most": 2}, "mT": {"least": 1}}.items():
    register({f"Tensor.{name}": lambda _, x, name=name: getattr(x, name)}, unary(**sizes))
op("broadcast_to", "Tensor.broadcast_to", make=unary(size=op_samples.larger_size))
op("Tensor.expand", make=op_samples.expanded)
op("Tensor.expand_as", make=binary())
op("as_strided", "Tensor.as_strided", make=op_samples.looked_at)
op("cat", "concat", "concatenate", make=op_samples.joined(equal=False))
op("stack", make=op_samples.joined(equal=True))
op("unbind", "Tensor.unbind", make=unary(dim=samples.perhaps_one_dim))
op("split", "Tensor.split", make=op_samples.split)
op("chunk", "Tensor.chunk", make=unary(chunks=one_of(1, 2, 3), dim=samples.perhaps_one_dim))
register({"Tensor.__iter__": lambda _, x: list(x)}, unary())

# Indexing (test_indexing.py tries many more keys) -------------------------------------------------------------

register({"Tensor.__getitem__": lambda _, x, key: x[key]}, op_samples.indexed)
register({"Tensor.__setitem__": op_samples.assign}, op_samples.assigned)

# Picking ----------------------------------------------------------------------------------------------------

op("gather", "Tensor.gather", make=picking_samples.gathered)
op("scatter", "Tensor.scatter", make=picking_samples.scattered)
op("scatter_add", "Tensor.scatter_add", make=picking_samples.scatter_added, sums=True)
op("take_along_dim", "Tensor.take_along_dim", make=picking_samples.taken_along)
op("index_select", "Tensor.index_select", make=picking_samples.slices_selected)
op("index_add", "Tensor.index_add", make=picking_samples.slices_added(alpha=True), sums=True)
op("index_copy", "Tensor.index_copy", make=picking_samples.slices_added(alpha=False))
op("index_fill", "Tensor.index_fill", make=picking_samples.slices_filled)
op("index_put", "Tensor.index_put", make=picking_samples.put_by_tensors, sums=True)
op("scatter_reduce", "Tensor.scatter_reduce", make=picking_samples.reduced_there(slices_alone=False), sums=True)
op("index_reduce", "Tensor.index_reduce", make=picking_samples.reduced_there(slices_alone=True), sums=True)
op("masked_fill", "Tensor.masked_fill", make=picking_samples.masked_filled)
op("masked_select", "Tensor.masked_select", make=picking_samples.masked_selected)
op("masked_scatter", "Tensor.masked_scatter", make=picking_samples.masked_scattered)
op("take", "Tensor.take", make=picking_samples.taken)
op("put", "Tensor.put", make=picking_samples.put_among_all, sums=True)
op("nonzero", "Tensor.nonzero", make=picking_samples.where_not_zero, differentiable=False)
op("argwhere", "Tensor.argwhere", make=unary(), differentiable=False)
register({"where, of a condition": named("where")}, unary(), differentiable=False)

# Arranging --------------------------------------------------------------------------------------------------

op("Tensor.repeat", make=arranging_samples.repeated)
op("tile", "Tensor.tile", make=arranging_samples.tiled)
op("repeat_interleave", "Tensor.repeat_interleave", make=arranging_samples.interleaved)
register(
    {"repeat_interleave, of counts": named("repeat_interleave")},
    arranging_samples.counted,
    differentiable=False,
)
op("flip", "Tensor.flip", make=arranging_samples.flipped)
op("fliplr", "Tensor.fliplr", make=unary())
op("flipud", "Tensor.flipud", make=unary())
op("roll", "Tensor.roll", make=arranging_samples.rolled)
op("rot90", "Tensor.rot90", make=arranging_samples.turned)
op("movedim", "Tensor.movedim", "moveaxis", "Tensor.moveaxis", make=arranging_samples.moved)
op("ravel", "Tensor.ravel", make=unary())
for name in ("tril", "triu"):
    op(name, f"Tensor.{name}", make=arranging_samples.on_diagonals(1, 3, diagonal=arranging_samples.OFFSET))
    op(f"{name}_indices", make=arranging_samples.triangle)
op("diagonal", "Tensor.diagonal", make=arranging_samples.two_dims)
op("diag", "Tensor.diag", make=arranging_samples.on_diagonals(0, 3, diagonal=arranging_samples.OFFSET))
op("diag_embed", "Tensor.diag_embed", make=arranging_samples.on_diagonals(0, 2, offset=arranging_samples.OFFSET))
op("diagflat", "Tensor.diagflat", make=arranging_samples.on_diagonals(0, 2, offset=arranging_samples.OFFSET))
op("trace", "Tensor.trace", make=unary(least=1), sums=True)
op("narrow", "Tensor.narrow", make=arranging_samples.narrowed)
op("select", "Tensor.select", make=arranging_samples.one_selected)
op("Tensor.unfold", make=arranging_samples.windows)
op("tensor_split", "Tensor.tensor_split", make=arranging_samples.cut)
for least, name in enumerate(("hsplit", "vsplit", "dsplit"), 1):
    op(name, f"Tensor.{name}", make=arranging_samples.cut_evenly(least))
for name in ("hstack", "vstack", "row_stack", "dstack", "column_stack"):
    op(name, make=arranging_samples.rows_or_columns)
for name in ("atleast_1d", "atleast_2d", "atleast_3d"):
    op(name, make=arranging_samples.several(3))
op("meshgrid", make=arranging_samples.grid)
op("broadcast_tensors", make=arranging_samples.together)
op("cartesian_prod", make=arranging_samples.several(1, least=1))
op("combinations", make=arranging_samples.chosen)
op("block_diag", make=arranging_samples.blocks)
for name in ("new_zeros", "new_ones"):
    op(f"Tensor.{name}", make=arranging_samples.like((2, 3), ((2,),), ((),), (0,)), differentiable=False)
op("Tensor.new_empty", make=arranging_samples.like((2, 3), ((2,),)), differentiable=False, defined=False)
op("Tensor.new_full", make=arranging_samples.like(((2,), 3), ((), -1), ((2, 1), 0.5)), differentiable=False)
op("Tensor.new_tensor", make=arranging_samples.like(([1, 2],), (0.5,), ([[True]],)), differentiable=False)

# Matrix products --------------------------------------------------------------------------------------------

op("matmul", "Tensor.matmul", "linalg.matmul", make=op_samples.product)
register(operators(matmul=operator.matmul), op_samples.product)
op("nn.functional.linear", make=op_samples.layer)
op("mm", "Tensor.mm", make=product_samples.fitting("nk", "km"))
op("bmm", "Tensor.bmm", make=product_samples.fitting("bnk", "bkm"))
op("mv", "Tensor.mv", make=product_samples.fitting("nk", "k"))
for name in ("dot", "vdot"):
    op(name, f"Tensor.{name}", make=product_samples.fitting("k", "k"))
for name in ("outer", "ger"):
    op(name, f"Tensor.{name}", make=product_samples.fitting("n", "m"))
op("inner", "Tensor.inner", make=product_samples.inner_products)
op("addmm", "Tensor.addmm", make=product_samples.fitting("nk", "km", added="nm"), sums=True)
op("addmv", "Tensor.addmv", make=product_samples.fitting("nk", "k", added="n"), sums=True)
op("addr", "Tensor.addr", make=product_samples.fitting("n", "m", added="nm"), sums=True)
op("baddbmm", "Tensor.baddbmm", make=product_samples.fitting("bnk", "bkm", added="bnm"), sums=True)
op("addbmm", "Tensor.addbmm", make=product_samples.fitting("bnk", "bkm", added="nm"), sums=True)
op("tensordot", make=product_samples.along_dims)
op("einsum", make=product_samples.einstein, sums=True)
op("kron", "Tensor.kron", make=product_samples.pairs)
op("cross", "Tensor.cross", make=further_samples.in_space(dim=True), sums=True)
op("linalg.cross", make=further_samples.in_space(dim=False), sums=True)
op("chain_matmul", make=further_samples.chain, sums=True)

# Norms ------------------------------------------------------------------------------------------------------

op("norm", "Tensor.norm", make=product_samples.normed("p"), sums=True)
op("linalg.vector_norm", make=product_samples.normed("ord"), sums=True)
op("linalg.matrix_norm", make=product_samples.matrix_normed, sums=True)
op("linalg.norm", make=product_samples.matrix_or_vector_normed, sums=True)
op("renorm", "Tensor.renorm", make=further_samples.shortened, sums=True)
op("dist", "Tensor.dist", make=product_samples.differences, sums=True)
op("cdist", make=product_samples.distances, sums=True)
op("nn.functional.normalize", make=product_samples.normalized, sums=True)

# Windows over images ----------------------------------------------------------------------------------------

op("conv2d", "nn.functional.conv2d", make=window_samples.convolution_of_images, sums=True)
op(
    "nn.functional.max_pool2d",
    make=window_samples.pooled_images(ALL, dilation=window_samples.some_dilation, return_indices=FLAG),
)
op(
    "nn.functional.avg_pool2d",
    make=window_samples.pooled_images(
        (*FLOATS, "bool", "int32", "int64"), count_include_pad=FLAG, divisor_override=perhaps(one_of(None, 3, -2))
    ),
    sums=True,
)

for dims in (1, 2, 3):
    name = f"conv_transpose{dims}d"
    op(name, f"nn.functional.{name}", make=window_samples.transposed(dims), sums=True)
for dims in (1, 3):
    op(f"conv{dims}d", f"nn.functional.conv{dims}d", make=window_samples.convolution(dims), sums=True)
op("nn.functional.pad", make=window_samples.padded("constant"))
for mode in ("reflect", "replicate", "circular"):
    register({f"nn.functional.pad, {mode}": named("nn.functional.pad")}, window_samples.padded(mode))

for dims in (1, 3):
    dilation = {"dilation": perhaps(one_of(1, 2))}
    most = window_samples.pooled(dims, ALL, **dilation, return_indices=FLAG)
    op(f"nn.functional.max_pool{dims}d", make=most)
    counts = {} if dims == 1 else {"divisor_override": perhaps(one_of(None, 3, -2))}
    means = window_samples.pooled(dims, (*FLOATS, "bool", "int32"), count_include_pad=FLAG, **counts)
    op(f"nn.functional.avg_pool{dims}d", make=means, sums=True)
for name in ("max_pool1d", "max_pool3d"):
    register({name: named(name)}, window_samples.pooled(int(name[-2]), FLOATS, dilation=perhaps(one_of(1, 2))))
register(
    {"max_pool2d": named("max_pool2d")}, window_samples.pooled_images(FLOATS, dilation=window_samples.some_dilation)
)
register({"avg_pool1d": named("avg_pool1d")}, window_samples.pooled(1, FLOATS, count_include_pad=FLAG), sums=True)
register({"max_pool1d_with_indices": named("max_pool1d_with_indices")}, window_samples.pooled(1, FLOATS))
for dims in (1, 2, 3):
    op(f"nn.functional.max_pool{dims}d_with_indices", make=window_samples.pooled(dims, FLOATS))
    op(f"nn.functional.max_unpool{dims}d", make=window_samples.taken_back(dims))
    op(f"nn.functional.lp_pool{dims}d", make=window_samples.by_powers(dims), sums=True)
    also = ["adaptive_avg_pool1d"] if dims == 1 else []
    means = window_samples.shared(dims, (*FLOATS, "int64"))
    op(f"nn.functional.adaptive_avg_pool{dims}d", *also, make=means, sums=True)
    most = window_samples.shared(dims, (*FLOATS, "int64"), return_indices=FLAG)
    op(f"nn.functional.adaptive_max_pool{dims}d", make=most)
    op(f"nn.functional.adaptive_max_pool{dims}d_with_indices", make=window_samples.shared(dims, FLOATS))

for dims in (2, 3):
    for ending in ("", "_with_indices"):
        spelling = f"nn.functional.fractional_max_pool{dims}d{ending}"
        register({spelling: seeded(spelling)}, window_samples.at_random_places(dims))
op("nn.functional.unfold", make=window_samples.unfolded)
op("nn.functional.fold", make=window_samples.folded, sums=True)
op("pixel_shuffle", "nn.functional.pixel_shuffle", make=window_samples.shuffled(1, 2, 3, spread=True))
op("pixel_unshuffle", "nn.functional.pixel_unshuffle", make=window_samples.shuffled(1, 2, 3, spread=False))
op("channel_shuffle", "nn.functional.channel_shuffle", make=window_samples.dealt)
op("nn.functional.interpolate", make=window_samples.resized(2), sums=True)
for kind, make in {
    "of rows": window_samples.resized(1),
    "of volumes": window_samples.resized(3),
    "antialiased": window_samples.resized(2, antialias=True),
}.items():
    register({f"nn.functional.interpolate, {kind}": named("nn.functional.interpolate")}, make, sums=True)
for name in ("upsample", "upsample_nearest", "upsample_bilinear"):
    op(f"nn.functional.{name}", make=window_samples.enlarged, sums=True)
op("nn.functional.grid_sample", make=window_samples.looked_at(2), sums=True)
register({"grid_sample, of volumes": named("nn.functional.grid_sample")}, window_samples.looked_at(3), sums=True)
op("nn.functional.affine_grid", make=window_samples.mapped, sums=True)

# Layers -----------------------------------------------------------------------------------------------------

op("nn.functional.batch_norm", make=layer_samples.batches, sums=True)
op("nn.functional.layer_norm", make=layer_samples.layers, sums=True)
op("nn.functional.group_norm", "group_norm", make=norm_samples.in_groups, sums=True)
op("nn.functional.instance_norm", make=norm_samples.images, sums=True)
op("nn.functional.rms_norm", "rms_norm", make=norm_samples.mean_squares, sums=True)
op("nn.functional.local_response_norm", make=norm_samples.neighbours, sums=True)
op("nn.functional.embedding", make=layer_samples.looked_up, sums=True)
op("nn.functional.scaled_dot_product_attention", make=attention_samples.attended, sums=True)
register(
    {"nn.functional.scaled_dot_product_attention, dropped": seeded("nn.functional.scaled_dot_product_attention")},
    attention_samples.attended_and_dropped,
    sums=True,
)
register(
    {"nn.functional.multi_head_attention_forward": without_none("nn.functional.multi_head_attention_forward")},
    attention_samples.attended_by_heads,
    sums=True,
)

dropped = {"p": perhaps(one_of(0.0, 0.2, 1.0)), "training": FLAG}
for name, sizes in {"dropout": {}, "dropout1d": {"least": 2}, "dropout2d": {"most": 4}}.items():
    spelling = f"nn.functional.{name}"
    register({spelling: seeded(spelling)}, unary((*FLOATS, "int64"), **sizes, **dropped))

alpha_dropped = {"p": perhaps(one_of(0.0, 0.2, 1.0)), "training": FLAG}
for name, sizes in {"dropout3d": {"most": 5}, "alpha_dropout": {}, "feature_alpha_dropout": {}}.items():
    spelling = f"nn.functional.{name}"
    register({spelling: seeded(spelling)}, unary(("float32", "float64", "int64"), **sizes, **alpha_dropped))
    register(
        {f"{spelling}, in place": with_seed(in_place(spelling))},
        unary(("float32", "float64", "int64"), **sizes, **alpha_dropped),
    )
op("nn.functional.bilinear", "bilinear", make=pair_samples.bilinear, sums=True)
op("nn.functional.cosine_similarity", "cosine_similarity", make=pair_samples.vectors, sums=True)
op("nn.functional.pairwise_distance", "pairwise_distance", make=pair_samples.points, sums=True)
op("nn.functional.pdist", "pdist", make=pair_samples.rows, sums=True)
op("nn.functional.embedding_bag", make=pair_samples.bags, sums=True)
# Recurrent layers (test_recurrent.py tries those of nn) -------------------------------------------------------

RECURRENT = {"rnn_tanh": (1,), "rnn_relu": (1,), "gru": (3,), "lstm": (4, 2)}
for name, numbers in RECURRENT.items():
    op(name, make=recurrent_samples.over_time(*numbers), sums=True)
    op(f"{name}_cell", make=recurrent_samples.one_step(*numbers), sums=True)
register(
    {"pack_padded_sequence": lambda torch, *operands: torch.nn.utils.rnn.pack_padded_sequence(*operands).data},
    recurrent_samples.padded,
)
register(
    {
        "pad_packed_sequence": lambda torch, rows, sizes, **options: torch.nn.utils.rnn.pad_packed_sequence(
            torch.nn.utils.rnn.PackedSequence(rows, torch.tensor(sizes)), **options
        )[0]
    },
    recurrent_samples.packed,
)
register({"pad_sequence": named("nn.utils.rnn.pad_sequence")}, recurrent_samples.of_different_lengths)

# Losses -----------------------------------------------------------------------------------------------------

for name in ("mse_loss", "l1_loss"):
    op(f"nn.functional.{name}", make=op_samples.distance, sums=True)
op("nn.functional.binary_cross_entropy", make=op_samples.binary_loss(domain=samples.probability), sums=True)
op("nn.functional.binary_cross_entropy_with_logits", make=op_samples.binary_loss(pos_weight=True), sums=True)
op("nn.functional.nll_loss", make=op_samples.classification(), sums=True)
op("nn.functional.cross_entropy", make=op_samples.classification(label_smoothing=True), sums=True)
register(
    {"cross_entropy, of probabilities": named("nn.functional.cross_entropy")}, op_samples.class_probabilities, sums=True
)

LOSS_OPTIONS = {
    "smooth_l1_loss": loss_samples.numbers(beta=perhaps(one_of(0.5, 2))),
    "huber_loss": loss_samples.numbers(delta=perhaps(one_of(0.5, 2))),
    "kl_div": loss_samples.log_probabilities,
    "poisson_nll_loss": loss_samples.counts,
    "gaussian_nll_loss": loss_samples.with_variances,
    "soft_margin_loss": loss_samples.signed(1, constant=True),
    "margin_ranking_loss": loss_samples.signed(2, margin=perhaps(one_of(0.5, -1))),
    "hinge_embedding_loss": loss_samples.signed(1, margin=perhaps(one_of(0.5, 2))),
    "cosine_embedding_loss": loss_samples.vectors,
    "triplet_margin_loss": loss_samples.triplets(p=perhaps(one_of(1, 2, 3.0)), eps=perhaps(one_of(0.5))),
    "triplet_margin_with_distance_loss": loss_samples.triplets(),
    "multilabel_soft_margin_loss": op_samples.binary_loss(),
    "multi_margin_loss": loss_samples.of_one_class,
    "linear_cross_entropy": loss_samples.linear_and_classes,
    "multilabel_margin_loss": loss_samples.of_several_classes,
}
for name, make in LOSS_OPTIONS.items():
    op(f"nn.functional.{name}", make=make, sums=True)
register({"huber_loss, weighted": named("nn.functional.huber_loss")}, loss_samples.weighted_numbers, sums=True)

op("nn.functional.ctc_loss", make=loss_samples.sequences(logarithms=True), sums=True, exact=False)
register(
    {
        "ctc_loss, of logits": lambda torch, x, *rest, **options: torch.nn.functional.ctc_loss(
            x.log_softmax(-1), *rest, **options
        )
    },
    loss_samples.sequences(logarithms=False),
    sums=True,
)

# More functions of each element -----------------------------------------------------------------------------

for name, domain in {
    **dict.fromkeys(("tan", "asinh", "arcsinh", "atan", "arctan", "sinh", "cosh", "exp2", "expm1"), samples.anywhere),
    **dict.fromkeys(("erfc", "deg2rad", "rad2deg"), samples.anywhere),
    **dict.fromkeys(("asin", "arcsin", "acos", "arccos", "atanh", "arctanh", "erfinv"), op_samples.inside_1),
    **dict.fromkeys(("acosh", "arccosh"), op_samples.above_1),
    **dict.fromkeys(("log2", "log10", "rsqrt", "lgamma"), samples.positive),
}.items():
    op(name, f"Tensor.{name}", make=unary(domain=domain))
op("sinc", "Tensor.sinc", make=unary(), sums=True)
op("i0", "Tensor.i0", make=unary())
op("frexp", "Tensor.frexp", make=unary())
op("digamma", "Tensor.digamma", make=op_samples.for_digamma)
op("polygamma", make=op_samples.derivatives_of_digamma)
register({"Tensor.polygamma": lambda _, n, x: x.polygamma(n)}, op_samples.derivatives_of_digamma)
for name in ("trunc", "fix", "frac", "sgn"):
    op(name, f"Tensor.{name}", make=unary())
for name in ("signbit", "isposinf", "isneginf", "isreal"):
    op(name, f"Tensor.{name}", make=unary(), differentiable=False)
for name in ("atan2", "arctan2"):
    op(name, f"Tensor.{name}", make=binary(("float32", "float64", "int64", "uint8")))
for name in ("hypot", "copysign", "fmax", "fmin", "logaddexp", "logaddexp2"):
    op(name, f"Tensor.{name}", make=binary())
op("xlogy", "Tensor.xlogy", make=binary(domains=(samples.anywhere, samples.positive), mixed=False))
op("heaviside", "Tensor.heaviside", make=binary(mixed=False), differentiable=False)
op("nextafter", "Tensor.nextafter", make=binary(("float32", "float64"), mixed=False))
for name in ("gcd", "lcm"):
    op(name, f"Tensor.{name}", make=binary(INTEGERS, extremes=False), differentiable=False)
op("logical_xor", "Tensor.logical_xor", make=binary(), differentiable=False)
op("fmod", "Tensor.fmod", make=divided)
op("float_power", "Tensor.float_power", make=op_samples.powers)
op("ldexp", "Tensor.ldexp", make=op_samples.scaled)
op("lerp", "Tensor.lerp", make=op_samples.between_two)
op("addcmul", "Tensor.addcmul", make=op_samples.three(ALL))
op("addcdiv", "Tensor.addcdiv", make=op_samples.three(FLOATS))
op("logit", "Tensor.logit", make=op_samples.probabilities)
op("nan_to_num", "Tensor.nan_to_num", make=unary(nan=perhaps(one_of(1.5, 0)), posinf=perhaps(one_of(9.0))))
op("clamp_min", "Tensor.clamp_min", make=op_samples.one_bound)
op("clamp_max", "Tensor.clamp_max", make=op_samples.one_bound)

# More methods that change a tensor in place -----------------------------------------------------------------

MAKES_IN_PLACE = {
    "true_divide_": two,
    "cumsum_": order_samples.finite,
    "cumprod_": order_samples.multiplied_in_place,
    **{
        f"{name}_": product_samples.fitting(*letters, added=added, stretched=False)
        for name, letters, added in (
            ("addmm", ("nk", "km"), "nm"),
            ("addmv", ("nk", "k"), "n"),
            ("addr", ("n", "m"), "nm"),
            ("addbmm", ("bnk", "bkm"), "nm"),
            ("baddbmm", ("bnk", "bkm"), "bnm"),
        )
    },
}
for name, _, base in in_place_table.entries():
    called = changing(f"Tensor.{name}") | (changing(name) if name in in_place_table.FUNCTIONS.split() else {})
    if name == "polygamma_":  # its first argument is the number
        called = {f"Tensor.{name}": lambda _, n, x: x.clone().polygamma_(n)}
    facts = {fact: getattr(OPS[base], fact) for fact in ("differentiable", "rounds", "sums")}
    register(called, MAKES_IN_PLACE.get(name, OPS[base].make), **facts)
for name, base in {"squeeze_": "squeeze", "unsqueeze_": "unsqueeze", "t_": "t", "transpose_": "transpose"}.items():
    register(changing(f"Tensor.{name}"), OPS[base].make)
register(changing("Tensor.swapaxes_"), OPS["swapaxes"].make)
register(changing("Tensor.swapdims_"), OPS["transpose"].make)

# Matrices -----------------------------------------------------------------------------------------------------

symmetric, products = matrix_samples.of_symmetric, matrix_samples.of_products
triangle, even = matrix_samples.with_triangle, matrix_samples.even


op("linalg.inv", "inverse", "Tensor.inverse", make=matrix_samples.squares, sums=True, regular=True)
op("linalg.det", "det", "Tensor.det", make=matrix_samples.squares, sums=True, regular=True)
op("linalg.slogdet", "slogdet", "Tensor.slogdet", make=matrix_samples.squares, sums=True, regular=True)
op("logdet", "Tensor.logdet", make=matrix_samples.squares, sums=True, regular=True)
op("linalg.matrix_power", "matrix_power", "Tensor.matrix_power", make=matrix_samples.powers, sums=True, regular=True)
op("linalg.solve", make=matrix_samples.systems, sums=True, regular=True)
op("linalg.solve_triangular", make=matrix_samples.triangular, sums=True, regular=True)
op("linalg.pinv", make=matrix_samples.rectangles, sums=True, regular=True)
op("pinverse", "Tensor.pinverse", make=matrix_samples.rectangles, sums=True, regular=True)
op("linalg.svdvals", make=matrix_samples.rectangles, sums=True, regular=True)
op("linalg.cond", make=matrix_samples.conditions, sums=True, regular=True)
register(
    {"linalg.cond by norms": named("linalg.cond")},
    matrix_samples.other_conditions,
    sums=True,
    regular=True,
    differentiable=False,
)
op("linalg.multi_dot", make=matrix_samples.chains, sums=True)
op("linalg.vecdot", make=binary(number="", extremes=False), sums=True)
op("linalg.diagonal", make=matrix_samples.rectangles)
op("linalg.matrix_rank", make=matrix_samples.rectangles, differentiable=False)
register(
    {"linalg.matrix_norm of singular values": named("linalg.matrix_norm")},
    matrix_samples.singular_norms,
    sums=True,
    regular=True,
)
register(
    {name: products(named(name)) for name in ("linalg.cholesky", "cholesky", "Tensor.cholesky")},
    matrix_samples.with_options(matrix_samples.squares, upper=FLAG),
    sums=True,
    regular=True,
)
for name in ("cholesky_solve", "cholesky_inverse"):
    register(
        {spelling: triangle(named(spelling), int(name == "cholesky_solve")) for spelling in (name, f"Tensor.{name}")},
        matrix_samples.by_factor
        if name == "cholesky_solve"
        else matrix_samples.with_options(matrix_samples.squares, upper=FLAG),
        sums=True,
        regular=True,
    )
op("linalg.qr", make=matrix_samples.with_first_columns_apart, sums=True, regular=True)
op("qr", "Tensor.qr", make=matrix_samples.with_first_columns_apart, sums=True, regular=True)
register(
    {"linalg.svd": lambda torch, A: even(named("linalg.svd"), "even", "", "even")(torch, A, full_matrices=False)},
    matrix_samples.rectangles,
    sums=True,
    regular=True,
)
register(
    {name: even(named(name), "even", "", "even") for name in ("svd", "Tensor.svd")},
    matrix_samples.rectangles,
    sums=True,
    regular=True,
)
register(
    {"linalg.eigh": symmetric(even(named("linalg.eigh"), "", "even"))}, matrix_samples.squares, sums=True, regular=True
)
register({"linalg.eigvalsh": symmetric(named("linalg.eigvalsh"))}, matrix_samples.squares, sums=True, regular=True)
register(
    {"linalg.lstsq": matrix_samples.contiguous(named("linalg.lstsq"))}, matrix_samples.least, sums=True, regular=True
)

# Dtypes and copies ------------------------------------------------------------------------------------------

for name in ("float", "double", "half", "long", "int", "short", "char", "byte", "bool"):
    op(f"Tensor.{name}", make=unary(), rounds=name != "double")
op("Tensor.to", "Tensor.type", make=unary(dtype=one_of(*ALL)))
op("Tensor.type_as", make=binary())
op("Tensor.contiguous", make=unary(memory_format=op_samples.SOME_FORMAT, most=4))
op("detach", "Tensor.detach", make=unary(), differentiable=False)
op("real", make=unary())
register(changing("Tensor.copy_"), binary(number=""))
register(changing("Tensor.fill_") | changing("fill_"), op_samples.filled)
register(changing("Tensor.zero_") | changing("zero_"), unary())
register(changing("Tensor.fill_diagonal_"), op_samples.diagonals_filled)

# Factories (test_creation.py tries many more arguments) -------------------------------------------------------

for name in ("zeros", "ones"):
    op(name, make=op_samples.sized)
op("empty", make=op_samples.sized, defined=False)
op("full", make=op_samples.factory(size=op_samples.any_size, fill_value=one_of(*samples.PYTHON_NUMBERS)))
op("eye", make=op_samples.factory(n=st.integers(0, 4), m=perhaps(st.integers(0, 4))))
op("arange", make=op_samples.counted)
op("range", make=op_samples.factory(start=one_of(0, 1.5, -2), end=one_of(3, 2.25, 5), step=one_of(1, 2)))
op("scalar_tensor", make=op_samples.factory(s=one_of(*samples.PYTHON_NUMBERS)))
for name in ("numel", "is_floating_point", "is_complex", "is_signed"):
    register({name: named(name)}, unary(), differentiable=False)
for name in ("is_complex", "is_signed"):
    register({f"Tensor.{name}": named(f"Tensor.{name}")}, unary(), differentiable=False)
op("is_nonzero", "Tensor.is_nonzero", make=unary(most=1), differentiable=False)
op("is_same_size", "Tensor.is_same_size", make=binary(), differentiable=False)
op("linspace", make=op_samples.factory(start=one_of(0, 1.5), end=one_of(3, 0.25), steps=st.integers(0, 9)))
op(
    "logspace",
    make=op_samples.factory(
        start=one_of(0, 1.5), end=one_of(3, 0.25), steps=st.integers(0, 9), base=perhaps(one_of(2, 0.5))
    ),
)
op("empty_strided", make=further_samples.steps_of_ones_own, defined=False)
for name in ("zeros_like", "ones_like"):
    op(name, make=unary(dtype=op_samples.SOME_DTYPE, memory_format=op_samples.SOME_FORMAT), differentiable=False)
op(
    "empty_like",
    make=unary(dtype=op_samples.SOME_DTYPE, memory_format=op_samples.SOME_FORMAT),
    differentiable=False,
    defined=False,
)
op("full_like", make=unary(fill_value=one_of(2, -1, 0.5), dtype=op_samples.SOME_DTYPE), differentiable=False)
