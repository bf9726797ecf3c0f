"""Samples for ops with operands of their own kind: where, reductions, shapes, matrix products, losses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st
from samples import (
    ALL,
    FLAG,
    FLOATS,
    INTEGERS,
    NUMERIC,
    OMITTED,
    PYTHON_NUMBERS,
    Domain,
    Draw,
    Make,
    Options,
    Sample,
    anywhere,
    array,
    binary,
    broadcast_shapes,
    one_dim,
    one_of,
    perhaps,
    perhaps_one_dim,
    positive,
    probability,
    shape,
    stretched_to,
    with_ties,
)

# Powers and rounding ----------------------------------------------------------------------------------------

FRACTIONS_AND_INTS = tuple(n for n in PYTHON_NUMBERS if not isinstance(n, bool))
"""Bases and exponents: PyTorch's derivatives of powers fail for bools."""


def powers(draw: Draw, smooth: bool) -> Sample:
    """A base, mostly above 0, and an exponent, which may be a number; no integers so large that they overflow."""
    base, exponent = binary(domains=(positive, anywhere), number="second")(draw, smooth).operands
    if isinstance(exponent, np.ndarray):
        exponent = np.asarray(np.clip(exponent, -8, 8)) if exponent.dtype.kind == "i" else exponent
        exponent = exponent.astype("int64") if exponent.dtype.kind == "b" else exponent
    elif isinstance(exponent, bool):
        exponent = 2
    return Sample((base, exponent))


def rounded(draw: Draw, smooth: bool) -> Sample:
    """A tensor, and (not in float16, which PyTorch rounds twice) a number of decimals."""
    x = array(draw, smooth, shape(draw, smooth), ALL)
    decimals = perhaps(one_of(0, 1, 2, -1)) if x.dtype != "float16" else st.just(OMITTED)
    return Sample((x,), Options({"decimals": decimals}).draw(draw, (x,)))


def inside_1(x: Any) -> Any:
    """Between -1 and 1."""
    return np.clip(x / 5, -0.95, 0.95)


def above_1(x: Any) -> Any:
    """Above 1."""
    return abs(x) + 1.125


def probabilities(draw: Draw, smooth: bool) -> Sample:
    """What logit takes, without -0.0, at which PyTorch gives inf or -inf."""
    x = array(draw, smooth, shape(draw, smooth), FLOATS, probability)
    return Sample((np.asarray(abs(x)),), Options({"eps": perhaps(one_of(0.25, 0.01))}).draw(draw, (x,)))


def derivatives_of_digamma(draw: Draw, smooth: bool) -> Sample:
    """What polygamma takes, in float32: PyTorch's own is not exact to more."""
    x = array(draw, smooth, shape(draw, smooth), ("float32",))
    return Sample((draw(one_of(1, 2, 3)), above_0(x)))


def above_0(x: Any) -> Any:
    """Numbers above 0, far from where functions of them are infinite."""
    return np.asarray(abs(np.nan_to_num(x, nan=1, posinf=2, neginf=3)) + x.dtype.type(0.25))


def for_digamma(draw: Draw, smooth: bool) -> Sample:
    """What digamma takes, in float32 and above 0: PyTorch's derivative of it is not exact to more."""
    return Sample((above_0(array(draw, smooth, shape(draw, smooth), ("float32",))),))


def scaled(draw: Draw, smooth: bool) -> Sample:
    """What ldexp takes: finite numbers, the exponents perhaps integers."""
    dtype = draw(one_of("float32", "float64", "float16"))
    x, y = (near(draw, smooth, size, dtype) for size in broadcast_shapes(draw, smooth, 2))
    return Sample((x, draw(one_of(y, abs(y).astype("int64")))))


def between_two(draw: Draw, smooth: bool) -> Sample:
    """What lerp takes: two tensors and how far to go from one to the other, a number or a tensor."""
    dtype = draw(one_of("float32", "float64"))
    sizes = broadcast_shapes(draw, smooth, 3)
    x, y, w = (near(draw, smooth, size, dtype) for size in sizes)
    return Sample((x, y, draw(one_of(0.25, 0.75, 2.0)) if draw(st.booleans()) else w))


