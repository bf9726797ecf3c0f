"""GPUs, as torch.cuda: minigrad has none yet, and says so to scripts that ask."""


def is_available() -> bool:
    """Whether tensors can live on a GPU: not yet."""
    return False


def device_count() -> int:
    """How many GPUs minigrad can use: none yet."""
    return 0


__all__ = ["is_available", "device_count"]
