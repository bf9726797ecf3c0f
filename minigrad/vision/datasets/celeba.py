"""CelebA: faces, and what is to be seen of each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from zipfile import ZipFile

import numpy as np

from minigrad.engine.graph import wrap
from minigrad.vision import catalogue
from minigrad.vision.datasets.base import StandardTransform, Transform, not_found, one_of
from minigrad.vision.datasets.published import PublishedDataset
from minigrad.vision.download import described, is_whole
from minigrad.vision.images import pillow

__all__ = ["CelebA"]

SPLITS = {"train": 0, "valid": 1, "test": 2, "all": None}
"""The numbers that list_eval_partition.txt has for them."""

TABLES = {
    "attr": "list_attr_celeba.txt",
    "identity": "identity_CelebA.txt",
    "bbox": "list_bbox_celeba.txt",
    "landmarks": "list_landmarks_align_celeba.txt",
}
"""Where each kind of target stands."""

IMAGES = "img_align_celeba"


class Table(NamedTuple):
    """The names of images, the numbers of each: an int64 array, and the lines above them."""

    names: list[str]
    numbers: Any
    head: list[str]


class CelebA(PublishedDataset):
    """202,599 photographs of faces, 178 x 218 pixels, with 40 attributes of each.

    A sample is (image, target): a PIL image, which takes Pillow, and an int64 Tensor.

    root: the folder; the files lie in root/celeba, as torchvision puts them.
    split: "train", "valid", "test" or "all".
    target_type: "attr" (40 numbers, 0 or 1), "identity" (whose face it is), "bbox" (where it was in the photograph) or
        "landmarks" (five points); or a list of them, for a tuple; for an empty one the target is None.
    download: unpack the images; the files themselves lie where only a browser gets them, and the error says which.

    RuntimeError when files are missing or broken, ValueError for another split or target.
    Source: Z. Liu and others, http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html
    """

    published: catalogue.Publication = catalogue.CELEBA
    base_folder = "celeba"

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        target_type: Sequence[str] | str = "attr",
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, None, transform, target_transform)
        self.split = split
        number = SPLITS[one_of("split", split.lower(), SPLITS)]
        self.target_type = [target_type] if isinstance(target_type, str) else list(target_type)
        if not self.target_type and target_transform is not None:
            raise RuntimeError("target_transform is specified but target_type is empty")
        if download:
            self.download()  # which finds out as well whether a table is missing
        elif self.missing():
            raise not_found(self.folder)
        if not (self.folder / IMAGES).is_dir():
            raise not_found(self.folder)
        names, parts, _ = self.table("list_eval_partition.txt")
        chosen = np.full(len(names), True) if number is None else parts[:, 0] == number
        self.filename = [name for name, wanted in zip(names, chosen) if wanted]
        tables = {kind: self.table(file) for kind, file in TABLES.items()}
        self.attr = wrap((tables["attr"].numbers[chosen] + 1) // 2)
        self.identity = wrap(tables["identity"].numbers[chosen])
        self.bbox = wrap(tables["bbox"].numbers[chosen])
        self.landmarks_align = wrap(tables["landmarks"].numbers[chosen])
        self.attr_names = tables["attr"].head[1].split(" ")

    def missing(self) -> list[catalogue.File]:
        """The tables that are missing or broken."""
        return [file for file in self.published.files if not is_whole(self.folder / file.name, file.checksum)]

    def download(self) -> None:
        """Unpack the images; RuntimeError, with the files to bring, when one is missing."""
        packed = self.folder / f"{IMAGES}.zip"
        if lacking := self.missing():
            wanted = "".join(f"\n  {described(file)}" for file in lacking)
            raise RuntimeError(
                "CelebA lies on Google Drive, where only a browser gets it. Get these files by way of "
                f"http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html, put them and {packed.name} into "
                f"{self.folder.resolve()}, and run again:{wanted}"
            )
        if packed.is_file() and not (self.folder / IMAGES).is_dir():
            with ZipFile(packed) as archive:
                archive.extractall(self.folder, [name for name in archive.namelist() if name.startswith(f"{IMAGES}/")])

    def table(self, name: str) -> Table:
        """What a file has."""
        lines = (self.folder / name).read_text().splitlines()
        first = 2 if name.startswith("list") and len(lines[0].split()) == 1 else 0
        rows = [line.split() for line in lines[first:]]
        return Table([row[0] for row in rows], np.array([row[1:] for row in rows], np.int64), lines[:first])

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        image = pillow().open(self.folder / IMAGES / self.filename[index])
        targets = tuple(self.target(kind, index) for kind in self.target_type)
        if not targets:
            return StandardTransform(self.transform)(image, None)
        return self.transformed(image, targets if len(targets) > 1 else targets[0])

    def target(self, kind: str, index: int) -> Any:
        """What is known of an image, of one kind."""
        if kind == "identity":
            return self.identity[index, 0]
        known = {"attr": self.attr, "bbox": self.bbox, "landmarks": self.landmarks_align}
        if kind not in known:
            raise ValueError(f'Target type "{kind}" is not recognized.')
        return known[kind][index]

    def __len__(self) -> int:
        return len(self.attr)

    def extra_repr(self) -> str:
        """What the printed form says of targets and split."""
        return f"Target type: {self.target_type}\nSplit: {self.split}"
