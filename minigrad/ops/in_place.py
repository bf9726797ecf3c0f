"""Changing a tensor in place: the op is computed as ever, then its result is written into the tensor's memory.

A method's name ends in _, and it returns the tensor itself.  Other operands broadcast to the tensor, and the result is
converted to its dtype.  The tensor takes over the op's node, so gradients flow through the change.  The memory's change
is noted with the user's line: an earlier op's rule that still needs the old values raises an error instead of using the
new.

RuntimeError, with nothing changed: a leaf that requires grad (outside of no_grad), a result of another shape, or of a
higher kind of dtype (floats into integers), or a tensor whose elements share memory, as after expand.
"""

from __future__ import annotations

import sys
from copy import copy
from typing import TYPE_CHECKING, Any

from minigrad.arrays import array_module, gpu_of, is_writeable, quiet, repeats_elements
from minigrad.devices import device_of
from minigrad.engine.broadcasting import broadcasts
from minigrad.engine.changes import mark_changed
from minigrad.engine.graph import TensorBase, is_recording, raw, record, wrap
from minigrad.engine.order import address, copied, is_dense
from minigrad.engine.places import expression_of, user_place
from minigrad.engine.views import as_view, base_with, changed, take_over
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
    refuse_memory(tensor.array)
    return written(tensor, result)


def written(tensor: Tensor, result: Tensor) -> Tensor:
    """As `write`, also where several elements lie in one place."""
    refuse_in_place(tensor, result.node is not None)
    check_devices(tensor, result)
    value = result.array
    if value.shape != tensor.array.shape:
        raise RuntimeError(
            f"output with shape {list(tensor.array.shape)} doesn't match the broadcast shape {list(value.shape)}"
        )
    if promotion.category(value.dtype) > promotion.category(tensor.array.dtype):
        raise RuntimeError(f"result type {result.dtype} can't be cast to the desired output type {tensor.dtype}")
    if result.node is not None:
        keep_old_values(result.node, tensor)
        pass_hooks_by(result.node, tensor)
    if value.dtype != tensor.array.dtype:
        result = result.to(tensor.dtype)
    raw(tensor)[...] = result.array
    mark_changed(tensor)
    if result.node is not None:
        keep_as_output(result.node, tensor)
        take_over_result(tensor, result)
    return tensor


def pass_hooks_by(node: Any, tensor: Tensor) -> None:
    """Hooks of a view see gradients of what it was: as in PyTorch, not those that come from its later change."""
    if tensor.view_of is not None and tensor.node is not None and tensor.node.hooks:
        unhooked = copy(tensor.node)
        unhooked.hooks = unhooked.receiver = None
        node.edges = [unhooked if edge is tensor.node else edge for edge in node.edges]


def take_over_result(tensor: Tensor, result: Tensor) -> None:
    """Give a tensor that was changed the node of the result that stands there now; of a view, tell its base."""
    if tensor.view_of is None:
        take_over(tensor, result.node)
    else:
        changed(tensor, base_with(tensor, result))


def refuse_memory(array: Any, repeated: bool = False) -> None:
    """RuntimeError where elements may not be written to, or (unless repeated) several of them lie in one place."""
    if not is_writeable(array) or (not repeated and repeats_elements(array)):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory location "
            "(expand() makes such tensors), or its memory is read-only. Please clone() the tensor before performing "
            "the operation."
        )


def refuse_in_place(tensor: Tensor, recorded: bool) -> None:
    """RuntimeError where PyTorch does not follow a change; recorded: whether the change needs a gradient.

    Under recording it follows none of leaves that require grad, of views of them, and of some other views.
    """
    if not is_recording() or not (recorded or tensor.requires_grad):
        return
    view = tensor.view_of
    if view is not None and view.origin is not None:
        raise RuntimeError(view.refusal(tensor, "is being"))
    node = tensor.node if view is None else view.base.node
    if tensor.requires_grad and not (node is not None and node.rules):
        raise RuntimeError(
            f"{'' if view is None else 'a view of '}a leaf Variable that requires grad is being used in an in-place "
            "operation. To update it by hand, write `with torch.no_grad():` before it: "
            f"{expression_of(user_place(sys._getframe(1)))}"
        )


