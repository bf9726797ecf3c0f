"""Differentiation as in torch.autograd.  The engine below it is minigrad.engine.

`backward` and `grad` run the pass, `no_grad` keeps ops from being recorded, `Function` is an op of one's own,
`gradcheck` compares with finite differences, `functional` has Jacobians and Hessians, `detect_anomaly` finds nan.
https://docs.pytorch.org/docs/stable/autograd.html
"""

# The submodules first: a function takes over the name `gradcheck`, as in PyTorch.
from minigrad.autograd import functional as functional  # isort: skip
from minigrad.autograd import function as function  # isort: skip
from minigrad.autograd import graph as graph
from minigrad.autograd.anomaly import detect_anomaly, set_detect_anomaly
from minigrad.autograd.function import Function
from minigrad.autograd.grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from minigrad.autograd.gradcheck import gradcheck, gradgradcheck
from minigrad.autograd.gradients import backward, grad
from minigrad.autograd.variable import Variable
from minigrad.engine.graph import raw, record

__all__ = [
    "backward",
    "grad",
    "no_grad",
    "enable_grad",
    "inference_mode",
    "set_grad_enabled",
    "detect_anomaly",
    "set_detect_anomaly",
    "Function",
    "function",
    "functional",
    "graph",
    "gradcheck",
    "gradgradcheck",
    "Variable",
    "record",
    "raw",
]
