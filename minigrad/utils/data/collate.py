"""Collating: many samples become one batch, tensors with a dimension more, in the samples' own structure.

https://docs.pytorch.org/docs/stable/data.html#dataloader-collate-fn
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from minigrad import dtypes
from minigrad.ops.creation import as_tensor, tensor
from minigrad.ops.shaping import stack
from minigrad.tensor import Tensor

NO_BATCH = "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"


def default_collate(batch: Any) -> Any:
    """Samples as one batch: tensors and arrays stacked, numbers as a tensor, containers member by member.

    Strings are left in a list; a tuple gives a list, a named tuple one of its kind.  RuntimeError for lists of
    unequal lengths, TypeError for anything else.

    >>> import minigrad as torch
    >>> torch.utils.data.default_collate([(torch.tensor([1.0]), 0), (torch.tensor([2.0]), 1)])
    [tensor([[1.],
            [2.]]), tensor([0, 1])]
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return stack(batch)
    if isinstance(first, np.ndarray):
        refuse_words(first.dtype)
        return stack([as_tensor(array) for array in batch])
    if isinstance(first, (np.number, np.bool_)):
        return as_tensor(np.array(batch))
    if isinstance(first, float):
        return tensor(batch, dtype=dtypes.float64)
    if isinstance(first, int):
        return tensor(batch)
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return mapping_like(first, ((key, default_collate([sample[key] for sample in batch])) for key in first))
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        members = [default_collate(member) for member in zip(*batch)]
        return members if type(first) is tuple else sequence_like(first, members)
    raise TypeError(NO_BATCH.format(type(first)))


def default_convert(data: Any) -> Any:
    """data with NumPy's arrays and numbers as tensors, everything else as it is (batch_size=None uses this).

    >>> import minigrad as torch, numpy
    >>> torch.utils.data.default_convert([numpy.array([1, 2]), "left as it is"])
    [tensor([1, 2]), 'left as it is']
    """
    return rebuilt(data, as_tensor_if_numpys, tuples_as=list)


def pin_memory(data: Any) -> Any:
    """A batch with its tensors (and whatever else has a method pin_memory) in page-locked memory."""
    return rebuilt(data, lambda x: x.pin_memory() if hasattr(x, "pin_memory") else x, tuples_as=tuple)


def as_tensor_if_numpys(x: Any) -> Any:
    """NumPy's arrays and numbers as tensors; strings and anything else as they are."""
    if isinstance(x, np.ndarray):
        return x if x.dtype.kind in "USO" else as_tensor(x)
    return as_tensor(x) if isinstance(x, (np.number, np.bool_)) else x


def refuse_words(dtype: np.dtype[Any]) -> None:
    """Arrays of strings and objects are no numbers: TypeError."""
    if dtype.kind in "USO":
        raise TypeError(NO_BATCH.format(dtype))


# Samples that do not fit together --------------------------------------------------------------------------------


def odd_sample(error: Exception, samples: list[Any], indices: Any, dataset: Any) -> Exception:
    """An error of collating samples, with the index of the first that is unlike the others, and what it is."""
    kinds = [kind_of(sample) for sample in samples]
    usual = max(kinds, key=kinds.count)
    odd = next((i for i, kind in enumerate(kinds) if kind != usual), 0)
    told = f"dataset[{indices[odd]}] is {kinds[odd]}"
    if kinds[odd] != usual:
        told += f", but dataset[{indices[kinds.index(usual)]}] is {usual}"
    if isinstance(dataset, (tuple, list)) and all(isinstance(x, (Tensor, np.ndarray)) for x in dataset):
        told += ". To go through the samples of all, write TensorDataset(X, y)"
    elif "None" in kinds[odd]:
        told += ". Is a `return` missing in the dataset's __getitem__, or a value in its data?"
    elif "Image" in kinds[odd]:
        told += ". Give the dataset transform=transforms.ToTensor()"
    elif kinds[odd] != usual:
        told += ". Make them equal (cut, pad or resize), or give the DataLoader a collate_fn of your own"
    return type(error)(f"{error}. {told}")


def kind_of(sample: Any) -> str:
    """What decides whether samples fit together: types and shapes, (Tensor [2], int)."""
    if isinstance(sample, (Tensor, np.ndarray)):
        return f"{type(sample).__name__} {list(sample.shape)}"
    if isinstance(sample, (tuple, list)):
        if len(sample) > 4:
            return f"a {type(sample).__name__} of {len(sample)}"
        return f"({', '.join(map(kind_of, sample))})"
    if isinstance(sample, Mapping):
        return "{" + ", ".join(f"{key!r}: {kind_of(value)}" for key, value in sample.items()) + "}"
    return "None" if sample is None else type(sample).__name__


# Containers -------------------------------------------------------------------------------------------------


def rebuilt(data: Any, each: Callable[[Any], Any], tuples_as: type) -> Any:
    """Containers within containers, with a function applied to what is none."""
    if isinstance(data, (Tensor, str, bytes)) or hasattr(data, "pin_memory"):
        return each(data)
    if isinstance(data, Mapping):
        return mapping_like(data, ((key, rebuilt(data[key], each, tuples_as)) for key in data))
    if isinstance(data, Sequence):
        members = [rebuilt(member, each, tuples_as) for member in data]
        return tuples_as(members) if type(data) is tuple else sequence_like(data, members)
    return each(data)


def mapping_like(like: Mapping[Any, Any], items: Iterable[tuple[Any, Any]]) -> Any:
    """A mapping of the kind of another, with these items; a dict where that kind cannot be made so."""
    made = dict(items)
    try:
        if isinstance(like, MutableMapping):
            clone = copy.copy(like)
            clone.update(made)
            return clone
        return type(like)(made)  # type: ignore[call-arg]
    except TypeError:
        return made


def sequence_like(like: Sequence[Any], members: list[Any]) -> Any:
    """A sequence of the kind of another, with these members; a list where that kind cannot be made so."""
    if isinstance(like, tuple):
        return type(like)(*members) if hasattr(like, "_fields") else members
    try:
        if isinstance(like, MutableSequence):
            clone = copy.copy(like)
            for i, member in enumerate(members):
                clone[i] = member
            return clone
        return type(like)(members)  # type: ignore[call-arg]
    except TypeError:
        return members
