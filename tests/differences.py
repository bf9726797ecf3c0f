"""Where minigrad means to differ from PyTorch, with a sample for each case that shows it.

test_ops.py leaves these cases out of its comparisons, and test_registry.py checks that each is a difference still.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from registry import OPS
from samples import Sample
from tables import in_place

import minigrad
from minigrad.arrays import repeats_elements
from minigrad.formats import channels_last, channels_last_3d, format_of


@dataclass(frozen=True)
class Difference:
    """Ops that differ on some samples, and how."""

    ops: tuple[str, ...]
    how: str
    applies: Callable[[Sample], bool]
    example: Sample
    on_every_processor: bool = True
    """Else PyTorch differs only where its library has code for the processor: the case may differ, and need not."""


def differs(op: str, sample: Sample, differences: list[Difference]) -> bool:
    """Whether an op means to differ from PyTorch on a sample; in place it does where it does otherwise."""
    names = {op, BASES.get(op, op)}
    return any(names & {*difference.ops} and difference.applies(sample) for difference in differences)


BASES = {f"Tensor.{name}": op for name, _, op in in_place.entries()}
"""The ops that methods do in place."""


def arrays(*values: Any, dtype: str = "float32") -> tuple[Any, ...]:
    """Operands for an example."""
    return tuple(np.array(value, dtype) for value in values)


def dtypes(sample: Sample) -> list[str]:
    """The dtypes of a sample's operands; "number" for what is no array."""
    return [x.dtype.name if isinstance(x, np.ndarray) else "number" for x in sample.operands]


def whole(dtype: str) -> bool:
    """Whether a dtype is one of integers or bools."""
    return "int" in dtype or dtype == "bool"


def rounds_twice(x: Any) -> bool:
    """Whether some float64 becomes another float16 by way of float32."""
    with np.errstate(over="ignore"):
        once, twice = x.astype("float16"), x.astype("float32").astype("float16")
    return not np.array_equal(once, twice, equal_nan=True)


def not_finite(sample: Sample) -> bool:
    """Whether there are infinities or nans among the values."""
    floats = (x for x in sample.operands if isinstance(x, np.ndarray) and x.dtype.kind == "f")
    return any(not np.isfinite(x).all() for x in floats)


def not_finite_arrays(sample: Sample) -> bool:
    """As `not_finite`, where some operands are no arrays."""
    return any(isinstance(x, np.ndarray) and x.dtype.kind == "f" and not np.isfinite(x).all() for x in sample.operands)


def points_outside(x: Any, dim: int, index: Any) -> bool:
    """Whether an index points beyond a dimension."""
    return bool((index >= (x.shape[dim] if x.ndim else 1)).any())


def without_dimensions(sample: Sample) -> bool:
    """Whether the first operand is 0-d."""
    return sample.operands[0].ndim == 0


def narrowed_to_one(width: int, options: dict[str, Any]) -> bool:
    """Whether a resizing makes images one element wide."""
    name = "size" if "size" in options else "scale_factor"
    given = options[name]
    last = given[-1] if isinstance(given, tuple) else given
    return int(last if name == "size" else width * last) == 1


def keeps_its_size(sample: Sample) -> bool:
    """Whether a resizing makes images of the size that they have."""
    image = sample.operands[0].shape[2:]
    given = sample.options.get("size", sample.options.get("scale_factor"))
    each = given if isinstance(given, (tuple, list)) else [given] * len(image)
    return all(n == int(x if "size" in sample.options else n * x) for n, x in zip(image, each))


def beyond_what_is_left(shape: tuple[int, ...], around: tuple[int, ...]) -> bool:
    """Whether a padding is larger than what a negative one leaves of a dimension."""
    sizes = zip(reversed(shape), around[::2], around[1::2])
    return any(max(before, after) > n + min(before, 0) + min(after, 0) for n, before, after in sizes)


LOSSES = "nn.functional."


def with_in_place(*names: str) -> tuple[str, ...]:
    """Functions of nn.functional, each with its calls that work in place."""
    return tuple(f"{LOSSES}{name}{ending}" for name in names for ending in ("", ", in place", "_"))


