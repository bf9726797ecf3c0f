"""Fractional pooling layers."""

from __future__ import annotations

from typing import Any

from minigrad.nn.module import Module
from minigrad.ops.further.fractional_pooling import fractional_max_pool2d, fractional_max_pool3d
from minigrad.ops.windows import Sizes, sizes
from minigrad.tensor import Tensor


class _FractionalMaxPoolNd(Module):
    """The sizes of a fractional pooling.  dims: how many dimensions an image has."""

    dims: int

    def __init__(
        self,
        kernel_size: int | Sizes,
        output_size: int | Sizes | None = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        self.kernel_size = sizes(name, "kernel_size", kernel_size, self.dims)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else sizes(name, "output_size", output_size, self.dims)
        is_one = isinstance(output_ratio, (int, float))
        self.output_ratio = (output_ratio,) * self.dims if is_one else output_ratio
        if min(self.kernel_size) <= 0:
            raise ValueError(f"kernel_size must be greater than 0, but got {kernel_size}")
        if output_size is None and output_ratio is None:
            raise ValueError(f"{name} requires specifying either an output size, or a pooling ratio")
        if output_size is not None and output_ratio is not None:
            raise ValueError("only one of output_size and output_ratio may be specified")
        if self.output_ratio is not None and not all(0 < ratio < 1 for ratio in self.output_ratio):
            raise ValueError(f"output_ratio must be between 0 and 1 (got {output_ratio})")


class FractionalMaxPool2d(_FractionalMaxPoolNd):
    """The largest element of each window, whose distances are random: (N, C, height, width) -> (N, C, oh, ow).

    As `functional.fractional_max_pool2d`.  kernel_size: of the windows.  (oh, ow) are the output_size, or the share
    output_ratio (between 0 and 1) of the image's: ValueError unless one of the two is given.  return_indices: also
    where each is.  B. Graham (2014), https://arxiv.org/abs/1412.6071
    """

    dims = 2

    def forward(self, input: Tensor) -> Any:
        """fractional_max_pool2d(input): a Tensor, or with return_indices two."""
        given = self.kernel_size, self.output_size, self.output_ratio, self.return_indices
        return fractional_max_pool2d(input, *given, _random_samples=self._random_samples)


class FractionalMaxPool3d(_FractionalMaxPoolNd):
    """`FractionalMaxPool2d` of volumes, as `functional.fractional_max_pool3d`: (N, C, d, h, w) -> (N, C, od, oh, ow).

    https://docs.pytorch.org/docs/stable/generated/torch.nn.FractionalMaxPool3d.html
    """

    dims = 3

    def forward(self, input: Tensor) -> Any:
        """fractional_max_pool3d(input): a Tensor, or with return_indices two."""
        given = self.kernel_size, self.output_size, self.output_ratio, self.return_indices
        return fractional_max_pool3d(input, *given, _random_samples=self._random_samples)
