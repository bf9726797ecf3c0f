"""Ops that are imported when one of them is first used: the many that no lesson needs.

`import minigrad` takes no time for them, and whoever reads the engine meets none of them.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

from minigrad.engine.kept import learn_rules

FAMILIES = {
    "picking": (
        "argwhere gather index_add index_copy index_fill index_select masked_fill masked_scatter masked_select nonzero "
        "scatter scatter_add take take_along_dim"
    ),
    "arranging": (
        "atleast_1d atleast_2d atleast_3d block_diag broadcast_tensors cartesian_prod column_stack combinations diag "
        "diag_embed diagflat diagonal dsplit dstack flip fliplr flipud hsplit hstack meshgrid moveaxis movedim narrow "
        "ravel repeat_interleave roll rot90 select tensor_split tile trace tril tril_indices triu triu_indices vsplit "
        "vstack"
    ),
    "products": ("addbmm addmm addmv addr baddbmm bmm dot einsum ger inner kron mm mv outer tensordot vdot"),
    "norms": ("cdist dist norm"),
    "sorting": (
        "argsort bincount bucketize histc kthvalue median mode msort nanmedian nanquantile quantile searchsorted sort "
        "topk unique unique_consecutive"
    ),
    "cumulative": ("cummax cummin cumprod cumsum diff logcumsumexp"),
    "statistics": ("aminmax corrcoef count_nonzero cov nanmean nansum prod std_mean var_mean"),
}
"""The families in minigrad.ops, and the functions that each has to offer: its `__all__`."""

MODULE_OF = {name: f"minigrad.ops.{family}" for family, names in FAMILIES.items() for name in names.split()}


SUBMODULES = ("linalg",)
"""Modules of minigrad that are imported alike."""


def function(name: str) -> Any:
    """The function of a family, or the module, which is now imported; AttributeError for a name that is neither."""
    if name in SUBMODULES:
        return imported(f"minigrad.{name}")
    if name not in MODULE_OF:
        raise AttributeError(f"module 'minigrad' has no attribute {name!r}")
    return getattr(imported(MODULE_OF[name]), name)


def imported(module: str) -> Any:
    """A module of ops, whose rules are known from the first import on."""
    if module not in sys.modules:
        import_module(module)
        learn_rules(module)
    return sys.modules[module]


class Later:
    """A method of Tensor that is imported when it is first used: from then on the class has the function itself."""

    def __init__(self, family: str) -> None:
        self.module = f"minigrad.ops.{family}"

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner, self.name = owner, name

    def __get__(self, tensor: Any, owner: type | None = None) -> Any:
        method = getattr(imported(self.module), self.name)
        setattr(self.owner, self.name, method)
        return method.__get__(tensor, owner)


def later(family: str) -> Any:
    """The method of this name in a family."""
    return Later(family)