VALUES = [
    Difference(
        ("linalg.det",),
        "float16 is refused of matrices without elements too (in PyTorch the determinant is 1)",
        lambda sample: dtypes(sample) == ["float16"] and sample.operands[0].size == 0,
        Sample((np.ones((0, 0), "float16"),)),
    ),
    Difference(
        (LOSSES + "scaled_dot_product_attention",),
        "keys of another number than values are refused (in PyTorch memory beyond the shorter ones may be read)",
        lambda sample: sample.operands[1].shape[-2] != sample.operands[2].shape[-2],
        Sample((*(np.ones((1, 1, n, 1), "float32") for n in (1, 2, 1)), None, 0.0, False)),
    ),
    Difference(
        (LOSSES + "scaled_dot_product_attention",),
        "a negative scale with is_causal: what comes later is left out (in PyTorch nan)",
        lambda sample: sample.operands[5] and (sample.options.get("scale") or 1) < 0,
        Sample((*(np.ones((1, 1, 2, 1), "float32"),) * 3, None, 0.0, True), {"scale": -0.3}),
    ),
    Difference(
        ("index_put", "Tensor.index_put_"),
        "a single value of another dtype, put by a mask, is refused (in PyTorch it is converted)",
        lambda sample: (
            sample.operands[2].size == 1
            and sample.operands[2].dtype != sample.operands[0].dtype
            and any(index.dtype == bool for index in sample.operands[1])
        ),
        Sample((np.array([True, True]), (np.array([True, False]),), np.array(3.0, "float32"))),
    ),
    Difference(
        ("pow", "Tensor.__pow__", "Tensor.__rpow__", "Tensor.pow_", "Tensor.__ipow__"),
        "a negative power of an integer is an error also where the exponent is a tensor (in PyTorch 0)",
        lambda sample: all(whole(d) or d == "number" for d in dtypes(sample)),
        Sample(arrays([2], [-1], dtype="int64")),
    ),
    Difference(
        ("sign",),
        "the sign of nan is nan (in PyTorch 0)",
        not_finite,
        Sample(arrays([np.nan, 1])),
    ),
    Difference(
        ("all", "any"),
        "all and any of uint8 are bool (in PyTorch uint8)",
        lambda sample: dtypes(sample) == ["uint8"],
        Sample(arrays([1], dtype="uint8")),
    ),
    Difference(
        ("all", "any"),
        "all and any over dim=() reduce all dimensions, as sum does (in PyTorch none)",
        lambda sample: sample.options.get("dim") == (),
        Sample(arrays([True, False], dtype="bool"), {"dim": ()}),
    ),
    Difference(
        ("where", "Tensor.where"),
        "a condition must be bool (PyTorch takes uint8, and warns)",
        lambda sample: dtypes(sample)[0] == "uint8",
        Sample(arrays([1, 0], [1, 2], [3, 4], dtype="uint8")),
    ),
    Difference(
        ("Tensor.__invert__",),
        "~x of floats is a NotImplementedError, as bitwise_not(x) is (in PyTorch a TypeError)",
        lambda sample: not whole(dtypes(sample)[0]),
        Sample(arrays([1])),
    ),
    Difference(
        ("Tensor.__setitem__",),
        "x[positions] = value converts a value of one element to x's dtype (PyTorch does so for masks only)",
        lambda sample: np.ndim(sample.operands[2]) == 0,
        Sample((np.array([1.0, 2.0]), np.array([0]), np.array(3))),
    ),
    Difference(
        (LOSSES + "l1_loss",),
        "l1_loss of integers is refused, as mse_loss is (PyTorch computes its sum)",
        lambda sample: all(whole(dtype) for dtype in dtypes(sample)),
        Sample(arrays([1, 2], [3, 3], dtype="int64"), {"reduction": "sum"}),
    ),
    Difference(
        ("matmul", "Tensor.__matmul__"),
        "two dtypes are refused also where there is nothing to multiply (PyTorch takes some such operands)",
        lambda sample: len(set(dtypes(sample))) > 1 and any(x.size == 0 for x in sample.operands),
        Sample((np.ones((2, 0), "float32"), np.ones((2, 0, 2)))),
    ),
    Difference(
        ("take_along_dim", "kron"),
        "operands may lie in any order in memory (PyTorch refuses some: view size is not compatible ...)",
        lambda sample: any(x.strides != np.empty(x.shape, x.dtype).strides for x in sample.operands),
        Sample((np.ones((2, 3), "float32").T, np.array([1, 0]))),
    ),
    Difference(
        ("pixel_shuffle", "pixel_unshuffle"),
        "volumes may lie as channels_last_3d (PyTorch refuses them: Unsupported memory format)",
        lambda sample: format_of(sample.operands[0]) is channels_last_3d,
        Sample((np.ones((1, 2, 2, 2, 4), "float32").transpose(0, 4, 1, 2, 3), 1)),
    ),
    Difference(
        ("topk", "kthvalue", "median", "nanmedian"),
        "of equal elements the first is taken (in PyTorch any)",
        lambda sample: len(np.unique(sample.operands[0])) < sample.operands[0].size,
        Sample((np.zeros((3, 3), "float32"), 1)),
        on_every_processor=False,
    ),
    Difference(
        ("bmm", "einsum", "addbmm", "baddbmm"),
        "two dtypes are refused as matmul refuses them (PyTorch takes some where there is nothing to multiply)",
        lambda sample: len(set(dtypes(sample)) - {"number"}) > 1,
        Sample((np.ones((1, 2, 0), "float32"), np.ones((1, 0, 2)))),
    ),
    Difference(
        ("std_mean", "var_mean"),
        "the mean beside the spread is that of mean(), also where it is infinite (in PyTorch nan)",
        not_finite,
        Sample(arrays([np.inf, np.inf])),
    ),
    Difference(
        tuple(f"{LOSSES}avg_pool{dims}d" for dims in (2, 1, 3)),
        "avg_pool2d of int64 is refused, as of other integers (PyTorch cuts the means down to integers)",
        lambda sample: dtypes(sample)[0] == "int64",
        Sample((np.ones((1, 2, 2), "int64"), 2)),
    ),
    Difference(
        (LOSSES + "interpolate",),
        "bilinear and bicubic of integers are refused (in PyTorch how uint8 is rounded hangs on the processor)",
        lambda sample: whole(dtypes(sample)[0]) and "nearest" not in sample.options.get("mode", "nearest"),
        Sample((np.ones((1, 1, 2, 2), "uint8"),), {"mode": "bilinear", "size": 3}),
    ),
    Difference(
        (LOSSES + "interpolate, antialiased",),
        "antialiased to a width of 1, all rows count (in PyTorch, where images lie by rows, the first ones alone)",
        lambda sample: narrowed_to_one(sample.operands[0].shape[-1], sample.options),
        Sample((np.arange(12.0).reshape(1, 1, 4, 3),), {"mode": "bilinear", "antialias": True, "size": (2, 1)}),
    ),
    Difference(
        tuple(op for op in OPS if "max_pool3d" in op),
        "max_pool3d takes a volume without a batch that lies as channels_last (PyTorch refuses it)",
        lambda sample: sample.operands[0].ndim == 4 and format_of(sample.operands[0]) is channels_last,
        Sample((np.ones((2, 2, 2, 3), "float32").transpose(0, 3, 1, 2), 1)),
    ),
    Difference(
        tuple(op for op in OPS if "max_pool3d" in op),
        "of a window of nothing but -inf the first is taken (in PyTorch's channels_last_3d perhaps one outside of it)",
        lambda sample: bool(np.isneginf(x := sample.operands[0]).any()) and format_of(x) is channels_last_3d,
        Sample((np.full((1, 4, 2, 2, 2), -np.inf, "float32").transpose(0, 4, 1, 2, 3), 2), {"return_indices": True}),
    ),
    Difference(
        (LOSSES + "ctc_loss", "ctc_loss, of logits"),
        "targets of all samples in one row may have gaps in memory (in PyTorch what lies in the gaps is taken)",
        lambda sample: np.ndim(sample.operands[1]) == 1 and not np.asarray(sample.operands[1]).flags.c_contiguous,
        Sample((np.log([[[0.4, 0.6], [0.4, 0.6]]]), np.array([1, 0, 0, 1])[::3], np.array([1, 1]), np.array([1, 1]))),
    ),
    Difference(
        (LOSSES + "avg_pool3d",),
        "avg_pool3d takes windows larger than a volume that fit in its padding, as avg_pool2d does (in PyTorch not)",
        lambda sample: any(n < k for n, k in zip(sample.operands[0].shape[-3:], np.resize(sample.operands[1], 3))),
        Sample((np.ones((1, 2, 2, 2), "float32"), 3), {"padding": 1}),
    ),
    Difference(
        (LOSSES + "pad, circular",),
        "circular padding by more than negative padding leaves is refused (PyTorch gives what was in memory)",
        lambda sample: beyond_what_is_left(sample.operands[0].shape, sample.operands[1]),
        Sample((np.ones((1, 3), "float32"), (1, -3), "circular")),
    ),
    Difference(
        (LOSSES + "cross_entropy",),
        "label_smoothing=1: the target's own logit counts as any other, also if infinite (in PyTorch 0 * inf: nan)",
        lambda sample: sample.options.get("label_smoothing") == 1 and not_finite(sample),
        Sample((np.array([-np.inf, 0, 1], "float32"), np.array(0)), {"label_smoothing": 1.0}),
    ),
    Difference(
        (LOSSES + "binary_cross_entropy_with_logits",),
        "infinite logits may give inf where PyTorch gives nan, and the other way round",
        not_finite,
        Sample(arrays([np.inf], [0])),
    ),
    Difference(
        ("take_along_dim",),
        "take_along_dim takes int32 positions, as gather does (in PyTorch not where they broadcast)",
        lambda sample: sample.operands[1].dtype == "int32",
        Sample((np.ones((0, 3), "float32"), np.ones((0, 3), "int32")), {"dim": 0}),
    ),
    Difference(
        ("addmv",),
        "sizes that do not fit are a RuntimeError beside a number without dimensions, too (in PyTorch an IndexError)",
        lambda sample: sample.operands[0].ndim == 0 and sample.operands[1].shape[1:] != sample.operands[2].shape,
        Sample(arrays(3, [[3, 1]], [3, 1, 0])),
    ),
    Difference(
        ("index_select", "index_add"),
        "an index that points outside is an IndexError (in PyTorch a RuntimeError for some floats)",
        lambda sample: points_outside(*sample.operands[:3]),
        Sample((np.ones((2, 2), "float32"), 1, np.array([5]))),
    ),
    Difference(
        (LOSSES + "instance_norm",),
        "instance_norm takes no images too, and leaves the running statistics alone (in PyTorch an IndexError)",
        lambda sample: sample.operands[0].size == 0 and any(x is not None for x in sample.operands[1:5]),
        Sample((np.ones((0, 1, 3), "float32"), *arrays([0], [1], [1], [1]), False)),
    ),
    Difference(
        (LOSSES + "batch_norm",),
        "running statistics that repeat elements are refused in training, as in instance_norm (PyTorch changes them)",
        lambda sample: sample.operands[5] and any(repeats_elements(x) for x in sample.operands[1:3] if x is not None),
        Sample((np.ones((2, 2), "float32"), *(np.broadcast_to(np.float32(1), 2),) * 2, None, None, True)),
    ),
    Difference(
        (LOSSES + "multi_margin_loss", LOSSES + "multilabel_margin_loss"),
        "the mean of no losses is nan (in PyTorch what happens to lie in memory)",
        lambda sample: sample.operands[0].size == 0,
        Sample((np.ones((0, 2), "float32"), np.ones(0, "int64"))),
        on_every_processor=False,
    ),
    Difference(
        ("Tensor.half", "Tensor.to", "Tensor.type", "Tensor.type_as"),
        "float64 becomes float16 by one rounding (in PyTorch by two, to float32 first)",
        lambda sample: sample.operands[0].dtype == "float64" and rounds_twice(sample.operands[0]),
        Sample((np.array([2.62597665]),)),
    ),
    Difference(
        (LOSSES + "gelu",),
        "the gelu of inf is inf (in PyTorch nan, where it uses oneDNN, as with AVX-512)",
        not_finite,
        Sample(arrays([np.inf, 1])),
        on_every_processor=False,
    ),
]
"""In values, dtypes or errors."""


