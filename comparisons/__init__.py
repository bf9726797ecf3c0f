"""Run a PyTorch script on PyTorch and on minigrad, compare every step: `python -m comparisons`."""
