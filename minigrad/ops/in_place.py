"""Changing a tensor in place: the op is computed as ever, then its result is written into the tensor's memory.

The tensor takes over the op's node, so gradients flow through the change.  The memory's change is noted with
the user's line: an earlier op's rule that still needs the old values raises an error instead of using the new.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from minigrad.arrays import array_module, gpu_of, is_writeable, quiet
from minigrad.devices import device_of
from minigrad.engine.broadcasting import broadcasts
from minigrad.engine.changes import mark_changed
from minigrad.engine.graph import TensorBase, raw, record, recording, take_over, wrap
from minigrad.engine.order import copied
from minigrad.engine.places import expression_of, user_place
from minigrad.gpu.placement import check_devices
from minigrad.ops import activations, arithmetic, comparison, elementwise, indexing, promotion, selection
from minigrad.ops.activations import sigmoid
from minigrad.ops.moving import to_device

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__: list[str] = []  # methods of Tensor alone


def write(tensor: Tensor, result: Tensor) -> Tensor:
    """Write an op's result into a tensor's memory, and let the tensor take over its node.

    RuntimeError, with nothing changed: the tensor is a leaf that requires grad (or a view of a tensor that
    does), the result has another shape, or a dtype of a higher category.
    """
    refuse_in_place(tensor, result.node is not None)
    check_devices(tensor, result)
    value = result.array
    if value.shape != tensor.array.shape:
        raise RuntimeError(
            f"output with shape {list(tensor.array.shape)} doesn't match the broadcast shape {list(value.shape)}"
        )
    if promotion.category(value.dtype) > promotion.category(tensor.array.dtype):
        raise RuntimeError(f"result type {result.dtype} can't be cast to the desired output type {tensor.dtype}")
    recorded = result.node is not None
    if recorded:
        keep_old_values(result.node, tensor)
    if value.dtype != tensor.array.dtype:
        result = result.to(tensor.dtype)
    raw(tensor)[...] = result.array
    mark_changed(tensor, recorded=recorded)
    if result.node is not None:
        take_over(tensor, result.node)
    return tensor


def refuse_in_place(tensor: Tensor, recorded: bool) -> None:
    """Leaves, and views whose base would have to learn of the change, cannot be changed under recording."""
    if not is_writeable(tensor.array):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location "
            "(expand() makes such tensors), or its memory is read-only. Please clone() the tensor before performing "
            "the operation."
        )
    if not recording.get():
        return
    if tensor.node is not None and tensor.is_leaf:
        raise RuntimeError(
            "a leaf Variable that requires grad is being used in an in-place operation. To update it by hand, write "
            f"`with torch.no_grad():` before it: {expression_of(user_place(sys._getframe(1)))}"
        )
    if tensor.viewed_at is not None and (recorded or tensor.node is not None):
        raise RuntimeError(
            "a view of a tensor that requires grad is being used in an in-place operation, which minigrad "
            "does not follow back to its base. Assign to the base instead: y[0] = y[0] + 1 rather than "
            "y[0] += 1. (a view of a leaf Variable that requires grad cannot be changed in place at all.)"
        )


def apart(tensor: Tensor, operand: Any) -> Any:
    """An operand of a change in place.  RuntimeError where it has part of the memory that is to be changed.

    As in PyTorch it may have all of it, or none, and one with gaps between its elements is not looked at.
    """
    if isinstance(operand, TensorBase) and overlap_in_part(raw(tensor), operand.array):
        raise overlap_error()
    return operand


def overlap_in_part(x: Any, y: Any) -> bool:
    """Whether two raw arrays without gaps share some memory, and are not the same."""
    if type(x) is not type(y) or gpu_of(x) != gpu_of(y) or not array_module(x).may_share_memory(x, y):
        return False
    return is_dense(x) and is_dense(y) and where_it_lies(x) != where_it_lies(y)


def is_dense(x: Any) -> bool:
    """Whether the elements of a raw array lie side by side, in whatever order of its dimensions."""
    step = x.itemsize
    for stride, size in sorted((stride, size) for stride, size in zip(x.strides, x.shape) if size != 1):
        if stride != step:
            return False
        step *= size
    return True


def where_it_lies(x: Any) -> tuple[Any, ...]:
    """Where a raw array begins, and how it goes on."""
    interface = getattr(x, "__cuda_array_interface__", None) or x.__array_interface__
    return interface["data"][0], x.shape, x.strides


def overlap_error() -> RuntimeError:
    """PyTorch's words."""
    return RuntimeError(
        "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory "
        "location. Please clone() the tensor before performing the operation."
    )


def keep_old_values(node: Any, tensor: Tensor) -> None:
    """Where a node kept the tensor for its rules, give it a copy of the values that are about to change."""
    node.inputs = tuple([snapshot(x) if raw(x) is tensor.array else x for x in node.inputs])


def snapshot(tensor: Tensor) -> Tensor:
    """A tensor's values and node as they are now."""
    old = wrap(copied(tensor.array))
    old.node = tensor.node
    return old


def add_(self: Tensor, other: Any, *, alpha: float = 1) -> Tensor:
    """self += alpha * other, in place."""
    return write(self, arithmetic.add(self, apart(self, other), alpha=alpha))


def sub_(self: Tensor, other: Any, *, alpha: float = 1) -> Tensor:
    """self -= alpha * other, in place."""
    return write(self, arithmetic.sub(self, apart(self, other), alpha=alpha))