def blank_among_labels(sample: Sample) -> bool:
    """Whether a sample of ctc_loss has the blank among its labels."""
    return bool((np.asarray(sample.operands[1]) == sample.options.get("blank", 0)).any())


def is_infinite_power(sample: Sample) -> bool:
    """Whether a power of two arrays has infinite elements in the dtype of the first."""
    x, y = sample.operands
    with np.errstate(all="ignore"), suppress(ValueError):  # shapes that do not fit
        return bool(np.isinf((x**y).astype(x.dtype)).any())
    return False


def has_equal_largest(x: Any, y: Any) -> bool:
    """Whether two rows, of one table and the other, have several differences that are the largest."""
    if x.ndim < 2:
        return False
    sizes = abs(x[..., :, None, :] - y[..., None, :, :])
    return bool(((sizes == sizes.max(-1, initial=0, keepdims=True)).sum(-1) > 1).any())


def of_nan_alone(sample: Sample) -> bool:
    """Whether a variance is one of a number that is nan."""
    x = sample.operands[0]
    has_dim = len(sample.operands) > 1 or sample.options.get("dim") is not None
    return bool(np.isnan(x).any()) and (x.size == 1 or (has_dim and 1 in x.shape))


GRADIENTS = [
    Difference(
        ("Tensor.pow_", "Tensor.__ipow__"),
        "in place, a power of two float dtypes is known to its gradient in the wider one (in PyTorch in its own)",
        lambda sample: len({dtype for dtype in dtypes(sample) if "float" in dtype}) > 1 and is_infinite_power(sample),
        Sample((np.full(2, 1.625, "float32"), np.full(2, 300.0))),
    ),
    Difference(
        ("addcmul",),
        "the gradient of addcmul beside bytes is value times them (in PyTorch that wraps around: -1 is 255)",
        lambda sample: "value" in sample.options and any(x.dtype in ("uint8", "int8") for x in sample.operands[1:]),
        Sample((np.ones(2, "float32"), np.ones(2, "float32"), np.full(2, 3, "uint8")), {"value": -1}),
    ),
    Difference(
        ("var", "Tensor.var", "var_mean", "var, unbiased or not"),
        "of nan alone the gradient of the variance is nan (in PyTorch inf)",
        of_nan_alone,
        Sample((np.array(np.nan, "float32"),), {"dim": 0}),
    ),
    Difference(
        ("quantile", "nanquantile"),
        "of several nans, and of equal elements in another order or among more than 16, the first has the gradient (in "
        "PyTorch any)",
        lambda sample: np.isnan(sample.operands[0]).sum() > 1 or in_other_order(sample) or sample.operands[0].size > 16,
        Sample((np.array([1, np.nan, np.nan], "float32"), 0.5)),
        on_every_processor=False,
    ),
    Difference(
        ("index_reduce", "Tensor.index_reduce_", "scatter_reduce", "Tensor.scatter_reduce_"),
        "a largest or smallest with include_self=False shares no gradient with an equal element that it replaces",
        lambda sample: sample.options.get("include_self") is False and sample.operands[4] in ("amax", "amin"),
        Sample(
            (np.array([1.0, 2.0], "float32"), 0, np.array([0]), np.array([1.0], "float32"), "amax"),
            {"include_self": False},
        ),
    ),
    Difference(
        (LOSSES + "ctc_loss", "ctc_loss, of logits"),
        "with the blank among the labels, which PyTorch forbids without looking, the gradient is that of the loss",
        blank_among_labels,
        Sample(
            (np.log(np.full((3, 1, 2), 0.5, "float32")), np.array([[1]]), [2], [1]), {"blank": 1, "reduction": "sum"}
        ),
    ),
    Difference(
        (LOSSES + "pdist", "pdist", "cdist"),
        "equal largest differences share the gradient of order inf, as in vector_norm (in PyTorch each has it whole)",
        lambda sample: sample.options.get("p") == np.inf and has_equal_largest(sample.operands[0], sample.operands[-1]),
        Sample((np.array([[0, 0], [1, 1], [3, 3]], "float32"),), {"p": np.inf}),
    ),
    Difference(
        tuple(op for op in OPS if "interpolate" in op),
        "by nearest and a factor, gradients go to the elements that were taken (in PyTorch, by 1.37, say, to others)",
        lambda sample: (
            sample.options.get("mode", "nearest") == "nearest"
            and bool(set(np.atleast_1d(sample.options.get("scale_factor", 1))) - {1, 2, 0.5, 1.5, 3})
        ),
        Sample((np.arange(2.0).reshape(1, 1, 2),), {"mode": "nearest", "scale_factor": 1.37}),
    ),
    Difference(
        tuple(op for op in OPS if "interpolate" in op and "antialias" not in op),
        "bicubic into the same size: the gradient is that of the value (in PyTorch what arrives, also by a factor)",
        lambda sample: sample.options.get("mode") == "bicubic" and keeps_its_size(sample),
        Sample((np.arange(4.0).reshape(1, 1, 2, 2),), {"mode": "bicubic", "scale_factor": 1.3}),
    ),
    Difference(
        (LOSSES + "embedding_bag",),
        "scale_grad_by_freq divides by how often a row itself is named (in PyTorch's embedding_bag, or another row)",
        lambda sample: "scale_grad_by_freq" in sample.options,
        Sample((np.array([[2, 1, 1]]), np.ones((3, 2), "float32")), {"scale_grad_by_freq": True}),
    ),
    Difference(
        tuple(
            f"{LOSSES}adaptive_{kind}_pool{dims}d{ending}"
            for dims in (1, 2, 3)
            for kind, ending in (("avg", ""), ("max", ""), ("max", "_with_indices"))
        ),
        "the gradient of an adaptive pooling to a size of 0 is zeros (in PyTorch an error)",
        lambda sample: 0 in np.atleast_1d(np.array(sample.operands[1], object)),
        Sample((np.ones((1, 2), "float32"), 0)),
    ),
    Difference(
        (LOSSES + "group_norm",),
        "group_norm with a bias and without a weight has gradients (in PyTorch: tensor does not have a device)",
        lambda sample: sample.operands[2] is None,
        Sample((np.ones((1, 2, 3), "float32"), 1, None, *arrays([0, 1]))),
    ),
    Difference(
        (LOSSES + "group_norm",),
        "where there is nothing to normalize, the gradients of group_norm's weight and bias are 0 (in PyTorch nan)",
        lambda sample: sample.operands[0].size == 0,
        Sample((np.ones((1, 2, 0), "float32"), 1, *arrays([1, 1], [0, 1]))),
    ),
    Difference(
        ("atan2", "arctan2", "Tensor.atan2_", "Tensor.arctan2_"),
        "the gradient beside small integers is right (in PyTorch their squares, or negatives, wrap around)",
        lambda sample: any(x.dtype.kind in "iu" and x.dtype.itemsize < 8 for x in sample.operands),
        Sample((np.array([4, 3], "uint8"), np.array([0.25, -0.25], "float32"))),
    ),
    Difference(
        ("sinc",),
        "near 0 the gradient is a difference of nearly equal numbers, of which few digits are left (in PyTorch others)",
        lambda sample: bool(((sample.operands[0] != 0) & (abs(sample.operands[0]) < 1e-3)).any()),
        Sample((np.array([1e-6, -4.98]),)),
        on_every_processor=False,
    ),
    Difference(
        ("logit", "Tensor.logit_"),
        "with eps, the gradient at nan is nan (in PyTorch sometimes 0)",
        lambda sample: "eps" in sample.options and bool(np.isnan(sample.operands[0]).any()),
        Sample(arrays([0.3, np.nan]), {"eps": 0.25}),
        on_every_processor=False,
    ),
    Difference(
        (LOSSES + "batch_norm",),
        "the gradient of one image whose channels lie side by side (in PyTorch its elements may be mixed up)",
        lambda sample: sample.operands[0].ndim > 3 and in_other_order(sample) and 1 in sample.operands[0].shape,
        Sample((np.ones((3, 1, 2, 1), "float32").transpose(1, 2, 0, 3), *arrays([0, 0], [1, 1]))),
    ),
    Difference(
        ("conv2d",),
        "the gradient of the weight of several groups, of images that do not lie by rows (in PyTorch it may be wrong)",
        lambda sample: sample.options.get("groups", 1) > 1 and in_other_order(sample),
        Sample(
            (
                np.arange(8, dtype="float32").reshape(1, 2, 1, 4).transpose(0, 3, 1, 2)[..., :1],
                np.ones((2, 2, 1, 1), "float32"),
            ),
            {"groups": 2},
        ),
        on_every_processor=False,
    ),
    Difference(
        (LOSSES + "kl_div",),
        "the gradient of a float64 target without dimensions has all its digits (in PyTorch those of float32)",
        lambda sample: sample.operands[1].ndim == 0 and sample.operands[1].dtype == "float64",
        Sample((np.ones((2, 2)), np.array(0.69116838))),
        on_every_processor=False,
    ),
    Difference(
        (LOSSES + "batch_norm",),
        "the gradients where mean, variance or weight are not contiguous (PyTorch reads what lies beside them)",
        lambda sample: any(isinstance(x, np.ndarray) and not x.flags.c_contiguous for x in sample.operands[1:4]),
        Sample(
            (np.ones((2, 2), "float32"), *(np.arange(1, 9, dtype="float32").reshape(2, 4)[:, ::2]), None, None, False)
        ),
        on_every_processor=False,
    ),
    *VALUES,
    Difference(
        ("abs", "Tensor.__abs__", LOSSES + "l1_loss"),
        "where the sign of nan is nan, so are the gradients of abs and l1_loss (in PyTorch 0)",
        not_finite,
        Sample(arrays([np.nan, 1], [1, 1])[:1]),
    ),
    Difference(
        (LOSSES + "binary_cross_entropy",),
        "p (1 - p) is taken as 1e-12 at least, at probabilities of 0 and 1 in float64 too (in PyTorch float32(1e-12))",
        lambda sample: sample.operands[0].dtype == "float64" and bool((abs(sample.operands[0] - 0.5) == 0.5).any()),
        Sample(arrays([1, 1], [0, 0], dtype="float64"), {"reduction": "none"}),
    ),
    Difference(
        ("sum", "cumsum", "cumprod"),
        "a sum of floats in an integer dtype is a constant to differentiation (in PyTorch an error)",
        lambda sample: sample.options.get("dtype") == "int64",
        Sample(arrays([1]), {"dtype": "int64"}),
    ),
    Difference(
        ("norm", "linalg.vector_norm", "linalg.norm"),
        "the gradient of how many elements are not 0, the norm of order 0, is zeros (in PyTorch None)",
        lambda sample: 0 in (sample.options.get("p"), sample.options.get("ord")),
        Sample(arrays([1, 2]), {"p": 0}),
    ),
    Difference(
        ("sgn",),
        "the gradient of sgn is zeros (in PyTorch a ZeroTensor, which numpy() refuses)",
        lambda _: True,
        Sample(arrays([1, 2])),
    ),
    Difference(
        tuple(f"Tensor.{name}_" for name in ("acosh", "arccosh", "asinh", "arcsinh", "atanh", "arctanh")),
        "acosh_, asinh_ and atanh_ have derivatives (PyTorch has not implemented them)",
        lambda _: True,
        Sample(arrays([2, 3])),
    ),
    Difference(
        tuple(
            f"{kind}{name}_reduce{end}" for name in ("scatter", "index") for kind, end in (("", ""), ("Tensor.", "_"))
        ),
        "the gradient of an element times others is that of them, also where it is infinite or nan (in PyTorch nan)",
        lambda sample: sample.operands[4] == "prod" and not_finite_arrays(sample),
        Sample((*arrays([np.inf, 1]), 0, np.array([1]), *arrays([2]), "prod")),
    ),
    Difference(
        ("vander",),
        "vander has a gradient (PyTorch changes in place what it needs for it)",
        lambda _: True,
        Sample(arrays([1, 2, 3])),
    ),
    Difference(
        ("clamp, by tensors",),
        "bounds of two float dtypes are compared exactly (in PyTorch after rounding to that of the larger shape)",
        lambda sample: len({d for d in dtypes(sample)[1:] if "float" in d}) > 1,
        Sample((np.array([0.25] * 3), np.array(0.69116838), np.array([0.69116837] * 3, "float32"))),
    ),
    Difference(
        tuple(f"{LOSSES}adaptive_avg_pool{dims}d" for dims in (3, 2, 1)),
        "float16 gradients of adaptive average pooling are added up in float32 (in PyTorch in float16)",
        lambda sample: sample.operands[0].dtype == "float16",
        Sample((np.ones((1, 1, 1, 1, 1), "float16"), 9)),
    ),
    Difference(
        ("nn.functional.pad, replicate",),
        "float16 gradients of repeated edges are added up in float32 (in PyTorch in float16)",
        lambda sample: sample.operands[0].dtype == "float16",
        Sample((np.ones((1, 1, 1, 1, 1), "float16"), (40,) * 6, "replicate")),
        on_every_processor=False,
    ),
    Difference(
        ("logaddexp", "logaddexp2"),
        "logaddexp and logaddexp2 of floats and bools have gradients (PyTorch subtracts the bools, an error)",
        lambda sample: "bool" in dtypes(sample),
        Sample((*arrays([1]), np.array([True]))),
    ),
    Difference(
        ("Tensor.__rmod__",),
        "number % tensor has a gradient (PyTorch has not implemented it)",
        lambda _: True,
        Sample((*arrays([3]), 2)),
    ),
    Difference(
        with_in_place("elu", "selu", "celu"),
        "the gradients of elu, selu and celu at nan are nan (in PyTorch only where tensors are contiguous, else g)",
        not_finite,
        Sample((np.full((4, 4), np.nan, "float32")[:, ::2],)),
    ),
    Difference(
        with_in_place("hardsigmoid"),
        "the slope of hardsigmoid is 1 / 6 in float64 too (in PyTorch float32(1 / 6))",
        lambda sample: sample.operands[0].dtype == "float64",
        Sample(arrays([1, 2], dtype="float64")),
    ),
    Difference(
        (*with_in_place("hardtanh", "relu6", "hardswish"), LOSSES + "hardshrink", LOSSES + "softshrink"),
        "at nan the gradient passes hardtanh, relu6, hardswish, hardshrink and softshrink (in PyTorch often 0 or nan)",
        not_finite,
        Sample((np.full(64, np.nan, "float32"), -1.0, 1.0)),
        on_every_processor=False,
    ),
]
"""In gradients, or in whether there are any."""

