"""Ops that are imported when one of them is first used: the many that no lesson needs.

`import minigrad` takes no time for them, and whoever reads the engine meets none of them.
"""

from __future__ import annotations

import sys
from typing import Any

from minigrad.on_use import found, imported, names_in
from minigrad.spelling import spelled, spelled_method

FAMILIES = {
    "picking": (
        "argwhere gather index_add index_copy index_fill index_put index_select masked_fill masked_scatter "
        "masked_select nonzero put scatter scatter_add take take_along_dim"
    ),
    "arranging": (
        "atleast_1d atleast_2d atleast_3d block_diag broadcast_tensors cartesian_prod column_stack combinations diag "
        "diag_embed diagflat diagonal dsplit dstack flip fliplr flipud hsplit hstack meshgrid moveaxis movedim narrow "
        "ravel repeat_interleave roll rot90 select tensor_split tile trace tril tril_indices triu triu_indices vsplit "
        "vstack"
    ),
    "products": ("addbmm addmm addmv addr baddbmm bmm dot einsum ger inner kron mm mv outer tensordot vdot"),
    "norms": ("cdist dist norm renorm"),
    "sorting": (
        "argsort bincount bucketize histc histogram kthvalue median mode msort nanmedian nanquantile quantile "
        "searchsorted sort topk unique unique_consecutive"
    ),
    "cumulative": ("cummax cummin cumprod cumsum cumulative_trapezoid diff logcumsumexp trapezoid trapz vander"),
    "statistics": ("aminmax corrcoef count_nonzero cov nanmean nansum prod std_mean var_mean"),
    "further.recurrent": "gru gru_cell lstm lstm_cell rnn_relu rnn_relu_cell rnn_tanh rnn_tanh_cell",
    "functions": (
        "acos acosh arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan atan2 atanh "
        "copysign cosh deg2rad digamma erfc erfinv exp2 expm1 fix fmax fmin "
        "frac gcd heaviside hypot i0 isneginf isposinf isreal lcm lgamma log10 log2 logaddexp logaddexp2 logical_xor "
        "nextafter rad2deg rsqrt sgn signbit sinc sinh tan trunc xlogy"
    ),
    "mixing": ("addcdiv addcmul clamp_max clamp_min float_power fmod frexp ldexp lerp logit nan_to_num polygamma"),
    "more_names": (
        "can_cast clamp_ detach detach_ exp_ fill_ get_device is_complex is_floating_point is_nonzero is_same_size "
        "is_signed neg_ numel promote_types range real relu_ resize_as_ result_type scalar_tensor sigmoid_ sqrt_ tanh_ "
        "zero_"
    ),
    "more_creation": "empty_strided logspace",
    "more_products": "chain_matmul cross",
    "reducing": "index_reduce scatter_reduce",
    "more_in_place": (
        "abs_ acos_ acosh_ addmv_ arccos_ arccosh_ arcsin_ arcsinh_ arctan_ arctanh_ asin_ asinh_ atan_ atanh_ ceil_ "
        "clamp_max_ clamp_min_ clip_ cos_ cosh_ deg2rad_ erf_ erfc_ exp2_ expm1_ fix_ floor_ frac_ gcd_ i0_ index_put_ "
        "lcm_ ldexp_ log10_ log1p_ log2_ log_ logit_ nan_to_num_ negative_ rad2deg_ reciprocal_ round_ rsqrt_ "
        "sin_ sinc_ sinh_ square_ tan_ trunc_ xlogy_"
    ),
    "further.decompositions": "cholesky pinverse qr svd",
    "further.drawing": "binomial poisson",
    "further.matrices": "cholesky_inverse cholesky_solve det inverse logdet matrix_power slogdet",
    "further.activations": "celu celu_ hardshrink prelu rrelu rrelu_ selu selu_ threshold threshold_",
    "further.pairs": "bilinear cosine_similarity pairwise_distance pdist",
    "further.normalization": "group_norm rms_norm",
    "convolution": "conv2d",
    "further.convolution": "conv1d conv3d conv_transpose1d conv_transpose2d conv_transpose3d",
    "further.shuffling": "channel_shuffle pixel_shuffle pixel_unshuffle",
}
"""The families in minigrad.ops, and the functions that each has to offer: its `__all__`."""

SECOND_NAMES = {
    "absolute": "abs",
    "clip": "clamp",
    "concat": "cat",
    "concatenate": "cat",
    "negative": "neg",
    "multiply": "mul",
    "subtract": "sub",
    "divide": "div",
    "swapdims": "transpose",
    "true_divide": "div",
    "row_stack": "vstack",
    "greater": "gt",
    "greater_equal": "ge",
    "less": "lt",
    "less_equal": "le",
    "not_equal": "ne",
}
"""Functions of PyTorch that are others by another name."""

MODULE_OF = {name: f"minigrad.ops.{family}" for family, names in FAMILIES.items() for name in names.split()}


OTHERS = {
    "": "amp backends compiler distributions func linalg multiprocessing profiler testing",
    "minigrad.amp.scaler": "GradScaler",
    "minigrad.amp.mode": "autocast get_autocast_dtype is_autocast_cache_enabled is_autocast_enabled",
    "minigrad.func": "vmap",
    "minigrad.asking": "is_complex is_floating_point is_storage numel typename",
    "minigrad.compiled": "compile",
    "minigrad.limits": "finfo iinfo",
    "minigrad.ops.further.pooling": "adaptive_avg_pool1d avg_pool1d max_pool1d max_pool1d_with_indices max_pool3d",
    "minigrad.ops.pooling": "max_pool2d",
    "minigrad.switches": (
        "are_deterministic_algorithms_enabled get_deterministic_debug_mode get_float32_matmul_precision "
        "is_deterministic_algorithms_warn_only_enabled is_warn_always_enabled set_deterministic_debug_mode "
        "set_float32_matmul_precision set_flush_denormal set_warn_always use_deterministic_algorithms"
    ),
    "minigrad.tensor_types": "set_default_tensor_type",
    "minigrad.threads": "get_num_interop_threads get_num_threads set_num_interop_threads set_num_threads",
}
"""What is no op and is imported alike: names that scripts ask for, and no lesson does.  "" stands for modules."""

NAMES = (*MODULE_OF, *SECOND_NAMES, *names_in(OTHERS))
"""All that is found when it is first used."""


def function(name: str) -> Any:
    """What minigrad has under a name of these, which is now imported; AttributeError for another."""
    if name in SECOND_NAMES:
        return getattr(sys.modules["minigrad"], SECOND_NAMES[name])
    if name in MODULE_OF:
        return spelled(getattr(imported(MODULE_OF[name]), name))
    return found("minigrad", OTHERS, name)


class Later:
    """A method of Tensor that is imported when it is first used: from then on the class has the function itself."""

    def __init__(self, family: str, function: str | None) -> None:
        self.module, self.function = f"minigrad.ops.{family}", function

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner, self.name = owner, name

    def __get__(self, tensor: Any, owner: type | None = None) -> Any:
        method = spelled_method(getattr(imported(self.module), self.function or self.name))
        setattr(self.owner, self.name, method)
        return method.__get__(tensor, owner)


def later(family: str, function: str | None = None) -> Any:
    """The method of this name in a family, or of the name that its function has there."""
    return Later(family, function)