def three(dtypes: tuple[str, ...]) -> Make:
    """What addcmul takes."""

    def make(draw: Draw, smooth: bool) -> Sample:
        kind = dtypes if draw(st.booleans()) else ("float32",)
        sizes, domains = broadcast_shapes(draw, smooth, 3), (anywhere, anywhere, positive)
        operands = tuple(array(draw, smooth, *each, extremes=False) for each in zip(sizes, [kind] * 3, domains))
        return Sample(operands, Options({"value": perhaps(one_of(2, -1))}).draw(draw, ()))

    return make


def shifts(draw: Draw, smooth: bool) -> Sample:
    """Integers and by how many bits to shift them."""
    x, y = binary(("int64", "int32"), mixed=False, extremes=False)(draw, smooth).operands
    return Sample((x, np.asarray(abs(y))))


def one_bound(draw: Draw, smooth: bool) -> Sample:
    """What clamp_min takes."""
    x = array(draw, smooth, shape(draw, smooth), NUMERIC)
    return Sample((x, draw(one_of(-0.5, 0.5, 1))))


# Choosing ---------------------------------------------------------------------------------------------------


def clamped(draw: Draw, smooth: bool) -> Sample:
    """A tensor and one or two bounds, both numbers or both tensors without grad."""
    x = array(draw, smooth, shape(draw, smooth), ALL)
    numbers, options = draw(one_of(True, False)), {}
    for name, number in (("min", draw(one_of(-1, -0.5, 0, 2))), ("max", draw(one_of(1, 0.5, 0, -2)))):
        if draw(one_of(True, True, False)):
            options[name] = number if numbers else array(draw, smooth, stretched_to(draw, x.shape), NUMERIC)
    return Sample((x,), options)


def clamped_by_tensors(draw: Draw, smooth: bool) -> Sample:
    """A tensor and one or two tensors for bounds, which may require grad too.

    The bounds broadcast to the tensor: PyTorch's derivative fails where the tensor is broadcast to them.
    """
    full = shape(draw, smooth)
    x, low, high = (array(draw, smooth, s) for s in (full, stretched_to(draw, full), stretched_to(draw, full)))
    if not smooth and draw(st.booleans()) and x.shape == low.shape and x.dtype == low.dtype:
        low = with_ties(draw, x, low)
    return Sample(draw(one_of((x, low, high), (x, low, high), (x, low, None), (x, None, high))))


def chosen(draw: Draw, smooth: bool) -> Sample:
    """A condition and two values, one of which may be a Python number."""
    shapes = broadcast_shapes(draw, smooth, 3)
    conditions = ("bool",) if smooth else ("bool", "bool", "bool", "bool", "uint8", "float32")
    condition = array(draw, False, shapes[0], conditions)
    choices = [array(draw, smooth, s, ALL) for s in shapes[1:]]
    if draw(one_of(False, False, True)):
        choices[draw(one_of(0, 1))] = draw(st.sampled_from(PYTHON_NUMBERS))
    return Sample((condition, *choices))


def chosen_by_method(draw: Draw, smooth: bool) -> Sample:
    """As `chosen`, but the first value is a tensor."""
    condition, x, other = chosen(draw, smooth).operands
    return Sample((condition, x, other) if isinstance(x, np.ndarray) else (condition, other, x))


def filled(draw: Draw, smooth: bool) -> Sample:
    """A tensor, and a number or another tensor (which may only be 0-d) to fill it with."""
    x = array(draw, smooth, shape(draw, smooth), ALL)
    tensor = array(draw, smooth, () if smooth else draw(one_of((), (), (1,))), NUMERIC)
    value = tensor if draw(st.booleans()) else draw(st.sampled_from(PYTHON_NUMBERS))
    return Sample((x, value), constants=() if x.dtype.kind == "f" else (1,))


# Reductions -------------------------------------------------------------------------------------------------


def some_dims(draw: Draw, operands: tuple[Any, ...]) -> Any:
    """One dimension or several."""
    ndim = operands[0].ndim
    if ndim < 2 or draw(st.booleans()):
        return one_dim(draw, operands)
    dims = draw(st.permutations(range(ndim)))[: draw(st.integers(1, ndim))]
    return tuple(dim - ndim * draw(st.integers(0, 1)) for dim in dims)


def perhaps_dims(draw: Draw, operands: tuple[Any, ...]) -> Any:
    """One dimension, several, or no word of them."""
    return some_dims(draw, operands) if draw(one_of(True, True, False)) else OMITTED


def squeezed_dims(draw: Draw, operands: tuple[Any, ...]) -> Any:
    """As `perhaps_dims`, or an empty tuple of them."""
    return () if draw(one_of(*[False] * 5, True)) else perhaps_dims(draw, operands)


