"""Names that libraries look at to tell things apart, and of which minigrad has no thing: it is never one of those.

einops compares dtypes with bfloat16.
"""

from __future__ import annotations

from typing import Any

__all__: list[str] = []  # minigrad has none of them


class AbsentDtype:
    """A dtype of PyTorch's that no tensor of minigrad's has."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"


ABSENT: dict[str, Any] = {f"torch.{name}": AbsentDtype(name) for name in ("bfloat16", "complex64", "complex128")}
"""What stands for each name where minigrad has nothing of that name."""
