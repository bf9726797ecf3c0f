"""Datasets: collections of samples, to be indexed."""

from __future__ import annotations

import bisect
import itertools
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

from minigrad.ops.advice import tensor_from
from minigrad.ops.indexing import rows
from minigrad.random import Generator
from minigrad.tensor import Tensor
from minigrad.utils.data.whole_batches import batch_at_once

Sample = TypeVar("Sample", covariant=True)


class Dataset(Generic[Sample]):
    """A collection of samples: a subclass defines `dataset[index]` and, as a rule, `len(dataset)`.

    https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.Dataset
    """

    def __getitem__(self, index: Any) -> Sample:
        raise NotImplementedError(
            f"Subclasses of Dataset should implement __getitem__. {type(self).__name__} has none: write "
            "def __getitem__(self, index), which returns one sample"
        )

    def __add__(self, other: Dataset[Any]) -> ConcatDataset[Any]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[Sample]):
    """A stream of samples: a subclass defines `__iter__`.  In worker processes each has a copy: see get_worker_info."""

    def __iter__(self) -> Iterator[Sample]:
        raise NotImplementedError("Subclasses of IterableDataset should implement __iter__.")


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Tensors of one length: sample i is the tuple of their elements i.  AssertionError for unequal lengths.

    tensors: (N, ...) each.  https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.TensorDataset

    >>> import minigrad as torch
    >>> dataset = torch.utils.data.TensorDataset(torch.tensor([[1.0], [2.0]]), torch.tensor([0, 1]))
    >>> dataset[1]
    (tensor([2.]), tensor(1))
    """

    tensors: tuple[Tensor, ...]

    def __init__(self, *tensors: Tensor) -> None:
        for x in tensors:
            if not isinstance(x, Tensor):
                raise no_tensors(x)
        if any(tensors[0].size(0) != tensor.size(0) for tensor in tensors):
            sizes = ", ".join(str(list(tensor.shape)) for tensor in tensors)
            raise AssertionError(f"Size mismatch between tensors: their first sizes must be equal, but are of {sizes}")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __getbatch__(self, indices: list[int]) -> list[Tensor]:
        """The collated batch: each tensor indexed once."""
        return [rows(tensor, indices) for tensor in self.tensors]

    def __len__(self) -> int:
        return len(self.tensors[0].array)


def no_tensors(x: Any) -> Exception:
    """The error for an argument of TensorDataset that is no tensor, of PyTorch's type: it asks for x.size(0)."""
    advice = f"TensorDataset takes tensors, not {type(x).__name__}{tensor_from(x)}"
    if hasattr(x, "size"):
        return TypeError(f"'{type(x.size).__name__}' object is not callable: {advice}")
    return AttributeError(f"'{type(x).__name__}' object has no attribute 'size': {advice}")


class Subset(Dataset[Sample]):
    """The samples of a dataset at some indices: sample i is dataset[indices[i]].

    IndexError, or what the dataset raises, for an index that there is not.
    """

    def __init__(self, dataset: Dataset[Sample], indices: Sequence[int]) -> None:
        redefined = {name for cls in type(self).__mro__[: type(self).__mro__.index(Subset)] for name in vars(cls)}
        if "__getitem__" in redefined and "__getitems__" not in redefined:
            raise NotImplementedError(
                f"{type(self).__name__} overrides __getitem__ but not __getitems__, which a DataLoader would call: "
                "add\ndef __getitems__(self, indices):\n    return [self[i] for i in indices]"
            )
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: Any) -> Sample:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: list[int]) -> list[Sample]:
        """Several samples, by the dataset's own `__getitems__` if it has one."""
        chosen = [self.indices[i] for i in indices]
        if callable(getattr(self.dataset, "__getitems__", None)):
            return self.dataset.__getitems__(chosen)  # type: ignore[attr-defined, no-any-return]
        return [self.dataset[i] for i in chosen]

    def __getbatch__(self, indices: list[int]) -> Any:
        """The collated batch, if the dataset can make one at once."""
        return batch_at_once(self.dataset, [self.indices[i] for i in indices])

    def __len__(self) -> int:
        return len(self.indices)


class ConcatDataset(Dataset[Sample]):
    """Several datasets one after the other: index i runs through the first, then the second, ...

    AssertionError for no datasets and for an `IterableDataset`, TypeError for one without a length.
    """

    def __init__(self, datasets: Iterable[Dataset[Sample]]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise AssertionError("ConcatDataset does not support IterableDataset")
        self.cumulative_sizes = list(itertools.accumulate(map(len, self.datasets)))  # type: ignore[arg-type]

    def __getitem__(self, index: int) -> Sample:
        if index < 0:
            if -index > len(self):
                raise ValueError("absolute value of index should not exceed dataset length")
            index += len(self)
        number = bisect.bisect_right(self.cumulative_sizes, index)
        before = self.cumulative_sizes[number - 1] if number else 0
        return self.datasets[number][index - before]

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]


def random_split(
    dataset: Dataset[Sample], lengths: Sequence[float], generator: Generator | None = None
) -> list[Subset[Sample]]:
    """Parts of a dataset, drawn at random, of the given lengths: numbers of samples, or fractions that add up to 1.

    What is left over when fractions are rounded down goes to the parts in turn, one sample each.  generator: what draws
    (None: the default one).  ValueError unless the lengths add up to the dataset's.
    https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.random_split
    """
    from minigrad.ops.sampling import randperm

    total = len(dataset)  # type: ignore[arg-type]
    sizes = lengths if not math.isclose(sum(lengths), 1) or sum(lengths) > 1 else rounded_down(lengths, total)
    if sum(sizes) != total:
        raise ValueError(
            f"Sum of input lengths does not equal the length of the input dataset! It is {sum(sizes)}, and the dataset "
            f"has {total} samples. Fractions such as [0.8, 0.2] always fit"
        )
    order = randperm(total, generator=generator).tolist()
    ends = list(itertools.accumulate(map(int, sizes)))
    return [Subset(dataset, order[end - int(size) : end]) for end, size in zip(ends, sizes)]


def rounded_down(fractions: Sequence[float], total: int) -> list[int]:
    """Fractions of a total as whole numbers that add up to it."""
    for i, fraction in enumerate(fractions):
        if not 0 <= fraction <= 1:
            raise ValueError(f"Fraction at index {i} is not between 0 and 1")
    sizes = [math.floor(total * fraction) for fraction in fractions]
    for i in range(total - sum(sizes)):
        sizes[i % len(sizes)] += 1
    for i, size in enumerate(sizes):
        if size == 0:
            warnings.warn(f"Length of split at index {i} is 0. This might result in an empty dataset.", stacklevel=3)
    return sizes