def any_dims(draw: Draw, operands: tuple[Any, ...]) -> Any:
    """One dimension, several, or all of them, said in three ways."""
    return draw(one_of(OMITTED, None, ())) if draw(one_of(False, False, True)) else some_dims(draw, operands)


def reduction(dims: Any = any_dims, dtypes: tuple[str, ...] = ALL, **options: Any) -> Make:
    """A tensor and dimensions of it; keepdim only where dimensions are given, as PyTorch wants it."""

    def make(draw: Draw, smooth: bool) -> Sample:
        operands = (array(draw, smooth, shape(draw, smooth), dtypes),)
        drawn = Options({"dim": dims, "keepdim": FLAG, **options}).draw(draw, operands)
        if "dim" not in drawn:
            drawn.pop("keepdim", None)
        if smooth:
            drawn.pop("dtype", None)
        return Sample(operands, drawn)

    return make


def spread(draw: Draw, smooth: bool) -> Sample:
    """Tensor, dimensions and correction of a variance.  (For dim=() PyTorch's gradient is wrong.)"""
    x = spread_values(draw, smooth)
    dims = {"dim": perhaps_dims, "keepdim": FLAG}
    options = Options({**dims, "correction": perhaps(one_of(0, 1, 0.5, None))}).draw(draw, (x,))
    if "dim" not in options:
        options.pop("keepdim", None)
    return Sample((x,), options)


def spread_unbiased(draw: Draw, smooth: bool) -> Sample:
    """The older form of var and std: x, unbiased, or x, dim, unbiased, keepdim."""
    x = spread_values(draw, smooth)
    unbiased = draw(st.booleans())
    return Sample((x, unbiased) if draw(st.booleans()) else (x, some_dims(draw, (x,)), unbiased, draw(st.booleans())))


def spread_values(draw: Draw, smooth: bool) -> Any:
    """A tensor; for finite differences with two elements at least along each dimension."""
    size = shape(draw, smooth, least=int(smooth))
    return array(draw, smooth, tuple(max(n, 2) for n in size) if smooth else size, ALL)


# Shapes -----------------------------------------------------------------------------------------------------


def new_dim(draw: Draw, operands: tuple[Any, ...]) -> Any:
    """Where a dimension can be put in."""
    ndim = operands[0].ndim
    return draw(st.integers(-ndim - 1, ndim))


def permuted(draw: Draw, smooth: bool) -> Sample:
    """A tensor and all its dimensions in some order."""
    x = array(draw, smooth, shape(draw, smooth), ALL)
    return Sample((x, tuple(dim - x.ndim * draw(st.integers(0, 1)) for dim in draw(st.permutations(range(x.ndim))))))


def split(draw: Draw, smooth: bool) -> Sample:
    """A tensor, the size or the sizes of its pieces (mostly adding up to its own), and a dimension."""
    x = array(draw, smooth, shape(draw, smooth), ALL)
    options = Options({"dim": perhaps_one_dim}).draw(draw, (x,))
    size = x.shape[options.get("dim", 0)] if x.ndim else 1
    return Sample((x, draw(one_of(1, 2, 3, [size], [1, size - 1], [0, size, 0], [2]))), options)


def larger_size(draw: Draw, operands: tuple[Any, ...]) -> Any:
    """A shape that the first operand broadcasts to (-1 for some sizes), or seldom one that it does not."""
    size = [draw(one_of(n, -1)) if n != 1 else draw(one_of(1, 2, 3)) for n in operands[0].shape]
    if draw(one_of(False, False, False, False, True)) and size:
        size[0] = 7
    return [draw(one_of(1, 2)) for _ in range(draw(one_of(0, 0, 1, 2)))] + size


def expanded(draw: Draw, smooth: bool) -> Sample:
    """A tensor, and sizes to stretch it to, as one sequence or one by one."""
    x = array(draw, smooth, shape(draw, smooth), ALL)
    size = larger_size(draw, (x,)) if not smooth else [2, *x.shape]
    return Sample((x, *size) if size and draw(st.booleans()) else (x, size))


def reshaped(draw: Draw, smooth: bool) -> Sample:
    """A tensor and another shape for its elements (seldom a wrong one)."""
    x = array(draw, smooth, shape(draw, smooth), ALL)
    size = other_shape(draw, x)
    if size and draw(one_of(False, True)):
        size[draw(st.integers(0, len(size) - 1))] = -1
    if not smooth and draw(one_of(False, False, False, False, True)):
        size.append(7)
    return Sample((x, size))


