"""What datasets have in common that are read from published files: bringing them, checking them, finding them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from minigrad.vision.catalogue import Publication
from minigrad.vision.datasets.base import VisionDataset, not_found
from minigrad.vision.download import fetch, is_whole


class PublishedDataset(VisionDataset):
    """A dataset whose files, with their checksums, are known; they lie in root/base_folder."""

    published: Publication
    base_folder = ""

    @property
    def folder(self) -> Path:
        """The folder of the files."""
        return Path(self.root, self.base_folder)

    def download(self) -> None:
        """Bring the files that are missing; RuntimeError when that is not possible."""
        fetch(type(self).__name__, self.published, self.folder)

    def whole(self, name: str) -> Path:
        """The path of a file.  RuntimeError when it is missing or broken."""
        [file] = [file for file in self.published.files if file.name == name]
        path = self.folder / name
        if not is_whole(path, file.checksum):
            raise not_found(self.folder)
        return path


class LabelledImages(PublishedDataset):
    """The images of a split, an array (n, channels, height, width), each with a label."""

    split: str
    data: Any
    labels: Any

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.transformed(self.data[index].transpose(1, 2, 0).copy(), int(self.labels[index]))

    def __len__(self) -> int:
        return len(self.data)

    def extra_repr(self) -> str:
        """What the printed form says of the split."""
        return f"Split: {self.split}"
