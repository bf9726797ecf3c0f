"""What PyTorch scripts find under `torchvision`: datasets of images, transforms of them, grids of them, and files."""

from typing import Any

from minigrad.on_use import found, names_in
from minigrad.vision import datasets, transforms

LATER = {"": "io models utils"}
"""Modules that are imported when they are first used."""

__all__ = ["datasets", "transforms"]
__all__ += names_in(LATER)

__version__ = "0.28.0+minigrad"
"""The version of torchvision whose names these are."""


def __getattr__(name: str) -> Any:
    return found(__name__, LATER, name)
