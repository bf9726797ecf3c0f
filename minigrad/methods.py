"""The list of a Tensor's operators and methods that are ops, one line each.

Each is the op itself, so that one step into `a @ b` shows the line that multiplies.  Those that no lesson needs are in
more_methods.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minigrad.more_methods import MoreMethods
from minigrad.ops import (
    activations,
    arithmetic,
    comparison,
    elementwise,
    in_place,
    indexing,
    linear_algebra,
    memory,
    reductions,
    sampling,
    selection,
    shaping,
)
from minigrad.ops import softmax as softmax_ops

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


class TensorMethods(MoreMethods):
    """The operators and methods of Tensor that are ops."""

    # Operators ----------------------------------------------------------------------------------------------

    __add__ = arithmetic.add
    __radd__ = arithmetic.add
    __sub__ = arithmetic.sub
    __rsub__ = arithmetic.rsub
    __mul__ = arithmetic.mul
    __rmul__ = arithmetic.mul
    __truediv__ = arithmetic.div
    __rtruediv__ = arithmetic.rdiv
    __floordiv__ = arithmetic.floor_divide
    __rfloordiv__ = arithmetic.rfloor_divide
    __mod__ = arithmetic.remainder
    __rmod__ = arithmetic.rremainder
    __pow__ = arithmetic.pow
    __rpow__ = arithmetic.rpow
    __matmul__ = linear_algebra.matmul
    __neg__ = elementwise.neg
    __pos__ = elementwise.positive
    __abs__ = elementwise.abs
    __lt__ = comparison.lt
    __le__ = comparison.le
    __gt__ = comparison.gt
    __ge__ = comparison.ge
    __and__ = comparison.bitwise_and
    __rand__ = comparison.bitwise_and
    __or__ = comparison.bitwise_or
    __ror__ = comparison.bitwise_or
    __xor__ = comparison.bitwise_xor
    __rxor__ = comparison.bitwise_xor
    __lshift__ = comparison.bitwise_left_shift
    __rlshift__ = comparison.rlshift
    __rshift__ = comparison.bitwise_right_shift
    __rrshift__ = comparison.rrshift
    __invert__ = comparison.bitwise_not
    __iadd__ = in_place.add_
    __isub__ = in_place.sub_
    __imul__ = in_place.mul_
    __itruediv__ = in_place.div_
    __ifloordiv__ = in_place.floor_divide_
    __imod__ = in_place.remainder_
    __ipow__ = in_place.pow_
    __iand__ = in_place.bitwise_and_
    __ior__ = in_place.bitwise_or_
    __ixor__ = in_place.bitwise_xor_
    __ilshift__ = in_place.bitwise_left_shift_
    __irshift__ = in_place.bitwise_right_shift_
    __getitem__ = indexing.getitem
    __setitem__ = in_place.setitem
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> Tensor:  # type: ignore[override]
        return comparison.eq(self, other) if comparison.comparable(other) else NotImplemented

    def __ne__(self, other: object) -> Tensor:  # type: ignore[override]
        return comparison.ne(self, other) if comparison.comparable(other) else NotImplemented

    # Arithmetic ---------------------------------------------------------------------------------------------

    add = arithmetic.add
    sub = arithmetic.sub
    mul = arithmetic.mul
    div = arithmetic.div
    pow = arithmetic.pow
    subtract = arithmetic.sub
    multiply = arithmetic.mul
    divide = arithmetic.div
    true_divide = arithmetic.div
    floor_divide = arithmetic.floor_divide
    remainder = arithmetic.remainder

    # Functions of each element ------------------------------------------------------------------------------

    neg = elementwise.neg
    negative = elementwise.neg
    abs = elementwise.abs
    absolute = elementwise.abs
    positive = elementwise.positive
    sign = elementwise.sign
    floor = elementwise.floor
    ceil = elementwise.ceil
    round = elementwise.round
    exp = elementwise.exp
    log = elementwise.log
    log1p = elementwise.log1p
    sqrt = elementwise.sqrt
    sin = elementwise.sin
    cos = elementwise.cos
    tanh = elementwise.tanh
    square = elementwise.square
    reciprocal = elementwise.reciprocal
    clone = elementwise.clone
    sigmoid = activations.sigmoid
    softmax = softmax_ops.softmax
    log_softmax = softmax_ops.log_softmax
    erf = elementwise.erf
    relu = activations.relu

    # Choosing -----------------------------------------------------------------------------------------------

    maximum = selection.maximum
    minimum = selection.minimum
    clamp = selection.clamp
    clip = selection.clamp

    def where(self, condition: Tensor, other: Any) -> Tensor:
        """This tensor where the condition is True, `other` where it is False."""
        return selection.where(condition, self, other)

    # Matrix products ----------------------------------------------------------------------------------------

    matmul = linear_algebra.matmul

    # Reductions ---------------------------------------------------------------------------------------------

    sum = reductions.sum
    mean = reductions.mean
    max = reductions.max
    min = reductions.min
    amax = reductions.amax
    amin = reductions.amin
    argmax = reductions.argmax
    argmin = reductions.argmin
    var = reductions.var
    std = reductions.std
    logsumexp = reductions.logsumexp

    # Shapes -------------------------------------------------------------------------------------------------

    reshape = shaping.reshape
    view = shaping.view
    view_as = shaping.view_as
    reshape_as = shaping.reshape_as
    flatten = shaping.flatten
    squeeze = shaping.squeeze
    unflatten = shaping.unflatten
    unsqueeze = shaping.unsqueeze
    transpose = shaping.transpose
    permute = shaping.permute
    swapaxes = shaping.swapaxes
    t = shaping.t
    as_strided = memory.as_strided
    expand = shaping.expand
    expand_as = shaping.expand_as
    broadcast_to = shaping.broadcast_to
    unbind = shaping.unbind
    split = shaping.split
    chunk = shaping.chunk
    T = property(shaping.T)
    mT = property(shaping.mT)

    # Comparisons and logic ----------------------------------------------------------------------------------

    eq = comparison.eq
    ne = comparison.ne
    lt = comparison.lt
    le = comparison.le
    gt = comparison.gt
    ge = comparison.ge
    bitwise_not = comparison.bitwise_not
    bitwise_and = comparison.bitwise_and
    bitwise_or = comparison.bitwise_or
    bitwise_xor = comparison.bitwise_xor
    bitwise_left_shift = comparison.bitwise_left_shift
    bitwise_right_shift = comparison.bitwise_right_shift
    logical_not = comparison.logical_not
    logical_and = comparison.logical_and
    logical_or = comparison.logical_or
    all = comparison.all
    any = comparison.any
    isnan = comparison.isnan
    isinf = comparison.isinf
    isfinite = comparison.isfinite
    isclose = comparison.isclose
    allclose = comparison.allclose
    equal = comparison.equal

    # Memory -------------------------------------------------------------------------------------------------

    stride = memory.stride
    storage_offset = memory.storage_offset
    data_ptr = memory.data_ptr
    untyped_storage = memory.untyped_storage
    is_contiguous = memory.is_contiguous
    contiguous = memory.contiguous
    resize_ = memory.resize_

    # In place -----------------------------------------------------------------------------------------------

    add_ = in_place.add_
    sub_ = in_place.sub_
    mul_ = in_place.mul_
    div_ = in_place.div_
    floor_divide_ = in_place.floor_divide_
    remainder_ = in_place.remainder_
    pow_ = in_place.pow_
    bitwise_and_ = in_place.bitwise_and_
    bitwise_or_ = in_place.bitwise_or_
    bitwise_xor_ = in_place.bitwise_xor_
    bitwise_left_shift_ = in_place.bitwise_left_shift_
    bitwise_right_shift_ = in_place.bitwise_right_shift_
    neg_ = in_place.neg_
    exp_ = in_place.exp_
    sqrt_ = in_place.sqrt_
    tanh_ = in_place.tanh_
    sigmoid_ = in_place.sigmoid_
    relu_ = in_place.relu_
    clamp_ = in_place.clamp_
    zero_ = in_place.zero_
    fill_ = in_place.fill_
    copy_ = in_place.copy_

    # Random numbers -----------------------------------------------------------------------------------------

    uniform_ = sampling.uniform_
    normal_ = sampling.normal_
    random_ = sampling.random_
    bernoulli_ = sampling.bernoulli_
    exponential_ = sampling.exponential_
    bernoulli = sampling.bernoulli
    multinomial = sampling.multinomial
