"""Lazy layers: those that learn the size of their input from the first batch, and draw their weights then.

Until then their parameters are uninitialized: of no size, and refused by every op.  With the first batch a layer
becomes one of its usual class, with the weights that one would have drawn.
"""

from __future__ import annotations

from typing import Any, ClassVar

from minigrad import dtypes
from minigrad.autograd.grad_mode import no_grad
from minigrad.engine.graph import wrap
from minigrad.engine.places import op_called
from minigrad.nn.convolution import Conv2d, _ConvNd, check_divisible
from minigrad.nn.further.convolution import Conv1d, Conv3d, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from minigrad.nn.further.normalization import BatchNorm3d, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from minigrad.nn.further.parameters import Buffer
from minigrad.nn.layers import Linear
from minigrad.nn.loading import is_lazy
from minigrad.nn.module import Module
from minigrad.nn.normalization import BatchNorm1d, BatchNorm2d, _NormBase
from minigrad.nn.parameter import Parameter
from minigrad.ops.creation import empty, zeros
from minigrad.size import Size
from minigrad.tensor import Tensor

# Tensors without a size -------------------------------------------------------------------------------------


class UninitializedTensor(Tensor):
    """What uninitialized parameters and buffers have in common: a dtype, a device, and no elements yet."""

    cls_to_become: ClassVar[type[Tensor]]

    @property
    def array(self) -> Any:
        """Refused: there are no elements."""
        raise ValueError(
            f"Attempted to use an uninitialized parameter in {op_called()}(). This error happens when you are using a "
            f"`LazyModule` or explicitly manipulating `torch.nn.parameter.{type(self).__name__}` objects. When using "
            "LazyModules Call `forward` with a dummy batch to initialize the parameters before calling torch functions"
        )

    @array.setter
    def array(self, value: Any) -> None:
        self.__dict__["array"] = value

    @property
    def data(self) -> Tensor:
        """A tensor without elements, of the dtype and on the device that are meant."""
        return wrap(self.__dict__["array"])

    @data.setter
    def data(self, value: Tensor) -> None:
        self.__dict__["array"] = value.array

    @property
    def dtype(self) -> dtypes.dtype:
        """The dtype."""
        return self.data.dtype

    @property
    def device(self) -> Any:
        """The device."""
        return self.data.device

    @property
    def shape(self) -> Size:
        """Refused: there is none yet."""
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in "
            "`load_state_dict` when trying to load an uninitialized parameter into an initialized one. Call `forward` "
            "to initialize the parameters before accessing their attributes."
        )

    @property
    def ndim(self) -> int:
        """1, as PyTorch says."""
        return 1

    def size(self, dim: int | None = None) -> Any:
        """The size of nothing."""
        return self.data.size(dim)

    def detach(self) -> Tensor:
        """The tensor itself, which state_dict() can give."""
        return self

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Give it a shape, and elements with whatever values the memory held: from now on it is a usual one."""
        made = empty(tuple(shape), device=device or self.device, dtype=dtype or self.dtype)
        self.__class__ = self.cls_to_become  # type: ignore[assignment]
        Tensor.data.fset(self, made)  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self.requires_grad, self.device, self.dtype)
        return memo[id(self)]

    def __reduce__(self) -> Any:
        return type(self), (self.requires_grad, self.device, self.dtype)


class UninitializedParameter(UninitializedTensor, Parameter):
    """A `Parameter` whose shape is not known yet: `materialize` makes it a usual one.  ValueError by every op.

    requires_grad, device, dtype: what the parameter will have.
    """

    cls_to_become = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Any:
        """Of a dtype, on a device."""
        return uninitialized(cls, Parameter(empty(0, device=device, dtype=dtype), requires_grad))

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        pass


class UninitializedBuffer(UninitializedTensor):
    """A buffer whose shape is not known yet: `materialize` makes it a usual tensor.  ValueError by every op.

    requires_grad, device, dtype, persistent: what the tensor and the `Buffer` will have.
    """

    cls_to_become = Tensor

    def __new__(
        cls, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True
    ) -> Any:
        """Of a dtype, on a device."""
        made = empty(0, device=device, dtype=dtype).requires_grad_(requires_grad)
        return uninitialized(cls, Buffer(made, persistent=persistent))

    def __init__(
        self, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True
    ) -> None:
        pass


def uninitialized(cls: type, tensor: Any) -> Any:
    """A tensor without elements as one without a size."""
    tensor.__class__ = cls
    return tensor


# Layers without a size --------------------------------------------------------------------------------------


class LazyModuleMixin(Module):
    """What makes a layer lazy: stand before the layer's class among the bases, and define `initialize_parameters`.

    cls_to_become: the class that the layer has once its parameters are there; None to stay what it is.
    """

    cls_to_become: type[Module] | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._initialize_hook = self.register_forward_pre_hook(self._infer_parameters, with_kwargs=True)

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give the parameters their shapes and values, for a first input; every lazy layer defines its own."""
        raise NotImplementedError(f"initialize_parameters is not implemented for {type(self).__name__}")

    def has_uninitialized_params(self) -> bool:
        """Whether the layer waits for its first input."""
        return any(map(is_lazy, [*self._parameters.values(), *self._buffers.values()]))

    @staticmethod
    def _infer_parameters(module: Any, args: Any, kwargs: Any = None) -> None:
        module.initialize_parameters(*args, **(kwargs or {}))
        if module.has_uninitialized_params():
            raise RuntimeError(f"module {module._get_name()} has not been fully initialized")
        module._initialize_hook.remove()
        del module._initialize_hook
        if module.cls_to_become is not None:
            module.__class__ = module.cls_to_become