NOT_FINITE = [
    Difference(
        (LOSSES + "grid_sample", "grid_sample, of volumes"),
        "what lies outside of an image has no gradient, whatever arrives (in PyTorch sometimes nan, of 0 * inf)",
        lambda _: True,
        Sample((np.ones((1, 1, 1, 1)), np.full((1, 1, 1, 2), 3.0))),
    ),
    Difference(
        ("einsum",),
        "a sum over nothing, of lengths 0 and 1, has gradients of 0, whatever arrives (in PyTorch nan, of 0 * inf)",
        lambda sample: {0, 1} <= {n for x in sample.operands if isinstance(x, np.ndarray) for n in x.shape},
        Sample(("i,ij,j->", *(np.ones(size, "float32") for size in ((2,), (2, 0), (1,))))),
    ),
    Difference(
        ("cdist", LOSSES + "pdist", LOSSES + "pairwise_distance"),
        "at distance 0 an infinite gradient is nan, as of linalg.vector_norm in PyTorch too (in PyTorch's cdist 0)",
        lambda _: True,
        Sample(arrays([[1]], [[1]])),
    ),
    Difference(
        ("cumprod", "cumprod, with a zero"),
        "beside a zero, an infinite gradient times a product that is 0 is nan (in PyTorch 0)",
        lambda sample: len(sample.operands) > 1 or bool((sample.operands[0] == 0).any()),
        Sample(arrays([1, 0, 2]), {"dim": 0}),
    ),
    Difference(
        ("prod", "prod, with a zero"),
        "beside two zeros, an infinite gradient is nan (in PyTorch 0)",
        lambda sample: len(sample.operands) > 1 or (sample.operands[0] == 0).sum() > 1,
        Sample(arrays([0, 0, 2])),
    ),
    Difference(
        (LOSSES + "cross_entropy",),
        "with label_smoothing, an infinite gradient makes nan of a row that is ignored (in PyTorch 0)",
        lambda sample: (
            "label_smoothing" in sample.options
            and bool((sample.operands[1] == sample.options.get("ignore_index", -100)).any())
        ),
        Sample((*arrays([[1, 2]]), np.array([-100])), {"label_smoothing": 0.1}),
    ),
    Difference(
        ("conv1d", "conv2d", "conv3d"),
        "an infinite gradient beside padding makes nan of the weight's (in PyTorch 0, where oneDNN leaves padding out)",
        lambda sample: sample.options.get("padding", 0) not in (0, "valid"),
        Sample((np.ones((2, 1, 1), "float32"), np.ones((1, 1, 3), "float32")), {"padding": 1}),
        on_every_processor=False,
    ),
    Difference(
        ("logcumsumexp",),
        "a gradient of nan makes nan of those before it (in PyTorch it is left out)",
        lambda _: True,
        Sample(arrays([1, 2]), {"dim": 0}),
    ),
]
"""In gradients, where infinities and nans arrive."""


