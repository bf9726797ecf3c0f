"""Pooling layers of rows and volumes, to a given size, by powers, and back."""

from __future__ import annotations

from typing import Any

from minigrad.nn.module import Module
from minigrad.nn.pooling import _AvgPoolNd, _MaxPoolNd
from minigrad.ops.further import pooling
from minigrad.ops.windows import Sizes, sizes
from minigrad.tensor import Tensor


class MaxPool1d(_MaxPoolNd):
    """The largest element of each window: (N, C, length) -> (N, C, places).  As `MaxPool2d`, of rows.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool1d.html
    """

    def forward(self, input: Tensor) -> Any:
        """max_pool1d(input): a Tensor, or with return_indices two."""
        return pooling.max_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )


class MaxPool3d(_MaxPoolNd):
    """The largest element of each window: (N, C, d, h, w) -> (N, C, od, oh, ow).  As `MaxPool2d`, of volumes.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool3d.html
    """

    def forward(self, input: Tensor) -> Any:
        """max_pool3d(input): a Tensor, or with return_indices two."""
        return pooling.max_pool3d(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode, self.return_indices
        )


class AvgPool1d(_AvgPoolNd):
    """The mean of each window: (N, C, length) -> (N, C, places).  As `AvgPool2d`, of rows.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool1d.html
    """

    def __init__(
        self,
        kernel_size: int | Sizes,
        stride: int | Sizes | None = None,
        padding: int | Sizes = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        kernel_size = sizes("AvgPool1d", "kernel_size", kernel_size, 1)
        stride = None if stride is None else sizes("AvgPool1d", "stride", stride, 1)
        padding = sizes("AvgPool1d", "padding", padding, 1)
        super().__init__(kernel_size, stride, padding, ceil_mode, count_include_pad)

    def forward(self, input: Tensor) -> Tensor:
        """avg_pool1d(input)."""
        given = self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        return pooling.avg_pool1d(input, *given)


class AvgPool3d(_AvgPoolNd):
    """The mean of each window: (N, C, d, h, w) -> (N, C, od, oh, ow).  As `AvgPool2d`, of volumes.

    https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool3d.html
    """

    def forward(self, input: Tensor) -> Tensor:
        """avg_pool3d(input)."""
        given = self.kernel_size, self.stride, self.padding, self.ceil_mode, self.count_include_pad
        return pooling.avg_pool3d(input, *given, self.divisor_override)


class _LPPoolNd(Module):
    """The sizes of a pooling by powers."""

    def __init__(
        self,
        norm_type: float,
        kernel_size: int | Sizes,
        stride: int | Sizes | None = None,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def extra_repr(self) -> str:
        """The power and the sizes."""
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPoolNd):
    """(sum of x ** norm_type) ** (1 / norm_type) of each window: (N, C, length) -> (N, C, places).

    kernel_size, stride (kernel_size unless given), ceil_mode: as for `MaxPool2d`.  As `functional.lp_pool1d`.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool1d.html
    """

    def forward(self, input: Tensor) -> Tensor:
        """lp_pool1d(input)."""
        return pooling.lp_pool1d(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)


class LPPool2d(_LPPoolNd):
    """(sum of x ** norm_type) ** (1 / norm_type) of each window: (N, C, height, width) -> (N, C, oh, ow).

    As `LPPool1d`, of images; `functional.lp_pool2d`.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool2d.html
    """

    def forward(self, input: Tensor) -> Tensor:
        """lp_pool2d(input)."""
        return pooling.lp_pool2d(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)


class LPPool3d(_LPPoolNd):
    """(sum of x ** norm_type) ** (1 / norm_type) of each window: (N, C, d, h, w) -> (N, C, od, oh, ow).

    As `LPPool1d`, of volumes; `functional.lp_pool3d`.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool3d.html
    """

    def forward(self, input: Tensor) -> Tensor:
        """lp_pool3d(input)."""
        return pooling.lp_pool3d(input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode)


# To a given size --------------------------------------------------------------------------------------------


class _AdaptivePoolNd(Module):
    """The size of the result."""

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def extra_repr(self) -> str:
        """The size."""
        return f"output_size={self.output_size}"


class _AdaptiveAvgPoolNd(_AdaptivePoolNd):
    """That alone."""


class AdaptiveAvgPool1d(_AdaptiveAvgPoolNd):
    """The means of `output_size` windows that share a row among them: (N, C, length) -> (N, C, output_size).

    https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool1d.html
    """

    def forward(self, input: Tensor) -> Tensor:
        """adaptive_avg_pool1d(input)."""
        return pooling.adaptive_avg_pool1d(input, self.output_size)


class AdaptiveAvgPool2d(_AdaptiveAvgPoolNd):
    """The means of windows that share an image among them: (N, C, height, width) -> (N, C, *output_size).

    output_size: one int, or two, of which None stands for the input's.  As `functional.adaptive_avg_pool2d`.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html
    """

    def forward(self, input: Tensor) -> Tensor:
        """adaptive_avg_pool2d(input)."""
        return pooling.adaptive_avg_pool2d(input, self.output_size)


class AdaptiveAvgPool3d(_AdaptiveAvgPoolNd):
    """The means of windows that share a volume among them: (N, C, d, h, w) -> (N, C, *output_size).

    output_size: one int, or three, of which None stands for the input's.  As `functional.adaptive_avg_pool3d`.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool3d.html
    """

    def forward(self, input: Tensor) -> Tensor:
        """adaptive_avg_pool3d(input)."""
        return pooling.adaptive_avg_pool3d(input, self.output_size)


class _AdaptiveMaxPoolNd(_AdaptivePoolNd):
    """The size of the result, and whether positions are given too."""

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__(output_size)
        self.return_indices = return_indices


class AdaptiveMaxPool1d(_AdaptiveMaxPoolNd):
    """The largest elements of `output_size` windows that share a row among them: (N, C, length) -> (N, C, output_size).

    return_indices: also where each is, int64.  As `functional.adaptive_max_pool1d`.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool1d.html
    """

    def forward(self, input: Tensor) -> Any:
        """adaptive_max_pool1d(input): a Tensor, or with return_indices two."""
        return pooling.adaptive_max_pool1d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool2d(_AdaptiveMaxPoolNd):
    """The largest elements of windows that share an image among them: (N, C, height, width) -> (N, C, *output_size).

    output_size: one int, or two, of which None stands for the input's.  return_indices: also where each is, int64, in
    the flattened image.  As `functional.adaptive_max_pool2d`.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool2d.html
    """

    def forward(self, input: Tensor) -> Any:
        """adaptive_max_pool2d(input): a Tensor, or with return_indices two."""
        return pooling.adaptive_max_pool2d(input, self.output_size, self.return_indices)


class AdaptiveMaxPool3d(_AdaptiveMaxPoolNd):
    """The largest elements of windows that share a volume among them: (N, C, d, h, w) -> (N, C, *output_size).

    output_size, return_indices: as for `AdaptiveMaxPool2d`, with three sizes.  As `functional.adaptive_max_pool3d`.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool3d.html
    """

    def forward(self, input: Tensor) -> Any:
        """adaptive_max_pool3d(input): a Tensor, or with return_indices two."""
        return pooling.adaptive_max_pool3d(input, self.output_size, self.return_indices)


# Back -------------------------------------------------------------------------------------------------------


class _MaxUnpoolNd(Module):
    """The sizes of the pooling that is undone.  dims: how many dimensions an image has."""

    dims: int

    def __init__(self, kernel_size: int | Sizes, stride: int | Sizes | None = None, padding: int | Sizes = 0) -> None:
        super().__init__()
        op = type(self).__name__
        self.kernel_size = sizes(op, "kernel_size", kernel_size, self.dims)
        self.stride = self.kernel_size if stride is None else sizes(op, "stride", stride, self.dims)
        self.padding = sizes(op, "padding", padding, self.dims)

    def extra_repr(self) -> str:
        """The sizes."""
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpoolNd):
    """Zeros with the elements of a pooled row where they were: (N, C, places) -> (N, C, length).

    Called with what the pooling gave, and the int64 places, of its shape.  length = (places - 1) * stride - 2 * padding
    + kernel_size, or that of the output_size it is called with.  Arguments are those of `functional.max_unpool1d`.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool1d.html
    """

    dims = 1

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        """max_unpool1d(input, indices)."""
        return pooling.max_unpool1d(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool2d(_MaxUnpoolNd):
    """Zeros with the elements of a pooled image where they were: (N, C, h, w) -> (N, C, height, width).

    Called with what the pooling gave, and the int64 places, of its shape.  height = (h - 1) * stride - 2 * padding +
    kernel_size, so the width, or the output_size it is called with.  Arguments are those of `functional.max_unpool2d`.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool2d.html
    """

    dims = 2

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        """max_unpool2d(input, indices)."""
        return pooling.max_unpool2d(input, indices, self.kernel_size, self.stride, self.padding, output_size)


class MaxUnpool3d(_MaxUnpoolNd):
    """Zeros with the elements of a pooled volume where they were: (N, C, d, h, w) -> (N, C, depth, height, width).

    As `MaxUnpool2d`, of volumes; `functional.max_unpool3d`.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxUnpool3d.html
    """

    dims = 3

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        """max_unpool3d(input, indices)."""
        return pooling.max_unpool3d(input, indices, self.kernel_size, self.stride, self.padding, output_size)
