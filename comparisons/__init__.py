"""Lessons for a comparison of PyTorch and minigrad: `python -m comparisons`."""
