"""Batch and layer normalization: mean 0 and variance 1 along some dimensions, then a scale and a shift.

Each is two recorded ops: `centred` takes the mean off, `normalized` does the rest.  `kept` is the input's shape with
the dimensions that are averaged over kept at length 1, `along` the shape in which weight and bias broadcast with it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.arrays import array_module, quiet, total
from minigrad.engine.broadcasting import sum_to
from minigrad.engine.changes import mark_changed
from minigrad.engine.graph import TensorBase, raw, record
from minigrad.engine.order import by_rows
from minigrad.formats import format_of, in_format
from minigrad.kernels.fused import blend
from minigrad.ops.advice import converted
from minigrad.ops.elementwise import clone, sqrt
from minigrad.ops.in_place import refuse_memory
from minigrad.ops.promotion import array_of, check_tensors, in_single

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["batch_norm", "layer_norm"]


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(input - mean) / sqrt(variance + eps) * weight + bias, with a mean and a variance for each channel.

    input: (N, C) or (N, C, L1, ...), float; or (0,).  weight, bias, running_mean, running_var: (C,), or None.  In
    training the mean and the variance are the batch's, and the running ones move towards them by the share `momentum`
    (the running variance towards the unbiased one, sum((a - mean)**2) / (n - 1)).  Otherwise the running ones are used.

    ValueError: one value per channel in training.  RuntimeError: other shapes and dtypes, no running statistics when
    not training.  S. Ioffe and C. Szegedy (2015), https://arxiv.org/abs/1502.03167
    """
    x = checked_input("batch_norm", input, least=1 if input.shape == (0,) else 2)
    number, channels = x.shape[0] * math.prod(x.shape[2:]), x.shape[1] if x.ndim > 1 else 0
    if training and number == 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {input.shape}. Call model.eval() "
            "before a prediction for one sample; in training leave out a last batch of one (drop_last=True)"
        )
    if training and eps <= 0:
        raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
    statistics = {"running_mean": running_mean, "running_var": running_var}
    check_parameters("batch_norm", (channels,), input, **statistics, weight=weight, bias=bias)
    if training:
        check_statistics(running_mean, running_var)
    if x.ndim == 1:
        return clone(input)
    operands: tuple[Any, ...] = input, weight, bias
    options: tuple[Any, ...] = running_mean, running_var, training, momentum, eps
    if x.dtype.char == "e":
        return in_single("NativeBatchNormBackward0", batch_normalized, operands, *options)
    return batch_normalized(*operands, *options)


def batch_normalized(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    training: bool,
    momentum: float,
    eps: float,
) -> Tensor:
    """`batch_norm` of operands that were checked."""
    x = raw(input)
    number, channels = x.shape[0] * math.prod(x.shape[2:]), x.shape[1]
    kept = (1, channels) + (1,) * (x.ndim - 2)
    if not training:
        return with_known_statistics(input, weight, bias, running_mean, running_var, kept, eps)
    with quiet():
        mean = sum_to(x, kept) / max(number, 1)
        value = x - mean
        variance = variance_of(value, kept)
        if number:
            move(running_mean, mean, momentum)
            move(running_var, variance * (number / (number - 1)), momentum)
    deviations = record(value, (input,), (centred_da,), kept)
    return normalized(deviations, variance, weight, bias, kept, kept, eps, "NativeBatchNormBackward0")


def move(running: Tensor | None, now: Any, momentum: float) -> None:
    """Move a running statistic towards a batch's, in place."""
    if running is not None:
        blend(running.array, now.reshape(-1), 1 - momentum, momentum)
        mark_changed(running)


