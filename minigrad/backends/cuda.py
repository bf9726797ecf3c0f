"""Computing on NVIDIA's GPUs, as torch.backends.cuda: whether there is CuPy, and flags that change nothing."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from typing import Any

from minigrad import switches

__all__ = ["is_built", "matmul"]


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
