"""Accelerators, as torch.accelerator: minigrad has none yet, and says so to scripts that ask."""


def is_available() -> bool:
    """Whether tensors can live on an accelerator: not yet."""
    return False


def current_accelerator(check_available: bool = False) -> None:
    """The accelerator in use: None."""
    _ = check_available


__all__ = ["is_available", "current_accelerator"]
