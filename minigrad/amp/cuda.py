"""torch.cuda.amp: the older names of torch.amp, for "cuda"."""

from __future__ import annotations

import warnings
from typing import Any

from minigrad.amp.mode import autocast as any_autocast
from minigrad.amp.scaler import GradScaler as AnyGradScaler
from minigrad.dtypes import float16

__all__ = ["GradScaler", "autocast"]


class autocast(any_autocast):
    """`torch.amp.autocast` for "cuda", by its old name, with enabled, dtype and cache_enabled: a FutureWarning."""

    def __init__(self, enabled: bool = True, dtype: Any = float16, cache_enabled: bool = True) -> None:
        warnings.warn(
            "`torch.cuda.amp.autocast(args...)` is deprecated. Please use `torch.amp.autocast('cuda', args...)` "
            "instead.",
            FutureWarning,
            stacklevel=2,
        )
        super().__init__("cuda", enabled=enabled, dtype=dtype, cache_enabled=cache_enabled)


class GradScaler(AnyGradScaler):
    """`torch.amp.GradScaler("cuda", ...)`, by its old name: a FutureWarning."""

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        warnings.warn(
            "`torch.cuda.amp.GradScaler(args...)` is deprecated. Please use `torch.amp.GradScaler('cuda', args...)` "
            "instead.",
            FutureWarning,
            stacklevel=2,
        )
        super().__init__("cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled)
