"""Normalization layers that few lessons meet; minigrad.ops.further.normalization has the formulas."""

from __future__ import annotations

from typing import Any

from minigrad.engine.places import warn
from minigrad.nn.module import Module
from minigrad.nn.normalization import _BatchNorm, _NormBase, register_affine, reset_affine
from minigrad.ops.further import normalization
from minigrad.tensor import Tensor


class BatchNorm3d(_BatchNorm):
    """Batch normalization of volumes: (N, C, D, H, W) -> (N, C, D, H, W); all else is as in `BatchNorm1d`."""

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim != 5:
            raise ValueError(f"expected 5D input (got {input.ndim}D input)")


class SyncBatchNorm(_BatchNorm):
    """Batch normalization, as `BatchNorm1d`: (N, C, ...) -> (N, C, ...), with any number of dimensions from two on.

    process_group: the processes that share their statistics; here there is one, whose statistics are all there are.
    ValueError for fewer than two dimensions, or no channels.
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        self.process_group = process_group

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim < 2:
            raise ValueError(f"expected at least 2D input (got {input.ndim}D input)")
        if input.shape[1] == 0:
            raise ValueError("SyncBatchNorm number of input channels should be non-zero")

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """The module with a SyncBatchNorm, of the same parameters and buffers, for each batch normalization in it."""
        converted = module
        if isinstance(module, _BatchNorm):
            options = module.num_features, module.eps, module.momentum, module.affine, module.track_running_stats
            converted = cls(*options, process_group, bias=module.bias is not None)
            converted.training = module.training
            converted._parameters.update(module._parameters)
            converted._buffers.update(module._buffers)
        for name, part in module.named_children():
            converted.add_module(name, cls.convert_sync_batchnorm(part, process_group))
        return converted


class GroupNorm(Module):
    """Mean 0 and variance 1 in each of num_groups groups of channels: (N, C, ...) -> (N, C, ...).

    As `functional.group_norm`.  C is num_channels; eps is added to the variance.  weight (1) and bias (0),
    (num_channels,) each, are left out with affine=False (bias alone with bias=False).  ValueError unless num_channels
    is divisible by num_groups.  https://docs.pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups != 0:
            raise ValueError(f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})")
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        register_affine(self, (num_channels,), affine, bias, device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weights 1, biases 0."""
        reset_affine(self)

    def forward(self, input: Tensor) -> Tensor:
        """The normalized input."""
        return normalization.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The options."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class _InstanceNorm(_NormBase):
    """Normalization of each channel of each image, whatever the input's shape."""

    _dims_of_one: int
    """How many dimensions one image without a batch has."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def _check_input_dim(self, input: Tensor) -> None:
        least = self._dims_of_one
        if input.ndim not in (least, least + 1):
            raise ValueError(f"expected {least}D or {least + 1}D input (got {input.ndim}D input)")

    def forward(self, input: Tensor) -> Tensor:
        """The normalized input."""
        self._check_input_dim(input)
        dim = input.ndim - self._dims_of_one
        self._check_features(input.shape[dim], dim)
        return self._normalized(input) if dim else self._normalized(input.unsqueeze(0)).squeeze(0)

    def _check_features(self, size: int, dim: int) -> None:
        if size == self.num_features:
            return
        if self.affine:
            raise ValueError(
                f"expected input's size at dim={dim} to match num_features ({self.num_features}), but got: {size}."
            )
        warn(
            f"input's size at dim={dim} does not match num_features. You can silence this warning by not passing in "
            "num_features, which is not used because affine=False"
        )

    def _normalized(self, input: Tensor) -> Tensor:
        statistics = self.running_mean, self.running_var
        of_the_input = self.training or not self.track_running_stats
        share = 0.0 if self.momentum is None else self.momentum
        return normalization.instance_norm(input, *statistics, self.weight, self.bias, of_the_input, share, self.eps)


class InstanceNorm1d(_InstanceNorm):
    """Mean 0 and variance 1 of each channel of each sample, as `functional.instance_norm`: (N, C, L) -> (N, C, L).

    Or (C, L) -> (C, L).  C is num_features; eps is added to the variance.  affine: with weight (1) and bias (0), (C,)
    each (with bias=False weight alone).  track_running_stats: with the buffers running_mean (0) and running_var (1),
    which move in training by the share `momentum` towards the average over each batch, and are used in evaluation.

    ValueError for another number of dimensions, one value per channel, and, with affine, another C.
    D. Ulyanov et al. (2016), https://arxiv.org/abs/1607.08022
    """

    _dims_of_one = 2


class InstanceNorm2d(_InstanceNorm):
    """`InstanceNorm1d` of images: (N, C, H, W) -> (N, C, H, W), or (C, H, W) -> (C, H, W)."""

    _dims_of_one = 3


class InstanceNorm3d(_InstanceNorm):
    """`InstanceNorm1d` of volumes: (N, C, D, H, W) -> (N, C, D, H, W), or (C, D, H, W) -> (C, D, H, W)."""

    _dims_of_one = 4


class RMSNorm(Module):
    """input / sqrt(mean of squares over the last dimensions + eps) * weight, as `functional.rms_norm`.

    (*, *normalized_shape) -> the same.  eps: None is that of the dtype, `finfo`.  weight (1), of normalized_shape, is
    left out with elementwise_affine=False.  B. Zhang and R. Sennrich (2019), https://arxiv.org/abs/1910.07467
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        sizes = (normalized_shape,) if isinstance(normalized_shape, int) else normalized_shape
        self.normalized_shape = tuple(sizes)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        register_affine(self, self.normalized_shape, elementwise_affine, False, device, dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weights 1."""
        reset_affine(self)

    def forward(self, x: Tensor) -> Tensor:
        """The normalized input."""
        return normalization.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """The options."""
        return f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"


class LocalResponseNorm(Module):
    """input / (k + alpha * the mean of the squares of `size` neighbouring channels) ** beta.

    (N, C, ...) -> (N, C, ...), as `functional.local_response_norm`.  A. Krizhevsky et al. (2012), ImageNet
    classification with deep convolutional neural networks, section 3.3.
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        """The normalized input."""
        return normalization.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """The options."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