def mul_(self: Tensor, other: Any) -> Tensor:
    """self *= other, in place."""
    return write(self, arithmetic.mul(self, apart(self, other)))


def div_(self: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """self /= other, in place; rounded for rounding_mode "trunc" or "floor"."""
    return write(self, arithmetic.div(self, apart(self, other), rounding_mode=rounding_mode))


def floor_divide_(self: Tensor, other: Any) -> Tensor:
    """self //= other, in place."""
    return write(self, arithmetic.floor_divide(self, apart(self, other)))


def remainder_(self: Tensor, other: Any) -> Tensor:
    """self %= other, in place."""
    return write(self, arithmetic.remainder(self, apart(self, other)))


def pow_(self: Tensor, exponent: Any) -> Tensor:
    """self **= exponent, in place."""
    return write(self, arithmetic.pow(self, apart(self, exponent)))


def neg_(self: Tensor) -> Tensor:
    """self = -self, in place."""
    return write(self, elementwise.neg(self))


def exp_(self: Tensor) -> Tensor:
    """self = e ** self, in place."""
    return write(self, elementwise.exp(self))


def sqrt_(self: Tensor) -> Tensor:
    """The square root, in place."""
    return write(self, elementwise.sqrt(self))


def tanh_(self: Tensor) -> Tensor:
    """The hyperbolic tangent, in place."""
    return write(self, elementwise.tanh(self))


def sigmoid_(self: Tensor) -> Tensor:
    """The sigmoid, in place."""
    return write(self, sigmoid(self))


def bitwise_and_(self: Tensor, other: Any) -> Tensor:
    """self &= other, in place."""
    return write(self, comparison.bitwise_and(self, apart(self, other)))


def bitwise_or_(self: Tensor, other: Any) -> Tensor:
    """self |= other, in place."""
    return write(self, comparison.bitwise_or(self, apart(self, other)))


def bitwise_xor_(self: Tensor, other: Any) -> Tensor:
    """self ^= other, in place."""
    return write(self, comparison.bitwise_xor(self, apart(self, other)))


def bitwise_left_shift_(self: Tensor, other: Any) -> Tensor:
    """self <<= other, in place."""
    return write(self, comparison.bitwise_left_shift(self, apart(self, other)))


def bitwise_right_shift_(self: Tensor, other: Any) -> Tensor:
    """self >>= other, in place."""
    return write(self, comparison.bitwise_right_shift(self, apart(self, other)))


def relu_(self: Tensor) -> Tensor:
    """max(self, 0), in place."""
    return write(self, activations.relu(self))


def clamp_(self: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """The elements moved into [min, max], in place."""
    return write(self, selection.clamp(self, apart(self, min), apart(self, max)))


def zero_(self: Tensor) -> Tensor:
    """All zeros, in place."""
    return fill_(self, 0)


def fill_(self: Tensor, value: Any) -> Tensor:
    """All elements equal to a number (or a 0-d tensor), in place."""
    if raw(value) is not value and raw(value).ndim:
        raise RuntimeError(
            f"fill_ only supports 0-dimension value tensor but got tensor with {raw(value).ndim} dimensions."
        )
    return write(self, overwritten(self, value))


def copy_(self: Tensor, src: Any) -> Tensor:
    """The elements of another tensor (or a number), broadcast and converted to self's dtype, in place."""
    if getattr(raw(src), "dtype", None) == self.array.dtype:
        apart(self, src)
    return write(self, overwritten(self, src))


def overwritten(a: Tensor, src: Any) -> Tensor:
    """The elements of src in the shape and dtype of `a`, of which nothing is left."""
    src = promotion.operand(src)
    if not broadcasts(getattr(raw(src), "shape", ()), a.array.shape):
        raise RuntimeError(
            f"copy_(): The size of src {list(raw(src).shape)} must broadcast to self's {list(a.array.shape)}"
        )
    if isinstance(src, TensorBase):
        src = to_device(src, device_of(a.array))  # type: ignore[arg-type]
    value = array_module(a.array).empty_like(a.array)
    with quiet():
        value[...] = raw(src) if isinstance(src, TensorBase) else promotion.fitting_number(src, value.dtype)
    return record(value, (a, src), (overwritten_da, overwritten_dsrc), name="torch::autograd::CopyBackwards")


def overwritten_da(g: Tensor, _out: Tensor, _a: Tensor, _src: Tensor) -> Tensor:
    return elementwise.zeros_for(g)


def overwritten_dsrc(g: Tensor, _out: Tensor, _a: Tensor, _src: Tensor) -> Tensor:
    return g


def setitem(self: Tensor, key: Any, value: Any) -> None:
    """self[key] = value.  Gradients flow to the elements that stay, and to the value."""
    basic, picking = indexing.split_key(key, promotion.array_of(self))
    if isinstance(value, TensorBase):
        if picking is None or value.array.ndim == 0:
            value = to_device(value, device_of(self.array))  # type: ignore[arg-type]
        check_devices(self, value)
        target = self.array[(*basic, ...)]
        if value.array.ndim and target.dtype == value.array.dtype and overlap_in_part(target, value.array):
            raise overlap_error()
    if recording.get() and (self.node is not None or (isinstance(value, TensorBase) and value.node is not None)):
        write(self, indexing.put(self, basic, picking, value))
        return
    refuse_in_place(self, recorded=False)
    indexing.assign(self.array, basic, picking, raw(value))
    mark_changed(self)
