"""Several results of one op: how they are printed."""

from __future__ import annotations

from typing import Any

__all__: list[str] = []


def printed(kind: str, results: Any) -> str:
    """Several results under PyTorch's name for them."""
    shown = ",\n".join(f"{name}={value!r}" for name, value in results._asdict().items())
    return f"minigrad.return_types.{kind}(\n{shown})"
