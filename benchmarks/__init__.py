"""How fast minigrad is beside PyTorch: `python -m benchmarks`."""
