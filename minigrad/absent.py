"""Dtypes of PyTorch's that minigrad does not have: programs name them and compare with them, and no tensor has one.

NumPy has no bfloat16.  That of the package ml_dtypes rounds as PyTorch's does, to the bit, also in arithmetic and most
functions; but beside a number it becomes float32, and sums count to 256 and stay.  Each op would have to see to it, as
to float16: one that does not would give other numbers than PyTorch's, without a word.
"""

from __future__ import annotations

from typing import Any

__all__: list[str] = []  # minigrad has none of them


class AbsentDtype:
    """A dtype of PyTorch's that no tensor of minigrad's has; instead: what to write."""

    def __init__(self, name: str, instead: str) -> None:
        self.name = name
        self.instead = instead

    def __repr__(self) -> str:
        return f"torch.{self.name}"


BFLOAT16 = AbsentDtype("bfloat16", "torch.float32, or torch.float16, which has two bytes as well, but ends at 65504")
PARTS = "two tensors of torch.float32, for the real and the imaginary parts"

ABSENT: dict[str, Any] = {
    str(each): each for each in (BFLOAT16, AbsentDtype("complex64", PARTS), AbsentDtype("complex128", PARTS))
}
"""What stands for each name where minigrad has nothing of that name."""


def advice(dtype: Any) -> str:
    """What an error says besides, in words: of a dtype that minigrad does not have, what to write."""
    return f": minigrad has no {dtype.name}. Write {dtype.instead}" if isinstance(dtype, AbsentDtype) else ""
