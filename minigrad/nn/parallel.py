"""A model on several GPUs, as torch.nn.parallel: here it stays on one device."""

from __future__ import annotations

from typing import Any

from minigrad.nn.module import Module

__all__ = ["DataParallel"]


class DataParallel(Module):
    """A module under the name `module`, which it calls: as PyTorch's where there is no more than one GPU.

    device_ids, output_device, dim: which GPUs a batch is spread over.  minigrad uses one: NotImplementedError for more
    of them.  So the names in a state dict begin with `module.`, as in files of such models.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.DataParallel.html

    >>> from minigrad import nn
    >>> list(nn.DataParallel(nn.Linear(1, 1)).state_dict())
    ['module.weight', 'module.bias']
    """

    def __init__(self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0) -> None:
        super().__init__()
        check_devices(device_ids)
        _ = output_device, dim
        self.device_ids: list[Any] = []
        self.module = module

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """What the module returns."""
        return self.module(*inputs, **kwargs)


def check_devices(device_ids: Any) -> None:
    """NotImplementedError where several GPUs are asked for."""
    if device_ids is not None and len(device_ids) > 1:
        raise NotImplementedError(
            f"minigrad trains on one GPU, not on {len(device_ids)}: leave device_ids out, or give one"
        )
