"""Differentiation: recording ops, the backward pass, and functions built on it."""

from minigrad.autograd.backward import backward as _backward
from minigrad.autograd.backward import grad
from minigrad.autograd.grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from minigrad.autograd.graph import raw, record

__all__ = ["enable_grad", "grad", "inference_mode", "no_grad", "raw", "record", "set_grad_enabled"]
