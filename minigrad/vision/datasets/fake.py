"""Images of nothing, to try a program with."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.ops.sampling import randint, randn
from minigrad.random import get_rng_state, manual_seed, set_rng_state
from minigrad.vision.datasets.base import Transform, VisionDataset

__all__ = ["FakeData"]


class FakeData(VisionDataset):
    """Random images and targets, the same for an index each time, and those that torchvision has.

    A sample is (image, target): a NumPy array of shape (height, width, channels), without the channels where there is
    one, and dtype uint8 (torchvision has a PIL image there), and an int.

    size: how many there are.  image_size: channels, height, width.  num_classes: the targets are below it.
    random_offset: what is added to the index, for other images.
    """

    def __init__(
        self,
        size: int = 1000,
        image_size: tuple[int, int, int] = (3, 224, 224),
        num_classes: int = 10,
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        random_offset: int = 0,
    ) -> None:
        super().__init__(None, None, transform, target_transform)
        self.size = size
        self.num_classes = num_classes
        self.image_size = image_size
        self.random_offset = random_offset

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if index >= len(self):
            raise IndexError(f"{type(self).__name__} index out of range")
        state = get_rng_state()
        manual_seed(index + self.random_offset)
        numbers = randn(*self.image_size).numpy()
        target = int(randint(0, self.num_classes, (1,)))
        set_rng_state(state)
        with np.errstate(invalid="ignore"):  # what does not fit into a byte becomes another one
            image = (numbers * 255).astype(np.uint8).transpose(1, 2, 0)
        return self.transformed(image[..., 0] if image.shape[2] == 1 else image, target)

    def __len__(self) -> int:
        return self.size
