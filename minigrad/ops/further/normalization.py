"""Normalization over groups of channels, over each image, by the mean square, and over neighbouring channels.

They are put together from the two steps of minigrad.ops.normalization, or from other ops.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.engine.changes import mark_changed
from minigrad.engine.graph import raw, record
from minigrad.engine.order import by_rows
from minigrad.formats import format_of, in_format
from minigrad.ops.normalization import (
    batch_normalized,
    centred,
    check_parameters,
    check_statistics,
    checked_input,
    normalized,
    variance_of,
)
from minigrad.ops.pooling import avg_pool2d
from minigrad.ops.promotion import check_tensors, in_single

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = ["group_norm", "rms_norm"]


# Groups of channels -----------------------------------------------------------------------------------------


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """(input - mean) / sqrt(variance + eps) * weight + bias, with a mean and a variance for each group of channels.

    input: (N, C, ...), float; the C channels are num_groups groups of neighbours.  weight, bias: (C,), or None.
    ValueError: one value per group.  RuntimeError: other shapes and dtypes.  Y. Wu and K. He (2018),
    https://arxiv.org/abs/1803.08494
    """
    check_tensors("group_norm", input=input)
    if input.ndim < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.ndim}")
    x = raw(input)
    number, channels = x.shape[:2]
    if num_groups < 1:
        raise RuntimeError(f"Expected num groups to be greater than 0, got {num_groups}")
    if number * channels // num_groups * math.prod(x.shape[2:]) == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {list(x.shape)}")
    checked_input("group_norm", input, least=2)
    if channels % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of shape "
            f"{list(x.shape)} and num_groups={num_groups}"
        )
    check_parameters("group_norm", (channels,), input, weight=weight, bias=bias)
    if x.dtype.char == "e":
        return in_single("NativeGroupNormBackward0", group_normalized, (input, weight, bias), num_groups, eps)
    return group_normalized(input, weight, bias, num_groups, eps)


def group_normalized(input: Tensor, weight: Tensor | None, bias: Tensor | None, groups: int, eps: float) -> Tensor:
    """`group_norm` of operands that were checked."""
    shape = raw(input).shape
    number, each, rest = shape[0], shape[1] // groups, shape[2:]
    kept = (number, groups) + (1,) * (1 + len(rest))
    along = (1, groups, each) + (1,) * len(rest)
    deviations = centred(input.reshape(number, groups, each, *rest), kept)
    variance = variance_of(raw(deviations), kept)
    result = normalized(deviations, variance, weight, bias, kept, along, eps, "NativeGroupNormBackward0")
    value = in_format(by_rows(raw(result)).reshape(shape), format_of(raw(input)))
    return record(value, (result,), (ungrouped_da,), raw(result).shape, name="NativeGroupNormBackward0")


def ungrouped_da(g: Tensor, _out: Tensor, _a: Tensor, grouped: tuple[int, ...]) -> Tensor:
    return g.reshape(grouped)


# Each channel of each image ---------------------------------------------------------------------------------


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(input - mean) / sqrt(variance + eps) * weight + bias, with a mean and a variance for each channel of each image.

    input: (N, C, L1, ...), float.  weight, bias, running_mean, running_var: (C,), or None.  With use_input_stats the
    mean and the variance are the images', and the running ones move by the share `momentum` towards their average; else
    the running ones are used.

    ValueError: one value per channel, or one running statistic alone.  RuntimeError: other shapes and dtypes.  D.
    Ulyanov et al. (2016), https://arxiv.org/abs/1607.08022
    """
    check_tensors("instance_norm", input=input)
    if use_input_stats and math.prod(input.shape[2:]) == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {input.shape}")
    if (running_mean is None) != (running_var is None):
        raise ValueError("running_mean and running_var must either both be None or neither be None")
    if not use_input_stats and running_mean is None:
        raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
    x = checked_input("instance_norm", input, least=2)
    number, channels, *rest = x.shape
    statistics = {"running_mean": running_mean, "running_var": running_var}
    check_parameters("instance_norm", (channels,), input, **statistics, weight=weight, bias=bias)
    if use_input_stats and running_mean is not None and running_var is not None:
        check_statistics(running_mean, running_var)
    one_batch = input.contiguous().reshape(1, number * channels, *rest)
    means, variances = tiled(running_mean, number), tiled(running_var, number)
    operands: tuple[Any, ...] = one_batch, tiled(weight, number), tiled(bias, number)
    options: tuple[Any, ...] = means, variances, use_input_stats, momentum, eps
    if x.dtype.char == "e":
        result = in_single("NativeBatchNormBackward0", batch_normalized, operands, *options)
    else:
        result = batch_normalized(*operands, *options)
    if use_input_stats and number:
        take_average(running_mean, means, channels)
        take_average(running_var, variances, channels)
    return result.view(number, channels, *rest)


