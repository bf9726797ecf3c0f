"""The datasets that torchvision has: their samples, their whole batches, and how a script finds them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from engines import torch
from processes import python
from same_draws import bits
from tiny_mnist import TEST_IMAGES, TEST_LABELS, TRAIN_IMAGES, TRAIN_LABELS, Tiny, write_files

import minigrad
from minigrad.utils.data.whole_batches import batch_at_once
from minigrad.vision import datasets
from minigrad.vision.transforms import (
    Compose,
    Lambda,
    Normalize,
    RandomCrop,
    RandomHorizontalFlip,
    ToTensor,
    batch_version,
)

PROJECT = Path(__file__).parent.parent


@pytest.fixture
def root(tmp_path):
    write_files(tmp_path)
    return tmp_path


# Datasets


def test_a_dataset_has_its_files_as_tensors_and_its_samples_as_array_and_int(root):
    for train, images, labels in ((True, TRAIN_IMAGES, TRAIN_LABELS), (False, TEST_IMAGES, TEST_LABELS)):
        data = Tiny(root, train)
        assert data.train is train
        assert bits(data.data) == bits(torch.tensor(images))
        assert bits(data.targets) == bits(torch.tensor(labels).long())
        assert len(data) == len(images)
        image, target = data[3]
        assert type(image) is np.ndarray
        assert image.dtype == np.uint8
        assert np.array_equal(image, images[3])
        assert type(target) is int
        assert target == labels[3]
        assert np.array_equal(data[-1][0], images[-1])
        with pytest.raises(IndexError):
            data[len(images)]


def test_a_sample_may_be_changed_without_changing_the_dataset(root):
    data = Tiny(root)
    data[0][0][:] = 0
    assert np.array_equal(data.data.numpy(), TRAIN_IMAGES)


def test_transforms_are_applied_to_image_and_target(root):
    data = Tiny(root, transform=np.transpose, target_transform=str)
    image, target = data[0]
    assert np.array_equal(image, TRAIN_IMAGES[0].T)
    assert target == str(TRAIN_LABELS[0])


def test_data_and_targets_may_be_replaced(root):
    data = Tiny(root, transform=ToTensor())
    odd = data.targets % 2 == 1
    data.data, data.targets = data.data[odd], data.targets[odd]
    assert len(data) == (TRAIN_LABELS % 2).sum()
    assert data[0][1] % 2 == 1
    images, targets = batch_at_once(data, [0, 1])
    assert np.array_equal(targets.numpy(), TRAIN_LABELS[TRAIN_LABELS % 2 == 1][:2])
    assert bits(images[0]) == bits(data[0][0])


def test_old_names_of_the_data_warn_and_give_them(root):
    data = Tiny(root)
    for name in ("train_data", "test_data", "train_labels", "test_labels"):
        new = "data" if name.endswith("data") else "targets"
        with pytest.warns(UserWarning, match=f"{name} has been renamed {new}"):
            assert getattr(data, name) is getattr(data, new)


def test_classes_and_folders_are_those_of_torchvision(root, monkeypatch):
    monkeypatch.setenv("HOME", str(root))
    data = Tiny("~")
    assert data.root == str(root)
    assert data.raw_folder == str(root / "Tiny" / "raw")
    assert data.classes[:2] == ["0 - zero", "1 - one"]
    assert data.class_to_idx["9 - nine"] == 9
    assert len(data.class_to_idx) == 10
    assert datasets.FashionMNIST.classes[9] == "Ankle boot"


def test_printed_forms_of_datasets(root):
    head = f"Dataset Tiny\n    Number of datapoints: 50\n    Root location: {root}\n    Split: Train"
    assert repr(Tiny(root)) == head
    data = Tiny(root, transform=Compose([ToTensor(), Normalize((0.5,), (0.5,))]), target_transform=Lambda(str))
    assert repr(data) == head + (
        "\n    StandardTransform\n"
        "Transform: Compose(\n"
        "               ToTensor()\n"
        "               Normalize(mean=(0.5,), std=(0.5,))\n"
        "           )\n"
        "Target transform: Lambda()"
    )
    assert "Split: Test" in repr(Tiny(root, train=False))


# Whole batches at once


class Brighter(ToTensor):
    """A subclass that redefines the call alone."""

    def __call__(self, pic):
        return super().__call__(pic) + 1


class Shifted(Normalize):
    """A subclass that redefines the forward pass alone."""

    def forward(self, tensor):
        return super().forward(tensor) + 1


class Backwards(Tiny):
    """A subclass that redefines the samples alone."""

    def __getitem__(self, index):
        return super().__getitem__(len(self) - 1 - index)


KNOWN = {
    "ToTensor": ToTensor(),
    "Compose": Compose([ToTensor(), Normalize((0.1307,), (0.3081,))]),
    "numbers": Compose([ToTensor(), Normalize(0.1307, 0.3081)]),
    "in place": Compose([ToTensor(), Normalize(0.5, 0.5, inplace=True)]),
    "nested": Compose([Compose([ToTensor()]), Compose([]), Normalize([0.1], [0.2])]),
}
OTHER = {
    "none": None,
    "a function": lambda image: minigrad.tensor(image),
    "Lambda": Compose([ToTensor(), Lambda(lambda image: image.flatten())]),
    "random": Compose([RandomCrop(28, padding=2), RandomHorizontalFlip(), ToTensor()]),
    "a subclass's call": Brighter(),
    "a subclass's forward": Compose([ToTensor(), Shifted(0.5, 0.5)]),
    "Sequential": Compose([ToTensor(), minigrad.nn.Sequential(Normalize(0.5, 0.5))]),
}
INDICES = [3, 1, 4, 1, 5, -2]


def one_by_one(data, indices):
    """The samples, one after the other, stacked."""
    images, targets = zip(*[data[index] for index in indices])
    return [minigrad.stack(images), minigrad.tensor(targets)]


@pytest.mark.parametrize("dtype", [minigrad.float32, minigrad.float64])
@pytest.mark.parametrize("transform", KNOWN)
def test_a_whole_batch_has_the_bits_of_its_samples(transform, dtype, root):
    data = Tiny(root, transform=KNOWN[transform])
    minigrad.set_default_dtype(dtype)
    try:
        batch, samples = batch_at_once(data, INDICES), one_by_one(data, INDICES)
    finally:
        minigrad.set_default_dtype(minigrad.float32)
    assert type(batch) is type(samples)
    assert list(map(bits, batch)) == list(map(bits, samples))
    assert batch[0].array.flags.c_contiguous
    assert bits(data.data) == bits(torch.tensor(TRAIN_IMAGES))


@pytest.mark.parametrize("transform", OTHER)
def test_other_transforms_take_each_sample(transform, root):
    assert batch_version(OTHER[transform]) is None
    data = Tiny(root, transform=OTHER[transform])
    state = bits(minigrad.get_rng_state())
    assert batch_at_once(data, INDICES) is None
    assert bits(minigrad.get_rng_state()) == state


def test_target_transforms_subclasses_and_other_indices_take_each_sample(root):
    assert batch_at_once(Tiny(root, transform=ToTensor(), target_transform=str), INDICES) is None
    write_files(root, "Backwards")
    assert batch_at_once(Backwards(root, transform=ToTensor()), INDICES) is None
    assert batch_at_once(Tiny(root, transform=ToTensor()), [True, False]) is None
    assert batch_at_once(Tiny(root, transform=ToTensor()), []) is None
    with pytest.raises(IndexError):
        batch_at_once(Tiny(root, transform=ToTensor()), [50])


# As a library


def test_a_script_finds_it_as_torchvision(root):
    script = root / "script.py"
    script.write_text(
        "import torch, torchvision\n"
        "import torchvision.transforms as T\n"
        "from torchvision import datasets, transforms\n"
        "from torchvision.datasets import MNIST\n"
        "from torchvision.transforms import ToTensor\n"
        "class Tiny(MNIST): pass\n"
        "data = Tiny('.', train=False, download=False, transform=T.Compose([ToTensor()]))\n"
        "image, label = data[2]\n"
        "print(datasets.MNIST is MNIST, transforms is T, torchvision.datasets is datasets)\n"
        "print(isinstance(image, torch.Tensor), list(image.shape), label)\n"
    )
    printed = python("-m", "minigrad", script, cwd=root, env={"PYTHONPATH": str(PROJECT)})
    assert printed.returncode == 0, printed.stderr
    assert printed.stdout.splitlines() == ["True True True", f"True [1, 28, 28] {TEST_LABELS[2]}"]


def test_importing_it_imports_nothing_that_only_downloads_need():
    program = "import sys, minigrad.vision; print(*sorted(sys.modules))"
    printed = python("-c", program)
    loaded = set(printed.stdout.split())
    assert "minigrad.vision.datasets" in loaded
    assert loaded.isdisjoint({"PIL", "tqdm", "torch", "urllib.request", "http.client", "zipfile", "subprocess"})


# The real MNIST


@pytest.mark.slow
def test_the_real_mnist(tmp_path_factory):
    try:
        train = datasets.MNIST(PROJECT / "data", download=True, transform=ToTensor())
    except RuntimeError as error:
        pytest.skip(f"MNIST is not in {PROJECT / 'data'}, and there is no network: {error}")
    test = datasets.MNIST(PROJECT / "data", train=False)
    assert train.data.shape == (60000, 28, 28)
    assert test.data.shape == (10000, 28, 28)
    assert train.targets[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert test.targets[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    pixels = train.data.numpy() / 255
    assert (round(pixels.mean(), 4), round(pixels.std(), 4)) == (0.1307, 0.3081)
    images, targets = batch_at_once(train, list(range(60000)))
    assert images.shape == (60000, 1, 28, 28)
    assert bits(images[59999]) == bits(train[59999][0])
    assert targets.tolist() == train.targets.tolist()
