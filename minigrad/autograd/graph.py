"""The nodes of the graph, as torch.autograd.graph."""

from minigrad.grad_fn import Node

__all__ = ["Node"]
