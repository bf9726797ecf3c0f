"""Images in folders, one folder for each class."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from minigrad.vision.datasets.base import Transform, VisionDataset
from minigrad.vision.images import pillow

__all__ = [
    "DatasetFolder",
    "ImageFolder",
    "default_loader",
    "find_classes",
    "has_file_allowed_extension",
    "is_image_file",
    "make_dataset",
    "pil_loader",
]

IMG_EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")
"""The endings of names that are those of images."""

Sample = tuple[str, int]
"""The path of a file, and the number of its class."""


class DatasetFolder(VisionDataset):
    """A dataset of files in folders, whose names, sorted, are the classes: root/class/.../file.

    loader: makes a sample of a path.
    extensions: the endings, in small letters, of the names of files that are samples; or is_valid_file: whether a
        path is that of one.  ValueError for neither or both.
    allow_empty: classes may have no file.

    A sample is (what the loader made, the number of the class).  `.classes`, `.class_to_idx`, `.samples` (path and
    number of each) and `.targets` say what was found.  FileNotFoundError for no class, and for one without a file.
    """

    def __init__(
        self,
        root: str | Path,
        loader: Callable[[str], Any],
        extensions: tuple[str, ...] | None = None,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        super().__init__(root, None, transform, target_transform)
        self.loader = loader
        self.extensions = extensions
        self.classes, self.class_to_idx = self.find_classes(self.root)
        self.samples = self.make_dataset(self.root, self.class_to_idx, extensions, is_valid_file, allow_empty)
        self.targets = [target for _, target in self.samples]

    def find_classes(self, directory: str | Path) -> tuple[list[str], dict[str, int]]:
        """The classes in a directory, and the number of each; a subclass may find others."""
        return find_classes(directory)

    @staticmethod
    def make_dataset(
        directory: str | Path,
        class_to_idx: dict[str, int],
        extensions: tuple[str, ...] | None = None,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> list[Sample]:
        """The samples in a directory of the classes of class_to_idx; a subclass may find others.

        extensions, is_valid_file, allow_empty: as for the dataset.
        """
        if class_to_idx is None:
            raise ValueError("The class_to_idx parameter cannot be None.")
        return make_dataset(directory, class_to_idx, extensions, is_valid_file, allow_empty)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path, target = self.samples[index]
        return self.transformed(self.loader(path), target)

    def __len__(self) -> int:
        return len(self.samples)


def has_file_allowed_extension(filename: str, extensions: str | tuple[str, ...]) -> bool:
    """Whether a filename has one of these endings, extensions, in small letters or capitals."""
    return filename.lower().endswith(extensions)


def is_image_file(filename: str) -> bool:
    """Whether a filename has an ending that images have, such as .jpg and .png."""
    return has_file_allowed_extension(filename, IMG_EXTENSIONS)


def find_classes(directory: str | Path) -> tuple[list[str], dict[str, int]]:
    """The names of the folders in a directory, sorted, and their numbers, a dict.  FileNotFoundError for none."""
    classes = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
    if not classes:
        raise FileNotFoundError(f"Couldn't find any class folder in {directory}.")
    return classes, {name: index for index, name in enumerate(classes)}


def make_dataset(
    directory: str | Path,
    class_to_idx: dict[str, int] | None = None,
    extensions: str | tuple[str, ...] | None = None,
    is_valid_file: Callable[[str], bool] | None = None,
    allow_empty: bool = False,
) -> list[Sample]:
    """The files in the folders of some classes, and in folders in these: sorted, each with the number of its class.

    directory: where the folders are.  class_to_idx: the numbers of the classes by the names of their folders; None: as
    `find_classes` has them.  extensions, is_valid_file, allow_empty, and errors: as for
    `torchvision.datasets.DatasetFolder`.
    """
    if class_to_idx is None:
        _, class_to_idx = find_classes(directory)
    if not class_to_idx:
        raise ValueError("'class_to_index' must have at least one entry to collect any samples.")
    if (extensions is None) == (is_valid_file is None):
        raise ValueError("Both extensions and is_valid_file cannot be None or not None at the same time")
    wanted = is_valid_file or (lambda path: has_file_allowed_extension(path, extensions or ()))
    files = {
        name: [path for path in files_in(Path(directory).expanduser() / name) if wanted(path)] for name in class_to_idx
    }
    empty = sorted(name for name, paths in files.items() if not paths)
    if empty and not allow_empty:
        endings = extensions if isinstance(extensions, str) else ", ".join(extensions or ())
        raise FileNotFoundError(
            f"Found no valid file for the classes {', '.join(empty)}. "
            + (f"Supported extensions are: {endings}" if endings else "")
        )
    return [(path, class_to_idx[name]) for name in sorted(files) for path in files[name]]


def files_in(folder: Path) -> list[str]:
    """The paths of all files in a folder and in the folders in it, sorted folder for folder."""
    found = sorted(os.walk(folder, followlinks=True))
    return [os.path.join(place, name) for place, _, names in found for name in sorted(names)]


def pil_loader(path: str | Path) -> Any:
    """The PIL image in the file at path, in red, green and blue.

    FileNotFoundError for no file, and what Pillow raises for one that is no image.
    """
    with open(path, "rb") as file:
        return pillow().open(file).convert("RGB")


def default_loader(path: str | Path) -> Any:
    """The PIL image in the file at path, in red, green and blue.

    FileNotFoundError for no file, and what Pillow raises for one that is no image.
    """
    return pil_loader(path)


class ImageFolder(DatasetFolder):
    """A dataset of images in folders, whose names, sorted, are the classes: root/class/.../image.png.

    A sample is (image, the number of the class): a PIL image in red, green and blue, unless a loader makes another.
    `.imgs` is `.samples`.  The rest is that of `DatasetFolder`.
    """

    def __init__(
        self,
        root: str | Path,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        loader: Callable[[str], Any] = default_loader,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        extensions = IMG_EXTENSIONS if is_valid_file is None else None
        super().__init__(root, loader, extensions, transform, target_transform, is_valid_file, allow_empty)
        self.imgs = self.samples