class _Lazy(LazyModuleMixin):
    """What the lazy layers have in common.  inferred: the attribute for the first input's size, 0 until then."""

    inferred: str

    def reset_parameters(self) -> None:
        """Give the parameters first values anew, if there are any."""
        if not self.has_uninitialized_params() and getattr(self, self.inferred) != 0:
            super().reset_parameters()  # type: ignore[misc]  # the layer has it


class LazyLinear(_Lazy, Linear):
    """`Linear` with the in_features of the first input; until then its weight is an `UninitializedParameter`."""

    cls_to_become = Linear
    inferred = "in_features"

    def __init__(self, out_features: int, bias: bool = True, device: Any = None, dtype: Any = None) -> None:
        super().__init__(0, 0, False)
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_features = out_features
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def initialize_parameters(self, input: Tensor) -> None:
        """Give the weights their shapes, and draw them."""
        if self.has_uninitialized_params():
            with no_grad():
                self.in_features = input.shape[-1]
                materialize(self.weight, (self.out_features, self.in_features))
                materialize(self.bias, (self.out_features,))
                self.reset_parameters()
        if self.in_features == 0:  # the weights were loaded
            if input.shape[-1] != self.weight.shape[-1]:
                raise AssertionError(
                    f"The in_features inferred from input: {input.shape[-1]} is not equal to in_features from "
                    f"self.weight: {self.weight.shape[-1]}"
                )
            self.in_features = input.shape[-1]


def materialize(tensor: Any, shape: tuple[int, ...]) -> None:
    """Give an uninitialized tensor its shape; None stays None."""
    if tensor is not None:
        tensor.materialize(shape)


class _LazyConv(_Lazy, _ConvNd):
    """What the lazy convolution layers have in common: the in_channels of the first input."""

    inferred = "in_channels"

    def __init__(self, out_channels: int, *sizes: Any, bias: bool, device: Any, dtype: Any, **options: Any) -> None:
        super().__init__(0, 0, *sizes, bias=False, device=device, dtype=dtype, **options)
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_channels = out_channels
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def initialize_parameters(self, input: Tensor, *_args: Any, **_kwargs: Any) -> None:
        """Give the weights their shapes, and draw them.  ValueError for groups that do not divide the channels."""
        if not self.has_uninitialized_params():
            return
        channels = self._channels_of(input)
        check_divisible("in_channels", channels, self.groups)
        self.in_channels = channels
        materialize(self.weight, self.weight_shape())
        materialize(self.bias, (self.out_channels,))
        self.reset_parameters()

    def _channels_of(self, input: Tensor) -> int:
        alone = self.dims + 1
        if input.ndim not in (alone, alone + 1):
            raise RuntimeError(
                f"Expected {alone}D (unbatched) or {alone + 1}D (batched) input to {type(self).__name__}, but got "
                f"input of size: {input.shape}"
            )
        return input.shape[input.ndim - alone]