def reshaped_like(draw: Draw, smooth: bool) -> Sample:
    """A tensor, and another of as many elements."""
    x = array(draw, smooth, shape(draw, smooth), ALL)
    return Sample((x, array(draw, smooth, tuple(other_shape(draw, x)), ALL)), constants=(1,))


def other_shape(draw: Draw, x: Any) -> list[int]:
    """A shape with as many elements."""
    shapes = [list(x.shape), [x.size], [1, x.size], list(reversed(x.shape)), [*x.shape, 1]]
    if x.ndim > 1:
        shapes.append([x.shape[0], math.prod(x.shape[1:])])
    return list(draw(st.sampled_from(shapes)))


def looked_at(draw: Draw, smooth: bool) -> Sample:
    """A tensor, and a size, strides and (perhaps) a start by which to look at its memory; seldom beyond its end."""
    x = np.array(array(draw, smooth, shape(draw, smooth, least=1), ALL), order="C")
    sizes = [draw(one_of(1, 2, 3)) for _ in range(draw(st.integers(0, 3)))]
    steps = [draw(one_of(1, 0, 2)) for _ in sizes]
    start = {"storage_offset": draw(one_of(0, 0, 1))} if draw(st.booleans()) else {}
    last = start.get("storage_offset", 0) + sum((n - 1) * step for n, step in zip(sizes, steps, strict=True))
    if last >= x.size and (smooth or draw(one_of(True, True, False))):
        sizes, steps, start = [x.size], [1], {}
    return Sample((x, sizes, steps), start)


def flattened(draw: Draw, smooth: bool) -> Sample:
    """A tensor, and the first and last dimension to make one."""
    x = array(draw, smooth, shape(draw, smooth), ALL)
    dims = {name: one_dim(draw, (x,)) for name in ("start_dim", "end_dim") if draw(st.booleans())}
    return Sample((x,), dims)


def joined(equal: bool) -> Make:
    """Tensors that fit side by side along a dimension, or are all equal in shape."""

    def make(draw: Draw, smooth: bool) -> Sample:
        full = shape(draw, smooth, least=0 if equal else 1)
        dim = draw(st.integers(-len(full) - equal, max(len(full) - 1 + equal, 0)))
        tensors = []
        for _ in range(draw(st.integers(1, 3))):
            each = list(full)
            if full and (not equal or draw(one_of(*[False] * 9, True))):
                each[dim if -len(full) <= dim < len(full) else 0] = draw(one_of(2, 1, 3, 0))
            tensors.append(array(draw, smooth, tuple(full if equal and smooth else each), ALL))
        if not equal and not smooth and draw(one_of(False, False, False, True)):
            tensors.insert(0, np.zeros(0, "float32"))
        return Sample((tensors,), {"dim": dim} if dim or draw(st.booleans()) else {})

    return make


KEYS: dict[int, list[Any]] = {
    0: [..., None, (), (None, ...)],
    1: [0, -1, slice(1, None), slice(None, None, 2), None, ..., np.array([0, 0, -1]), slice(0, 0)],
    2: [
        0,
        (0, -1),
        (slice(None), 0),
        (..., 0),
        (slice(None), None, slice(1, None)),
        (np.array([0, 0]), np.array([0, -1])),
        (0, np.array([0, 0])),
        (np.array([[0], [-1]]), slice(None)),
        [0, 0],
    ],
}
"""Keys that fit tensors of 0, 1 and 2 dimensions whose sizes are 1 at least."""


def indexed(draw: Draw, smooth: bool) -> Sample:
    """A tensor and a key, which may be a mask."""
    x = array(draw, smooth, tuple(max(n, 1) for n in shape(draw, smooth, most=2)), ALL)
    mask = array(draw, False, x.shape[: draw(st.integers(0, x.ndim))], ("bool",))
    return Sample((x, mask if draw(one_of(False, False, True)) else draw(st.sampled_from(KEYS[x.ndim]))))


