"""SVHN: house numbers from the street."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from minigrad.vision import catalogue
from minigrad.vision.datasets.base import Transform, one_of
from minigrad.vision.datasets.published import LabelledImages

__all__ = ["SVHN"]


class SVHN(LabelledImages):
    """Photographs of house numbers, cut to one digit in the middle: 32 x 32 pixels, the digits 0 to 9.

    A sample is (image, target): a NumPy array of shape (32, 32, 3) and dtype uint8 (torchvision has a PIL image
    there), and an int.  `.data` is the array of all images, (n, 3, 32, 32), `.labels` that of the digits.

    root: the folder of the file.
    split: "train" (73,257), "test" (26,032) or "extra" (531,131).
    download: bring the file if it is missing.

    It takes SciPy to read the file: ModuleNotFoundError where that is not installed.  RuntimeError when the file is
    missing or broken (with download: could not be brought either), ValueError for another split.
    Source: Y. Netzer and others, http://ufldl.stanford.edu/housenumbers/
    """

    def __init__(
        self,
        root: str | Path,
        split: str = "train",
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
    ) -> None:
        super().__init__(root, None, transform, target_transform)
        self.split = one_of("split", split, catalogue.SVHN)
        self.published = catalogue.SVHN[split]
        if download:
            self.download()
        [file] = self.published.files
        content = matrices(self.whole(file.name))
        self.data = content["X"].transpose(3, 2, 0, 1)
        self.labels = content["y"].astype(np.int64).squeeze() % 10  # the file has 10 for the digit 0


def matrices(path: Path) -> dict[str, Any]:
    """The arrays in a file of MATLAB's, by name."""
    try:
        from scipy.io import loadmat
    except ModuleNotFoundError:
        raise ModuleNotFoundError("SVHN needs SciPy, which is not installed: pip install scipy", name="scipy") from None
    content: dict[str, Any] = loadmat(path)
    return content