def apart(tensor: Tensor, operand: Any) -> Any:
    """An operand of a change in place.  RuntimeError where it has part of the memory that is to be changed.

    As in PyTorch it may have all of it, or none, and one with gaps between its elements is not looked at.
    """
    if isinstance(operand, TensorBase) and overlap_in_part(raw(tensor), operand.array):
        raise overlap_error()
    return operand


def outside(tensor: Tensor, operand: Any) -> Any:
    """An operand of a change at some positions, or a sequence of them.  RuntimeError where it has memory of the tensor.

    As of `apart`, one with gaps between its elements is not looked at.
    """
    for x in operand if isinstance(operand, (tuple, list)) else (operand,):
        if isinstance(x, TensorBase) and overlap(raw(tensor), x.array):
            raise overlap_error()
    return operand


def overlap_in_part(x: Any, y: Any) -> bool:
    """Whether two raw arrays without gaps share some memory, and are not the same."""
    return overlap(x, y) and where_it_lies(x) != where_it_lies(y)


def overlap(x: Any, y: Any) -> bool:
    """Whether two raw arrays without gaps share some memory."""
    if type(x) is not type(y) or gpu_of(x) != gpu_of(y) or not array_module(x).may_share_memory(x, y):
        return False
    return is_dense(x) and is_dense(y)


def where_it_lies(x: Any) -> tuple[Any, ...]:
    """Where a raw array begins, and how it goes on."""
    return address(x), x.shape, x.strides


def overlap_error() -> RuntimeError:
    """PyTorch's words."""
    return RuntimeError(
        "unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory "
        "location. Please clone() the tensor before performing the operation."
    )


def keep_old_values(node: Any, tensor: Tensor) -> None:
    """Where a node kept its first operand, the tensor, give it a copy of the values that are about to change."""
    first, *others = node.inputs
    node.inputs = (snapshot(first) if raw(first) is tensor.array else first, *others)


def keep_as_output(node: Any, tensor: Tensor) -> None:
    """Where a node kept its result, let it keep the tensor's memory, where that now stands, until it changes again."""
    if node.out is not None:
        node.out, node.changes = tensor.array, tensor.changes
        node.written = node.changes.serial


def snapshot(tensor: Tensor) -> Tensor:
    """A tensor's values and node as they are now."""
    old = wrap(copied(tensor.array))
    old.node = tensor.node
    return old


def add_(self: Tensor, other: Any, *, alpha: float = 1) -> Tensor:
    """self += alpha * other, in place: as `add`."""
    return write(self, arithmetic.add(self, apart(self, other), alpha=alpha))


def sub_(self: Tensor, other: Any, *, alpha: float = 1) -> Tensor:
    """self -= alpha * other, in place: as `sub`."""
    return write(self, arithmetic.sub(self, apart(self, other), alpha=alpha))


def mul_(self: Tensor, other: Any) -> Tensor:
    """self *= other, in place: as `mul`."""
    return write(self, arithmetic.mul(self, apart(self, other)))


