"""The datasets beyond MNIST and FashionMNIST: tiny files in their formats, read as torchvision reads them."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tiny_cifar as cifar
from processes import python
from real_vision import seeded, torchvision
from same_draws import bits, in_step
from tiny_mnist import idx

import minigrad
from minigrad.utils.data import DataLoader
from minigrad.vision import catalogue, datasets
from minigrad.vision.datasets import pickled
from minigrad.vision.transforms import Compose, Lambda, Normalize, PILToTensor, RandomCrop, ToTensor

PROJECT = Path(__file__).parent.parent
NUMBERS = np.random.default_rng(8)


@pytest.fixture
def root(tmp_path):
    cifar.write(tmp_path / "cifar-10-batches-py", cifar.TEN)
    cifar.write(tmp_path / "cifar-100-python", cifar.HUNDRED)
    return tmp_path


def samples(data):
    """All images as arrays, and all targets."""
    return [(np.asarray(data[i][0]).tolist(), data[i][1]) for i in range(len(data))]


# CIFAR


@pytest.mark.parametrize("train", [True, False])
def test_cifar10_has_its_images_as_arrays(train, root):
    data = cifar.Tiny10(root, train)
    batches = [batch for name, batch in cifar.BATCHES.items() if (name != "test_batch") == train]
    expected = np.concatenate([batch["data"] for batch in batches]).reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    assert np.array_equal(data.data, expected)
    assert data.targets == [target for batch in batches for target in batch["labels"]]
    image, target = data[3]
    assert (type(image), image.shape, image.dtype, type(target)) == (np.ndarray, (32, 32, 3), np.uint8, int)
    assert np.array_equal(image, expected[3])
    image[:] = 0
    assert np.array_equal(data.data, expected)
    assert data.classes == cifar.CLASSES
    assert data.class_to_idx["dog"] == 5
    assert len(data) == (20 if train else 6)


def real_of(ours, contents, trains, tests, meta):
    """torchvision's class for the generated files."""
    name, theirs = ours.__name__, getattr(torchvision().datasets, ours.__base__.__name__)
    lists = {
        "train_list": [[file, cifar.md5(contents[file])] for file in trains],
        "test_list": [[file, cifar.md5(contents[file])] for file in tests],
        "meta": {**theirs.meta, "md5": cifar.md5(contents[meta])},
    }
    return type(name, (theirs,), lists)


@pytest.mark.parametrize("train", [True, False])
@pytest.mark.parametrize("which", ["Tiny10", "Tiny100"])
def test_cifar_is_that_of_torchvision(which, train, root):
    ours = getattr(cifar, which)
    if which == "Tiny10":
        theirs = real_of(ours, cifar.TEN, [*cifar.TEN][:5], ["test_batch"], "batches.meta")
    else:
        theirs = real_of(ours, cifar.HUNDRED, ["train"], ["test"], "meta")
    mine, real = ours(root, train), theirs(root, train)
    assert np.array_equal(mine.data, real.data)
    assert mine.targets == real.targets
    assert (mine.classes, mine.class_to_idx) == (real.classes, real.class_to_idx)
    assert samples(mine) == samples(real)
    assert repr(mine) == repr(real)
    for name in ("base_folder",):
        assert getattr(ours, name) == getattr(theirs, name)
    transforms = torchvision().transforms
    options = {"transform": Compose([ToTensor()]), "target_transform": Lambda(str)}
    real_options = {
        "transform": transforms.Compose([transforms.ToTensor()]),
        "target_transform": transforms.Lambda(str),
    }
    mine, real = ours(str(root), train, **options), theirs(str(root), train, **real_options)
    assert repr(mine) == repr(real)
    assert bits(mine[1][0]) == bits(real[1][0])
    assert mine[1][1] == real[1][1]


