"""Layers that give images another size."""

from __future__ import annotations

from typing import Any

from minigrad.nn.module import Module
from minigrad.ops.further.resizing import interpolate
from minigrad.tensor import Tensor


class Upsample(Module):
    """Rows, images or volumes in another size: (N, C, *image) -> (N, C, *size), or each size times scale_factor.

    size, scale_factor, mode, align_corners, recompute_scale_factor are those of `functional.interpolate`.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Upsample.html
    """

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.name = type(self).__name__
        self.size = size
        if isinstance(scale_factor, tuple):
            self.scale_factor: Any = tuple(float(factor) for factor in scale_factor)
        else:
            self.scale_factor = float(scale_factor) if scale_factor else None
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        """interpolate(input)."""
        return interpolate(
            input, self.size, self.scale_factor, self.mode, self.align_corners, self.recompute_scale_factor
        )

    def extra_repr(self) -> str:
        """The factor or the size, and the mode."""
        shown = f"size={self.size!r}" if self.scale_factor is None else f"scale_factor={self.scale_factor!r}"
        return f"{shown}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Images in another size, by the nearest elements: (N, C, H, W) -> (N, C, *size), or both times scale_factor.

    `Upsample` with mode="nearest".  https://docs.pytorch.org/docs/stable/generated/torch.nn.UpsamplingNearest2d.html
    """

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """Images in another size, between the four elements around, with the corners at the same places.

    (N, C, H, W) -> (N, C, *size), or both times scale_factor: `Upsample` with mode="bilinear", align_corners=True.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.UpsamplingBilinear2d.html
    """

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)