def more_than_matrices(sample: Sample) -> bool:
    """Whether an operand of a matrix product has more than two dimensions."""
    return any(x.ndim > 2 for x in sample.operands)


def in_other_order(sample: Sample) -> bool:
    """Whether the elements of the first operand do not lie in memory in the order of their indices."""
    return not sample.operands[0].flags.c_contiguous


AUGMENTED = tuple(f"Tensor.__{name}__" for name in ("ipow", "iadd", "isub", "imul", "itruediv", "imod"))
IN_PLACE = (
    *("Tensor.pow_", *AUGMENTED),
    *(f"Tensor.{name}" for name in dir(minigrad.Tensor) if name.endswith("_") and name[0] != "_"),
)

ONES_OF_LSTM = (*[np.ones((1, 1, 1), "float32")] * 2, *[np.ones((4, 1), "float32")] * 2)
"""The states and weights of an LSTM of one number."""

NAMES = [
    Difference(
        (LOSSES + "pad, circular",),
        "circular padding is printed as WeighedBackward0 (in PyTorch CopySlices)",
        lambda _: True,
        Sample((np.ones((1, 2), "float32"), (1, 1), "circular")),
    ),
    Difference(
        ("std_mean", "var_mean", "aminmax", "cov", "corrcoef", "quantile", "nanquantile"),
        "what other ops compute is printed as the last of them (in PyTorch StdMeanBackward0, AminmaxBackward0 ...)",
        lambda _: True,
        Sample((np.ones((2, 2)),)),
    ),
    Difference(
        ("kron", "einsum", "tensordot", "inner"),
        "a product along any dimensions is printed as the view that ends it (in PyTorch also as others)",
        lambda _: True,
        Sample((np.ones((2, 2)), np.ones((2, 2)))),
    ),
    Difference(
        ("dist", "cdist"),
        "a distance is printed as the LinalgVectorNormBackward0 that it is (in PyTorch DistBackward0, CdistBackward0)",
        lambda _: True,
        Sample((np.ones(2), np.zeros(2))),
    ),
    Difference(
        ("trapezoid", "trapz", "cumulative_trapezoid"),
        "an integral is printed as the MulBackward0 or DivBackward0 that ends it (in PyTorch 1)",
        lambda _: True,
        Sample((np.ones(2),)),
    ),
    Difference(
        ("nn.functional.multi_head_attention_forward",),
        "the weights of each head are printed as the SoftmaxBackward0 that they are (in PyTorch ViewBackward0)",
        lambda sample: sample.options.get("average_attn_weights") is False,
        Sample(
            (
                *(np.ones((1, 1, 2)),) * 3,
                *(2, 1, np.ones((6, 2)), None, None, None, False, 0.0, np.ones((2, 2)), None),
            ),
            {"average_attn_weights": False},
        ),
    ),
    Difference(
        ("block_diag",),
        "block_diag is printed as the CatBackward0 that ends it (in PyTorch BlockDiagBackward0)",
        lambda _: True,
        Sample((np.ones((1, 1)),)),
    ),
    Difference(
        (
            *("gather", "scatter", "scatter_add", "scatter_reduce", "take_along_dim"),
            *("index_select", "index_add", "index_copy", "index_reduce", "put"),
        ),
        "an op along a dimension of a 0-d tensor is printed as the ViewBackward0 that ends it",
        without_dimensions,
        Sample((np.array(1.0), 0, np.array([0]))),
    ),
    Difference(
        ("rsub", "remainder", "Tensor.__mod__", "Tensor.remainder_", "Tensor.__imod__"),
        "RsubBackward1 and RemainderBackward0 also where the second operand is a tensor (in PyTorch 0 and 1)",
        lambda sample: isinstance(sample.operands[1], np.ndarray),
        Sample(arrays([1], [2])),
    ),
    Difference(
        ("round",),
        "RoundBackward0 also with decimals (in PyTorch 1)",
        lambda sample: "decimals" in sample.options,
        Sample(arrays([1]), {"decimals": 1}),
    ),
    Difference(
        ("ldexp",),
        "ldexp is printed as the MulBackward0 that ends it (in PyTorch LdexpBackward0)",
        lambda _: True,
        Sample(arrays([1], [2])),
    ),
    Difference(
        ("clamp_min", "clamp_max"),
        "clamp_min and clamp_max are printed as the clamp that they are",
        lambda _: True,
        Sample((*arrays([1]), 0)),
    ),
    Difference(
        (LOSSES + "margin_ranking_loss", LOSSES + "triplet_margin_loss", LOSSES + "triplet_margin_with_distance_loss"),
        "a loss that ends with clamp_min is printed as the clamp that it is",
        lambda sample: sample.options.get("reduction") == "none",
        Sample((*arrays([1], [2]), np.array([1])), {"reduction": "none"}),
    ),
    Difference(
        ("clamp", "Tensor.clamp_", "clamp, by tensors"),
        "ClampBackward1 also where the bounds are tensors (in PyTorch 0)",
        lambda sample: any(isinstance(x, np.ndarray) for x in (*sample.operands[1:], *sample.options.values())),
        Sample(arrays([1], [2])),
    ),
    Difference(
        ("sum", "mean"),
        "SumBackward0 and MeanBackward0 for dim=None (in PyTorch 1)",
        lambda sample: sample.options.get("dim", 0) is None,
        Sample(arrays([1]), {"dim": None}),
    ),
    Difference(
        ("reshape", "Tensor.reshape_as", "flatten"),
        "ViewBackward0 also where the elements lie in another order in memory (in PyTorch ReshapeAlias or UnsafeView)",
        in_other_order,
        Sample((np.ones((2, 3), "float32").T, (6,))),
    ),
    Difference(
        ("matmul", "Tensor.__matmul__"),
        "UnsafeViewBackward0 for products of more than two dimensions (in PyTorch also others)",
        more_than_matrices,
        Sample((np.ones((2, 2), "float32"), np.ones((2, 2, 2, 2), "float32"))),
    ),
    Difference(
        (LOSSES + "linear",),
        "ViewBackward0 or UnsafeViewBackward0 for inputs of one dimension or more than two (in PyTorch also others)",
        lambda sample: sample.operands[0].ndim != 2,
        Sample((np.ones(2, "float32"), np.ones((2, 2), "float32"))),
    ),
    Difference(
        (LOSSES + "cross_entropy", LOSSES + "linear_cross_entropy"),
        "DivBackward1 or NegBackward0 with label_smoothing (in PyTorch AddBackward0)",
        lambda sample: sample.options.get("label_smoothing", 0) > 0,
        Sample((np.ones((1, 2), "float32"), np.array([0])), {"label_smoothing": 0.1}),
    ),
    Difference(
        (LOSSES + "cross_entropy", LOSSES + "nll_loss", LOSSES + "linear_cross_entropy"),
        "NllLoss2DBackward0 also for three dimensions and more than four unreduced (in PyTorch ViewBackward0)",
        lambda sample: sample.options.get("reduction") == "none" and sample.operands[0].ndim != 4,
        Sample((np.ones((1, 2, 1), "float32"), np.array([[0]])), {"reduction": "none"}),
    ),
    Difference(
        ("cross_entropy, of probabilities",),
        "DivBackward1 for the mean also of an empty batch (in PyTorch NegBackward0)",
        lambda sample: sample.operands[0].size == 0,
        Sample((np.ones((0, 2), "float32"), np.ones((0, 2), "float32"))),
    ),
    Difference(
        (
            *(f"{LOSSES}{name}, in place" for name in ("leaky_relu", "elu", "selu", "celu", "threshold")),
            *(f"{LOSSES}{name}_" for name in ("leaky_relu", "elu", "selu", "celu", "threshold", "rrelu")),
            "rrelu_",
            *(f"Tensor.{name}_" for name in ("squeeze", "unsqueeze", "t", "transpose", "swapaxes", "swapdims")),
        ),
        "LeakyReluBackward0, EluBackward0, SqueezeBackward0 and others also in place (in PyTorch 1 or more)",
        lambda _: True,
        Sample(arrays([1])),
    ),
    Difference(
        (LOSSES + "batch_norm",),
        "NativeBatchNormBackward0 also for an input without elements (in PyTorch AddBackward0 or MulBackward0)",
        lambda sample: sample.operands[0].size == 0,
        Sample((np.ones((0, 2), "float32"), *arrays([0, 0], [1, 1]))),
    ),
    Difference(
        ("lstm",),
        "MkldnnRnnLayerBackward0 for an LSTM of float32 without projection (in PyTorch only where it has that library)",
        lambda sample: sample.operands[0].dtype == "float32",
        Sample((np.ones((1, 1, 1), "float32"), ONES_OF_LSTM[:2], ONES_OF_LSTM[2:], False, 1, 0.0, True, False, False)),
        on_every_processor=False,
    ),
    Difference(
        (LOSSES + "dropout1d",),
        "MulBackward0 also for an input of two dimensions (in PyTorch SqueezeBackward1)",
        lambda sample: sample.operands[0].ndim == 2,
        Sample((np.ones((2, 2), "float32"),)),
    ),
    Difference(
        (LOSSES + "dropout3d", LOSSES + "dropout3d, in place"),
        "MulBackward0 also for an input of other than five dimensions (in PyTorch SqueezeBackward1)",
        lambda sample: sample.operands[0].ndim != 5,
        Sample((np.ones((2, 2), "float32"),)),
    ),
    Difference(
        (LOSSES + "pdist", LOSSES + "pairwise_distance"),
        "LinalgVectorNormBackward0, the last op in them (in PyTorch PdistBackward0 and NormBackward1)",
        lambda _: True,
        Sample(arrays([[1, 2], [3, 5]])),
    ),
    Difference(
        ("Tensor.__setitem__",),
        "IndexPutBackward0 also for x[tensor(True)] = value (in PyTorch CopySlices)",
        lambda sample: isinstance(sample.operands[1], np.ndarray) and sample.operands[1].ndim == 0,
        Sample((np.ones(2, "float32"), np.array(True), np.ones(2, "float32"))),
    ),
    Difference(
        IN_PLACE,
        "an in-place op whose result is converted is printed as the conversion, ToCopyBackward0",
        lambda sample: (
            len(set(dtypes(sample)) | {x.dtype.name for x in sample.options.values() if hasattr(x, "dtype")}) > 1
        ),
        Sample((np.ones(1, "float32"), np.ones(1))),
    ),
]
"""In the printed name of a grad_fn."""


