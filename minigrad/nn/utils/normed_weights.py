"""Weights that hooks compute before every forward: a length times a direction, or divided by a singular value.

T. Salimans and D. P. Kingma (2016), https://arxiv.org/abs/1602.07868
T. Miyato et al. (2018), https://arxiv.org/abs/1802.05957
"""

from __future__ import annotations

import warnings
from typing import Any

from minigrad.autograd.grad_mode import no_grad
from minigrad.nn import functional
from minigrad.nn.loading import is_lazy
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.norms import vector_norm
from minigrad.tensor import Tensor

# Length times direction -------------------------------------------------------------------------------------


def lengths(weight: Tensor, dim: int) -> Tensor:
    """The length of each slice of a weight along dim, which stays; for -1 the length of the whole."""
    if dim == -1:
        return vector_norm(weight)
    return vector_norm(weight, 2, tuple(d for d in range(weight.ndim) if d != dim), keepdim=True)


def normed(v: Tensor, g: Tensor, dim: int) -> Tensor:
    """g * v / its lengths."""
    return v * (g / lengths(v, dim))


class WeightNorm:
    """The hook that computes a module's weight from weight_g and weight_v."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name = name
        self.dim = -1 if dim is None else dim

    def compute_weight(self, module: Module) -> Tensor:
        """The weight as it is now."""
        return normed(getattr(module, f"{self.name}_v"), getattr(module, f"{self.name}_g"), self.dim)

    def __call__(self, module: Module, _inputs: Any) -> None:
        """Put the weight into the module."""
        setattr(module, self.name, self.compute_weight(module))


def weight_norm(module: Any, name: str = "weight", dim: int | None = 0) -> Any:
    """Have the module compute its weight as weight_g * weight_v / |weight_v|, with a length for each slice along dim.

    name: of the weight; weight_g and weight_v are called after it.  dim=None: one length for all.  The weight is
    computed anew before each call of the module.  A FutureWarning points to `parametrizations.weight_norm`.
    RuntimeError if there is such a hook already, ValueError for uninitialized parameters.  T. Salimans and D. P. Kingma
    (2016), https://arxiv.org/abs/1602.07868
    """
    warnings.warn(
        "`torch.nn.utils.weight_norm` is deprecated in favor of `torch.nn.utils.parametrizations.weight_norm`.",
        FutureWarning,
        stacklevel=2,
    )
    if hook_of(module, WeightNorm, name) is not None:
        raise RuntimeError(f"Cannot register two weight_norm hooks on the same parameter {name}")
    hook = WeightNorm(name, dim)
    weight = getattr(module, name)
    if is_lazy(weight):
        raise ValueError(
            "The module passed to `WeightNorm` can't have uninitialized parameters. Make sure to run the dummy forward "
            "before applying weight normalization"
        )
    del module._parameters[name]
    module.register_parameter(f"{name}_g", Parameter(lengths(weight, hook.dim).detach()))
    module.register_parameter(f"{name}_v", Parameter(weight.data))
    setattr(module, name, hook.compute_weight(module))
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: Any, name: str = "weight") -> Any:
    """Make the weight that `weight_norm` computed in a module, under this name, a parameter again.

    ValueError if there is none.
    """
    key = hook_of(module, WeightNorm, name)
    if key is None:
        raise ValueError(f"weight_norm of '{name}' not found in {module}")
    hook, _ = module._forward_pre_hooks.pop(key)
    weight = hook.compute_weight(module).detach()
    delattr(module, name)
    del module._parameters[f"{name}_g"], module._parameters[f"{name}_v"]
    setattr(module, name, Parameter(weight))
    return module


# Divided by the largest singular value ----------------------------------------------------------------------


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """A weight as a matrix, with the dimension `dim` for its rows."""
    if dim != 0:
        weight = weight.permute(dim, *(d for d in range(weight.ndim) if d != dim))
    return weight.reshape(weight.shape[0], -1)


def drawn_direction(weight: Tensor, size: int, eps: float) -> Tensor:
    """A vector of length 1 in a random direction."""
    return functional.normalize(weight.new_empty(size).normal_(), dim=0, eps=eps)


def check_power_iterations(number: int) -> None:
    """ValueError for a number of iterations that is not positive."""
    if number <= 0:
        raise ValueError(f"Expected n_power_iterations to be positive, but got n_power_iterations={number}")


@no_grad()
def power_iterations(matrix: Tensor, u: Tensor, v: Tensor, number: int, eps: float) -> None:
    """Bring vectors nearer to the singular ones of the largest value, in place: u from v, and then v from u."""
    for _ in range(number):
        u.copy_(functional.normalize(matrix.mv(v), dim=0, eps=eps))
        v.copy_(functional.normalize(matrix.t().mv(u), dim=0, eps=eps))


def largest_singular_value(matrix: Tensor, u: Tensor, v: Tensor) -> Tensor:
    """u @ matrix @ v, of copies of the singular vectors: for the graph they stay what they are now."""
    value: Tensor = u.clone().dot(matrix.mv(v.clone()))
    return value


def usual_dim(module: Module, dim: int | None) -> int:
    """The dimension of a weight that counts the outputs: 1 for transposed convolutions."""
    return int(getattr(module, "transposed", False)) if dim is None else dim


class SpectralNorm:
    """The hook that computes a module's weight from weight_orig, and moves weight_u and weight_v in training."""

    def __init__(self, name: str = "weight", n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        check_power_iterations(n_power_iterations)
        self.name = name
        self.n_power_iterations = n_power_iterations
        self.dim = dim
        self.eps = eps

    def compute_weight(self, module: Module, do_power_iteration: bool) -> Tensor:
        """The weight as it is now, after further power iterations if asked for."""
        weight, u, v = (getattr(module, self.name + ending) for ending in ("_orig", "_u", "_v"))
        matrix = as_matrix(weight, self.dim)
        if do_power_iteration:
            power_iterations(matrix.t(), v, u, self.n_power_iterations, self.eps)
        normed: Tensor = weight / largest_singular_value(matrix, u, v)
        return normed

    def __call__(self, module: Module, _inputs: Any) -> None:
        """Put the weight into the module."""
        setattr(module, self.name, self.compute_weight(module, do_power_iteration=module.training))


def spectral_norm(
    module: Any, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Any:
    """Have the module divide its weight by the largest singular value, found by power iterations in training.

    name: of the weight.  n_power_iterations: how many before each call in training.  dim: which dimension of the weight
    counts the outputs.  eps: the least length that vectors are divided by.  The vectors start normal, drawn as PyTorch
    draws them.  RuntimeError if there is such a hook already, ValueError for a parameter that is None or uninitialized,
    and for a n_power_iterations below 1.  T. Miyato et al. (2018), https://arxiv.org/abs/1802.05957
    """
    if hook_of(module, SpectralNorm, name) is not None:
        raise RuntimeError(f"Cannot register two spectral_norm hooks on the same parameter {name}")
    hook = SpectralNorm(name, n_power_iterations, usual_dim(module, dim), eps)
    weight = module._parameters[name]
    if weight is None:
        raise ValueError(f"`SpectralNorm` cannot be applied as parameter `{name}` is None")
    if is_lazy(weight):
        raise ValueError(
            "The module passed to `SpectralNorm` can't have uninitialized parameters. Make sure to run the dummy "
            "forward before applying spectral normalization"
        )
    with no_grad():
        u, v = (drawn_direction(weight, size, eps) for size in as_matrix(weight, hook.dim).shape)
    delattr(module, name)
    module.register_parameter(f"{name}_orig", weight)
    setattr(module, name, weight.data)
    module.register_buffer(f"{name}_u", u)
    module.register_buffer(f"{name}_v", v)
    module.register_forward_pre_hook(hook)
    return module


def remove_spectral_norm(module: Any, name: str = "weight") -> Any:
    """Make the weight that `spectral_norm` computed in a module, under this name, a parameter again.

    ValueError if there is none.
    """
    key = hook_of(module, SpectralNorm, name)
    if key is None:
        raise ValueError(f"spectral_norm of '{name}' not found in {module}")
    hook, _ = module._forward_pre_hooks.pop(key)
    with no_grad():
        weight = hook.compute_weight(module, do_power_iteration=False)
    for each in (name, f"{name}_u", f"{name}_v", f"{name}_orig"):
        delattr(module, each)
    module.register_parameter(name, Parameter(weight.detach()))
    return module


def hook_of(module: Module, kind: type, name: str) -> int | None:
    """The number of the module's hook of a kind for a parameter; None if there is none."""
    for key, (hook, _) in module._forward_pre_hooks.items():
        if isinstance(hook, kind) and hook.name == name:  # type: ignore[attr-defined]
            return key
    return None
