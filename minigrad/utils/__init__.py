"""What helps with training: `data` (datasets and loaders)."""

from minigrad.utils import data

__all__ = ["data"]
