"""`out=`: the result of a function is written to a tensor that is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from minigrad.arrays import gpu_of
from minigrad.autograd.grad_mode import no_grad
from minigrad.devices import device_of
from minigrad.dtypes import CLASS_NAMES
from minigrad.engine.graph import TensorBase, is_recording
from minigrad.engine.places import warn
from minigrad.ops import in_place, memory
from minigrad.ops.promotion import category
from minigrad.spelling import CASTS, parameters

Op = Callable[..., Any]


def put_into(out: Any, op: Op, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """Call an op and write its result, or results, to `out`, which is returned.

    A tensor of another shape is resized, with a warning unless it is empty.  RuntimeError, with nothing changed, where
    something requires grad, the dtype or the device does not fit, or elements of `out` lie in one place, or where
    elements of an argument do.
    """
    name, outs = op.__name__, (out,) if not isinstance(out, (tuple, list)) else tuple(out)
    for x in outs:
        if not isinstance(x, TensorBase):
            raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(x).__name__}")
    refuse_gradients(name, (*args, *options.values(), *outs))
    refuse_overlaps(outs, (*args, *options.values()))
    with no_grad():
        result = op(*args, **in_dtype_of(outs[0], op, options))
        results = result if isinstance(result, tuple) else (result,)
        if len(results) != len(outs) or isinstance(result, tuple) == isinstance(out, TensorBase):
            raise TypeError(f"{name}() gives {len(results)} tensor(s), and out has {len(outs)}")
        for x, value in zip(outs, results):
            refuse_out(name, x, value)
        for x, value in zip(outs, results):
            resized(x, value.shape)
            in_place.copy_(x, value)
    if isinstance(out, TensorBase):
        return out
    return type(result)(*outs) if hasattr(result, "_fields") else outs


def refuse_gradients(name: str, given: Iterable[Any]) -> None:
    """RuntimeError for a tensor among the arguments, also in lists, that requires grad while ops are recorded."""
    if not is_recording():
        return
    for x in given:
        if isinstance(x, (tuple, list)):
            refuse_gradients(name, x)
        elif isinstance(x, TensorBase) and x.requires_grad:  # type: ignore[attr-defined]
            raise RuntimeError(
                f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the "
                "arguments requires grad. Use the result, or write to out under torch.no_grad()"
            )


def refuse_overlaps(outs: tuple[Any, ...], given: Iterable[Any]) -> None:
    """RuntimeError for a tensor among the arguments, also in lists, that lies in a part of the memory of an `out`."""
    for x in given:
        if isinstance(x, (tuple, list)):
            refuse_overlaps(outs, x)
        else:
            for out in outs:
                in_place.apart(out, x)


def in_dtype_of(out: Any, op: Op, options: dict[str, Any]) -> dict[str, Any]:
    """The options of an op that can compute in the dtype of `out`, and there where it is.

    RuntimeError where another dtype is asked for.
    """
    own = parameters(op)
    if op.__name__ not in CASTS or "dtype" not in own:
        return options
    dtype = options.get("dtype")
    if dtype is not None and dtype != out.dtype:
        names = [CLASS_NAMES[str(each).partition(".")[2]] for each in (dtype, out.dtype)]
        raise RuntimeError(f"dtype {names[0]} does not match dtype of out parameter ({names[1]}) in {op.__name__}()")
    where = {"device": out.device} if "device" in own and options.get("device") is None else {}
    return {**options, **where, "dtype": out.dtype}


def refuse_out(name: str, out: Any, value: Any) -> None:
    """RuntimeError for an `out` that cannot hold a result."""
    have, wanted = out.array.dtype, value.array.dtype
    if name in CASTS and category(wanted) > category(have):
        raise RuntimeError(
            f"result type {CLASS_NAMES[wanted.name]} can't be cast to the desired output type {CLASS_NAMES[have.name]}"
            f" in {name}()"
        )
    if name not in CASTS and have != wanted:
        raise RuntimeError(f"Expected out tensor to have dtype {wanted}, but got {have} instead in {name}()")
    if gpu_of(out.array) != gpu_of(value.array):
        raise RuntimeError(
            f"Expected out tensor to be on {device_of(value.array)}, but got {device_of(out.array)} instead in {name}()"
        )
    in_place.refuse_memory(out.array)


def resized(out: Any, shape: tuple[int, ...]) -> None:
    """Give `out` the shape of a result."""
    if tuple(out.shape) == tuple(shape):
        return
    if out.array.size:
        warn(
            f"An output with one or more elements was resized since it had shape {list(out.shape)}, which does not "
            f"match the required output shape {list(shape)}. This behavior is deprecated, and in a future PyTorch "
            "release outputs will not be resized unless they have zero elements. You can explicitly reuse an out "
            "tensor t by resizing it, inplace, to zero elements with t.resize_(0)."
        )
    memory.resize_(out, *shape)
