"""What PyTorch scripts find under `torchvision`: the MNIST datasets and the transforms of images."""

from minigrad.vision import datasets, transforms

__all__ = ["datasets", "transforms"]