def layer_norm(
    input: Tensor,
    normalized_shape: Any,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """(input - mean) / sqrt(variance + eps) * weight + bias, with a mean and a variance for each sample.

    input: (..., *normalized_shape), float: the last dimensions are averaged over.  weight, bias: normalized_shape,
    or None.  RuntimeError for other shapes and dtypes.  J. L. Ba et al. (2016), https://arxiv.org/abs/1607.06450
    """
    x = checked_input("layer_norm", input, least=0)
    ending = tuple(normalized_shape)
    if not ending or x.shape[-len(ending) :] != ending:
        raise RuntimeError(
            f"layer_norm(): Given normalized_shape={list(ending)}, expected input with shape "
            f"[*, {', '.join(map(str, ending))}], but got input of size{list(x.shape)}"
        )
    check_parameters("layer_norm", ending, input, weight=weight, bias=bias)
    before = x.ndim - len(ending)
    kept = x.shape[:before] + (1,) * len(ending)
    along = (1,) * before + ending
    if x.dtype.char == "e":
        return in_single("NativeLayerNormBackward0", layer_normalized, (input, weight, bias), kept, along, eps)
    return layer_normalized(input, weight, bias, kept, along, eps)


def layer_normalized(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    kept: tuple[int, ...],
    along: tuple[int, ...],
    eps: float,
) -> Tensor:
    """`layer_norm` of operands that were checked."""
    deviations = centred(input, kept)
    variance = variance_of(raw(deviations), kept)
    return normalized(deviations, variance, weight, bias, kept, along, eps, "NativeLayerNormBackward0")


# The two steps ----------------------------------------------------------------------------------------------


def centred(a: Tensor, kept: tuple[int, ...]) -> Tensor:
    """a - its mean."""
    x = raw(a)
    with quiet():
        value = x - sum_to(x, kept) / elements_each(x, kept)
    return record(value, (a,), (centred_da,), kept)


def centred_da(g: Tensor, _out: Tensor, _a: Tensor, kept: tuple[int, ...]) -> Tensor:
    return centred(g, kept)  # to take the mean off is a symmetric matrix


def normalized(
    a: Tensor,
    variance: Any,
    weight: Tensor | None,
    bias: Tensor | None,
    kept: tuple[int, ...],
    along: tuple[int, ...],
    eps: float,
    name: str,
) -> Tensor:
    """a / sqrt(variance + eps) * weight + bias, for `a` with a mean of 0 and its variance, an array."""
    x = raw(a)
    with quiet():
        spread = sqrt(variance + eps)
        if weight is None:
            value = x / spread
        elif kept == along:
            value = x * (raw(weight).reshape(along) / spread)
        else:
            value = x / spread
            value *= raw(weight).reshape(along)
        if bias is not None:
            value += raw(bias).reshape(along)
    value = in_format(value, format_of(x)) if kept == along else by_rows(value)
    rules = (normalized_da, normalized_dweight, normalized_dbias)
    return record(value, (a, weight, bias), rules, kept, along, eps, saved=(spread,), name=name)


def normalized_da(
    g: Tensor,
    _out: Tensor,
    a: Tensor,
    weight: Tensor | None,
    _bias: Tensor,
    kept: tuple[int, ...],
    along: tuple[int, ...],
    eps: float,
    spread: Tensor,
) -> Tensor:
    """What of g is no stretch of `a`, for a stretch leaves the output as it was."""
    if isinstance(a, TensorBase):
        spread = sqrt(variance_of(a, kept) + eps)  # what was kept is a constant, which has no derivative
    factor = 1 / spread
    if weight is not None and kept == along:
        factor = weight.reshape(along) * factor
    elif weight is not None:
        g = g * weight.reshape(along)
    stretch = summed_product(g, a, kept) / (spread * spread * elements_each(a, kept))
    return (g - a * stretch) * factor


def normalized_dweight(
    g: Tensor,
    _out: Tensor,
    a: Tensor,
    weight: Tensor,
    _bias: Tensor,
    kept: tuple[int, ...],
    along: tuple[int, ...],
    eps: float,
    spread: Tensor,
) -> Tensor:
    if isinstance(a, TensorBase):
        spread = sqrt(variance_of(a, kept) + eps)
    total = summed_product(g, a, kept) / spread if kept == along else summed_product(g, a / spread, along)
    return total.reshape(raw(weight).shape)


def normalized_dbias(
    g: Tensor,
    _out: Tensor,
    _a: Tensor,
    _weight: Tensor,
    bias: Tensor,
    _kept: tuple[int, ...],
    along: tuple[int, ...],
    _eps: float,
    _spread: Tensor,
) -> Tensor:
    return sum_to(g, along).reshape(raw(bias).shape)


def variance_of(a: Tensor, kept: tuple[int, ...]) -> Tensor:
    """The mean of the squares: the variance, for `a` with a mean of 0."""
    with quiet():
        return summed_product(a, a, kept) / elements_each(a, kept)


def summed_product(a: Tensor, b: Tensor, kept: tuple[int, ...]) -> Tensor:
    """sum_to(a * b, kept), without an array of all products."""
    x, y = raw(a), raw(b)
    dims = list(range(x.ndim))
    if isinstance(x, np.ndarray):
        exact = np.float32 if x.dtype.char == "e" else x.dtype  # float16 counts to 2048 and stays
        others = [i for i in dims if kept[i] == x.shape[i]]
        value = np.einsum(x, dims, y, dims, others, dtype=exact).astype(x.dtype, copy=False)
    else:  # CuPy's einsum takes long to prepare
        value = total(x * y, tuple(i for i in dims if kept[i] != x.shape[i]))
    return record(value.reshape(kept), (a, b), (summed_product_da, summed_product_db))


def summed_product_da(g: Tensor, _out: Tensor, _a: Tensor, b: Tensor) -> Tensor:
    return g * b


def summed_product_db(g: Tensor, _out: Tensor, a: Tensor, _b: Tensor) -> Tensor:
    return g * a


def elements_each(a: Tensor, kept: tuple[int, ...]) -> int:
    """How many elements each mean is taken of (1 for none)."""
    shape: tuple[int, ...] = raw(a).shape
    return max(math.prod(shape) // (math.prod(kept) or 1), 1)


# Statistics known beforehand --------------------------------------------------------------------------------


def with_known_statistics(
    input: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    kept: tuple[int, ...],
    eps: float,
) -> Tensor:
    """Batch normalization in evaluation: one factor and one shift for each channel."""
    if running_mean is None or running_var is None:
        raise RuntimeError("batch_norm(): running_mean and running_var must be defined in evaluation mode")
    x = raw(input)
    mean = running_mean.array.reshape(kept).copy()  # the derivative needs it as it is now
    with quiet():
        slope = 1 / array_module(x).sqrt(running_var.array.reshape(kept) + eps)
        factor = slope if weight is None else slope * raw(weight).reshape(kept)
        shift = -mean * factor if bias is None else raw(bias).reshape(kept) - mean * factor
        value = in_format(x * factor + shift, format_of(x))
    rules = (known_batch_norm_da, known_batch_norm_dweight, known_batch_norm_dbias)
    name = "NativeBatchNormBackward0"
    return record(value, (input, weight, bias), rules, saved=(mean, slope), name=name)


def known_batch_norm_da(
    g: Tensor, _out: Tensor, _a: Tensor, weight: Tensor | None, _bias: Tensor, _mean: Tensor, slope: Tensor
) -> Tensor:
    factor = slope if weight is None else weight.reshape(slope.shape) * slope
    return g * factor


def known_batch_norm_dweight(
    g: Tensor, _out: Tensor, a: Tensor, weight: Tensor, _bias: Tensor, mean: Tensor, slope: Tensor
) -> Tensor:
    return sum_to(g * ((a - mean) * slope), slope.shape).reshape(raw(weight).shape)


def known_batch_norm_dbias(
    g: Tensor, _out: Tensor, _a: Tensor, _weight: Tensor, bias: Tensor, _mean: Tensor, slope: Tensor
) -> Tensor:
    return sum_to(g, slope.shape).reshape(raw(bias).shape)


# Checks -----------------------------------------------------------------------------------------------------


def checked_input(op: str, input: Any, least: int) -> Any:
    """The raw input; errors for one of integers or with too few dimensions."""
    x = array_of(input)
    if x.ndim < least:
        raise RuntimeError(f"{op}(): input must have {least} dimensions at least, (N, C, ...), but has {x.ndim}")
    if x.dtype.kind != "f":
        raise NotImplementedError(f"{op}(): not implemented for {x.dtype}: use input.float()")
    return x


def check_statistics(*statistics: Any) -> None:
    """RuntimeError, before anything changes, for running statistics that may not be written to, or repeat elements."""
    for running in statistics:
        if running is not None:
            refuse_memory(raw(running))


def check_parameters(op: str, shape: tuple[int, ...], input: Any, **parameters: Any) -> None:
    """RuntimeError for a weight, a bias or a statistic that does not fit the input."""
    check_tensors(op, tuple(parameters), input=input, **parameters)
    x = raw(input)
    for name, parameter in parameters.items():
        if parameter is None:
            continue
        if parameter.array.shape != shape:
            raise RuntimeError(
                f"{op}(): expected {name} to be of shape {list(shape)} for an input of shape {list(x.shape)}, but got "
                f"{name} of shape {list(parameter.array.shape)}"
            )
        if parameter.array.dtype != x.dtype:
            raise RuntimeError(
                f"mixed dtype: {op}() expected {name} to have the dtype of the input, {x.dtype}, but it has "
                f"{parameter.array.dtype}. {converted('input', x, parameter.array.dtype)}."
            )
