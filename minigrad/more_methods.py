"""The list of a Tensor's methods that are imported when they are first used, one line each: see minigrad.later."""

from __future__ import annotations

from minigrad.engine.graph import TensorBase
from minigrad.later import later


class MoreMethods(TensorBase):
    """The methods of Tensor that no lesson needs."""

    # Picking ------------------------------------------------------------------------------------------------

    argwhere = later("picking")
    gather = later("picking")
    index_add = later("picking")
    index_copy = later("picking")
    index_fill = later("picking")
    index_select = later("picking")
    masked_fill = later("picking")
    masked_scatter = later("picking")
    masked_select = later("picking")
    nonzero = later("picking")
    scatter = later("picking")
    scatter_add = later("picking")
    take = later("picking")
    take_along_dim = later("picking")
