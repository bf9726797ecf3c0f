"""CIFAR in small: generated files in its format, pickled as Python 2 did, and the classes that read them."""

import hashlib

import numpy as np

from minigrad.vision.catalogue import File, Publication
from minigrad.vision.datasets import CIFAR10, CIFAR100

NUMBERS = np.random.default_rng(2)


def text(value):
    """A string of Python 2."""
    content = value.encode("latin1")
    return b"T" + len(content).to_bytes(4, "little") + content


def array(values):
    """A uint8 array."""
    sizes = b"".join(b"J" + size.to_bytes(4, "little") for size in values.shape)
    return (
        b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01("
        + sizes
        + b"tcnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89"
        + text(values.tobytes().decode("latin1"))
        + b"tb"
    )


def items(values):
    """A list of numbers or strings."""
    return b"](" + b"".join(text(v) if isinstance(v, str) else b"K" + bytes([v]) for v in values) + b"e"


def pickled(entry):
    """A dict, as Python 2 pickles it."""
    parts = [
        text(key) + (array(v) if isinstance(v, np.ndarray) else text(v) if isinstance(v, str) else items(v))
        for key, v in entry.items()
    ]
    return b"\x80\x02}q\x00(" + b"".join(parts) + b"u."


def batch(labels, size, classes):
    images = NUMBERS.integers(0, 256, (size, 3072), np.uint8)
    targets = NUMBERS.integers(0, classes, size).tolist()
    return {"batch_label": "training batch", labels: targets, "data": images, "filenames": ["a.png"] * size}


CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
BATCHES = {f"data_batch_{n}": batch("labels", 4, 10) for n in range(1, 6)} | {"test_batch": batch("labels", 6, 10)}
TEN = {name: pickled(entry) for name, entry in BATCHES.items()} | {"batches.meta": pickled({"label_names": CLASSES})}
HUNDRED = {
    "train": pickled(batch("fine_labels", 7, 100)),
    "test": pickled(batch("fine_labels", 3, 100)),
    "meta": pickled({"fine_label_names": [f"class {n}" for n in range(100)], "coarse_label_names": ["things"]}),
}


def md5(content):
    return hashlib.md5(content).hexdigest()


def published(contents, *archives):
    """The files, and where they are published."""
    return Publication(tuple(File(name, None, md5(content)) for name, content in contents.items()), archives=archives)


class Tiny10(CIFAR10):
    """The generated files, which nobody publishes; they lie in root/cifar-10-batches-py."""

    published = published(TEN)


class Tiny100(CIFAR100):
    """The generated files, which nobody publishes; they lie in root/cifar-100-python."""

    published = published(HUNDRED)


def write(folder, contents):
    """Lay files into a folder, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder
