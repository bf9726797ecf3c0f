"""DataLoader: goes through a dataset in batches, here or in worker processes."""

from __future__ import annotations

import itertools
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, Generic, TypeVar

from minigrad import accelerator
from minigrad.ops.sampling import source
from minigrad.random import Generator
from minigrad.utils.data.collate import default_collate, default_convert, odd_sample, pin_memory
from minigrad.utils.data.dataset import IterableDataset
from minigrad.utils.data.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler
from minigrad.utils.data.whole_batches import batch_at_once

FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")


Batch = TypeVar("Batch", covariant=True)


class DataLoader(Generic[Batch]):
    """Batches of a dataset, one epoch for each `for` loop over it.

    batch_size: samples in a batch; None gives single samples, uncollated.  shuffle: a new random order each
    epoch.  sampler, batch_sampler: orders of your own.  drop_last: leave out a last batch that is smaller.
    collate_fn: makes a batch of a list of samples (default_collate).  num_workers: processes that load batches
    ahead, prefetch_factor each; worker_init_fn(number) is called in each; persistent_workers stay for the next
    epoch.  timeout: seconds to wait for a batch.  generator: draws the order and the workers' seeds.
    multiprocessing_context: how processes are started, "fork", "spawn", ...  in_order=False: batches come as they are
    ready.  pin_memory: batches in page-locked memory, from which a GPU copies faster; pin_memory_device is PyTorch's
    old word for where, with a warning.

    ValueError for options that exclude each other.  An exception in a worker is raised here, with its traceback.
    https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.DataLoader

    >>> import minigrad as torch
    >>> dataset = torch.utils.data.TensorDataset(torch.arange(5), torch.arange(5) ** 2)
    >>> for x, y in torch.utils.data.DataLoader(dataset, batch_size=2):
    ...     print(x, y)
    tensor([0, 1]) tensor([0, 1])
    tensor([2, 3]) tensor([4, 9])
    tensor([4]) tensor([16])
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler[Any] | Iterable[Any] | None = None,
        batch_sampler: Sampler[list[Any]] | Iterable[list[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        check_order(dataset, batch_size, shuffle, sampler, batch_sampler, drop_last)
        if batch_sampler is not None:
            batch_size = None
        if sampler is None:
            sampler = default_sampler(dataset, bool(shuffle), generator)
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.dataset = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = checked_context(multiprocessing_context, num_workers)
        self.in_order = in_order
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.generator = generator
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate
        self.collate_fn = collate_fn
        self.persistent_workers = persistent_workers
        self._iterator: Any = None
        self._length_told: int | None = None
        self._initialized = True
        warn_of_many_workers(num_workers)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in FIXED and self.__dict__.get("_initialized"):
            raise ValueError(f"{name} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(name, value)

    @property
    def _index_sampler(self) -> Any:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __len__(self) -> int:
        if not isinstance(self.dataset, IterableDataset):
            return len(self._index_sampler)
        self._length_told = length = len(self.dataset)  # type: ignore[arg-type]
        if self.batch_size is None:
            return length
        return length // self.batch_size if self.drop_last else -(-length // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        if self.num_workers == 0:
            return Batches(self)
        from minigrad.utils.data.workers import WorkersBatches

        if not self.persistent_workers:
            return WorkersBatches(self)
        if self._iterator is None or not self._iterator.stop.alive:
            self._iterator = WorkersBatches(self)
        else:
            self._iterator.begin(self)
        return self._iterator  # type: ignore[no-any-return]


class Batches:
    """One epoch of a loader, loaded in this process; the base of the one that workers load."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        # No reference to the loader: it may have one to this, and would stay, with its workers, until the
        # garbage collector comes.
        self.dataset = loader.dataset
        self.length_told = loader._length_told
        self.index_sampler = loader._index_sampler
        self.order = iter(self.index_sampler)
        self.base_seed = source(loader.generator).drawn_seed()
        self.pins_memory = loader.pin_memory and accelerator.is_available()
        if loader.pin_memory and not self.pins_memory:
            warnings.warn(
                "'pin_memory' argument is set as true but no accelerator is found, "
                "then device pinned memory won't be used.",
                stacklevel=3,
            )
        if loader.pin_memory and loader.pin_memory_device:
            warnings.warn(
                "pin_memory_device is deprecated, the current accelerator will be used as the device, "
                f"ignore pin_memory_device='{loader.pin_memory_device}'.",
                stacklevel=3,
            )
        self.yielded = 0
        self.fetch = self.make_fetch(loader)

    def make_fetch(self, loader: DataLoader[Any]) -> Any:
        """What makes a batch of its indices; workers have their own."""
        return fetcher(loader)

    def __iter__(self) -> Batches:
        return self

    def __len__(self) -> int:
        return len(self.index_sampler)

    def __next__(self) -> Any:
        batch = self.next_batch()
        self.yielded += 1
        told = self.length_told
        if told is not None and self.yielded > told:
            warnings.warn(
                f"Length of IterableDataset {self.dataset} was reported to be {told} "
                f"(when accessing len(dataloader)), but {self.yielded} samples have been fetched. ",
                stacklevel=2,
            )
        return pin_memory(batch) if self.pins_memory else batch

    def next_batch(self) -> Any:
        """The next batch; StopIteration at the end."""
        return self.fetch(next(self.order))