def assigned(draw: Draw, smooth: bool) -> Sample:
    """As `indexed`, with a value to put there: a number or a tensor that broadcasts (mostly).

    Where a key names an element twice, the value is one for all: which of several wins is undefined.
    """
    x, key = indexed(draw, smooth).operands
    target = x[key if not isinstance(key, list) else np.array(key)]
    parts = key if isinstance(key, tuple) else (key,)
    masks = smooth and isinstance(key, np.ndarray) and key.dtype == bool
    twice = not masks and any(isinstance(part, (np.ndarray, list)) for part in parts)
    size = stretched_to(draw, target.shape) if not twice else ()
    value = array(draw, smooth, size, NUMERIC)
    tensor = draw(one_of(True, True, False)) and not (smooth and twice)
    return Sample((x, key, value if tensor else draw(st.sampled_from(PYTHON_NUMBERS))))


def assign(_torch: Any, x: Any, key: Any, value: Any) -> Any:
    """What a copy of x is after x[key] = value."""
    copy = x.clone()
    copy[key] = value
    return copy


# Matrix products --------------------------------------------------------------------------------------------


def product(draw: Draw, smooth: bool) -> Sample:
    """Two tensors with a matrix product: 1-d, 2-d, or batches that broadcast; seldom of sizes that do not fit."""
    sizes = st.integers(1, 3) if smooth else one_of(2, 3, 1, 4, 0)
    n, k, m = (draw(sizes) for _ in range(3))
    batches = broadcast_shapes(draw, smooth, 2) if draw(st.booleans()) else [(), ()]
    a = draw(one_of((k,), (n, k), (*batches[0][:2], n, k)))
    b = draw(one_of((k,), (k, m), (*batches[1][:2], k, m)))
    if not smooth and draw(one_of(*[False] * 5, True)):
        b = shape(draw, smooth)
    first, second = draw(one_of(("float32",) * 2, ("float64",) * 2, ("int64",) * 2, ("float32", "float64")))
    if smooth:
        first = second = "float64"
    return Sample((near(draw, smooth, a, first), near(draw, smooth, b, second)))


def near(draw: Draw, smooth: bool, size: tuple[int, ...], dtype: str) -> Any:
    """An array for products: without infinities and large numbers, where the order of summing shows."""
    x = np.nan_to_num(array(draw, smooth, size, (dtype,)), nan=1, posinf=2, neginf=-2)
    return np.asarray(np.clip(x, -5, 5))


def not_short(x: Any) -> Any:
    """An array whose numbers are 0 or half of 1 at least: gradients of a direction are rounded by 1 / its length."""
    return np.asarray(x + np.sign(x) / 2, x.dtype)


def absolute(x: Any) -> Any:
    """The absolute values, as an array also when it is 0-d."""
    return np.asarray(abs(x))


def layer(draw: Draw, smooth: bool) -> Sample:
    """Input, weight and bias of a linear layer; seldom of sizes that do not fit, or with a vector for weight."""
    wide, narrow = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    batch = shape(draw, smooth, most=2)
    dtype = "float64" if smooth else draw(one_of("float32", "float64"))
    wrong = not smooth and draw(one_of(*[False] * 5, True))
    vector = draw(one_of(*[False] * 5, True))
    sizes = ((*batch, wide + wrong), (wide,) if vector else (narrow, wide), (narrow,))
    operands = [near(draw, smooth, s, dtype) for s in sizes]
    return Sample(tuple(operands[: 2 if vector else draw(one_of(2, 3))]))


# Losses -----------------------------------------------------------------------------------------------------

REDUCTION = perhaps(one_of("mean", "sum", "none"))


def distance(draw: Draw, smooth: bool) -> Sample:
    """Input, target and reduction of a loss between numbers."""
    dtypes = FLOATS if draw(one_of(True, True, False)) else (*FLOATS, "int64")
    operands = tuple(array(draw, smooth, s, dtypes) for s in broadcast_shapes(draw, smooth, 2))
    return Sample(operands, Options({"reduction": REDUCTION}).draw(draw, operands))


def binary_loss(domain: Domain = anywhere, pos_weight: bool = False) -> Make:
    """Input, target between 0 and 1, and the options of a binary cross-entropy."""

    def make(draw: Draw, smooth: bool) -> Sample:
        size = shape(draw, smooth)
        dtype = draw(st.sampled_from(("float32", "float64")))
        x = array(draw, smooth, size, (dtype,), domain)
        y = abs(array(draw, smooth, size, (dtype,))) / 4
        target = np.asarray(np.clip(np.nan_to_num(y if smooth or draw(st.booleans()) else np.round(y), nan=1), 0, 1))
        options = Options({"reduction": REDUCTION}).draw(draw, ())
        if draw(st.booleans()):
            options["weight"] = absolute(near(draw, smooth, stretched_to(draw, size), x.dtype.name))
        if pos_weight and size and draw(st.booleans()):
            options["pos_weight"] = absolute(near(draw, smooth, size[-1:], x.dtype.name))
        return Sample((x, target), options)

    return make


