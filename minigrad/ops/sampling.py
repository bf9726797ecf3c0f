"""Random tensors, with the very numbers that PyTorch draws on the CPU from the same seed.

Every function takes `generator=`: a Generator to draw from, by default the one that `manual_seed` seeds; TypeError for
what is none.  Numbers for a tensor on a GPU are drawn on the CPU too, and moved: a seed gives the same ones on every
device.  Draws are constants to differentiation.  Those of `bernoulli`, too: where PyTorch sends gradients of zero into
the probabilities, here the result does not require grad.

sizes, size, dtype, device, requires_grad and memory_format are those of `minigrad.ops.creation`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import dtypes
from minigrad.devices import CPU, check_device, device_of, moved
from minigrad.engine.graph import TensorBase, record, wrap
from minigrad.engine.places import op_called
from minigrad.formats import empty_in_format
from minigrad.ops.advice import no_tensor
from minigrad.ops.creation import checked_sizes, finished
from minigrad.ops.elementwise import zeros_for
from minigrad.ops.in_place import add_, copy_, mul_, refuse_in_place, refuse_memory
from minigrad.ops.promotion import numpy_dtype
from minigrad.random import Generator, default_generator
from minigrad.random.integers import highest
from minigrad.random.memory_order import flattened, laid_out_like

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

__all__ = [
    "bernoulli",
    "multinomial",
    "normal",
    "rand",
    "rand_like",
    "randint",
    "randint_like",
    "randn",
    "randn_like",
    "randperm",
]

dtype_ = dtypes.dtype
Draw = Callable[[Any], Any]
"""From an array to as many numbers of its dtype, in a flat array."""


# Of a given size --------------------------------------------------------------------------------------------


def rand(
    *sizes: Any,
    size: Sequence[int] | None = None,
    generator: Generator | None = None,
    dtype: dtype_ | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Uniform numbers in [0, 1), of a size given as ints or one sequence.

    NotImplementedError for a dtype that is not floating.

    >>> import minigrad as torch
    >>> generator = torch.manual_seed(0)
    >>> torch.rand(2, 3)
    tensor([[0.4963, 0.7682, 0.0885],
            [0.1320, 0.3074, 0.6341]])
    """
    check_device(device)
    shape = checked_sizes(sizes if size is None else (size,))
    numbers = source(generator).uniform(math.prod(shape), dtype=numpy_dtype(dtype))
    return finished(numbers.reshape(shape), device, requires_grad)


