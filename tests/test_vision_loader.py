"""Datasets of images in a DataLoader: the same batches, made at once or of single samples."""

from __future__ import annotations

import pytest
from same_draws import bits
from tiny_mnist import Tiny, write_files

import minigrad
from minigrad.utils.data import DataLoader, Subset, default_collate
from minigrad.vision import datasets
from minigrad.vision.transforms import Compose, Normalize, RandomCrop, RandomHorizontalFlip, ToTensor

NORMALIZED = Compose([ToTensor(), Normalize((0.1307,), (0.3081,))])
TRANSFORMS = {
    "none": None,
    "known": NORMALIZED,
    "a function": lambda image: minigrad.tensor(image).float(),
    "random": Compose([RandomCrop(28, padding=2), RandomHorizontalFlip(), NORMALIZED]),
}


@pytest.fixture
def root(tmp_path):
    write_files(tmp_path)
    return tmp_path


@pytest.fixture
def asked(monkeypatch):
    """The indices of the single samples that MNIST was asked for, in this process."""
    sample, asked = datasets.MNIST.__getitem__, []
    monkeypatch.setattr(datasets.MNIST, "__getitem__", lambda self, index: asked.append(index) or sample(self, index))
    return asked


def epochs(data, **options):
    """The bits of all batches of two shuffled epochs."""
    minigrad.manual_seed(1)
    loader = DataLoader(data, batch_size=16, shuffle=True, **options)
    return [[bits(part) for part in batch] for epoch in range(2) for batch in loader]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_batches_are_those_of_single_samples(transform, workers, root, asked):
    data = Tiny(root, transform=TRANSFORMS[transform])
    batches = epochs(data, num_workers=workers)
    assert len(batches) == 8
    if workers == 0:
        assert len(asked) == (0 if transform == "known" else 100)
    assert batches == epochs(data, num_workers=workers, collate_fn=lambda samples: default_collate(samples))


def test_a_subset_asks_its_dataset_for_whole_batches(root, asked):
    data = Tiny(root, transform=NORMALIZED)
    part = Subset(data, range(40, 10, -1))
    images, targets = next(iter(DataLoader(part, batch_size=8)))
    assert asked == []
    assert bits(images[3]) == bits(data[37][0])
    assert targets.tolist() == data.targets[33:41].tolist()[::-1]


@pytest.mark.parametrize("replaced", [lambda targets: targets.tolist(), lambda targets: targets.float()])
def test_replaced_targets_are_collated_as_their_samples(replaced, root):
    data = Tiny(root, transform=ToTensor())
    data.targets = replaced(data.targets)
    _, targets = next(iter(DataLoader(data, batch_size=5)))
    assert targets.dtype is minigrad.int64
    assert targets.tolist() == [int(target) for _, target in (data[i] for i in range(5))]