def classification(label_smoothing: bool = False) -> Make:
    """Logits, class indices, and the options of a cross-entropy; seldom a class that does not exist."""

    def make(draw: Draw, smooth: bool) -> Sample:
        classes = draw(st.integers(1, 4))
        batch = shape(draw, smooth)
        size = (*batch[:1], classes, *batch[1:])
        x = np.ascontiguousarray(array(draw, smooth, size, ("float32", "float64")))
        rng = np.random.default_rng(draw(st.integers(0, 999)))
        target = np.asarray(rng.integers(0, classes, batch))
        options = Options({"reduction": REDUCTION}).draw(draw, ())
        if draw(st.booleans()):
            ignored = draw(one_of(-100, -1) if smooth else one_of(-100, 0, -1))
            target = np.where(rng.random(batch) < 0.3, ignored, target)
            target.reshape(-1)[: int(smooth)] = 0  # the mean of nothing is nan
            options |= {"ignore_index": ignored} if ignored != -100 else {}
        if not smooth and draw(one_of(*[False] * 7, True)):
            target = np.where(rng.random(batch) < 0.5, classes, target)
        if draw(st.booleans()):
            options["weight"] = absolute(near(draw, smooth, (classes,), x.dtype.name)) + x.dtype.type(0.125)
        if label_smoothing and draw(st.booleans()):
            options["label_smoothing"] = draw(one_of(0.1, 1.0, 0.0))
        return Sample((x, target), options)

    return make


def classes(draw: Draw, _smooth: bool) -> Sample:
    """Class indices, and (perhaps) of how many classes."""
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    indices = np.asarray(rng.integers(0, draw(one_of(2, 4)), shape(draw, False)))
    return Sample((indices,), Options({"num_classes": perhaps(one_of(3, 5))}).draw(draw, ()))


def class_probabilities(draw: Draw, smooth: bool) -> Sample:
    """Logits, a probability for each class, and the options of a cross-entropy."""
    sample = classification(label_smoothing=True)(draw, smooth)
    x = sample.operands[0]
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    target = rng.random(x.shape).astype(x.dtype)
    options = {name: value for name, value in sample.options.items() if name != "ignore_index"}
    return Sample((x, target), options)


# Factories --------------------------------------------------------------------------------------------------

SOME_DTYPE = perhaps(one_of(*ALL))


SOME_FORMAT = perhaps(one_of("contiguous_format", "preserve_format", "channels_last"))


def any_size(draw: Draw, _operands: tuple[Any, ...]) -> Any:
    """A shape to make."""
    return shape(draw, False)


def sized(draw: Draw, _smooth: bool) -> Sample:
    """A shape, as one sequence or one by one, and a dtype."""
    size = shape(draw, False)
    return Sample(size if size and draw(st.booleans()) else (size,), Options({"dtype": SOME_DTYPE}).draw(draw, ()))


def factory(**options: Any) -> Make:
    """No tensors, only options, and a dtype."""

    def make(draw: Draw, _smooth: bool) -> Sample:
        return Sample((), Options({**options, "dtype": SOME_DTYPE}).draw(draw, ()))

    return make


def counted(draw: Draw, _smooth: bool) -> Sample:
    """The one to three numbers of arange; no fractional step of integers."""
    options = Options({"dtype": perhaps(one_of(*FLOATS, *INTEGERS))}).draw(draw, ())
    whole = options.get("dtype") in INTEGERS
    numbers = (
        draw(one_of(0, 1, -2, 0.5)),
        draw(one_of(5, 2.75, 30)),
        draw(one_of(1, 2) if whole else one_of(1, 0.5, 0.1)),
    )
    return Sample(numbers[1:2] if draw(st.booleans()) else numbers[: draw(one_of(2, 3))], options)


def diagonals_filled(draw: Draw, smooth: bool) -> Sample:
    """A matrix, or a tensor of equal sizes, and a number for its diagonal."""
    shape = draw(one_of((2, 3), (5, 2), (3, 3), (2, 2, 2), (0, 2), (2,)))
    x = array(draw, smooth, shape, ALL, anywhere)
    return Sample((x, draw(one_of(2, 0.5))), {"wrap": draw(st.booleans())} if len(shape) < 3 else {})