def randn(
    *sizes: Any,
    size: Sequence[int] | None = None,
    generator: Generator | None = None,
    dtype: dtype_ | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Standard normal numbers (mean 0, standard deviation 1), of a size given as ints or one sequence.

    NotImplementedError for a dtype that is not floating.

    >>> import minigrad as torch
    >>> generator = torch.manual_seed(0)
    >>> torch.randn(3)
    tensor([ 1.5410, -0.2934, -2.1788])
    """
    check_device(device)
    shape = checked_sizes(sizes if size is None else (size,))
    numbers = source(generator).normal(math.prod(shape), dtype=numpy_dtype(dtype))
    return finished(numbers.reshape(shape), device, requires_grad)


def randint(
    low: Any = 0,
    high: Any = None,
    size: Any = None,
    *,
    generator: Generator | None = None,
    dtype: dtype_ | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Integers low <= number < high: `randint(high, size)` or `randint(low, high, size)`; int64 by default.

    RuntimeError when low >= high or the dtype does not hold them.

    >>> import minigrad as torch
    >>> generator = torch.manual_seed(0)
    >>> torch.randint(10, (5,)), torch.randint(1, 7, (2,))
    (tensor([4, 9, 3, 0, 3]), tensor([4, 2]))
    """
    check_device(device)
    if size is None:
        low, high, size = 0, low, high
    elif high is None:
        low, high = 0, low
    if not isinstance(size, Sequence):
        raise TypeError(f"randint(): argument 'size' must be tuple of ints, not {type(size).__name__}")
    shape = checked_sizes((size,))
    low, high = integer("randint", "low", low), integer("randint", "high", high)
    to = numpy_dtype(dtypes.int64 if dtype is None else dtype)
    numbers = source(generator).integers(math.prod(shape), low, high, to)
    return finished(numbers.reshape(shape), device, requires_grad)


def randperm(
    n: int,
    *,
    generator: Generator | None = None,
    dtype: dtype_ | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """The integers 0 to n - 1 in random order; int64 by default.

    RuntimeError when n is negative or the dtype does not hold n - 1.

    >>> import minigrad as torch
    >>> generator = torch.manual_seed(0)
    >>> torch.randperm(5)
    tensor([4, 0, 1, 3, 2])
    """
    check_device(device)
    n = integer("randperm", "n", n)
    checked_sizes((n,))
    to = numpy_dtype(dtypes.int64 if dtype is None else dtype)
    if to.kind == "b":
        raise NotImplementedError("randperm is not implemented for bool: use an integer dtype")
    if n - 1 > highest(to):
        raise RuntimeError(f"randperm: n={n} is too large for {to.name}, which holds integers up to {highest(to)}")
    numbers = source(generator).permutation(n).astype(to, copy=False)
    return finished(numbers, device, requires_grad)


def normal(
    mean: Any,
    std: Any = 1.0,
    size: Sequence[int] | None = None,
    *,
    generator: Generator | None = None,
    dtype: dtype_ | None = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """Normal numbers: `normal(mean, std, size)`, or with tensors for mean or std, which are broadcast.

    Their dtype is that of the tensors, of mean if both are.  As in PyTorch the gradients of mean and std are 0.
    RuntimeError when a std is negative.

    >>> import minigrad as torch
    >>> generator = torch.manual_seed(0)
    >>> torch.normal(torch.tensor([0.0, 100.0]), torch.tensor([1.0, 0.1]))
    tensor([ 1.5410, 99.9707])
    """
    check_device(device)
    draw = source(generator).normal
    tensors = [x for x in (mean, std) if isinstance(x, TensorBase)]
    if not tensors:
        if not isinstance(size, Sequence):
            raise TypeError(f"normal(): with two numbers, size must be a tuple of ints, not {size!r}")
        shape = checked_sizes((size,))
        numbers = draw(math.prod(shape), mean, std, numpy_dtype(dtype))
        return finished(numbers.reshape(shape), device, requires_grad)
    if size is not None or dtype is not None:
        raise TypeError("normal(): tensors give the size and the dtype; leave size= and dtype= out")
    shape, to = broadcast_shape(*(x.array.shape for x in tensors)), tensors[0].array.dtype
    if not isinstance(std, TensorBase):
        drawn = wrap(draw(math.prod(shape), 0.0, std, to).reshape(shape))
    elif (on_cpu(std) >= 0).all():
        drawn = mul_(wrap(draw(math.prod(shape), dtype=to).reshape(shape)), wrap(on_cpu(std)))
    else:
        raise RuntimeError("normal expects all elements of std >= 0.0")
    drawn = add_(drawn, wrap(on_cpu(mean)) if isinstance(mean, TensorBase) else mean)
    value = finished(drawn.array, device_of(tensors[0].array) if device is None else device, requires_grad).array
    name = "NormalBackward3" if len(tensors) == 2 else "NormalBackward1" if mean is tensors[0] else "NormalBackward2"
    return record(value, (mean, std), (normal_dmean, normal_dstd), name=name)


def normal_dmean(g: Tensor, _out: Tensor, _mean: Tensor, _std: Tensor) -> Tensor:
    return zeros_for(g)


def normal_dstd(g: Tensor, _out: Tensor, _mean: Tensor, _std: Tensor) -> Tensor:
    return zeros_for(g)


# From probabilities -----------------------------------------------------------------------------------------


def bernoulli(input: Tensor, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """1 with a probability, else 0, in input's shape and dtype.

    input: the probability of each element, in [0, 1], with a gradient of 0; with `p`, which then counts for all,
    anything.  RuntimeError for a probability outside [0, 1], NotImplementedError when they are not floats.

    >>> import minigrad as torch
    >>> generator = torch.manual_seed(0)
    >>> torch.bernoulli(torch.tensor([0.0, 0.5, 0.5, 1.0]))
    tensor([0., 0., 1., 1.])
    """
    refuse_other_than_tensor("bernoulli", input)
    x = input.array
    drawn = source(generator).bernoulli(x.size, on_cpu(input).reshape(-1) if p is None else p)
    value = moved(drawn.astype(x.dtype).reshape(x.shape), device_of(x))
    return record(value, (input,), (bernoulli_da,)) if p is None else wrap(value)


def bernoulli_da(g: Tensor, _out: Tensor, _a: Tensor) -> Tensor:
    return zeros_for(g)


def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *, generator: Generator | None = None
) -> Tensor:
    """Categories drawn in proportion to their weights: int64, (num_samples,) or (n, num_samples).

    input: weights, (categories,) or (n, categories), floating, not negative; they need not sum to 1.
    RuntimeError for other weights, a sum of 0, or more samples than categories without replacement.

    >>> import minigrad as torch
    >>> generator = torch.manual_seed(0)
    >>> torch.multinomial(torch.tensor([0.0, 10.0, 3.0, 1.0]), 3)
    tensor([1, 2, 3])
    """
    refuse_other_than_tensor("multinomial", input)
    num_samples = integer("multinomial", "num_samples", num_samples)
    drawn = source(generator).multinomial(on_cpu(input), num_samples, replacement)
    return wrap(moved(drawn, device_of(input.array)))


# Like another tensor ----------------------------------------------------------------------------------------


def rand_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: dtype_ | None = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Uniform numbers in [0, 1), in the shape and dtype of another tensor: as `rand`."""

    def draw(x: Any) -> Any:
        return source(generator).uniform(x.size, dtype=x.dtype)

    return drawn_like(input, dtype, device, requires_grad, memory_format, draw)


def randn_like(
    input: Tensor,
    *,
    generator: Generator | None = None,
    dtype: dtype_ | None = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Standard normal numbers, in the shape and dtype of another tensor: as `randn`."""

    def draw(x: Any) -> Any:
        return normal_numbers(generator, x)

    return drawn_like(input, dtype, device, requires_grad, memory_format, draw)


def randint_like(
    input: Tensor,
    low: Any = 0,
    high: Any = None,
    *,
    generator: Generator | None = None,
    dtype: dtype_ | None = None,
    device: Any = None,
    requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:
    """Integers low <= number < high (or, given one bound, 0 <= number < low) like another tensor: as `randint`."""
    if high is None:
        low, high = 0, low
    first, end = integer("randint_like", "low", low), integer("randint_like", "high", high)

    def draw(x: Any) -> Any:
        return source(generator).integers(x.size, first, end, x.dtype)

    return drawn_like(input, dtype, device, requires_grad, memory_format, draw)


def drawn_like(
    input: Tensor, dtype: dtype_ | None, device: Any, requires_grad: bool, memory_format: Any, draw: Draw
) -> Tensor:
    """A tensor of the shape of another, its axes in the same order in memory (or in one given), filled with draws."""
    check_device(device)
    to = input.array.dtype if dtype is None else dtype.numpy
    empty = empty_in_format(op_called(), input.array, to, memory_format, np)
    drawn = laid_out_like(empty, draw(empty)).astype(to, copy=False)
    return finished(drawn, device_of(input.array) if device is None else device, requires_grad)


# In place: methods of Tensor --------------------------------------------------------------------------------


def uniform_(self: Tensor, from_: float = 0.0, to: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Uniform numbers in [from_, to), in place.

    RuntimeError when from_ > to; NotImplementedError when the tensor's dtype is not floating.
    """
    return redrawn(self, lambda x: source(generator).uniform(x.size, from_, to, x.dtype))


def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Normal numbers of a mean and a standard deviation, std, in place.

    RuntimeError when std is negative; NotImplementedError when the tensor's dtype is not floating.
    """
    return redrawn(self, lambda x: normal_numbers(generator, x, mean, std))


def exponential_(self: Tensor, lambd: float = 1.0, *, generator: Generator | None = None) -> Tensor:
    """Exponential numbers, with density lambd * exp(-lambd * x) and mean 1 / lambd, in place.

    RuntimeError when lambd is not above 0 or the tensor's dtype is not floating.
    """
    return redrawn(self, lambda x: source(generator).exponential(x.size, lambd, x.dtype))


def random_(self: Tensor, *bounds: int | None, to: int | None = None, generator: Generator | None = None) -> Tensor:
    """Integers in place: `random_(from, to)` draws from <= number < to, and `random_(to)` from 0 on.

    bounds: from and to, or to alone.  `random_(from, None)` goes up to the largest integer of the dtype, and so does
    `random_()`, from 0 on.  RuntimeError when from >= to or the dtype does not hold them.
    """
    if to is not None:
        bounds = (*bounds, to)
    if not bounds:
        return redrawn(self, lambda x: source(generator).all_integers(x.size, x.dtype))
    low, high = (0, *bounds) if len(bounds) == 1 else bounds
    first = integer("random_", "from", low)
    end = None if high is None and len(bounds) == 2 else integer("random_", "to", high)
    return redrawn(self, lambda x: source(generator).integers(x.size, first, end, x.dtype))


def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """1 with probability p, else 0, in place; p: a number, or a tensor that broadcasts to this one's shape.

    RuntimeError for a probability outside [0, 1], NotImplementedError when those of a tensor are not floats.
    """

    def draw(x: Any) -> Any:
        probability = flattened(x, on_cpu(p)) if isinstance(p, TensorBase) else p
        return source(generator).bernoulli(x.size, probability).astype(x.dtype)

    return redrawn(self, draw)


def redrawn(tensor: Tensor, draw: Draw) -> Tensor:
    """A tensor with draws in place of its elements."""
    array = tensor.array
    refuse_memory(array)
    refuse_in_place(tensor, recorded=False)
    return copy_(tensor, wrap(moved(laid_out_like(array, draw(array)), device_of(array))))


# Arguments --------------------------------------------------------------------------------------------------


def source(generator: Generator | None) -> Generator:
    """The generator to draw from: the default one unless another is given."""
    if generator is None:
        return default_generator
    if not isinstance(generator, Generator):
        raise TypeError(f"generator must be a minigrad.Generator, not {type(generator).__name__}")
    return generator


def on_cpu(tensor: Any) -> Any:
    """A tensor's values as a NumPy array, to draw by: the generator is the CPU's."""
    return moved(tensor.array, CPU)


def normal_numbers(generator: Generator | None, x: Any, mean: float = 0.0, std: float = 1.0) -> Any:
    """Normal numbers for an array."""
    return source(generator).normal(x.size, mean, std, x.dtype, contiguous=x.flags.c_contiguous)


def integer(op: str, name: str, number: Any) -> int:
    """An argument as an int; TypeError when it is none."""
    try:
        if not isinstance(number, bool):
            return index(number)
    except TypeError:
        pass
    raise TypeError(f"{op}(): argument '{name}' must be int, not {type(number).__name__}")


def refuse_other_than_tensor(op: str, input: Any) -> None:
    """Refuse an input that is no tensor (TypeError)."""
    if not isinstance(input, TensorBase):
        raise no_tensor(op, "input", input)


def broadcast_shape(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The common shape of operands; RuntimeError when they have none."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise RuntimeError(f"normal(): the shapes of mean and std do not broadcast: {shapes}") from None
