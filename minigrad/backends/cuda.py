"""Computing on NVIDIA's GPUs, as torch.backends.cuda: whether there is CuPy, and flags that change nothing."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

from minigrad import switches

__all__ = [
    "cudnn_sdp_enabled",
    "enable_cudnn_sdp",
    "enable_flash_sdp",
    "enable_math_sdp",
    "enable_mem_efficient_sdp",
    "flash_sdp_enabled",
    "is_built",
    "math_sdp_enabled",
    "matmul",
    "mem_efficient_sdp_enabled",
]


def is_built() -> bool:
    """Whether minigrad can compute on a GPU, if there is one: CuPy is installed."""
    return "cupy" in sys.modules or find_spec("cupy") is not None


FLAGS = {
    "allow_fp16_reduced_precision_reduction": True,
    "allow_bf16_reduced_precision_reduction": True,
    "allow_fp16_accumulation": False,
}
"""The further flags, and their values at first."""


class Matmul:
    """How exact products of matrices may be on a GPU.  CuPy's are float32, whatever these say."""

    @property
    def allow_tf32(self) -> bool:
        """Whether they may be a little less exact: the switch of `set_float32_matmul_precision`."""
        return switches.get_float32_matmul_precision() != "highest"

    def __getattr__(self, name: str) -> Any:
        if name not in FLAGS:
            raise AttributeError(f"Unknown attribute {name}")
        return FLAGS[name]

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "allow_tf32":
            switches.set_float32_matmul_precision("high" if value else "highest")
            return
        if name not in FLAGS:
            raise AttributeError(f"Unknown attribute {name}")
        object.__setattr__(self, name, value)


matmul = Matmul()


# How attention may be computed (minigrad.nn.attention says for a while) ---------------------------------------


def flash_sdp_enabled() -> bool:
    """Whether scaled_dot_product_attention may be what PyTorch has a kernel for."""
    return switches.attention["flash"]


def enable_flash_sdp(enabled: bool) -> None:
    """Allow or forbid (enabled=False) that attention is what PyTorch has a flash kernel for.

    See `nn.attention.sdpa_kernel`, which does so for a while.
    """
    switches.attention["flash"] = bool(enabled)


def math_sdp_enabled() -> bool:
    """Whether scaled_dot_product_attention may be made of other ops."""
    return switches.attention["math"]


def enable_math_sdp(enabled: bool) -> None:
    """Allow or forbid (enabled=False) that scaled_dot_product_attention is made of other ops."""
    switches.attention["math"] = bool(enabled)


def mem_efficient_sdp_enabled() -> bool:
    """Whether a kernel is allowed that there is on GPUs only, and not in minigrad."""
    return switches.attention["mem_efficient"]


def enable_mem_efficient_sdp(enabled: bool) -> None:
    """Allow or forbid (enabled=False) a kernel for attention that there is on GPUs only, and not in minigrad."""
    switches.attention["mem_efficient"] = bool(enabled)


def cudnn_sdp_enabled() -> bool:
    """Whether a kernel of cuDNN is allowed, which minigrad does not have."""
    return switches.attention["cudnn"]


def enable_cudnn_sdp(enabled: bool) -> None:
    """Allow or forbid (enabled=False) a kernel of cuDNN for attention, which minigrad does not have."""
    switches.attention["cudnn"] = bool(enabled)
