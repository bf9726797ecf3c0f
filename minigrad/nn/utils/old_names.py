"""Names of torch.nn.utils from before PyTorch 0.4."""

from __future__ import annotations

import warnings
from typing import Any

from minigrad.nn.utils.clip_grad import clip_grad_norm_

__all__ = ["clip_grad_norm"]


def clip_grad_norm(
    parameters: Any, max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: Any = None
) -> Any:
    """`clip_grad_norm_` by its old name: it gives a FutureWarning and does the same."""
    warnings.warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of `torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)
