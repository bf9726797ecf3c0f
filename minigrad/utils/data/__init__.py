"""Datasets, and the loaders that make batches of them, as torch.utils.data.

A `Dataset` gives sample i as dataset[i], a `Sampler` the order of the indices, a `DataLoader` batches of what they
name.  `generator`, in all: what draws; None is the default generator, which `torch.manual_seed` seeds.
https://docs.pytorch.org/docs/stable/data.html
"""

from minigrad.utils.data.collate import default_collate, default_convert
from minigrad.utils.data.dataset import (
    ConcatDataset,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    random_split,
)
from minigrad.utils.data.loader import DataLoader
from minigrad.utils.data.sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from minigrad.utils.data.worker_info import get_worker_info

__all__ = [
    "Dataset",
    "IterableDataset",
    "TensorDataset",
    "Subset",
    "ConcatDataset",
    "random_split",
    "DataLoader",
    "default_collate",
    "default_convert",
    "Sampler",
    "SequentialSampler",
    "RandomSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
    "BatchSampler",
    "get_worker_info",
]
