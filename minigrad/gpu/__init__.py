"""NVIDIA's GPUs, by way of CuPy: finding one, streams, and which GPU the operands of an op are on."""
