"""Normalization layers; minigrad.ops.normalization has the formulas."""

from __future__ import annotations

from typing import Any

from minigrad import dtypes
from minigrad.nn import functional, init
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.creation import empty, ones, zeros
from minigrad.tensor import Tensor


class _NormBase(Module):
    """What normalizations with statistics have: weight and bias, and the running mean and variance."""

    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        register_affine(self, (num_features,), affine, bias, device, dtype)
        statistics: list[Tensor | None] = [None] * 3
        if track_running_stats:
            statistics[:2] = [make(num_features, device=device, dtype=dtype) for make in (zeros, ones)]
            statistics[2] = zeros((), device=device, dtype=dtypes.int64)
        for name, tensor in zip(("running_mean", "running_var", "num_batches_tracked"), statistics):
            self.register_buffer(name, tensor)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget the batches seen."""
        if self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Weights 1, biases 0, no batches seen."""
        self.reset_running_stats()
        reset_affine(self)

    def _check_input_dim(self, input: Tensor) -> None:
        raise NotImplementedError

    def extra_repr(self) -> str:
        """The options."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_NormBase):
    """Batch normalization, whatever the input's shape."""

    def forward(self, input: Tensor) -> Tensor:
        """The normalized input."""
        self._check_input_dim(input)
        running_mean, running_var, counter = self.running_mean, self.running_var, self.num_batches_tracked
        if not self.training:
            use_batch = running_mean is None and running_var is None
            return functional.batch_norm(
                input, running_mean, running_var, self.weight, self.bias, use_batch, 0.0, self.eps
            )
        if not self.track_running_stats:
            running_mean = running_var = counter = None
        share = self.momentum
        if share is None:
            share = 0.0 if counter is None else 1 / (counter.item() + 1)
        output = functional.batch_norm(input, running_mean, running_var, self.weight, self.bias, True, share, self.eps)
        if counter is not None:
            counter.add_(1)
        return output


class BatchNorm1d(_BatchNorm):
    """Batch normalization, as `functional.batch_norm`: (N, C) -> (N, C), or (N, C, L) -> (N, C, L).

    C is num_features; each channel has a mean and a variance, to which eps is added.  In training they are the batch's,
    in evaluation the running ones.  weight (1) and bias (0), (C,) each, are left out with affine=False (bias alone with
    bias=False).  The buffers running_mean (0) and running_var (1) move in training towards each batch's by the share
    `momentum`; with momentum=None they are the plain averages over the num_batches_tracked.  With
    track_running_stats=False there are none, and the batch's are used in evaluation too.

    ValueError for another number of dimensions, and for one value per channel in training; RuntimeError for another C.
    https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html
    """

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim not in (2, 3):
            raise ValueError(f"expected 2D or 3D input (got {input.ndim}D input)")


class BatchNorm2d(_BatchNorm):
    """Batch normalization of images: (N, C, H, W) -> (N, C, H, W); all else is as in `BatchNorm1d`."""

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim != 4:
            raise ValueError(f"expected 4D input (got {input.ndim}D input)")


class LayerNorm(Module):
    """Mean 0 and variance 1 over the last dimensions, as `functional.layer_norm`: (*, *normalized_shape) -> the same.

    normalized_shape: one size, or several.  eps is added to the variance.  weight (1) and bias (0), of normalized_shape
    each, are left out with elementwise_affine=False (bias alone with bias=False).
    https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        sizes = (normalized_shape,) if isinstance(normalized_shape, int) else normalized_shape
        self.normalized_shape = tuple(sizes)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        register_affine(self, self.normalized_shape, elementwise_affine, bias, device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weights 1, biases 0."""
        reset_affine(self)

    def forward(self, input: Tensor) -> Tensor:
        """The normalized input."""
        return functional.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The options."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}, "
            f"bias={self.bias is not None}"
        )


def register_affine(module: Module, shape: Any, affine: bool, bias: bool, device: Any, dtype: Any) -> None:
    """Give a layer its weight and bias, or None for those that it shall not have."""
    for name, wanted in (("weight", affine), ("bias", affine and bias)):
        parameter = Parameter(empty(shape, device=device, dtype=dtype)) if wanted else None
        module.register_parameter(name, parameter)


def reset_affine(module: Module) -> None:
    """Weights 1, biases 0."""
    if module.weight is not None:
        init.ones_(module.weight)
    if module.bias is not None:
        init.zeros_(module.bias)
