"""Names of torch.nn.init from before PyTorch 0.4, without the underscore: each warns, and is the new one."""

from __future__ import annotations

import warnings
from typing import Any

from minigrad.nn import init

__all__ = [
    "constant",
    "dirac",
    "eye",
    "kaiming_normal",
    "kaiming_uniform",
    "normal",
    "orthogonal",
    "sparse",
    "uniform",
    "xavier_normal",
    "xavier_uniform",
]


def old(name: str) -> Any:
    """The function of an old name."""
    function = getattr(init, name + "_")

    def by_its_old_name(*args: Any, **kwargs: Any) -> Any:
        warnings.warn(f"`nn.init.{name}` is now deprecated in favor of `nn.init.{name}_`.", FutureWarning, stacklevel=2)
        return function(*args, **kwargs)

    by_its_old_name.__name__ = name
    by_its_old_name.__doc__ = f"`{name}_` by its old name: it gives a FutureWarning and does the same."
    return by_its_old_name


constant = old("constant")
dirac = old("dirac")
eye = old("eye")
kaiming_normal = old("kaiming_normal")
kaiming_uniform = old("kaiming_uniform")
normal = old("normal")
orthogonal = old("orthogonal")
sparse = old("sparse")
uniform = old("uniform")
xavier_normal = old("xavier_normal")
xavier_uniform = old("xavier_uniform")
