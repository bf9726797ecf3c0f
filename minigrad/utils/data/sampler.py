"""Samplers: the orders in which a loader goes through a dataset, drawn as PyTorch draws them."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from minigrad import dtypes
from minigrad.ops.creation import as_tensor
from minigrad.ops.sampling import multinomial, source
from minigrad.random import Generator, default_generator

Index = TypeVar("Index", covariant=True)


class Sampler(Generic[Index]):
    """An order of indices: a subclass defines `__iter__` and, as a rule, `__len__`.

    https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.Sampler
    """

    def __iter__(self) -> Iterator[Index]:
        raise NotImplementedError


class SequentialSampler(Sampler[int]):
    """The indices of data_source in order: 0, 1, 2, ..."""

    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self)))

    def __len__(self) -> int:
        return number_of_samples(self.data_source)


class RandomSampler(Sampler[int]):
    """The indices of data_source in a random order.

    replacement: num_samples draws, of which one may come twice; num_samples: as many as there are, unless given.
    Without a generator each pass draws a seed from the default one, and its order from a new one of that seed.
    TypeError for a replacement that is no bool, ValueError for a num_samples that is no positive integer, and for no
    data.
    """

    def __init__(
        self,
        data_source: Any,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            empty = "" if num_samples is not None else ": the dataset is empty"
            raise ValueError(
                f"num_samples should be a positive integer value, but got num_samples={self.num_samples}{empty}"
            )

    @property
    def num_samples(self) -> int:
        """How many indices a pass gives: the size of the data, which may change, unless it was given."""
        return number_of_samples(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        return itertools.chain.from_iterable(self.orders())

    def orders(self) -> Iterator[list[int]]:
        """The pass in lists, each drawn when its first index is asked for."""
        size, number = number_of_samples(self.data_source), self.num_samples
        if self.generator is None:
            generator = Generator().manual_seed(default_generator.drawn_seed())
        else:
            generator = source(self.generator)
        if self.replacement:
            for start in range(0, number, 32):
                yield generator.integers(min(32, number - start), 0, size).tolist()
            return
        for _ in range(number // size):
            yield generator.permutation(size).tolist()
        yield generator.permutation(size).tolist()[: number % size]

    def __len__(self) -> int:
        return self.num_samples


def number_of_samples(data: Any) -> int:
    """The length of a dataset; TypeError for one that has none."""
    if not hasattr(type(data), "__len__"):
        advice = (
            "write def __len__(self) in it, which returns the number of its samples (or make it an IterableDataset)"
        )
        if hasattr(data, "__next__"):
            advice = "make a list of it, list(...)"
        raise TypeError(f"object of type '{type(data).__name__}' has no len(): {advice}")
    return len(data)


class SubsetRandomSampler(Sampler[int]):
    """Given indices in a random order, which generator draws (None: the default one)."""

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for i in source(self.generator).permutation(len(self.indices)).tolist():
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """num_samples indices, each drawn in proportion to its weight.

    weights: a number from 0 on for each index.  replacement=False: none comes twice.  generator: what draws (None: the
    default one).  ValueError for a num_samples that is no positive integer, a replacement that is no bool, and weights
    of other than one dimension.
    """

    def __init__(
        self, weights: Sequence[float], num_samples: int, replacement: bool = True, generator: Generator | None = None
    ) -> None:
        if not isinstance(num_samples, int) or isinstance(num_samples, bool) or num_samples <= 0:
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={num_samples}")
        if not isinstance(replacement, bool):
            raise ValueError(f"replacement should be a boolean value, but got replacement={replacement}")
        self.weights = as_tensor(weights, dtype=dtypes.float64)
        if self.weights.ndim != 1:
            raise ValueError(
                f"weights should be a 1d sequence but given weights have shape {tuple(self.weights.shape)}"
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        drawn = multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator)
        yield from drawn.tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """The indices of another sampler in lists of batch_size; drop_last leaves out a last list that is shorter.

    ValueError for a batch_size that is no positive integer, and a drop_last that is no bool.
    """

    def __init__(self, sampler: Sampler[int] | Iterable[int], batch_size: int, drop_last: bool) -> None:
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            given = (
                batch_size if isinstance(batch_size, (int, float)) else f"{batch_size!r}, a {type(batch_size).__name__}"
            )
            raise ValueError(f"batch_size should be a positive integer value, but got batch_size={given}")
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        number: int = len(self.sampler)  # type: ignore[arg-type]
        return number // self.batch_size if self.drop_last else -(-number // self.batch_size)
