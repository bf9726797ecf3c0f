"""Differentiation: recording ops, the backward pass, and what is built on it."""

# The submodules first: the functions then take over the names `backward` and `gradcheck`, as in PyTorch.
from minigrad.autograd import functional as functional  # isort: skip
from minigrad.autograd.backward import backward_from as backward
from minigrad.autograd.backward import grad
from minigrad.autograd.grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from minigrad.autograd.gradcheck import gradcheck, gradgradcheck
from minigrad.autograd.graph import raw, record

__all__ = [
    "backward",
    "grad",
    "no_grad",
    "enable_grad",
    "inference_mode",
    "set_grad_enabled",
    "functional",
    "gradcheck",
    "gradgradcheck",
    "record",
    "raw",
]
