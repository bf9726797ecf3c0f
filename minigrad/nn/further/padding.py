"""Padding layers."""

from __future__ import annotations

from typing import Any

from minigrad.nn.module import Module
from minigrad.ops.further.padding import pad
from minigrad.tensor import Tensor


class _PadNd(Module):
    """What the padding layers have in common: the sizes.

    dims: how many dimensions are padded.  mode: what is put around them.  padding: one int, or before and after the
    last dimension, before and after the one before it, and so on.
    """

    dims: int
    mode: str

    def __init__(self, padding: Any) -> None:
        super().__init__()
        self.padding = tuple(padding) if isinstance(padding, (tuple, list)) else (padding,) * (2 * self.dims)

    def forward(self, input: Tensor) -> Tensor:
        """The input with elements put around it."""
        return pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        """The sizes."""
        return f"{self.padding}"


class _ConstantPadNd(_PadNd):
    """A number around the input."""

    mode = "constant"

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        """The input with the number put around it."""
        return pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        """The sizes and the number."""
        return f"padding={self.padding}, value={self.value}"


class _ZeroPad:
    """Zeros around the input: a mixin of the constant padding layers."""

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)  # type: ignore[call-arg]

    def extra_repr(self) -> str:
        """The sizes."""
        return f"{self.padding}"  # type: ignore[attr-defined]


class _CircularPadNd(_PadNd):
    """The input's opposite edges around it."""

    mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        """The input with its opposite edges around it.  ValueError for other dimensions."""
        least = self.dims + 1
        if input.dim() not in (least, least + 1):
            raise ValueError(f"expected {least}D or {least + 1}D input (got {input.dim()}D input)")
        return super().forward(input)


class ConstantPad1d(_ConstantPadNd):
    """`value` put around the last dimension: (*, L) -> (*, left + L + right).  padding: one int, or (left, right).

    `functional.pad`.  https://docs.pytorch.org/docs/stable/generated/torch.nn.ConstantPad1d.html
    """

    dims = 1


class ConstantPad2d(_ConstantPadNd):
    """`value` put around the last two dimensions: (*, H, W) -> (*, top + H + bottom, left + W + right).

    padding: one int, or (left, right, top, bottom).  `functional.pad`.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.ConstantPad2d.html
    """

    dims = 2


class ConstantPad3d(_ConstantPadNd):
    """`value` put around the last three: (*, D, H, W) -> (*, front + D + back, top + H + bottom, left + W + right).

    padding: one int, or (left, right, top, bottom, front, back).  `functional.pad`.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.ConstantPad3d.html
    """

    dims = 3


class ZeroPad1d(_ZeroPad, ConstantPad1d):
    """Zeros put around the last dimension: (*, L) -> (*, left + L + right).  padding: one int, or (left, right).

    `functional.pad`.  https://docs.pytorch.org/docs/stable/generated/torch.nn.ZeroPad1d.html
    """


class ZeroPad2d(_ZeroPad, ConstantPad2d):
    """Zeros put around the last two dimensions: (*, H, W) -> (*, top + H + bottom, left + W + right).

    padding: one int, or (left, right, top, bottom).  `functional.pad`.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.ZeroPad2d.html
    """


class ZeroPad3d(_ZeroPad, ConstantPad3d):
    """Zeros put around the last three: (*, D, H, W) -> (*, front + D + back, top + H + bottom, left + W + right).

    padding: one int, or (left, right, top, bottom, front, back).  `functional.pad`.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.ZeroPad3d.html
    """


class ReflectionPad1d(_PadNd):
    """The input mirrored at the ends of its last dimension: (N, C, L) -> (N, C, left + L + right), or without N.

    padding: one int, or (left, right), less than L each.  `functional.pad`, mode "reflect".
    https://docs.pytorch.org/docs/stable/generated/torch.nn.ReflectionPad1d.html
    """

    dims, mode = 1, "reflect"


class ReflectionPad2d(_PadNd):
    """The input mirrored at its edges: (N, C, H, W) -> (N, C, top + H + bottom, left + W + right), or without N.

    padding: one int, or (left, right, top, bottom), less than H and W.  `functional.pad`, mode "reflect".
    https://docs.pytorch.org/docs/stable/generated/torch.nn.ReflectionPad2d.html
    """

    dims, mode = 2, "reflect"


class ReflectionPad3d(_PadNd):
    """The input mirrored at its faces: (N, C, D, H, W) -> (N, C, front + D + back, top + H + bottom, left + W + right).

    padding: one int, or (left, right, top, bottom, front, back), less than D, H and W.  `functional.pad`, mode
    "reflect".  https://docs.pytorch.org/docs/stable/generated/torch.nn.ReflectionPad3d.html
    """

    dims, mode = 3, "reflect"


class ReplicationPad1d(_PadNd):
    """The ends of the last dimension repeated: (N, C, L) -> (N, C, left + L + right), or without N.

    padding: one int, or (left, right).  `functional.pad`, mode "replicate".
    https://docs.pytorch.org/docs/stable/generated/torch.nn.ReplicationPad1d.html
    """

    dims, mode = 1, "replicate"


class ReplicationPad2d(_PadNd):
    """The edges of the last two dimensions repeated: (N, C, H, W) -> (N, C, top + H + bottom, left + W + right).

    padding: one int, or (left, right, top, bottom).  `functional.pad`, mode "replicate".
    https://docs.pytorch.org/docs/stable/generated/torch.nn.ReplicationPad2d.html
    """

    dims, mode = 2, "replicate"


class ReplicationPad3d(_PadNd):
    """The faces of the last three dimensions repeated: padding is one int, or (left, right, top, bottom, front, back).

    (N, C, D, H, W) -> (N, C, front + D + back, top + H + bottom, left + W + right).  `functional.pad`, mode
    "replicate".  https://docs.pytorch.org/docs/stable/generated/torch.nn.ReplicationPad3d.html
    """

    dims, mode = 3, "replicate"


class CircularPad1d(_CircularPadNd):
    """The last dimension as a circle: (N, C, L) -> (N, C, left + L + right).  padding: one int, or (left, right).

    `functional.pad`, mode "circular".  https://docs.pytorch.org/docs/stable/generated/torch.nn.CircularPad1d.html
    """

    dims = 1


class CircularPad2d(_CircularPadNd):
    """The last two dimensions as circles: (N, C, H, W) -> (N, C, top + H + bottom, left + W + right).

    padding: one int, or (left, right, top, bottom).  `functional.pad`, mode "circular".
    https://docs.pytorch.org/docs/stable/generated/torch.nn.CircularPad2d.html
    """

    dims = 2


class CircularPad3d(_CircularPadNd):
    """The last three dimensions as circles: padding is one int, or (left, right, top, bottom, front, back).

    (N, C, D, H, W) -> (N, C, front + D + back, top + H + bottom, left + W + right).  `functional.pad`, mode "circular".
    https://docs.pytorch.org/docs/stable/generated/torch.nn.CircularPad3d.html
    """

    dims = 3