# Making a batch ---------------------------------------------------------------------------------------------


def fetcher(loader: Any) -> Callable[[Any], Any]:
    """What makes a batch of its indices (or, from a stream, of as many samples as there are indices)."""
    if isinstance(loader.dataset, IterableDataset):
        return SampleStream(loader)
    return partial(fetched, loader.dataset, loader.batch_sampler is not None, loader.collate_fn)


EXPLAINED = (TypeError, RuntimeError, ValueError, LookupError, AttributeError)
"""The errors of samples that make no batch."""


def fetched(dataset: Any, batched: bool, collate_fn: Callable[[Any], Any], indices: Any) -> Any:
    """A batch of a dataset: made at once if the dataset can and nothing else is to collate it."""
    if not batched:
        return collate_fn(dataset[indices])
    batch = batch_at_once(dataset, indices) if collate_fn is default_collate else None
    if batch is not None:
        return batch
    at_once = getattr(dataset, "__getitems__", None)
    samples = at_once(indices) if at_once else [dataset[i] for i in indices]
    try:
        return collate_fn(samples)
    except EXPLAINED as error:
        if collate_fn is default_collate and samples:
            raise odd_sample(error, samples, indices, dataset) from None
        raise


class SampleStream:
    """Makes batches of a stream of samples; StopIteration at its end."""

    def __init__(self, loader: Any) -> None:
        self.samples = iter(loader.dataset)
        self.batched = loader.batch_sampler is not None
        self.drop_last = loader.drop_last
        self.collate_fn = loader.collate_fn

    def __call__(self, indices: Any) -> Any:
        """The next batch, of as many samples as there are indices, or fewer at the end."""
        if not self.batched:
            return self.collate_fn(next(self.samples))
        samples = list(itertools.islice(self.samples, len(indices)))
        if not samples or (self.drop_last and len(samples) < len(indices)):
            raise StopIteration
        return self.collate_fn(samples)


class Endless(Sampler[None]):
    """The "indices" of a stream, which has none."""

    def __iter__(self) -> Iterator[None]:
        return itertools.repeat(None)


def default_sampler(dataset: Any, shuffle: bool, generator: Generator | None) -> Sampler[Any]:
    """The order that goes with a kind of dataset."""
    if isinstance(dataset, IterableDataset):
        return Endless()
    return RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)


# Checks -----------------------------------------------------------------------------------------------------


def check_workers(num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool) -> None:
    """ValueError for options of workers that make no sense."""
    if num_workers < 0:
        raise ValueError("num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.")
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if num_workers == 0 and prefetch_factor is not None:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing."
            "let num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None."
        )
    if prefetch_factor is not None and prefetch_factor < 0:
        raise ValueError("prefetch_factor option should be non-negative")
    if persistent_workers and num_workers == 0:
        raise ValueError("persistent_workers option needs num_workers > 0")
    if timeout and num_workers == 0:
        raise AssertionError("a timeout needs num_workers > 0: nothing else is waited for")


def check_order(
    dataset: Any, batch_size: Any, shuffle: bool | None, sampler: Any, batch_sampler: Any, drop_last: bool
) -> None:
    """ValueError for two things that would each say the order."""
    if isinstance(dataset, IterableDataset):
        for name, given in (("shuffle", shuffle or None), ("sampler", sampler), ("batch_sampler", batch_sampler)):
            if given is not None:
                raise ValueError(
                    f"DataLoader with IterableDataset: expected unspecified {name} option, but got {name}={given}"
                )
    if sampler is not None and shuffle:
        raise ValueError("sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last):
        raise ValueError("batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last")
    if batch_sampler is None and batch_size is None and drop_last:
        raise ValueError("batch_size=None option disables auto-batching and is mutually exclusive with drop_last")


def checked_context(context: Any, num_workers: int) -> Any:
    """A way to start processes ("fork", "spawn", ...) as multiprocessing's context of it; None is the default."""
    if context is None:
        return None
    if num_workers == 0:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading (num_workers > 0), but got "
            f"num_workers={num_workers}"
        )
    import multiprocessing
    from multiprocessing.context import BaseContext

    if isinstance(context, str):
        known = multiprocessing.get_all_start_methods()
        if context not in known:
            raise ValueError(
                f"multiprocessing_context option should specify a valid start method in {known!r}, but got "
                f"multiprocessing_context={context!r}"
            )
        return multiprocessing.get_context(context)
    if not isinstance(context, BaseContext):
        raise TypeError(
            "multiprocessing_context option should be a valid context object or a string specifying the start "
            f"method, but got multiprocessing_context={context}"
        )
    return context


def warn_of_many_workers(num_workers: int) -> None:
    """A warning for more workers than there are processors."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if num_workers > processors:
        warnings.warn(
            f"This DataLoader will create {num_workers} worker processes in total. Our suggested max number of "
            f"worker in current system is {processors}, which is smaller than what this DataLoader is going to "
            "create. Please be aware that excessive worker creation might get DataLoader running slow or even "
            "freeze, lower the worker number to avoid potential slowness/freeze if necessary.",
            stacklevel=3,
        )