class _LazyPlainConv(_LazyConv):
    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        sizes = kernel_size, stride, padding, dilation, groups
        super().__init__(out_channels, *sizes, bias=bias, padding_mode=padding_mode, device=device, dtype=dtype)


class _LazyTransposedConv(_LazyConv):
    def __init__(
        self,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        sizes = kernel_size, stride, padding, output_padding, groups
        options = {"dilation": dilation, "padding_mode": padding_mode, "device": device, "dtype": dtype}
        super().__init__(out_channels, *sizes, bias=bias, **options)


class LazyConv1d(_LazyPlainConv, Conv1d):
    """`Conv1d` with the in_channels of the first input; until then its weight is an `UninitializedParameter`."""

    cls_to_become = Conv1d


class LazyConv2d(_LazyPlainConv, Conv2d):
    """`Conv2d` with the in_channels of the first input; until then its weight is an `UninitializedParameter`."""

    cls_to_become = Conv2d


class LazyConv3d(_LazyPlainConv, Conv3d):
    """`Conv3d` with the in_channels of the first input; until then its weight is an `UninitializedParameter`."""

    cls_to_become = Conv3d


class LazyConvTranspose1d(_LazyTransposedConv, ConvTranspose1d):
    """`ConvTranspose1d` with the in_channels of the first input.

    Until then its weight is an `UninitializedParameter`.
    """

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyTransposedConv, ConvTranspose2d):
    """`ConvTranspose2d` with the in_channels of the first input.

    Until then its weight is an `UninitializedParameter`.
    """

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyTransposedConv, ConvTranspose3d):
    """`ConvTranspose3d` with the in_channels of the first input.

    Until then its weight is an `UninitializedParameter`.
    """

    cls_to_become = ConvTranspose3d


class _LazyNormBase(_Lazy, _NormBase):
    """What the lazy normalizations have in common: the num_features of the first input."""

    inferred = "num_features"

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False, device, dtype, bias=False)
        self.affine = affine
        self.track_running_stats = track_running_stats
        if affine:
            self.weight = UninitializedParameter(device=device, dtype=dtype)
        if affine and bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(device=device, dtype=dtype)
            self.running_var = UninitializedBuffer(device=device, dtype=dtype)
            self.num_batches_tracked = zeros((), device=device, dtype=dtypes.int64)

    def initialize_parameters(self, input: Tensor) -> None:
        """Give the weights and statistics their shapes and first values."""
        if self.has_uninitialized_params():
            self.num_features = input.shape[1]
            for tensor in (self.weight, self.bias, self.running_mean, self.running_var):
                materialize(tensor, (self.num_features,))
            self.reset_parameters()


class LazyBatchNorm1d(_LazyNormBase, BatchNorm1d):
    """`BatchNorm1d` with the num_features of the first input; until then its weight is an `UninitializedParameter`."""

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNormBase, BatchNorm2d):
    """`BatchNorm2d` with the num_features of the first input; until then its weight is an `UninitializedParameter`."""

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNormBase, BatchNorm3d):
    """`BatchNorm3d` with the num_features of the first input; until then its weight is an `UninitializedParameter`."""

    cls_to_become = BatchNorm3d


class LazyInstanceNorm1d(_LazyNormBase, InstanceNorm1d):
    """`InstanceNorm1d` with the num_features of the first input; with weights and statistics unless told otherwise."""

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNormBase, InstanceNorm2d):
    """`InstanceNorm2d` with the num_features of the first input; with weights and statistics unless told otherwise."""

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNormBase, InstanceNorm3d):
    """`InstanceNorm3d` with the num_features of the first input; with weights and statistics unless told otherwise."""

    cls_to_become = InstanceNorm3d
