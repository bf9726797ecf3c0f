"""What PyTorch scripts find under `torchvision`: the MNIST datasets and the transforms of images."""

from minigrad.vision import datasets, transforms

__all__ = ["datasets", "transforms"]

__version__ = "0.28.0+minigrad"
"""The version of torchvision whose names these are."""