def read_in_another_order(x: Any) -> bool:
    """Whether NumPy goes through the elements of an array in another order than PyTorch, as some are repeated.

    With strides (1, 0, 4), say, PyTorch exchanges the outer dimensions, and of equal ones takes the shorter first.
    """
    several = [step for step, n in zip(x.strides, x.shape, strict=True) if n > 1]
    repeats = 0 in several or len(set(several)) < len(several)
    return repeats and any(i <= j for i, j in itertools.pairwise(filter(None, x.strides)))


def is_repeated(x: Any, y: Any) -> bool:
    """Whether an operand is expanded, or broadcasts to another."""
    return bool(x.ndim < y.ndim or x.size < y.size or repeats_elements(x))


ORDERS = [
    Difference(
        ("conv3d", "conv_transpose3d"),
        "a convolution of volumes lies by rows (in PyTorch as its operands do, where it uses oneDNN)",
        lambda sample: any(format_of(x) is channels_last_3d for x in sample.operands if isinstance(x, np.ndarray)),
        Sample((np.ones((2, 2, 2, 2, 3), "float32").transpose(0, 4, 1, 2, 3), np.ones((1, 3, 1, 1, 1), "float32"))),
        on_every_processor=False,
    ),
    Difference(
        ("ldexp", "Tensor.ldexp_"),
        "ldexp of an expanded float16 or float64 lies by rows, as that of float32 (in PyTorch as the other operand)",
        lambda sample: sample.operands[0].dtype in ("float16", "float64") and is_repeated(*sample.operands),
        Sample((np.broadcast_to(np.ones((3, 1)), (3, 3)), np.ones((3, 3)).T)),
    ),
    Difference(
        ("exp", *OPS),
        "of an array whose elements are repeated, in dimensions out of order, a result may lie in another order",
        lambda sample: any(isinstance(x, np.ndarray) and read_in_another_order(x) for x in sample.operands),
        Sample((np.ndarray((2, 3), "float32", np.arange(4, dtype="float32"), 0, (4, 4)),)),
    ),
]
"""In the order in which results lie in memory."""
