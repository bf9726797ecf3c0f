"""MNIST in small: generated files in its format, and the class that reads them."""

import hashlib

import numpy as np

from minigrad.vision.catalogue import File, Publication
from minigrad.vision.datasets import MNIST

NUMBERS = np.random.default_rng(0)
TRAIN_IMAGES = NUMBERS.integers(0, 256, (50, 28, 28), np.uint8)
TRAIN_LABELS = NUMBERS.integers(0, 10, 50, np.uint8)
TEST_IMAGES = NUMBERS.integers(0, 256, (10, 28, 28), np.uint8)
TEST_LABELS = NUMBERS.integers(0, 10, 10, np.uint8)


def idx(array):
    """A uint8 array in the IDX format."""
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.tobytes()


CONTENTS = {
    "train-images-idx3-ubyte": idx(TRAIN_IMAGES),
    "train-labels-idx1-ubyte": idx(TRAIN_LABELS),
    "t10k-images-idx3-ubyte": idx(TEST_IMAGES),
    "t10k-labels-idx1-ubyte": idx(TEST_LABELS),
}
FILES = tuple(File(name, len(content), hashlib.sha256(content).hexdigest()) for name, content in CONTENTS.items())


class Tiny(MNIST):
    """The generated files, which nobody publishes; they lie in root/Tiny/raw."""

    published = Publication(FILES, mirrors=())


def write_files(root, dataset="Tiny"):
    """Lay the files where a dataset looks for them, and return the folder."""
    folder = root / dataset / "raw"
    folder.mkdir(parents=True)
    for name, content in CONTENTS.items():
        (folder / name).write_bytes(content)
    return folder