def test_the_catalogue_has_the_checksums_of_torchvision():
    real = torchvision().datasets
    for name, published in (("CIFAR10", catalogue.CIFAR10), ("CIFAR100", catalogue.CIFAR100)):
        theirs = getattr(real, name)
        files = dict([*theirs.train_list, *theirs.test_list, [theirs.meta["filename"], theirs.meta["md5"]]])
        assert {file.name: file.checksum for file in published.files} == files
        [archive] = published.archives
        assert (archive.name, archive.checksum) == (theirs.filename, theirs.tgz_md5)
        assert archive.address + archive.name == theirs.url
        assert archive.member.format("test") == f"{theirs.base_folder}/test"
    stl = dict(real.STL10.train_list + real.STL10.test_list)
    assert {file.name: file.checksum for file in catalogue.STL10.files if file.checksum} == stl
    [archive] = catalogue.STL10.archives
    assert (archive.address + archive.name, archive.checksum) == (real.STL10.url, real.STL10.tgz_md5)
    tables = {name: md5 for _, md5, name in real.CelebA.file_list if name.endswith(".txt")}
    assert {file.name: file.checksum for file in catalogue.CELEBA.files} == tables
    for split, (url, name, md5) in real.SVHN.split_list.items():
        [archive] = catalogue.SVHN[split].archives
        assert (archive.address + archive.name, archive.name, archive.checksum) == (url, name, md5)
    kmnist = {archive.name: archive.checksum for archive in catalogue.KMNIST.archives}
    assert kmnist == dict(real.KMNIST.resources)
    assert {archive.address for archive in catalogue.KMNIST.archives} == set(real.KMNIST.mirrors)
    for part, resources in real.QMNIST.resources.items():
        archives = catalogue.QMNIST[part].archives
        assert [(archive.address + archive.name, archive.checksum) for archive in archives] == resources
    archive = catalogue.EMNIST_ARCHIVE
    assert (archive.address + archive.name, archive.checksum) == (real.EMNIST.url, real.EMNIST.md5)


def test_batches_of_cifar_are_those_of_its_samples(root):
    for transform in (
        Compose([ToTensor(), Normalize([0.5] * 3, [0.25] * 3)]),
        Compose([RandomCrop(32, 4), ToTensor()]),
    ):
        data = cifar.Tiny10(root, transform=transform)
        one_by_one = DataLoader(data, 6, shuffle=True, collate_fn=lambda pairs: [*map(minigrad.stack, zip(*pairs))])
        data.target_transform = minigrad.tensor
        seeded(0)
        expected = [[bits(part) for part in batch] for batch in one_by_one]
        data.target_transform = None
        seeded(0)
        assert [[bits(part) for part in batch] for batch in DataLoader(data, 6, shuffle=True)] == expected


def test_data_of_cifar_may_be_replaced(root):
    data = cifar.Tiny10(root, transform=ToTensor())
    few = np.array(data.targets) < 5
    data.data, data.targets = data.data[few], [t for t in data.targets if t < 5]
    images, targets = next(iter(DataLoader(data, len(data))))
    assert len(images) == few.sum()
    assert targets.tolist() == data.targets


@pytest.mark.parametrize("broken", ["data_batch_3", "batches.meta"])
def test_broken_files_of_cifar_are_refused(broken, root):
    path = root / "cifar-10-batches-py" / broken
    content = path.read_bytes()
    for wrong in (content[:-1], content + b"!", b""):
        path.write_bytes(wrong)
        with pytest.raises(RuntimeError, match=r"Dataset not found or corrupted .*You can use download=True"):
            cifar.Tiny10(root)
    path.unlink()
    with pytest.raises(RuntimeError, match="Dataset not found or corrupted"):
        cifar.Tiny10(root)


# Pickles: plain values and arrays of bytes, nothing else


class Evil:
    def __reduce__(self):
        return os.system, ("echo done > evil.txt",)


HOSTILE = {
    "a function": pickle.dumps({"data": Evil()}, 2),
    "a function of NumPy": b"\x80\x02cnumpy\nload\nU\x01a\x85R.",
    "another class as an array": b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\ndtype\nK\x00\x85U\x01b\x87R.",
    "objects": pickle.dumps({"data": np.array([{}, 1], object)}, 2),
    "floats": pickle.dumps({"data": np.ones(3)}, 2),
    "too few bytes": cifar.pickled({"data": np.zeros((2, 3), np.uint8)}).replace(b"J\x02\0\0\0", b"J\x03\0\0\0"),
    "attributes": b"\x80\x02}q\x00}b.",
    "a list": pickle.dumps([1], 2),
    "another instruction": pickle.dumps({"data": 1}, 5),
    "half of it": cifar.TEN["test_batch"][:500],
    "nothing": b"",
}


@pytest.mark.parametrize("how", HOSTILE)
def test_pickles_name_nothing_but_arrays_of_bytes(how, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_bytes(HOSTILE[how])
    with pytest.raises(pickle.UnpicklingError):
        pickled.unpickled(tmp_path / "file")
    assert not (tmp_path / "evil.txt").exists()


def test_pickles_of_python_3_are_read_too(tmp_path):
    array = NUMBERS.integers(0, 256, (2, 12), np.uint8)
    (tmp_path / "file").write_bytes(pickle.dumps({"data": array, "labels": [1, 2]}, 2))
    entry = pickled.unpickled(tmp_path / "file")
    assert np.array_equal(entry["data"], array)
    assert entry["labels"] == [1, 2]


# SVHN


def test_svhn_is_that_of_torchvision(tmp_path, monkeypatch):
    scipy = pytest.importorskip("scipy.io")
    images = NUMBERS.integers(0, 256, (32, 32, 3, 6), np.uint8)
    scipy.savemat(tmp_path / "test_32x32.mat", {"X": images, "y": np.array([[1], [10], [3], [9], [10], [2]], np.uint8)})
    md5 = cifar.md5((tmp_path / "test_32x32.mat").read_bytes())
    monkeypatch.setitem(catalogue.SVHN, "test", catalogue.Publication((catalogue.File("test_32x32.mat", None, md5),)))
    mine = datasets.SVHN(tmp_path, "test")
    assert mine.labels.tolist() == [1, 0, 3, 9, 0, 2]
    assert mine.labels.dtype == np.int64
    assert np.array_equal(mine[2][0], images[..., 2])
    assert mine.data.shape == (6, 3, 32, 32)
    theirs = torchvision().datasets.SVHN
    monkeypatch.setitem(theirs.split_list, "test", [*theirs.split_list["test"][:2], md5])
    real = theirs(tmp_path, "test")
    assert np.array_equal(mine.data, real.data)
    assert samples(mine) == samples(real)
    assert repr(mine) == repr(real)


def test_what_svhn_refuses(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"Unknown value 'val' for argument split. Valid values are \{'train', 'test'"):
        datasets.SVHN(tmp_path, "val")
    with pytest.raises(RuntimeError, match="Dataset not found or corrupted"):
        datasets.SVHN(tmp_path)
    (tmp_path / "train_32x32.mat").write_bytes(b"")
    monkeypatch.setitem(catalogue.SVHN, "train", catalogue.Publication((catalogue.File("train_32x32.mat"),)))
    monkeypatch.setitem(__import__("sys").modules, "scipy.io", None)
    monkeypatch.setitem(__import__("sys").modules, "scipy", None)
    with pytest.raises(ModuleNotFoundError, match="SVHN needs SciPy, which is not installed: pip install scipy"):
        datasets.SVHN(tmp_path)


# Folders


def is_first(path):
    return Path(path).stem == "1"


@pytest.fixture
def folder(tmp_path):
    pil = pytest.importorskip("PIL.Image")
    for name in ("cat/2.png", "cat/1.JPG", "cat/more/3.png", "dog/a.bmp", "dog/notes.txt", "bee/x.ppm", "bee/grey.png"):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("txt"):
            path.write_text("no image")
        else:
            array = NUMBERS.integers(0, 256, (5, 6) if "grey" in name else (5, 6, 3), np.uint8)
            pil.fromarray(array).save(path)
    return tmp_path / "images"


def test_folders_of_images_are_those_of_torchvision(folder):
    mine, real = datasets.ImageFolder(str(folder)), torchvision().datasets.ImageFolder(str(folder))
    for name in ("classes", "class_to_idx", "samples", "imgs", "targets", "extensions"):
        assert getattr(mine, name) == getattr(real, name)
    assert mine.classes == ["bee", "cat", "dog"]
    assert [(image.mode, image.tobytes(), target) for image, target in mine] == [
        (image.mode, image.tobytes(), target) for image, target in real
    ]
    assert repr(mine) == repr(real)
    options = {"is_valid_file": is_first, "allow_empty": True}
    first = datasets.ImageFolder(folder, PILToTensor(), lambda target: target + 1, **options)
    assert [(x.shape, y) for x, y in first] == [((3, 5, 6), 2)]


def test_folders_of_files(folder):
    options = {"loader": os.path.basename, "extensions": (".txt", ".ppm"), "allow_empty": True}
    mine, real = datasets.DatasetFolder(folder, **options), torchvision().datasets.DatasetFolder(folder, **options)
    assert [*mine] == [*real] == [("x.ppm", 0), ("notes.txt", 2)]
    assert (mine.classes, mine.samples) == (real.classes, real.samples)

    class Chosen(datasets.DatasetFolder):
        def find_classes(self, directory):
            return ["dog"], {"dog": 7}

    assert [*Chosen(folder, os.path.basename, (".bmp",))] == [("a.bmp", 7)]


def test_folders_that_are_refused(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="Couldn't find any class folder in"):
        datasets.ImageFolder(tmp_path / "empty")
    with pytest.raises(FileNotFoundError, match=r"no valid file for the classes bee, cat. Supported .* are: .txt"):
        datasets.DatasetFolder(folder, str, (".txt",))
    with pytest.raises(ValueError, match="extensions and is_valid_file cannot be None or not None at the same time"):
        datasets.DatasetFolder(folder, str)
    with pytest.raises(FileNotFoundError):
        datasets.ImageFolder(tmp_path / "nowhere")


# Images of nothing


@pytest.mark.parametrize("channels", [1, 3])
def test_fake_data_is_that_of_torchvision(channels):
    options = {"size": 5, "image_size": (channels, 8, 9), "num_classes": 4, "random_offset": 3}
    mine, real = datasets.FakeData(**options), torchvision().datasets.FakeData(**options)
    seeded(1)
    in_step()
    assert samples(mine) == samples(real)
    in_step()
    assert repr(mine) == repr(real)
    assert len(mine) == 5
    with pytest.raises(IndexError, match="FakeData index out of range"):
        mine[5]
    transformed = datasets.FakeData(3, (3, 4, 4), transform=ToTensor())
    assert next(iter(DataLoader(transformed, 3)))[0].shape == (3, 3, 4, 4)


# MNIST's likes


def mnist_files(folder, names):
    """Files in MNIST's format; what they hold."""
    contents = {}
    for name in names:
        images = "images" in name
        contents[name] = NUMBERS.integers(0, 10, (6, 28, 28) if images else 6, np.uint8)
        cifar.write(folder, {name: idx(contents[name])})
    return contents


def test_kmnist_and_emnist_are_those_of_torchvision(tmp_path):
    real = torchvision().datasets
    mnist_files(tmp_path / "KMNIST" / "raw", [file.name for file in catalogue.KMNIST.files])
    for train in (True, False):
        mine, theirs = datasets.KMNIST(tmp_path, train), real.KMNIST(tmp_path, train)
        assert samples(mine) == samples(theirs)
        assert (repr(mine), mine.classes, mine.class_to_idx) == (repr(theirs), theirs.classes, theirs.class_to_idx)
    for split in datasets.EMNIST.splits:
        mnist_files(tmp_path / "EMNIST" / "raw", [file.name for file in catalogue.emnist(split).files])
        mine, theirs = datasets.EMNIST(tmp_path, split, train=False), real.EMNIST(tmp_path, split, train=False)
        assert samples(mine) == samples(theirs)
        assert (repr(mine), mine.classes, mine.class_to_idx) == (repr(theirs), theirs.classes, theirs.class_to_idx)
    with pytest.raises(ValueError, match="Unknown value 'all' for argument split"):
        datasets.EMNIST(tmp_path, "all")


def test_qmnist_is_that_of_torchvision(tmp_path):
    real = torchvision().datasets
    known = NUMBERS.integers(0, 70000, (10004, 8)).astype(">i4")
    images = NUMBERS.integers(0, 256, (10004, 2, 2), np.uint8)
    header = bytes([0, 0, 12, 2]) + b"".join(size.to_bytes(4, "big") for size in known.shape)
    for part in ("train", "test"):
        first, second = (file.name for file in catalogue.QMNIST[part].files)
        cifar.write(tmp_path / "QMNIST" / "raw", {first: idx(images), second: header + known.tobytes()})
    for options in ({}, {"train": False}, {"what": "test10k"}, {"what": "test50k"}, {"compat": False}):
        mine, theirs = datasets.QMNIST(tmp_path, **options), real.QMNIST(tmp_path, **options)
        assert (len(mine), repr(mine)) == (len(theirs), repr(theirs))
        assert bits(mine.data) == bits(theirs.data)
        assert bits(mine.targets) == bits(theirs.targets)
        if options != {"compat": False}:
            assert mine[3][1] == theirs[3][1]
        else:
            assert bits(mine[3][1]) == bits(theirs[3][1])


# STL10


def test_stl10_is_that_of_torchvision(tmp_path, monkeypatch):
    contents = {"class_names.txt": b"airplane\nbird\n", "fold_indices.txt": b"0 3 \n1 2 4 \n" * 5}
    for part, size in (("train", 5), ("unlabeled", 3), ("test", 2)):
        contents[f"{part}_X.bin"] = NUMBERS.integers(0, 256, (size, 3, 96, 96), np.uint8).tobytes()
        if part != "unlabeled":
            contents[f"{part}_y.bin"] = NUMBERS.integers(1, 11, size, np.uint8).tobytes()
    cifar.write(tmp_path / "stl10_binary", contents)
    monkeypatch.setattr(datasets.STL10, "published", cifar.published(contents))
    theirs = torchvision().datasets.STL10
    for name in ("train_list", "test_list"):
        lists = [[file, cifar.md5(contents[file])] for file, _ in getattr(theirs, name)]
        monkeypatch.setattr(theirs, name, lists)
    for options in ({}, {"split": "test"}, {"split": "unlabeled"}, {"split": "train+unlabeled"}, {"folds": 1}):
        mine, real = datasets.STL10(tmp_path, **options), theirs(tmp_path, **options)
        assert samples(mine) == samples(real)
        assert (repr(mine), mine.classes, mine.data.shape) == (repr(real), real.classes, real.data.shape)
    with pytest.raises(ValueError, match=r"folds should be in the range \[0, 10\), but got 10"):
        datasets.STL10(tmp_path, folds=10)
    (tmp_path / "stl10_binary" / "test_y.bin").write_bytes(b"")
    with pytest.raises(RuntimeError, match="Dataset not found or corrupted"):
        datasets.STL10(tmp_path, "test")


# CelebA


def celeba_files(folder):
    """Six faces, and what is known of them."""
    pil = pytest.importorskip("PIL.Image")
    names = [f"{n:06}.jpg" for n in range(1, 7)]

    def table(rows, header=None):
        lines = [f"{len(names)}", header] if header else []
        return "\n".join([*lines, *(" ".join([name, *map(str, row)]) for name, row in zip(names, rows)), ""]).encode()

    contents = {
        "list_eval_partition.txt": table([[0], [1], [0], [2], [2], [1]]),
        "identity_CelebA.txt": table([[7], [8], [9], [8], [8], [1]]),
        "list_attr_celeba.txt": table(NUMBERS.choice([-1, 1], (6, 3)), "Bald Smiling Young"),
        "list_bbox_celeba.txt": table(NUMBERS.integers(0, 99, (6, 4)), "image_id x_1 y_1 width height").replace(
            b" ", b"  "
        ),
        "list_landmarks_align_celeba.txt": table(NUMBERS.integers(0, 99, (6, 10)), "lefteye_x lefteye_y"),
    }
    cifar.write(folder, contents)
    with zipfile.ZipFile(folder / "img_align_celeba.zip", "w") as archive:
        for name in names:
            file = io.BytesIO()
            pil.fromarray(NUMBERS.integers(0, 256, (6, 5, 3), np.uint8)).save(file, "JPEG")
            archive.writestr(f"img_align_celeba/{name}", file.getvalue())
        archive.writestr("other/readme.txt", "not asked for")
    return contents


def test_celeba_is_that_of_torchvision(tmp_path, monkeypatch):
    contents = celeba_files(tmp_path / "celeba")
    monkeypatch.setattr(datasets.CelebA, "published", cifar.published(contents))
    theirs = torchvision().datasets.CelebA
    lists = [[number, cifar.md5(contents.get(name, b"")), name] for number, _, name in theirs.file_list]
    monkeypatch.setattr(theirs, "file_list", lists)
    with pytest.raises(RuntimeError, match="Dataset not found or corrupted"):
        datasets.CelebA(tmp_path)
    datasets.CelebA(tmp_path, download=True)
    assert not (tmp_path / "celeba" / "other").exists()
    for options in (
        {},
        {"split": "all"},
        {"split": "valid", "target_type": "identity"},
        {"split": "test", "target_type": ["bbox", "landmarks", "attr"]},
    ):
        mine, real = datasets.CelebA(tmp_path, **options), theirs(tmp_path, **options)
        assert (repr(mine), mine.filename, mine.attr_names) == (repr(real), list(real.filename), real.attr_names)
        for (image, target), (other, known) in zip(mine, real):
            assert image.tobytes() == other.tobytes()
            pairs = zip(target, known) if isinstance(target, tuple) else [(target, known)]
            assert all(bits(one) == bits(two) for one, two in pairs)
    assert datasets.CelebA(tmp_path, target_type=[])[0][1] is None
    with pytest.raises(ValueError, match='Target type "hair" is not recognized'):
        datasets.CelebA(tmp_path, target_type="hair")[0]
    with pytest.raises(ValueError, match="Unknown value 'half' for argument split"):
        datasets.CelebA(tmp_path, "half")


def test_where_the_files_of_celeba_are_is_told(tmp_path):
    with pytest.raises(RuntimeError, match="only a browser gets it") as error:
        datasets.CelebA(tmp_path, download=True)
    assert str(tmp_path / "celeba") in str(error.value)
    assert "identity_CelebA.txt  (MD5 32bd1bd63d3c78cd57e08160ec5ed1e2)" in str(error.value)


# In common


def test_transforms_of_image_and_target_together():
    class Own(datasets.VisionDataset):
        def __getitem__(self, index):
            return self.transforms(index, -index)

        def __len__(self):
            return 2

    def both(image, target):
        return image + 10, target - 10

    assert Own("here", transforms=both)[1] == (11, -11)
    assert repr(Own("here")) == "Dataset Own\n    Number of datapoints: 2\n    Root location: here"
    with pytest.raises(ValueError, match="Only transforms or transform/target_transform can be passed"):
        Own("here", both, str)


def test_a_script_finds_them_under_torchvision(root):
    script = root / "script.py"
    script.write_text(
        "import torch, torchvision\n"
        "from torchvision import datasets\n"
        "from torchvision.datasets import CIFAR10, FakeData, ImageFolder\n"
        "from torchvision.datasets.folder import pil_loader\n"
        "from torchvision.datasets.vision import VisionDataset\n"
        "print(datasets.CIFAR10 is CIFAR10, *[issubclass(each, VisionDataset) for each in (CIFAR10, datasets.MNIST)])\n"
        "try: CIFAR10('.')\n"
        "except RuntimeError as error: print(error)\n"
        "print(len(FakeData()))\n"
    )
    printed = python("-m", "minigrad", script, cwd=root / "cifar-10-batches-py", env={"PYTHONPATH": str(PROJECT)})
    assert printed.stdout.splitlines() == [
        "True True True",
        "Dataset not found or corrupted in cifar-10-batches-py. You can use download=True to download it",
        "1000",
    ], printed.stderr
