"""The Generator: a stream of random numbers, equal to PyTorch's on the CPU bit for bit.

Its drawing methods return the draws in order as flat NumPy arrays; `minigrad.ops.sampling` makes Tensors.
"""

from __future__ import annotations

import copy
import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from minigrad import devices
from minigrad.arrays import quiet
from minigrad.engine.graph import TensorBase, wrap
from minigrad.random import box_muller, checks, integers, rejection, shuffle
from minigrad.random.engine import MersenneTwister
from minigrad.random.memory_order import laid_out_like
from minigrad.random.multiply_add import fused_float32, fused_float64
from minigrad.random.state import State

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

Array = NDArray[Any]
DType = np.dtype[Any]

FLOAT16, FLOAT32, FLOAT64, INT64 = map(np.dtype, ("float16", "float32", "float64", "int64"))
DEFAULT_SEED = 67280421310721
"""PyTorch's seed for a new Generator: a large prime."""


class Generator:
    """A source of random numbers with a state of its own, as torch.Generator.

    A new one has the seed 67280421310721.  device: "cpu"; RuntimeError for another.

    >>> import minigrad
    >>> dice = minigrad.Generator().manual_seed(42)
    >>> minigrad.randint(1, 7, (5,), generator=dice)
    tensor([1, 6, 5, 5, 1])
    """

    def __init__(self, device: str | devices.device = "cpu") -> None:
        self.device = devices.device(device)
        if self.device.type != "cpu":
            raise RuntimeError(
                "random numbers for every device are drawn on the CPU: use Generator(), and pass device= where they go"
            )
        self._engine = MersenneTwister(DEFAULT_SEED)
        self._seed = DEFAULT_SEED
        self._spare_normal: float | None = None
        """The second normal number of the last pair made, as long as nobody has taken it."""

    # Seeds and states

    def manual_seed(self, seed: int) -> Generator:
        """Start afresh from a seed in [-2^63, 2^64 - 1]; a negative one counts back from 2^64.

        Only its low 32 bits act.  Returns the generator.  RuntimeError when the seed is no int, ValueError
        when it is too large.
        """
        if not isinstance(seed, int) or isinstance(seed, bool):
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        if not -(1 << 63) <= seed < 1 << 64:
            raise ValueError(f"Overflow when unpacking long long: the seed {seed} is not in [-2^63, 2^64 - 1]")
        self._seed = seed % (1 << 64)
        self._engine = MersenneTwister(self._seed)
        self._spare_normal = None
        return self

    def seed(self) -> int:
        """Start afresh from a seed of 64 bits that nobody can foresee, and return it."""
        return self.manual_seed(int.from_bytes(os.urandom(8))).initial_seed()

    def initial_seed(self) -> int:
        """The seed that the generator last started from, as a number from 0 to 2^64 - 1."""
        return self._seed

    def get_state(self) -> Tensor:
        """The state as a uint8 tensor of 5056 bytes, equal to PyTorch's byte for byte."""
        words, position = self._engine.state()
        state = State(self._seed, words, position, self._engine.is_fresh, self._spare_normal)
        return wrap(state.to_bytes())

    def set_state(self, new_state: Tensor) -> None:
        """Go on from a state, new_state, that `get_state`, here or in PyTorch, gave.

        TypeError when it is no uint8 tensor, RuntimeError when its bytes are no state.
        """
        if not isinstance(new_state, TensorBase):
            raise TypeError(f"expected a uint8 tensor, but got {type(new_state).__name__}")
        if new_state.array.dtype != np.uint8:
            raise TypeError(f"RNG state must be a uint8 tensor, but got {new_state.array.dtype.name}")
        state = State.from_bytes(devices.moved(new_state.array, devices.CPU))
        self._seed, self._spare_normal = state.seed, state.spare_normal
        self._engine.set_state(state.words, state.position, state.is_fresh)

    def clone_state(self) -> Generator:
        """Another generator that goes on from the same state."""
        return copy.deepcopy(self)

    # Continuous distributions

    def uniform(self, count: int, low: float = 0.0, high: float = 1.0, dtype: DType = FLOAT32) -> Array:
        """Uniform numbers in [low, high): u * (high - low) + low, with u in [0, 1).

        float32 and float16 take one word for each, float64 two.
        """
        checks.require_floating("uniform_", dtype)
        checks.bounds(low, high, dtype)
        with quiet():
            if dtype == FLOAT64:
                numbers: Array = fused_float64(self._engine.unit_doubles(count), high - low, low)
            else:
                floor, width = np.float32(low), np.float32(high) - np.float32(low)
                unit = self._engine.unit_floats(count)
                numbers = fused_float32(unit, width, floor).astype(dtype, copy=False)
            # Rounding can reach the upper bound, which does not belong to the range.
            numbers[numbers == dtype.type(high)] = low
        return numbers

    def normal(
        self,
        count: int,
        mean: float = 0.0,
        std: float = 1.0,
        dtype: DType = FLOAT32,
        *,
        contiguous: bool = True,
    ) -> Array:
        """Normal numbers by the Box-Muller transform: see `minigrad.random.box_muller` for its three forms.

        contiguous: whether they go into a contiguous tensor, for PyTorch computes them in another way if not.
        """
        checks.require_floating("normal_", dtype)
        checks.require_deviation(std)
        if count < box_muller.BLOCK or not contiguous:
            with quiet():
                return rounded(fused_float64(self._normals_in_pairs(count), std, mean), dtype)
        unit: Any = self._engine.unit_floats
        transform: Any = box_muller.transform_float32
        if dtype == FLOAT64:
            unit, transform = self._engine.unit_doubles, box_muller.transform_float64
        whole_blocks = count - count % box_muller.BLOCK
        numbers = np.empty(count, dtype)
        uniform = unit(whole_blocks if dtype == FLOAT16 else count)
        with quiet():
            numbers[:whole_blocks] = transform(uniform[:whole_blocks], mean, std)
            if whole_blocks < count:
                # The rest is not a block: the last 16 are made anew, though some of them are done already.
                numbers[-box_muller.BLOCK :] = transform(unit(box_muller.BLOCK), mean, std)
        return numbers

    def _normals_in_pairs(self, count: int) -> NDArray[np.float64]:
        """Standard normal numbers, two from each pair of uniform ones; an odd one is kept for later."""
        numbers: list[float] = []
        if count and self._spare_normal is not None:
            numbers.append(self._spare_normal)
            self._spare_normal = None
        pairs = (count - len(numbers) + 1) // 2
        numbers += box_muller.normal_pairs(self._engine.unit_doubles(2 * pairs))
        if len(numbers) > count:
            self._spare_normal = numbers.pop()
        return np.array(numbers, np.float64)

    def exponential(self, count: int, rate: float = 1.0, dtype: DType = FLOAT32) -> Array:
        """Exponential numbers: -log(1 - u) / rate, their distribution function inverted; two words each."""
        checks.rate(rate, dtype)
        logs = box_muller.by_element(math.log1p, -self._engine.unit_doubles(count))
        with quiet():
            return rounded((-1.0 / rate) * logs, dtype)

    def cauchy(self, count: int, median: float = 0.0, sigma: float = 1.0, dtype: DType = FLOAT32) -> Array:
        """Cauchy numbers: median + sigma * tan(pi * (u - 1/2)); two words each."""
        checks.continuous("Cauchy", dtype)
        checks.positive("cauchy_", "sigma", sigma)
        tangents = box_muller.by_element(math.tan, math.pi * (self._engine.unit_doubles(count) - 0.5))
        with quiet():
            return rounded(fused_float64(tangents, sigma, median), dtype)

    def log_normal(self, count: int, mean: float = 1.0, std: float = 2.0, dtype: DType = FLOAT32) -> Array:
        """The exponentials of normal numbers, which are drawn in pairs whatever their count."""
        checks.require_floating("log_normal_", dtype)
        checks.positive("log_normal_", "std", std)
        numbers = fused_float64(self._normals_in_pairs(count), std, mean)
        with quiet():
            return rounded(box_muller.by_element(exp, numbers), dtype)

    def gamma(self, shapes: Array) -> Array:
        """Gamma numbers of scale 1, one for each of a flat array of shapes, in its dtype."""
        checks.require_floating("_standard_gamma", shapes.dtype)
        uniform, least = self._engine.unit_double, np.finfo(shapes.dtype).tiny
        with quiet():
            numbers = [rejection.gamma(shape, uniform, self._next_normal) for shape in precise(shapes)]
            drawn: Array = np.maximum(np.array(numbers, np.float64).astype(shapes.dtype), least)
            return drawn

    def _next_normal(self) -> float:
        return float(self._normals_in_pairs(1)[0])

    # Discrete distributions

    def geometric(self, count: int, p: float, dtype: DType = FLOAT32) -> Array:
        """How many trials until the first success: the logarithm of u to the base 1 - p, rounded up; two words each."""
        checks.between_0_and_1("geometric_", p)
        logs = box_muller.by_element(rejection.log, self._engine.unit_doubles(count))
        with quiet():
            return np.asarray(np.ceil(logs / math.log1p(-p)), dtype)

    def poisson(self, rates: Array) -> Array:
        """Poisson numbers, one for each of a flat array of rates, in its dtype."""
        checks.require_floating("poisson", rates.dtype)
        checks.not_negative("Poisson rate", "rate", rates)
        return np.array([rejection.poisson(rate, self._engine.unit_double) for rate in rates.tolist()], rates.dtype)

    def binomial(self, counts: Array, p: Array) -> Array:
        """How many of `counts` trials succeed with probabilities p: flat arrays of one size and dtype."""
        checks.require_floating("binomial", counts.dtype)
        uniform, pairs = self._engine.unit_double, zip(precise(counts), precise(p))
        with quiet():
            return np.array([rejection.binomial(n, share, uniform) for n, share in pairs], counts.dtype)

    def integers(self, count: int, low: int = 0, high: int | None = None, dtype: DType = INT64) -> Array:
        """Integers low <= number < high, or up to the largest of the dtype, which may be a float dtype.

        Fewer than 2^28 possible results take one word for each, more take two.
        """
        return integers.integers_between(self._engine, count, low, high, dtype)

    def all_integers(self, count: int, dtype: DType = INT64) -> Array:
        """Integers from 0 up to the largest of the dtype: two words each for 64-bit dtypes, else one."""
        return integers.all_integers(self._engine, count, dtype)

    def drawn_seed(self) -> int:
        """A seed for something new, as PyTorch draws one: 63 bits of two words, one of `all_integers`."""
        return self._engine.double_word() % (1 << 63)

    def permutation(self, length: int) -> NDArray[np.int64]:
        """The numbers 0 to length - 1 in random order; takes length - 1 words."""
        return shuffle.permutation(self._engine, length)

    def bernoulli(self, count: int, p: float | Array = 0.5) -> NDArray[np.bool_]:
        """True with probability p: u < p.

        p: one probability (two words each), or an array of `count` (two words each for float64, else one).
        """
        if not isinstance(p, np.ndarray):
            checks.probability(p)
            return self._engine.unit_doubles(count) < p
        checks.require_probabilities(p)
        if p.dtype == FLOAT64:
            return self._engine.unit_doubles(count) < p
        return self._engine.unit_floats(count) < p.astype(np.float32, copy=False)

    def dropout_mask(self, like: Array, p: float) -> Array:
        """What dropout multiplies an array by: 0 with probability p, else 1 / (1 - p).

        It has the shape, dtype and order in memory of `like`.  Takes two words for each element, none when p
        is 0 or 1.
        """
        if p in (0, 1):
            return laid_out_like(like, np.full(like.size, 1 - p, like.dtype))
        kept = self.bernoulli(like.size, 1 - p)
        with quiet():
            scale = 1 / np.promote_types(like.dtype, FLOAT32).type(1 - p)
            return laid_out_like(like, np.where(kept, like.dtype.type(scale), like.dtype.type(0)))

    def multinomial(self, weights: Array, num_samples: int, replacement: bool = False) -> NDArray[np.int64]:
        """Categories drawn in proportion to their weights, along the last of one or two axes.

        With replacement: the first category whose cumulative share of the weights reaches u.

        Without: the categories race.  Each arrives after an exponential time divided by its weight, and the
        first `num_samples` to arrive are drawn.  Of independent exponential times with rates w1, w2, ... the
        first is the smallest with probability w1 / (w1 + w2 + ...): in proportion to the weights, that is.
        Source: P. Efraimidis and P. Spirakis, "Weighted random sampling with a reservoir", Information
        Processing Letters 97 (2006).  Only the order of ties is not PyTorch's: of categories of weight 0,
        which come when the others are used up, and of equal quotients in float16.

        Takes two words for each sample with replacement, else (or for one sample) for each category.
        """
        checks.weights(weights, num_samples, replacement)
        if not replacement or num_samples == 1:
            times = laid_out_like(weights, self.exponential(weights.size, 1.0, weights.dtype))
            with quiet():
                arrivals = -(weights / times)
            return np.argsort(arrivals, axis=-1, kind="stable")[..., :num_samples]
        precision = np.promote_types(weights.dtype, FLOAT32)
        drawn = np.empty((*weights.shape[:-1], num_samples), np.int64)
        rows = zip(weights.reshape(-1, weights.shape[-1]), drawn.reshape(-1, num_samples), strict=True)
        for row, samples in rows:
            with quiet():
                shares = np.cumsum(row, dtype=precision)
                shares /= shares[-1]
            shares[-1] = 1
            samples[:] = np.searchsorted(shares, self._engine.unit_doubles(num_samples))
        return drawn


def precise(numbers: Array) -> Array:
    """Numbers in the precision that PyTorch computes with: float16 in float32."""
    return numbers.astype(np.promote_types(numbers.dtype, FLOAT32), copy=False)


def exp(x: float) -> float:
    """e to the power of x, inf where that is too large."""
    return math.exp(x) if x < 709.782712893384 else math.inf


def rounded(numbers: NDArray[np.float64], dtype: DType) -> Array:
    """Numbers made in float64 as they are stored; float16 by way of float32."""
    if dtype == FLOAT16:
        numbers = numbers.astype(np.float32)
    return numbers.astype(dtype, copy=False)
