"""Numbers for random transforms, from the default generator in torchvision's order; and checks of their ranges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minigrad.nn.module import Module
from minigrad.ops.creation import empty, tensor
from minigrad.ops.sampling import rand

Range = tuple[float, float]


def uniform(low: float, high: float) -> float:
    """One number from low to high, each as likely."""
    return float(empty(1).uniform_(float(low), float(high)))


def uniform_ratio(ratio: Sequence[float]) -> float:
    """One ratio from a range, its logarithm evenly spread: 1/2 as likely as 2."""
    low, high = tensor(ratio).log().tolist()
    return float(empty(1).uniform_(low, high).exp())


class Chance(Module):
    """A change of the image with probability p: one number of the default generator for each image."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        self.p = p

    def forward(self, img: Any) -> Any:
        """The changed image, or the image."""
        return self.changed(img) if rand(1) < self.p else img

    def changed(self, img: Any) -> Any:
        """The changed image."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p={self.p})"


def angles(value: Any, name: str, lengths: tuple[int, ...] = (2,)) -> list[float]:
    """A range of degrees; of one number, from its negative to itself."""
    if isinstance(value, (int, float)):
        if value < 0:
            raise ValueError(f"If {name} is a single number, it must be positive.")
        return [float(-value), float(value)]
    check_length(value, name, lengths)
    return [float(each) for each in value]


def check_length(value: Any, name: str, lengths: tuple[int, ...] = (2,)) -> None:
    """TypeError for what is no sequence, ValueError for one of another length."""
    message = f"{name} should be a sequence of length {' or '.join(map(str, lengths))}."
    if not isinstance(value, Sequence):
        raise TypeError(message)
    if len(value) not in lengths:
        raise ValueError(message)


def checked_fill(fill: Any) -> Any:
    """A value for new pixels, or one for each channel."""
    if fill is not None and not isinstance(fill, (Sequence, int, float)):
        raise TypeError("Fill should be either a sequence or a number.")
    return 0 if fill is None else fill
