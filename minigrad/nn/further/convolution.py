"""Convolution layers of rows and volumes, and transposed ones."""

from __future__ import annotations

from typing import Any

from minigrad.nn.convolution import Conv2d as Conv2d
from minigrad.nn.convolution import _ConvNd
from minigrad.ops.further.convolution import conv1d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d
from minigrad.ops.windows import Sizes
from minigrad.tensor import Tensor


class Conv1d(_ConvNd):
    """Each of out_channels kernels laid over the rows at every place: (N, in, length) -> (N, out, places).

    Arguments, sizes, weights and errors are those of `Conv2d`, for one dimension; as `functional.conv1d`.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html
    """

    dims = 1

    def forward(self, input: Tensor) -> Tensor:
        """The convolution of the input."""
        return self._conv_forward(input, self.weight, self.bias)

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        input, padding = self.padded(input)
        return conv1d(input, weight, bias, self.stride, padding, self.dilation, self.groups)


class Conv3d(_ConvNd):
    """Each of out_channels kernels laid over the volumes at every place: (N, in, d, h, w) -> (N, out, od, oh, ow).

    Arguments, sizes, weights and errors are those of `Conv2d`, for three dimensions; as `functional.conv3d`.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv3d.html
    """

    dims = 3

    def forward(self, input: Tensor) -> Tensor:
        """The convolution of the input."""
        return self._conv_forward(input, self.weight, self.bias)

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        input, padding = self.padded(input)
        return conv3d(input, weight, bias, self.stride, padding, self.dilation, self.groups)


TRANSPOSED = {1: conv_transpose1d, 2: conv_transpose2d, 3: conv_transpose3d}


class _ConvTransposeNd(_ConvNd):
    """What the transposed layers have in common.  weight: (in_channels, out_channels / groups, *kernel_size).

    ValueError for a padding_mode other than "zeros".
    """

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Sizes,
        stride: int | Sizes = 1,
        padding: int | Sizes = 0,
        output_padding: int | Sizes = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: int | Sizes = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(
                f'Only "zeros" padding mode is supported for {type(self).__name__}, but got {padding_mode!r}'
            )
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias, padding_mode, device, dtype
        )
        self.output_padding = self.sizes("output_padding", output_padding)

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        """The transposed convolution of the input; output_size: which of the possible sizes the result shall have.

        ValueError for an output_size that is not possible.
        """
        after = self.output_padding if output_size is None else self.output_padding_for(input, output_size)
        given = self.weight, self.bias, self.stride, self.padding, after, self.groups, self.dilation
        return TRANSPOSED[self.dims](input, *given)

    def output_padding_for(self, input: Tensor, output_size: Any) -> Sizes:
        """What must be added for the result to have a size."""
        wanted: Sizes = tuple(output_size)
        others = input.dim() - self.dims
        if len(wanted) not in (self.dims, self.dims + others):
            raise ValueError(
                f"ConvTranspose{self.dims}D: for {input.dim()}D input, output_size must have {self.dims} or "
                f"{self.dims + others} elements (got {len(wanted)})"
            )
        wanted = wanted[-self.dims :]
        padding = self.sizes("padding", self.padding)
        given = zip(input.shape[others:], self.stride, padding, self.dilation, self.kernel_size)
        least = [(n - 1) * step - 2 * pad + gap * (k - 1) + 1 for n, step, pad, gap, k in given]
        most = [n + step - 1 for n, step in zip(least, self.stride)]
        if any(not low <= n <= high for low, n, high in zip(least, wanted, most)):
            raise ValueError(
                f"requested an output size of {list(wanted)}, but valid sizes range from {least} to {most} (for an "
                f"input of {tuple(input.shape[others:])})"
            )
        return tuple(n - low for n, low in zip(wanted, least))


class ConvTranspose1d(_ConvTransposeNd):
    """The kernels, each times an element of the input, added up where they lie: (N, in, length) -> (N, out, places).

    Arguments and errors are those of `ConvTranspose2d`, for one dimension; as `functional.conv_transpose1d`.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html
    """

    dims = 1


class ConvTranspose2d(_ConvTransposeNd):
    """The kernels, each times an element of the input, added up where they lie: (N, in, h, w) -> (N, out, oh, ow).

    As `functional.conv_transpose2d`: in each dimension
    out = (in - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + output_padding + 1.  weight (in_channels,
    out_channels / groups, *kernel_size) and bias (out_channels,) start as those of `Conv2d` do, with
    fan_in = out_channels / groups * kh * kw.  padding_mode: "zeros" alone, else ValueError.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html

    >>> import minigrad as torch
    >>> up = torch.nn.ConvTranspose2d(3, 1, kernel_size=4, stride=2, padding=1)
    >>> up(torch.zeros(2, 3, 7, 7)).shape
    minigrad.Size([2, 1, 14, 14])
    """

    dims = 2


class ConvTranspose3d(_ConvTransposeNd):
    """The kernels, each times an element of the input, added up: (N, in, d, h, w) -> (N, out, od, oh, ow).

    Arguments and errors are those of `ConvTranspose2d`, for three dimensions; as `functional.conv_transpose3d`.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose3d.html
    """

    dims = 3