def tiled(parameter: Tensor | None, number: int) -> Tensor | None:
    """A weight, a bias or a statistic for so many images."""
    return None if parameter is None else parameter.repeat(number)


def take_average(running: Tensor | None, moved: Tensor | None, channels: int) -> None:
    """Put the average of what a running statistic became for each image into it."""
    if running is not None and moved is not None:
        raw(running)[...] = moved.array.reshape(-1, channels).mean(0)
        mark_changed(running)


# The mean square --------------------------------------------------------------------------------------------


def rms_norm(input: Tensor, normalized_shape: Any, weight: Tensor | None = None, eps: float | None = None) -> Tensor:
    """input / sqrt(mean square + eps) * weight, with the mean over the last dimensions.

    input: (..., *normalized_shape), float.  weight: normalized_shape, or None.  eps: by default what float32 (for
    float64, float64) can tell from 1.  RuntimeError for other shapes.
    B. Zhang and R. Sennrich (2019), https://arxiv.org/abs/1910.07467
    """
    check_tensors("rms_norm", ("weight",), input=input, weight=weight)
    x = checked_input("rms_norm", input, least=0)
    ending = tuple(normalized_shape)
    if not ending:
        raise RuntimeError(
            "Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got "
            "normalized_shape = []"
        )
    if weight is not None and weight.shape != ending:
        raise RuntimeError(
            "Expected weight to be of same shape as normalized_shape, but got weight of shape "
            f"{list(weight.shape)} and normalized_shape = {list(ending)}"
        )
    if x.shape[-len(ending) :] != ending:
        raise RuntimeError(
            f"Given normalized_shape={list(ending)}, expected input with shape [*, {', '.join(map(str, ending))}], but "
            f"got input of size {list(x.shape)}"
        )
    wide: Tensor = input.float() if x.dtype.char == "e" else input
    if eps is None:
        eps = float(np.finfo(raw(wide).dtype).eps)
    dims = tuple(range(-len(ending), 0))
    result: Tensor = wide * wide.pow(2).mean(dims, keepdim=True).add(eps).rsqrt()
    if weight is not None:
        result = result * weight
    return result.type_as(input).contiguous(memory_format=format_of(x))


# Neighbouring channels --------------------------------------------------------------------------------------


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """input / (k + alpha * the mean of the squares of `size` neighbouring channels) ** beta; zeros lie beyond the ends.

    input: (N, C, L1, ...).  ValueError for fewer dimensions.
    A. Krizhevsky et al. (2012), https://papers.nips.cc/paper/4824
    """
    if input.ndim < 3:
        raise ValueError(f"Expected 3D or higher dimensionality input (got {input.ndim} dimensions)")
    if input.numel() == 0:
        return input
    number, channels = input.shape[:2]
    squares = (input * input).reshape(number, 1, channels, -1)
    means = avg_pool2d(squares, (size, 1), stride=1, padding=(size // 2, 0))[:, 0, :channels]
    result: Tensor = input / (means.reshape(input.shape) * alpha + k).pow(beta)
    return result
