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

    # Arranging ----------------------------------------------------------------------------------------------

    diag = later("arranging")
    diag_embed = later("arranging")
    diagflat = later("arranging")
    diagonal = later("arranging")
    dsplit = later("arranging")
    flip = later("arranging")
    fliplr = later("arranging")
    flipud = later("arranging")
    hsplit = later("arranging")
    moveaxis = later("arranging")
    movedim = later("arranging")
    narrow = later("arranging")
    new_empty = later("arranging")
    new_full = later("arranging")
    new_ones = later("arranging")
    new_tensor = later("arranging")
    new_zeros = later("arranging")
    ravel = later("arranging")
    repeat = later("arranging")
    repeat_interleave = later("arranging")
    roll = later("arranging")
    rot90 = later("arranging")
    select = later("arranging")
    tensor_split = later("arranging")
    tile = later("arranging")
    trace = later("arranging")
    tril = later("arranging")
    triu = later("arranging")
    unfold = later("arranging")
    vsplit = later("arranging")

    # Products -----------------------------------------------------------------------------------------------

    addbmm = later("products")
    addmm = later("products")
    addmv = later("products")
    addr = later("products")
    baddbmm = later("products")
    bmm = later("products")
    dot = later("products")
    ger = later("products")
    inner = later("products")
    kron = later("products")
    mm = later("products")
    mv = later("products")
    outer = later("products")
    vdot = later("products")

    # Norms --------------------------------------------------------------------------------------------------

    dist = later("norms")
    norm = later("norms")

    # Sorting ------------------------------------------------------------------------------------------------

    argsort = later("sorting")
    bincount = later("sorting")
    histc = later("sorting")
    kthvalue = later("sorting")
    median = later("sorting")
    mode = later("sorting")
    msort = later("sorting")
    nanmedian = later("sorting")
    nanquantile = later("sorting")
    quantile = later("sorting")
    sort = later("sorting")
    topk = later("sorting")
    unique = later("sorting")
    unique_consecutive = later("sorting")

    # Cumulative ---------------------------------------------------------------------------------------------

    cummax = later("cumulative")
    cummin = later("cumulative")
    cumprod = later("cumulative")
    cumsum = later("cumulative")
    diff = later("cumulative")
    logcumsumexp = later("cumulative")

    # Statistics ---------------------------------------------------------------------------------------------

    aminmax = later("statistics")
    corrcoef = later("statistics")
    count_nonzero = later("statistics")
    cov = later("statistics")
    nanmean = later("statistics")
    nansum = later("statistics")
    prod = later("statistics")
