"""Gradients that are too large, made smaller."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from math import inf
from types import GeneratorType
from typing import Any

from minigrad.arrays import array_module, on_its_gpu, quiet
from minigrad.devices import device_of, moved
from minigrad.engine.changes import mark_changed
from minigrad.engine.graph import wrap
from minigrad.nn.mistakes import parameters_from
from minigrad.ops.creation import tensor
from minigrad.tensor import Tensor


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale the gradients of some parameters, in place, so that their total norm is at most max_norm.

    grad = grad * min(max_norm / (total_norm + 1e-6), 1), with the norm of all gradients as one vector, which is
    returned: its value before the scaling.  norm_type: see `get_total_norm`.  Parameters without a gradient are
    passed over.  RuntimeError, with nothing changed, for a norm of inf or nan if error_if_nonfinite.
    foreach is accepted and changes nothing.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html

    >>> import minigrad as torch
    >>> p = torch.zeros(2, requires_grad=True)
    >>> (p * torch.tensor([3.0, 4.0])).sum().backward()
    >>> torch.nn.utils.clip_grad_norm_([p], max_norm=1.0)
    tensor(5.)
    >>> p.grad
    tensor([0.6000, 0.8000])
    """
    params = as_list(parameters)
    if isinstance(parameters, GeneratorType) and not params:
        warnings.warn("`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=2)
    total_norm = get_total_norm(grads_of(params), norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(params, max_norm, total_norm, foreach)
    return total_norm


def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    total_norm: Tensor,
    foreach: bool | None = None,  # noqa: ARG001
) -> None:
    """Scale the gradients of some parameters, in place, by min(max_norm / (total_norm + 1e-6), 1).

    total_norm: what `get_total_norm` gave for them.  foreach is accepted and changes nothing.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grads_with_norm_.html
    """
    grads = grads_of(parameters)
    total = total_norm.array
    with quiet():
        factor = array_module(total).minimum(float(max_norm) / (total + 1e-6), 1.0)
        for grad in grads:
            array = grad.array
            here = moved(factor, device_of(array))
            array *= on_its_gpu(here).astype(array.dtype)
    mark_changed(*grads)


def clip_grad_value_(
    parameters: Tensor | Iterable[Tensor],
    clip_value: float,
    foreach: bool | None = None,  # noqa: ARG001
) -> None:
    """Bring every number of the gradients of some parameters, in place, into -clip_value to clip_value.

    Parameters without a gradient are passed over.  foreach is accepted and changes nothing.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_value_.html
    """
    clip_value = float(clip_value)
    grads = grads_of(parameters)
    with quiet():
        for grad in grads:
            array_module(grad.array).clip(grad.array, -clip_value, clip_value, out=grad.array)
    mark_changed(*grads)


def get_total_norm(
    tensors: Tensor | Iterable[Tensor],
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,  # noqa: ARG001
) -> Tensor:
    """The norm of the norms of some tensors (of order p: of all their numbers as one vector), without a gradient.

    norm_type: p for (sum of |x| ** p) ** (1 / p); inf or "inf" for the largest |x|, -inf for the smallest; 0 for the
    count of numbers (and then of tensors) that are not 0.  No tensors at all have the norm 0.  RuntimeError for a norm
    of inf or nan if error_if_nonfinite, and for integers.  foreach is accepted and changes nothing.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.get_total_norm.html
    """
    arrays = [each.array for each in as_list(tensors)]
    order = float(norm_type)
    if not arrays:
        return tensor(0.0)
    place = device_of(arrays[0])
    with quiet():
        norms = [moved(norm(array, order), place) for array in arrays]
        xp = array_module(arrays[0])
        total = norm(xp.stack(norms), order)
    if error_if_nonfinite and not xp.isfinite(total):
        raise RuntimeError(
            f"The total norm of order {order} for gradients from `parameters` is non-finite, so it cannot be clipped. "
            "To disable this error and scale the gradients by the non-finite norm anyway, set "
            "`error_if_nonfinite=False`"
        )
    return wrap(total)


def norm(array: Any, order: float) -> Any:
    """The norm of an array's numbers, as an array without axes, of its dtype."""
    xp, flat = array_module(array), array.reshape(-1)
    if flat.dtype.kind != "f":
        raise RuntimeError(f"get_total_norm: expected floating-point tensors, but one has dtype {flat.dtype.name}")
    if order == 2:
        wide = flat.astype("float32") if flat.dtype.itemsize == 2 else flat  # CuPy would round each square
        return xp.sqrt(xp.asarray(wide.dot(wide))).astype(flat.dtype)
    if not flat.size and (order < 0 or order == inf):
        raise RuntimeError(f"get_total_norm: an empty tensor has no norm of order {order}")
    sizes = abs(flat)
    if abs(order) == inf:
        return xp.asarray(sizes.max() if order > 0 else sizes.min())
    if order == 0:
        return xp.asarray((sizes != 0).sum(dtype=flat.dtype))
    return xp.asarray((sizes**order).sum() ** (1 / order))


def grads_of(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    """The gradients of the parameters that have one."""
    return [p.grad for p in as_list(parameters) if p.grad is not None]


def as_list(tensors: Tensor | Iterable[Tensor]) -> list[Tensor]:
    """One tensor or several, as a list."""
    if not hasattr(tensors, "__iter__"):
        raise TypeError(f"'{type(tensors).__name__}' object is not iterable{parameters_from(tensors)}")
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)
