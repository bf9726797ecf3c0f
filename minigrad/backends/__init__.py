"""The libraries that PyTorch may compute with, as torch.backends: which there are here, and their flags.

minigrad computes with NumPy, and on a GPU with CuPy.  The flags can be set, as scripts do, and read; none of them
changes what minigrad computes.
"""

from __future__ import annotations

from minigrad.backends import cpu as cpu
from minigrad.backends import cuda as cuda
from minigrad.backends import cudnn as cudnn
from minigrad.backends import mha as mha
from minigrad.backends import mkl as mkl
from minigrad.backends import mkldnn as mkldnn
from minigrad.backends import mps as mps
from minigrad.backends import openmp as openmp

__all__ = ["cpu", "cuda", "cudnn", "mha", "mkl", "mkldnn", "mps", "openmp"]