def div_(self: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """self /= other, in place: as `div`, with its rounding_mode."""
    return write(self, arithmetic.div(self, apart(self, other), rounding_mode=rounding_mode))


def floor_divide_(self: Tensor, other: Any) -> Tensor:
    """self //= other, in place: as `floor_divide`."""
    return write(self, arithmetic.floor_divide(self, apart(self, other)))


def remainder_(self: Tensor, other: Any) -> Tensor:
    """self %= other, in place: as `remainder`."""
    return write(self, arithmetic.remainder(self, apart(self, other)))


def pow_(self: Tensor, exponent: Any) -> Tensor:
    """self **= exponent, in place: as `pow`."""
    return write(self, arithmetic.pow(self, apart(self, exponent)))


def neg_(self: Tensor) -> Tensor:
    """self = -self, in place.  RuntimeError for bools."""
    return write(self, elementwise.neg(self))


def exp_(self: Tensor) -> Tensor:
    """self = e ** self, in place: as `exp`."""
    return write(self, elementwise.exp(self))


def sqrt_(self: Tensor) -> Tensor:
    """The square root, in place: as `sqrt`."""
    return write(self, elementwise.sqrt(self))


def tanh_(self: Tensor) -> Tensor:
    """The hyperbolic tangent, in place: as `tanh`."""
    return write(self, elementwise.tanh(self))


def sigmoid_(self: Tensor) -> Tensor:
    """1 / (1 + e ** -self), in place: as `sigmoid`."""
    return write(self, sigmoid(self))


def bitwise_and_(self: Tensor, other: Any) -> Tensor:
    """self &= other, in place: as `bitwise_and`."""
    return write(self, comparison.bitwise_and(self, apart(self, other)))


def bitwise_or_(self: Tensor, other: Any) -> Tensor:
    """self |= other, in place: as `bitwise_or`."""
    return write(self, comparison.bitwise_or(self, apart(self, other)))


def bitwise_xor_(self: Tensor, other: Any) -> Tensor:
    """self ^= other, in place: as `bitwise_xor`."""
    return write(self, comparison.bitwise_xor(self, apart(self, other)))


def bitwise_left_shift_(self: Tensor, other: Any) -> Tensor:
    """self <<= other, in place: as `bitwise_left_shift`."""
    return write(self, comparison.bitwise_left_shift(self, apart(self, other)))


def bitwise_right_shift_(self: Tensor, other: Any) -> Tensor:
    """self >>= other, in place: as `bitwise_right_shift`."""
    return write(self, comparison.bitwise_right_shift(self, apart(self, other)))


def relu_(self: Tensor) -> Tensor:
    """max(self, 0), in place: as `relu`."""
    return write(self, activations.relu(self))


def clamp_(self: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """The elements moved into [min, max], in place: as `clamp`."""
    return write(self, selection.clamp(self, apart(self, min), apart(self, max)))


def zero_(self: Tensor) -> Tensor:
    """All elements 0, in place; nothing flows back to what they were."""
    return overwrite(self, 0, "ZeroBackward0")


def fill_(self: Tensor, value: Any) -> Tensor:
    """All elements equal to value, a number or a 0-d tensor, in place.  RuntimeError for a tensor of dimensions."""
    if raw(value) is not value and raw(value).ndim:
        raise RuntimeError(
            f"fill_ only supports 0-dimension value tensor but got tensor with {raw(value).ndim} dimensions."
        )
    return overwrite(self, value, "FillBackward3" if isinstance(value, TensorBase) else "FillBackward2")


def copy_(self: Tensor, src: Any) -> Tensor:
    """The elements of src, a tensor or a number, broadcast and converted to self's dtype, in place."""
    if getattr(raw(src), "dtype", None) == self.array.dtype:
        apart(self, src)
    return overwrite(self, src, COPY)


COPY = "torch::autograd::CopyBackwards"


def overwrite(tensor: Tensor, src: Any, name: str) -> Tensor:
    """Put other elements in place of a tensor's.

    name: what PyTorch prints for it, unless the tensor is a view.  One number may be put in repeated places too.
    """
    src = source_of(tensor, src)
    refuse_memory(tensor.array, repeated=name != COPY and not in_graph(src))
    if tensor.view_of is not None and in_graph(tensor, src):
        return put_in_view(tensor, src)
    return written(tensor, overwritten(tensor, src, name))


def source_of(a: Tensor, src: Any) -> Any:
    """What is copied to a tensor: a number that fits it, or a tensor where it is.  RuntimeError for another shape."""
    src = promotion.operand(src)
    if not broadcasts(getattr(raw(src), "shape", ()), a.array.shape):
        raise RuntimeError(
            f"copy_(): The size of src {list(raw(src).shape)} must broadcast to self's {list(a.array.shape)}"
        )
    if not isinstance(src, TensorBase):
        return promotion.filling_number(src, a.array.dtype, a.array.size)
    return to_device(src, device_of(a.array))  # type: ignore[arg-type]


def overwritten(a: Tensor, src: Any, name: str) -> Tensor:
    """The elements of src in the shape and dtype of `a`, of which nothing is left."""
    value = array_module(a.array).empty_like(a.array)
    with quiet():
        value[...] = raw(src)
    return record(value, (a, src), (overwritten_da, overwritten_dsrc), name=name)


def overwritten_da(g: Tensor, _out: Tensor, _a: Tensor, _src: Tensor) -> Tensor:
    return elementwise.zeros_for(g)


def overwritten_dsrc(g: Tensor, _out: Tensor, _a: Tensor, _src: Tensor) -> Tensor:
    return g


def put_in_view(view: Tensor, value: Any, of_no_use: bool = False) -> Tensor:
    """Overwrite a view, in a graph: its base is what it was, but for the value at that place.

    of_no_use: whether the view was made for this alone.
    """
    refuse_in_place(view, recorded=True)
    if same_view(view, value):  # y[i] += 1 ends by assigning the view that it has changed
        mark_changed(view)
        return view
    node = base_with(view, value)
    indexing.assign(view.array, (), None, raw(value))
    mark_changed(view)
    if of_no_use:
        take_over(view.view_of.base, node)  # type: ignore[union-attr]
    else:
        changed(view, node)
    return view


def put_at_positions(tensor: Tensor, key: tuple[Any, ...], value: Any) -> None:
    """Overwrite the elements that a key of arrays picks, in a graph."""
    refuse_memory(tensor.array)
    refuse_in_place(tensor, recorded=True)
    result = indexing.put(tensor, key, indexing.without_leading_ones(value))
    indexing.assign(tensor.array, (), key, raw(value))
    mark_changed(tensor)
    take_over_result(tensor, result)


def setitem(self: Tensor, key: Any, value: Any) -> None:
    """self[key] = value.  Gradients flow to the elements that stay, and to the value."""
    basic, picking = indexing.split_key(key, promotion.array_of(self))
    if picking is not None:
        refuse_overlap(self.array[(*basic, ...)], key, value, picking)
    if isinstance(value, TensorBase):
        if picking is None or value.array.ndim == 0:
            value = to_device(value, device_of(self.array))  # type: ignore[arg-type]
        check_devices(self, value)
        target = self.array[(*basic, ...)]
        if value.array.ndim and target.dtype == value.array.dtype:
            apart(*(wrap(indexing.without_leading_ones(x)) for x in (target, value.array)))
    if not in_graph(self, value):
        refuse_memory(self.array[(*basic, ...)], repeated=picking is not None)
        indexing.assign(self.array, basic, picking, raw(value))
        mark_changed(self)
        return
    name = indexing.view_name(key, basic)
    whole = all(part == slice(None) for part in basic)
    if picking is not None:
        place = self if whole else indexing.part(self, basic, name)
        put_at_positions(place, picking, value)
        return
    place = self if whole else place_of(self, basic, name)
    if raw(value) is not value and raw(value).ndim > place.array.ndim:
        value = indexing.without_leading_ones(value)
    if place.view_of is not None:
        refuse_memory(place.array)
        put_in_view(place, value, of_no_use=place is not self)
    else:
        overwrite(place, value, COPY if isinstance(value, TensorBase) else "FillBackward3")


def refuse_overlap(target: Any, key: Any, value: Any, picking: tuple[Any, ...]) -> None:
    """RuntimeError where positions, or a value unless it fills a mask, have memory of the array that is written to."""
    filling = isinstance(value, TensorBase) and indexing.fills(value.array, picking)
    outside(wrap(target), (*(key if isinstance(key, tuple) else (key,)), None if filling else value))


def place_of(a: Tensor, basic: tuple[Any, ...], name: str) -> Tensor:
    """The view a[basic] as a place to write to: what was there needs no derivative."""
    return as_view(wrap(a.array[(*basic, ...)]), a, indexing.part, basic, name)


def same_view(a: Tensor, b: Any) -> bool:
    """Whether a view and something else look at one place of one base."""
    of, other = a.view_of, getattr(b, "view_of", None)
    if of is None or other is None or of.base is not other.base or other.origin is not None:
        return False
    return bool(of.steps == other.steps)


def in_graph(*operands: Any) -> bool:
    """Whether an op of them is recorded."""
    return is_recording() and any(isinstance(x, TensorBase) and x.requires_grad for x in operands)  # type: ignore
